"""Calls from outside to a colleague or a group, without a queue."""

import asyncio

from tests.asterisk.phone_keys import PhoneKeys
from tests.asterisk.plan import DID, MOBILE, UNREGISTERED
from tests.asterisk.scenarios.lab import JAN, Lab, scenario

DIRECT = DID(1)
# These ring for 4 s; the sample's 1001 rings for 20 s.
BRIEF = DID(2)
GROUP = DID(20)
TWO_DEVICES = DID(21)
IVR = DID(22)
VOICEMAIL = DID(23)
ONE_BY_ONE = DID(24)
CONFIRMED = DID(62)
WITHHELD = {"number": "anonymous", "name": "Anonymous", "host": "anonymous.invalid"}


@scenario("A01")
async def direct_agent_hangs_up(lab: Lab) -> None:
    """Anna answers after 1.5 s, talks 2 s and hangs up."""
    await lab.phone("1001", after_ms=1500, talk_ms=2000)
    await lab.call(DIRECT)


@scenario("A02")
async def direct_caller_hangs_up(lab: Lab) -> None:
    """Anna answers after 1 s, the caller hangs up 2 s later."""
    await lab.phone("1001", after_ms=1000)
    await lab.call(DIRECT, hangup_ms=2000)


@scenario("A03")
async def direct_missed(lab: Lab) -> None:
    """Boris does not answer, Dial gives up after 4 s and the caller hears busy."""
    await lab.phone("1002", after_ms=None)
    await lab.call(BRIEF)


@scenario("A04")
async def direct_declined(lab: Lab) -> None:
    """Boris declines with 603 after 1.5 s of ringing."""
    await lab.phone("1002", after_ms=1500, status=603)
    await lab.call(BRIEF)


@scenario("A04")
async def direct_declined_as_busy(lab: Lab) -> None:
    """Boris declines after 1.5 s of ringing on a phone that says 486 then."""
    await lab.phone("1002", after_ms=1500, status=486)
    await lab.call(BRIEF)


@scenario("A05")
async def direct_busy(lab: Lab) -> None:
    """Boris has do-not-disturb on: 486 at once, no ringing."""
    await lab.phone("1002", after_ms=0, status=486, ringing=False)
    await lab.call(BRIEF)


@scenario("A06")
async def direct_caller_gives_up(lab: Lab) -> None:
    """The caller gives up after 2 s of ringing."""
    await lab.phone("1001", after_ms=None)
    await lab.call(DIRECT, cancel_ms=2000)


@scenario("A07")
async def direct_unregistered(lab: Lab) -> None:
    """Lena's phone is off."""
    await lab.call(DID(int(UNREGISTERED[2:])))


@scenario("A09")
async def direct_withheld(lab: Lab) -> None:
    """A caller without a number; Anna talks 2 s and hangs up."""
    await lab.phone("1001", after_ms=1000, talk_ms=2000)
    await lab.call(DIRECT, caller=WITHHELD)


@scenario("A09")
async def direct_withheld_asserted(lab: Lab) -> None:
    """The caller withholds the number, the operator passes it on in P-Asserted-Identity with Privacy: id."""
    await lab.phone("1001", after_ms=1000, talk_ms=2000)
    identity = ("P-Asserted-Identity: <sip:+447700900188@127.0.0.1>", "Privacy: id")
    await lab.call(DIRECT, caller=WITHHELD | {"source": "trunk-b"}, headers=identity)


@scenario("A10")
async def direct_without_ringing(lab: Lab) -> None:
    """Anna's phone answers by itself at once, without ringing."""
    await lab.phone("1001", after_ms=0, ringing=False, talk_ms=2000)
    await lab.call(DIRECT)


@scenario("A11")
async def ivr_only(lab: Lab) -> None:
    """The caller listens to the menu for 2 s and leaves."""
    await lab.call(IVR, hangup_ms=2000)


@scenario("A12", user="filtered")
async def direct_voicemail(lab: Lab) -> None:
    """Boris does not answer in 4 s, the caller leaves a message."""
    await lab.phone("1002", after_ms=None)
    await lab.call(VOICEMAIL, hangup_ms=3000, media=True)


@scenario("A13")
async def direct_forwarded(lab: Lab) -> None:
    """Anna's phone forwards (302) to Cyril, who answers; the caller hangs up."""
    await lab.phone("1001", after_ms=0, status=302, forward_to="1003", ringing=False)
    await lab.phone("1003", after_ms=1000)
    await lab.call(DIRECT, hangup_ms=2000)


@scenario("A08")
async def direct_codec_refused(lab: Lab) -> None:
    """Boris's phone knows none of the offered codecs (488)."""
    await lab.phone("1002", after_ms=0, status=488, ringing=False)
    await lab.call(BRIEF)


