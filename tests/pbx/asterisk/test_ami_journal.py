"""The flight recorder: at once on the disk, by day and size, read back as one capture."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pbx.asterisk import ami_journal
from pbx.asterisk.ami_capture import read_capture
from pbx.asterisk.ami_journal import Journal, journal_files, read_journal
from tests.fakes.ami_server import event, message, snapshot

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    one = Journal(tmp_path / "journal", "main")
    yield one
    one.close()


def names(directory: Path) -> list[str]:
    return [file.name for file in journal_files(directory, "main")]


def test_bytes_are_readable_before_append_returns(journal: Journal, tmp_path: Path) -> None:
    journal.append(b"one", NOON)
    assert (tmp_path / "journal" / "main-2026-11-21-0001.ami").read_bytes() == b"one"
    journal.append(b"two", NOON)
    assert b"".join(read_journal(tmp_path / "journal", "main")) == b"onetwo"


def test_only_the_service_may_read_it(journal: Journal, tmp_path: Path) -> None:
    journal.append(b"one", NOON)
    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "journal" / "main-2026-11-21-0001.ami").stat().st_mode) == 0o600


def test_new_day_and_full_file_begin_another(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "main", max_file=10)
    for data, at in ((b"a" * 8, NOON), (b"b" * 8, NOON), (b"c" * 8, NOON), (b"d", NOON + DAY)):
        journal.append(data, at)
    journal.close()
    assert names(tmp_path) == ["main-2026-11-21-0001.ami", "main-2026-11-21-0002.ami", "main-2026-11-22-0001.ami"]
    assert b"".join(read_journal(tmp_path, "main")) == b"a" * 8 + b"b" * 8 + b"c" * 8 + b"d"
    assert b"".join(read_journal(tmp_path, "main", since=date(2026, 11, 22))) == b"d"


def test_restart_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for data in (b"one", b"two"):
        journal = Journal(tmp_path, "main")
        journal.append(data, NOON)
        journal.close()
    assert names(tmp_path) == ["main-2026-11-21-0001.ami"]
    full = Journal(tmp_path, "main", max_file=3)
    full.append(b"three", NOON)
    full.close()
    assert names(tmp_path)[-1] == "main-2026-11-21-0002.ami"


def test_two_pbxs_share_a_directory(tmp_path: Path) -> None:
    for name in ("main", "main-2"):
        journal = Journal(tmp_path, name)
        journal.append(name.encode(), NOON)
        journal.close()
    assert b"".join(read_journal(tmp_path, "main")) == b"main"
    assert b"".join(read_journal(tmp_path, "main-2")) == b"main-2"


def test_everything_is_durable_after_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr(ami_journal.os, "fsync", lambda file: (synced.append(os.fstat(file).st_size), real(file)))
    journal = Journal(tmp_path, "main")
    for _ in range(1000):
        journal.append(b"x" * 10, NOON)
    journal.append(b"y", NOON + DAY)
    journal.close()
    assert {10_000, 1} <= set(synced)
    assert len(synced) < 50  # in groups, not one by one


def test_disk_that_cannot_sync_is_logged_not_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_file: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(ami_journal.os, "fsync", broken)
    journal = Journal(tmp_path, "main")
    journal.append(b"x", NOON)
    journal.close()


def test_full_disk_costs_nothing_that_fits_in_memory(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(b"before,", NOON)
    real = os.write
    room = 4

    def full(file: int, data: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(28, "No space left on device")
        taken, room = real(file, bytes(data[:room])), 0
        return taken

    monkeypatch.setattr(ami_journal.os, "write", full)
    journal.append(b"half written,", NOON)
    journal.append(b"held,", NOON)
    assert journal.failing
    monkeypatch.setattr(ami_journal.os, "write", real)
    journal.append(b"after", NOON)
    assert not journal.failing
    assert journal.lost_bytes == 0
    assert b"".join(read_journal(tmp_path / "journal", "main")) == b"before,half written,held,after"


def test_disk_that_stays_full_loses_and_counts_the_newest(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ami_journal, "MAX_HELD", 10)
    monkeypatch.setattr(ami_journal.os, "write", full)
    for _ in range(3):
        journal.append(b"123456", NOON)
    assert journal.failing
    assert journal.lost_bytes == 12


def test_journal_over_a_reconnect_and_midnight_is_one_capture(tmp_path: Path) -> None:
    login = b"Asterisk Call Manager/11.0.0\r\n" + message(("Response", "Success"))
    ring = event("Newstate", ("Timestamp", "1795295646.5"), *snapshot("PJSIP/1001-00000001", "1.1"))
    journal = Journal(tmp_path, "main")
    journal.append(login + ring[:50], NOON)
    journal.append(ring[50:] + ring[:20], NOON + DAY)
    journal.append(login + ring, NOON + DAY)
    journal.close()
    items = [type(item).__name__ for item in read_capture(read_journal(tmp_path, "main"))]
    assert items == ["Newstate", "CaptureNote", "LinkLost", "Newstate", "LinkLost"]
