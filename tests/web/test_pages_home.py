"""The home page: an agent's day, in the order in which it has to be dealt with, and what they did so far."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from aiohttp.test_utils import TestClient

from crm_store.lost_calls import Talk
from crm_store.store import CrmStore
from crm_store.tasks import LostCall, TaskInput
from tests.web.conftest import Client
from tests.web.desk import CALL_ID, NOW, OTHER_CALL_ID, Desk, make_desk, record
from web.app import create_app


async def home(desk: Desk, client: TestClient[Any, Any], path: str = "/?part=tasks", *, user: str = "eva") -> str:
    headers, _ = await desk.session(user)
    headers = {"Cookie": f"{headers['Cookie']}; cti-language=en"} | ({"X-Part": "1"} if "part" in path else {})
    answer = await client.get(path, headers=headers)
    assert answer.status == 200
    return await answer.text()


async def task(desk: Desk, title: str, hours: float, **changed: Any) -> None:
    fields = {"owner": "eva", **changed}
    due = NOW + timedelta(hours=hours)
    await desk.store.create_task(TaskInput(title=title, due_at=due, **fields), user="eva", now=NOW)


async def lose(desk: Desk, number: str, *, due_in_hours: float = 0, owner: str | None = None) -> int:
    due = NOW + timedelta(hours=due_in_hours)
    lost = LostCall(
        call_id=f"C{number}", customer_id=None, number=number, queue="600", at=NOW - timedelta(minutes=5), owner=owner,
        due_at=due,
    )  # fmt: skip
    return (await desk.store.note_lost_call(lost, now=NOW)).id


def groups(text: str) -> dict[str, int]:
    """Each group's title and the rows that it shows."""
    found = re.findall(r"<section aria-label=\"(.*?)\">(.*?)</section>", text, re.DOTALL)
    return {title: body.count("<li data-row") for title, body in found}


async def test_the_day_begins_with_what_is_overdue(desk: Desk, client: Client) -> None:
    await task(desk, "late", -2)
    await task(desk, "later today", 3)
    await task(desk, "tomorrow", 30)
    await task(desk, "jan's", -2, owner="jan")
    await lose(desk, "+421905111001")
    await lose(desk, "+421905111002", due_in_hours=30)  # at the next opening
    taken = await lose(desk, "+421905111003")
    await desk.store.claim_task(taken, user="jan", now=NOW)
    text = await home(desk, client)
    assert groups(text) == {"Overdue": 1, "Due today": 1, "Lost calls": 1}
    assert list(groups(text)) == ["Overdue", "Due today", "Lost calls"]
    assert groups(await home(desk, client, user="jan")) == {"Overdue": 1, "Lost calls": 2}


async def test_long_groups_say_how_many_more_there_are(desk: Desk, client: Client) -> None:
    for number in range(11):
        await task(desk, f"late {number}", -1)
    text = await home(desk, client)
    assert groups(text) == {"Overdue": 8}
    assert "3 more tasks" in text


async def test_own_figures_of_the_day(desk: Desk, client: Client) -> None:
    missed = record(OTHER_CALL_ID, uniqueid="7.7")
    missed["legs"][0].update(result="missed", answered_at=None)
    await desk.store.save_calls([record(CALL_ID), missed], now=NOW)
    await lose(desk, "+421905111001")
    talk = Talk(call_id="T", customer_id=None, number="+421905111001", user="eva", since=NOW)
    await desk.store.close_callbacks([talk], now=NOW)
    text = re.sub(r"<[^>]+>", " ", await home(desk, client))
    for said in ("1 answered", "1 missed", "1 called back", "0 tasks done"):
        assert said in re.sub(r"\s+", " ", text)


async def test_an_empty_day_says_so(desk: Desk, client: Client) -> None:
    assert "Nothing is due today." in await home(desk, client)


async def test_the_presets_of_due_times_know_the_days_that_are_closed(store: CrmStore, aiohttp_client: Any) -> None:
    closed = {date(2026, 3, 3), date(2026, 4, 3), date(2027, 1, 1)}
    desk = await make_desk(store, rest_day=closed.__contains__)
    client = await aiohttp_client(create_app(desk.deps))
    assert 'data-rest-days="2026-03-03 2026-04-03"' in await home(desk, client, "/")
