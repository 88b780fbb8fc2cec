"""A PBX may tell the same story in other ways: twice, in another order, with a hole in it. The records stay the same.

Bounds, with their reasons:
- The two halves of a Local channel count as one channel and a dialled channel is told after its caller: so Asterisk makes them.
- Events overtake each other by at most a second: a talk of two seconds told in another order than its end would be no talk.
- Legs that rang at the same moment may change places, and times may move by a tenth of a second: another event tells them first.
"""

import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from crm_store.call_log import call_record
from pbx import events as ami
from pbx.call_events import CallDropped, CallEvent
from pbx.calls import Call
from pbx.events import PbxEvent, PbxName, ResyncSnapshot
from pbx.pbx_state import PbxState
from tests.pbx.folding import NUMBERING, TWINS, Folded, device_plan
from tests.pbx.stories import Story, channels_of, interleaved, running_after, story
from tests.pbx.test_recordings import EXACT

SEED = 20261122
NEAR_S = 0.1
#: Recordings in which the link breaks or begins late on its own account, and one of an Originate that made no channel.
NOTHING_TO_CUT = {"restart_in_talk", "killed_in_talk", "joined_in_talk", "click_refused"}
WHOLE = [
    capture
    for capture in EXACT
    if capture.stem not in NOTHING_TO_CUT and any(isinstance(event, ami.Newchannel) for event in story(capture).events)
]
Records = dict[str, dict[str, Any]]


def records(told: Sequence[PbxEvent], asked: dict[str, str]) -> Records:
    """The records of a stream by the Uniqueid of their root."""
    folded = Folded(list(told), owners=TWINS, asked=asked)
    return by_root(folded.calls.values())


def by_root(calls: Any) -> Records:
    return {call.uniqueid: dict(call_record(call, NUMBERING, agents=False)) for call in calls}


def differences(one: Any, other: Any, path: str = "", *, near_s: float = NEAR_S) -> list[str]:
    """Where two records differ, times and durations compared with tolerance."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [line for key in one for line in differences(one[key], other.get(key), f"{path}.{key}", near_s=near_s)]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            line
            for at, pair in enumerate(zip(one, other, strict=True))
            for line in differences(*pair, f"{path}[{at}]", near_s=near_s)
        ]
    return [] if _alike(one, other, path, near_s) else [f"{path}: {one} -> {other}"]


def _alike(one: Any, other: Any, path: str, near_s: float) -> bool:
    if one is None or other is None or one == other:
        return bool(one == other)
    if path.endswith("_at"):
        one, other = (datetime.fromisoformat(time).timestamp() for time in (one, other))
    return isinstance(one, float) and isinstance(other, float) and abs(one - other) <= near_s


def changed(before: Records, after: Records, *, near_s: float = NEAR_S) -> list[str]:
    """What differs between two foldings of the same story; legs are held together by their device."""
    assert set(before) == set(after)
    return [
        line for root in before for line in differences(_ordered(before[root]), _ordered(after[root]), near_s=near_s)
    ]


def _ordered(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "legs": sorted(record["legs"], key=lambda leg: (leg["endpoint"], leg["rang_at"] or ""))}


def each(captures: Sequence[Path]) -> Any:
    """Those of Asterisk 22; with `make long` those of 16, too."""
    return pytest.mark.parametrize(
        "told",
        [pytest.param(story(capture), marks=() if is_22(capture) else pytest.mark.long) for capture in captures],
        ids=lambda told: told.name,
    )


def is_22(capture: Path) -> bool:
    return capture.parent.name == "asterisk22"


# --- twice, and in another order --------------------------------------------------------------------------------------


@each(EXACT)
def test_every_event_told_twice_changes_nothing(told: Story) -> None:
    twice = [event for event in told.events for _ in range(2)]
    assert records(twice, told.asked) == records(told.events, told.asked)


@each(EXACT)
@pytest.mark.parametrize("window_s", [0.05, 0.3, 1.0])
def test_another_order_of_different_channels_changes_nothing(told: Story, window_s: float) -> None:
    original = records(told.events, told.asked)
    for seed in range(SEED, SEED + 4):
        other = records(interleaved(told.events, seed=seed, window_s=window_s), told.asked)
        # What lasts less than the window may be told after its end: then its moment moves by as much.
        near_s = window_s if window_s == 1.0 else NEAR_S
        assert changed(original, other, near_s=near_s) == []


@each([capture for capture in EXACT if capture.stem.startswith(("click", "freepbx_click", "queue", "freepbx_queue"))])
@pytest.mark.parametrize("moved_s", [-2.0, 2.0])
def test_answers_of_other_threads_may_come_early_or_late(told: Story, moved_s: float) -> None:
    """OriginateResponse and AgentComplete are produced apart from the channel's own events (P2, P6)."""
    apart = (ami.OriginateResponse, ami.AgentComplete)
    timed = [(event.at or 0.0) + (moved_s if isinstance(event, apart) else 0.0) for event in told.events]
    now = 0.0
    order = []
    for index, event in enumerate(told.events):
        now = timed[index] if isinstance(event, apart) else max(now, timed[index])
        order.append((now, index, event))
    moved = [event for _, _, event in sorted(order, key=lambda row: row[:2])]
    assert records(moved, told.asked) == records(told.events, told.asked)


