"""Everybody hears every event in order; one follower's mistake stays its own."""

import structlog

from ctiserver.dispatcher import ABOUT_CALLS, Dispatcher
from pbx.call_events import AgentStateChanged, Anomaly, CallEnded, CallEvent, CallStarted, OriginateFinished, PbxLost
from pbx.events import PbxName
from tests.pbx.folding import RECORDINGS, fold

LOST = PbxLost(at=1.0, pbx=PbxName("main"))
ODD = Anomaly(at=1.0, pbx=PbxName("main"), kind="unknown_device", detail="PJSIP/lobby")


def test_followers_hear_events_in_order() -> None:
    heard: list[tuple[str, CallEvent]] = []
    dispatcher = Dispatcher()
    dispatcher.follow("a", lambda event: heard.append(("a", event)))
    dispatcher.follow("b", lambda event: heard.append(("b", event)))
    dispatcher.dispatch([LOST, ODD])
    assert heard == [("a", LOST), ("b", LOST), ("a", ODD), ("b", ODD)]


def test_a_follower_hears_only_the_kinds_it_takes() -> None:
    heard: list[CallEvent] = []
    dispatcher = Dispatcher()
    dispatcher.follow("links", heard.append, (PbxLost,))
    dispatcher.follow("calls", heard.append, ABOUT_CALLS)
    dispatcher.dispatch([LOST, ODD])
    assert heard == [LOST]


def test_events_about_calls_are_those_that_carry_one() -> None:
    assert {CallStarted, CallEnded} <= set(ABOUT_CALLS)
    assert not {AgentStateChanged, Anomaly, OriginateFinished, PbxLost} & set(ABOUT_CALLS)


def test_a_follower_that_fails_keeps_nothing_from_the_others() -> None:
    heard: list[CallEvent] = []
    dispatcher = Dispatcher()
    dispatcher.follow("broken", lambda event: 1 / 0)
    dispatcher.follow("sound", heard.append)
    dispatcher.dispatch([LOST, ODD])
    assert heard == [LOST, ODD]
    assert dispatcher.failures == 2


def test_anomalies_are_counted_by_kind() -> None:
    dispatcher = Dispatcher()
    dispatcher.dispatch([ODD, ODD, LOST])
    assert (dispatcher.anomalies, dispatcher.dispatched) == ({"unknown_device": 2}, 3)


def test_who_listens_in_is_written_down() -> None:
    folded = fold((RECORDINGS / "asterisk22" / "spied_on.ami").read_bytes())
    with structlog.testing.capture_logs() as told:
        Dispatcher().dispatch(folded.told)
    (call,) = folded.calls
    spied = {"call": call, "by": "PJSIP/1009", "on": "PJSIP/1001"}
    assert [line for line in told if line["event"] == "listened in"] == [
        {"event": "listened in", "log_level": "info", **spied}
    ]
