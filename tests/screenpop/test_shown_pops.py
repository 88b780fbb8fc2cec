"""The popper's memory forgets what is over."""

from __future__ import annotations

import pytest

from pbx.calls import Call, CallOutcome
from screenpop.screen_pop import PopPhase, ScreenPop, pop_id_of
from screenpop.shown_pops import MAX_UNSAVED, UNSAVED_KEPT_S, ShownPop, ShownPops
from tests.screenpop.phone_calls import START, PhoneCall


def show(memory: ShownPops, call: Call, *, user: str = "eva", phase: PopPhase = PopPhase.RINGING) -> ShownPop:
    live = memory.remember(call)
    assert live is not None
    pop = ScreenPop(pop_id=pop_id_of(call.id, user), user=user, offer=1, phase=phase, call={}, match=None)
    shown = ShownPop(pop, live, 0, START)
    memory.add(shown)
    return shown


@pytest.fixture
def memory() -> ShownPops:
    return ShownPops()


def test_a_hidden_pop_is_kept_while_its_call_runs_and_forgotten_when_the_record_is_final(memory: ShownPops) -> None:
    call = PhoneCall().call
    shown = show(memory, call)
    memory.hide(shown)
    assert (memory.visible("eva"), memory.get(shown.pop.pop_id)) == ([], shown)
    memory.finish(call.id)
    assert memory.get(shown.pop.pop_id) is None
    assert memory.call(call.id) is None


def test_a_visible_pop_outlives_its_call(memory: ShownPops) -> None:
    call = PhoneCall().call
    shown = show(memory, call)
    memory.finish(call.id)
    assert (memory.visible("eva"), memory.of_call(call.id)) == ([shown], [shown])
    memory.hide(shown)
    assert vars(memory) == vars(ShownPops())


def test_a_call_that_ended_before_anybody_asked_is_not_remembered(memory: ShownPops) -> None:
    ended = PhoneCall()
    ended.ends(CallOutcome.IVR_ONLY)
    assert memory.remember(ended.call) is None
    memory.finish(ended.call.id)
    assert vars(memory) == vars(ShownPops())


def test_what_was_found_for_another_number_is_dropped(memory: ShownPops) -> None:
    call = PhoneCall()
    live = memory.remember(call.call)
    assert live is not None
    live.match = object()  # type: ignore[assignment]
    call.changes(wait_s=3.0)
    assert memory.remember(call.call) is live
    assert live.match is not None
    call.changes(remote_raw="+421911000000")
    memory.remember(call.call)
    assert live.match is None


def test_a_pop_without_receipt_is_named_once(memory: ShownPops) -> None:
    late, painted = show(memory, PhoneCall("01A").call), show(memory, PhoneCall("01B").call)
    memory.painted(painted)
    assert memory.not_painted_since(START - 1) == []
    assert memory.not_painted_since(START) == [late]
    assert memory.not_painted_since(START) == []
    assert (late.reported, painted.reported) == (True, False)


def test_the_oldest_unfinished_wrap_ups_make_room(memory: ShownPops) -> None:
    shown = [show(memory, PhoneCall(f"01{n}").call, phase=PopPhase.WRAP_UP) for n in range(MAX_UNSAVED + 2)]
    assert memory.wrapped_up(shown[-1], START) == shown[:2]
    show(memory, PhoneCall("01X").call, user="jan", phase=PopPhase.WRAP_UP)
    assert len(memory.visible("jan")) == 1


def test_an_unfinished_wrap_up_is_named_when_its_hour_is_over(memory: ShownPops) -> None:
    shown = show(memory, PhoneCall().call, phase=PopPhase.WRAP_UP)
    memory.wrapped_up(shown, START)
    assert memory.unsaved_too_long(START + UNSAVED_KEPT_S - 1) == []
    assert memory.unsaved_too_long(START + UNSAVED_KEPT_S) == [shown]
