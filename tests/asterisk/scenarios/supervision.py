"""Listening in, whispering, barging in, and conferences."""

import asyncio

from tests.asterisk.phone_keys import PhoneKeys
from tests.asterisk.plan import DID
from tests.asterisk.scenarios.lab import Lab, scenario
from tests.asterisk.scenarios.talking import anna_channel, caller_channel, talking

SUPPORT = DID(30)
CONFERENCE = "800"


async def _listen(lab: Lab, options: str) -> None:
    """A supervisor's phone is rung and listens to Anna's call."""
    await lab.phone("1009", after_ms=300)
    spying = {"Application": "ChanSpy", "Data": f"PJSIP/1001,{options}", "CallerID": "Listening <*222>"}
    await lab.ami.action("Originate", Channel="PJSIP/1009", ChannelId="cti-spy-0001", Timeout="5000", **spying)


@scenario("A64")
async def spied_on(lab: Lab) -> None:
    """A supervisor listens in on Anna's call."""
    caller, _ = await talking(lab, hangup_ms=5500)
    await _listen(lab, "qE")
    await caller.finished()


@scenario("A64")
async def whispered_to(lab: Lab) -> None:
    """A supervisor listens in and speaks to Anna alone."""
    caller, _ = await talking(lab, hangup_ms=5500)
    await _listen(lab, "qEw")
    await caller.finished()


@scenario("A64")
async def barged_in(lab: Lab) -> None:
    """A supervisor speaks to both."""
    caller, _ = await talking(lab, hangup_ms=5500)
    await _listen(lab, "qEB")
    await caller.finished()


@scenario("A64", "A76")
async def spied_on_by_code(lab: Lab) -> None:
    """A supervisor dials a code on the phone, listens in on a queue call for 2 s and hangs up; then the caller does."""
    caller, _ = await talking(lab, SUPPORT, hangup_ms=6000)
    await lab.dial("1009", "*2221001", hangup_ms=2000)
    await caller.finished()


@scenario("A63")
async def conference_of_three(lab: Lab) -> None:
    """The service moves Anna and the caller into a conference (AMI Redirect); Boris dials in; the caller hangs up."""
    caller, anna = await talking(lab, hangup_ms=7000)
    lab.tell("1001", "joined", CONFERENCE)
    where = {"Context": "from-internal", "Exten": CONFERENCE, "Priority": "1"}
    extra = {"ExtraContext": "from-internal", "ExtraExten": CONFERENCE, "ExtraPriority": "1"}
    both = {"Channel": caller_channel(lab), "ExtraChannel": anna_channel(lab)}
    await lab.ami.action("Redirect", **both, **where, **extra)
    await asyncio.sleep(1.5)
    boris = lab.caller(CONFERENCE, caller={"source": "1002"}, hangup_ms=2500)
    await boris.dial()
    await caller.finished()
    await boris.finished()
    await anna.hang_up()


@scenario("A63")
async def conference_by_transfer(lab: Lab) -> None:
    """Anna transfers the caller into a conference and dials in herself, as does Boris; both colleagues leave first."""
    caller, anna = await talking(lab, hangup_ms=9000)
    await anna.transfer(CONFERENCE)
    await asyncio.sleep(0.5)
    colleagues = [
        lab.caller(CONFERENCE, caller={"source": extension}, hangup_ms=talk_ms)
        for extension, talk_ms in (("1001", 3500), ("1002", 2000))
    ]
    for colleague in colleagues:
        await colleague.dial()
    for colleague in colleagues:
        await colleague.finished()
    await caller.finished()


@scenario("A54", "A50")
async def transfer_threeway_of_four(lab: Lab) -> None:
    """Anna adds Cyril by *2 and *3, then Dana the same way: four talk; Anna leaves, the caller hangs up, then the others."""
    colleagues = [PhoneKeys(await lab.phone(extension, after_ms=600)) for extension in ("1003", "1004")]
    caller, anna = await talking(lab, hangup_ms=19_000)
    for colleague in ("1003", "1004"):
        before = lab.ami.count(b"Event: BridgeEnter")
        await anna.press(f"*2{colleague}")
        await lab.ami.wait_for_more(b"Event: BridgeEnter", before + 3)
        await asyncio.sleep(2.5)
        await anna.press("*3")
        await asyncio.sleep(2)
    await anna.hang_up()
    await caller.finished()
    for phone in colleagues:
        await phone.hang_up()


@scenario("A01")
async def hung_up_by_page(lab: Lab) -> None:
    """The service hangs the caller's channel up over AMI."""
    caller, _ = await talking(lab)
    channel = caller_channel(lab)
    await lab.ami.action("Hangup", Channel=channel, Cause="16")
    await caller.finished()