@scenario("A14")
async def direct_forwarded_group(lab: Lab) -> None:
    """Anna's phone forwards (302) to a group of two: Dana answers, Cyril's stops ringing; the caller hangs up."""
    await lab.phone("1001", after_ms=0, status=302, forward_to="610", ringing=False)
    await lab.phone("1003", after_ms=None)
    await lab.phone("1004", after_ms=1000)
    await lab.call(DIRECT, hangup_ms=2000)


@scenario("A15")
async def direct_forwarded_outside(lab: Lab) -> None:
    """Anna's phone forwards (302) to her mobile over the trunk, which answers; the caller hangs up."""
    await lab.phone("1001", after_ms=0, status=302, forward_to=MOBILE, ringing=False)
    await lab.operator(after_ms=1000)
    await lab.call(DIRECT, hangup_ms=2000)


@scenario("A15")
async def direct_forwarded_outside_busy(lab: Lab) -> None:
    """Anna's phone forwards (302) to her mobile, which is busy."""
    await lab.phone("1001", after_ms=0, status=302, forward_to=MOBILE, ringing=False)
    await lab.operator(after_ms=300, status=486, ringing=False)
    await lab.call(DIRECT)


@scenario("A17")
async def mobile_refuses(lab: Lab) -> None:
    """Anna's phone rings out; her mobile answers and presses 2: the caller hears busy."""
    await lab.phone("1001", after_ms=None)
    mobile = await lab.operator(after_ms=800)
    caller = lab.caller(CONFIRMED)
    await caller.dial()
    await lab.ami.wait_for(f"DialString: {MOBILE}".encode())
    await asyncio.sleep(2)
    await PhoneKeys(mobile).press("2")
    await caller.finished()


@scenario("A15", "A17")
async def mobile_accepts(lab: Lab) -> None:
    """Anna's phone rings out; her mobile answers and presses 1; the caller hangs up after 2 s of talk."""
    await lab.phone("1001", after_ms=None)
    mobile = await lab.operator(after_ms=800)
    caller = lab.caller(CONFIRMED, hangup_ms=2000)
    await caller.dial()
    await lab.ami.wait_for(f"DialString: {MOBILE}".encode())
    await asyncio.sleep(2)
    await PhoneKeys(mobile).press("1")
    await caller.finished()


@scenario("A16")
async def find_me(lab: Lab) -> None:
    """Anna and Boris are tried for 2 s each, then Cyril answers."""
    await lab.phone("1001", after_ms=None)
    await lab.phone("1002", after_ms=None)
    await lab.phone("1003", after_ms=800, talk_ms=2000)
    await lab.call(ONE_BY_ONE)


@scenario("A18")
async def ring_group_answered(lab: Lab) -> None:
    """Three phones ring, Boris answers first, the caller hangs up."""
    await lab.phone("1001", after_ms=None)
    await lab.phone("1002", after_ms=1200)
    await lab.phone("1003", after_ms=None)
    await lab.call(GROUP, hangup_ms=2000)


@scenario("A19")
async def ring_group_nobody(lab: Lab) -> None:
    """Three phones ring for 6 s, nobody answers."""
    for extension in ("1001", "1002", "1003"):
        await lab.phone(extension, after_ms=None)
    await lab.call(GROUP)


@scenario("A20")
async def ring_group_busy(lab: Lab) -> None:
    """All three phones of the group are busy."""
    for extension in ("1001", "1002", "1003"):
        await lab.phone(extension, after_ms=0, status=486, ringing=False)
    await lab.call(GROUP)


@scenario("A21")
async def two_devices(lab: Lab) -> None:
    """Anna's desk phone and soft phone ring, she answers on the soft phone."""
    await lab.phone("1001", after_ms=None)
    await lab.phone("991001", after_ms=1200)
    await lab.call(TWO_DEVICES, hangup_ms=2000)


@scenario("A22")
async def ring_group_caller_gives_up(lab: Lab) -> None:
    """Three phones ring, the caller gives up after 2 s."""
    for extension in ("1001", "1002", "1003"):
        await lab.phone(extension, after_ms=None)
    await lab.call(GROUP, cancel_ms=2000)


@scenario("A02")
async def name_in_hebrew(lab: Lab) -> None:
    """A caller with a name in Hebrew."""
    await lab.phone("1001", after_ms=800)
    await lab.call(DIRECT, caller=JAN | {"name": "דוד לוי"}, hangup_ms=1500)


@scenario("A02")
async def name_with_markup(lab: Lab) -> None:
    """A caller whose name is an attack on pages: markup, quotes, a backslash."""
    await lab.phone("1001", after_ms=800)
    await lab.call(DIRECT, caller=JAN | {"name": '<script>alert("1")</script> O\'Neil'}, hangup_ms=1500)


@scenario("A01")
async def number_national(lab: Lab) -> None:
    """The operator writes the caller's number in the national form."""
    await lab.phone("1001", after_ms=800, talk_ms=1500)
    await lab.call(DIRECT, caller={"number": "07700900123", "name": ""})
