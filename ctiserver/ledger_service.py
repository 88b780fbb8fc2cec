"""Writes the access ledger beside the work: what people do is noted at once and written a moment later, many entries together.

No pop and no request waits for it. While the database is away the entries wait in memory.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime

import structlog

from crm_store.errors import StoreError, StoreUnavailable
from crm_store.ledger import LedgerEntry, LedgerKind, ShownCards
from crm_store.store import LedgerStore
from pbx.call_events import CallEvent, CallSpied
from screenpop.popper import PopMessage

logger = structlog.get_logger(__name__)

#: Entries are gathered this long and written together.
GATHER_S = 0.2
BATCH = 500
#: Beyond this, in a long outage, entries are lost: counted and complained about, never silent.
MOST_WAITING = 200_000
_RETRY_S = 1.0


class LedgerService:
    """Takes entries from pages, API, pops and call events; `run` is its worker."""

    def __init__(
        self,
        store: LedgerStore,
        *,
        clock: Callable[[], datetime],
        account_at: Callable[[str], str | None],
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """`account_at`: who sits at an endpoint."""
        self._store = store
        self._clock = clock
        self._account_at = account_at
        self._most_waiting = most_waiting
        self._waiting: deque[LedgerEntry] = deque()
        self._cards = ShownCards()
        self._noted: dict[str, str] = {}  # user → the call they write a note on
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.lost = 0

    @property
    def waiting(self) -> int:
        """Entries that are not written yet."""
        return len(self._waiting)

    @property
    def shown_cards(self) -> int:
        """Pops on screens whose card counts as shown."""
        return self._cards.remembered

    def add(self, entry: LedgerEntry) -> None:
        """Take note of it; nothing is written here."""
        if self._goes_on(entry):
            return
        if len(self._waiting) >= self._most_waiting:
            if self.lost == 0:
                logger.error("ledger entries are lost: the database has been away too long", waiting=self.waiting)
            self.lost += 1
            return
        self._waiting.append(entry)
        self._idle.clear()
        self._wake.set()

    def _goes_on(self, entry: LedgerEntry) -> bool:
        """A note is saved at each pause in typing: it counts once, until its writer writes on another call."""
        if entry.kind is not LedgerKind.CHANGED or entry.detail.get("what") != "note" or not entry.user:
            return False
        call_id = entry.call_id or ""
        before, self._noted[entry.user] = self._noted.get(entry.user), call_id
        return before == call_id

    def pop(self, message: PopMessage) -> None:
        """A screen is told something about a pop: the cards in it are shown to that person."""
        pop_id = message.data["pop_id"]
        if message.kind == "pop.retract":
            self._cards.gone(pop_id)
            return
        customers = message.data["customers"]
        if customers:
            call_id = message.data["call"]["id"]
            for entry in self._cards.shown(message.user, pop_id, call_id, customers, at=self._clock()):
                self.add(entry)

    def apply(self, event: CallEvent) -> None:
        """Somebody listens in on a colleague."""
        if isinstance(event, CallSpied):
            self.add(
                LedgerEntry(
                    kind=LedgerKind.LISTENED,
                    at=self._clock(),
                    user=self._account_at(event.by),
                    call_id=event.call.id,
                    detail={"by": event.by, "on": event.on},
                )
            )

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(GATHER_S)
            await self._write_all()

    async def close(self, *, within_s: float) -> None:
        """The last entries, when nobody can add one any more and `run` has ended."""
        try:
            async with asyncio.timeout(within_s):
                await self._write_all()
        except TimeoutError:
            logger.warning("ledger entries could not be written before stopping", waiting=self.waiting)

    async def flush(self) -> None:
        """Return when everything noted so far is written."""
        await self._idle.wait()

    async def _write_all(self) -> None:
        while self._waiting:
            # Taken out first: the store finishes a write even if we are cancelled while we wait for it.
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                await self._store.add_to_ledger(batch)
            except StoreUnavailable as error:
                self._waiting.extendleft(reversed(batch))
                logger.warning("ledger entries wait for the database", reason=str(error), waiting=self.waiting)
                await asyncio.sleep(_RETRY_S)
                continue
            except StoreError:
                logger.exception("ledger entries refused", count=len(batch))
        self._idle.set()
