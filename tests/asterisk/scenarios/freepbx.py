"""Calls through a dialplan of FreePBX's shape: Local/n members, a second device, prefixes, originate-skipvm."""

import time

from tests.asterisk.plan import DID
from tests.asterisk.scenarios.lab import Lab, scenario
from tests.asterisk.scenarios.outbound import FAR, click
from tests.asterisk.truth import CallTruth

SUPPORT = DID(32)
DIRECT = DID(1)
QUEUE_THEN_GROUP = DID(50)


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
