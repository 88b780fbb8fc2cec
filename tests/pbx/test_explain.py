"""What each AMI event did to one call, and why: on real recordings and on stories of unusual PBXs."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from pbx import events as ami
from pbx.call_events import CallDropped, CallEnded, CallEvent
from pbx.calls import Call
from pbx.events import PbxEvent, PbxName, Uniqueid
from pbx.explain import END_OF_CAPTURE, TIME_PASSES, Step, explain
from pbx.pbx_state import PbxState
from tests.pbx.folding import RECORDINGS, device_plan, events_of
from tests.pbx.tape import Tape

CAPTURES = sorted(RECORDINGS.glob("asterisk*/*.ami"))


def fresh() -> PbxState:
    return PbxState(PbxName("main"), device_plan(), clock_from_arrival=False)


def story(events: list[PbxEvent], call: Call | None = None) -> list[Step]:
    """The steps of the call; without one, of the only call."""
    if call is None:
        (call,) = calls_of(events)
    return explain(events, fresh(), call)


def told_by(events: list[PbxEvent]) -> list[tuple[PbxEvent | None, list[CallEvent]]]:
    """What each event gave, and (None) what the end gave."""
    state, now, told = fresh(), 0.0, []
    for event in events:
        now = max(now, event.at or 0.0)
        told.append((event, state.apply(event, now)))
    return [*told, (None, state.finish())]


def calls_of(events: list[PbxEvent]) -> list[Call]:
    """Every call in the order of the first events, those that became part of another one included."""
    all_told = (one for _, told in told_by(events) for one in told)
    return list({one.call.id: one.call for one in all_told if getattr(one, "call", None)}.values())


def recorded(name: str) -> list[Step]:
    """The inbound (else the only) call of a recording of Asterisk 22."""
    events = events_of((RECORDINGS / "asterisk22" / f"{name}.ami").read_bytes())
    calls = calls_of(events)
    return story(events, next((call for call in calls if call.direction == "inbound"), calls[0]))


def words(steps: list[Step]) -> list[str]:
    return [change.words for step in steps for change in step.changes if step.told]


def why(steps: list[Step], beginning: str) -> str:
    """The rules of the first change that begins so."""
    return next(" ".join(change.why) for step in steps for change in step.changes if change.words.startswith(beginning))


def in_order(told: list[str], *expected: str) -> bool:
    """Each expected text begins a change, one after the other."""
    rest = iter(told)
    return all(any(text.startswith(wanted) for text in rest) for wanted in expected)


# --- real recordings ----------------------------------------------------------------------------------------------------


def test_a_queue_that_rings_a_second_member() -> None:
    steps = recorded("queue_second_member")
    assert in_order(
        words(steps),
        "call starts: inbound from +447700900123 Ján Kováč, dialled +442079460133",
        "queue linear: joined",
        "state ringing → queued",
        "leg 0 PJSIP/1005 rings out of queue linear",
        "leg 0 PJSIP/1005 ends: missed, ring ",
        "leg 1 PJSIP/1006 rings out of queue linear",
        "leg 1 PJSIP/1006 is picked up after ",
        "queue linear: answered after ",
        "talk starts: remote ↔ PJSIP/1006 (leg 1)",
        "state ringing → talking",
        "leg 1 PJSIP/1006 ends: answered, ring ",
        "ended: answered, by agent, cause 16",
        "final: answered, ended by agent, wait ",
    )
    assert "rang out" in why(steps, "leg 0 PJSIP/1005 ends")
    assert "AgentConnect" in why(steps, "queue linear: answered")
    assert "HangupRequest" in why(steps, "ended: answered")


def test_hold_and_resume() -> None:
    told = words(recorded("hold_and_resume"))
    assert in_order(
        told, "talk starts", "leg 0 PJSIP/1001 holds", "state talking → held", "leg 0 PJSIP/1001 resumes",
        "state held → talking", "leg 0 PJSIP/1001 holds", "leg 0 PJSIP/1001 ends: answered, ring ",
    )  # fmt: skip


def test_the_next_queue_answers() -> None:
    told = words(recorded("queue_timeout_second_queue"))
    assert in_order(
        told,
        "queue short: joined",
        "leg 0 PJSIP/1007 ends: missed",
        "queue short: timeout",
        "queue short: left after ",
        "queue support: joined",
        "queue support: answered",
    )


def test_a_phone_that_rang_out() -> None:
    told = words(recorded("direct_missed"))
    assert in_order(told, "leg 0 PJSIP/1002 rings", "leg 0 PJSIP/1002 ends: missed, ring ", "ended: no_answer")


def test_a_blind_transfer_brings_the_third_party() -> None:
    told = words(recorded("transfer_blind"))
    assert in_order(told, "talk starts: remote ↔ PJSIP/1001", "leg 0 PJSIP/1001 ends", "leg 1 PJSIP/1003 rings")
    assert in_order(told, "transfer blind by PJSIP/1001", "leg 1 PJSIP/1003 rings", "talk starts: remote ↔ PJSIP/1003")


def test_an_outbound_call_is_silent_until_it_dials() -> None:
    steps = recorded("outbound_answered")
    assert (steps[0].event, steps[0].changes) == ("Newchannel", ())
    assert steps[0].reason == "noted: not a call yet, a phone is silent until it dials somebody"
    assert in_order(words(steps), "call starts: outbound to +447700900155", "leg 0 PJSIP/1001 calls", "talk starts")


def test_the_events_of_a_consultation_are_shown_with_the_call_that_it_joined() -> None:
    steps = recorded("transfer_attended")
    rung = next(step for step in steps if step.event == "DialBegin" and (step.channel or "").startswith("PJSIP/1003"))
    assert rung.told or "it concerns call" in rung.reason
    assert any(text.startswith("talk starts: remote ↔ PJSIP/1003") for text in words(steps))


def test_a_lost_link_and_what_was_found_after_it() -> None:
    steps = recorded("killed_in_talk")
    assert [step.event for step in steps][-3:] == ["LinkLost", "ResyncSnapshot", TIME_PASSES]
    assert in_order(words(steps), "estimated from now on", "ended: answered, by unknown")
    assert "did not see" in why(steps, "estimated")


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_change_of_a_call_gets_words_and_reasons(capture: Path) -> None:
    events = events_of(capture.read_bytes())
    for call in calls_of(events):
        steps = story(events, call)
        expected = changed_events(events, call)
        assert [(step.at, step.event) for step in steps if step.changes and step.event not in UNTIMED] == expected
        assert all(change.words and change.why for step in steps for change in step.changes)
        assert all(step.changes or step.reason for step in steps), "an event that changed nothing says why"
        finals = [
            one for _, told in told_by(events) for one in told if isinstance(one, CallEnded) and one.call.id == call.id
        ]
        assert sum(text.startswith("final: ") for text in words(steps)) == len(finals)


@pytest.mark.parametrize("name", ["queue_second_member", "transfer_attended", "parked_retrieved", "restart_in_talk"])
@pytest.mark.parametrize("seed", range(5))
def test_events_in_any_order_are_explained(name: str, seed: int) -> None:
    events = events_of((RECORDINGS / "asterisk22" / f"{name}.ami").read_bytes())
    random.Random(seed).shuffle(events)
    for call in calls_of(events):
        steps = story(events, call)
        assert [
            (step.at, step.event) for step in steps if step.changes and step.event not in UNTIMED
        ] == changed_events(events, call)


UNTIMED = (TIME_PASSES, END_OF_CAPTURE)


def changed_events(events: list[PbxEvent], call: Call) -> list[tuple[float | None, str]]:
    """The events after which the call's value is another, and those that brought what a value does not show."""
    value, found = None, []
    for event, told in told_by(events):
        values = [of_call for one in told if (of_call := value_in(one, call)) is not None]
        newest = values[-1] if values else value
        spoken = any(getattr(one, "call_id", None) == call.id for one in told)
        if event is not None and ((newest != value and not only_final(told, call)) or spoken or says_more(told, call)):
            found.append((event.at, type(event).__name__))
        value = newest
    return found


