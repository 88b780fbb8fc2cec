"""Who sits at which phone: the accounts' own endpoints, and "phone I sit at" of whoever signed in last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from crm_store.accounts import Account, Session
from crm_store.errors import StoreError
from crm_store.store import CrmStore
from pbx.pbx_state import PbxState
from web.queue_board import QueueBoard

logger = structlog.get_logger(__name__)

#: `ctiserver user …` changes accounts in another process: within this time it holds here, too.
RELOAD_EVERY_S = 5.0


def seats(accounts: Iterable[Account], sessions: Iterable[Session]) -> tuple[dict[str, str], dict[str, str]]:
    """Endpoint → account, and endpoint → extension. Of two people at one phone the latest sign-in wins."""
    active = {account.name: account for account in accounts if account.active}
    owners: dict[str, str] = {}
    extensions: dict[str, str] = {}
    for account in active.values():
        for endpoint in account.endpoints:
            owners.setdefault(endpoint, account.name)
            if account.extension:
                extensions.setdefault(endpoint, account.extension)
    for session in sorted(sessions, key=lambda one: one.created_at):
        if session.phone and session.user in active:
            owners[session.phone] = session.user
    return owners, extensions


class Seats:
    """Keeps the PBX states and the board up to date with accounts and sign-ins."""

    def __init__(
        self,
        store: CrmStore,
        states: Iterable[PbxState],
        board: QueueBoard,
        people: dict[str, str],
        clock: Callable[[], datetime],
        *,
        on_changed: Callable[[str], None],
    ) -> None:
        """`people`: account → display name, kept up to date for whoever shows names. `on_changed` gets the name of an account
        that is not what it was (role, password, phones, disabled, gone) or that lost a sign-in."""
        self._store = store
        self._states = list(states)
        self._board = board
        self._people = people
        self._clock = clock
        self._on_changed = on_changed
        self._accounts: dict[str, Account] = {}
        self._signed_in: dict[str, str] = {}  # session → account
        self._seats: tuple[dict[str, str], dict[str, str]] | None = None

    async def run(self) -> None:
        """Until cancelled: sessions expire and `ctiserver user` changes accounts without telling us."""
        while True:
            await asyncio.sleep(RELOAD_EVERY_S)
            try:
                await self.reload()
            except StoreError as error:
                logger.warning("accounts not read", reason=str(error))

    async def reload(self) -> None:
        """Accounts changed, or somebody signed in or out."""
        accounts = await self._store.accounts()
        sessions = await self._store.live_sessions(now=self._clock())
        found = seats(accounts, sessions)
        if found != self._seats:
            self._seats = found
            for state in self._states:
                state.set_owners(*found)
        self._board.set_accounts(accounts)
        self._people.update({account.name: account.display_name or account.name for account in accounts})
        for name in self._changed(accounts, sessions):
            self._on_changed(name)

    @property
    def signed_in(self) -> int:
        """Sign-ins that are good now."""
        return len(self._signed_in)

    def account_at(self, endpoint: str) -> str | None:
        """Who sits at this phone now."""
        return self._seats[0].get(endpoint) if self._seats is not None else None

    def _changed(self, accounts: Iterable[Account], sessions: Iterable[Session]) -> set[str]:
        before, self._accounts = self._accounts, {account.name: account for account in accounts}
        signed_in, self._signed_in = self._signed_in, {session.token_hash: session.user for session in sessions}
        lost = {signed_in[session] for session in signed_in.keys() - self._signed_in.keys()}
        return lost | {name for name, account in before.items() if self._accounts.get(name) != account}
