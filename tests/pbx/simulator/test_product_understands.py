"""What the simulator plays, the product's own decoder and tracker fold into the right records."""

from collections.abc import Sequence

import pytest

from pbx.call_events import Anomaly
from pbx.simulator import AgentPlan
from pbx.simulator.ami_wire import event_bytes
from pbx.simulator.flows import flow_script
from pbx.simulator.load import CallStamp
from tests.pbx.folding import Folded, fold
from tests.pbx.simulator.streams import FLOWS, office

OUTCOMES = {
    "direct_agent_hangs_up": ("inbound", "answered", "agent"),
    "direct_caller_hangs_up": ("inbound", "answered", "remote"),
    "direct_missed": ("inbound", "no_answer", "system"),
    "direct_declined": ("inbound", "rejected", "system"),
    "direct_busy": ("inbound", "busy", "system"),
    "direct_caller_gives_up": ("inbound", "cancelled", "remote"),
    "direct_withheld": ("inbound", "answered", "agent"),
    "hold_and_resume": ("inbound", "answered", "remote"),
    "ring_group_answered": ("inbound", "answered", "remote"),
    "ring_group_nobody": ("inbound", "no_answer", "system"),
    "ring_group_busy": ("inbound", "busy", "system"),
    "ring_group_caller_gives_up": ("inbound", "cancelled", "remote"),
    "queue_answered": ("inbound", "answered", "remote"),
    "queue_answered_agent_hangs_up": ("inbound", "answered", "agent"),
    "queue_local_kept": ("inbound", "answered", "remote"),
    "queue_abandoned_unrung": ("inbound", "abandoned", "remote"),
    "queue_abandoned_ringing": ("inbound", "abandoned", "remote"),
    "queue_timeout": ("inbound", "queue_timeout", "system"),
    "queue_second_member": ("inbound", "answered", "agent"),
    "queue_member_rejects": ("inbound", "answered", "agent"),
    "queue_ringall": ("inbound", "answered", "agent"),
    "queue_timeout_second_queue": ("inbound", "answered", "agent"),
    "internal_answered": ("internal", "answered", None),
    "outbound_answered": ("outbound", "answered", "agent"),
    "outbound_far_end_hangs_up": ("outbound", "answered", "remote"),
    "outbound_busy": ("outbound", "busy", None),
    "outbound_no_answer": ("outbound", "no_answer", None),
    "outbound_invalid": ("outbound", "invalid", None),
    "outbound_rejected": ("outbound", "rejected", None),
    "outbound_cancelled": ("outbound", "cancelled", "agent"),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_flow_is_one_record_with_its_outcome(name: str) -> None:
    direction, outcome, ended_by = OUTCOMES[name]
    simulator = office()
    simulator.start(flow_script(simulator, name, FLOWS[name]))
    while (due := simulator.next_due()) is not None:
        simulator.advance(due)
    folded = fold(_capture([event_bytes(event) for event in simulator.take_events()]))
    (record,) = folded.records
    assert (record["direction"], record["outcome"]) == (direction, outcome)
    assert ended_by is None or record["ended_by"] == ended_by
    assert _anomalies(folded) == []


def test_an_hour_is_one_record_for_each_call() -> None:
    simulator = office(2, calls_per_minute=15)
    start = simulator.timeline.now
    simulator.open(start)
    simulator.advance(start + 3600)
    simulator.calls_per_minute = 1e-9
    simulator.advance(start + 7200)
    blocks = [event_bytes(event) for event in simulator.take_events()]
    folded = fold(_capture(blocks))
    born = [block for block in blocks if block.startswith(b"Event: Newchannel")]
    first = {
        _header(block, b"Uniqueid") for block in born if _header(block, b"Uniqueid") == _header(block, b"Linkedid")
    }
    records = folded.records
    assert {record["uniqueid"] for record in records} == {uniqueid.decode() for uniqueid in first}
    assert all(record["state"] == "ended" and not record["estimated"] for record in records)
    assert {record["outcome"] for record in records} >= {"answered", "abandoned"}
    assert _anomalies(folded) == []


def test_a_stamped_call_of_the_load_is_an_answered_queue_call() -> None:
    agent = AgentPlan(extension="10001", name="Agent 1")
    moments = (1_700_000_000.0, 1_700_000_000.2, 1_700_000_000.7)
    folded = fold(_capture(CallStamp().parts(3, caller="+442079460991", agent=agent, moments=moments)))
    (record,) = folded.records
    assert (record["outcome"], record["queue"], record["legs"][0]["endpoint"]) == ("answered", "load", "PJSIP/10001")
    assert _anomalies(folded) == []


def _capture(blocks: Sequence[bytes]) -> bytes:
    return b"Asterisk Call Manager/11.0.0\r\n" + b"".join(blocks)


def _anomalies(folded: Folded) -> list[Anomaly]:
    return [event for event in folded.told if isinstance(event, Anomaly)]


def _header(block: bytes, name: bytes) -> bytes:
    return block.partition(b"\r\n" + name + b": ")[2].partition(b"\r\n")[0]
