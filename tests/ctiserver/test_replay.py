"""`replay`: captures in, call records out, by the very code of the live service."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.ctiserver.cli_run import Outcome, run

RECORDINGS = Path(__file__).parents[1] / "recordings" / "asterisk22"
BANNER = b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nMessage: Authentication accepted\r\n\r\n"


@pytest.fixture(autouse=True)
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CTI_CONFIG", raising=False)


def event(name: str, at: float | None, **headers: object) -> bytes:
    stamp = [] if at is None else [f"Timestamp: {at:.6f}"]
    lines = [f"Event: {name}", "Privilege: call,all", *stamp, *(f"{key}: {value}" for key, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def channel(name: str, uniqueid: str, **headers: object) -> dict[str, object]:
    plain = {
        "Channel": name, "ChannelState": 0, "ChannelStateDesc": "Down", "CallerIDNum": "<unknown>",
        "CallerIDName": "<unknown>", "ConnectedLineNum": "<unknown>", "ConnectedLineName": "<unknown>", "Language": "en",
        "AccountCode": "", "Context": "from-trunk", "Exten": "s", "Priority": 1, "Uniqueid": uniqueid,
        "Linkedid": uniqueid,
    }  # fmt: skip
    return plain | headers


def lone_call(
    number: str, uniqueid: str, at: float | None, *, hang_up: bool = True, trunk: str = "PJSIP/trunk1"
) -> bytes:
    """A caller who hears an announcement and leaves after four seconds."""
    caller = channel(f"{trunk}-0000000a", uniqueid, CallerIDNum=number, Exten="0255501234", ChannelState=4)
    begun = event("Newchannel", at, **caller) + event("Newstate", at, **caller | {"ChannelState": 6})
    if not hang_up:
        return begun
    return begun + event("Hangup", None if at is None else at + 4, **caller, Cause=16)


def replay(*arguments: object, stdin: str | bytes = "") -> Outcome:
    done = run("replay", *arguments, stdin=stdin)
    assert done.code == 0, done.err
    return done


def capture(name: str, *parts: bytes) -> Path:
    file = Path(name)
    file.write_bytes(BANNER + b"".join(parts))
    return file


def test_a_real_queue_call() -> None:
    (record,) = replay(RECORDINGS / "queue_answered.ami").json_lines
    assert (record["direction"], record["queue"], record["outcome"]) == ("inbound", "support", "answered")
    assert [(leg["endpoint"], leg["extension"], leg["agent"]) for leg in record["legs"]] == [
        ("PJSIP/1001", "1001", None)
    ]
    assert (record["pbx"], record["customer_id"], record["match"], record["click_to_dial"]) == (
        "main",
        None,
        None,
        None,
    )


def test_the_same_bytes_give_the_same_records() -> None:
    captures = [shutil.copy(file, file.name) for file in sorted(RECORDINGS.glob("*.ami"))]
    assert captures
    assert replay(*captures).out == replay(*captures).out


def test_no_real_capture_breaks_the_replay() -> None:
    for file in sorted(RECORDINGS.glob("*.ami")):
        assert "Traceback" not in replay(file).err


def test_records_are_ordered_by_start_then_argument_then_first_event() -> None:
    one = capture("one.ami", lone_call("0905000001", "1.1", 1000.0), lone_call("0905000002", "1.2", 500.0))
    two = capture("two.ami", lone_call("0905000003", "2.1", 1000.0), lone_call("0905000004", "2.2", 1000.0))
    order = [record["uniqueid"] for record in replay(two, one).json_lines]
    assert order == ["1.2", "2.1", "2.2", "1.1"]


def test_without_timestamps_arguments_and_first_events_give_the_order() -> None:
    one = capture("one.ami", lone_call("0905000001", "1.1", None), lone_call("0905000002", "1.2", None))
    two = capture("two.ami", lone_call("0905000003", "2.1", None))
    records = replay(two, one).json_lines
    assert [record["uniqueid"] for record in records] == ["2.1", "1.1", "1.2"]
    assert {record["started_at"] for record in records} == {None}
    assert len({record["id"] for record in records}) == 3


def test_numbers_are_those_of_the_configured_trunk(tmp_path: Path) -> None:
    (tmp_path / "ctiserver.toml").write_text("[pbx.main.incoming]\nregion = 'CZ'\n")
    (record,) = replay(capture("a.ami", lone_call("777123456", "1.1", 1000.0))).json_lines
    assert record["remote"]["number"] == "+420777123456"


def test_a_name_chooses_the_pbx_and_its_patterns(tmp_path: Path) -> None:
    (tmp_path / "ctiserver.toml").write_text("[pbx.main]\n[pbx.brno]\ntrunks = ['PJSIP/gw*']\n")
    file = capture("a.ami", lone_call("0905000001", "1.1", 1000.0, trunk="PJSIP/gw-1"))
    assert replay(file).json_lines == []
    (record,) = replay(f"brno={file}").json_lines
    assert (record["pbx"], record["direction"]) == ("brno", "inbound")


def test_a_path_may_hold_an_equals_sign() -> None:
    assert len(replay(capture("a=b.ami", lone_call("0905000001", "1.1", 1000.0))).json_lines) == 1


def test_the_end_of_the_file_leaves_open_calls_as_they_are() -> None:
    file = capture("a.ami", lone_call("0905000001", "1.1", 1000.0, hang_up=False))
    (record,) = replay(file).json_lines
    assert (record["ended_at"], record["ended_by"], record["hangup_cause"], record["outcome"]) == (
        None,
        None,
        None,
        None,
    )
    assert record["estimated"] is True
    assert record["state"] != "ended"


def test_half_an_event_at_the_end_is_dropped_and_said() -> None:
    file = capture("a.ami", lone_call("0905000001", "1.1", 1000.0), b"Event: Newchannel\r\nUniq")
    done = replay(file)
    assert len(done.json_lines) == 1
    assert "a.ami: " in done.err
    assert "dropped" in done.err


def test_what_is_not_understood_is_said_on_stderr_only() -> None:
    done = replay(capture("a.ami", event("Newchannel", 1000.0, Channel="x"), lone_call("0905000001", "1.1", 1000.0)))
    assert len(done.json_lines) == 1
    assert "Newchannel" in done.err


def test_a_capture_may_come_from_stdin() -> None:
    assert len(replay("-", stdin=BANNER + lone_call("0905000001", "1.1", 1000.0)).json_lines) == 1


def test_a_hostile_name_sends_nothing_to_the_terminal() -> None:
    call = lone_call("0905000001", "1.1", 1000.0).replace(
        b"CallerIDName: <unknown>", b"CallerIDName: \\e[31m\xc2\x9b2J\x1b[2J"
    )
    for output in ("jsonl", "table"):
        done = replay("--format", output, capture("a.ami", call))
        assert not any((ord(ch) < 32 and ch != "\n") or 127 <= ord(ch) < 160 for ch in done.out + done.err)


def test_the_table_shows_who_called_and_how_it_ended() -> None:
    shown = replay("--format", "table", capture("a.ami", lone_call("0905123456", "1.1", 1000.0))).out
    assert "+421 905 123 456" in shown
    assert "ivr_only" in shown


def test_explain_tells_one_call_step_by_step() -> None:
    file = RECORDINGS / "queue_answered.ami"
    call_id = replay(file).json_lines[0]["id"]
    steps = [line.split()[1] for line in replay("--explain", call_id, file).out.splitlines()]
    assert steps[0] == "CallStarted"
    assert steps[-1] == "CallEnded"
    assert steps.index("CallQueued") < steps.index("CallOffered") < steps.index("CallAnswered")


def test_explain_of_an_unknown_call_fails() -> None:
    failed = run("replay", "--explain", "01JD", RECORDINGS / "queue_answered.ami")
    assert (failed.code, failed.out) == (1, "")


@pytest.mark.parametrize(
    ("argument", "words"),
    [("nowhere.ami", "nowhere.ami: No such file"), ("brno=x.ami", "no [pbx.brno]"), (".", ".: Is a directory")],
)
def test_a_capture_that_cannot_be_read_is_a_usage_error(argument: str, words: str) -> None:
    failed = run("replay", argument)
    assert (failed.code, failed.out) == (2, "")
    assert words in failed.err


def test_a_configuration_that_was_asked_for_must_exist() -> None:
    failed = run("replay", "--config", "nowhere.toml", RECORDINGS / "queue_answered.ami")
    assert failed.code == 2
