"""The load: many calls, each with its own ids, numbers and phones, in the events of a real queue call."""

from pbx.simulator import AgentPlan, SimulatorServer
from pbx.simulator.load import CallStamp, load_office, play_load
from tests.pbx.simulator.client import Client
from tests.pbx.simulator.streams import events_of, header_orders, recorded

ANNA = AgentPlan(extension="10001", name="100% Anna")


def stamped(number: int) -> bytes:
    moments = (1_700_000_000.0, 1_700_000_000.2, 1_700_000_000.7)
    return b"".join(CallStamp().parts(number, caller="+442079460991", agent=ANNA, moments=moments))


def test_a_stamped_call_has_the_headers_of_a_real_one() -> None:
    known = header_orders([*recorded("queue_answered"), *recorded("queue_answered_agent_hangs_up")])
    assert all(orders <= known[name] for name, orders in header_orders(events_of(stamped(3))).items())


def test_nothing_of_the_stand_in_is_left() -> None:
    raw = stamped(3)
    assert b"9999999" not in raw
    assert b"1234567890" not in raw
    assert b"%" not in raw.replace(b"100% Anna", b"")


def test_two_calls_share_no_id() -> None:
    one, two = ({event["Uniqueid"] for event in events_of(stamped(n)) if "Uniqueid" in event} for n in (3, 4))
    assert len(one) == len(two) == 2
    assert not one & two


async def test_a_load_is_played_in_full() -> None:
    async with SimulatorServer(load_office(20)) as server, Client(server) as client:
        callers = [f"+4420794609{number:02d}" for number in range(50)]
        calls = await play_load(server, calls_per_second=200, seconds=0.5, callers=callers, ring_s=0.02, talk_s=0.03)
        assert len(calls) == 100
        last = calls[-1].uniqueid
        await client.until("Hangup", Uniqueid=last)
        connected = [event for event in client.events() if event.name == "AgentConnect"]
        assert [event["Uniqueid"] for event in connected] == [call.uniqueid for call in calls]
        assert [event["Interface"] for event in connected] == [call.endpoint for call in calls]
        assert [event["CallerIDNum"] for event in connected] == [call.number for call in calls]
