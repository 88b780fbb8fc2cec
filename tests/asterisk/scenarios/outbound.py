"""Calls to the outside: dialled on the phone, and by click (Originate over AMI)."""

import asyncio
from typing import Any

from tests.asterisk.phone_keys import PhoneKeys
from tests.asterisk.scenarios.lab import Lab, scenario
from tests.asterisk.scenarios.talking import consult

FAR = "+447700900155"


async def click(lab: Lab, extension: str = "1001", **changes: Any) -> bytes:
    """Originate as the service does: the agent's phone first, an id of our own, the far end's number on the display."""
    headers = {
        "Channel": f"PJSIP/{extension}",
        "Context": "from-internal",
        "Exten": FAR,
        "Priority": "1",
        "Timeout": "4000",
        "CallerID": f"<{FAR}>",
        "ChannelId": "cti-c2d-0001",
        "Async": "true",
    }
    return await lab.ami.action("Originate", **(headers | changes))


@scenario("A65")
async def outbound_answered(lab: Lab) -> None:
    """Anna dials, the far end rings 1.5 s, they talk 2 s and Anna hangs up."""
    await lab.operator(after_ms=1500)
    await lab.dial("1001", FAR, hangup_ms=2000)


@scenario("A65")
async def outbound_far_end_hangs_up(lab: Lab) -> None:
    """Anna dials, the far end talks 2 s and hangs up."""
    await lab.operator(after_ms=1000, talk_ms=2000)
    await lab.dial("1001", FAR)


@scenario("A66")
async def outbound_busy(lab: Lab) -> None:
    """The far end is busy."""
    await lab.operator(after_ms=300, status=486, ringing=False)
    await lab.dial("1001", FAR)


@scenario("A66")
async def outbound_no_answer(lab: Lab) -> None:
    """The operator gives up after 3 s of ringing (480)."""
    await lab.operator(after_ms=3000, status=480)
    await lab.dial("1001", FAR)


@scenario("A66")
async def outbound_cancelled(lab: Lab) -> None:
    """Anna gives up after 2.5 s of ringing."""
    await lab.operator(after_ms=None)
    await lab.dial("1001", FAR, cancel_ms=2500)


@scenario("A66")
async def outbound_invalid(lab: Lab) -> None:
    """The number does not exist (404)."""
    await lab.operator(after_ms=200, status=404, ringing=False)
    await lab.dial("1001", FAR)


@scenario("A66")
async def outbound_rejected(lab: Lab) -> None:
    """The far end declines (603)."""
    await lab.operator(after_ms=1200, status=603)
    await lab.dial("1001", FAR)


@scenario("A67")
async def outbound_announcement_only(lab: Lab) -> None:
    """The operator plays an announcement before answering (183), then gives up."""
    await lab.operator(after_ms=2000, status=480, progress=True)
    await lab.dial("1001", FAR)


@scenario("A68")
async def click_answered(lab: Lab) -> None:
    """Anna's phone rings and she picks up, the far end answers after 1 s and hangs up after 2 s."""
    await lab.phone("1001", after_ms=1000)
    await lab.operator(after_ms=1000, talk_ms=2000)
    await click(lab)
    await lab.ami.wait_for(b"Event: BridgeDestroy")


@scenario("A69")
async def click_agent_does_not_answer(lab: Lab) -> None:
    """Anna does not pick up in 4 s."""
    await lab.phone("1001", after_ms=None)
    await click(lab)
    await lab.ami.wait_for(b"Event: OriginateResponse")


@scenario("A69")
async def click_agent_declines(lab: Lab) -> None:
    """Anna declines her own click-to-dial call."""
    await lab.phone("1001", after_ms=1000, status=603)
    await click(lab)
    await lab.ami.wait_for(b"Event: OriginateResponse")


@scenario("A70")
async def click_far_end_busy(lab: Lab) -> None:
    """Anna picks up, the far end is busy."""
    await lab.phone("1001", after_ms=800)
    await lab.operator(after_ms=300, status=486, ringing=False)
    await click(lab)
    await lab.ami.wait_for(b"Event: Hangup")


@scenario("A71")
async def click_refused(lab: Lab) -> None:
    """Asterisk refuses at once: the number leads nowhere in the dialplan."""
    await click(lab, Exten="nowhere")


@scenario("A72")
async def click_twice(lab: Lab) -> None:
    """The same click-to-dial is asked for twice: the PBX refuses the second, whose id is in use."""
    await lab.phone("1001", after_ms=1000)
    await lab.operator(after_ms=1000, talk_ms=1500)
    await click(lab)
    await click(lab)
    await lab.ami.wait_for(b"Event: BridgeDestroy")


