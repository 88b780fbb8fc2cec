"""The pages of calls: which calls the list shows, and who may open one."""

from __future__ import annotations

import pytest

from crm_store.tasks import LostCall, TaskInput
from pbx.call_events import QueueChanged
from pbx.queues import QueueStatus
from tests.web.conftest import Client
from tests.web.desk import CALL_ID, NOW, Desk, record

BRANCH_CALL = "01KJQ0000000000000000000BR"


async def page(desk: Desk, client: Client, path: str, *, user: str = "eva") -> tuple[int, str]:
    headers, _ = await desk.session(user)
    answer = await client.get(path, headers=headers)
    return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("queue", "found"),
    [
        ("", {CALL_ID, BRANCH_CALL}),
        ("600", {CALL_ID, BRANCH_CALL}),
        ("main:600", {CALL_ID}),
        ("branch:600", {BRANCH_CALL}),
        ("branch:601", set()),
    ],
)
async def test_a_queue_of_one_telephone_system_is_not_its_namesake_of_another(
    desk: Desk, client: Client, queue: str, found: set[str]
) -> None:
    await desk.store.save_calls([record(), record(BRANCH_CALL, pbx="branch", uniqueid="7.7")], now=NOW)
    _, text = await page(desk, client, f"/calls?queue={queue}", user="sofia")
    assert {call for call in (CALL_ID, BRANCH_CALL) if call in text} == found


async def test_namesakes_are_told_apart_in_the_list_of_queues(desk: Desk, client: Client) -> None:
    _, one_system = await page(desk, client, "/calls", user="sofia")
    assert '<option value="main:600">Support</option>' in one_system
    status = QueueStatus(pbx="branch", name="600", callers=(), agents={}, talking=0)
    desk.board.apply(QueueChanged(at=None, queue=status))
    _, two_systems = await page(desk, client, "/calls", user="sofia")
    for option in ('<option value="main:600">Support · main<', '<option value="branch:600">Support · branch<'):
        assert option in two_systems


async def test_the_line_that_was_called_is_a_readable_number(desk: Desk, client: Client) -> None:
    await desk.store.save_calls([record()], now=NOW)
    _, text = await page(desk, client, f"/calls/{CALL_ID}")
    assert '<bdi dir="ltr" class="tel">+421 2 555 012 34</bdi>' in text


async def test_a_transfer_names_both_colleagues_and_how_it_ended(desk: Desk, client: Client) -> None:
    transfers = [{"kind": "blind", "by": "PJSIP/1001", "to": "+421905000001", "at": None, "result": "busy"}]
    await desk.store.save_calls([record(transfers=transfers)], now=NOW)
    _, text = await page(desk, client, f"/calls/{CALL_ID}")
    before, _, after = text.partition("+421 905 000 001")
    assert "<bdi>Eva" in before.rpartition("<li>")[2]
    assert "Obsadené" in after.partition("</li>")[0]


async def test_who_claimed_the_call_back_may_open_the_lost_call(desk: Desk, client: Client) -> None:
    lost = record(legs=[], outcome="abandoned")
    await desk.store.save_calls([lost], now=NOW)
    note = LostCall(call_id=CALL_ID, customer_id=None, number="+421905123456", queue="600", at=NOW, owner=None)
    task = await desk.store.note_lost_call(note, now=NOW)
    assert (await page(desk, client, f"/calls/{CALL_ID}"))[0] == 404
    await desk.store.update_task(task.id, TaskInput(claimed_by="eva"), user="eva", now=NOW, version=None)
    assert (await page(desk, client, f"/calls/{CALL_ID}"))[0] == 200


async def test_a_call_that_has_just_begun_can_be_opened(desk: Desk, client: Client) -> None:
    desk.waiting[CALL_ID] = record(state="ringing", ended_at=None, outcome=None)
    assert (await page(desk, client, f"/calls/{CALL_ID}"))[0] == 200
