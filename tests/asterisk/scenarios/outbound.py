"""Calls to the outside: dialled on the phone, and by click (Originate over AMI)."""

from typing import Any

from tests.asterisk.scenarios.lab import Lab, scenario

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