@scenario("A68")
async def click_local(lab: Lab) -> None:
    """Click-to-dial through Local/1001@originate-skipvm: the pair of channels is optimised away."""
    await lab.phone("1001", after_ms=1000, media=True)
    await lab.operator(after_ms=1000, talk_ms=2500, media=True)
    await click(lab, Channel="Local/1001@originate-skipvm")
    await lab.ami.wait_for(b"Event: BridgeDestroy")


@scenario("A68")
async def click_local_kept(lab: Lab) -> None:
    """Click-to-dial through Local/1001@originate-skipvm/n: the pair stays; Anna hangs up."""
    await lab.phone("1001", after_ms=1000, talk_ms=4000, media=True)
    await lab.operator(after_ms=1000, media=True)
    await click(lab, Channel="Local/1001@originate-skipvm/n")
    await lab.ami.wait_for(b"Event: BridgeDestroy")


@scenario("A74")
async def click_transfer_attended(lab: Lab) -> None:
    """Click-to-dial; Anna asks Cyril and joins him with the customer, who hangs up."""
    anna = await lab.phone("1001", after_ms=700)
    await lab.phone("1003", after_ms=800)
    await lab.operator(after_ms=800, talk_ms=8000)
    await click(lab)
    await lab.ami.wait_for_more(b"Event: BridgeEnter", 2)
    await asyncio.sleep(1.5)
    keys = PhoneKeys(anna)
    await keys.hold()
    consultation = await consult(lab, "1003")
    await keys.transfer("1003", consulted=consultation)
    await lab.ami.wait_for_more(b"Event: BridgeDestroy", 2)


@scenario("A65", "A47")
async def outbound_transfer_blind(lab: Lab) -> None:
    """Anna calls a customer and transfers to Cyril, who answers and hangs up after 2 s."""
    await lab.phone("1003", after_ms=800, talk_ms=2000)
    await lab.operator(after_ms=800)
    call = lab.caller(FAR, caller={"source": "1001"})
    await call.dial()
    lab.stage.push_async_callback(call.stop)
    await lab.ami.wait_for_more(b"Event: BridgeEnter", 2)
    await asyncio.sleep(1.5)
    await PhoneKeys(call).transfer("1003")
    await lab.ami.wait_for_more(b"Event: BridgeDestroy", 2)


@scenario("A65", "A50")
async def outbound_transfer_attended(lab: Lab) -> None:
    """Anna calls a customer, asks Cyril and joins the two; the customer hangs up."""
    await lab.phone("1003", after_ms=800)
    await lab.operator(after_ms=800, talk_ms=7000)
    call = lab.caller(FAR, caller={"source": "1001"})
    await call.dial()
    lab.stage.push_async_callback(call.stop)
    await lab.ami.wait_for_more(b"Event: BridgeEnter", 2)
    await asyncio.sleep(1.5)
    anna = PhoneKeys(call)
    await anna.hold()
    consultation = await consult(lab, "1003")
    await anna.transfer("1003", consulted=consultation)
    await lab.ami.wait_for_more(b"Event: BridgeDestroy", 2)


@scenario("A08", "A66")
async def outbound_trunk_down(lab: Lab) -> None:
    """The operator has no free line (503)."""
    await lab.operator(after_ms=200, status=503, ringing=False)
    await lab.dial("1001", FAR)


@scenario("A08", "A66")
async def outbound_codec_refused(lab: Lab) -> None:
    """The operator takes none of the offered codecs (488)."""
    await lab.operator(after_ms=200, status=488, ringing=False)
    await lab.dial("1001", FAR)


@scenario("A77")
async def outbound_emergency(lab: Lab) -> None:
    """Anna dials 112; the far end answers at once, Anna hangs up."""
    await lab.operator(after_ms=300)
    await lab.dial("1001", "112", hangup_ms=2000)


@scenario("A73")
async def click_link_lost(lab: Lab) -> None:
    """The link breaks right after Originate was sent, both phones are picked up meanwhile; the link comes back, then the end."""
    await lab.phone("1001", after_ms=700)
    await lab.operator(after_ms=700, talk_ms=6000)
    asking = asyncio.create_task(click(lab))
    await asyncio.sleep(0)
    await lab.ami.disconnect()
    asking.cancel()
    await asyncio.sleep(4)
    await lab.ami.connect()
    await lab.ami.lists()
    await lab.ami.wait_for(b"Event: BridgeDestroy")
