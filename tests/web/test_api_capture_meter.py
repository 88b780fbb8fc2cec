"""`/calls/{id}/effort`, `/me/capture`, `/capture`: how many keys records take, and how many calls have one."""

from __future__ import annotations

from datetime import timedelta

from tests.web.conftest import Client
from tests.web.desk import CALL_ID, NOW, OTHER_CALL_ID, Desk, record
from web.view_models import CaptureByAgentView, MyCaptureView

EFFORT = f"/api/v1/calls/{CALL_ID}/effort"


async def ended(desk: Desk, call_id: str, agent: str, *, minutes_ago: float = 10.0, after_s: float = 60.0) -> None:
    """A finished call of that agent: begun so long ago, over `after_s` later."""
    began = NOW - timedelta(minutes=minutes_ago)
    over = began + timedelta(seconds=after_s)
    template = record(call_id)["legs"][0]
    part = {
        **template,
        "agent": agent,
        "talk_s": after_s,
        "answered_at": began.isoformat(),
        "ended_at": over.isoformat(),
    }
    whole = record(
        call_id,
        state="ended",
        direction="inbound",
        started_at=began.isoformat(),
        ended_at=over.isoformat(),
        legs=[part],
    )
    await desk.store.save_calls([whole], now=NOW)


async def test_the_page_tells_the_keys_and_the_server_knows_the_seconds(desk: Desk, client: Client) -> None:
    await ended(desk, CALL_ID, "eva", minutes_ago=2, after_s=90)
    sent = await client.put(EFFORT, json={"keys": 3, "clicks": 1}, headers=await desk.token("eva"))
    assert sent.status == 204
    answer = await client.get("/api/v1/me/capture", headers=await desk.token("eva"))
    mine = await answer.json()
    MyCaptureView.model_validate(mine)
    assert (mine["talks"], mine["measured"], mine["keys"], mine["clicks"]) == (1, 1, 3, 1)
    assert mine["wrap_up_s"] == 30


async def test_what_was_saved_in_the_talk_took_no_wrap_up(desk: Desk, client: Client) -> None:
    talking = record(CALL_ID)
    talking["legs"][0] |= {"agent": "eva", "talk_s": 5.0, "ended_at": None}
    await desk.store.save_calls([talking], now=NOW)
    assert (await client.put(EFFORT, json={"keys": 2, "clicks": 0}, headers=await desk.token("eva"))).status == 204
    await ended(desk, CALL_ID, "eva")
    mine = await (await client.get("/api/v1/me/capture", headers=await desk.token("eva"))).json()
    assert mine["wrap_up_s"] == 0


async def test_a_wrap_up_that_lay_open_for_hours_tells_nothing(desk: Desk, client: Client) -> None:
    await ended(desk, CALL_ID, "eva", minutes_ago=70, after_s=1)
    await client.put(EFFORT, json={"keys": 2, "clicks": 0}, headers=await desk.token("eva"))
    mine = await (await client.get("/api/v1/me/capture", headers=await desk.token("eva"))).json()
    assert (mine["keys"], mine["wrap_up_s"]) == (2, None)


async def test_calls_without_a_record_are_named(desk: Desk, client: Client) -> None:
    await ended(desk, CALL_ID, "eva")
    await ended(desk, OTHER_CALL_ID, "eva", minutes_ago=5)
    await desk.store.save_note(CALL_ID, "wants an offer", user="eva", now=NOW)
    mine = await (await client.get("/api/v1/me/capture?days=1", headers=await desk.token("eva"))).json()
    assert (mine["talks"], mine["captured"], mine["rate"]) == (2, 1, 0.5)
    assert [one["call_id"] for one in mine["without_record"]] == [OTHER_CALL_ID]
    assert [day["day"] for day in mine["days"]] == [NOW.date().isoformat()]


async def test_an_agent_gets_their_own_figures_and_a_supervisor_everybodys(desk: Desk, client: Client) -> None:
    await ended(desk, CALL_ID, "eva")
    await ended(desk, OTHER_CALL_ID, "jan")
    await desk.store.save_note(OTHER_CALL_ID, "ordered", user="jan", now=NOW)
    mine = await (await client.get("/api/v1/me/capture", headers=await desk.token("eva"))).json()
    assert (mine["talks"], mine["captured"]) == (1, 0)
    assert (await client.get("/api/v1/capture", headers=await desk.token("eva"))).status == 403
    answer = await client.get("/api/v1/capture", headers=await desk.token("sofia"))
    everybody = await answer.json()
    CaptureByAgentView.model_validate(everybody)
    assert [(one["agent"], one["rate"]) for one in everybody["agents"]] == [("eva", 0.0), ("jan", 1.0)]
    assert (everybody["talks"], everybody["rate"]) == (2, 0.5)


async def test_a_period_of_more_than_a_month_is_refused(desk: Desk, client: Client) -> None:
    since = (NOW - timedelta(days=40)).isoformat().replace("+00:00", "Z")
    answer = await client.get("/api/v1/capture", params={"since": since}, headers=await desk.token("sofia"))
    assert answer.status == 422
    assert (await answer.json())["errors"][0]["field"] == "since"


async def test_stuck_keys_and_forged_figures_are_refused(desk: Desk, client: Client) -> None:
    await ended(desk, CALL_ID, "eva")
    for body in ({"keys": -1, "clicks": 0}, {"keys": 10_001, "clicks": 0}, {"keys": "3", "clicks": 0}, {"keys": 3}):
        assert (await client.put(EFFORT, json=body, headers=await desk.token("eva"))).status == 422
    assert (await client.put(EFFORT, json={"keys": 1, "clicks": 0}, headers=await desk.token("jan"))).status == 404