# --- with a hole ------------------------------------------------------------------------------------------------------


def places(told: Story, gap: int, count: int) -> Iterator[tuple[int, int]]:
    """Some places where the link may break, and where it is back."""
    begin = next(index for index, event in enumerate(told.events) if isinstance(event, ami.Newchannel)) + 1
    chosen = range(begin, len(told.events))
    for start in random.Random(f"{SEED} {told.name} {gap}").sample(chosen, min(count, len(chosen))):
        yield start, min(start + gap, len(told.events))


def snapshot(told: Story, until: int) -> ResyncSnapshot:
    """What the PBX answers after the event before `until`."""
    return running_after(told.events[:until], max(event.at or 0.0 for event in told.events[:until]))


def with_hole(told: Story, start: int, until: int) -> Records:
    """The records when the events in between were never heard."""
    lost = ami.LinkLost(max(event.at or 0.0 for event in told.events[:start]))
    return records([*told.events[:start], lost, snapshot(told, until), *told.events[until:]], told.asked)


def with_restart(told: Story, start: int, until: int) -> Records:
    """The records when our own process stopped meanwhile and came back with the open calls of its store."""
    stored: dict[str, Call] = {}
    first = PbxState(PbxName("main"), device_plan(TWINS), clock_from_arrival=False)
    play(told.events[:start], told, stored, first)
    if stored and all(call.ended_at is not None for call in stored.values()):
        until = len(told.events)  # nothing to come back to; what Asterisk says of the dead now is another story (P3)
    second = PbxState(PbxName("main"), device_plan(TWINS), clock_from_arrival=False)
    second.restore([call for call in stored.values() if call.ended_at is None])
    dead = {event.channel.uniqueid for event in told.events[:until] if isinstance(event, ami.Hangup)}
    # What Asterisk still says of the dead (P3), only a process that saw them die can tell.
    later = [event for event in told.events[until:] if dead.isdisjoint(c.uniqueid for c in channels_of(event))]
    play([snapshot(told, until), *later], told, stored, second)
    keep(stored, second.finish())
    return by_root(stored.values())


def play(events: Sequence[PbxEvent], told: Story, stored: dict[str, Call], state: PbxState) -> None:
    for channel_id, number in told.asked.items():
        state.expect_originate(channel_id, number)
    now = 0.0
    for event in events:
        now = event.at if event.at is not None else now
        keep(stored, state.apply(event, now))


def keep(stored: dict[str, Call], happened: Sequence[CallEvent]) -> None:
    """Write the records, as the call log does."""
    stored.update({call.id: call for event in happened if (call := getattr(event, "call", None)) is not None})


