"""Transfers by REFER: blind, after a consultation, and while the consultation still rings."""

import asyncio

from tests.asterisk.phone_keys import PhoneKeys
from tests.asterisk.plan import DID, NOWHERE
from tests.asterisk.scenarios.inbound import WITHHELD
from tests.asterisk.scenarios.lab import Lab, scenario
from tests.asterisk.scenarios.outbound import FAR
from tests.asterisk.scenarios.talking import consult, talking

SUPPORT = DID(30)
FREEPBX = DID(32)


@scenario("A47")
async def transfer_blind(lab: Lab) -> None:
    """Anna talks 1.5 s and transfers to Cyril, who answers after 1 s; the caller hangs up."""
    await lab.phone("1003", after_ms=1000)
    caller, anna = await talking(lab, hangup_ms=5500)
    await anna.transfer("1003")
    await caller.finished()


@scenario("A48")
async def transfer_blind_missed(lab: Lab) -> None:
    """Anna transfers to Cyril, who does not answer; the caller gives up after some ringing."""
    await lab.phone("1003", after_ms=None)
    caller, anna = await talking(lab, hangup_ms=5000)
    await anna.transfer("1003")
    await caller.finished()


@scenario("A49")
async def transfer_blind_rejected(lab: Lab) -> None:
    """Anna transfers to Cyril, who declines."""
    await lab.phone("1003", after_ms=1000, status=603)
    caller, anna = await talking(lab)
    await anna.transfer("1003")
    await caller.finished()


@scenario("A50")
async def transfer_attended(lab: Lab) -> None:
    """Anna puts the caller on hold, asks Cyril, and joins the two; Cyril hangs up."""
    await lab.phone("1003", after_ms=800, talk_ms=4000)
    caller, anna = await talking(lab)
    await anna.hold()
    consultation = await consult(lab, "1003")
    await anna.transfer("1003", consulted=consultation)
    await caller.finished()


@scenario("A52")
async def transfer_blonde(lab: Lab) -> None:
    """Anna calls Cyril and transfers while his phone still rings; he answers then, the caller hangs up."""
    await lab.phone("1003", after_ms=3000)
    caller, anna = await talking(lab, hangup_ms=8000)
    await anna.hold()
    consultation = await consult(lab, "1003", rings_only=True)
    await anna.transfer("1003", consulted=consultation)
    await caller.finished()


@scenario("A56")
async def transfer_outside(lab: Lab) -> None:
    """Anna transfers the caller to a mobile, which answers after 1 s; the caller hangs up 2 s later."""
    await lab.operator(after_ms=1000)
    caller, anna = await talking(lab, hangup_ms=5000)
    await anna.transfer(FAR)
    await caller.finished()


@scenario("A38")
async def queue_transfer_blind(lab: Lab) -> None:
    """A queue call that Anna transfers to Dana, who answers; the caller hangs up."""
    await lab.phone("1004", after_ms=1000)
    caller, anna = await talking(lab, SUPPORT, hangup_ms=6500)
    await anna.transfer("1004")
    await caller.finished()


@scenario("A39")
async def queue_transfer_attended(lab: Lab) -> None:
    """A queue call: Anna asks Dana and joins her with the caller, who hangs up."""
    await lab.phone("1004", after_ms=800)
    caller, anna = await talking(lab, SUPPORT, hangup_ms=8500)
    await anna.hold()
    consultation = await consult(lab, "1004")
    await anna.transfer("1004", consulted=consultation)
    await caller.finished()


@scenario("A41", shape="freepbx")
async def freepbx_transfer_blind(lab: Lab) -> None:
    """A queue call to Local/1001@from-queue/n that Anna transfers to Cyril: the queue does not notice."""
    for endpoint in ("991001", "1002", "991002"):
        await lab.phone(endpoint, after_ms=None)
    await lab.phone("1003", after_ms=1000)
    caller, anna = await talking(lab, FREEPBX, hangup_ms=6500)
    await anna.transfer("1003")
    await caller.finished()


@scenario("A48")
async def transfer_blind_rings_out(lab: Lab) -> None:
    """Anna transfers to Cyril's short ring, nobody answers in 3 s and the caller hears busy."""
    await lab.phone("1003", after_ms=None)
    caller, anna = await talking(lab)
    await anna.transfer("611")
    await caller.finished()


