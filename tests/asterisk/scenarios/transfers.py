"""What colleagues do with a call they have: transfer, hold, park, pick up another one's."""

import asyncio

from tests.asterisk.phone_keys import PhoneKeys
from tests.asterisk.plan import DID, PARK
from tests.asterisk.scenarios.lab import Lab, scenario
from tests.asterisk.scenarios.outbound import FAR
from tests.asterisk.sipp import Caller

DIRECT = DID(1)
SUPPORT = DID(30)
FREEPBX = DID(32)
LINEAR = DID(33)


async def _talking(lab: Lab, did: str = DIRECT, *, hangup_ms: int | None = None) -> tuple[Caller, PhoneKeys]:
    """A caller in talk with Anna (the queue `support` rings her first), and Anna's keys."""
    anna = await lab.phone("1001", after_ms=700)
    caller = lab.caller(did, hangup_ms=hangup_ms)
    await caller.dial()
    await lab.ami.wait_for(b"Event: BridgeEnter")
    await asyncio.sleep(1.5)
    return caller, PhoneKeys(anna)


async def _consult(lab: Lab, target: str, *, rings_only: bool = False) -> Caller:
    """Anna calls a colleague on a second line, until he answers (or rings)."""
    before = lab.ami.count(b"Event: BridgeEnter")
    consultation = lab.caller(target, caller={"source": "1001"})
    await consultation.dial()
    lab.stage.push_async_callback(consultation.stop)
    if rings_only:
        await asyncio.sleep(1.2)
    else:
        await lab.ami.wait_for_more(b"Event: BridgeEnter", before + 2)
        await asyncio.sleep(1)
    return consultation


@scenario("A47")
async def transfer_blind(lab: Lab) -> None:
    """Anna talks 1.5 s and transfers to Cyril, who answers after 1 s; the caller hangs up."""
    await lab.phone("1003", after_ms=1000)
    caller, anna = await _talking(lab, hangup_ms=5500)
    await anna.transfer("1003")
    await caller.finished()


@scenario("A48")
async def transfer_blind_missed(lab: Lab) -> None:
    """Anna transfers to Cyril, who does not answer; the caller gives up after some ringing."""
    await lab.phone("1003", after_ms=None)
    caller, anna = await _talking(lab, hangup_ms=5000)
    await anna.transfer("1003")
    await caller.finished()


@scenario("A49")
async def transfer_blind_rejected(lab: Lab) -> None:
    """Anna transfers to Cyril, who declines."""
    await lab.phone("1003", after_ms=1000, status=603)
    caller, anna = await _talking(lab)
    await anna.transfer("1003")
    await caller.finished()


@scenario("A50")
async def transfer_attended(lab: Lab) -> None:
    """Anna puts the caller on hold, asks Cyril, and joins the two; Cyril hangs up."""
    await lab.phone("1003", after_ms=800, talk_ms=4000)
    caller, anna = await _talking(lab)
    await anna.hold()
    consultation = await _consult(lab, "1003")
    await anna.transfer("1003", consulted=consultation)
    await caller.finished()


@scenario("A52")
async def transfer_blonde(lab: Lab) -> None:
    """Anna calls Cyril and transfers while his phone still rings; he answers then, the caller hangs up."""
    await lab.phone("1003", after_ms=3000)
    caller, anna = await _talking(lab, hangup_ms=8000)
    await anna.hold()
    consultation = await _consult(lab, "1003", rings_only=True)
    await anna.transfer("1003", consulted=consultation)
    await caller.finished()


@scenario("A56")
async def transfer_outside(lab: Lab) -> None:
    """Anna transfers the caller to a mobile, which answers after 1 s; the caller hangs up 2 s later."""
    await lab.operator(after_ms=1000)
    caller, anna = await _talking(lab, hangup_ms=5000)
    await anna.transfer(FAR)
    await caller.finished()


@scenario("A38")
async def queue_transfer_blind(lab: Lab) -> None:
    """A queue call that Anna transfers to Dana, who answers; the caller hangs up."""
    await lab.phone("1004", after_ms=1000)
    caller, anna = await _talking(lab, SUPPORT, hangup_ms=6500)
    await anna.transfer("1004")
    await caller.finished()