def dial_is_told_later(told: Story, cut: int) -> bool:
    """A device was born before the cut and its DialBegin comes after it: the snapshot shows it first."""
    born = {event.channel.uniqueid for event in told.events[:cut] if isinstance(event, ami.Newchannel)}
    return any(isinstance(event, ami.DialBegin) and event.dest.uniqueid in born for event in told.events[cut:])


@each(WHOLE)
def test_a_reconnect_that_missed_nothing_changes_nothing(told: Story) -> None:
    original = records(told.events, told.asked)
    for start, _ in places(told, 0, 12):
        found = with_hole(told, start, start)
        lines = changed(original, found)
        admitted = dial_is_told_later(told, start) and ".estimated: False -> True" in lines
        doubted = lines == [".estimated: False -> True"]  # a phone fell silent right after it
        assert lines == [] or doubted or admitted or _ends_by_itself(found), f"cut before event {start}: {lines}"


def _ends_by_itself(found: Records) -> bool:
    """Nobody asked for the end right after the cut. In earnest that takes time, and somebody may have asked in it."""
    doubted = [record for record in found.values() if record["ended_by"] == "unknown"]
    return bool(doubted) and all(record["estimated"] for record in doubted)


def heard(told: Story, root: str, start: int, until: int) -> list[PbxEvent]:
    """The events of a root channel that were heard."""
    events = [*told.events[:start], *told.events[until:]]
    return [event for event in events if any(channel.uniqueid == root for channel in channels_of(event))]


@each(WHOLE)
@pytest.mark.parametrize(
    ("cut", "gap"),
    [(with_hole, 4), (with_hole, 15), (with_hole, 40), (with_restart, 0), (with_restart, 15), (with_restart, 40)],
)
def test_a_hole_gives_one_record_each_with_nobody_else_in_it(told: Story, cut: Any, gap: int) -> None:
    """After a restart even without a hole: who had asked to hang up was only in the memory of the process that stopped."""
    original = records(told.events, told.asked)
    for start, until in places(told, gap, 6):
        found = cut(told, start, until)
        place = f"{start} to {until}"
        extra = set(found) - set(original) - told_as_their_own(told)
        assert all(found[root]["estimated"] and found[root]["direction"] != "inbound" for root in extra), place
        for root, whole in original.items():
            if root not in found:
                assert _never_dialled(told, root, start, until), f"{root} is missing, {place}"
                continue
            _holds_what_is_certain(whole, found[root], place, sums_only=cut is with_restart)


def told_as_their_own(told: Story) -> set[str]:
    """Consultations and spies: that they belong to another call, or to none, may be told in the hole."""
    folded = Folded(list(told.events), owners=TWINS, asked=told.asked)
    return {event.call.uniqueid for event in folded.told if isinstance(event, CallDropped)}


def _never_dialled(told: Story, root: str, start: int, until: int) -> bool:
    """Nothing of it was heard; or it is a colleague's phone whose dialling fell into the hole: perhaps a feature code."""
    left = heard(told, root, start, until)
    dials = [event for event in left if isinstance(event, ami.DialBegin)]
    return not any(isinstance(event, ami.Newchannel) for event in left) or not dials


def _holds_what_is_certain(whole: dict[str, Any], found: dict[str, Any], place: str, *, sums_only: bool) -> None:
    """`sums_only`: the store keeps how long somebody talked, not when; a talk with breaks that runs on is taken for one."""
    assert found["direction"] == whole["direction"], place
    last_talk_is_missing = found["estimated"] and found["talk_s"] < whole["talk_s"] - NEAR_S
    assert found["ended_by"] in (whole["ended_by"], "unknown") or last_talk_is_missing, place
    assert _talkers(found) <= _talkers(whole), place
    if whole["queues"] and not found["queues"] and not found["legs"]:
        return  # the whole stay in the queue fell into the hole, before and after it the caller heard the dialplan
    assert found["outcome"] in (whole["outcome"], "unknown", *_timed_out(found)), place
    same = found["outcome"] == whole["outcome"] and _talkers(found) == _talkers(whole)
    as_long = sums_only or abs(found["talk_s"] - whole["talk_s"]) <= NEAR_S
    assert found["estimated"] or (same and as_long), place


