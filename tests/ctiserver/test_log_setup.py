"""Logs name calls and agents, never callers, and a stranger's text forges no line (threats T22, T23)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from ctiserver.log_setup import mask_private, masked_number, set_up_logs


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config())
    out = io.StringIO()
    set_up_logs(stream=out)
    yield out
    root.handlers[:], root.level = before[0], before[1]
    structlog.configure(**before[2])


def masked(**event: Any) -> dict[str, Any]:
    return dict(mask_private(None, "info", event))


def test_a_line_is_json_with_ids_level_and_time(log: io.StringIO) -> None:
    structlog.get_logger("ctiserver.test").info("call offered", call_id="01JD", agent="eva")
    line = json.loads(log.getvalue())
    assert (line["event"], line["call_id"], line["agent"], line["level"]) == ("call offered", "01JD", "eva", "info")
    assert line["timestamp"].endswith("Z")
    assert line["logger"] == "ctiserver.test"


def test_bound_context_is_in_every_line(log: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(call_id="01JD"):
        structlog.get_logger("ctiserver.test").info("saved")
    assert json.loads(log.getvalue())["call_id"] == "01JD"


def test_what_libraries_log_is_masked_too(log: io.StringIO) -> None:
    logging.getLogger("some.library").warning("call from %s", "+420777123456")
    assert json.loads(log.getvalue())["event"] == "call from +42077***3456"


def test_panoramisk_is_silent_below_warning(log: io.StringIO) -> None:
    logging.getLogger("panoramisk.anything").info("Response: 777123456")
    logging.getLogger("panoramisk.anything").warning("lost")
    assert [json.loads(line)["event"] for line in log.getvalue().splitlines()] == ["lost"]


def test_debug_is_off_unless_asked_for(log: io.StringIO) -> None:
    structlog.get_logger("ctiserver.test").debug("quiet")
    assert log.getvalue() == ""


def test_a_traceback_stays_readable(log: io.StringIO) -> None:
    try:
        raise ValueError("caller \x1b[2J +420777123456")
    except ValueError:
        structlog.get_logger("ctiserver.test").exception("failed", call_id="01JD")
    exception = json.loads(log.getvalue())["exception"]
    assert "Traceback" in exception
    assert exception.count("\n") > 2
    assert "777123456" not in exception
    assert "\x1b" not in exception


def test_a_terminal_gets_text(log: io.StringIO) -> None:
    set_up_logs(stream=log, json_lines=False)
    structlog.get_logger("ctiserver.other").info("listening", url="http://127.0.0.1:8080")
    assert "listening" in log.getvalue()
    assert not log.getvalue().startswith("{")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+420777123456", "+42077***3456"),
        ("777123456", "777***3456"),
        ("0777 123 456", "0777***3456"),
        ("1001", "***"),
        ("anonymous", "***"),
    ],
)
def test_a_masked_number_can_be_recognised_but_not_called(number: str, shown: str) -> None:
    assert masked_number(number) == shown


def test_numbers_and_names_of_people_are_masked_under_their_keys() -> None:
    event = masked(
        event="x", number="+420777123456", raw=777123456, caller_name="Ján", nested={"display": "+420 777 123 456"}
    )
    assert event["number"] == "+42077***3456"
    assert event["raw"] == "777***3456"
    assert event["caller_name"] == "***"
    assert event["nested"] == {"display": "+42077***3456"}


@pytest.mark.parametrize(
    "text",
    [
        "call 1795295646.12 ended",
        "http://127.0.0.1:8080",
        "2026-11-21 10:00",
        "01JDQ5Z123456789",
        "PJSIP/1001",
        "queue 600",
    ],
)
def test_ids_addresses_and_dates_are_not_numbers(text: str) -> None:
    assert masked(event=text)["event"] == text


def test_our_own_ids_are_kept_whatever_they_look_like() -> None:
    assert masked(call_id="777123456", uniqueid="1795295646")["call_id"] == "777123456"


def test_secrets_never_appear_not_even_at_debug() -> None:
    event = dict(
        mask_private(None, "debug", {"secret": "hush", "password": "hush", "headers": {"Authorization": "Bearer hush"}})
    )
    assert "hush" not in repr(event)


def test_debug_shows_numbers_but_still_no_escape_sequences() -> None:
    event = mask_private(None, "debug", {"event": "from", "number": "+420777123456", "caller_name": "\x1b[31mJán"})
    assert (event["number"], event["caller_name"]) == ("+420777123456", "Ján")


def test_a_name_cannot_forge_a_line() -> None:
    event = masked(event="x", detail='Ján\r\n{"event": "admin signed in"}', other=b"\xff\r\n", many=["a\nb"], count=3)
    assert not any("\n" in value or "\r" in value for value in event.values() if isinstance(value, str))
    assert (event["many"], event["count"]) == (["a b"], 3)


@pytest.mark.usefixtures("log")
def test_what_is_below_the_level_is_not_even_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr("ctiserver.log_setup.mask_private", lambda logger, method, event: made.append(method) or event)
    set_up_logs(level="WARNING", stream=io.StringIO())
    structlog.get_logger("x").info("call ended", call_id="A")
    structlog.get_logger("x").warning("link lost")
    assert made == ["warning"]
