"""Calls that wait in queues."""

import asyncio

from tests.asterisk.phone_keys import PhoneKeys
from tests.asterisk.plan import DID
from tests.asterisk.scenarios.lab import JAN, MARY, Lab, scenario

SUPPORT = DID(30)
SALES = DID(31)
FREEPBX = DID(32)
LINEAR = DID(33)
SHORT = DID(34)
SHORT_THEN_SUPPORT = DID(35)
LOCAL = DID(36)
NOBODY = DID(37)
EMPTY = DID(38)
LEAVING = DID(39)
FULL = DID(40)
EXIT = DID(41)
VOICEMAIL = DID(42)
ONE = DID(45)
ANNOUNCED = DID(60)
SURVEY = DID(61)
STRICT = DID(63)
POOL = DID(64)


async def _support(lab: Lab, **behaviour: object) -> None:
    for extension in ("1001", "1002", "1003"):
        await lab.phone(extension, **behaviour)


@scenario("A23")
async def queue_answered(lab: Lab) -> None:
    """A phone of the queue rings 1 s and is answered; the caller hangs up after 2 s of talk."""
    await _support(lab, after_ms=1000)
    await lab.call(SUPPORT, hangup_ms=3500)


@scenario("A23")
async def queue_answered_agent_hangs_up(lab: Lab) -> None:
    """A phone of the queue rings 1 s, the agent talks 2 s and hangs up."""
    await _support(lab, after_ms=1000, talk_ms=2000)
    await lab.call(SUPPORT)


@scenario("A23")
async def queue_three_calls(lab: Lab) -> None:
    """Three callers in a row and beside each other, three agents take turns."""
    await _support(lab, after_ms=700, talk_ms=2000)
    people = (JAN, MARY, {"number": "+447700900167", "name": "Zoë Test"})
    for person in people:
        await (caller := lab.caller(SUPPORT, caller=person)).dial()
        lab.stage.push_async_callback(caller.stop)
        await asyncio.sleep(0.4)
    await caller.finished()


@scenario("A24")
async def queue_local_optimised(lab: Lab) -> None:
    """A Local member whose two halves are optimised away, as sound flows."""
    await lab.phone("1003", after_ms=1000, media=True)
    await lab.call(LOCAL, hangup_ms=4000, media=True)


@scenario("A25")
async def queue_local_kept(lab: Lab) -> None:
    """Two Local members with /n (FreePBX) ring, the second answers; the Local halves stay."""
    await lab.phone("1001", after_ms=None)
    await lab.phone("1002", after_ms=1000, media=True)
    await lab.call(FREEPBX, hangup_ms=4000, media=True)


@scenario("A26")
async def queue_abandoned_unrung(lab: Lab) -> None:
    """The caller waits 3 s where no agent is and hangs up."""
    await lab.call(NOBODY, hangup_ms=3000)


@scenario("A27")
async def queue_abandoned_ringing(lab: Lab) -> None:
    """The caller hangs up while all phones of the queue ring."""
    for extension in ("1001", "1002", "1004"):
        await lab.phone(extension, after_ms=None)
    await lab.call(SALES, hangup_ms=3000)


@scenario("A28")
async def queue_timeout(lab: Lab) -> None:
    """After 3 s the queue gives up and the PBX hangs up."""
    await lab.phone("1007", after_ms=None)
    await lab.call(SHORT)


@scenario("A28", user="filtered")
async def queue_timeout_told(lab: Lab) -> None:
    """After 3 s the queue gives up; the PBX says so in QUEUESTATUS."""
    await lab.phone("1007", after_ms=None)
    await lab.call(SHORT)


@scenario("A28", user="filtered")
async def queue_timeout_voicemail(lab: Lab) -> None:
    """After 3 s the queue gives up and the caller leaves a message."""
    await lab.phone("1007", after_ms=None)
    await lab.call(VOICEMAIL, hangup_ms=7000, media=True)


@scenario("A29", user="filtered")
async def queue_left_empty(lab: Lab) -> None:
    """The only agent pauses while the caller waits: the queue sends the caller away."""
    await lab.phone("1008", after_ms=None)
    await (caller := lab.caller(LEAVING)).dial()
    await lab.ami.wait_for(b"Event: AgentCalled")
    await lab.ami.action("QueuePause", Queue="leaving", Interface="PJSIP/1008", Paused="true", Reason="break")
    await caller.finished()


@scenario("A30", user="filtered")
async def queue_join_empty(lab: Lab) -> None:
    """The queue has no agents and does not let the caller in."""
    await lab.call(EMPTY)


@scenario("A30", user="filtered")
async def queue_join_full(lab: Lab) -> None:
    """One caller waits, the queue has room for one: the second is sent away, then the first gives up."""
    first = lab.caller(FULL, caller=JAN, hangup_ms=3500)
    await first.dial()
    await lab.ami.wait_for(b"Event: QueueCallerJoin")
    await lab.call(FULL, caller=MARY)
    await first.finished()


@scenario("A31", user="filtered")
async def queue_exit_key(lab: Lab) -> None:
    """The caller presses 1 after 2 s of waiting and leaves the queue."""
    await lab.call(EXIT, digits="1", digits_after_ms=2500)


