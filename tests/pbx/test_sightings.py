"""Which living channel does an event name: the dead stay dead, the unknown were there before we looked."""

from pbx import events as ami
from pbx.events import ChannelState
from tests.pbx.tape import Tape


def test_events_after_the_hangup_never_bring_a_call_back() -> None:
    """NewConnectedLine and others were seen after Hangup (P3)."""
    tape = Tape()
    caller = tape.trunk("1.1")
    tape.hangup(caller)
    tape.play(ami.Newchannel(1005.0, caller))
    tape.play(ami.Newstate(1005.0, caller))
    tape.play(ami.Hangup(1005.0, caller, 16))
    tape.tick(10)
    assert len(tape.calls()) == 1
    assert tape.state.open_calls() == []


def test_a_call_first_seen_in_the_middle_is_estimated() -> None:
    tape = Tape()
    caller = tape.trunk("1.1", new=False)
    tape.up(caller)
    call = tape.call()
    assert (call.started_at, call.estimated, call.did_raw) == (None, True, None)


def test_a_hangup_of_nobody_makes_no_call() -> None:
    tape = Tape()
    tape.hangup(tape.trunk("1.1", new=False))
    assert tape.calls() == []


def test_local_halves_of_nobody_are_tied_all_the_same() -> None:
    tape = Tape()
    tape.local("5.1", "5.2", "1001@somewhere", linked="4.4")
    assert tape.calls() == []


def test_a_channel_born_before_its_caller_was_told_joins_later() -> None:
    tape = Tape()
    eva = tape.phone("1.2", "1001", linked="1.1")
    caller = tape.trunk("1.1")
    tape.rings(eva)
    tape.hangup(caller)
    assert len(tape.state.open_calls()) == 1
    tape.hangup(eva)
    assert tape.state.open_calls() == []


def test_a_line_first_seen_in_the_middle_begins_a_call_although_another_one_dialled_it() -> None:
    """Its root is not known: what is certain is an outside line."""
    tape = Tape()
    tape.up(tape.trunk("1.2", linked="1.1", new=False))
    assert (tape.call().uniqueid, tape.call().estimated) == ("1.2", True)


def test_a_phone_first_seen_in_the_middle_is_silent_without_its_root() -> None:
    tape = Tape()
    tape.up(tape.phone("1.2", "1001", linked="1.1", new=False))
    assert tape.calls() == []


def test_a_channel_of_an_ended_call_does_not_come_back_by_its_linkedid() -> None:
    """P3."""
    tape = Tape()
    tape.hangup(tape.trunk("1.1"))
    tape.rings(tape.phone("1.2", "1001", linked="1.1"))
    assert tape.state.open_calls() == []
    assert tape.call().legs == ()


def test_a_listening_line_is_part_of_no_call_whatever_its_linkedid_says() -> None:
    """Asterisk merges the Linkedid of whoever barges in."""
    tape = Tape()
    _, eva = tape.call_in()
    chief = tape.up(tape.phone("cti-9", "1003", state=ChannelState.DOWN))
    tape.listen_in(chief, eva)
    tape.up(tape.phone("cti-9", "1003", linked="1.1", new=False))
    tape.hangup(eva)
    assert [call.uniqueid for call in tape.state.open_calls()] == ["1.1"]
    assert len(tape.state.open_calls()[0].legs) == 1
