"""The page of lost calls: one row for each person, with every attempt, who has it in hand, and how long they have been waiting."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from crm_store.lost_calls import Talk
from crm_store.tasks import LostCall, LostWay, Task
from tests.web.conftest import Client
from tests.web.desk import NOW, Desk

JAN = "+421905123456"


async def page(desk: Desk, client: Client, query: str = "", *, user: str = "eva") -> str:
    headers, _ = await desk.session(user)
    headers = {"Cookie": f"{headers['Cookie']}; cti-language=en", "X-Part": "1"}
    answer = await client.get(f"/lost{query}", headers=headers)
    assert answer.status == 200
    return await answer.text()


async def lose(desk: Desk, call: str, number: str = JAN, *, minutes_ago: float = 10, **changed: Any) -> Task:
    at = desk.now - timedelta(minutes=minutes_ago)
    fields: dict[str, Any] = {"queue": "600", "owner": None, "way": LostWay.ABANDONED, **changed}
    lost = LostCall(call_id=f"01KJQ00000000000000000{call:0>4}", customer_id=None, number=number, at=at, **fields)
    return await desk.store.note_lost_call(lost, now=desk.now)


def rows(text: str) -> list[str]:
    return re.findall(r"<tr data-row.*?</tr>", text, re.DOTALL)


async def test_five_attempts_of_one_person_are_one_row_that_tells_each(desk: Desk, client: Client) -> None:
    ways = (LostWay.ABANDONED, LostWay.VOICEMAIL, LostWay.AFTER_HOURS, LostWay.MISSED, LostWay.FULL)
    for number, way in enumerate(ways):
        await lose(desk, str(number), minutes_ago=50 - number * 10, way=way, queue=None if way == "missed" else "600")
    (row,) = rows(await page(desk, client))
    for said in (
        "5 calls",
        "Gave up waiting",
        "Message left",
        "Outside opening hours",
        "Rang in vain",
        "Queue was full",
    ):
        assert said in row
    assert '<bdi dir="ltr" class="tel">+421 905 123 456</bdi>' in row
    assert "<bdi>Support</bdi>" in row
    assert ">50:00</span>" in row


async def test_of_very_many_attempts_the_last_five_and_the_first_are_shown(desk: Desk, client: Client) -> None:
    for number in range(8):
        await lose(desk, str(number), minutes_ago=90 - number)
    (row,) = rows(await page(desk, client))
    assert row.count("<li>") == 5
    assert "8 calls" in row
    assert "First call:" in row


async def test_the_number_that_was_dialled_stands_for_a_call_without_a_queue(desk: Desk, client: Client) -> None:
    await lose(desk, "1", queue=None, did="+421255501234")
    (row,) = rows(await page(desk, client))
    assert '<bdi dir="ltr" class="tel">+421 2 555 012 34</bdi>' in row


async def test_everybody_sees_who_is_calling_and_only_they_give_it_back(desk: Desk, client: Client) -> None:
    task = await lose(desk, "1")
    assert "data-claim>" in rows(await page(desk, client, user="jan"))[0]
    await desk.store.claim_task(task.id, user="eva", now=desk.now)
    (seen,) = rows(await page(desk, client, user="jan"))
    assert 'data-claimed-by="eva"' in seen
    assert "Eva Nováková" in seen
    assert "data-claim>" not in seen
    assert "data-release" not in seen
    assert "data-release" in rows(await page(desk, client, user="eva"))[0]


async def test_the_list_by_queue_and_by_whose(desk: Desk, client: Client) -> None:
    mine = await lose(desk, "1", "+421905111001", queue="600")
    await lose(desk, "2", "+421905111002", queue="601")
    await desk.store.claim_task(mine.id, user="eva", now=desk.now)
    found = {
        query: len(rows(await page(desk, client, query))) for query in ("", "?queue=601", "?whose=mine", "?queue=7")
    }
    assert found == {"": 2, "?queue=601": 1, "?whose=mine": 1, "?queue=7": 0}
    assert len(rows(await page(desk, client, "?whose=mine", user="jan"))) == 0


async def test_who_was_reached_is_listed_with_the_recall_time(desk: Desk, client: Client) -> None:
    await lose(desk, "1")
    talk = Talk(
        call_id="T", customer_id=None, number=JAN, user="jan", since=desk.now - timedelta(minutes=2, seconds=30)
    )
    await desk.store.close_callbacks([talk], now=desk.now)
    assert rows(await page(desk, client)) == []
    (row,) = rows(await page(desk, client, "?state=done"))
    assert "7:30" in row
    assert "<bdi>Jan</bdi>" in row


async def test_pages_follow_one_another(desk: Desk, client: Client) -> None:
    for number in range(53):
        await lose(desk, str(number), f"+4219051{number:05}", minutes_ago=number + 1)
    first = await page(desk, client)
    link = re.search(r'data-more href="/lost\?([^"]+)"', first)
    assert link is not None
    assert (len(rows(first)), len(rows(await page(desk, client, f"?{link[1]}")))) == (50, 3)


@pytest.mark.parametrize(
    ("query", "said"),
    [("", "Everybody who called was reached."), ("?queue=600", "No lost call fits"), ("?state=done", "Nobody yet")],
)
async def test_an_empty_list_says_what_that_means(desk: Desk, client: Client, query: str, said: str) -> None:
    assert said in await page(desk, client, query)


async def test_what_is_due_at_the_next_opening_says_so(desk: Desk, client: Client) -> None:
    await lose(desk, "1", due_at=NOW + timedelta(hours=20), way=LostWay.AFTER_HOURS)
    assert "due <time" in rows(await page(desk, client))[0]
