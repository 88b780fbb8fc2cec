"""Who may sign in, who is signed in, and programs' tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from crm_store.accounts import Account, ApiToken, Role, Session
from crm_store.errors import NotFound
from crm_store.sql.part import StorePart
from crm_store.sql.schema import account_endpoints, accounts, api_tokens, meta, sessions

_SETUP_TOKEN = "setup_token"  # noqa: S105 - the key of a row, not a secret


class SqlAccounts(StorePart):
    """The AccountStore port."""

    async def account(self, name: str) -> Account:
        found = await self._database.read(lambda connection: _accounts(connection, name))
        if not found:
            raise NotFound(f"There is no account {name}.")
        return found[0]

    async def accounts(self) -> list[Account]:
        return await self._database.read(_accounts)

    async def save_account(self, account: Account) -> None:
        """Create or replace by name. Who may not sign in any more is signed out."""
        await self._database.write(lambda connection: _save_account(connection, account))

    async def create_session(self, session: Session) -> None:
        def work(connection: Connection) -> None:
            _check_account(connection, session.user)
            connection.execute(insert(sessions).values(asdict(session)))

        await self._database.write(work)

    async def session(self, token_hash: str) -> Session | None:
        statement = select(sessions).where(sessions.c.token_hash == token_hash)
        row = await self._database.read(lambda connection: connection.execute(statement).one_or_none())
        return Session(**row._mapping) if row else None

    async def touch_session(self, token_hash: str, *, now: datetime) -> None:
        statement = update(sessions).where(sessions.c.token_hash == token_hash).values(last_seen_at=now)
        await self._database.write(lambda connection: connection.execute(statement).rowcount)

    async def end_session(self, token_hash: str) -> None:
        statement = delete(sessions).where(sessions.c.token_hash == token_hash)
        await self._database.write(lambda connection: connection.execute(statement).rowcount)

    async def end_sessions_of(self, user: str) -> int:
        statement = delete(sessions).where(sessions.c.user == user)
        return await self._database.write(lambda connection: connection.execute(statement).rowcount)

    async def live_sessions(self, *, now: datetime) -> list[Session]:
        """Sessions that have not run out, of accounts that may sign in; the latest sign-in last."""
        statement = (
            select(sessions)
            .join(accounts, accounts.c.name == sessions.c.user)
            .where(sessions.c.expires_at > now, accounts.c.active)
            .order_by(sessions.c.created_at, sessions.c.token_hash)
        )
        rows = await self._database.read(lambda connection: connection.execute(statement).all())
        return [Session(**row._mapping) for row in rows]

    async def save_token(self, token: ApiToken) -> None:
        row = {**asdict(token), "scopes": " ".join(token.scopes)}

        def work(connection: Connection) -> None:
            _check_account(connection, token.user)
            connection.execute(delete(api_tokens).where(api_tokens.c.token_hash == token.token_hash))
            connection.execute(insert(api_tokens).values(row))

        await self._database.write(work)

    async def token(self, token_hash: str) -> ApiToken | None:
        statement = select(api_tokens).where(api_tokens.c.token_hash == token_hash)
        row = await self._database.read(lambda connection: connection.execute(statement).one_or_none())
        return ApiToken(**{**row._mapping, "scopes": tuple(row.scopes.split())}) if row else None

    async def setup_token(self) -> str | None:
        """None as soon as there is an account: the link works once."""

        def work(connection: Connection) -> str | None:
            if connection.execute(select(accounts.c.name).limit(1)).first():
                return None
            return connection.execute(select(meta.c.value).where(meta.c.key == _SETUP_TOKEN)).scalar()

        return await self._database.read(work)

    async def set_setup_token(self, token_hash: str | None) -> None:
        def work(connection: Connection) -> None:
            connection.execute(delete(meta).where(meta.c.key == _SETUP_TOKEN))
            if token_hash is not None:
                connection.execute(insert(meta).values(key=_SETUP_TOKEN, value=token_hash))

        await self._database.write(work)


def _accounts(connection: Connection, name: str | None = None) -> list[Account]:
    statement, endpoint_rows = select(accounts), select(account_endpoints)
    if name is not None:
        statement = statement.where(accounts.c.name == name)
        endpoint_rows = endpoint_rows.where(account_endpoints.c.account == name)
    endpoints: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(endpoint_rows.order_by(account_endpoints.c.position)):
        endpoints[row.account].append(row.endpoint)
    found = connection.execute(statement.order_by(accounts.c.name)).all()
    return [_account(row, endpoints[row.name]) for row in found]


def _account(row: Any, endpoints: Sequence[str]) -> Account:
    return Account(
        name=row.name,
        display_name=row.display_name,
        role=Role(row.role),
        endpoints=tuple(endpoints),
        extension=row.extension,
        language=row.language,
        password_hash=row.password_hash,
        active=row.active,
    )


def _save_account(connection: Connection, account: Account) -> None:
    row = {key: value for key, value in asdict(account).items() if key != "endpoints"}
    row["role"] = account.role.value
    changed = connection.execute(update(accounts).where(accounts.c.name == account.name).values(row))
    if not changed.rowcount:
        connection.execute(insert(accounts).values(row))
    connection.execute(delete(account_endpoints).where(account_endpoints.c.account == account.name))
    endpoints = [
        {"account": account.name, "position": position, "endpoint": endpoint}
        for position, endpoint in enumerate(dict.fromkeys(account.endpoints))
    ]
    if endpoints:
        connection.execute(insert(account_endpoints), endpoints)
    if not account.active:
        connection.execute(delete(sessions).where(sessions.c.user == account.name))


def _check_account(connection: Connection, name: str) -> None:
    if not connection.execute(select(accounts.c.name).where(accounts.c.name == name)).first():
        raise NotFound(f"There is no account {name}.")
