"""The board's queues: who waits, who talks, members by state."""

from pbx import events as ami
from pbx.agents import AgentBook
from pbx.call_events import PbxResynced, QueueChanged
from pbx.events import PbxName, QueueParams, ResyncSnapshot
from pbx.queues import QueueBook, QueueStatus
from tests.pbx.folding import device_plan
from tests.pbx.tape import Tape, member


def shown(tape: Tape) -> dict[str, QueueStatus]:
    """The newest status of each queue."""
    tape.tick(0.25)
    return {event.queue.name: event.queue for event in tape.told if isinstance(event, QueueChanged)}


def test_waiting_callers_stand_in_order_and_talking_ones_are_counted() -> None:
    tape = Tape()
    tape.play(ami.QueueMemberAdded(tape.now, member("support", "PJSIP/1001")))
    first, second = tape.up(tape.trunk("1.1")), tape.up(tape.trunk("2.1"))
    tape.join(first, "support")
    tape.join(second, "support")
    support = shown(tape)["support"]
    assert [(caller.position, caller.call_id) for caller in support.callers] == [
        (1, tape.calls()[0].id),
        (2, tape.calls()[1].id),
    ]
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(first, eva)
    tape.answer(first, eva)
    tape.leave_queue(first, "support")
    support = shown(tape)["support"]
    assert (len(support.callers), support.callers[0].position, support.talking) == (1, 1, 1)
    assert support.agents == {"talking": 1}
    tape.end_talk(first, eva)
    assert shown(tape)["support"].talking == 0


def test_an_empty_queue_of_the_snapshot_is_on_the_board() -> None:
    tape = Tape()
    queues = (QueueParams("support", "ringall", 0, 0),)
    tape.play(ResyncSnapshot(at=1000, channels=None, queues=queues, members=None, waiting=None))
    assert shown(tape)["support"] == QueueStatus(pbx="main", name="support", callers=(), agents={}, talking=0)


def test_a_queue_that_the_pbx_does_not_have_any_more_is_gone_after_the_resync() -> None:
    tape = Tape()
    for name, self_check in (("support", False), ("sales", True), ("sales", False)):
        queues = (QueueParams(name, "ringall", 0, 0),)
        check = ResyncSnapshot(at=1000, channels=None, queues=queues, members=(), waiting=None, self_check=self_check)
        tape.play(check)
    told = [event.queues for event in tape.told if isinstance(event, PbxResynced)]
    assert told == [frozenset({"support"}), frozenset({"sales"})]
    tape.play(ami.QueueMemberAdded(tape.now, member("support", "PJSIP/1001")))
    assert shown(tape)["support"].agents == {"ready": 1}  # it came back


def test_nothing_is_told_twice() -> None:
    tape = Tape()
    tape.play(ami.QueueMemberAdded(tape.now, member("support", "PJSIP/1001")))
    tape.tick(1)
    before = len(tape.told)
    tape.tick(1)
    assert len(tape.told) == before


def test_callers_whose_call_is_gone_wait_no_more() -> None:
    tape = Tape()
    tape.join(tape.up(tape.trunk("1.1")), "support")
    shown(tape)
    tape.play(ResyncSnapshot(at=tape.now, channels=(), queues=None, members=None, waiting=None))
    assert shown(tape)["support"].callers == ()


def test_only_wanted_queues_exist() -> None:
    devices = device_plan()
    queues = QueueBook(PbxName("main"), AgentBook(devices, lambda queue: 0.0), ["support"])
    for name in ("support", "secret"):
        queues.exists(name)
        queues.member_changed(member(name, "PJSIP/1001"))
    queues.replace_members([member("secret", "PJSIP/1001"), member("support", "PJSIP/1002")])
    queues.member_removed(member("secret", "PJSIP/1001"))
    tape = Tape()
    tape.join(tape.trunk("1.1"), "secret")
    queues.call_changed(tape.call())
    (status,) = queues.drain()
    assert (status.name, status.agents) == ("support", {"offline": 1})


def test_a_colleague_who_waited_for_the_customer_does_not_wait_twice() -> None:
    """A40: asked into another queue, the customer stands there now."""
    tape = Tape()
    customer, eva = tape.call_in()
    own = tape.up(tape.phone("2.1", "1001", exten="600", state=ami.ChannelState.RING))
    tape.join(own, "600")
    rut = tape.phone("2.2", "1003", linked="2.1")
    tape.dial(own, rut)
    assert [caller.call_id for caller in shown(tape)["600"].callers] == [tape.calls()[1].id]
    tape.leave("b1", customer, eva)
    tape.attended(eva, own, "App")
    tape.hangup(eva, own)
    assert [caller.call_id for caller in shown(tape)["600"].callers] == [tape.calls()[0].id]
