"""The command line: names, help, exit codes, and that stdout carries results only."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ctiserver.settings import load_settings
from tests.ctiserver.cli_run import run

COMMANDS = [
    "demo", "serve", "init", "check", "replay", "record", "db upgrade", "db current", "db backup", "user add",
    "user list", "user passwd", "token add", "import customers", "release-pauses", "watch", "version",
]  # fmt: skip


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CTI_CONFIG", raising=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    shown = run(*command.split(), "--help")
    assert shown.code == 0
    assert "Usage: ctiserver" in shown.out


def test_the_documentation_names_every_command() -> None:
    text = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [command for command in COMMANDS if f"`{command}" not in text] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_takes_a_configuration(command: str) -> None:
    options = run(*command.split(), "--config", "x.toml", "--no-such-option")
    assert "--no-such-option" in options.err
    assert options.code == 2


def test_help_is_quick_because_commands_import_late() -> None:
    heavy = "{'aiohttp', 'sqlalchemy', 'phonenumbers', 'pydantic', 'rich.table', 'panoramisk'}"
    code = f"import sys, ctiserver.cli; print(sorted({heavy} & set(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert finished.stdout == "[]\n"


def test_the_server_starts_without_what_it_never_uses() -> None:
    never = "{'sqlalchemy.orm', 'sqlalchemy.ext.asyncio', 'alembic', 'websockets', 'phonenumbers.geocoder', 'pytest'}"
    code = f"import sys, ctiserver.cli, ctiserver.lifecycle; print(sorted({never} & set(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert finished.stdout == "[]\n"


def test_the_version_is_printed() -> None:
    assert run("version").out == "0.1.0\n"
    assert run("version", "--json").json == {"version": "0.1.0"}


def test_an_unknown_command_is_a_usage_error() -> None:
    assert run("dance").code == 2


def test_no_command_shows_help() -> None:
    assert "Usage" in run().out + run().err


@pytest.mark.parametrize(
    "command", ["serve", "check", "db upgrade", "user list", "record --output x.ami", "release-pauses"]
)
def test_a_missing_configuration_is_a_sentence(command: str) -> None:
    failed = run(*command.split())
    assert failed.code == 2
    assert failed.out == ""
    assert "There is no configuration file" in failed.err
    assert "Traceback" not in failed.err


def test_a_mistake_in_the_configuration_names_key_and_file(tmp_path: Path) -> None:
    (tmp_path / "ctiserver.toml").write_text("[server]\nlisen = 1\n")
    failed = run("check")
    assert failed.code == 2
    assert failed.err == f"ctiserver: {tmp_path}/ctiserver.toml: unknown key server.lisen (did you mean listen?)\n"


def test_a_server_needs_the_secret_of_its_pbx(tmp_path: Path) -> None:
    (tmp_path / "ctiserver.toml").write_text("[pbx.main]\n")
    failed = run("serve")
    assert failed.code == 2
    assert "pbx.main: secret or secret_file is missing" in failed.err


def test_a_taken_port_ends_the_server_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        (tmp_path / "ctiserver.toml").write_text(
            f"[server]\nlisten = '{listen}'\n[pbx.main]\nport = 1\nsecret = 'x'\n[journal]\ndirectory = ''\n"
        )
        run("db", "upgrade")
        failed = run("serve")
    assert failed.code == 1
    assert listen in failed.err
    assert "Traceback" not in failed.err


def test_a_server_without_database_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "ctiserver.toml").write_text("[server]\nlisten = '127.0.0.1:0'\n[pbx.main]\nsecret = 'x'\n")
    failed = run("serve")
    assert failed.code == 1
    assert "ctiserver db upgrade" in failed.err


# --- init -------------------------------------------------------------------------------------------------------------


def test_init_writes_a_configuration_that_loads(tmp_path: Path) -> None:
    done = run("init", "cti.toml", "--region", "CZ", "--host", "10.0.0.9")
    settings = load_settings(tmp_path / "cti.toml")
    assert done.code == 0
    assert (settings.pbx["main"].host, settings.numbers.default_region) == ("10.0.0.9", "CZ")
    assert settings.pbx["main"].mode == "control"


def test_init_prints_the_manager_user_with_the_same_secret(tmp_path: Path) -> None:
    shown = run("init", "cti.toml").out
    secret = load_settings(tmp_path / "cti.toml").pbx["main"].secret.get_secret_value()
    assert len(secret) >= 32
    assert shown.count(f"secret = {secret}") == 2
    assert "/etc/asterisk/manager.conf" in shown
    assert "/etc/asterisk/manager_custom.conf" in shown
    assert "read = system,call,agent,user" in shown
    assert "write = originate,reporting,agent,call" in shown
    assert "timestampevents = yes" in shown
    assert "permit = 127.0.0.1/255.255.255.255" in shown


def test_an_observer_gets_no_right_to_change_anything() -> None:
    shown = run("init", "cti.toml", "--observe").out
    assert "write = reporting\n" in shown
    assert "originate," not in shown
    assert 'mode = "observe"' in Path("cti.toml").read_text()


def test_init_lists_a_filter_for_every_event_that_is_read() -> None:
    filters = run("init", "--json").json["event_filters"]
    assert ";eventfilter(name(Hangup)) =" in filters
    assert ";eventfilter(name(VarSet),header(Variable),method(exact)) = QUEUESTATUS" in filters


def test_init_never_overwrites(tmp_path: Path) -> None:
    run("init")
    before = (tmp_path / "ctiserver.toml").read_text()
    again = run("init")
    assert again.code == 1
    assert "exists already" in again.err
    assert (tmp_path / "ctiserver.toml").read_text() == before


def test_the_configuration_is_for_its_owner_only(tmp_path: Path) -> None:
    run("init")
    assert (tmp_path / "ctiserver.toml").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--region", "Slovakia"], "two capital letters"), (["--host", 'a"b'], "write a name or an address"),
     (["no/such/folder/x.toml"], "No such file")],
)  # fmt: skip
def test_init_refuses_nonsense(arguments: list[str], words: str) -> None:
    failed = run("init", *arguments)
    assert failed.code == 2
    assert words in failed.err
