"""Writes what happened to calls into the store, off the hot path, and never loses it while the database is away.

What waits is one newest record for each call: a long outage costs memory by calls, not by events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from crm_store.activities import CallNote, CallRecord
from crm_store.call_log import CallLog, CallLogWork, Gap
from crm_store.caller_lookup import CallerMatch, MatchKind
from crm_store.errors import StoreError, StoreUnavailable
from crm_store.lost_calls import Talk
from crm_store.store import CrmStore
from crm_store.tasks import LostCall, Task
from pbx.call_events import CallAnswered, CallDropped, CallEvent

logger = structlog.get_logger(__name__)

#: Records are gathered this long and written together: the state after a burst costs one commit.
GATHER_S = 0.1
#: About a quarter of a millisecond's work; then the event loop looks at what has come in.
RECORDS_AT_ONCE = 8
_RETRY_S = 1.0
#: A write that takes longer is said to wait, though it has not failed yet: somebody else may hold the database.
SLOW_S = 3.0
#: Somebody who works on a call that rings waits so long for its record; then the database counts as away.
STORED_WITHIN_S = 2.0


class CallLogService:
    """Follows call events; `run` is its worker."""

    def __init__(
        self,
        log: CallLog,
        store: CrmStore,
        *,
        clock: Callable[[], datetime],
        on_tasks: Callable[[list[Task]], None],
        on_note: Callable[[CallNote], None],
    ) -> None:
        """`on_note` gets the note of a call that took over another's."""
        self._log = log
        self._store = store
        self._clock = clock
        self._on_tasks = on_tasks
        self._on_note = on_note
        # How calls went on since the last write; only the newest of each is worth a record.
        self._news: dict[str, CallEvent] = {}
        # Of these: who began to talk, and who is calling.
        self._talking: set[str] = set()
        self._matches: dict[str, tuple[MatchKind, int | None]] = {}
        self._records: dict[str, CallRecord] = {}
        self._lost: dict[str, LostCall] = {}
        self._talks: dict[str, Talk] = {}
        self._gaps: list[Gap] = []
        self._folded: dict[str, str | None] = {}
        self._writing: frozenset[str] = frozenset()
        # Whose record somebody waits for.
        self._wanted: dict[str, asyncio.Event] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.failing_since: datetime | None = None

    @property
    def waiting(self) -> int:
        """Calls whose newest record is not written yet."""
        return len(self._records.keys() | self._news.keys() | self._writing)

    def held(self) -> dict[str, int]:
        """How many things are kept in memory, by kind."""
        return {
            "records": self._log.remembered,
            "records_awaited": len(self._wanted),
            "callbacks_waiting": len(self._lost) + len(self._talks),
        }

    def apply(self, event: CallEvent) -> None:
        """Take note; nothing is written here. Each event carries the whole call, so its record is made when it is written."""
        call = getattr(event, "call", None)
        if call is None or isinstance(event, CallDropped):
            if call is not None:
                self._news.pop(call.id, None)
                self._forget_notes(call.id)
            self._take(self._log.apply(event))
            return
        if isinstance(event, CallAnswered):
            self._talking.add(call.id)
        self._news[call.id] = event
        self._idle.clear()
        self._wake.set()

    def _forget_notes(self, call_id: str) -> None:
        self._talking.discard(call_id)
        self._matches.pop(call_id, None)

    async def _read_news(self) -> None:
        """The records of what happened, a few at a time: a pop does not wait for a hundred of them."""
        for number, call_id in enumerate(list(self._news), start=1):
            event = self._news.pop(call_id, None)
            if event is None:
                continue  # dropped meanwhile
            self._take(self._log.apply(event, talked=call_id in self._talking))
            if call_id in self._matches:
                self._take(self._log.matched(call_id, *self._matches[call_id]))
            self._forget_notes(call_id)
            if number % RECORDS_AT_ONCE == 0:
                await asyncio.sleep(0)

    def matched(self, call_id: str, match: CallerMatch) -> None:
        """The caller look-up is done: the record gets its customer."""
        customer_id = match.cards[0].get("id") if len(match.cards) == 1 else None
        if call_id in self._news:
            self._matches[call_id] = match.kind, customer_id
        else:
            self._take(self._log.matched(call_id, match.kind, customer_id))

    def _take(self, work: CallLogWork) -> None:
        for record in work.records:
            self._records[record["id"]] = record
        for lost in work.lost:
            self._lost[lost.call_id] = lost
        for talk in work.talks:
            self._talks[talk.call_id] = talk
        for call_id, into in work.folded:
            self._records.pop(call_id, None)
            self._folded[call_id] = into
        self._gaps.extend(work.gaps)
        if work.records or work.lost or work.talks or work.gaps or work.folded:
            self._idle.clear()
            self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(GATHER_S)
            await self._write_all()

    async def flush(self) -> None:
        """Return when everything taken so far is written."""
        await self._idle.wait()

    async def stored(self, call_id: str, *, within_s: float = STORED_WITHIN_S) -> bool:
        """Return when what waits of this call is in the store; False when nothing does. Raises StoreUnavailable."""
        if call_id not in self._news and call_id not in self._records and call_id not in self._writing:
            return False
        try:
            await asyncio.wait_for(self._wanted.setdefault(call_id, asyncio.Event()).wait(), within_s)
        except TimeoutError:
            raise StoreUnavailable("The record of this call could not be written yet.") from None
        return True

    async def _write_all(self) -> None:
        while self._news or self._records or self._folded or self._gaps or self._lost or self._talks:
            try:
                await self._write_once()
            except StoreUnavailable as error:
                self._say_waiting(str(error))
                await asyncio.sleep(_RETRY_S)
        self._idle.set()

    def _say_waiting(self, reason: str) -> None:
        if self.failing_since is None:
            self.failing_since = self._clock()
        logger.warning("call records wait for the database", reason=reason, waiting=self.waiting)

    async def _write_once(self) -> None:
        await self._read_news()
        records, self._records = self._records, {}
        self._writing = frozenset(records)
        slow = asyncio.get_running_loop().call_later(
            SLOW_S, self._say_waiting, "The database is slow or held by another."
        )
        try:
            await self._store.save_calls(records.values(), now=self._clock())
        except StoreUnavailable:
            self._records = {**records, **self._records}
            raise
        except StoreError:
            await self._save_one_by_one(records)
        finally:
            slow.cancel()
        self.failing_since = None
        for call_id in self._writing & self._wanted.keys():
            self._wanted.pop(call_id).set()
        self._writing = frozenset()
        await self._write_folds()
        await self._write_gaps()
        await self._write_tasks()

    async def _save_one_by_one(self, records: dict[str, CallRecord]) -> None:
        """One record that the store refuses must not keep the others out."""
        while records:
            call_id, record = records.popitem()
            try:
                await self._store.save_calls([record], now=self._clock())
            except StoreUnavailable:
                self._records = {call_id: record, **records, **self._records}
                raise
            except StoreError:
                logger.exception("call record refused", call_id=call_id)

    async def _write_folds(self) -> None:
        """After the records: one of a call that was none may just have been written."""
        for call_id in list(self._folded):
            note = await self._store.fold_call(call_id, self._folded[call_id])
            del self._folded[call_id]
            if note is not None:
                self._on_note(note)

    async def _write_gaps(self) -> None:
        while self._gaps:
            gap = self._gaps[0]
            await self._store.save_gap(gap.pbx, gap.since, gap.until, gap.missed_calls)
            self._gaps.pop(0)

    async def _write_tasks(self) -> None:
        """A lost call makes a call-back; a talk closes the person's."""
        changed: list[Task] = []
        for call_id in list(self._lost):
            try:
                changed.append(await self._store.note_lost_call(self._lost[call_id], now=self._clock()))
            except StoreUnavailable:
                raise
            except StoreError as error:
                logger.warning("call-back not noted", call_id=call_id, reason=str(error))
            del self._lost[call_id]
        if self._talks:
            talks, self._talks = self._talks, {}
            try:
                changed += await self._store.close_callbacks(list(talks.values()), now=self._clock())
            except StoreUnavailable:
                self._talks = {**talks, **self._talks}
                raise
            except StoreError as error:
                logger.warning("call-backs not closed", call_ids=list(talks), reason=str(error))
        if changed:
            self._on_tasks(changed)
