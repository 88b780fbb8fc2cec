"""What may be said in either direction."""

from __future__ import annotations

import pytest

from screenpop.errors import BadFrame
from screenpop.messages import (
    Dismiss,
    Message,
    Painted,
    Ping,
    PopRetract,
    PopShow,
    Subscribe,
    Unknown,
    parse_client_message,
    parse_message,
)


def frame(kind: str, data: str) -> str:
    return '{"v":1,"seq":7,"type":"%s","at":"2026-11-21T22:46:00.000Z","data":%s}' % (kind, data)  # noqa: UP031


def test_a_pop_is_read_by_what_it_is() -> None:
    data = '{"pop_id":"p","offer":2,"phase":"ringing","call":{"id":"c"},"match":"one","reason":"exact","customers":[{"id":5}]}'
    pop = parse_message(frame("pop.show", data))
    assert isinstance(pop, PopShow)
    assert (pop.seq, pop.pop_id, pop.offer, pop.phase, pop.match) == (7, "p", 2, "ringing", "one")
    assert (pop.call["id"], pop.customers) == ("c", [{"id": 5}])


def test_a_retract_tells_who_answered() -> None:
    data = '{"pop_id":"p","offer":1,"call_id":"c","reason":"answered_elsewhere","by":"jan"}'
    pop = parse_message(frame("pop.retract", data))
    assert isinstance(pop, PopRetract)
    assert (pop.reason, pop.by) == ("answered_elsewhere", "jan")


def test_a_type_of_a_later_version_is_handed_on_as_unknown() -> None:
    assert isinstance(parse_message(frame("something.new", "{}")), Unknown)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"seq":"1","at":"x","data":{}}', '{"seq":1,"at":"x","data":[]}'])
def test_what_is_no_frame_is_refused(text: str) -> None:
    with pytest.raises(BadFrame):
        parse_message(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type":"subscribe"}', Subscribe()),
        ('{"type":"subscribe","topics":[]}', Subscribe(topics=())),
        ('{"type":"subscribe","topics":["pops","queues"]}', Subscribe(topics=("pops", "queues"))),
        ('{"type":"subscribe","stream":"s","since":12}', Subscribe(stream="s", since=12)),
        ('{"type":"painted","pop_id":"p"}', Painted("p")),
        ('{"type":"dismiss","pop_id":"p","more":"ignored"}', Dismiss("p")),
        ('{"type":"ping"}', Ping()),
    ],
)
def test_a_client_may_say(text: str, message: object) -> None:
    assert parse_client_message(text) == message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense", "not_json"),
        ("[" * 100_000, "not_json"),
        ('"ping"', "not_an_object"),
        ("{}", "unknown_type"),
        ('{"type":["ping"]}', "unknown_type"),
        ('{"type":"painted","pop_id":7}', "bad_field"),
        ('{"type":"dismiss","pop_id":""}', "bad_field"),
        ('{"type":"dismiss","pop_id":"' + "x" * 201 + '"}', "bad_field"),
        ('{"type":"subscribe","topics":"pops"}', "bad_field"),
        ('{"type":"subscribe","topics":["everything"]}', "bad_field"),
        ('{"type":"subscribe","topics":[["pops"]]}', "bad_field"),
        ('{"type":"subscribe","since":-1}', "bad_field"),
        ('{"type":"subscribe","since":true}', "bad_field"),
        ('{"type":"subscribe","stream":5}', "bad_field"),
    ],
)
def test_a_client_may_not_say(text: str, code: str) -> None:
    with pytest.raises(BadFrame) as refused:
        parse_client_message(text)
    assert refused.value.code == code


def test_every_message_type_is_told_apart() -> None:
    kinds = [cls.TYPE for cls in Message.__subclasses__() if cls.TYPE]
    assert len(kinds) == len(set(kinds))
