"""`make test` says what it leaves out, and never leaves out anything in CI."""

import subprocess

import pytest

from tests import run

PREPARED: list[str] = []


def part(marker: str, *, missing: str | None, heals: bool = False) -> run.Part:
    """A part that is there or not, and that preparing may bring."""
    state = {"missing": missing}

    def prepare() -> None:
        PREPARED.append(marker)
        if heals:
            state["missing"] = None

    return run.Part(marker, f"the {marker}", lambda: state["missing"], prepare)


@pytest.fixture
def pytest_calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    calls: list[list[str]] = []

    def record(command: list[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        calls.append(command[3:])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(run.subprocess, "run", record)
    monkeypatch.delenv("CI", raising=False)
    PREPARED.clear()
    return calls


def test_what_is_there_is_run(pytest_calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PARTS", (part("browser", missing=None),))
    assert run.main([]) == 0
    assert pytest_calls == [["-m", "not long", *run.WORKERS]]


def test_somebody_without_rights_is_told_what_is_left_out(
    pytest_calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(run, "PARTS", (part("browser", missing="There is no chromium."),))
    assert run.main(["-x"]) == 0
    assert pytest_calls == [["-m", "not long and not browser", *run.WORKERS, "-x"]]
    assert capsys.readouterr().out == "LEFT OUT: tests with the browser. There is no chromium.\n"
    assert PREPARED == []


def test_root_prepares_what_is_missing(pytest_calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.os, "geteuid", lambda: 0)
    monkeypatch.setattr(run, "PARTS", (part("asterisk", missing="No folder.", heals=True),))
    assert run.main(["--long"]) == 0
    assert PREPARED == ["asterisk"]
    assert pytest_calls == [["-m", "long"]]


def test_in_ci_a_missing_part_is_a_failure_that_names_it(
    pytest_calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(run.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(run, "PARTS", (part("browser", missing="No."), part("asterisk", missing="No.")))
    assert run.main([]) == 1
    assert pytest_calls == []
    assert "the browser, the asterisk" in capsys.readouterr().err
