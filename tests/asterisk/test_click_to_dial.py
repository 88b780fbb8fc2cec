"""Click-to-dial on a real Asterisk: the agent's phone, then the customer's; each ending in a plain sentence; nothing dialled twice."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.asterisk.compare import compare
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.service import NUMBERS, Stand, service_beside
from tests.asterisk.siplog import read_calls
from tests.asterisk.sipp import AgentPhone, TrunkUas
from tests.asterisk.sipp_scenarios import Answering
from tests.asterisk.truth import read_truth
from tests.fakes.cut_proxy import CutProxy

pytestmark = pytest.mark.asterisk

SLOVAK = {"numbers": {"default_region": "SK"}}
TYPED = ("+421905123456", "00421905123456", "0905123456", "112", "101")
#: What each trunk has to be sent for them.
TABLES = {
    "trunk-a": ({"format": "e164"}, ["+421905123456"] * 3 + ["112", "101"]),
    "trunk-b": ({"format": "national"}, ["0905123456"] * 3 + ["112", "101"]),
}


async def _dial(stand: Stand, to: str, **headers: str) -> dict[str, Any]:
    status, answer = await stand.api(
        "agent-1001", "POST", "/calls", json={"to": to}, **({"headers": headers} if headers else {})
    )
    assert status == 202, answer
    return answer


async def _ended(stand: Stand, request_id: str) -> dict[str, Any]:
    """The request's final state, as the API tells it."""
    async with asyncio.timeout(60):
        while True:
            _, request = await stand.api("agent-1001", "GET", f"/calls/requests/{request_id}")
            if request["final"]:
                return request
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("trunk", TABLES)
async def test_each_trunk_gets_the_number_in_its_own_form(tmp_path: Path, trunk: str) -> None:
    dial, expected = TABLES[trunk]
    main = {"dial": dial, "incoming": {"region": "SK"}, "originate_context": f"dial-{trunk}", "extensions": ["101"]}
    async with (
        RealAsterisk() as pbx,
        service_beside(pbx, tmp_path, main=main, **SLOVAK) as stand,
        AgentPhone(pbx, "1001", Answering(after_ms=100)),
        TrunkUas(pbx, trunk, Answering(after_ms=100, talk_ms=300)),
    ):
        for count, typed in enumerate(TYPED, start=1):
            request = await _dial(stand, typed)
            assert (await _ended(stand, request["id"]))["state"] == "answered"
            await stand.settled(count)
        assert [call.dialled for call in read_calls(pbx.log_dir) if call.party == trunk] == expected


@pytest.mark.parametrize(
    ("agent", "customer", "state", "sentence"),
    [
        (Answering(after_ms=300), Answering(after_ms=800, talk_ms=1500), "answered", "The call was answered."),
        (Answering(after_ms=300), Answering(after_ms=300, status=486, ringing=False), "busy", "The number is busy."),
        (Answering(after_ms=300), Answering(after_ms=800, status=480), "no_answer", "Nobody answered."),
        (Answering(after_ms=300), Answering(after_ms=500, status=603), "rejected", "The call was declined."),
        (
            Answering(after_ms=500, status=603),
            Answering(),
            "agent_no_answer",
            "Your phone declined the call; the number was not dialled.",
        ),
        (
            Answering(after_ms=None),
            Answering(),
            "agent_no_answer",
            "You did not pick up your phone; the number was not dialled.",
        ),
    ],
    ids=["answered", "busy", "no-answer", "declined", "agent-declines", "agent-does-not-answer"],
)
async def test_every_end_is_a_plain_sentence(
    tmp_path: Path, agent: Answering, customer: Answering, state: str, sentence: str
) -> None:
    main = {"originate_timeout_s": 3}
    async with RealAsterisk() as pbx, service_beside(pbx, tmp_path, main=main) as stand:
        dana = await stand.customer("Dana", NUMBERS[0])
        eva = await stand.screen("agent-1001")
        async with AgentPhone(pbx, "1001", agent), TrunkUas(pbx, "trunk-a", customer):
            request = await _dial(stand, NUMBERS[0])
            end = await _ended(stand, request["id"])
            (record,) = await stand.settled(1)
        assert (end["state"], end["detail"]) == (state, sentence)
        assert (record["direction"], record["outcome"]) == ("outbound", state)
        assert (record["click_to_dial"], record["customer_id"]) == (request["id"], dana.id)
        assert (record["remote"]["number"], record["legs"][0]["agent"]) == (NUMBERS[0], "agent-1001")
        if state != "agent_no_answer":  # the customer's phone never rang: SIP knows nothing of the number asked for
            assert compare([record], read_truth(pbx.log_dir)) == []
        told = [update["state"] for update in eva.of("request.update")]
        assert told[0] == "dialing"
        assert told[-1] == state
        assert len(eva.of("pop.show")) == 1
        assert eva.cards() == {record["id"]: [dana.id]}


async def test_a_double_click_dials_once_and_a_lost_link_never_again(tmp_path: Path) -> None:
    async with RealAsterisk() as pbx, CutProxy(pbx.ami_host, pbx.ami_port) as link:
        async with service_beside(pbx, tmp_path, port=link.port) as stand:
            async with (
                AgentPhone(pbx, "1001", Answering(after_ms=1500)),
                TrunkUas(pbx, "trunk-a", Answering(talk_ms=500)),
            ):
                first, second = await asyncio.gather(_dial(stand, NUMBERS[0]), _dial(stand, NUMBERS[0]))
                assert first["id"] == second["id"]
                link.cut()
                link.heal()
                async with asyncio.timeout(60):
                    await stand.service.pumps["main"].live.wait()
                (record,) = await stand.settled(1)
            assert record["click_to_dial"] == first["id"]
            _, request = await stand.api("agent-1001", "GET", f"/calls/requests/{first['id']}")
            assert request["state"] in ("answered", "unknown")
        assert link.originates() == 1
        assert len([call for call in read_calls(pbx.log_dir) if call.party == "1001"]) == 1