@scenario("A39")
async def queue_transfer_attended(lab: Lab) -> None:
    """A queue call: Anna asks Dana and joins her with the caller, who hangs up."""
    await lab.phone("1004", after_ms=800)
    caller, anna = await _talking(lab, SUPPORT, hangup_ms=8500)
    await anna.hold()
    consultation = await _consult(lab, "1004")
    await anna.transfer("1004", consulted=consultation)
    await caller.finished()


@scenario("A41", shape="freepbx")
async def freepbx_transfer_blind(lab: Lab) -> None:
    """A queue call to Local/1001@from-queue/n that Anna transfers to Cyril: the queue does not notice."""
    for endpoint in ("991001", "1002", "991002"):
        await lab.phone(endpoint, after_ms=None)
    await lab.phone("1003", after_ms=1000)
    caller, anna = await _talking(lab, FREEPBX, hangup_ms=6500)
    await anna.transfer("1003")
    await caller.finished()


@scenario("A62")
async def hold_and_resume(lab: Lab) -> None:
    """Anna holds for 2 s, talks, holds for 1 s, talks; the caller hangs up."""
    caller, anna = await _talking(lab, hangup_ms=7500)
    for seconds in (2, 1):
        await anna.hold()
        await asyncio.sleep(seconds)
        await anna.resume()
        await asyncio.sleep(0.7)
    await caller.finished()


@scenario("A59")
async def parked_retrieved(lab: Lab) -> None:
    """Anna parks the caller, Boris takes the call back 2 s later from the park and hangs up after 2 s."""
    caller, anna = await _talking(lab)
    await anna.transfer(PARK)
    await lab.ami.wait_for(b"Event: ParkedCall\r\n")
    await asyncio.sleep(2)
    await lab.dial("1002", "701", hangup_ms=2000)
    await caller.finished()


@scenario("A60")
async def parked_comes_back(lab: Lab) -> None:
    """Anna parks the caller and nobody takes the call: after 5 s her phone rings again; she talks, the caller hangs up."""
    caller, anna = await _talking(lab, hangup_ms=11_000)
    await anna.transfer(PARK)
    await caller.finished()


@scenario("A61")
async def parked_gives_up(lab: Lab) -> None:
    """Anna parks the caller, who hangs up 2 s later."""
    caller, anna = await _talking(lab, hangup_ms=4000)
    await anna.transfer(PARK)
    await caller.finished()


@scenario("A57")
async def pickup_group(lab: Lab) -> None:
    """Anna's phone rings, Boris takes the call with *8 and hangs up after 2 s."""
    await lab.phone("1001", after_ms=None)
    caller = lab.caller(DIRECT)
    await caller.dial()
    await asyncio.sleep(1.5)
    await lab.dial("1002", "*8", hangup_ms=2000)
    await caller.finished()


@scenario("A58")
async def pickup_directed(lab: Lab) -> None:
    """Anna's phone rings, Boris takes the call with *81001; the caller hangs up after 2 s."""
    await lab.phone("1001", after_ms=None)
    caller = lab.caller(DIRECT, hangup_ms=2000)
    await caller.dial()
    await asyncio.sleep(1.5)
    await lab.dial("1002", "*81001")
    await caller.finished()


@scenario("A46")
async def queue_pickup(lab: Lab) -> None:
    """Emil's phone rings for the queue, Boris takes the call with *8 and hangs up after 2 s."""
    await lab.phone("1005", after_ms=None)
    caller = lab.caller(LINEAR)
    await caller.dial()
    await lab.ami.wait_for(b"Event: AgentCalled")
    await asyncio.sleep(1)
    await lab.dial("1002", "*8", hangup_ms=2000)
    await caller.finished()


@scenario("A64")
async def spied_on(lab: Lab) -> None:
    """A supervisor listens in on Anna's call."""
    await lab.phone("1009", after_ms=300)
    caller, _ = await _talking(lab, hangup_ms=5500)
    spying = {"Application": "ChanSpy", "Data": "PJSIP/1001,qE", "CallerID": "Listening <*222>", "Async": "true"}
    await lab.ami.action("Originate", Channel="PJSIP/1009", ChannelId="cti-spy-0001", Timeout="5000", **spying)
    await caller.finished()


@scenario("A01")
async def hung_up_by_page(lab: Lab) -> None:
    """The service hangs the caller's channel up over AMI."""
    caller, _ = await _talking(lab)
    channel = lab.ami.value("Channel: PJSIP/trunk-a")
    await lab.ami.action("Hangup", Channel=channel, Cause="16")
    await caller.finished()
