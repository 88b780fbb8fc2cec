"""The calls that live now: when one begins to be told, when it is over, what is final."""

from pbx import events as ami
from pbx.call_book import FINAL_GRACE_S, CallBook
from pbx.call_events import Anomaly, CallEnded, CallStarted
from pbx.calls import LegResult
from pbx.events import ChannelState, PbxName
from pbx.openings import Openings
from tests.pbx.folding import device_plan
from tests.pbx.tape import Tape


def test_a_call_without_a_channel_is_final_after_the_grace_time_and_told_once() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    tape.at(1010)
    tape.hangup(caller)
    tape.at(1010)
    tape.tick(FINAL_GRACE_S - 0.5)
    assert not any(isinstance(event, CallEnded) for event in tape.told)
    tape.tick(1.0)
    tape.tick(1.0)
    (ended,) = [event for event in tape.told if isinstance(event, CallEnded)]
    assert (ended.at, tape.state.unfinished()) == (1010.0, 0)


def test_the_end_is_when_the_customer_left_not_when_the_last_straggler_did() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)
    tape.at(1020)
    tape.hangup(caller)
    tape.at(1031)
    tape.hangup(eva)
    assert tape.finished().ended_at == 1020.0


def test_the_cause_is_the_customers_where_there_is_a_customer() -> None:
    tape = Tape()
    eva = tape.phone("1.1", "1001", exten="0905123456", state=ChannelState.RING)
    customer = tape.trunk("1.2", linked="1.1")
    tape.dial(eva, customer, "0905123456@trunk-a")
    tape.hangup(customer, cause=17)
    tape.hangup(eva, cause=16)
    assert tape.finished().hangup_cause == 17


def test_a_change_is_told_once_however_much_changed() -> None:
    tape = Tape()
    caller = tape.trunk("1.1")
    told = tape.play(ami.Newstate(tape.now, caller))
    assert [type(event).__name__ for event in told] == ["CallChanged"]
    assert tape.play(ami.BridgeDestroy(tape.now, ami.BridgeId("b1"))) == []


def test_an_anomaly_names_its_call() -> None:
    book = CallBook(PbxName("main"), device_plan())
    seen = Tape().trunk("1.1", new=False)
    call = Openings(book).open_root(book.graph.add(seen), seen, 1000.0)
    book.anomaly("odd", "never seen", 1001.0, call)
    book.anomaly("odd", "of nobody", 1001.0)
    told = book.drain(1001.0)
    assert [event.call_id for event in told if isinstance(event, Anomaly)] == [call.id, None]
    assert [type(event) for event in told if not isinstance(event, Anomaly)] == [CallStarted]


def test_a_channel_belongs_to_one_call_and_leaves_its_leg_behind() -> None:
    """An internal call's only phone is taken over by another conversation: the internal one is over."""
    book = CallBook(PbxName("main"), device_plan())
    graph = book.graph
    one, two = (Tape().phone(uid, ext, new=False) for uid, ext in (("1.1", "1001"), ("2.1", "1002")))
    first, second = (Openings(book).open_root(graph.add(seen), seen, 1000.0) for seen in (one, two))
    channel = graph.get(one.uniqueid)
    assert channel is not None
    book.attach(channel, first)
    assert first.channels == {one.uniqueid}
    book.attach(channel, second)
    assert (book.by_key(one.uniqueid), second.channels) == (None, {one.uniqueid, two.uniqueid})
    assert first.legs[0].channels == set()


def test_a_line_without_a_leg_may_change_its_call_too() -> None:
    book = CallBook(PbxName("main"), device_plan())
    graph = book.graph
    one, two = (Tape().trunk(uid, new=False) for uid in ("1.1", "2.1"))
    first, second = (Openings(book).open_root(graph.add(seen), seen, 1000.0) for seen in (one, two))
    channel = graph.get(one.uniqueid)
    assert channel is not None
    book.attach(channel, second)
    assert (first.ended, second.channels) == (True, {one.uniqueid, two.uniqueid})


def test_a_device_that_goes_to_another_call_leaves_its_twin_ringing_in_this_one() -> None:
    """P16: a dial is re-parented."""
    tape = Tape()
    first, second = tape.trunk("1.1"), tape.trunk("2.1")
    desk, twin = tape.phone("1.2", "1001", linked="1.1"), tape.phone("1.3", "991001", linked="1.1")
    tape.dial(first, desk)
    tape.dial(first, twin)
    tape.dial(second, desk)
    assert [[(leg.agent, leg.result) for leg in call.legs] for call in tape.calls()] == [
        [("eva", None)],
        [("eva", None)],
    ]
    tape.hangup(twin, first, cause=0)
    assert tape.calls()[0].legs[0].result is LegResult.MISSED
    tape.hangup(desk, second)


def test_a_consultation_is_known_by_its_root_after_it_was_joined() -> None:
    """What comes later of the asker's own line still finds the customer's call."""
    tape = Tape()
    caller, eva = tape.call_in()
    own, jan = tape.consult("1001", "1002")
    tape.leave("b2", jan, own)
    tape.bridge("b1", jan, swap=eva.uniqueid)
    tape.hangup(own)
    tape.attended(eva, own)
    tape.hangup(eva)
    assert tape.state.living_channel("2.1") == caller.name
    tape.end_talk(caller, jan)
    tape.tick(10)
    (transfer,) = tape.calls()[0].transfers
    assert (transfer.kind, transfer.by, transfer.to) == ("attended", "PJSIP/1001", "PJSIP/1002")
    assert (tape.state.unfinished(), tape.state.living_channel("2.1")) == (0, None)
