"""History files as the import reads them, down to call records: for tests that hold those against the truth."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC
from pathlib import Path

from crm_store.accounts import Account, Role
from crm_store.activities import CallRecord
from crm_store.call_history_times import LocalClock
from crm_store.call_log import CallNumbering, call_record
from crm_store.phone_numbers import NumberProfile
from ctiserver.history_calls import CallHistory, NoCall, call_of
from ctiserver.history_files import HistoryFile, ReadReport, read_history
from ctiserver.history_legs import People
from ctiserver.history_scratch import HistoryScratch
from ctiserver.seats import seats
from ctiserver.settings import PbxSettings
from pbx.calls import Call
from pbx.devices import DeviceKind
from tests.asterisk.plan import AGENTS, TWINS

RECORDED = Path(__file__).parents[1] / "recordings" / "history"
CLOCK = LocalClock(UTC, latest=4e9)
_PROFILE = NumberProfile(region="GB", extensions=frozenset(AGENTS))
NUMBERING = CallNumbering(incoming=_PROFILE, own=_PROFILE)


def account(extension: str, name: str) -> Account:
    endpoints = (f"PJSIP/{extension}", *(f"PJSIP/{TWINS[extension]}" for _ in range(extension in TWINS)))
    return Account(
        name=f"agent-{extension}",
        display_name=name,
        role=Role.AGENT,
        endpoints=endpoints,
        extension=extension,
        language=None,
        password_hash=None,
        active=True,
    )


def people() -> People:
    """The test Asterisk's colleagues, each with an account."""
    accounts = [account(extension, name) for extension, name in AGENTS.items()]
    plan = PbxSettings().device_plan()
    plan.set_owners(*seats(accounts, ()))
    return People.of(plan, accounts)


def histories(files: Sequence[Path]) -> tuple[list[CallHistory], ReadReport]:
    """The lines by call, without consultations that became part of another call."""
    whose = people()
    with tempfile.TemporaryDirectory() as folder, HistoryScratch(Path(folder) / "scratch.db") as scratch:
        report = read_history(
            files,
            HistoryFile(CLOCK, "utf-8", None),
            scratch,
            is_trunk=lambda channel: whose.kind(channel) is DeviceKind.TRUNK,
            on_bytes=lambda total: lambda count: None,
        )
        scratch.group()
        found = [one for one in scratch.histories() if not (_from_phone(one, whose) and scratch.is_consultation(one))]
    return found, report


def _from_phone(history: CallHistory, whose: People) -> bool:
    return bool(history.lines) and whose.kind(history.root.channel) is DeviceKind.PHONE


def calls(found: Iterable[CallHistory]) -> list[Call]:
    made = (call_of(history, "main", people(), NUMBERING) for history in found)
    return [call for call in made if not isinstance(call, NoCall)]


def records(files: Sequence[Path]) -> list[CallRecord]:
    """What the import would write, without customers."""
    found, _ = histories(files)
    return [call_record(call, NUMBERING, agents=True) for call in calls(found)]
