"""When each phone of a call rang, talked and held."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pbx import events as ami
from pbx.calls import Call
from pbx.timeline import Doing, Stretch, Timeline, cells
from tests.pbx.tape import Tape


def drawn(tape: Tape) -> tuple[Timeline, Call]:
    timeline = Timeline()
    for told in tape.told:
        call = getattr(told, "call", None)
        if call is not None:
            timeline.take(call, told.at)
    return timeline, tape.call()


def spans(timeline: Timeline, leg_id: int) -> list[tuple[str, float, float]]:
    return [(one.doing.value, one.since, one.until) for one in timeline.of_leg(leg_id)]


def test_ring_talk_and_hold_in_their_order() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)  # 1002
    tape.at(1006)
    tape.answer(caller, eva)
    tape.at(1010)
    tape.play(ami.Hold(1010, eva))
    tape.at(1013)
    tape.play(ami.Unhold(1013, eva))
    tape.at(1020)
    tape.end_talk(caller, eva)
    timeline, _ = drawn(tape)
    assert spans(timeline, 0) == [
        ("ringing", 1002.0, 1006.0),
        ("talking", 1006.0, 1020.0),
        ("holding", 1010.0, 1013.0),
    ]


def test_two_phones_ring_and_one_talks() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    phones = [tape.phone(f"1.{number}", f"100{number}", linked="1.1") for number in (2, 3)]
    for phone in phones:
        tape.dial(caller, phone)
    tape.at(1010)
    tape.answer(caller, phones[1])
    tape.at(1010)
    tape.hangup(phones[0], cause=26)
    tape.at(1015)
    tape.end_talk(caller, phones[1])
    timeline, _ = drawn(tape)
    assert spans(timeline, 0) == [("ringing", 1003.0, 1010.0)]
    assert spans(timeline, 1) == [("ringing", 1004.0, 1010.0), ("talking", 1010.0, 1015.0)]


def test_a_second_hold_is_a_stretch_of_its_own() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.at(1006)
    tape.answer(caller, eva)
    for begin in (1010.0, 1020.0):
        tape.at(begin)
        tape.play(ami.Hold(begin, eva))
        tape.at(begin + 2)
        tape.play(ami.Unhold(begin + 2, eva))
    timeline, _ = drawn(tape)
    assert [span for span in spans(timeline, 0) if span[0] == "holding"] == [
        ("holding", 1010.0, 1012.0),
        ("holding", 1020.0, 1022.0),
    ]


def test_without_timestamps_nothing_is_drawn() -> None:
    tape = Tape(timestamps=False)
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.answer(caller, eva)
    timeline, _ = drawn(tape)
    assert spans(timeline, 0) == []
    assert list(timeline.parked) == []


def test_parked_time() -> None:
    tape = Tape()
    tape.trunk("1.1")
    timeline, call = drawn(tape)
    timeline.take(replace(call, parked_s=0.0), 1010.0)
    timeline.take(replace(call, parked_s=5.0), 1015.0)
    timeline.take(replace(call, parked_s=7.0), 1017.0)
    assert list(timeline.parked) == [Stretch(Doing.PARKED, 1010.0, 1017.0)]


R, T, H = Doing.RINGING, Doing.TALKING, Doing.HOLDING


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        ([], [None] * 5),
        ([Stretch(R, 0, 4), Stretch(T, 4, 10)], [R, R, T, T, T]),
        ([Stretch(T, 2, 10), Stretch(H, 6, 8)], [None, T, T, H, T]),
        ([Stretch(R, 0, 0.1)], [R, None, None, None, None]),
        ([Stretch(T, 0, 10), Stretch(H, 0, 0.5)], [T] * 5),
    ],
)
def test_cells_show_what_fills_most_of_them(stretches: list[Stretch], expected: list[Doing | None]) -> None:
    assert cells(stretches, 0.0, 10.0, 5) == expected


def test_a_call_without_length_has_a_bar() -> None:
    assert cells([Stretch(R, 5.0, 5.0)], 5.0, 5.0, 3) == [None, None, None]
