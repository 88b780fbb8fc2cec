"""Transfers by feature code (`##`, `*2`) and by an action of AMI."""

import asyncio

from tests.asterisk.plan import DID, NOWHERE, PARK
from tests.asterisk.scenarios.lab import Lab, scenario
from tests.asterisk.scenarios.talking import anna_channel, caller_channel, talking

SUPPORT = DID(30)


async def _answered(lab: Lab, before: int) -> None:
    """The target talks with Anna for a second."""
    await lab.ami.wait_for_more(b"Event: BridgeEnter", before + 2)
    await asyncio.sleep(1.5)


@scenario("A47")
async def transfer_blind_dtmf(lab: Lab) -> None:
    """Anna presses ## and Cyril's number; he answers, the caller hangs up."""
    await lab.phone("1003", after_ms=1000)
    caller, anna = await talking(lab, hangup_ms=8000)
    await anna.press("##1003")
    await caller.finished()


@scenario("A47")
async def transfer_blind_action(lab: Lab) -> None:
    """The service transfers Anna's call to Cyril (AMI BlindTransfer); the caller hangs up."""
    await lab.phone("1003", after_ms=1000)
    caller, _ = await talking(lab, hangup_ms=5500)
    lab.tell("1001", "blind", "1003")
    await lab.ami.action("BlindTransfer", Channel=anna_channel(lab), Context="from-internal", Exten="1003")
    await caller.finished()


@scenario("A47")
async def redirected(lab: Lab) -> None:
    """The service sends Anna's caller to Cyril (AMI Redirect): the same as a blind transfer; the caller hangs up."""
    await lab.phone("1003", after_ms=1000)
    caller, _ = await talking(lab, hangup_ms=5500)
    lab.tell("1001", "blind", "1003")
    where = {"Context": "from-internal", "Exten": "1003", "Priority": "1"}
    await lab.ami.action("Redirect", Channel=caller_channel(lab), **where)
    await caller.finished()


@scenario("A50")
async def transfer_attended_dtmf(lab: Lab) -> None:
    """Anna presses *2 and Cyril's number, asks him and hangs up: the two talk; the caller hangs up."""
    await lab.phone("1003", after_ms=800)
    caller, anna = await talking(lab, hangup_ms=11_000)
    before = lab.ami.count(b"Event: BridgeEnter")
    await anna.press("*21003")
    await _answered(lab, before)
    await anna.hang_up()
    await caller.finished()


@scenario("A50")
async def transfer_attended_action(lab: Lab) -> None:
    """The service begins the consultation (AMI Atxfer), Anna asks Cyril and hangs up; Cyril ends the call."""
    await lab.phone("1003", after_ms=800, talk_ms=4000)
    caller, anna = await talking(lab)
    before = lab.ami.count(b"Event: BridgeEnter")
    lab.tell("1001", "inside", "1003")
    await lab.ami.action("Atxfer", Channel=anna_channel(lab), Context="from-internal", Exten="1003")
    await _answered(lab, before)
    await anna.hang_up()
    await caller.finished()


@scenario("A39", "A50")
async def queue_transfer_attended_dtmf(lab: Lab) -> None:
    """A queue call: Anna presses *2 and Dana's number, asks her and hangs up; the caller hangs up."""
    await lab.phone("1004", after_ms=800)
    caller, anna = await talking(lab, SUPPORT, hangup_ms=11_500)
    before = lab.ami.count(b"Event: BridgeEnter")
    await anna.press("*21004")
    await _answered(lab, before)
    await anna.hang_up()
    await caller.finished()


@scenario("A52")
async def transfer_blonde_dtmf(lab: Lab) -> None:
    """Anna presses *2 and Cyril's number and hangs up while he rings; he answers, the caller hangs up."""
    await lab.phone("1003", after_ms=2500)
    caller, anna = await talking(lab, hangup_ms=10_000)
    dialled = lab.ami.count(b"Event: DialBegin")
    await anna.press("*21003")
    await lab.ami.wait_for_more(b"Event: DialBegin", dialled + 1)
    await asyncio.sleep(1)
    await anna.hang_up()
    await caller.finished()


@scenario("A53")
async def transfer_blonde_recalled(lab: Lab) -> None:
    """As the blonde one, but Cyril does not answer: after 3 s Anna is called back and talks on; the caller hangs up."""
    await lab.phone("1003", after_ms=None)
    caller, anna = await talking(lab, hangup_ms=13_000)
    dialled = lab.ami.count(b"Event: DialBegin")
    await anna.press("*21003")
    await lab.ami.wait_for_more(b"Event: DialBegin", dialled + 1)
    await asyncio.sleep(1)
    await anna.hang_up()
    await caller.finished()


@scenario("A54")
async def transfer_threeway(lab: Lab) -> None:
    """Anna asks Cyril by *2 and presses *3: all three talk; she leaves, then the caller hangs up."""
    await lab.phone("1003", after_ms=800)
    caller, anna = await talking(lab, hangup_ms=15_000)
    before = lab.ami.count(b"Event: BridgeEnter")
    await anna.press("*21003")
    await _answered(lab, before)
    await asyncio.sleep(2)
    await anna.press("*3")
    await asyncio.sleep(2.5)
    await anna.hang_up()
    await caller.finished()


@scenario("A50", "A55")
async def consultation_given_up_dtmf(lab: Lab) -> None:
    """Anna asks Cyril by *2 and presses *1: back to the caller, who hangs up."""
    await lab.phone("1003", after_ms=800)
    caller, anna = await talking(lab, hangup_ms=12_000)
    before = lab.ami.count(b"Event: BridgeEnter")
    await anna.press("*21003")
    await _answered(lab, before)
    await asyncio.sleep(1.5)
    await anna.press("*1")
    await caller.finished()


@scenario("A55", "A61")
async def transfer_not_permitted(lab: Lab) -> None:
    """The service tries to transfer a caller who is parked: Asterisk refuses, the caller hangs up in the park."""
    caller, anna = await talking(lab, hangup_ms=5000)
    await anna.transfer(PARK)
    await lab.ami.wait_for(b"Event: ParkedCall\r\n")
    await lab.ami.action("BlindTransfer", Channel=caller_channel(lab), Context="from-internal", Exten="1003")
    await caller.finished()


@scenario("A55", "A26")
async def transfer_of_a_waiting_caller(lab: Lab) -> None:
    """The service tries to transfer a caller who waits in a queue: Asterisk refuses, the caller waits on and hangs up."""
    await (caller := lab.caller(DID(37), hangup_ms=3500)).dial()
    await lab.ami.wait_for(b"Event: QueueCallerJoin")
    await asyncio.sleep(1)
    await lab.ami.action("BlindTransfer", Channel=caller_channel(lab), Context="from-internal", Exten="1003")
    await caller.finished()


@scenario("A55")
async def transfer_dtmf_to_nowhere(lab: Lab) -> None:
    """Anna presses ## and a number that does not exist: Asterisk gives her the caller back, who hangs up."""
    caller, anna = await talking(lab, hangup_ms=12_000)
    await anna.press(f"##{NOWHERE}")
    await caller.finished()