@scenario("A49")
async def transfer_blind_busy(lab: Lab) -> None:
    """Anna transfers to Cyril, whose phone says busy at once."""
    await lab.phone("1003", after_ms=0, status=486, ringing=False)
    caller, anna = await talking(lab)
    await anna.transfer("1003")
    await caller.finished()


@scenario("A49")
async def transfer_blind_group(lab: Lab) -> None:
    """Anna transfers to a group of two: Dana answers, Cyril's phone stops ringing; the caller hangs up."""
    await lab.phone("1003", after_ms=None)
    await lab.phone("1004", after_ms=1000)
    caller, anna = await talking(lab, hangup_ms=5500)
    await anna.transfer("610")
    await caller.finished()


@scenario("A47")
async def transfer_blind_twice(lab: Lab) -> None:
    """Anna transfers to Cyril, Cyril transfers on to Dana; the caller hangs up."""
    cyril = await lab.phone("1003", after_ms=800)
    await lab.phone("1004", after_ms=800)
    caller, anna = await talking(lab, hangup_ms=8000)
    bridged = lab.ami.count(b"Event: BridgeEnter")
    await anna.transfer("1003")
    await lab.ami.wait_for_more(b"Event: BridgeEnter", bridged + 2)
    await asyncio.sleep(1.5)
    await PhoneKeys(cyril).transfer("1004")
    await caller.finished()


@scenario("A47", "A50")
async def transfer_attended_then_blind(lab: Lab) -> None:
    """Anna asks Cyril and joins him with the caller; Cyril transfers on to Dana, who hangs up."""
    cyril = await lab.phone("1003", after_ms=800)
    await lab.phone("1004", after_ms=800, talk_ms=1500)
    caller, anna = await talking(lab)
    await anna.hold()
    consultation = await consult(lab, "1003")
    await anna.transfer("1003", consulted=consultation)
    await asyncio.sleep(1.5)
    await PhoneKeys(cyril).transfer("1004")
    await caller.finished()


@scenario("A51")
async def transfer_attended_withheld(lab: Lab) -> None:
    """A caller without a number: Anna asks Cyril and joins the two; the caller hangs up."""
    await lab.phone("1003", after_ms=800)
    caller, anna = await talking(lab, caller=WITHHELD, hangup_ms=7500)
    await anna.hold()
    consultation = await consult(lab, "1003")
    await anna.transfer("1003", consulted=consultation)
    await caller.finished()


@scenario("A53")
async def transfer_blonde_rejected(lab: Lab) -> None:
    """Anna transfers while Cyril's phone rings, and Cyril declines: the caller hears busy."""
    await lab.phone("1003", after_ms=3000, status=603)
    caller, anna = await talking(lab)
    await anna.hold()
    consultation = await consult(lab, "1003", rings_only=True)
    await anna.transfer("1003", consulted=consultation)
    await caller.finished()


@scenario("A53")
async def transfer_blonde_given_up(lab: Lab) -> None:
    """Anna transfers while Cyril's phone rings, and the caller hangs up before he answers."""
    await lab.phone("1003", after_ms=None)
    caller, anna = await talking(lab, hangup_ms=5500)
    await anna.hold()
    consultation = await consult(lab, "1003", rings_only=True)
    await anna.transfer("1003", consulted=consultation)
    await caller.finished()


@scenario("A55")
async def transfer_refused(lab: Lab) -> None:
    """Anna transfers to a number that does not exist: Asterisk refuses and the two talk on; Anna hangs up."""
    caller, anna = await talking(lab)
    await anna.transfer(NOWHERE, leave=False)
    await asyncio.sleep(1.5)
    await anna.hang_up()
    await caller.finished()


@scenario("A50", "A55")
async def consultation_given_up(lab: Lab) -> None:
    """Anna asks Cyril, who hangs up; she goes back to the caller, who hangs up: two records."""
    await lab.phone("1003", after_ms=800, talk_ms=1500)
    caller, anna = await talking(lab, hangup_ms=8000)
    await anna.hold()
    consultation = await consult(lab, "1003")
    await consultation.finished()
    await asyncio.sleep(0.5)
    await anna.resume()
    await caller.finished()


