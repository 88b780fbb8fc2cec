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


def test_a_merge_moves_everybody() -> None:
    calls = graph()
    one, two = channel(calls, "1", "PJSIP/trunk-a-00000001"), channel(calls, "2", "PJSIP/1001-00000002")
    calls.enter(one, B1)
    calls.enter(two, B2)
    calls.merge(B2, B1)
    assert names(calls.connected(two)) == {one.name}


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
    for number in range(50_001):
        calls.bury(channel(calls, str(number), "PJSIP/1001-00000001"), 1000.0)
    assert not calls.buried(Uniqueid("0"))
    assert calls.buried(Uniqueid("50000"))


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
