"""Reminders at the due time, once, to whoever has a screen; claims that come to nothing are given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm_store.errors import StoreUnavailable
from crm_store.opening_hours import never_closed
from crm_store.sql import SqlStore, open_store
from crm_store.tasks import LostCall, TaskInput
from ctiserver import task_service
from ctiserver.task_service import TaskService
from screenpop.broker import Publication
from screenpop.local_broker import LocalBroker
from tests.contracts.examples import JAN, NOW, PROFILE
from tests.web.desk import ACCOUNTS
from web.queue_board import QueueBoard


@pytest.fixture
async def store(tmp_path: Any) -> AsyncIterator[SqlStore]:
    opened = await open_store(f"sqlite:///{tmp_path}/cti.db", numbers=PROFILE, migrate=True)
    yield opened
    await opened.close()


@dataclass
class Office:
    """A board with four accounts, and what each screen heard."""

    store: SqlStore
    now: datetime = NOW
    calling: set[int] = field(default_factory=set)
    heard: list[tuple[str, str, str]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.broker = LocalBroker(lambda: self.now)
        self.board = QueueBoard()
        self.board.set_accounts(ACCOUNTS)

    def service(self, *, claim_s: float = 600) -> TaskService:
        return TaskService(
            self.board,
            self.broker,
            self.store,
            calling=lambda: self.calling,
            claim_s=claim_s,
            rest_day=never_closed,
            clock=lambda: self.now,
        )

    def screen(self, user: str) -> Callable[[], None]:
        def deliver(news: Publication) -> None:
            self.heard.append((user, news.kind, str(news.data["title"])))
            self.news.set()

        return self.broker.subscribe([f"tasks:{user}"], deliver)

    async def hears(self, *expected: tuple[str, str, str]) -> None:
        async with asyncio.timeout(20):
            while self.heard != list(expected):
                await self.news.wait()
                self.news.clear()


@asynccontextmanager
async def running(service: TaskService) -> AsyncIterator[None]:
    task = asyncio.create_task(service.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_service, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(task_service, "CLAIMS_EVERY_S", 0.02)


@pytest.fixture
def office(store: SqlStore) -> Office:
    return Office(store)


async def some_looks(office: Office) -> None:
    """The service has looked a few times and said nothing."""
    before = list(office.heard)
    for _ in range(3):
        await office.store.next_due(office.now)
        await asyncio.sleep(0.03)
    assert office.heard == before


async def test_the_owner_is_reminded_at_the_due_time_once(office: Office) -> None:
    due = NOW + timedelta(minutes=5)
    await office.store.create_task(TaskInput(title="ask", owner="eva", due_at=due), user="eva", now=NOW)
    office.screen("eva")
    office.screen("jan")
    async with running(office.service()):
        await some_looks(office)
        office.now = due
        await office.hears(("eva", "task.due", "ask"))
        await some_looks(office)
    async with running(office.service()):  # a restart
        await some_looks(office)
    assert office.heard == [("eva", "task.due", "ask")]


async def test_the_due_time_itself_is_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_service, "LOOK_EVERY_S", 3600.0)
    office.screen("eva")
    started = datetime.now(UTC)
    due = started + timedelta(seconds=0.3)
    await office.store.create_task(TaskInput(title="ask", owner="eva", due_at=due), user="eva", now=started)
    service = office.service()
    monkeypatch.setattr(service, "_clock", lambda: datetime.now(UTC))
    async with running(service):
        await office.hears(("eva", "task.due", "ask"))
    assert datetime.now(UTC) >= due


async def test_who_was_away_at_the_due_time_is_reminded_when_they_come(office: Office) -> None:
    await office.store.create_task(TaskInput(title="ask", owner="eva", due_at=NOW), user="eva", now=NOW)
    office.screen("jan")
    async with running(office.service()):
        await some_looks(office)
        office.screen("eva")
        await office.hears(("eva", "task.due", "ask"))


async def test_what_is_nobodys_is_told_to_every_agent_with_a_screen(office: Office) -> None:
    await office.store.create_task(TaskInput(title="team's", due_at=NOW), user="eva", now=NOW)
    for user in ("eva", "jan", "sofia"):
        office.screen(user)
    async with running(office.service()):
        await office.hears(("eva", "task.due", "team's"), ("jan", "task.due", "team's"))


async def test_a_database_that_cannot_take_note_makes_no_second_reminder(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.store.create_task(TaskInput(title="ask", owner="eva", due_at=NOW), user="eva", now=NOW)
    office.screen("eva")

    async def refuse(told: object) -> None:
        raise StoreUnavailable("full")

    with monkeypatch.context() as patched:
        patched.setattr(office.store, "reminded", refuse)
        async with running(office.service()):
            await office.hears(("eva", "task.due", "ask"))
            await some_looks(office)


async def lost(office: Office) -> int:
    call = LostCall(call_id="A", customer_id=None, number=JAN, queue=None, at=NOW, owner=None)
    task = await office.store.note_lost_call(call, now=NOW)
    await office.store.reminded([task])
    await office.store.claim_task(task.id, user="eva", now=NOW)
    return task.id


@pytest.mark.parametrize("state", ["busy", "no_answer", "agent_no_answer", "refused", "failed"])
async def test_a_call_that_does_not_reach_the_person_gives_the_row_back(office: Office, state: str) -> None:
    task_id = await lost(office)
    office.screen("jan")
    service = office.service()
    async with running(service):
        service.dial_ended({"task_id": task_id, "agent": "eva", "state": state})
        await office.hears(("jan", "task.update", "Call back"))
    assert (await office.store.task(task_id)).claimed_by is None


async def test_a_talk_or_an_unknown_end_gives_nothing_back(office: Office) -> None:
    task_id = await lost(office)
    office.screen("jan")
    service = office.service()
    async with running(service):
        for state in ("answered", "unknown"):
            service.dial_ended({"task_id": task_id, "agent": "eva", "state": state})
        service.dial_ended({"task_id": None, "agent": "eva", "state": "busy"})
        service.dial_ended({"task_id": task_id, "agent": "jan", "state": "busy"})  # not the claimer
        await some_looks(office)
    assert (await office.store.task(task_id)).claimed_by == "eva"


async def test_a_claim_without_a_call_ends_after_its_time(office: Office) -> None:
    task_id = await lost(office)
    office.screen("jan")
    async with running(office.service(claim_s=60)):
        office.now = NOW + timedelta(seconds=59)
        await some_looks(office)
        office.calling.add(task_id)
        office.now = NOW + timedelta(seconds=61)
        await some_looks(office)
        office.calling.clear()
        await office.hears(("jan", "task.update", "Call back"))
