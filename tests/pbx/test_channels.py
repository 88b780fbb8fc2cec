"""The channel graph: who hears whom, who is gone."""

from dataclasses import replace

from pbx.channels import TOMBSTONE_S, ChannelGraph, LiveChannel
from pbx.events import BridgeId, Channel, ChannelState, Uniqueid
from tests.pbx.folding import device_plan

B1, B2 = BridgeId("b1"), BridgeId("b2")


def graph() -> ChannelGraph:
    return ChannelGraph(device_plan())


def channel(graph: ChannelGraph, uniqueid: str, name: str) -> LiveChannel:
    seen = Channel(name, Uniqueid(uniqueid), Uniqueid("1"), ChannelState.UP, None, None, None, None, "", "s")
    return graph.add(seen)


def names(channels: list[LiveChannel]) -> set[str]:
    return {one.name for one in channels}


def test_who_shares_a_bridge_hears_each_other() -> None:
    calls = graph()
    one, two = channel(calls, "1", "PJSIP/trunk-a-00000001"), channel(calls, "2", "PJSIP/1001-00000002")
    assert calls.connected(one) == []
    calls.enter(one, B1)
    calls.enter(two, B1)
    calls.enter(two, B1)
    assert names(calls.connected(one)) == {"PJSIP/1001-00000002"}
    assert len(calls) == 2


def test_local_pairs_of_any_depth_are_one_line() -> None:
    calls = graph()
    caller, phone = channel(calls, "1", "PJSIP/trunk-a-00000001"), channel(calls, "2", "PJSIP/1001-00000002")
    a1, a2 = channel(calls, "3", "Local/a@x-00000001;1"), channel(calls, "4", "Local/a@x-00000001;2")
    b1, b2 = channel(calls, "5", "Local/b@x-00000002;1"), channel(calls, "6", "Local/b@x-00000002;2")
    calls.pair(a1, a2)
    calls.pair(b1, b2)
    for member, bridge in ((caller, "x"), (a1, "x"), (a2, "y"), (b1, "y"), (b2, "z"), (phone, "z")):
        calls.enter(member, BridgeId(bridge))
    assert names(calls.connected(caller)) == {phone.name}
    assert names(calls.connected(phone)) == {caller.name}


def test_a_local_half_without_its_other_half_leads_nowhere() -> None:
    calls = graph()
    caller, half = channel(calls, "1", "PJSIP/trunk-a-00000001"), channel(calls, "2", "Local/a@x-00000001;1")
    calls.enter(caller, B1)
    calls.enter(half, B1)
    assert calls.connected(caller) == []


def test_a_loop_of_local_channels_ends() -> None:
    calls = graph()
    one, two = channel(calls, "1", "Local/a@x-00000001;1"), channel(calls, "2", "Local/a@x-00000001;2")
    phone = channel(calls, "3", "PJSIP/1001-00000002")
    calls.pair(one, two)
    for member in (one, two, phone):
        calls.enter(member, B1)
    assert calls.connected(phone) == []


def test_a_swap_takes_the_place_and_leaves_others_alone() -> None:
    calls = graph()
    one, two = channel(calls, "1", "PJSIP/trunk-a-00000001"), channel(calls, "2", "PJSIP/1001-00000002")
    other = channel(calls, "3", "PJSIP/1002-00000003")
    calls.enter(one, B1)
    calls.enter(other, B2)
    calls.enter(two, B1, swap=Uniqueid("1"))
    assert one.bridge is None
    calls.enter(one, B1, swap=Uniqueid("3"))
    assert other.bridge == B2


def test_leaving_a_bridge_it_is_no_longer_in_says_nothing() -> None:
    calls = graph()
    one = channel(calls, "1", "PJSIP/trunk-a-00000001")
    calls.enter(one, B1)
    calls.enter(one, B2)
    calls.leave(one, B1)
    assert one.bridge == B2
    calls.leave(one)
    calls.leave(one)
    assert one.bridge is None


def test_the_dead_are_remembered_for_a_while() -> None:
    calls = graph()
    one = channel(calls, "1", "PJSIP/1001-00000001")
    calls.bury(one, 1000.0)
    assert calls.buried(Uniqueid("1"))
    assert calls.get(Uniqueid("1")) is None
    assert calls.by_name("PJSIP/1001-00000001") is None
    calls.forget_buried(1000.0 + TOMBSTONE_S - 1)
    assert calls.buried(Uniqueid("1"))
    calls.forget_buried(1000.0 + TOMBSTONE_S)
    assert not calls.buried(Uniqueid("1"))


