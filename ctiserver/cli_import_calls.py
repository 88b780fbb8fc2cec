"""`import calls`: the history that Asterisk wrote itself, into the call log, without doubles and with its gaps filled."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm_store.call_history import PastCall, StoredGap
from crm_store.call_history_times import LocalClock, hours
from crm_store.call_log import CallNumbering, call_record, remote_number
from crm_store.caller_lookup import MatchKind
from crm_store.phone_numbers import PhoneNumber
from crm_store.sql import SqlStore
from ctiserver.cli_output import FAILURE, USAGE, CommandFailed, note, say
from ctiserver.cli_store import make_folder, with_store
from ctiserver.history_calls import CallHistory, NoCall, call_of
from ctiserver.history_files import HistoryFile, ReadReport, read_history
from ctiserver.history_legs import People
from ctiserver.history_scratch import HistoryScratch
from ctiserver.seats import seats
from ctiserver.settings import Settings
from pbx.calls import Call
from pbx.devices import DeviceKind

#: Calls that are written in one transaction.
BATCH = 250
_REMEMBERED_CALLERS = 20_000
_SHOWN = 20
_AHEAD = timedelta(days=1)  # of the PBX's clock, at most


@dataclass(slots=True)
class _Written:
    """What came of the calls."""

    new: Counter[str] = field(default_factory=Counter)  # by direction
    outcomes: Counter[str] = field(default_factory=Counter)
    known: int = 0
    no_calls: int = 0
    consultations: int = 0
    devices: Counter[str] = field(default_factory=Counter)
    gaps: list[dict[str, Any]] = field(default_factory=list)


def run_import_calls(
    settings: Settings,
    files: Sequence[Path],
    *,
    pbx: str | None,
    time_zone: str | None,
    encoding: str,
    columns: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import and report. Fails when there was something to import and nothing of it was a call."""
    name = _pbx_name(settings, pbx)
    latest = (datetime.now(UTC) + _AHEAD).timestamp()
    form = HistoryFile(
        clock=LocalClock(_zone(time_zone or settings.ui.time_zone), latest),
        encoding=_encoding(encoding),
        columns=tuple(part.strip() for part in columns.split(",")) if columns is not None else None,
    )
    make_folder(settings)
    try:
        read, written = _import(settings, name, files, form, dry_run=dry_run)
    except sqlite3.Error as error:
        raise CommandFailed(f"The scratch file beside the database: {error}.") from None
    _print(read, written, dry_run=dry_run, as_json=as_json)
    if read.rejected and not read.used:
        raise CommandFailed("Nothing was imported.", code=FAILURE)


def _import(
    settings: Settings, name: str, files: Sequence[Path], form: HistoryFile, *, dry_run: bool
) -> tuple[ReadReport, _Written]:
    """Sort first, write then. Beside the database: /tmp may be memory, and numbers stay where numbers are."""
    plan = settings.pbx[name].device_plan()
    with (
        tempfile.TemporaryDirectory(prefix=".import-", dir=settings.database.file.parent) as folder,
        HistoryScratch(Path(folder) / "scratch.db") as scratch,
        _progress() as progress,
    ):
        read = read_history(
            files,
            form,
            scratch,
            is_trunk=lambda channel: plan.kind(channel) is DeviceKind.TRUNK,
            on_bytes=progress.bytes,
        )
        groups = scratch.group()
        _warn_of_clock(scratch, form.clock)
        work = _Import(settings, name, scratch, dry_run=dry_run)
        return read, with_store(settings, lambda store: work.run(store, progress.calls(groups)))


def _pbx_name(settings: Settings, asked: str | None) -> str:
    if asked is None and len(settings.pbx) > 1:
        raise CommandFailed(f"Whose calls are these? Say --pbx: {', '.join(settings.pbx)}.", code=USAGE)
    if not settings.pbx or (asked is not None and asked not in settings.pbx):
        known = ", ".join(settings.pbx) or "none"
        raise CommandFailed(f"--pbx: there is no section [pbx.{asked or 'NAME'}]; there is {known}.", code=USAGE)
    return asked or next(iter(settings.pbx))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CommandFailed(
            f'--time-zone {name!r} is not a time zone; for example "Europe/Bratislava" or "UTC".', code=USAGE
        ) from None