def value_in(told: CallEvent, call: Call) -> Call | None:
    for name in ("call", "into"):
        value = getattr(told, name, None)
        if isinstance(value, Call) and value.id == call.id:
            return value
    return None


def only_final(told: list[CallEvent], call: Call) -> bool:
    return {type(one).__name__ for one in told if value_in(one, call)} == {"CallEnded"}


def says_more(told: list[CallEvent], call: Call) -> bool:
    """What the value does not show."""
    names = {"CallAnswered", "CallDropped", "CallSpied", "CallOffered"}
    return any(type(one).__name__ in names and value_in(one, call) for one in told)


def test_a_call_does_not_take_the_events_of_others() -> None:
    events = events_of((RECORDINGS / "asterisk22" / "same_caller_twice.ami").read_bytes())
    first, second = calls_of(events)
    named = [{step.channel for step in story(events, call) if step.channel} for call in (first, second)]
    assert named[0].isdisjoint(named[1])


# --- stories ------------------------------------------------------------------------------------------------------------


def missed_call(tape: Tape) -> None:
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.rings(eva)
    tape.dial_end(caller, eva, "NOANSWER")
    tape.hangup(eva, caller)


def test_what_comes_after_a_hangup_counts_nothing() -> None:
    tape = Tape()
    missed_call(tape)
    late = replace(tape.played[-2], at=tape.now)
    tape.played.append(ami.Newstate(tape.now, late.channel))
    assert story(tape.played)[-2].reason == "the channel has hung up, what comes late counts nothing (P3)"


def test_ringing_is_noted_with_what_it_decides() -> None:
    tape = Tape()
    missed_call(tape)
    (ringing,) = [step for step in story(tape.played) if step.event == "Newstate"]
    assert not ringing.told
    assert ringing.reason == "noted: it rings; BUSY from now on means rejected"


def test_without_timestamps_the_words_are_there_and_the_times_are_not() -> None:
    tape = Tape(timestamps=False)
    missed_call(tape)
    steps = story(tape.played)
    assert {step.at for step in steps} == {None}
    assert in_order(words(steps), "call starts", "leg 0 PJSIP/1001 rings", "leg 0 PJSIP/1001 ends: missed", "ended")


