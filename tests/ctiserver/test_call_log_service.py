"""What a call does is read when its record is written."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from crm_store.activities import CallNote, CallRecord
from crm_store.call_log import CallLog, CallNumbering
from crm_store.caller_lookup import CallerMatch, MatchKind, MatchReason
from crm_store.errors import InvalidInput, StoreUnavailable
from crm_store.lost_calls import Talk
from crm_store.phone_numbers import NumberProfile
from ctiserver.call_log_service import RECORDS_AT_ONCE, CallLogService
from pbx.call_events import CallChanged, CallDropped, CallEvent
from pbx.calls import CallId
from tests.pbx.tape import Tape

PROFILE = NumberProfile(region="SK")
NOTE = CallNote(call_id="whole", text="x", disposition=None, version=1, updated_at=None, updated_by="eva")


class Written:
    """A store that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[CallRecord] = []
        self.talks: list[Talk] = []
        self.notes: list[CallNote] = []
        self.folded: list[tuple[str, str | None]] = []
        self.refuses = False
        self.away = False
        self.tried = asyncio.Event()
        self.writing = asyncio.Event()
        self.may_write = asyncio.Event()
        self.may_write.set()

    async def save_calls(self, records: Iterable[CallRecord], *, now: datetime) -> None:
        self.writing.set()
        await self.may_write.wait()
        if self.refuses:
            raise InvalidInput("id", "This record is refused.")
        self.records += records

    async def close_callbacks(self, talks: Sequence[Talk], *, now: datetime) -> list[Any]:
        self.tried.set()
        if self.away:
            raise StoreUnavailable("away")
        self.talks += talks
        return []

    async def fold_call(self, call_id: str, into: str | None) -> CallNote | None:
        self.folded.append((call_id, into))
        self.records = [record for record in self.records if record["id"] != call_id]
        return NOTE if into is not None else None

    async def note_lost_call(self, *_: Any, **__: Any) -> None:
        raise AssertionError("no call was lost")


@asynccontextmanager
async def running_log() -> AsyncIterator[tuple[CallLogService, Written]]:
    written = Written()
    log = CallLog({"main": CallNumbering(incoming=PROFILE, own=PROFILE)}, short_abandon_s=lambda queue: 5.0)
    service = CallLogService(
        log,
        written,  # type: ignore[arg-type]
        clock=lambda: datetime.now(UTC),
        on_tasks=lambda tasks: None,
        on_note=written.notes.append,
    )
    worker = asyncio.create_task(service.run())
    yield service, written
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


def answered_call() -> Iterator[CallEvent]:
    tape = Tape()
    customer = tape.trunk("1.1", number="+421905123456")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(customer, eva)
    tape.answer(customer, eva)
    yield from tape.told


async def test_of_many_changes_the_newest_is_written_once() -> None:
    async with running_log() as (service, written):
        events = [event for event in answered_call() if hasattr(event, "call")]
        for number in range(5):
            service.apply(CallChanged(at=None, call=replace(events[0].call, hangup_cause=number)))
        assert service.waiting == 1
        await service.flush()
        assert [record["hangup_cause"] for record in written.records] == [4]
        assert service.waiting == 0


async def test_a_match_that_comes_before_the_write_is_in_the_record() -> None:
    async with running_log() as (service, written):
        (first, *_) = (event for event in answered_call() if hasattr(event, "call"))
        service.apply(first)
        service.matched(first.call.id, CallerMatch(kind=MatchKind.ONE, reason=MatchReason.EXACT, cards=({"id": 7},)))
        await service.flush()
        assert [(record["match"], record["customer_id"]) for record in written.records] == [("one", 7)]


async def test_a_talk_is_told_whatever_else_changed_before_the_write() -> None:
    async with running_log() as (service, written):
        for event in answered_call():
            service.apply(event)
        await service.flush()
        assert len(written.records) == 1
        assert written.records[0]["state"] == "talking"
        assert [talk.number for talk in written.talks] == ["+421905123456"]


async def test_a_talk_waits_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctiserver.call_log_service._RETRY_S", 0.01)
    async with running_log() as (service, written):
        written.away = True
        for event in answered_call():
            service.apply(event)
        await written.tried.wait()
        written.away = False
        await service.flush()
        assert [talk.number for talk in written.talks] == ["+421905123456"]