@scenario("A44", user="filtered")
async def queue_withdrawn(lab: Lab) -> None:
    """A supervisor takes the waiting caller out of the queue; the dialplan hangs up."""
    await (caller := lab.caller(NOBODY)).dial()
    await lab.ami.wait_for(b"Event: QueueCallerJoin")
    await asyncio.sleep(2)
    lab.tell("", "withdrawn", "nobody")
    await lab.ami.action("QueueWithdrawCaller", Queue="nobody", Caller=lab.ami.value("Channel: PJSIP/trunk-a"))
    await caller.finished()


@scenario("A32")
async def queue_second_member(lab: Lab) -> None:
    """Emil's phone rings out after 3 s, then Filip answers."""
    await lab.phone("1005", after_ms=None)
    await lab.phone("1006", after_ms=800, talk_ms=2000)
    await lab.call(LINEAR)


@scenario("A33")
async def queue_ringall(lab: Lab) -> None:
    """Three phones ring, Boris answers first."""
    await lab.phone("1001", after_ms=None)
    await lab.phone("1002", after_ms=1000, talk_ms=2000)
    await lab.phone("1004", after_ms=None)
    await lab.call(SALES)


@scenario("A34")
async def queue_member_rejects(lab: Lab) -> None:
    """Emil declines after 1 s of ringing, then Filip answers."""
    await lab.phone("1005", after_ms=1000, status=603)
    await lab.phone("1006", after_ms=800, talk_ms=2000)
    await lab.call(LINEAR, hangup_ms=9000)


@scenario("A37")
async def queue_timeout_second_queue(lab: Lab) -> None:
    """Gita does not answer in 3 s, the call goes on to the support queue and is answered there."""
    await lab.phone("1007", after_ms=None)
    await _support(lab, after_ms=800, talk_ms=2000)
    await lab.call(SHORT_THEN_SUPPORT)


@scenario("A35", "A32")
async def queue_announcement_agent_leaves(lab: Lab) -> None:
    """Emil picks up and hangs up during the announcement; Filip hears it whole and talks 2 s."""
    await lab.phone("1005", after_ms=500, talk_ms=1500)
    await lab.phone("1006", after_ms=500, talk_ms=5000)
    await lab.call(ANNOUNCED)


@scenario("A36")
async def queue_announcement_caller_leaves(lab: Lab) -> None:
    """Emil picks up, the caller hangs up while Emil hears the announcement."""
    await lab.phone("1005", after_ms=800)
    await lab.call(ANNOUNCED, hangup_ms=3000)


@scenario("A42")
async def queue_agent_pool(lab: Lab) -> None:
    """Anna sits with an open line and takes two calls of one shift; the callers hang up, then she does."""
    shift = lab.caller("*111001", caller={"source": "1001"}, media=True)
    await shift.dial()
    lab.stage.push_async_callback(shift.stop)
    # The queue is told only some seconds after the login that she is there.
    await lab.ami.wait_for(b"Queue: pool\r\nMemberName: Anna One")
    for calls, person in enumerate((JAN, MARY), start=1):
        await asyncio.sleep(1.5)
        caller = lab.caller(POOL, caller=person, hangup_ms=4000, media=True)
        await caller.dial()
        await lab.ami.wait_for_more(b"Event: AgentConnect", calls)
        await caller.finished()
    await PhoneKeys(shift).hang_up()


@scenario("A43")
async def queue_survey_agent_presses_star(lab: Lab) -> None:
    """Anna ends the talk with *, the caller hears the survey for 3 s and is sent away."""
    anna = await lab.phone("1001", after_ms=700)
    caller = lab.caller(SURVEY)
    await caller.dial()
    await lab.ami.wait_for(b"Event: BridgeEnter")
    await asyncio.sleep(2)
    await PhoneKeys(anna).press("*")
    await caller.finished()


@scenario("A43")
async def queue_survey_agent_hangs_up(lab: Lab) -> None:
    """Anna hangs up after 2 s, the caller hears the survey for 3 s and is sent away."""
    await lab.phone("1001", after_ms=700, talk_ms=2000)
    await lab.call(SURVEY)


@scenario("A45", "A43")
async def queue_completed_late(lab: Lab) -> None:
    """Anna ends one call with * and has the next at once: AgentComplete of the first comes while the second talks."""
    anna = await lab.phone("1001", after_ms=300)
    first, second = lab.caller(SURVEY, caller=JAN), lab.caller(SURVEY, caller=MARY, hangup_ms=8000)
    await first.dial()
    await lab.ami.wait_for(b"Event: BridgeEnter")
    await second.dial()
    await asyncio.sleep(1.5)
    await PhoneKeys(anna).press("*")
    await first.finished()
    await second.finished()


@scenario("A45")
async def queue_one_after_the_other(lab: Lab) -> None:
    """Two callers and one agent, whose phone answers at once: the second call comes right after the first."""
    await lab.phone("1001", after_ms=0, ringing=False, talk_ms=2000)
    first, second = lab.caller(ONE, caller=JAN), lab.caller(ONE, caller=MARY)
    await first.dial()
    await asyncio.sleep(0.3)
    await second.dial()
    await first.finished()
    await second.finished()


@scenario("A34", "A32")
async def queue_autopause(lab: Lab) -> None:
    """Emil does not answer in 3 s and is paused by the queue; Filip answers and talks 2 s."""
    await lab.phone("1005", after_ms=None)
    await lab.phone("1006", after_ms=800, talk_ms=2000)
    await lab.call(STRICT)
