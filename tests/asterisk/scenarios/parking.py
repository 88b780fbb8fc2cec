"""Holding, parking, and picking up another one's call."""

import asyncio

from tests.asterisk.phone_keys import PhoneKeys
from tests.asterisk.plan import DID, PARK
from tests.asterisk.scenarios.lab import Lab, scenario
from tests.asterisk.scenarios.talking import DIRECT, anna_channel, caller_channel, consult, talking

SUPPORT = DID(30)
LINEAR = DID(33)
LOCAL = DID(36)
FREEPBX = DID(32)
GROUP = DID(20)


@scenario("A62")
async def hold_and_resume(lab: Lab) -> None:
    """Anna holds for 2 s, talks, holds for 1 s, talks; the caller hangs up."""
    caller, anna = await talking(lab, hangup_ms=7500)
    for seconds in (2, 1):
        await anna.hold()
        await asyncio.sleep(seconds)
        await anna.resume()
        await asyncio.sleep(0.7)
    await caller.finished()


@scenario("A59")
async def parked_retrieved(lab: Lab) -> None:
    """Anna parks the caller, Boris takes the call back 2 s later from the park and hangs up after 2 s."""
    caller, anna = await talking(lab)
    await anna.transfer(PARK)
    await lab.ami.wait_for(b"Event: ParkedCall\r\n")
    await asyncio.sleep(2)
    await lab.dial("1002", "701", hangup_ms=2000)
    await caller.finished()


@scenario("A60")
async def parked_comes_back(lab: Lab) -> None:
    """Anna parks the caller and nobody takes the call: after 5 s her phone rings again; she talks, the caller hangs up."""
    caller, anna = await talking(lab, hangup_ms=11_000)
    await anna.transfer(PARK)
    await caller.finished()


@scenario("A61")
async def parked_gives_up(lab: Lab) -> None:
    """Anna parks the caller, who hangs up 2 s later."""
    caller, anna = await talking(lab, hangup_ms=4000)
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


@scenario("A62")
async def hold_twice(lab: Lab) -> None:
    """Anna presses hold twice and resume once; the caller hangs up."""
    caller, anna = await talking(lab, hangup_ms=6000)
    await anna.hold()
    await asyncio.sleep(1)
    await anna.hold()
    await asyncio.sleep(1)
    await anna.resume()
    await caller.finished()


@scenario("A62")
async def held_caller_hangs_up(lab: Lab) -> None:
    """Anna puts the caller on hold, who hangs up 2 s later."""
    caller, anna = await talking(lab, hangup_ms=4000)
    await anna.hold()
    await caller.finished()


@scenario("A59")
async def queue_parked_retrieved(lab: Lab) -> None:
    """A queue call that Anna parks; Boris takes it back 2 s later, the caller hangs up."""
    caller, anna = await talking(lab, SUPPORT, hangup_ms=8000)
    await anna.transfer(PARK)
    await lab.ami.wait_for(b"Event: ParkedCall\r\n")
    await asyncio.sleep(2)
    await lab.dial("1002", "701")
    await caller.finished()


@scenario("A59")
async def parked_by_action(lab: Lab) -> None:
    """The service parks Anna's caller (AMI Park); Anna takes the call back herself 2 s later and hangs up."""
    caller, _ = await talking(lab)
    lab.tell("1001", "blind", PARK)
    channels = {"Channel": caller_channel(lab), "AnnounceChannel": anna_channel(lab)}
    await lab.ami.action("Park", **channels, Parkinglot="default", TimeoutChannel=anna_channel(lab))
    await lab.ami.wait_for(b"Event: ParkedCall\r\n")
    await asyncio.sleep(2)
    await lab.dial("1001", "701", hangup_ms=2000)
    await caller.finished()


@scenario("A59", "A47")
async def parked_then_transferred(lab: Lab) -> None:
    """Anna parks the caller, Boris takes the call back and transfers it to Dana, who answers; the caller hangs up."""
    await lab.phone("1004", after_ms=800)
    caller, anna = await talking(lab, hangup_ms=9500)
    await anna.transfer(PARK)
    await lab.ami.wait_for(b"Event: ParkedCall\r\n")
    await asyncio.sleep(1.5)
    boris = await consult(lab, "701", extension="1002")
    await asyncio.sleep(1)
    await PhoneKeys(boris).transfer("1004")
    await caller.finished()


@scenario("A60")
async def parked_comes_back_unanswered(lab: Lab) -> None:
    """Anna parks the caller; after 5 s her phone rings again and she does not answer; the caller gives up."""
    caller, anna = await talking(lab, hangup_ms=10_500)
    await anna.transfer(PARK)
    await lab.ami.wait_for(b"Event: ParkedCall\r\n")
    await anna.switch_off()
    await lab.phone("1001", after_ms=None)
    await caller.finished()


@scenario("A59", shape="freepbx")
async def freepbx_parked_retrieved(lab: Lab) -> None:
    """A queue call to Local/1001@from-queue/n that Anna parks; Cyril takes it back, the caller hangs up."""
    for endpoint in ("991001", "1002", "991002"):
        await lab.phone(endpoint, after_ms=None)
    caller, anna = await talking(lab, FREEPBX, hangup_ms=9000)
    await anna.transfer(PARK)
    await lab.ami.wait_for(b"Event: ParkedCall\r\n")
    await asyncio.sleep(2)
    await lab.dial("1003", "701")
    await caller.finished()


@scenario("A57", "A18")
async def pickup_ring_group(lab: Lab) -> None:
    """Three phones of a group ring, Dana takes the call with *8; the caller hangs up."""
    for extension in ("1001", "1002", "1003"):
        await lab.phone(extension, after_ms=None)
    caller = lab.caller(GROUP, hangup_ms=2000)
    await caller.dial()
    await asyncio.sleep(1.5)
    await lab.dial("1004", "*8")
    await caller.finished()


@scenario("A58")
async def pickup_replaces(lab: Lab) -> None:
    """Anna's phone rings, Boris's phone takes the call by INVITE with Replaces and hangs up after 2 s."""
    anna = await lab.phone("1001", after_ms=None)
    caller = lab.caller(DIRECT)
    await caller.dial()
    await asyncio.sleep(1.5)
    await lab.dial("1002", "1001", headers=(PhoneKeys(anna).replaces(),), hangup_ms=2000)
    await caller.finished()


@scenario("A46")
async def queue_local_pickup(lab: Lab) -> None:
    """A queue of Local members with /n rings Anna, Boris takes the call with *81001; the caller hangs up."""
    await lab.phone("1002", after_ms=None)
    await lab.phone("1001", after_ms=None)
    caller = lab.caller(FREEPBX, hangup_ms=4500)
    await caller.dial()
    await lab.ami.wait_for(b"Event: AgentCalled")
    await asyncio.sleep(1)
    await lab.dial("1003", "*81001")
    await caller.finished()


@scenario("A46", "A21", shape="freepbx")
async def freepbx_pickup(lab: Lab) -> None:
    """The queue rings two agents on two devices each; Cyril takes the call with *8; the caller hangs up."""
    for endpoint in ("1001", "991001", "1002", "991002"):
        await lab.phone(endpoint, after_ms=None)
    caller = lab.caller(FREEPBX, hangup_ms=4500)
    await caller.dial()
    await lab.ami.wait_for(b"Event: AgentCalled")
    await asyncio.sleep(1)
    await lab.dial("1003", "*8")
    await caller.finished()
