"""`user …` and `token …`."""

from __future__ import annotations

import hashlib
import re
import secrets
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import typer

from crm_store.accounts import SCOPES, Account, ApiToken, Role
from crm_store.errors import InvalidInput, NotFound
from crm_store.ledger import LedgerEntry, LedgerKind
from crm_store.passwords import hash_password
from crm_store.sql import SqlStore
from ctiserver.cli_output import USAGE, CommandFailed, say
from ctiserver.cli_store import with_store
from ctiserver.settings import Settings

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_ENDPOINT = re.compile(r"[A-Za-z0-9]{1,16}/[A-Za-z0-9_.@+-]{1,128}")
_USUAL_SCOPES = tuple(scope for scope in SCOPES if scope != "admin")
_EXTENSION = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def read_password(name: str, *, from_stdin: bool) -> str:
    """One line of stdin, or typed twice without being shown."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandFailed("There is no terminal to ask for the password: use --password-stdin.", code=USAGE)
    password: str = typer.prompt(f"Password for {name}", hide_input=True, confirmation_prompt=True)
    return password


def add_user(
    settings: Settings, name: str, *, role: str, endpoints: Sequence[str], extension: str | None,
    display_name: str | None, password: str, as_json: bool,
) -> None:  # fmt: skip
    """A new account; one of that name must not exist."""
    name = name.lower()
    account = Account(
        name=_checked(_NAME, name, "NAME", "a-z, 0-9, dot, dash and underscore, at most 32"),
        display_name=(display_name or name).strip()[:100],
        role=Role(role),
        endpoints=tuple(_checked(_ENDPOINT, item, "--endpoint", "a channel like PJSIP/1001") for item in endpoints),
        extension=extension and _checked(_EXTENSION, extension, "--extension", "an internal number like 1001"),
        language=None,
        password_hash=_hashed(password, name),
        active=True,
    )

    async def work(store: SqlStore) -> None:
        try:
            await store.account(name)
        except NotFound:
            await store.save_account(account)
            await _note(store, name, "added")
            return
        raise CommandFailed(f"There is an account {name} already; `user passwd` sets a new password.")

    with_store(settings, work)
    say(_shown(account), f"{name} is {account.role.value} now.", as_json=as_json)


def list_users(settings: Settings, *, as_json: bool) -> None:
    """One line for each account."""
    accounts = with_store(settings, lambda store: store.accounts())
    rows = [_shown(account) for account in accounts]
    text = "\n".join(
        f"{row['name']:<16} {row['role']:<10} {'' if row['active'] else 'off '}"
        f"{row['extension'] or '-':<8} {' '.join(row['endpoints'])}"
        for row in rows
    )
    say({"items": rows}, text or "There are no accounts.", as_json=as_json)


def change_password(settings: Settings, name: str, *, password: str, as_json: bool) -> None:
    """A new password ends every session of the account."""
    stored = _hashed(password, name)

    async def work(store: SqlStore) -> int:
        await store.save_account(replace(await store.account(name), password_hash=stored))
        await _note(store, name, "password")
        return await store.end_sessions_of(name)

    ended = with_store(settings, work)
    text = f"{name} has a new password ({ended} sign-ins ended)."
    say({"name": name, "sessions_ended": ended}, text, as_json=as_json)


def add_token(settings: Settings, user: str, *, scopes: Sequence[str], as_json: bool) -> None:
    """A bearer token; only its hash is stored."""
    wanted = tuple(dict.fromkeys(part for scope in scopes for part in re.split(r"[,\s]+", scope) if part))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown:
        raise CommandFailed(f"--scope {unknown[0]}: choose of {', '.join(SCOPES)}.", code=USAGE)
    wanted = wanted or _USUAL_SCOPES
    token = secrets.token_urlsafe(32)
    kept = ApiToken(
        token_hash=hashlib.sha256(token.encode()).hexdigest(), user=user, scopes=wanted, created_at=datetime.now(UTC)
    )

    async def work(store: SqlStore) -> None:
        await store.account(user)
        await store.save_token(kept)
        await _note(store, user, "token", scopes=list(wanted))

    with_store(settings, work)
    say({"token": token, "user": user, "scopes": wanted}, token, as_json=as_json)


async def _note(store: SqlStore, account: str, what: str, **more: Any) -> None:
    detail = {"account": account, "what": what, **more}
    entry = LedgerEntry(kind=LedgerKind.ACCOUNT_CHANGED, at=datetime.now(UTC), user=None, detail=detail)
    await store.add_to_ledger([entry])


def _hashed(password: str, name: str) -> str:
    try:
        return hash_password(password, user=name)
    except InvalidInput as error:
        raise CommandFailed(str(error), code=USAGE) from None


def _checked(pattern: re.Pattern[str], text: str, option: str, rule: str) -> str:
    if not pattern.fullmatch(text):
        raise CommandFailed(f"{option} {text!r}: write {rule}.", code=USAGE)
    return text


def _shown(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "display_name": account.display_name,
        "role": account.role.value,
        "endpoints": list(account.endpoints),
        "extension": account.extension,
        "active": account.active,
    }
