"""`import customers`: a CSV file into the store, line by line, with every reject named."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import phonenumbers

from crm_store.caller_lookup import MatchReason
from crm_store.customer_import import CustomerFile, ImportRow, Reject, customers, read_customer_file
from crm_store.errors import InvalidInput
from crm_store.parties import PartyInput, PhoneInput
from crm_store.phone_numbers import NumberKind, NumberProfile
from crm_store.sql import SqlStore
from ctiserver.cli_output import FAILURE, USAGE, CommandFailed, note, say
from ctiserver.cli_store import with_store
from ctiserver.settings import Settings

_USER = "import"


@dataclass(slots=True)
class _Report:
    created: int = 0
    updated: int = 0
    rejected: list[Reject] = field(default_factory=list)


def run_import(
    settings: Settings, file: Path, *, region: str | None, encoding: str, dry_run: bool, as_json: bool
) -> None:
    """Import and report. Fails when there was something to import and nothing could be."""
    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        raise CommandFailed(f'--region {region!r}: write two capital letters, for example "SK".', code=USAGE)
    profile = NumberProfile(region=region or settings.numbers.default_region)
    contents = _read(file, encoding)
    if contents.ignored:
        note(f"Columns that mean nothing here: {', '.join(contents.ignored)}.")
    report = with_store(settings, lambda store: _Import(store, dry_run=dry_run).run(contents, profile), numbers=profile)
    _print(report, dry_run=dry_run, as_json=as_json)
    if report.rejected and not report.created + report.updated:
        raise CommandFailed("Nothing was imported.", code=FAILURE)


def _read(file: Path, encoding: str) -> CustomerFile:
    try:
        return read_customer_file(file.read_bytes(), encoding=encoding)
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}", code=USAGE) from None
    except InvalidInput as error:
        raise CommandFailed(f"{file}: {error}", code=USAGE) from None


class _Import:
    """Writes, or in a dry run only finds out what it would write."""

    def __init__(self, store: SqlStore, *, dry_run: bool) -> None:
        self._store = store
        self._dry_run = dry_run
        self._report = _Report()
        # Who a dry run would have created: the same person again on a later line would be an update.
        self._would_exist: set[tuple[str, ...]] = set()

    async def run(self, contents: CustomerFile, profile: NumberProfile) -> _Report:
        with _progress(len(contents.rows)) as advance:
            for item in customers(contents, profile):
                if isinstance(item, Reject):
                    self._report.rejected.append(item)
                else:
                    await self._take(item)
                advance()
        self._report.rejected.sort(key=lambda reject: reject.line)
        return self._report

    async def _take(self, row: ImportRow) -> None:
        try:
            created = await (self._would_create(row) if self._dry_run else self._write(row))
        except InvalidInput as problem:
            self._report.rejected.append(Reject(line=row.line, reason=f"{problem.field}: {problem}"))
        else:
            self._report.created += created
            self._report.updated += not created

    async def _write(self, row: ImportRow) -> bool:
        now = datetime.now(UTC)
        if row.fields.external_id:
            _, created = await self._store.upsert_by_external_id(row.fields, user=_USER, now=now)
            return created
        known = await self._same_person(row)
        if known is None:
            await self._store.create_party(row.fields, user=_USER, now=now)
            return True
        fields = await self._with_all_phones(row, known)
        await self._store.update_party(known, fields, user=_USER, now=now, version=None)
        return False

    async def _with_all_phones(self, row: ImportRow, known: int) -> PartyInput:
        """An update names all phones: those of the line, and those the customer has besides."""
        if row.fields.phones is None:
            return row.fields
        told = {number.number for number in row.numbers}
        kept = tuple(
            PhoneInput(raw=phone.number, label=phone.label)
            for phone in (await self._store.party(known)).phones
            if phone.number not in told
        )
        return replace(row.fields, phones=(*kept, *row.fields.phones))

    async def _same_person(self, row: ImportRow) -> int | None:
        """Somebody of this name with exactly this number."""
        for number in row.numbers:
            if number.kind is not NumberKind.E164:
                continue
            match = await self._store.find_caller(number)
            for card in match.cards if match.reason is MatchReason.EXACT else ():
                if _folded(card["name"]) == _folded(row.fields.name):
                    return int(card["id"])
        return None

    async def _would_create(self, row: ImportRow) -> bool:
        keys = _identities(row)
        known = bool(self._would_exist.intersection(keys)) or await self._is_known(row)
        self._would_exist.update(keys)
        return not known

    async def _is_known(self, row: ImportRow) -> bool:
        if row.fields.external_id is None:
            return await self._same_person(row) is not None
        return await self._has_external_id(row.fields.external_id)

    async def _has_external_id(self, external_id: str) -> bool:
        cursor: str | None = None
        while True:
            page = await self._store.parties(external_id, kind=None, cursor=cursor, limit=100)
            if any(party.external_id == external_id for party in page.items):
                return True
            if page.next is None:
                return False
            cursor = page.next


def _identities(row: ImportRow) -> set[tuple[str, ...]]:
    if row.fields.external_id:
        return {("id", row.fields.external_id)}
    name = _folded(row.fields.name)
    return {("number", name, number.number or "") for number in row.numbers if number.kind is NumberKind.E164}


def _folded(name: str | None) -> str:
    return " ".join((name or "").casefold().split())


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on stderr when somebody is watching."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("Importing", total=total)
        yield lambda: progress.advance(task)


def _print(report: _Report, *, dry_run: bool, as_json: bool) -> None:
    rejected = [{"line": reject.line, "reason": reject.reason} for reject in report.rejected]
    data = {"created": report.created, "updated": report.updated, "rejected": rejected, "dry_run": dry_run}
    would = "would be " if dry_run else ""
    counts = f"{report.created} {would}created, {report.updated} {would}updated, {len(rejected)} rejected."
    lines = [f"line {reject.line}: {reject.reason}" for reject in report.rejected]
    say(data, "\n".join([*lines, counts]), as_json=as_json)