def test_a_call_that_is_open_at_the_end_of_the_capture() -> None:
    tape = Tape()
    tape.trunk("1.1")
    tape.play(ami.LinkLost(tape.now))
    last_two = story(tape.played)[-2:]
    assert [step.event for step in last_two] == ["LinkLost", END_OF_CAPTURE]
    assert last_two[0].reason.startswith("noted: ")
    assert words(last_two) == ["estimated from now on"]


def test_a_device_of_nobody_is_an_anomaly_of_the_call_that_it_begins() -> None:
    tape = Tape()
    strange = replace(tape.phone("1.1", "1001", new=False), name="DAHDI/1-1", exten="1002")
    tape.play(ami.Newchannel(tape.now, strange))
    eva = tape.phone("1.2", "1002", linked="1.1")
    tape.dial(strange, eva)
    assert any(text.startswith("anomaly unknown_device: DAHDI/1") for text in words(story(tape.played)))


def test_a_number_that_is_withheld_later_is_not_told_for_the_time_before() -> None:
    tape = Tape()
    caller = tape.trunk("1.1", number="+421905123456", name="Ján Kováč")
    tape.play(ami.NewCallerid(tape.now, caller, True))
    steps = story(tape.played)
    assert words(steps)[:2] == [
        "call starts: inbound from an unknown number, dialled +421255501234, state ringing",
        "the number is withheld",
    ]
    assert "905123456" not in str(steps)
    assert "Kováč" not in str(steps)


def test_two_parked_callers_do_not_share_a_story() -> None:
    tape = Tape()
    parked = []
    for number in ("1", "2"):
        caller = tape.trunk(f"{number}.1")
        tape.play(ami.BridgeEnter(tape.now, ami.BridgeId("lot"), "holding", "holding_bridge", caller, None))
        parked.append(caller)
    first, _ = calls_of(tape.played)
    assert {step.channel for step in story(tape.played, first) if step.channel} == {parked[0].name}


def test_events_of_the_calls_bridge_are_shown_without_making_their_channel_the_calls() -> None:
    tape = Tape()
    caller, music = tape.trunk("1.1"), tape.phone("9.1", "conference", new=False)
    tape.bridge("b1", caller)
    tape.bridge("b1", replace(music, name="Announcer/x-1"))
    tape.request(replace(music, name="Announcer/x-1"))
    tape.play(ami.BridgeDestroy(tape.now, ami.BridgeId("b1")))
    (call, *_) = calls_of(tape.played)
    shown = [(step.event, step.channel) for step in story(tape.played, call)]
    assert ("BridgeEnter", "Announcer/x-1") in shown
    assert ("BridgeDestroy", None) in shown
    assert ("HangupRequest", "Announcer/x-1") not in shown


class TellsThatOneBecamePartOfTheOther:
    """A PBX state that folds the second call into the first one at the last event."""

    def __init__(self, events: list[PbxEvent]) -> None:
        self._inner = fresh()
        self._last = events[-1]
        self._calls: dict[str, Call] = {}

    def apply(self, event: PbxEvent, now: float) -> list[CallEvent]:
        told = self._inner.apply(event, now)
        self._calls |= {one.call.uniqueid: one.call for one in told if getattr(one, "call", None)}
        if event is self._last:
            told.append(CallDropped(at=event.at, call=self._calls["2.1"], into=self._calls["1.1"]))
        return told

    def finish(self) -> list[CallEvent]:
        return []


def consultation() -> list[PbxEvent]:
    tape = Tape()
    caller = tape.trunk("1.1")
    jan = tape.phone("2.1", "1002", exten="1003", state=ami.ChannelState.RING)
    rut = tape.phone("2.2", "1003", linked="2.1")
    tape.dial(jan, rut)
    tape.up(caller)
    return tape.played


def test_a_consultation_that_becomes_part_of_a_call_brings_its_events_along() -> None:
    events = consultation()
    first, second = calls_of(events)
    state: PbxState = TellsThatOneBecamePartOfTheOther(events)  # type: ignore[assignment]
    steps = explain(events, state, first)
    assert words(steps)[-1] == f"call {second.id} becomes part of this one"
    assert "one conversation is one record" in why(steps, f"call {second.id}")
    assert [step.event for step in steps if "1003" in (step.channel or "")] == ["Newchannel", "DialBegin"]
    (dialled,) = [step for step in steps if step.event == "DialBegin"]
    assert dialled.reason == f"noted: it concerns call {second.id}, part of this one later"


def test_a_record_that_goes_says_where() -> None:
    events = consultation()
    first, second = calls_of(events)
    state: PbxState = TellsThatOneBecamePartOfTheOther(events)  # type: ignore[assignment]
    assert words(explain(events, state, second))[-1] == f"no record of its own, part of call {first.id} from now on"


def test_a_call_that_is_not_there_has_no_steps() -> None:
    tape = Tape()
    missed_call(tape)
    (call,) = calls_of(tape.played)
    assert story([], replace(call, uniqueid=Uniqueid("9.9"))) == []