@scenario("A55")
async def consultation_unanswered(lab: Lab) -> None:
    """Anna asks Cyril, who does not answer; she gives up, goes back to the caller and hangs up."""
    await lab.phone("1003", after_ms=None)
    caller, anna = await talking(lab)
    await anna.hold()
    await lab.dial("1001", "1003", cancel_ms=1500)
    await asyncio.sleep(0.5)
    await anna.resume()
    await asyncio.sleep(1)
    await anna.hang_up()
    await caller.finished()


@scenario("A50", "A56")
async def transfer_attended_outside(lab: Lab) -> None:
    """Anna asks a mobile outside and joins it with the caller, who hangs up."""
    await lab.operator(after_ms=800)
    caller, anna = await talking(lab, hangup_ms=7500)
    await anna.hold()
    consultation = await consult(lab, FAR)
    await anna.transfer(FAR, consulted=consultation)
    await caller.finished()


@scenario("A40")
async def queue_transfer_queue_blind(lab: Lab) -> None:
    """A queue call that Anna transfers into another queue, where Emil answers; the caller hangs up."""
    await lab.phone("1005", after_ms=1000)
    caller, anna = await talking(lab, SUPPORT, hangup_ms=8000)
    await anna.transfer("633")
    await caller.finished()


@scenario("A40")
async def queue_transfer_queue_given_up(lab: Lab) -> None:
    """A queue call that Anna transfers into another queue; the caller hangs up while Emil's phone rings there."""
    await lab.phone("1005", after_ms=None)
    caller, anna = await talking(lab, SUPPORT, hangup_ms=5500)
    await anna.transfer("633")
    await caller.finished()


@scenario("A40")
async def queue_transfer_queue_attended(lab: Lab) -> None:
    """A queue call: Anna calls another queue, Emil answers her, she joins him with the caller; Emil hangs up."""
    await lab.phone("1005", after_ms=800, talk_ms=4000)
    caller, anna = await talking(lab, SUPPORT)
    await anna.hold()
    consultation = await consult(lab, "633")
    await anna.transfer("633", consulted=consultation)
    await caller.finished()


@scenario("A40", "A52")
async def queue_transfer_queue_blonde(lab: Lab) -> None:
    """As the attended one, but Anna leaves while Emil's phone still rings: the caller takes her place in the queue."""
    await lab.phone("1005", after_ms=2500)
    caller, anna = await talking(lab, SUPPORT, hangup_ms=10_000)
    await anna.hold()
    consultation = await consult(lab, "633", rings_only=True)
    await anna.transfer("633", consulted=consultation)
    await caller.finished()


@scenario("A41", "A39", shape="freepbx")
async def freepbx_transfer_attended(lab: Lab) -> None:
    """A queue call to Local/1001@from-queue/n: Anna asks Cyril and joins him with the caller, who hangs up."""
    for endpoint in ("991001", "1002", "991002"):
        await lab.phone(endpoint, after_ms=None)
    await lab.phone("1003", after_ms=800)
    caller, anna = await talking(lab, FREEPBX, hangup_ms=9000)
    await anna.hold()
    consultation = await consult(lab, "1003")
    await anna.transfer("1003", consulted=consultation)
    await caller.finished()


@scenario("A41", "A38")
async def queue_local_transfer_blind(lab: Lab) -> None:
    """A queue of Local members with /n: Anna transfers to Cyril, who answers; the caller hangs up."""
    await lab.phone("1002", after_ms=None)
    await lab.phone("1003", after_ms=800)
    caller, anna = await talking(lab, FREEPBX, hangup_ms=6500)
    await anna.transfer("1003")
    await caller.finished()


@scenario("A41", "A39")
async def queue_local_transfer_attended(lab: Lab) -> None:
    """A queue of Local members with /n: Anna asks Cyril and joins him with the caller; Cyril hangs up."""
    await lab.phone("1002", after_ms=None)
    await lab.phone("1003", after_ms=800, talk_ms=4000)
    caller, anna = await talking(lab, FREEPBX)
    await anna.hold()
    consultation = await consult(lab, "1003")
    await anna.transfer("1003", consulted=consultation)
    await caller.finished()
