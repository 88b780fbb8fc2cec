"""Calls through a dialplan of FreePBX's shape: Local/n members, a second device, prefixes, originate-skipvm."""

import asyncio
import time

from tests.asterisk.phone_keys import PhoneKeys
from tests.asterisk.plan import DID, MOBILE
from tests.asterisk.scenarios.lab import Lab, scenario
from tests.asterisk.scenarios.outbound import FAR, click
from tests.asterisk.scenarios.talking import consult, talking
from tests.asterisk.truth import CallTruth

SUPPORT = DID(32)
DIRECT = DID(1)
QUEUE_THEN_GROUP = DID(50)
GROUP = DID(51)
FOLLOW_ME = DID(65)
FORWARDED = DID(66)
SUPPORT_FORWARDED = DID(67)


@scenario("A21", "A25", shape="freepbx")
async def freepbx_queue_twin_answers(lab: Lab) -> None:
    """Two agents ring, Anna on both devices; she answers on the soft phone, the caller hangs up after 3 s."""
    await lab.phone("1001", after_ms=None)
    await lab.phone("991001", after_ms=1200, media=True)
    await lab.phone("1002", after_ms=None)
    await lab.phone("991002", after_ms=None)
    await lab.call(SUPPORT, hangup_ms=4500, media=True)


@scenario("A25", "A34", shape="freepbx")
async def freepbx_queue_agent_on_dnd(lab: Lab) -> None:
    """Anna has do-not-disturb on and is not rung; Boris answers on the desk phone and hangs up."""
    await lab.pbx.cli("devstate change Custom:DND1001 BUSY")
    await lab.phone("1002", after_ms=1000, talk_ms=2000)
    await lab.phone("991002", after_ms=None)
    await lab.call(SUPPORT)


@scenario("A25", "A27", shape="freepbx")
async def freepbx_queue_abandoned(lab: Lab) -> None:
    """All four devices ring, the caller gives up after 2.5 s."""
    for endpoint in ("1001", "991001", "1002", "991002"):
        await lab.phone(endpoint, after_ms=None)
    await lab.call(SUPPORT, hangup_ms=3000)


@scenario("A28", "A18", shape="freepbx", user="filtered")
async def freepbx_queue_timeout_group(lab: Lab) -> None:
    """Gita does not answer in 3 s; the ring group behind the queue does."""
    await lab.phone("1007", after_ms=None)
    await lab.phone("1001", after_ms=None)
    await lab.phone("991001", after_ms=None)
    await lab.phone("1002", after_ms=1000, talk_ms=2000)
    await lab.phone("991002", after_ms=None)
    await lab.call(QUEUE_THEN_GROUP)


@scenario("A02", "A21", shape="freepbx")
async def freepbx_direct(lab: Lab) -> None:
    """A direct call rings Anna's two devices, she answers on the desk phone."""
    await lab.phone("1001", after_ms=1000)
    await lab.phone("991001", after_ms=None)
    await lab.call(DIRECT, hangup_ms=2000)


@scenario("A65", shape="freepbx")
async def freepbx_outbound(lab: Lab) -> None:
    """Anna dials on her soft phone, the far end answers after 1 s; the company's number goes out."""
    await lab.operator(after_ms=1000)
    await lab.dial("991001", FAR, hangup_ms=2000)


@scenario("A68", shape="freepbx")
async def freepbx_click_answered(lab: Lab) -> None:
    """Click-to-dial by originate-skipvm: both devices ring, the desk phone answers; the Local pair is optimised away."""
    await lab.phone("1001", after_ms=1000, media=True)
    await lab.phone("991001", after_ms=None)
    await lab.operator(after_ms=1000, talk_ms=2500, media=True)
    await click(lab, Channel="Local/1001@originate-skipvm")
    await lab.ami.wait_for(b"Event: OriginateResponse")
    await lab.ami.wait_for(b"Event: BridgeDestroy")


@scenario("A69", shape="freepbx")
async def freepbx_click_on_dnd(lab: Lab) -> None:
    """Click-to-dial of an agent who has do-not-disturb on."""
    await lab.pbx.cli("devstate change Custom:DND1001 BUSY")
    lab.unseen.append(_never_rang("1001", time.time()))
    await click(lab, Channel="Local/1001@originate-skipvm")
    await lab.ami.wait_for(b"Event: OriginateResponse")


@scenario("A05", shape="freepbx")
async def freepbx_direct_on_dnd(lab: Lab) -> None:
    """A direct call to Anna, who has do-not-disturb on: no phone rings, the caller hears busy."""
    await lab.pbx.cli("devstate change Custom:DND1001 BUSY")
    await lab.call(DIRECT)


@scenario("A18", "A25", shape="freepbx")
async def freepbx_ring_group(lab: Lab) -> None:
    """A ring group of two colleagues with two devices each; Boris answers on the soft phone, the caller hangs up."""
    for endpoint in ("1001", "991001", "1002"):
        await lab.phone(endpoint, after_ms=None)
    await lab.phone("991002", after_ms=1000)
    await lab.call(GROUP, hangup_ms=2000)


