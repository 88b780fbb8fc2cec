"""`/calls`: records, notes, outcomes, tasks out of a call, hang up, export."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from crm_store.access import AccessPolicy
from crm_store.accounts import Role
from crm_store.parties import PartyInput, PhoneInput
from crm_store.store import CrmStore
from crm_store.tasks import LostCall, TaskInput
from pbx.errors import PbxNotConnected, PbxRefused
from tests.web.conftest import Client
from tests.web.desk import CALL_ID, NOW, OTHER_CALL_ID, Desk, make_desk, record
from web.app import create_app
from web.view_models import CallListView, CallView, NoteView, TaskView

CALL = f"/api/v1/calls/{CALL_ID}"
FOREIGN = f"/api/v1/calls/{OTHER_CALL_ID}"


@pytest.fixture(autouse=True)
async def _stored(desk: Desk) -> None:
    """One call of Eva's, one of Jan's."""
    await desk.store.save_calls([record(), record(OTHER_CALL_ID, agent="jan", uniqueid="2.2")], now=NOW)


async def test_an_agent_lists_their_own_calls_only(desk: Desk, client: Client) -> None:
    answer = await client.get("/api/v1/calls", headers=await desk.token("eva"))
    body = await answer.json()
    CallListView.model_validate(body)
    assert [call["id"] for call in body["items"]] == [CALL_ID]


async def test_a_supervisor_lists_all_and_can_filter(desk: Desk, client: Client) -> None:
    headers = await desk.token("sofia")
    both = await (await client.get("/api/v1/calls", headers=headers)).json()
    assert {call["id"] for call in both["items"]} == {CALL_ID, OTHER_CALL_ID}
    jans = await (await client.get("/api/v1/calls?agent=jan", headers=headers)).json()
    assert [call["id"] for call in jans["items"]] == [OTHER_CALL_ID]
    none = await (await client.get("/api/v1/calls?since=2026-03-03T00:00:00Z", headers=headers)).json()
    assert none == {"items": [], "next": None}
    by_number = await (await client.get("/api/v1/calls?number=0905%20123%20456", headers=headers)).json()
    assert len(by_number["items"]) == 2


async def test_a_queue_is_of_one_pbx(desk: Desk, client: Client) -> None:
    branch = record("01KJQ0000000000000000000BR", pbx="branch", uniqueid="7.7")
    await desk.store.save_calls([branch], now=NOW)
    headers = await desk.token("sofia")
    for query, found in (
        ("queue=600", {CALL_ID, OTHER_CALL_ID, branch["id"]}),
        ("queue=600&pbx=branch", {branch["id"]}),
        ("pbx=main", {CALL_ID, OTHER_CALL_ID}),
    ):
        page = await (await client.get(f"/api/v1/calls?{query}", headers=headers)).json()
        assert {call["id"] for call in page["items"]} == found


async def test_the_list_goes_on_at_the_cursor(desk: Desk, client: Client) -> None:
    headers = await desk.token("sofia")
    first = await (await client.get("/api/v1/calls?limit=1", headers=headers)).json()
    second = await (await client.get(f"/api/v1/calls?limit=1&cursor={first['next']}", headers=headers)).json()
    assert {first["items"][0]["id"], second["items"][0]["id"]} == {CALL_ID, OTHER_CALL_ID}
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1000", "limit"),
        ("colour=red", "colour"),
        ("since=yesterday", "since"),
        ("since=2026-03-02T10:00:00", "since"),
        ("direction=sideways", "direction"),
        ("limit=1&limit=2", "limit"),
        ("cursor=%00", "cursor"),
    ],
)
async def test_a_bad_parameter_is_named(desk: Desk, client: Client, query: str, field: str) -> None:
    answer = await client.get(f"/api/v1/calls?{query}", headers=await desk.token("sofia"))
    problem = await answer.json()
    assert (answer.status, problem["code"], problem["errors"][0]["field"]) == (422, "invalid_input", field)


async def test_an_agent_may_not_ask_for_a_colleagues_calls(desk: Desk, client: Client) -> None:
    answer = await client.get("/api/v1/calls?agent=jan", headers=await desk.token("eva"))
    assert answer.status == 403


async def test_one_call(desk: Desk, client: Client) -> None:
    answer = await client.get(CALL, headers=await desk.token("eva"))
    body = await answer.json()
    CallView.model_validate(body)
    assert answer.headers["ETag"] == '"0"'
    assert body["remote"]["number"] == "+421905123456"
    assert body["legs"][0]["agent"] == "eva"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", FOREIGN, None),
        ("GET", f"{FOREIGN}/note", None),
        ("PUT", f"{FOREIGN}/note", {"text": "x"}),
        ("PUT", f"{FOREIGN}/disposition", {"code": "solved"}),
        ("PUT", f"{FOREIGN}/customer", {"customer_id": None}),
        ("POST", f"{FOREIGN}/tasks", {"title": "x"}),
        ("POST", f"{FOREIGN}/finish", None),
        ("POST", f"{FOREIGN}/hangup", None),
        ("GET", "/api/v1/calls/01KJQ0000000000000000000ZZ", None),
    ],
)
async def test_a_foreign_call_does_not_exist_for_an_agent(
    desk: Desk, client: Client, method: str, path: str, body: object
) -> None:
    answer = await client.request(method, path, json=body, headers=await desk.token("eva"))
    assert (answer.status, (await answer.json())["code"]) == (404, "not_found")


async def test_a_lost_call_is_seen_by_who_claimed_the_call_back(desk: Desk, client: Client) -> None:
    lost = record("01KJQ0000000000000000000CC", legs=[], outcome="abandoned", uniqueid="3.3")
    await desk.store.save_calls([lost], now=NOW)
    task = await desk.store.note_lost_call(
        LostCall(call_id=lost["id"], customer_id=None, number="+421905123456", queue="600", at=NOW, owner=None), now=NOW
    )
    headers = await desk.token("eva")
    path = f"/api/v1/calls/{lost['id']}"
    assert (await client.get(path, headers=headers)).status == 404
    await desk.store.update_task(task.id, TaskInput(claimed_by="eva"), user="eva", now=NOW, version=None)
    assert (await client.get(path, headers=headers)).status == 200


# --- note and outcome -----------------------------------------------------------------------------------------------------


async def test_a_note_is_saved_and_shown_on_other_screens(desk: Desk, client: Client) -> None:
    headers = await desk.token("eva")
    answer = await client.put(f"{CALL}/note", json={"text": "wants a refund <b>now</b>"}, headers=headers)
    body = await answer.json()
    NoteView.model_validate(body)
    assert (answer.headers["ETag"], body["text"], body["updated_by"]) == ('"1"', "wants a refund <b>now</b>", "eva")
    assert desk.pops.told == [("note", "eva", CALL_ID, "wants a refund <b>now</b>", None)]
    assert (await (await client.get(CALL, headers=headers)).json())["note"] == "wants a refund <b>now</b>"


async def test_two_people_cannot_overwrite_each_other(desk: Desk, client: Client) -> None:
    eva, sofia = await desk.token("eva"), await desk.token("sofia")
    assert (await client.put(f"{CALL}/note", json={"text": "a"}, headers={**eva, "If-Match": '"0"'})).status == 200
    late = await client.put(f"{CALL}/note", json={"text": "b"}, headers={**sofia, "If-Match": '"0"'})
    assert (late.status, (await late.json())["code"]) == (412, "version_conflict")
    again = await client.put(f"{CALL}/note", json={"text": "b"}, headers={**sofia, "If-Match": '"1"'})
    assert again.status == 200


async def test_a_strange_if_match_is_told(desk: Desk, client: Client) -> None:
    answer = await client.put(
        f"{CALL}/note", json={"text": "a"}, headers={**await desk.token("eva"), "If-Match": "yesterday"}
    )
    assert (answer.status, (await answer.json())["code"]) == (400, "bad_if_match")


async def test_a_note_can_be_written_while_it_rings(desk: Desk, client: Client) -> None:
    ringing = "01KJQ0000000000000000000DD"
    desk.pops.on_screen.add(("eva", ringing))
    headers = await desk.token("eva")
    path = f"/api/v1/calls/{ringing}"
    assert (await client.put(f"{path}/note", json={"text": "hm"}, headers=headers)).status == 200
    assert (await (await client.get(f"{path}/note", headers=headers)).json())["text"] == "hm"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "", None, 200),
        ("GET", "/note", None, 200),
        ("PUT", "/note", {"text": "in a hurry"}, 200),
        ("PUT", "/disposition", {"code": "order"}, 200),
        ("PUT", "/customer", {"customer_id": None}, 200),
        ("POST", "/tasks", {"title": "look it up"}, 201),
        ("POST", "/finish", None, 204),
        ("POST", "/hangup", None, 204),
    ],
)
async def test_all_of_it_works_from_the_first_moment_before_the_record_is_written(
    desk: Desk, client: Client, method: str, path: str, body: object, status: int
) -> None:
    new = {**running(), "id": "01KJQ0000000000000000000EE", "uniqueid": "5.5"}
    desk.waiting[new["id"]] = new
    answer = await client.request(
        method, f"/api/v1/calls/{new['id']}{path}", json=body, headers=await desk.token("eva")
    )
    assert (answer.status, await answer.text() if answer.status != status else "") == (status, "")
    if path == "/tasks":
        assert (await answer.json())["number"] == "+421905123456"


async def test_a_colleagues_new_call_does_not_exist_either(desk: Desk, client: Client) -> None:
    new = {**running(agent="jan"), "id": "01KJQ0000000000000000000EE", "uniqueid": "5.5"}
    desk.waiting[new["id"]] = new
    path = f"/api/v1/calls/{new['id']}/customer"
    assert (await client.put(path, json={"customer_id": None}, headers=await desk.token("eva"))).status == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": 5}, "text"),
        ({"text": "a", "colour": "red"}, "colour"),
        ({"text": "x" * 20_001}, "text"),
    ],
)
async def test_a_bad_note_is_named(desk: Desk, client: Client, body: object, field: str) -> None:
    answer = await client.put(f"{CALL}/note", json=body, headers=await desk.token("eva"))
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, field)


async def test_json_only(desk: Desk, client: Client) -> None:
    headers = await desk.token("eva")
    form = await client.put(f"{CALL}/note", data={"text": "a"}, headers=headers)
    assert (form.status, (await form.json())["code"]) == (415, "unsupported_media_type")
    broken = await client.put(f"{CALL}/note", data=b'{"text"', headers={**headers, "Content-Type": "application/json"})
    assert (broken.status, (await broken.json())["code"]) == (400, "malformed_json")


async def test_the_outcome_is_chosen_and_taken_back(desk: Desk, client: Client) -> None:
    headers = await desk.token("eva")
    chosen = await client.put(f"{CALL}/disposition", json={"code": "order"}, headers=headers)
    assert (await chosen.json())["disposition"] == "order"
    back = await client.put(f"{CALL}/disposition", json={"code": None}, headers=headers)
    assert (await back.json())["disposition"] is None
    wrong = await client.put(f"{CALL}/disposition", json={"code": "sold"}, headers=headers)
    assert wrong.status == 422


async def test_finishing_the_wrap_up_lets_the_pop_go(desk: Desk, client: Client) -> None:
    assert (await client.post(f"{CALL}/finish", headers=await desk.token("eva"))).status == 204
    assert desk.pops.told == [("saved", "eva", CALL_ID)]


# --- customer and tasks ---------------------------------------------------------------------------------------------------


async def test_the_call_is_linked_to_a_customer_by_hand(desk: Desk, client: Client) -> None:
    saved = await desk.store.create_party(PartyInput(name="Dana"), user="eva", now=NOW)
    headers = await desk.token("eva")
    answer = await client.put(f"{CALL}/customer", json={"customer_id": saved.party.id}, headers=headers)
    assert (await answer.json())["customer_id"] == saved.party.id
    assert desk.pops.told == [("customer", CALL_ID, saved.party.id)]
    wrong = await client.put(f"{CALL}/customer", json={"customer_id": 999}, headers=headers)
    assert (wrong.status, (await wrong.json())["errors"][0]["field"]) == (422, "customer_id")


async def test_a_task_out_of_the_call_knows_who_and_where(desk: Desk, client: Client) -> None:
    saved = await desk.store.create_party(
        PartyInput(name="Dana", phones=(PhoneInput(raw="0905123456"),)), user="eva", now=NOW
    )
    body = {"title": "send the offer", "due_at": "2026-03-03T10:00:00+01:00"}
    answer = await client.post(f"{CALL}/tasks", json=body, headers=await desk.token("eva"))
    task = await answer.json()
    TaskView.model_validate(task)
    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/v1/tasks/{task['id']}"
    assert task["customer_id"] == saved.party.id
    assert task["number"] == "+421905123456"
    assert task["call_ids"] == [CALL_ID]
    assert task["owner"] == "eva"
    assert task["due_at"] == "2026-03-03T09:00:00Z"


async def test_a_task_for_an_unknown_owner_is_named(desk: Desk, client: Client) -> None:
    answer = await client.post(f"{CALL}/tasks", json={"title": "x", "owner": "ghost"}, headers=await desk.token("eva"))
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, "owner")


# --- hang up --------------------------------------------------------------------------------------------------------------


def running(agent: str = "eva", **leg: object) -> dict[str, Any]:
    call = record(agent=agent, state="talking", ended_at=None, outcome=None)
    call["legs"][0] |= {"ended_at": None, "result": None, **leg}
    return call


async def test_who_talks_may_hang_up(desk: Desk, client: Client) -> None:
    await desk.store.save_calls([running()], now=NOW)
    assert (await client.post(f"{CALL}/hangup", headers=await desk.token("eva"))).status == 204
    assert desk.pbx.asked == [("hang_up", "1772442000.12")]


async def test_whose_phone_only_rings_may_not(desk: Desk, client: Client) -> None:
    await desk.store.save_calls([running(answered_at=None)], now=NOW)
    assert (await client.post(f"{CALL}/hangup", headers=await desk.token("eva"))).status == 403
    assert desk.pbx.asked == []


async def test_a_supervisor_may_end_any_call(desk: Desk, client: Client) -> None:
    await desk.store.save_calls([running()], now=NOW)
    assert (await client.post(f"{CALL}/hangup", headers=await desk.token("sofia"))).status == 204


async def test_a_call_that_is_over_cannot_be_hung_up(desk: Desk, client: Client) -> None:
    answer = await client.post(f"{CALL}/hangup", headers=await desk.token("eva"))
    assert (answer.status, (await answer.json())["code"]) == (409, "call_ended")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (PbxNotConnected("The telephone link is down."), 503, "pbx_not_connected"),
        (PbxRefused("No such channel"), 409, "pbx_refused"),
    ],
)
async def test_what_the_pbx_says_becomes_a_problem(
    desk: Desk, client: Client, error: Exception, status: int, code: str
) -> None:
    await desk.store.save_calls([running()], now=NOW)
    desk.pbx.answer = error
    answer = await client.post(f"{CALL}/hangup", headers=await desk.token("eva"))
    body = await answer.json()
    assert (answer.status, body["code"], body["detail"]) == (status, code, str(error))


# --- export and hidden fields ---------------------------------------------------------------------------------------------


async def test_the_export_is_text_for_a_spreadsheet(desk: Desk, client: Client) -> None:
    call = record()
    call["remote"]["name"] = '=HYPERLINK("http://evil.example","x")'
    await desk.store.save_calls([call], now=NOW)
    answer = await client.get("/api/v1/calls.csv?agent=eva", headers=await desk.token("sofia"))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    text = (await answer.read()).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["id"] for row in rows] == [CALL_ID]
    assert rows[0]["number"] == "'+421905123456"
    assert rows[0]["caller_name"].startswith("'=")
    assert rows[0]["talk_s"] == "24.0"


async def test_an_agent_cannot_export(desk: Desk, client: Client) -> None:
    assert (await client.get("/api/v1/calls.csv", headers=await desk.token("eva"))).status == 403


async def test_a_bad_filter_of_the_export_is_still_a_problem(desk: Desk, client: Client) -> None:
    answer = await client.get("/api/v1/calls.csv?since=x", headers=await desk.token("sofia"))
    assert (answer.status, answer.content_type) == (422, "application/problem+json")


async def test_hidden_fields_are_absent_and_not_writable(store: CrmStore, aiohttp_client: object) -> None:
    hidden = {Role.AGENT: {"call": ["note", "remote.number"]}, Role.SUPERVISOR: {"call": ["remote.number"]}}
    desk = await make_desk(store, access=AccessPolicy(hidden))
    client: Client = await aiohttp_client(create_app(desk.deps))  # type: ignore[operator]
    await store.save_note(CALL_ID, "secret", user="jan", now=NOW)
    headers = await desk.token("eva")
    for path in (CALL, "/api/v1/calls", f"{CALL}/note"):
        text = await (await client.get(path, headers=headers)).text()
        assert "secret" not in text
        assert "+421905123456" not in text
        assert "905" not in text
    refused = await client.put(f"{CALL}/note", json={"text": "x"}, headers=headers)
    assert (refused.status, (await refused.json())["code"]) == (403, "field_hidden")
    export = await (await client.get("/api/v1/calls.csv", headers=await desk.token("sofia"))).text()
    assert "905123456" not in export
