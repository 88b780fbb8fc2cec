"""`import calls` on a real SQLite file: real history, gaps, doubles, hostile lines, and files that are none."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_store.activities import CallFilter, CallRecord
from crm_store.parties import PartyInput, PhoneInput
from crm_store.sql import SqlStore
from crm_store.tasks import TaskFilter
from ctiserver.history_scratch import HistoryScratch
from tests.asterisk.truth import stored_truth
from tests.ctiserver import past
from tests.ctiserver.cli_run import Outcome, in_store, run
from tests.ctiserver.past_truth import differences

CONFIG = "[ui]\ntime_zone = 'UTC'\n[numbers]\ndefault_region = 'SK'\n[pbx.main]\nsecret = 'hush'\n"
FIRST = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
JAN = "+421905123456"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CTI_CONFIG", raising=False)
    (tmp_path / "ctiserver.toml").write_text(CONFIG)
    return tmp_path


def stored(**where: Any) -> list[CallRecord]:
    page = in_store(lambda store: store.calls(CallFilter(**where), cursor=None, limit=200))
    return list(page.items)


def imported(*arguments: object) -> dict[str, Any]:
    done = run("import", "calls", *arguments, "--json")
    assert done.code == 0, done.err
    found: dict[str, Any] = done.json
    return found


def master(minute: int, *, number: str = "0905123456", seconds: int = 10, name: str = "Ján", key: str = "") -> str:
    """A line of Master.csv: a caller on the trunk talks with 1001, `minute` after FIRST."""
    start = FIRST + timedelta(minutes=minute)
    uniqueid = key or f"{start.timestamp():.0f}.{minute}"
    times = [start, start + timedelta(seconds=2), start + timedelta(seconds=seconds)]
    cells = [
        *("", number, "1001", "ext-local", f'""{name}"" <{number}>'),
        *(f"PJSIP/trunk-a-{minute:08x}", f"PJSIP/1001-{minute:08x}", "Dial", "PJSIP/1001,20"),
        *(f"{time:%Y-%m-%d %H:%M:%S}" for time in times),
    ]
    text = ",".join(f'"{cell}"' for cell in cells)
    return f'{text},{seconds},{seconds - 2},"ANSWERED","DOCUMENTATION","{uniqueid}","","","{uniqueid}",{minute}\n'


def written(lines: Iterable[str | bytes], name: str = "Master.csv") -> Path:
    file = Path(name)
    file.write_bytes(b"".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    return file


def add_agents() -> None:
    run("db", "upgrade")
    for extension, name in past.AGENTS.items():
        in_store(lambda store, e=extension, n=name: store.save_account(past.account(e, n)))  # type: ignore[misc]


# --- what comes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["queue_three_calls", "freepbx_transfer_blind", "transfer_attended", "outbound_busy"])
def test_what_a_real_asterisk_wrote_becomes_records_that_are_true(name: str, folder: Path) -> None:
    (folder / "ctiserver.toml").write_text(CONFIG.replace("'SK'", "'GB'"))
    add_agents()
    files = [past.RECORDED / name / "Master.csv", past.RECORDED / name / "queue_log"]
    truths = stored_truth(past.RECORDED / name / "truth.json")
    report = imported(*files)
    assert (report["imported"], report["known"], report["rejected"]) == (len(truths), 0, [])
    assert differences(stored(), truths) == []


def test_the_second_time_nothing_changes() -> None:
    file = written(master(minute) for minute in range(5))
    assert imported(file)["imported"] == 5
    before = stored()
    again = imported(file)
    assert (again["imported"], again["known"]) == (0, 5)
    assert stored() == before


def test_two_files_that_overlap_are_one_history() -> None:
    whole = written(master(minute) for minute in range(5))
    rotated = written([master(0), master(1)], "Master.csv.1")
    report = imported(rotated, whole)
    assert (report["imported"], report["repeated"]) == (5, 2)


def test_a_dry_run_says_what_would_come_and_changes_nothing() -> None:
    file = written(master(minute) for minute in range(3))
    report = imported(file, "--dry-run")
    assert (report["imported"], report["directions"], report["dry_run"]) == (3, {"inbound": 3}, True)
    assert stored() == []
    imported(written([master(1)], "one.csv"))
    assert (imported(file, "--dry-run")["imported"], imported(file, "--dry-run")["known"]) == (2, 1)
    assert "2 calls would be imported (2 inbound), 1 known already." in run("import", "calls", file, "--dry-run").out


def test_callers_are_matched_and_agents_known_by_their_phones() -> None:
    add_agents()
    person = PartyInput(name="Ján Kováč", phones=(PhoneInput(raw=JAN),))
    jan = in_store(lambda store: store.create_party(person, user="eva", now=FIRST)).party.id
    imported(written([master(0)]))
    (record,) = stored(customer_id=jan)
    assert (record["match"], record["customer_name"]) == ("one", "Ján Kováč")
    assert (record["legs"][0]["agent"], record["remote"]["number"]) == ("agent-1001", JAN)
    assert [one["id"] for one in stored(agent="agent-1001")] == [record["id"]]


def test_a_withheld_caller_stays_withheld() -> None:
    imported(written([master(0, number="anonymous", name="Anonymous"), master(1, name="Anonymous")]))
    assert [record["remote"]["kind"] for record in stored()] == ["withheld", "withheld"]
    assert b"0905123456" not in Path("var/cti.db").read_bytes()


def test_history_makes_no_call_backs() -> None:
    imported(past.RECORDED / "queue_timeout" / "Master.csv", past.RECORDED / "queue_timeout" / "queue_log")
    assert stored()[0]["outcome"] == "queue_timeout"
    assert in_store(lambda store: store.tasks(TaskFilter(), cursor=None, limit=10)).items == ()


def test_the_scratch_file_is_gone_afterwards() -> None:
    imported(written([master(0)]))
    assert [path.name for path in Path("var").iterdir() if path.name.startswith(".import")] == []


def test_a_full_disk_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_scratch: HistoryScratch) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(HistoryScratch, "group", full)
    failed = run("import", "calls", written([master(0)]))
    assert (failed.code, "database or disk is full" in failed.err, "Traceback" in failed.err) == (1, True, False)
    assert list(Path("var").glob(".import*")) == []


# --- beside live records (R27) -----------------------------------------------------------------------------------------


def live(minute: int, **changed: Any) -> CallRecord:
    """What was heard of the call of `master(minute)`."""
    start = FIRST + timedelta(minutes=minute)
    text = (start + timedelta(seconds=0.4)).isoformat().replace("+00:00", "Z")
    remote = {"number": JAN, "display": JAN, "raw": JAN, "name": None, "kind": "e164", "dialled": None}
    ids = dict.fromkeys(("uniqueid", "linkedid"), f"{start.timestamp():.0f}.{minute}")
    unknown = dict.fromkeys(("did", "queue", "answered_at", "ended_at", "wait_s", "ring_s", "hold_s", "parked_s"))
    record = {"id": f"LIVE{minute}", "pbx": "main", "direction": "inbound", "state": "ended", "remote": remote, **ids}
    empty: dict[str, Any] = {"queues": [], "legs": [], "transfers": [], "recordings": []}
    rest = {"outcome": "answered", "ended_by": "agent", "hangup_cause": 16, "click_to_dial": None, "estimated": False}
    rest |= {"talk_s": 7.75, "customer_id": None, "match": "none", "started_at": text}
    return {**record, **unknown, **empty, **rest, **changed}


def test_a_backlog_of_ten_thousand_calls_over_live_records_makes_no_doubles_and_fills_the_gap() -> None:
    run("db", "upgrade")
    heard = [live(minute) for minute in range(10_000) if not 4000 <= minute < 6000]
    since, until = FIRST + timedelta(minutes=3999.5), FIRST + timedelta(minutes=5999.5)

    async def listened(store: SqlStore) -> None:
        await store.save_calls(heard, now=FIRST)
        await store.save_gap("main", since, until, 2000)

    in_store(listened)
    report = imported(written(master(minute) for minute in range(10_000)))
    assert (report["imported"], report["known"]) == (2000, 8000)
    (gap,) = report["gaps"]
    assert (gap["calls"], gap["missed_calls"], gap["filled"]) == (2000, 2000, True)
    in_the_log = [record for record in stored(until=FIRST + timedelta(minutes=100)) if record["id"].startswith("LIVE")]
    assert len(in_the_log) == 100
    assert {(record["talk_s"], record["ended_by"]) for record in in_the_log} == {(7.75, "agent")}
    (kept,) = in_store(lambda store: store.gaps("main"))
    assert (kept.filled_calls, kept.filled_at is not None) == (2000, True)
    again = imported("Master.csv")
    assert (again["imported"], again["known"], again["gaps"][0]["calls"]) == (0, 10_000, 2000)


def test_a_gap_that_the_files_do_not_cover_is_not_told_as_filled() -> None:
    run("db", "upgrade")
    since, until = FIRST + timedelta(minutes=1), FIRST + timedelta(minutes=60)
    in_store(lambda store: store.save_gap("main", since, until, None))
    file = written([master(0), master(5)])
    assert imported(file)["gaps"][0] == {
        "since": "2026-03-02T09:01:00Z", "until": "2026-03-02T10:00:00Z", "missed_calls": None, "calls": 1,
        "filled": False,
    }  # fmt: skip
    assert in_store(lambda store: store.gaps("main"))[0].filled_at is None
    shown = run("import", "calls", written([master(0), master(5), master(70)])).out
    assert "Gap 2026-03-02T09:01:00Z to 2026-03-02T10:00:00Z: filled, 1 calls." in shown


def test_a_gap_of_another_time_or_pbx_is_not_touched() -> None:
    run("db", "upgrade")
    in_store(lambda store: store.save_gap("main", FIRST - timedelta(days=9), FIRST - timedelta(days=8), None))
    in_store(lambda store: store.save_gap("branch", FIRST, FIRST + timedelta(minutes=1), None))
    assert imported(written([master(0), master(5)]))["gaps"] == []


# --- clocks and forms --------------------------------------------------------------------------------------------------


def test_times_are_the_pbxs_own() -> None:
    summer = written([master(0).replace("2026-03-02", "2026-07-02")])
    imported(summer, "--time-zone", "Europe/Bratislava")
    assert stored()[0]["started_at"] == "2026-07-02T07:00:00.000Z"


def test_a_wrong_time_zone_is_noticed() -> None:
    file = written(master(minute) for minute in range(5))
    done = run("import", "calls", file, "--time-zone", "Europe/Bratislava", "--dry-run")
    assert "begin -1:00 hours apart from the time in their Uniqueids" in done.err
    assert run("import", "calls", file, "--dry-run").err == ""


def test_an_hour_that_comes_twice_is_named_where_nothing_tells_which() -> None:
    told, untold = "1792888200.1", "cti-chosen"  # 2026-10-25 01:30 UTC, the second 02:30
    lines = [master(0, key=told), master(1, key=untold)]
    file = written(line.replace("2026-03-02 09:0", "2026-10-25 02:3") for line in lines)
    report = imported(file, "--time-zone", "Europe/Bratislava")
    assert [(one["line"], one["reason"]) for one in report["doubtful_times"]] == [
        (2, "2026-10-25 02:31:00 comes twice that night: taken as the first.")
    ]


def test_freepbx_and_mysql_exports() -> None:
    header = ["calldate", "clid", "src", "dst", "channel", "dstchannel", "lastapp", "lastdata", "duration", "billsec"]
    header += ["disposition", "uniqueid", "did", "cnum", "cnam", "linkedid"]
    cells = ["2026-03-02 09:00:00", '"Queue:Ján" <0905123456>', "600", "1001", "SIP/trunk-1", "PJSIP/1001-2", "Dial"]
    cells += ["PJSIP/1001", "10", "8", "ANSWERED", "1772442000.1", "+421255501234", "0905123456", "Ján", "1772442000.1"]
    config = CONFIG + "trunks = ['SIP/trunk*']\n"
    Path("ctiserver.toml").write_text(config)
    imported(written("\t".join(row) + "\n" for row in (header, cells)))
    (record,) = stored()
    assert (record["did"], record["remote"]["name"], record["remote"]["number"]) == ("+421255501234", "Ján", JAN)
    assert (record["talk_s"], record["outcome"]) == (8.0, "answered")


def test_lines_without_ids_are_imported_once_and_beside_live_ones() -> None:
    run("db", "upgrade")
    in_store(lambda store: store.save_calls([live(0)], now=FIRST))
    bare = [",".join(master(minute).split(",")[:-5]) + "\n" for minute in (0, 1)]
    report = imported(written(bare))
    assert (report["imported"], report["known"]) == (1, 1)
    assert imported("Master.csv")["known"] == 2
    assert sorted(str(record["uniqueid"]) for record in stored()) == [f"{FIRST.timestamp():.0f}.0", "None"]


def test_columns_of_a_cdr_custom_may_be_named() -> None:
    file = written(["PJSIP/trunk-1|x;2026-03-02 09:00:00;10;ANSWERED;0905123456;PJSIP/1001-2\n".replace("|x", "")])
    report = imported(file, "--columns", "channel,start,duration,disposition,src,dstchannel")
    assert (report["imported"], report["outcomes"]) == (1, {"answered": 1})


def test_a_queue_log_is_known_beside_a_file_with_named_columns() -> None:
    at = FIRST.timestamp()
    cdr = written(["SIP/x-1,2026-03-02 08:00:00,10,ANSWERED\n"], "custom.csv")
    log = written(
        [f"{at:.0f}|{at:.0f}.7|600|NONE|ENTERQUEUE||0905123456|1\n{at + 9:.0f}|{at:.0f}.7|600|NONE|ABANDON|1|1|9\n"]
    )
    report = imported(cdr, log, "--columns", "channel,start,duration,disposition")
    assert (report["outcomes"], report["rejected"]) == ({"abandoned": 1}, [])
    assert [record["queue"] for record in stored(queue="600")] == ["600"]


# --- hostile lines -----------------------------------------------------------------------------------------------------


def test_hostile_lines_are_refused_by_number_and_nothing_else_is_lost() -> None:
    lines: list[str | bytes] = [
        b"\xef\xbb\xbf" + master(0).encode(),
        b"x" * 16_000_000 + b"\n",
        master(1).encode().replace(b"J\xc3\xa1n", b"J\xe1n"),
        master(2, name="a\0b"),
        master(3, name="=cmd|' /C calc'!A0"),
        master(4).replace("ANSWERED", "=1+1"),
        master(5, name='left "open'),
        "\n",
        master(6, name="<script>alert(1)</script>\x1b[2J"),
        master(7).replace("2026-03-02 09:07", "2026-99-99 09:07"),
        master(8),
    ]
    report = imported(written(lines))
    assert [(one["line"], one["reason"].split(":")[0]) for one in report["rejected"]] == [
        (2, "longer than 65536 bytes."),
        (3, "encoding"),
        (4, "has a NUL byte."),
        (6, "disposition"),
        (10, "start"),
    ]
    assert {record["remote"]["name"] for record in stored()} >= {
        "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>\x1b[2J",
    }
    assert (report["imported"], report["rejected_lines"]) == (5, 5)


def test_a_terminal_is_not_commanded_by_a_reject() -> None:
    done = run("import", "calls", written([master(0), master(1).replace("ANSWERED", "\x1b[2J")]))
    assert "\x1b" not in done.out
    assert "line 2: disposition:" in done.out


def test_devices_that_no_pattern_fits_are_counted_and_named() -> None:
    file = written([master(0), *(master(n).replace("PJSIP/trunk-a", "SIP/operator") for n in (1, 2))])
    report = imported(file)
    assert (report["imported"], sum(report["unknown_devices"].values())) == (1, 2)
    assert "neither trunks nor phones of [pbx.*] fit" in run("import", "calls", file).out


def test_memory_does_not_grow_with_the_file() -> None:
    def peak_kb(lines: int) -> int:
        """Of a process of its own."""
        file = written(master(minute, number=f"0905{minute % 300:06}") for minute in range(lines))
        command = [sys.executable, "-m", "ctiserver", "import", "calls", str(file), "--dry-run"]
        _, status, usage = os.wait4(os.posix_spawn(sys.executable, command, os.environ), 0)
        assert status == 0
        return usage.ru_maxrss

    # Four thousand records would be some twelve megabytes.
    assert peak_kb(5000) < peak_kb(1000) + 6_000


# --- usage ------------------------------------------------------------------------------------------------------------


def refused(*arguments: object) -> Outcome:
    return run("import", "calls", *arguments)


@pytest.mark.parametrize(
    ("content", "options", "code", "words"),
    [
        (b"name,phone\nEva,0905\n", [], 2, "is neither a CDR as CSV nor a queue_log"),
        (b"", [], 2, "is neither a CDR as CSV nor a queue_log"),
        ("calldate,src\n".encode("utf-16"), [], 2, "is UTF-16; save it as UTF-8"),
        (b"calldate,src,dst,duration\n", [], 2, "line 1: There is no column channel, disposition"),
        (b"calldate,channel,disposition,duration\nx,y,z,1\n", [], 1, "Nothing was imported."),
        (b"x", ["--columns", "start,shoes"], 2, "'shoes' is none of"),
        (b"x", ["--time-zone", "Mars/Olympus"], 2, "is not a time zone"),
        (b"x", ["--encoding", "klingon"], 2, "there is no encoding klingon"),
        (b"x", ["--encoding", "utf-16"], 2, "save the file as UTF-8"),
        (b"x", ["--pbx", "branch"], 2, "no section [pbx.branch]; there is main"),
    ],
)
def test_what_cannot_be_imported_is_a_sentence(content: bytes, options: list[str], code: int, words: str) -> None:
    failed = refused(written([content]), *options)
    assert (failed.code, words in failed.err) == (code, True), failed.err
    assert "Traceback" not in failed.err


def test_a_missing_file_is_a_sentence() -> None:
    failed = refused("nowhere.csv")
    assert (failed.code, "nowhere.csv" in failed.err) == (2, True)


def test_of_several_pbxs_one_must_be_named() -> None:
    Path("ctiserver.toml").write_text(CONFIG + "[pbx.branch]\nsecret = 'hush'\n")
    file = written([master(0)])
    assert refused(file).code == 2
    imported(file, "--pbx", "branch")
    imported(file, "--pbx", "main")
    assert sorted(record["pbx"] for record in stored()) == ["branch", "main"]
