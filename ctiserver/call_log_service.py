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
from crm_store.caller_lookup import CallerMatch
from crm_store.errors import StoreError, StoreUnavailable
from crm_store.lost_calls import Talk
from crm_store.store import CrmStore
from crm_store.tasks import LostCall, Task
from pbx.call_events import CallAnswered, CallDropped, CallEnded, CallEvent

logger = structlog.get_logger(__name__)

#: Records are gathered this long and written together: the state after a burst costs one commit.
GATHER_S = 0.1
_RETRY_S = 1.0
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
        return len(self._records.keys() | self._news.keys())

    def held(self) -> dict[str, int]:
        """How many things are kept in memory, by kind."""
        return {
            "records": self._log.remembered,
            "records_awaited": len(self._wanted),
            "callbacks_waiting": len(self._lost) + len(self._talks),
        }

    def apply(self, event: CallEvent) -> None:
        """Take note; nothing is written here. Each event carries the whole call, so most wait for the write."""
        call = getattr(event, "call", None)
        if call is None or isinstance(event, CallAnswered | CallDropped | CallEnded):
            if call is not None:
                self._news.pop(call.id, None)
            self._take(self._log.apply(event))
            return
        self._news[call.id] = event
        self._idle.clear()
        self._wake.set()

    def _read_news(self) -> None:
        news, self._news = self._news, {}
        for event in news.values():
            self._take(self._log.apply(event))

    def matched(self, call_id: str, match: CallerMatch) -> None:
        """The caller look-up is done: the record gets its customer."""
        if call_id in self._news:
            self._take(self._log.apply(self._news.pop(call_id)))
        customer_id = match.cards[0].get("id") if len(match.cards) == 1 else None
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
                if self.failing_since is None:
                    self.failing_since = self._clock()
                logger.warning("call records wait for the database", reason=str(error), waiting=self.waiting)
                await asyncio.sleep(_RETRY_S)
        self._idle.set()

    async def _write_once(self) -> None:
        self._read_news()
        records, self._records = self._records, {}
        self._writing = frozenset(records)
        try:
            await self._store.save_calls(records.values(), now=self._clock())
        except StoreUnavailable:
            self._records = {**records, **self._records}
            raise
        except StoreError:
            await self._save_one_by_one(records)
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
