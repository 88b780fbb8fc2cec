"""A terminal shows pops and queues, and obeys no caller."""

from __future__ import annotations

import unicodedata
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screenpop.messages import LinkLost, Message, parse_message
from screenpop.watch_view import lines, plain


def message(kind: str, **data: Any) -> Message:
    return parse_message(orjson.dumps({"v": 1, "seq": 1, "type": kind, "at": "2026-11-21T22:46:00.125Z", "data": data}))


def pop(*customers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    call = {
        "remote": {"name": "Ján Kováč", "display": "+421 905 123 456"},
        "queue": "600",
        "queue_label": "Support",
        "wait_s": 67.2,
    }
    return {"pop_id": "p", "offer": 1, "phase": "ringing", "call": call, "customers": list(customers), **changes}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            message("pop.show", **pop({"name": "Ján Kováč", "company": "Acme"}, match="one")),
            ["22:46:00 RINGING · Ján Kováč, Acme · +421 905 123 456 · Support · waited 1:07"],
        ),
        (
            message("pop.show", **pop({"name": "Eva"}, {"name": "", "company": "Acme"}, match="several")),
            [
                "22:46:00 RINGING · one of 2 · +421 905 123 456 · Support · waited 1:07",
                "         1  Eva",
                "         2  Acme",
            ],
        ),
        (
            message("pop.update", **pop(phase="wrap_up", match="withheld", call={"remote": {}, "did": "+42125550"})),
            ["22:46:00 WRAP UP · number withheld · +42125550"],
        ),
        (
            message("pop.update", **pop(match="none", call={"remote": {}})),
            ["22:46:00 RINGING · unknown caller"],
        ),
        (
            message("pop.retract", pop_id="p", offer=1, reason="answered_elsewhere", by="jan"),
            ["22:46:00 pop away: answered elsewhere by jan"],
        ),
        (message("pop.retract", pop_id="p", offer=1, reason="saved", by=None), ["22:46:00 pop away: saved"]),
        (
            message("queue.update", name="600", label="Support", waiting=2, longest_wait_s=65, talking=1),
            ["22:46:00 queue Support: 2 waiting, longest 1:05, 1 talking"],
        ),
        (
            message("queue.update", name="600", waiting=0, longest_wait_s=None, talking=0),
            ["22:46:00 queue 600: 0 waiting, 0 talking"],
        ),
        (
            message("agent.update", name="eva", state="wrap_up", reason=None),
            ["22:46:00 agent eva: wrap up"],
        ),
        (
            message("agent.update", name="eva", state="paused", reason="lunch"),
            ["22:46:00 agent eva: paused (lunch)"],
        ),
        (message("pbx.update", name="main", state="lost"), ["22:46:00 telephone link main: lost"]),
        (message("task.due", id=1, title="ring back"), ["22:46:00 task due: ring back"]),
        (
            message("request.update", id="r", state="busy", detail="The customer's line is busy."),
            ["22:46:00 dialling: busy The customer's line is busy."],
        ),
        (message("hello", stream="s", user="eva", role="agent"), ["22:46:00 connected as eva (agent)"]),
        (message("resumed", stream="s", since=4, missed=0), ["22:46:00 connection is back, nothing was missed"]),
        (message("error", code="bad_field", message="no"), ["22:46:00 the server refused: no"]),
        (message("pong"), []),
        (message("from.the.future"), []),
        (LinkLost("no route", 0.75), ["-- connection lost (no route), next try in 0.8 s --"]),
        (message("snapshot", pops=[], queues=[], agents=[], pbx=[]), ["22:46:00 now: nothing to show"]),
    ],
)
def test_each_message_in_words(said: Message | LinkLost, shown: list[str]) -> None:
    assert lines(said) == shown


def test_a_snapshot_lists_what_is_there() -> None:
    said = message(
        "snapshot",
        pops=[pop(match="none")],
        queues=[{"name": "600", "waiting": 0, "talking": 0}],
        agents=[{"name": "eva", "state": "ready"}],
        pbx=[{"name": "main", "state": "connected"}],
    )
    assert lines(said) == [
        "22:46:00 now:",
        "         telephone link main: connected",
        "         queue 600: 0 waiting, 0 talking",
        "         agent eva: ready",
        "         RINGING · Ján Kováč · +421 905 123 456 · Support · waited 1:07",
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b]0;owned\x07",
        "\x1b[2J",
        "\x9b31m",
        "line\nbreak\r\n",
        "tab\tbell\x07\x08\x7f",
        "\u202egpj.exe",
        "\u2066isolate\u2069",
        "\u200bzero\ufeffwidth",
        "\u2028separator",
        "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    ],
)
def test_a_hostile_name_cannot_steer_the_terminal(hostile: str) -> None:
    said = message("pop.show", **pop({"name": hostile, "company": hostile}, match="one"))
    for line in lines(said):
        assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in line)


def test_hebrew_and_arabic_names_stay_readable() -> None:
    assert plain("דנה כהן") == "דנה כהן"
    assert plain("محمد") == "محمد"


def test_a_very_long_name_does_not_fill_the_screen() -> None:
    assert len(plain("x" * 5000)) == 80


@given(name=st.text(max_size=100), wait=st.none() | st.integers(0, 10**6))
def test_no_text_of_a_caller_brings_a_control_character_to_the_terminal(name: str, wait: int | None) -> None:
    call = {"remote": {"name": name, "display": name}, "queue": name, "wait_s": wait}
    for line in lines(message("pop.show", **pop(call=call, phase=name, match="none"))):
        assert not any(unicodedata.category(char).startswith("C") for char in line)
