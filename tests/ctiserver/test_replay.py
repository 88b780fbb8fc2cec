"""`replay`: captures in, call records out, by the very code of the live service."""

from __future__ import annotations

import re
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


def hostile_call() -> bytes:
    call = lone_call("0905000001", "1.1", 1000.0).replace(b"PJSIP/trunk1", b"PJSIP/trunk\x1b[31m")
    return call.replace(b"CallerIDName: <unknown>", "CallerIDName: \\e[31m\x9b2J\x1b[2J\u202etxt".encode())


@pytest.mark.parametrize("options", [("--format", "jsonl"), ("--format", "table"), ("--explain", "1.1")])
def test_a_hostile_name_sends_nothing_to_the_terminal(options: tuple[str, ...]) -> None:
    done = replay(*options, capture("a.ami", hostile_call()))
    assert done.out
    assert not any((ord(ch) < 32 and ch != "\n") or 127 <= ord(ch) < 160 for ch in done.out + done.err)
    assert "\u202e" not in done.out or "jsonl" in options  # data for programs keeps its text


# --- the table ----------------------------------------------------------------------------------------------------------


def test_the_table_shows_a_timeline_of_each_call() -> None:
    both = [RECORDINGS / "queue_second_member.ami", RECORDINGS / "hold_and_resume.ami"]
    shown = replay("--format", "table", *both).out
    assert shown.index("PJSIP/1005 ") > shown.index("░")  # ordered by start
    (second,) = [line for line in shown.splitlines() if "PJSIP/1006 " in line]
    assert re.fullmatch(r"  PJSIP/1006 +(\+\d\.\d +){3}(\d\.\d +){3}answered +·+█+", second)
    assert re.search(r"answered, ended by agent, cause 16, queue linear, wait \d\.\d s, talk \d\.\d s\n", shown)


def test_the_table_fits_into_100_columns() -> None:
    for file in sorted(RECORDINGS.glob("*.ami")):
        shown = replay("--format", "table", file).out
        assert [line for line in shown.splitlines() if len(line) > 100] == [], file.stem


def test_the_table_of_no_calls_is_empty() -> None:
    assert replay("--format", "table", capture("a.ami")).out == ""


def test_json_wins_over_the_table() -> None:
    assert len(replay("--format", "table", "--json", RECORDINGS / "queue_answered.ami").json_lines) == 1


# --- explaining ---------------------------------------------------------------------------------------------------------


def test_explain_tells_one_call_event_by_event_with_the_reasons() -> None:
    file = RECORDINGS / "queue_answered.ami"
    record = replay(file).json_lines[0]
    shown = replay("--explain", record["id"], file).out
    assert shown.startswith(record["id"])
    places = [shown.index(words) for words in (
        "call starts: inbound", "queue support: joined", "leg 0 PJSIP/1001 rings", "talk starts: remote ↔ PJSIP/1001",
        "ended: answered", "final: answered",
    )]  # fmt: skip
    assert places == sorted(places)
    assert "why: AgentConnect, or a talk with a phone offered out of this queue [Queues]" in shown


def test_explain_takes_the_beginning_of_an_id_or_a_uniqueid() -> None:
    file = RECORDINGS / "queue_answered.ami"
    record = replay(file).json_lines[0]
    whole = replay("--explain", record["id"], file).out
    assert replay("--explain", record["id"][:12].lower(), file).out == whole
    assert replay("--explain", record["uniqueid"], file).out == whole
    assert replay("--explain", record["uniqueid"], "-", stdin=file.read_bytes()).out == whole


def test_explain_for_programs() -> None:
    steps = replay("--explain", "1.1", "--json", capture("a.ami", lone_call("0905000001", "1.1", 1000.0))).json_lines
    assert steps[0]["offset_s"] == 0.0
    assert steps[0]["at"] == "1970-01-01T00:16:40.000Z"
    assert steps[0]["event"] == "Newchannel"
    assert steps[0]["changes"][0]["words"].startswith("call starts: inbound from 0905000001")
    assert "root of a call" in steps[0]["changes"][0]["why"][0]
    assert steps[-1]["changes"][0]["words"] == "final: ivr_only, ended by system, wait 4.0 s"


def test_explain_of_an_unknown_call_lists_the_calls_that_are_there() -> None:
    file = capture("a.ami", lone_call("0905000001", "1.1", 1000.0), lone_call("0905000002", "1.2", 1001.0))
    failed = run("replay", "--explain", "9.9", file)
    assert (failed.code, failed.out) == (2, "")
    assert "No call of the capture is '9.9'." in failed.err
    for record in replay(file).json_lines:
        (line,) = [line for line in failed.err.splitlines() if record["id"] in line]
        assert record["started_at"] in line
        assert record["remote"]["display"] in line


def test_explain_tells_of_no_other_call() -> None:
    file = capture("a.ami", lone_call("0905000001", "1.1", 1000.0), lone_call("0905000002", "1.2", 1001.0))
    shown = replay("--explain", "1.2", file).out
    assert "0905000002" in shown
    assert "0905000001" not in shown


def test_a_consultation_has_no_record_and_can_be_explained() -> None:
    file = RECORDINGS / "transfer_attended.ami"
    (record,) = replay(file).json_lines
    consultation = re.search(r"call (\w{26}) becomes part of this one", replay("--explain", record["id"], file).out)
    assert consultation
    shown = replay("--explain", consultation[1], file).out
    assert f"no record of its own, part of call {record['id']} from now on" in shown


def test_explain_of_a_beginning_that_two_calls_share() -> None:
    file = capture("a.ami", lone_call("0905000001", "1.1", 1000.0), lone_call("0905000002", "1.2", 1001.0))
    failed = run("replay", "--explain", "00", file)
    assert (failed.code, failed.out) == (2, "")
    assert "2 calls" in failed.err


def test_explain_in_a_capture_without_calls() -> None:
    failed = run("replay", "--explain", "00", capture("a.ami"))
    assert (failed.code, failed.out) == (2, "")
    assert "no call" in failed.err


def test_a_call_of_two_captures_is_explained_twice() -> None:
    call = lone_call("0905000001", "1.1", 1000.0)
    shown = replay("--explain", "1.1", capture("a.ami", call), capture("b.ami", call)).out
    assert shown.count("call starts: inbound") == 2


def test_explain_without_timestamps() -> None:
    shown = replay("--explain", "1.1", capture("a.ami", lone_call("0905000001", "1.1", None))).out
    assert "the PBX sends no Timestamp" in shown
    assert "call starts: inbound" in shown


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
