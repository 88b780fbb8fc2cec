"""`person export` and `person erase`: everything that is stored of one person, given out or taken out."""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from crm_store.ledger import LedgerEntry, LedgerKind
from crm_store.person import Person
from crm_store.sql import SqlStore, compact
from ctiserver import person_journal
from ctiserver.cli_output import USAGE, CommandFailed, note, say
from ctiserver.cli_store import run_store, with_store
from ctiserver.settings import Settings

_ID = re.compile(r"[1-9][0-9]{0,5}|#[0-9]{1,15}")


def export_person(settings: Settings, who: str, *, output: Path | None) -> None:
    """One JSON document, to a new file for its owner only or to stdout."""

    async def work(store: SqlStore) -> dict[str, Any]:
        person = await _person(store, who)
        recorded = person_journal.messages(settings.journal.directory, settings.pbx, person.in_journals())
        data = {
            "exported_at": datetime.now(UTC),
            "numbers": [one.number for one in person.numbers],
            "numbers_shared_with_others": person.shared_numbers,
            "names": list(dict.fromkeys([*person.names, *person.called])),
            **await store.person_file(person),
            "journal": [{"file": file, "message": message} for file, message in recorded],
        }
        counts = {"calls": len(data["calls"]), "journal": len(data["journal"])}
        await store.add_to_ledger(_entries(LedgerKind.PERSON_EXPORTED, person, counts))
        return data

    written = orjson.dumps(with_store(settings, work), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z) + b"\n"
    if output is None:
        sys.stdout.write(written.decode())
        return
    try:
        with open(os.open(output, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(written)
    except OSError as error:
        raise CommandFailed(f"{output}: {error.strerror}") from None
    note(f"{output}: {len(written)} bytes.")


def erase_person(settings: Settings, who: str, *, sure: bool, as_json: bool) -> None:
    """Say what there is; with `sure`, erase it: journals first, they are searched by what the database knows."""

    async def work(store: SqlStore) -> dict[str, Any]:
        person = await _person(store, who)
        if person.in_call:
            raise CommandFailed(
                "A call of this person is running: it would be written again. Try again when it is over."
            )
        folder, traces = settings.journal.directory, person.in_journals()
        if not sure:
            places = person_journal.count(folder, settings.pbx, traces)
            return _told(person, (await store.person_data(person)).counts(), places)
        places = person_journal.mask(folder, settings.pbx, traces)
        erased = await store.erase_person(person, now=datetime.now(UTC), places_in_journal=places)
        return _told(person, erased.counts(), places)

    told = {"erased": sure, **with_store(settings, work)}
    if sure:
        run_store(compact(settings.database.url))
    say(told, _text(told), as_json=as_json)


async def _person(store: SqlStore, who: str) -> Person:
    """A short number without plus or leading zero is a customer's id, as is #5; everything else a telephone number."""
    if _ID.fullmatch(who.strip()):
        return await store.person(customer_id=int(who.strip().lstrip("#")))
    if not any(character.isdigit() for character in who):
        raise CommandFailed(f"{who!r}: give a number, or a customer's id.", code=USAGE)
    return await store.person(number=who)


def _entries(kind: LedgerKind, person: Person, counts: dict[str, int]) -> list[LedgerEntry]:
    ids = person.customer_ids or (None,)
    return [LedgerEntry(kind=kind, at=datetime.now(UTC), user=None, customer_id=one, detail=counts) for one in ids]


def _told(person: Person, counts: dict[str, int], places: int) -> dict[str, Any]:
    return {
        "customer_ids": list(person.customer_ids),
        **counts,
        "journal": places,
        "shared_numbers": len(person.shared_numbers),
    }


def _text(told: dict[str, Any]) -> str:
    done = "Erased" if told["erased"] else "This would be erased (again with --yes)"
    lines = [
        f"{done}: {told['customers']} customer records, the person in {told['calls']} calls (times and results stay), "
        f"{told['notes']} notes, {told['tasks']} tasks, {told['activities']} timeline entries, "
        f"{told['mentions']} mentions in other records, {told['journal']} places in journals."
    ]
    if told["shared_numbers"]:
        lines.append(f"{told['shared_numbers']} numbers stay: another customer has them, too.")
    return "\n".join(lines)
