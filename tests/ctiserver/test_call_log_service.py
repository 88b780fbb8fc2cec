"""Most of what a call does is read when its record is written, its talk and its end at once."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from crm_store.activities import CallRecord
from crm_store.call_log import CallLog, CallNumbering
from crm_store.caller_lookup import CallerMatch, MatchKind, MatchReason
from crm_store.phone_numbers import NumberProfile
from ctiserver.call_log_service import CallLogService
from pbx.call_events import CallChanged, CallEvent
from tests.pbx.tape import Tape

PROFILE = NumberProfile(region="SK")


class Written:
    """A store that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[CallRecord] = []
        self.talks: list[dict[str, Any]] = []

    async def save_calls(self, records: Iterable[CallRecord], *, now: datetime) -> None:
        self.records += records

    async def close_callbacks(self, **talk: Any) -> list[Any]:
        self.talks.append(talk)
        return []

    async def note_lost_call(self, *_: Any, **__: Any) -> None:
        raise AssertionError("no call was lost")


@asynccontextmanager
async def running_log() -> AsyncIterator[tuple[CallLogService, Written]]:
    written = Written()
    log = CallLog({"main": CallNumbering(incoming=PROFILE, own=PROFILE)}, short_abandon_s=lambda queue: 5.0)
    service = CallLogService(log, written, clock=lambda: datetime.now(UTC), on_tasks=lambda tasks: None)  # type: ignore[arg-type]
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
        assert [talk["number"] for talk in written.talks] == ["+421905123456"]