def _encoding(name: str) -> str:
    try:
        if "\n".encode(name) == b"\n":
            return name
    except LookupError:
        raise CommandFailed(f"--encoding: there is no encoding {name}.", code=USAGE) from None
    raise CommandFailed(f"--encoding: {name} has no lines to read one by one; save the file as UTF-8.", code=USAGE)


def _warn_of_clock(scratch: HistoryScratch, clock: LocalClock) -> None:
    apart = scratch.clocks_apart()
    if apart is not None:
        note(
            f"Most calls begin {hours(apart)} hours apart from the time in their Uniqueids: "
            f"is --time-zone {clock.zone} where this PBX stands?"
        )


class _Import:
    """Turns each call's lines into a record and gives it to the store; in a dry run only asks what is known."""

    def __init__(self, settings: Settings, pbx: str, scratch: HistoryScratch, *, dry_run: bool) -> None:
        section, region = settings.pbx[pbx], settings.numbers.default_region
        self._pbx = pbx
        self._scratch = scratch
        self._dry_run = dry_run
        self._span = scratch.span() or (0.0, 0.0)
        self._plan = section.device_plan()
        self._numbering = CallNumbering(incoming=section.incoming_profile(region), own=section.own_profile(region))
        self._hours = settings.opening_plan()
        self._report = _Written()
        self._callers: dict[PhoneNumber, tuple[str, int | None]] = {}
        self._would_fill: Counter[int] = Counter()

    async def run(self, store: SqlStore, advance: Callable[[], None]) -> _Written:
        accounts = await store.accounts()
        self._plan.set_owners(*seats(accounts, ()))
        people = People.of(self._plan, accounts)
        gaps = [gap for gap in await store.gaps(self._pbx) if self._touches(gap)]
        batch: list[PastCall] = []
        for history in self._scratch.histories():
            past = await self._past_call(store, history, people)
            if past is not None:
                batch.append(past)
            if len(batch) >= BATCH:
                await self._write(store, batch, gaps)
                batch.clear()
            advance()
        await self._write(store, batch, gaps)
        await self._fill(store, gaps)
        return self._report

    async def _past_call(self, store: SqlStore, history: CallHistory, people: People) -> PastCall | None:
        call = call_of(history, self._pbx, people, self._numbering)
        if isinstance(call, NoCall):
            self._report.no_calls += call.device is None
            self._count_device(call.device)
            return None
        from_phone = bool(history.lines) and people.kind(history.root.channel) is DeviceKind.PHONE
        if from_phone and self._scratch.is_consultation(history):
            self._report.consultations += 1
            return None
        record = call_record(call, self._numbering, agents=True, hours=self._hours)
        if not history.uniqueids:
            record["uniqueid"] = record["linkedid"] = None
        record["match"], record["customer_id"] = await self._match(store, call)
        return PastCall(record=record, uniqueids=history.uniqueids)

    def _count_device(self, device: str | None) -> None:
        if device is not None and (device in self._report.devices or len(self._report.devices) < 1000):
            self._report.devices[device] += 1

    async def _match(self, store: SqlStore, call: Call) -> tuple[str, int | None]:
        """Who called, by the policy of the screen-pop; most people call more than once."""
        number = remote_number(call, self._numbering)
        known = self._callers.get(number)
        if known is None:
            match = await store.find_caller(number)
            sure = match.cards[0]["id"] if match.kind is MatchKind.ONE else None
            if len(self._callers) >= _REMEMBERED_CALLERS:
                self._callers.clear()
            known = self._callers[number] = (match.kind.value, sure)
        return known

    async def _write(self, store: SqlStore, batch: Sequence[PastCall], gaps: Iterable[StoredGap]) -> None:
        if not batch:
            return
        if self._dry_run:
            known = await store.known_history(self._pbx, batch)
        else:
            known = await store.add_history(self._pbx, batch, now=datetime.now(UTC))
        self._report.known += len(known)
        for past in batch:
            if past.record["id"] not in known:
                self._report.new[past.record["direction"]] += 1
                self._report.outcomes[past.record["outcome"]] += 1
                began = datetime.fromisoformat(past.record["started_at"])
                self._would_fill.update(gap.id for gap in gaps if gap.since <= began <= gap.until)

    def _touches(self, gap: StoredGap) -> bool:
        first, last = self._span
        return first <= gap.until.timestamp() and gap.since.timestamp() <= last

    async def _fill(self, store: SqlStore, gaps: Iterable[StoredGap]) -> None:
        """A gap is filled when the history goes on after it: a file that ends within it may lack its last calls."""
        first, last = self._span
        for gap in gaps:
            whole = first <= gap.since.timestamp() and gap.until.timestamp() <= last
            calls = self._would_fill[gap.id]
            if whole and not self._dry_run:
                calls = (await store.fill_gap(gap.id, now=datetime.now(UTC))).filled_calls or 0
            self._report.gaps.append(
                {
                    "since": _wire(gap.since),
                    "until": _wire(gap.until),
                    "missed_calls": gap.missed_calls,
                    "calls": calls,
                    "filled": whole,
                }
            )


