"""The protocol without a socket, and its promise: what a screen has equals what a fresh snapshot would show."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_store.access import Principal
from crm_store.caller_lookup import CallerMatch, MatchKind, MatchReason
from pbx.call_events import CallEvent
from pbx.calls import CallOutcome, LegResult
from screenpop.live_view import LiveView
from screenpop.local_broker import LocalBroker
from screenpop.messages import CloseCode, Hello, Message, Snapshot, parse_message
from screenpop.popper import PopMessage, Popper
from screenpop.session import MESSAGES_PER_MINUTE, CloseSocket, Session
from screenpop.streams import StreamLimits, Streams
from screenpop.topics import pops
from tests.screenpop.people import person
from tests.screenpop.phone_calls import START, PhoneCall, describe

AT = datetime(2026, 11, 21, tzinfo=UTC)


def see_all(user: Principal, kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    return data


class Centre:
    """Popper, broker and streams as the service wires them; a queue board beside."""

    def __init__(self, limits: StreamLimits | None = None) -> None:
        self.broker = LocalBroker(lambda: AT)
        self.popper = Popper(describe)
        self.queues: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str]] = []
        ids = itertools.count(1)
        self.streams = Streams(self.broker, see_all, lambda: f"stream-{next(ids)}", limits)

    def snapshot(self, user: Principal, topics: frozenset[str]) -> Mapping[str, Any]:
        return {"pops": self.popper.snapshot(user.name), "queues": list(self.queues.values())}

    def painted(self, user: Principal, pop_id: str) -> None:
        self.asked.append((user.name, pop_id))

    def dismiss(self, user: Principal, pop_id: str) -> None:
        self.tell(self.popper.dismiss(user.name, pop_id))

    def happen(self, event: CallEvent) -> None:
        self.tell(self.popper.apply(event, START))

    def tell(self, messages: Iterable[PopMessage]) -> None:
        for message in messages:
            self.broker.publish(pops(message.user), message.kind, message.data)

    def waiting(self, queue: str, callers: int) -> None:
        self.queues[queue] = {"pbx": "main", "name": queue, "waiting": callers}
        self.broker.publish("queues", "queue.update", self.queues[queue])

    def connect(self, user: str = "eva") -> Session:
        session = Session(person(user), self.streams, self, self, wake=lambda: None, version="1")
        session.opened(AT)
        return session


def taken(session: Session) -> list[Message]:
    found = []
    while (frame := session.take()) is not None:
        found.append(parse_message(frame))
    return found


def say(session: Session, at: datetime = AT, **frame: Any) -> None:
    session.received(orjson.dumps(frame).decode(), at)


def test_hello_is_first_and_a_snapshot_follows_the_subscription() -> None:
    centre = Centre()
    session = centre.connect()
    (hello,) = taken(session)
    assert isinstance(hello, Hello)
    assert (hello.seq, hello.stream, hello.user, hello.role) == (1, "stream-1", "eva", "agent")
    centre.waiting("600", 1)  # before the subscription: only in the snapshot
    say(session, type="subscribe", topics=["queues"])
    (snapshot,) = taken(session)
    assert isinstance(snapshot, Snapshot)
    assert set(snapshot.data) == {"pops", "queues", "agents", "pbx", "requests"}
    assert snapshot.part("queues") == [{"pbx": "main", "name": "600", "waiting": 1}]


def test_the_default_subscription_does_not_repeat_the_clients_own() -> None:
    session = Centre().connect()
    say(session, type="subscribe")
    taken(session)
    session.subscribe_default(AT)
    assert taken(session) == []


def test_subscribing_again_gives_a_fresh_snapshot_in_the_same_stream() -> None:
    session = Centre().connect()
    say(session, type="subscribe")
    say(session, type="subscribe", topics=["pops"])
    assert [(message.seq, message.TYPE) for message in taken(session)] == [(1, "hello"), (2, "snapshot")]


def test_a_client_that_found_a_hole_gets_the_frames_again() -> None:
    centre = Centre()
    session = centre.connect()
    say(session, type="subscribe")
    centre.waiting("600", 1)
    taken(session)
    say(session, type="subscribe", stream="stream-1", since=2)
    assert [(message.seq, message.TYPE) for message in taken(session)] == [(3, "queue.update"), (4, "resumed")]


def test_an_unknown_frame_is_answered_with_its_mistake() -> None:
    session = Centre().connect()
    taken(session)
    say(session, type="painted")
    (refused,) = taken(session)
    assert refused.data == {"code": "bad_field", "message": "pop_id must be a text of at most 200 characters"}


def test_what_the_role_may_not_have_ends_the_session() -> None:
    with pytest.raises(CloseSocket) as closed:
        say(Centre().connect(), type="subscribe", topics=["agents"])
    assert closed.value.code is CloseCode.NOT_ALLOWED


def test_a_hundred_messages_a_minute_are_allowed_and_not_one_more() -> None:
    session = Centre().connect()
    for _ in range(MESSAGES_PER_MINUTE):
        say(session, type="ping")
    say(session, AT + timedelta(minutes=1), type="ping")
    for _ in range(MESSAGES_PER_MINUTE - 1):
        say(session, AT + timedelta(minutes=1), type="ping")
    with pytest.raises(CloseSocket) as closed:
        say(session, AT + timedelta(minutes=1), type="ping")
    assert closed.value.code is CloseCode.TOO_MANY


def test_a_closed_session_leaves_a_stream_to_resume_unless_it_was_too_slow_or_never_subscribed() -> None:
    centre = Centre(StreamLimits(waiting_frames=5))
    silent, resumable, slow = centre.connect(), centre.connect(), centre.connect("jan")
    say(resumable, type="subscribe")
    say(slow, type="subscribe", topics=["pops"])
    for number in range(9):
        centre.broker.publish(pops("jan"), "pop.show", {"pop_id": str(number)})
    assert slow.too_slow
    assert (silent.closed(), slow.closed()) == (None, None)
    assert resumable.closed() is resumable.stream
    assert len(centre.streams) == 1


# --- apply(old snapshot, events) == new snapshot ----------------------------------------------------------------------


class Eva:
    """An agent's screen on a bad network: frames get lost at a cut, and sometimes nobody reads for a while."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.view = LiveView()
        self.shows: list[tuple[str, int]] = []
        self.stream: str | None = None
        self.seq = 0
        self.session: Session | None = None
        self.connect()

    def connect(self) -> None:
        self.session = self.centre.connect()
        (hello,) = taken(self.session)
        resume: dict[str, Any] = {"stream": self.stream, "since": self.seq} if self.stream else {}
        say(self.session, type="subscribe", **resume)
        frame = self.session.take()
        assert frame is not None
        first = parse_message(frame)
        if isinstance(first, Snapshot):
            assert isinstance(hello, Hello)
            self.stream, self.seq = hello.stream, hello.seq
        self._see(first)
        self.read()

    def read(self) -> None:
        if self.session is None:
            self.connect()
        elif self.session.too_slow:
            self.cut(0)
        else:
            for message in taken(self.session):
                self._see(message)

    def _see(self, message: Message) -> None:
        assert message.seq == self.seq + 1
        self.seq = message.seq
        self.view.apply(message)
        if message.TYPE == "pop.show":
            self.shows.append((message.data["pop_id"], message.data["offer"]))

    def cut(self, received: int) -> None:
        """The connection breaks; of what the server wrote only some frames arrived."""
        if self.session is None:
            return
        written = [] if self.session.too_slow else taken(self.session)
        for message in written[:received]:
            self._see(message)
        self.session.closed()
        self.session = None


