"""`check`, `record` and `release-pauses` against an AMI server over real TCP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_store.sql import upgrade
from ctiserver.cli_check import run_checks
from ctiserver.cli_output import CommandFailed
from ctiserver.cli_pbx import run_record, run_release_pauses
from ctiserver.log_setup import set_up_logs
from ctiserver.settings import Settings, load_settings
from tests.ctiserver.cli_run import logs_as_before, run
from tests.fakes.ami_server import FakeAmiServer, Headers, snapshot

READING = ["CoreShowChannels", "CoreStatus", "QueueStatus"]
CONTROLLING = ["Originate", "Hangup", "QueuePause", "QueueAdd", "QueueRemove"]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """As every command but the server: results on stdout, nothing logged."""
    with logs_as_before():
        set_up_logs(level="CRITICAL")
        yield


@pytest.fixture
async def pbx() -> AsyncIterator[FakeAmiServer]:
    async with FakeAmiServer() as server:
        allow(server, *READING, *CONTROLLING)
        yield server


def allow(pbx: FakeAmiServer, *actions: str) -> None:
    def answer(action: Headers) -> bytes:
        return pbx.response(action, **{name: f"{name}.  (Priv: all)" for name in actions})

    pbx.answers["ListCommands"] = answer


@pytest.fixture
async def settings(pbx: FakeAmiServer, tmp_path: Path) -> Settings:
    found = configured(pbx, tmp_path)
    (tmp_path / "var").mkdir()
    await upgrade(found.database.url)
    return found


def configured(pbx: FakeAmiServer, folder: Path, more: str = "", secret: str = "secret") -> Settings:
    file = folder / "cti.toml"
    file.write_text(
        f"[server]\nlisten = '127.0.0.1:0'\n[pbx.main]\nport = {pbx.port}\nsecret = '{secret}'\n{more}",
        encoding="utf-8",
    )
    return load_settings(file)


async def check(
    settings: Settings, capsys: pytest.CaptureFixture[str], watch_s: float = 0.0
) -> tuple[int, dict[str, Any]]:
    """The exit code, and for each name its state and text."""
    code = await run_checks(settings, watch_s=watch_s, as_json=True)
    lines = json.loads(capsys.readouterr().out)["checks"]
    return code, {line["name"]: (line["state"], line["text"]) for line in lines}


def member(queue: str, interface: str, *, paused: bool = False, reason: str = "") -> tuple[str, list[tuple[str, str]]]:
    values = {
        "Queue": queue, "Name": interface, "Location": interface, "StateInterface": interface, "Membership": "dynamic",
        "Penalty": "0", "CallsTaken": "0", "LastCall": "0", "LastPause": "0", "LoginTime": "0", "InCall": "0",
        "Status": "1", "Paused": str(int(paused)), "PausedReason": reason, "Wrapuptime": "0",
    }  # fmt: skip
    return "QueueMember", list(values.items())


def queue(name: str) -> tuple[str, list[tuple[str, str]]]:
    values = {
        "Queue": name, "Max": "0", "Strategy": "ringall", "Calls": "0", "Holdtime": "0", "TalkTime": "0",
        "Completed": "0", "Abandoned": "0", "ServiceLevel": "0", "ServicelevelPerf": "0.0", "Weight": "0",
    }  # fmt: skip
    return "QueueParams", list(values.items())


# --- check ------------------------------------------------------------------------------------------------------------


async def test_all_is_well(pbx: FakeAmiServer, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    pbx.queue_rows = [queue("600"), member("600", "PJSIP/1001")]
    code, found = await check(settings, capsys)
    assert code == 0
    assert {name for name, (state, _) in found.items() if state == "ok"} >= {
        "configuration", "database", "migrations", "port", "main login", "main rights", "main queues",
        "main class system",
    }  # fmt: skip
    assert not any(state == "error" for state, _ in found.values())


async def test_a_class_that_was_not_seen_is_never_ok(
    pbx: FakeAmiServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    _, found = await check(settings, capsys)
    for name in ("call", "agent", "dialplan"):
        state, text = found[f"main class {name}"]
        assert state == "warning"
        assert "not seen yet" in text


async def test_a_class_is_ok_once_an_event_of_it_came(
    pbx: FakeAmiServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    watching = asyncio.create_task(check(settings, capsys, watch_s=30.0))
    await pbx.received("CoreShowChannels")
    await pbx.send_event("Newchannel", *snapshot("PJSIP/1001-00000001", "1.1"), ("Timestamp", "1000.5"))
    await pbx.send_event("QueueCallerJoin", *snapshot("PJSIP/1001-00000001", "1.1"), Queue="600", Position=1, Count=1)
    await pbx.send_event("VarSet", *snapshot("PJSIP/1001-00000001", "1.1"), Variable="QUEUESTATUS", Value="TIMEOUT")
    _, found = await watching
    assert {found[f"main class {name}"][0] for name in ("system", "call", "agent", "dialplan")} == {"ok"}


async def test_missing_system_class_is_an_error(
    pbx: FakeAmiServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    pbx.fully_booted = False
    code, found = await check(settings, capsys)
    assert code == 1
    assert found["main class system"][0] == "error"


async def test_missing_rights_are_named(
    pbx: FakeAmiServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    allow(pbx, *READING, "Hangup")
    code, found = await check(settings, capsys)
    assert code == 1
    assert found["main rights"][0] == "error"
    assert "Originate, QueuePause" in found["main rights"][1]


async def test_an_observer_needs_only_to_read(
    pbx: FakeAmiServer, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    observer = configured(pbx, tmp_path, "mode = 'observe'\n")
    assert (await check(observer, capsys))[1]["main rights"][0] == "warning"
    allow(pbx, *READING)
    assert (await check(observer, capsys))[1]["main rights"][0] == "ok"


async def test_a_refused_login_is_not_reachable(
    pbx: FakeAmiServer, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = await check(configured(pbx, tmp_path, secret="wrong"), capsys)
    assert code == 3
    assert found["main login"][0] == "error"
    assert "Authentication failed" in found["main login"][1]


async def test_a_pbx_that_is_away_is_not_reachable(
    pbx: FakeAmiServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await pbx.refuse_connections()
    code, found = await check(settings, capsys)
    assert (code, found["main login"][0]) == (3, "error")


async def test_a_certificate_authority_that_is_none(
    pbx: FakeAmiServer, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    code, found = await check(configured(pbx, tmp_path, "tls = true\ntls_ca = 'ca.pem'\n"), capsys)
    assert code == 2
    assert "ca.pem is not a certificate" in found["main login"][1]


async def test_a_configuration_without_pbx_or_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cti.toml"
    file.write_text("[server]\nlisten = '127.0.0.1:0'\n")
    assert (await check(load_settings(file), capsys))[1]["pbx"][0] == "error"
    file.write_text("[server]\nlisten = '127.0.0.1:0'\n[pbx.main]\n")
    assert "secret_file is missing" in (await check(load_settings(file), capsys))[1]["main login"][1]


async def test_an_address_that_is_not_ours(
    pbx: FakeAmiServer, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cti.toml").write_text(
        f"[server]\nlisten = '192.0.2.1:80'\n[pbx.main]\nport = {pbx.port}\nsecret = 'secret'\n"
    )
    assert (await check(load_settings(tmp_path / "cti.toml"), capsys))[1]["port"][0] == "error"


async def test_events_without_a_clock_are_a_warning(
    pbx: FakeAmiServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    _, found = await check(settings, capsys)
    assert found["main timestamps"][0] == "warning"


async def test_an_old_schema_is_an_error(
    pbx: FakeAmiServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.closing(sqlite3.connect(settings.database.file)) as database:
        database.execute("update alembic_version set version_num = '0000'")
        database.commit()
    assert (await check(settings, capsys))[1]["migrations"][0] == "error"


async def test_queues_members_and_channels_that_do_not_fit(
    pbx: FakeAmiServer, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pbx.queue_rows = [queue("600"), member("600", "SIP/alice")]
    row = snapshot("SIP/gateway-00000001", "1.1", Application="Dial", Duration="00:00:05", BridgeId="")
    pbx.channels = [row]
    odd = configured(pbx, tmp_path, "queues = ['600', '700']\n[queues.800]\nlabel = 'x'\n")
    code, found = await check(odd, capsys)
    assert code == 1
    assert found["main queues"] == ("error", "the PBX has no queue 700")
    assert "SIP/alice" in found["main members"][1]
    assert "SIP/gateway" in found["main channels"][1]
    assert "[queues.800]" in found["queues"][1]


async def test_no_database_yet_says_what_to_do(
    pbx: FakeAmiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = await check(configured(pbx, tmp_path), capsys)
    assert code == 1
    assert "ctiserver db upgrade" in found["database"][1]


async def test_a_taken_port_is_a_warning(
    pbx: FakeAmiServer, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (tmp_path / "cti.toml").write_text(
            f"[server]\nlisten = '127.0.0.1:{taken.getsockname()[1]}'\n[pbx.main]\nport = {pbx.port}\nsecret = 'secret'\n"
        )
        _, found = await check(load_settings(tmp_path / "cti.toml"), capsys)
    assert found["port"][0] == "warning"


async def test_certificate_and_key_that_do_not_fit(
    pbx: FakeAmiServer, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.pem").write_text("no certificate")
    (tmp_path / "cti.toml").write_text(
        f"[server]\ntls_certificate = 'x.pem'\ntls_key = 'x.pem'\n[pbx.main]\nport = {pbx.port}\nsecret = 'secret'\n"
    )
    _, found = await check(load_settings(tmp_path / "cti.toml"), capsys)
    assert found["tls"][0] == "error"


async def test_lines_for_people(pbx: FakeAmiServer, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    await run_checks(settings, watch_s=0.0, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(maxsplit=1) == ["ok", "configuration: 1 PBX, 0 queues named"]
    assert {line.split()[0] for line in lines} <= {"ok", "warning", "error"}


async def test_the_secret_is_in_no_line(
    pbx: FakeAmiServer, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await run_checks(configured(pbx, tmp_path, secret="hush-hush"), watch_s=0.0, as_json=False)
    shown = capsys.readouterr()
    assert "hush-hush" not in shown.out + shown.err


# --- record -----------------------------------------------------------------------------------------------------------


async def test_a_recording_can_be_replayed(
    pbx: FakeAmiServer, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "live.ami"
    recording = asyncio.create_task(run_record(settings, file, pbx=None, seconds=1.0, as_json=True))
    await pbx.received("CoreShowChannels")
    caller = snapshot("PJSIP/trunk1-00000001", "1.1", CallerIDNum="0905123456", ChannelState=4)
    await pbx.send_event("Newchannel", *caller, Timestamp="1000.000000")
    await pbx.send_event("Hangup", *caller, Cause=16, Timestamp="1004.000000")
    await recording
    told = json.loads(capsys.readouterr().out)
    assert told == {"file": str(file), "bytes": file.stat().st_size}
    assert file.read_bytes().startswith(b"Asterisk Call Manager/")
    assert file.stat().st_mode & 0o077 == 0
    (record,) = (await asyncio.to_thread(run, "replay", "--config", tmp_path / "cti.toml", file)).json_lines
    assert (record["remote"]["number"], record["state"]) == ("+421905123456", "ended")


async def test_recording_a_pbx_that_is_away_fails(pbx: FakeAmiServer, settings: Settings, tmp_path: Path) -> None:
    await pbx.refuse_connections()
    with pytest.raises(CommandFailed, match="cannot be reached") as failed:
        await run_record(settings, tmp_path / "x.ami", pbx=None, seconds=0.1, as_json=False)
    assert failed.value.code == 3


async def test_recording_needs_a_known_pbx_and_a_place(pbx: FakeAmiServer, settings: Settings, tmp_path: Path) -> None:
    for output, name in ((tmp_path / "x.ami", "brno"), (tmp_path / "no" / "x.ami", None)):
        with pytest.raises(CommandFailed) as failed:
            await run_record(settings, output, pbx=name, seconds=0.1, as_json=False)
        assert failed.value.code == 2


# --- release-pauses ---------------------------------------------------------------------------------------------------


async def test_only_our_own_pauses_are_released(
    pbx: FakeAmiServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    pbx.queue_rows = [
        queue("600"),
        member("600", "PJSIP/1001", paused=True, reason="wrapup"),
        member("600", "PJSIP/1002", paused=True, reason="lunch"),
        member("600", "PJSIP/1003"),
    ]
    await run_release_pauses(settings, as_json=True)
    assert json.loads(capsys.readouterr().out)["released"] == [
        {"pbx": "main", "queue": "600", "interface": "PJSIP/1001"}
    ]
    (sent,) = pbx.of("QueuePause")
    assert (sent["Interface"], sent["Paused"], sent["Queue"]) == ("PJSIP/1001", "false", "600")


async def test_an_observed_pbx_is_left_alone(
    pbx: FakeAmiServer, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pbx.queue_rows = [queue("600"), member("600", "PJSIP/1001", paused=True, reason="wrapup")]
    await run_release_pauses(configured(pbx, tmp_path, "mode = 'observe'\n"), as_json=False)
    assert "only observed" in capsys.readouterr().err
    assert pbx.actions == []


async def test_a_refusal_is_told(pbx: FakeAmiServer, settings: Settings) -> None:
    pbx.queue_rows = [queue("600"), member("600", "PJSIP/1001", paused=True, reason="wrapup")]
    pbx.answers["QueuePause"] = lambda action: pbx.response(action, "Error", Message="Permission denied")
    with pytest.raises(CommandFailed, match="Permission denied") as failed:
        await run_release_pauses(settings, as_json=False)
    assert failed.value.code == 1
