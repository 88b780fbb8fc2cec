"""A line of a note: what it would become, and what it becomes once and for good."""

from __future__ import annotations

from typing import Any

import pytest

from crm_store.access import AccessPolicy
from crm_store.accounts import Role
from crm_store.ledger import LedgerKind
from crm_store.store import CrmStore
from crm_store.tasks import TaskFilter
from tests.web.conftest import Client
from tests.web.desk import CALL_ID, NOW, OTHER_CALL_ID, Desk, make_desk, record
from web.app import create_app

PREVIEW = "/api/v1/capture/preview"
CAPTURE = f"/api/v1/calls/{CALL_ID}/capture"
LINE = "zavolať ut 10:00 faktúra 4312 #reklamácia"  # NOW is a Monday, in Bratislava 10 o'clock


@pytest.fixture
async def stored(store: CrmStore) -> CrmStore:
    await store.save_calls([record()], now=NOW)
    return store


async def tasks(store: CrmStore) -> list[Any]:
    return list((await store.tasks(TaskFilter(), cursor=None, limit=50)).items)


async def test_a_preview_says_what_a_line_would_become_and_writes_nothing(
    client: Client, desk: Desk, stored: CrmStore
) -> None:
    headers = await desk.token("eva")
    answer = await client.post(PREVIEW, json={"text": LINE, "language": "sk"}, headers=headers)
    assert (answer.status, await answer.json()) == (
        200,
        {
            "text": LINE,
            "at": "2026-03-02T09:00:00Z",
            "outcome": {"code": "complaint", "spans": [[30, 41]]},
            "task": {
                "kind": "callback",
                "title": "zavolať faktúra 4312",
                "due_at": "2026-03-03T09:00:00Z",
                "spans": [[0, 7], [8, 16]],
            },
            "tags": [{"name": "reklamácia", "spans": [[30, 41]]}],
        },
    )
    assert await tasks(stored) == []
    assert (await stored.call_note(CALL_ID)).version == 0


async def test_the_line_is_the_calls_note_outcome_and_task_once(client: Client, desk: Desk, stored: CrmStore) -> None:
    headers = await desk.token("eva")
    answer = await client.post(CAPTURE, json={"text": LINE, "language": "sk"}, headers=headers)
    made = await answer.json()
    assert (answer.status, made["made"], made["tags"]) == (200, True, ["reklamácia"])
    assert (made["note"]["text"], made["note"]["disposition"], made["note"]["tags"]) == (
        LINE,
        "complaint",
        ["reklamácia"],
    )
    task = made["task"]
    assert (task["title"], task["owner"], task["due_at"]) == ("zavolať faktúra 4312", "eva", "2026-03-03T09:00:00Z")
    assert (task["number"], task["call_ids"]) == ("+421905123456", [CALL_ID])
    assert ("note", "eva", CALL_ID, LINE, "complaint") in desk.pops.told

    again = await client.post(CAPTURE, json={"text": LINE, "language": "sk"}, headers=headers)
    assert (await again.json())["made"] is False
    assert len(await tasks(stored)) == 1
    kinds = [(entry.kind, entry.detail["what"]) for entry in desk.ledger]
    assert kinds.count((LedgerKind.CREATED, "task")) == 1


async def test_parts_that_were_taken_away_are_not_made(client: Client, desk: Desk, stored: CrmStore) -> None:
    body = {"text": LINE, "language": "sk", "removed": ["task", "outcome"]}
    made = await (await client.post(CAPTURE, json=body, headers=await desk.token("eva"))).json()
    assert (made["task"], made["note"]["disposition"], made["note"]["text"]) == (None, None, LINE)
    assert await tasks(stored) == []


async def test_the_whole_note_is_saved_when_it_is_sent_and_nobody_elses_change_is_lost(
    client: Client, desk: Desk, stored: CrmStore
) -> None:
    headers = await desk.token("eva")
    note = f"angry\n{LINE}\n"
    made = await client.post(
        CAPTURE, json={"text": LINE, "note": note, "language": "sk"}, headers={**headers, "If-Match": '"0"'}
    )
    assert ((await made.json())["note"]["text"], made.headers["ETag"]) == (note, '"1"')
    await stored.save_note(CALL_ID, "theirs", user="jan", now=NOW)
    refused = await client.post(
        CAPTURE, json={"text": LINE, "note": note, "language": "sk"}, headers={**headers, "If-Match": '"1"'}
    )
    assert (refused.status, (await refused.json())["code"]) == (412, "version_conflict")


async def test_what_was_shown_is_what_is_made_also_a_while_later(client: Client, desk: Desk, stored: CrmStore) -> None:
    headers = await desk.token("eva")
    shown = await (await client.post(PREVIEW, json={"text": "call back in 2 hours"}, headers=headers)).json()
    desk.later(minutes=20)
    body = {"text": shown["text"], "at": shown["at"]}
    made = await (await client.post(CAPTURE, json=body, headers=headers)).json()
    assert made["task"]["due_at"] == shown["task"]["due_at"] == "2026-03-02T11:00:00Z"
    desk.later(days=2)
    late = await client.post(CAPTURE, json=body, headers=headers)
    assert (late.status, (await late.json())["errors"][0]["field"]) == (422, "at")


async def test_prose_is_a_note_and_nothing_else(client: Client, desk: Desk, stored: CrmStore) -> None:
    headers = await desk.token("eva")
    made = await (await client.post(CAPTURE, json={"text": "will call tomorrow"}, headers=headers)).json()
    assert (made["task"], made["made"], made["note"]["disposition"]) == (None, False, None)
    assert made["note"]["text"] == "will call tomorrow"


async def test_a_foreign_call_does_not_exist_and_a_call_on_the_screen_takes_a_note_before_it_is_stored(
    client: Client, desk: Desk, store: CrmStore
) -> None:
    headers = await desk.token("eva")
    await store.save_calls([record(OTHER_CALL_ID, agent="jan", uniqueid="1.2", linkedid="1.2")], now=NOW)
    foreign = await client.post(f"/api/v1/calls/{OTHER_CALL_ID}/capture", json={"text": LINE}, headers=headers)
    assert foreign.status == 404
    desk.pops.on_screen.add(("eva", CALL_ID))
    noted = await client.post(CAPTURE, json={"text": "solved"}, headers=headers)
    assert (await noted.json())["note"]["disposition"] == "solved"
    assert (await client.post(CAPTURE, json={"text": LINE}, headers=headers)).status == 404
    desk.waiting[CALL_ID] = record()
    assert (await (await client.post(CAPTURE, json={"text": LINE, "language": "sk"}, headers=headers)).json())["made"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "a\nb"}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"text": "x", "language": "de"}, "language"),
        ({"text": "x", "removed": ["due"]}, "removed.0"),
        ({"text": "x", "at": 12}, "at"),
    ],
)
async def test_what_cannot_be_is_named(
    client: Client, desk: Desk, stored: CrmStore, body: dict[str, Any], field: str
) -> None:
    answer = await client.post(CAPTURE, json=body, headers=await desk.token("eva"))
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, field)


async def test_a_hidden_note_is_neither_written_nor_told(store: CrmStore, aiohttp_client: Any) -> None:
    await store.save_calls([record()], now=NOW)
    for hidden, status in (("note", 403), ("disposition", 403)):
        desk = await make_desk(store, access=AccessPolicy(hidden={Role.AGENT: {"call": (hidden,)}}))
        client = await aiohttp_client(create_app(desk.deps))
        answer = await client.post(CAPTURE, json={"text": "solved"}, headers=await desk.token("eva"))
        assert answer.status == status