_steps = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["eva", "jan"]), st.sampled_from(["ring", "miss", "answer", "hold", "resume", "hang up"])
        ),
        st.tuples(st.just("call"), st.sampled_from(["next", "end", "match", "withhold"])),
        st.tuples(st.just("eva's screen"), st.sampled_from(["read", "cut", "cut late", "dismiss", "save"])),
        st.tuples(st.just("queue"), st.sampled_from(["600", "700"])),
    ),
    max_size=60,
)


@settings(max_examples=250, deadline=None)
@given(steps=_steps, small=st.booleans())
def test_what_a_screen_has_equals_a_fresh_snapshot_whatever_happened_to_its_connection(
    steps: list[tuple[str, str]], small: bool
) -> None:
    limits = StreamLimits(waiting_frames=6, kept_frames=4) if small else None
    centre = Centre(limits)
    screen = Eva(centre)
    calls = [PhoneCall("01CALL0")]
    for number, (who, does) in enumerate(steps):
        match who:
            case "eva" | "jan":
                _phone(centre, calls[-1].later(1), who, does)
            case "call":
                _call(centre, calls, does)
            case "queue":
                centre.waiting(does, number)
            case _:
                _screen(centre, screen, does)
    screen.read()
    screen.read()
    assert list(screen.view.pops.values()) == centre.popper.snapshot("eva")
    assert {queue["name"]: queue for queue in screen.view.queues.values()} == centre.queues
    assert len(screen.shows) == len(set(screen.shows))  # each offer is shown at most once


def _phone(centre: Centre, call: PhoneCall, who: str, does: str) -> None:
    legs = [leg for leg in call.call.legs if leg.agent == who and leg.result is None]
    talking = bool(legs) and legs[-1].answered_at is not None
    match does:
        case "ring" if not legs:
            centre.happen(call.rings(who))
        case "miss" if legs and not talking:
            centre.happen(call.leg_ends(who, LegResult.MISSED))
        case "answer" if legs and not talking:
            centre.happen(call.answers(who))
        case "hold" if talking:
            centre.happen(call.holds(who))
        case "resume" if talking:
            centre.happen(call.resumes(who))
        case "hang up" if talking:
            centre.happen(call.leg_ends(who, LegResult.ANSWERED))


def _call(centre: Centre, calls: list[PhoneCall], does: str) -> None:
    call = calls[-1]
    match does:
        case "match":
            match = CallerMatch(kind=MatchKind.ONE, reason=MatchReason.EXACT, cards=({"id": 5},))
            centre.tell(centre.popper.matched(call.call.id, match))
        case "withhold":
            centre.happen(call.changes(remote_raw=None, remote_restricted=True))
        case _:
            centre.happen(call.ends(CallOutcome.UNKNOWN))
            calls.append(PhoneCall(f"01CALL{len(calls)}"))


def _screen(centre: Centre, screen: Eva, does: str) -> None:
    match does:
        case "read":
            screen.read()
        case "cut":
            screen.cut(0)
        case "cut late":
            screen.cut(2)
        case "dismiss" | "save":
            for pop in centre.popper.snapshot("eva")[:1]:
                if does == "dismiss":
                    centre.tell(centre.popper.dismiss("eva", pop["pop_id"]))
                else:
                    centre.tell(centre.popper.saved("eva", pop["call"]["id"]))