def test_only_so_many_dead_are_remembered() -> None:
    calls = graph()
    for number in range(20_001):
        calls.bury(channel(calls, str(number), "PJSIP/1001-00000001"), 1000.0)
    assert not calls.buried(Uniqueid("0"))
    assert calls.buried(Uniqueid("1"))
    assert calls.buried(Uniqueid("20000"))


def test_a_name_taken_by_another_channel_stays_with_it() -> None:
    calls = graph()
    first = channel(calls, "1", "PJSIP/1001-00000001")
    second = channel(calls, "2", "PJSIP/1001-00000001")
    calls.bury(first, 1000.0)
    assert calls.by_name("PJSIP/1001-00000001") is second
    calls.rename(second, "PJSIP/trunk-a-00000009")
    assert (calls.by_name("PJSIP/1001-00000001"), second.endpoint) == (None, "PJSIP/trunk-a")


def test_ringing_is_remembered() -> None:
    calls = graph()
    one = channel(calls, "1", "PJSIP/1001-00000001")
    seen = Channel(one.name, one.uniqueid, one.linkedid, ChannelState.RINGING, None, None, None, None, "", "s")
    calls.refresh(one, seen)
    calls.refresh(one, replace(seen, state=ChannelState.UP))
    assert (one.rang, one.up) == (True, True)
    assert list(calls) == [one]


def test_who_is_in_a_holding_bridge_hears_nobody_until_it_is_empty() -> None:
    calls = graph()
    one, two = channel(calls, "1", "PJSIP/trunk-a-00000001"), channel(calls, "2", "PJSIP/trunk-a-00000002")
    calls.enter(one, B1)
    calls.hold(B1)
    calls.enter(two, B1)
    assert calls.connected(one) == []
    calls.leave(one)
    calls.leave(two)
    calls.enter(one, B1)
    calls.enter(two, B1)
    assert names(calls.connected(one)) == {two.name}


def nested(calls: ChannelGraph) -> list[LiveChannel]:
    """Two Local channels in a row, as FreePBX makes them, and the phone behind."""
    halves = [
        channel(calls, "1", "Local/1001@from-queue-00000001;1"),
        channel(calls, "2", "Local/1001@from-queue-00000001;2"),
        channel(calls, "3", "Local/FMPR-1001@from-internal-00000002;1"),
        channel(calls, "4", "Local/FMPR-1001@from-internal-00000002;2"),
    ]
    phone = channel(calls, "5", "PJSIP/1001-00000003")
    calls.pair(halves[0], halves[1])
    calls.pair(halves[2], halves[3])
    halves[2].dialled_by, phone.dialled_by = halves[1].uniqueid, halves[3].uniqueid
    return [*halves, phone]


def test_a_line_of_local_channels_is_walked_from_either_end() -> None:
    calls = graph()
    outer, outer_far, inner, inner_far, phone = nested(calls)
    assert calls.outermost_local(inner_far) is outer
    assert calls.outermost_local(outer_far) is outer
    assert calls.outermost_local(phone) is None
    assert calls.local_line(outer) == [outer, outer_far, inner, inner_far]
    assert calls.dialled_through(phone) == ["Local/FMPR-1001@from-internal", "Local/1001@from-queue"]
    assert calls.dialled_through(outer) == []


def test_a_local_line_whose_first_half_is_gone_leads_nowhere() -> None:
    calls = graph()
    outer, outer_far, _, _, phone = nested(calls)
    calls.bury(outer, 1000.0)
    assert calls.outermost_local(outer_far) is None
    assert calls.dialled_through(phone) == ["Local/FMPR-1001@from-internal", "Local/1001@from-queue"]


def test_local_channels_that_dial_each_other_in_a_ring_end() -> None:
    calls = graph()
    outer, _, _, inner_far, phone = nested(calls)
    outer.dialled_by = inner_far.uniqueid
    assert len(calls.dialled_through(phone)) == 2


def test_the_call_of_the_dead_is_remembered_too() -> None:
    calls = graph()
    one = channel(calls, "1", "PJSIP/1001-00000001")
    one.call_key = Uniqueid("7")
    assert calls.call_key_of(one.uniqueid) == "7"
    calls.bury(one, 1000.0)
    assert calls.call_key_of(one.uniqueid) == "7"
    assert calls.call_key_of(Uniqueid("8")) is None
    assert calls.of([one.uniqueid]) == []
