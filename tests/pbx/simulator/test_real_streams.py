"""The simulator speaks as the real Asterisk 22: the same events, headers and order in the same flow."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from pbx.simulator.flows import flow_names
from tests.pbx.simulator.streams import CLICKS, RECORDINGS, Event, clicked, header_orders, recorded, simulated

# They come from threads of their own and in numbers that depend on how many queues a phone is in.
OF_DEVICES = {"DeviceStateChange", "ExtensionStatus", "QueueMemberStatus"}
# Header names that only some versions or builds have: one table, so that a new version is one line here.
VERSION_FIELDS = {"TechCause", "SystemName", "Tenantid"}

NAMES = (*flow_names(), *CLICKS)
# Comes with both channels, one or none, as the race with the hang-up goes (P6).
RACING = "AgentComplete"

Rule = Callable[[Sequence[Event]], bool]


def ours_of(name: str) -> list[Event]:
    return clicked(name) if name in CLICKS else simulated(name)


@pytest.mark.parametrize("name", NAMES)
def test_same_events_as_recorded(name: str) -> None:
    real, ours = (Counter(event.name for event in events) for events in (recorded(name), ours_of(name)))
    for unimportant in (*OF_DEVICES, "FullyBooted"):
        del real[unimportant], ours[unimportant]
    assert ours == real


@pytest.mark.parametrize("name", NAMES)
def test_same_headers_in_the_same_order_as_recorded(name: str) -> None:
    real = header_orders(recorded(name))
    for event, orders in header_orders(ours_of(name)).items():
        known = {_comparable(event, order) for order in real[event]}
        ours = {_comparable(event, order) for order in orders}
        assert ours == known if event not in OF_DEVICES else ours <= known or not known, event


@pytest.mark.parametrize("name", NAMES)
def test_same_words_as_recorded(name: str) -> None:
    """States, causes, dial results and reasons, event by event, whatever their order between channels."""
    assert Counter(_words(ours_of(name))) == Counter(_words(recorded(name)))


def _comparable(event: str, order: tuple[str, ...]) -> tuple[str, ...]:
    own = order[order.index("Queue") :] if event == RACING else order
    return tuple(header for header in own if header not in VERSION_FIELDS)


_WORDS = ("ChannelStateDesc", "Cause", "TechCause", "DialStatus", "Reason", "Queue", "Interface", "Position", "Count")


def _words(events: Sequence[Event]) -> list[tuple[str, ...]]:
    told = [event for event in events if event.name not in OF_DEVICES and event.name != "FullyBooted"]
    return [_said(event) for event in told]


def _said(event: Event) -> tuple[str, ...]:
    words = _WORDS[1:] if event.name == RACING else _WORDS
    device = "" if event.name == RACING else event.device
    return (event.name, device, *(event.get(word, "") for word in words))


# --- order (docs: "What real AMI streams do") -------------------------------------------------------------------------


def _first(events: Sequence[Event], name: str, **wanted: str) -> int | None:
    for number, event in enumerate(events):
        if event.name == name and all(event.get(header) == value for header, value in wanted.items()):
            return number
    return None


def _before(events: Sequence[Event], earlier: int | None, later: int | None) -> bool:
    return earlier is None or later is None or earlier < later


def up_before_dial_end(events: Sequence[Event]) -> bool:
    answered = [event for event in events if event.name == "DialEnd" and event["DialStatus"] == "ANSWER"]
    return all(
        _before(
            events,
            _first(events, "Newstate", Channel=event["DestChannel"], ChannelStateDesc="Up"),
            events.index(event),
        )
        for event in answered
    )


def called_before_dialled(events: Sequence[Event]) -> bool:
    return all(
        _before(events, events.index(event), _first(events, "DialBegin", DestChannel=event["DestChannel"]))
        for event in events
        if event.name == "AgentCalled"
    )


def connected_before_the_caller_is_in_a_bridge(events: Sequence[Event]) -> bool:
    connect = _first(events, "AgentConnect")
    if connect is None:
        return True
    caller, queue = events[connect]["Channel"], events[connect]["Queue"]
    left = _first(events, "QueueCallerLeave", Queue=queue)
    return (
        _before(events, _first(events, "DialEnd", DialStatus="ANSWER"), left)
        and _before(events, left, connect)
        and _before(events, connect, _first(events, "BridgeEnter", Channel=caller))
    )


def abandoned_before_left(events: Sequence[Event]) -> bool:
    return _before(events, _first(events, "QueueCallerAbandon"), _first(events, "QueueCallerLeave"))


def request_before_hangup(events: Sequence[Event]) -> bool:
    return all(
        _before(events, number, _first(events, "Hangup", Channel=event["Channel"]))
        for number, event in enumerate(events)
        if event.name == "HangupRequest"
    )


def nothing_new_after_hangup(events: Sequence[Event]) -> bool:
    gone = {event["Uniqueid"]: number for number, event in enumerate(events) if event.name == "Hangup"}
    return all(
        number <= gone.get(event.get("Uniqueid", ""), number)
        for number, event in enumerate(events)
        if event.name in {"Newchannel", "Newstate", "BridgeEnter"}
    )


def timestamps_never_go_back(events: Sequence[Event]) -> bool:
    stamps = [float(event["Timestamp"]) for event in events if event["Privilege"] == "call,all" and "Channel" in event]
    return all(later >= earlier - 0.05 for earlier, later in pairwise(stamps))


RULES: tuple[Rule, ...] = (
    up_before_dial_end,
    called_before_dialled,
    connected_before_the_caller_is_in_a_bridge,
    abandoned_before_left,
    request_before_hangup,
    nothing_new_after_hangup,
    timestamps_never_go_back,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_order_rules_hold_in_both_streams(name: str, rule: Rule) -> None:
    assert rule(recorded(name)), "the recording breaks the rule: the rule is wrong"
    assert rule(ours_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_dialled_phones_and_their_results_come_in_the_recorded_order(name: str) -> None:
    """Per channel everything comes in one order; only between channels Asterisk promises none (P1)."""
    assert _by_channel(ours_of(name)) == _by_channel(recorded(name))


def _by_channel(events: Sequence[Event]) -> Counter[tuple[str, ...]]:
    """The life of each channel as a list of its own events, whatever its number is."""
    lives: dict[str, list[str]] = {}
    for event in events:
        if event.name in {"Newchannel", "Newstate", "BridgeEnter", "BridgeLeave", "Hangup"}:
            lives.setdefault(event["Channel"], []).append(f"{event.name} {event['ChannelStateDesc']}")
    return Counter((channel.rpartition("-")[0], *life) for channel, life in lives.items())


def test_every_recorded_flow_of_the_list_is_played() -> None:
    """The flows that the simulator owes (A01–A04, A06, A09, A18, A23, A25–A28, A32–A34, A65, A66, A75)."""
    owed = {"direct_agent_hangs_up", "direct_caller_hangs_up", "direct_missed", "direct_declined"}
    owed |= {"direct_caller_gives_up", "direct_withheld", "ring_group_answered", "queue_answered", "queue_local_kept"}
    owed |= {"queue_abandoned_unrung", "queue_abandoned_ringing", "queue_timeout", "queue_second_member"}
    owed |= {"queue_ringall", "queue_member_rejects", "outbound_answered", "outbound_busy", "internal_answered"}
    assert owed <= set(flow_names())
    assert all((RECORDINGS / f"{name}.ami").exists() for name in NAMES)
