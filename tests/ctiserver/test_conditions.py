"""/readyz gives a reason for each thing that is not as it should be, with a sentence for operators only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from ctiserver.certificate import SOON_S, Certificate
from ctiserver.conditions import LOW_BYTES, Conditions
from web.health import Reason, Trouble

NOW = 1_795_000_000.0


@dataclass
class Away:
    """Stands for a part of the service and what it would say."""

    failing_since: datetime | None = None
    waiting: int = 0
    lost: int = 0
    failing: bool = False
    lost_bytes: int = 0
    expires_at: float = NOW + 10 * SOON_S


@dataclass
class Link:
    journal: Away | None


def troubles(
    *,
    call_log: Away | None = None,
    ledger: Away | None = None,
    journal: Away | None = None,
    certificate: Away | None = None,
    free: int | OSError = 100 * LOW_BYTES,
) -> list[Trouble]:
    def free_bytes(folder: Path) -> int:
        if isinstance(free, OSError):
            raise free
        return free

    return Conditions(
        folders={"database": Path("/var/lib/ctiserver")},
        call_log=cast(Any, call_log or Away()),
        ledger=cast(Any, ledger or Away()),
        links=cast(Any, {"main": Link(journal), "old": Link(None)}),
        certificate=cast(Certificate | None, certificate),
        free_bytes=free_bytes,
        clock=lambda: NOW,
    ).troubles()


def reasons(found: list[Trouble]) -> list[tuple[Reason, str | None]]:
    return [(one.reason, one.pbx) for one in found]


def test_all_well() -> None:
    assert troubles(journal=Away(), certificate=Away()) == []


def test_records_that_wait_for_the_database() -> None:
    (one,) = troubles(call_log=Away(failing_since=datetime(2026, 3, 2, 9, 0, tzinfo=UTC), waiting=7))
    assert (one.reason, one.since) == (Reason.RECORDS_WAITING, "2026-03-02T09:00:00Z")
    assert "7 calls" in one.detail


def test_a_ledger_that_is_behind_or_lost_something() -> None:
    assert troubles(ledger=Away(waiting=20)) == []
    assert reasons(troubles(ledger=Away(waiting=2000))) == [(Reason.LEDGER_WAITING, None)]
    assert reasons(troubles(ledger=Away(lost=1))) == [(Reason.LEDGER_WAITING, None)]


def test_a_flight_recorder_that_cannot_write() -> None:
    (one,) = troubles(journal=Away(failing=True, lost_bytes=12))
    assert (one.reason, one.pbx) == (Reason.JOURNAL_FAILING, "main")
    assert "12 bytes" in one.detail


def test_a_disk_that_is_nearly_full() -> None:
    (one,) = troubles(free=LOW_BYTES - 1)
    assert one.reason is Reason.DISK_NEARLY_FULL
    assert one.detail == "511 MB are left for the database in /var/lib/ctiserver."
    assert troubles(free=OSError("gone")) == []


def test_a_certificate_near_its_end() -> None:
    assert reasons(troubles(certificate=Away(expires_at=NOW + SOON_S - 1))) == [(Reason.CERTIFICATE_EXPIRES, None)]