def _wire(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


# --- progress and report -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Progress:
    """A bar for the bytes that are read, then one for the calls that are written."""

    bars: Any

    def bytes(self, total: int) -> Callable[[int], None]:
        task = self.bars.add_task("Reading", total=total)
        return lambda count: self.bars.advance(task, count)

    def calls(self, total: int) -> Callable[[], None]:
        task = self.bars.add_task("Importing", total=total)
        return lambda: self.bars.advance(task)


@contextmanager
def _progress() -> Iterator[_Progress]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bars:
        yield _Progress(bars)


def _print(read: ReadReport, written: _Written, *, dry_run: bool, as_json: bool) -> None:
    data = {
        "imported": written.new.total(),
        "known": written.known,
        "directions": dict(written.new),
        "outcomes": dict(written.outcomes),
        "no_calls": written.no_calls,
        "consultations": written.consultations,
        "lines": read.used,
        "repeated": read.repeated,
        "others": read.others,
        "rejected": [{"file": one.file, "line": one.line, "reason": one.reason} for one in read.rejected],
        "rejected_lines": read.rejected_lines,
        "doubtful_times": [{"file": one.file, "line": one.line, "reason": one.reason} for one in read.doubts],
        "unknown_devices": dict(written.devices.most_common(_SHOWN)),
        "gaps": written.gaps,
        "dry_run": dry_run,
    }
    say(data, "\n".join(_sentences(read, written, dry_run=dry_run)), as_json=as_json)


def _sentences(read: ReadReport, written: _Written, *, dry_run: bool) -> Iterator[str]:
    would = "would be " if dry_run else ""
    yield from (f"{one.file} line {one.line}: {one.reason}" for one in (*read.rejected, *read.doubts))
    if read.rejected_lines > len(read.rejected):
        yield f"… and {read.rejected_lines - len(read.rejected)} more lines that cannot be used."
    for device, count in written.devices.most_common(_SHOWN):
        yield f"{count} calls of {device}: neither trunks nor phones of [pbx.*] fit; add it to import them."
    for gap in written.gaps:
        state = "filled" if gap["filled"] else "in part only: the files do not cover it"
        yield f"Gap {gap['since']} to {gap['until']}: {state}, {gap['calls']} calls."
    kinds = ", ".join(f"{count} {direction}" for direction, count in sorted(written.new.items()))
    yield f"{written.new.total()} calls {would}imported{f' ({kinds})' if kinds else ''}, {written.known} known already."
    yield (
        f"{read.used} lines used, {read.repeated} repeated, {read.others} about other things, "
        f"{read.rejected_lines} rejected; {written.no_calls} without a conversation, "
        f"{written.consultations} part of another call."
    )