async def test_who_needs_a_record_that_is_not_written_yet_waits_for_it() -> None:
    async with running_log() as (service, written):
        (first, *_) = (event for event in answered_call() if hasattr(event, "call"))
        service.apply(first)
        assert await service.stored(first.call.id)
        assert [record["id"] for record in written.records] == [first.call.id]
        assert not await service.stored(first.call.id), "nothing waits any more"


async def test_a_record_that_is_just_being_written_is_waited_for_too() -> None:
    async with running_log() as (service, written):
        written.may_write.clear()
        (first, *_) = (event for event in answered_call() if hasattr(event, "call"))
        service.apply(first)
        await written.writing.wait()
        waiting = asyncio.create_task(service.stored(first.call.id))
        await asyncio.sleep(0)
        assert not waiting.done()
        written.may_write.set()
        assert await waiting


async def test_a_write_that_takes_long_is_told_before_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctiserver.call_log_service.SLOW_S", 0.0)
    async with running_log() as (service, written):
        written.may_write.clear()
        (first, *_) = (event for event in answered_call() if hasattr(event, "call"))
        service.apply(first)
        with structlog.testing.capture_logs() as lines:
            await written.writing.wait()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert [(line["event"], line["waiting"]) for line in lines] == [("call records wait for the database", 1)]
        assert service.failing_since is not None
        written.may_write.set()
        await service.flush()
        assert (service.failing_since, service.waiting) == (None, 0)


async def test_a_store_that_is_away_keeps_nobody_waiting_for_ever() -> None:
    async with running_log() as (service, written):
        written.may_write.clear()
        (first, *_) = (event for event in answered_call() if hasattr(event, "call"))
        service.apply(first)
        with pytest.raises(StoreUnavailable):
            await service.stored(first.call.id, within_s=0.2)
        written.may_write.set()
        assert await service.stored(first.call.id)


async def test_a_record_that_the_store_refuses_keeps_nobody_waiting() -> None:
    async with running_log() as (service, written):
        written.refuses = True
        (first, *_) = (event for event in answered_call() if hasattr(event, "call"))
        service.apply(first)
        assert await service.stored(first.call.id)
        assert written.records == []


@pytest.mark.parametrize("written_first", [True, False])
async def test_a_call_that_became_part_of_another_leaves_no_record(written_first: bool) -> None:
    async with running_log() as (service, written):
        (first, *_) = (event for event in answered_call() if hasattr(event, "call"))
        whole = replace(first.call, id="whole")
        service.apply(first)
        if written_first:
            await service.flush()
            assert len(written.records) == 1
        service.apply(CallDropped(at=None, call=first.call, into=whole))
        await service.flush()
        assert written.records == []
        assert written.folded == [(first.call.id, "whole")]
        assert written.notes == [NOTE], "what was written on it is on the other call's screens now"


async def test_a_line_that_was_no_call_leaves_nothing() -> None:
    async with running_log() as (service, written):
        (first, *_) = (event for event in answered_call() if hasattr(event, "call"))
        service.apply(first)
        service.apply(CallDropped(at=None, call=first.call, into=None))
        await service.flush()
        assert (written.records, written.folded, written.notes) == ([], [(first.call.id, None)], [])


async def test_who_called_and_who_talked_is_read_with_the_newest_event() -> None:
    async with running_log() as (service, written):
        for event in answered_call():
            service.apply(event)
        service.apply(CallChanged(at=None, call=event.call))
        card = {"id": 5}
        service.matched(event.call.id, CallerMatch(kind=MatchKind.ONE, reason=MatchReason.EXACT, cards=(card,)))
        await service.flush()
        assert [(record["customer_id"], record["match"]) for record in written.records] == [(5, "one")]
        assert [talk.customer_id for talk in written.talks] == [5]


async def test_a_call_dropped_while_a_big_batch_is_read_leaves_no_record() -> None:
    async with running_log() as (service, written):
        *_, event = answered_call()
        calls = [replace(event.call, id=CallId(f"call-{number:02}")) for number in range(2 * RECORDS_AT_ONCE)]
        for call in calls:
            service.apply(CallChanged(at=None, call=call))
        reading = asyncio.create_task(service._read_news())
        await asyncio.sleep(0)  # the first few are read
        service.apply(CallDropped(at=None, call=calls[-1], into=None))
        await reading
        await service.flush()
        assert [record["id"] for record in written.records] == [call.id for call in calls[:-1]]
        assert written.folded == [(calls[-1].id, None)]