@scenario("A17", "A15", shape="freepbx")
async def freepbx_follow_me_refused(lab: Lab) -> None:
    """Cyril's phone and mobile ring; the mobile is picked up and 2 is pressed; he answers on the phone then."""
    await lab.phone("1003", after_ms=4000, talk_ms=2000)
    mobile = await lab.operator(after_ms=800)
    caller = lab.caller(FOLLOW_ME)
    await caller.dial()
    await lab.ami.wait_for(f"DialString: {MOBILE}".encode())
    await asyncio.sleep(2)
    await PhoneKeys(mobile).press("2")
    await caller.finished()


@scenario("A17", "A15", shape="freepbx")
async def freepbx_follow_me_accepted(lab: Lab) -> None:
    """Cyril's phone and mobile ring; the mobile is picked up and 1 is pressed; the caller hangs up."""
    await lab.phone("1003", after_ms=None)
    mobile = await lab.operator(after_ms=800, media=True)
    caller = lab.caller(FOLLOW_ME, hangup_ms=2500, media=True)
    await caller.dial()
    await lab.ami.wait_for(f"DialString: {MOBILE}".encode())
    await asyncio.sleep(2)
    await PhoneKeys(mobile).press("1")
    await caller.finished()


@scenario("A13", shape="freepbx")
async def freepbx_forwarded(lab: Lab) -> None:
    """Dana has forwarding to Cyril set in the PBX: her phone does not ring, he answers; the caller hangs up."""
    await lab.pbx.cli("database put CF 1004 1003")
    await lab.phone("1003", after_ms=1000)
    await lab.call(FORWARDED, hangup_ms=2000)


@scenario("A15", "A25", shape="freepbx")
async def freepbx_queue_forwarded_mobile(lab: Lab) -> None:
    """Anna has forwarding to her mobile set in the PBX; the queue calls her and the mobile answers; the caller hangs up."""
    await lab.pbx.cli(f"database put CF 1001 {MOBILE}")
    await lab.phone("1002", after_ms=None)
    await lab.phone("991002", after_ms=None)
    await lab.operator(after_ms=1000)
    await lab.call(SUPPORT_FORWARDED, hangup_ms=4000)


@scenario("A50", "A21", shape="freepbx")
async def freepbx_twin_transfer_attended(lab: Lab) -> None:
    """Anna answers on the soft phone, asks Cyril from it and joins him with the caller, who hangs up."""
    await lab.phone("1001", after_ms=None)
    anna = await lab.phone("991001", after_ms=700)
    await lab.phone("1003", after_ms=800)
    caller = lab.caller(DIRECT, hangup_ms=8000)
    await caller.dial()
    await lab.ami.wait_for(b"Event: BridgeEnter")
    await asyncio.sleep(1.5)
    keys = PhoneKeys(anna)
    await keys.hold()
    consultation = await consult(lab, "1003", extension="991001")
    await keys.transfer("1003", consulted=consultation)
    await caller.finished()


@scenario("A40", shape="freepbx")
async def freepbx_transfer_to_queue(lab: Lab) -> None:
    """A direct call that Anna transfers into queue 600, where Boris answers; the caller hangs up."""
    await lab.phone("991001", after_ms=None)
    await lab.phone("1002", after_ms=1000)
    await lab.phone("991002", after_ms=None)
    caller, anna = await talking(lab, DIRECT, hangup_ms=8000)
    await anna.transfer("600")
    await caller.finished()


@scenario("A47", shape="freepbx")
async def freepbx_transfer_to_group(lab: Lab) -> None:
    """A direct call that Anna transfers to the ring group, where Boris answers on the desk phone and hangs up."""
    await lab.phone("991001", after_ms=None)
    await lab.phone("1002", after_ms=300, talk_ms=2000)
    await lab.phone("991002", after_ms=None)
    caller, anna = await talking(lab, DIRECT)
    await anna.transfer("601")
    await caller.finished()


@scenario("A74", shape="freepbx")
async def freepbx_click_transfer(lab: Lab) -> None:
    """Click-to-dial by originate-skipvm; Anna transfers the customer to Cyril, who hangs up after 2 s."""
    anna = await lab.phone("1001", after_ms=700, media=True)
    await lab.phone("991001", after_ms=None)
    await lab.phone("1003", after_ms=800, talk_ms=2000, media=True)
    await lab.operator(after_ms=800, media=True)
    await click(lab, Channel="Local/1001@originate-skipvm")
    await lab.ami.wait_for_more(b"Event: BridgeEnter", 2)
    await asyncio.sleep(2)
    await PhoneKeys(anna).transfer("1003")
    await lab.ami.wait_for(b"Event: BlindTransfer")
    before = lab.ami.count(b"Event: BridgeDestroy")
    await lab.ami.wait_for_more(b"Event: BridgeDestroy", before + 1)


def _never_rang(extension: str, asked_at: float) -> CallTruth:
    """A click-to-dial that did not get as far as the colleague's phone."""
    return CallTruth(
        call_id="",
        direction="outbound",
        number=FAR,
        name=None,
        dialled=FAR,
        queue=None,
        extension=extension,
        offers=(),
        started_at=asked_at,
        answered_at=None,
        ended_at=asked_at,
        wait_s=None,
        talk_s=0.0,
        outcome="agent_no_answer",
        ended_by="system",
    )