def _timed_out(record: dict[str, Any]) -> tuple[str, ...]:
    """A queue that was seen to time out stays the reason when all that followed fell into the hole."""
    return ("queue_timeout",) if any(wait["result"] == "timeout" for wait in record["queues"]) else ()


def _talkers(record: dict[str, Any]) -> set[str]:
    return {leg["extension"] for leg in record["legs"] if leg["result"] == "answered" and leg["via"] is None}


def test_a_crash_of_the_pbx_in_the_hole_ends_every_call() -> None:
    told = story(next(capture for capture in EXACT if capture.stem == "queue_answered"))
    talking = next(index for index, event in enumerate(told.events) if isinstance(event, ami.HangupRequest))
    crash = replace(snapshot(told, talking), channels=(), waiting=(), rebooted=True)
    (record,) = records([*told.events[:talking], ami.LinkLost(crash.at), crash], told.asked).values()
    assert (record["outcome"], record["ended_by"], record["estimated"]) == ("answered", "system", True)


# --- many of them: make long ------------------------------------------------------------------------------------------

#: The last flow of each family, by number.
FAMILIES = (
    (17, "inbound direct"),
    (22, "ring group"),
    (46, "queue"),
    (56, "transfers"),
    (64, "pickup, park, hold, conference, spy"),
    (74, "outbound and click-to-dial"),
    (82, "other"),
)
VARIATIONS = 1000


def family(capture: Path) -> str:
    """The group of the list of flows that a recording belongs to, by the first flow it covers."""
    flows = json.loads(capture.with_suffix(".truth.json").read_text())["covers"]
    number = int(flows[0][1:]) if flows else FAMILIES[-1][0]
    return next(name for last, name in FAMILIES if number <= last)


def variation(told: Story, chance: random.Random) -> tuple[list[PbxEvent], float]:
    """One other way to tell it: another order, half of the time each event twice; and how far times may move."""
    window_s = chance.choice((0.05, 0.3, 1.0))
    events = interleaved(told.events, seed=chance.randrange(2**32), window_s=window_s)
    if chance.random() < 0.5:
        events = [event for event in events for _ in range(2)]
    # A talk of two parts may move twice.
    return events, 2 * window_s if window_s == 1.0 else NEAR_S


@dataclass
class Tally:
    """What came of the variations of one family."""

    raised: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def tell(self, told: Story, number: int, chance: random.Random) -> None:
        """One variation more."""
        name = f"{told.name}, variation {number}"
        events, near_s = variation(told, chance)
        try:
            folded = Folded(events, owners=TWINS, asked=told.asked)
        except Exception as error:  # whatever it is, it must not be
            self.raised.append(f"{name}: {error!r}")
            return
        self.left += [f"{name}: {call.id}" for call in folded.state.open_calls()]
        found = by_root(folded.calls.values())
        original = records(told.events, told.asked)
        lines = changed(original, found, near_s=near_s) if set(original) == set(found) else ["other calls"]
        self.changed += [f"{name}: {line}" for line in lines]


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [name for _, name in FAMILIES])
def test_a_thousand_other_ways_to_tell_a_family_of_flows(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    captures = [capture for capture in WHOLE if family(capture) == name]
    tally = Tally()
    began = time.monotonic()
    chance = random.Random(f"{SEED} {name}")
    for number in range(VARIATIONS):
        tally.tell(story(captures[number % len(captures)]), number, chance)
    with capsys.disabled():
        print(
            f"\n{name:<38}{len(captures):>4} recordings {VARIATIONS:>6} variations {len(tally.raised):>4} exceptions"
            f" {len(tally.left):>4} calls left {len(tally.changed):>4} records changed {time.monotonic() - began:>6.1f} s"
        )
    assert tally == Tally()
