"""A database of a big company: a million contacts with history, and five hundred agents. Built once, copied for each run.

Rows are made by plain SQL in bulk, after the migrations of this version made the tables; names and numbers are counted, nobody's.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from crm_store.sql.migrate import upgrade
from tests.bench.cache import folder

CONTACTS = 1_000_000
AGENTS = 500
REGION = "DE"
#: To be counted up by whoever changes the rows.
_ROWS_VERSION = 1
_FIRST_EXTENSION = 10_000
_DAY = "2026-01-02T03:04:05.000000Z"
_NAMES = ("Adler", "Brandt", "Conrad", "Dietz", "Ebert", "Franke", "Graf", "Horn", "Ivanov", "Jansen")
_NOTE = "Prefers to be called in the morning; asked twice about the invoice of last month."
_FIELDS = {
    "parties": "id, version, name, company, kind, note, active, display_name, sort_name, language, external_id,"
    " created_at, created_by, updated_at, updated_by",
    "party_phones": "party_id, position, number, display, label, kind, nsn, country, rev_digits",
    "party_emails": "party_id, position, email",
    "party_tags": "party_id, position, tag",
    "activities": "id, kind, at, customer_id, agent, text",
    "calls": "id, pbx, direction, state, at, number, number_kind, queue, outcome, customer_id, customer_by_person,"
    " record, updated_at",
    "call_legs": "call_id, position, endpoint, agent, result",
    "tasks": "id, version, kind, title, state, due_at, customer_id, created_at",
}


def number_of(contact: int) -> str:
    """The first telephone number of contact 0, 1, 2 …"""
    return f"+49151{20_000_000 + contact}"


def extension_of(agent: int) -> str:
    """The telephone of agent 0, 1, 2 …, as pbx.simulator.load numbers them."""
    return str(_FIRST_EXTENSION + agent)


def agent_name(extension: str) -> str:
    """The account at that telephone."""
    return f"agent-{extension}"


def agent_token(extension: str) -> str:
    """The API token of that account; this database is never outside the machine."""
    return f"bench-{extension}"


def copy_database(target: Path) -> Path:
    """A fresh copy; the first time the original is built, which takes a minute or two."""
    original = _original()
    if not original.exists():
        print(f"Building a database of {CONTACTS:,} contacts (once, a minute or two) ...", flush=True)
        part = original.with_suffix(".part")
        part.unlink(missing_ok=True)
        _build(part)
        part.rename(original)
    shutil.copyfile(original, target)
    target.chmod(0o600)
    return target


def _original() -> Path:
    """Named by the schema it was built for: a new migration gets a new one."""
    empty = folder() / "empty.db"
    empty.unlink(missing_ok=True)
    asyncio.run(upgrade(f"sqlite:///{empty}"))
    with sqlite3.connect(empty) as database:
        schema = "\n".join(sql for (sql,) in database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return folder() / f"contacts-{_ROWS_VERSION}-{hashlib.sha256(schema.encode()).hexdigest()[:12]}.db"


def _build(file: Path) -> None:
    asyncio.run(upgrade(f"sqlite:///{file}"))
    database = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-262144"):
        database.execute(f"PRAGMA {pragma}")
    indexes = _take_indexes(database)
    started = time.monotonic()
    database.execute("BEGIN")
    for start in range(0, CONTACTS, 20_000):
        for table, rows in _rows(range(start, start + 20_000)).items():
            marks = ", ".join("?" * len(rows[0]))
            database.executemany(f"INSERT INTO {table} ({_FIELDS[table]}) VALUES ({marks})", rows)
    _insert_agents(database)
    database.execute("COMMIT")
    for sql in indexes:
        database.execute(sql)
    database.execute("PRAGMA journal_mode=WAL")
    database.close()
    print(f"Built in {time.monotonic() - started:.0f} s, {file.stat().st_size >> 20} MB.", flush=True)


def _take_indexes(database: sqlite3.Connection) -> list[str]:
    """Dropped while rows are inserted, made again afterwards: three times as fast."""
    found = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _ in found:
        database.execute(f"DROP INDEX {name}")
    return [sql for _, sql in found]


def _rows(contacts: range) -> dict[str, list[tuple[object, ...]]]:
    """Every third contact has two numbers, every second an e-mail, a tag and two notes, every fourth a past call, few a task."""
    rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in _FIELDS}
    for contact in contacts:
        key, number = contact + 1, number_of(contact)
        name = f"{_NAMES[contact % 10]} {contact}"
        company = f"Firma {contact // 3}" if contact % 3 else None
        rows["parties"].append(
            (key, 1, name, company, "customer", _NOTE if contact % 5 == 0 else "", True, name, name.lower(), "de",
             f"K{contact}", _DAY, "bench", _DAY, "bench")
        )  # fmt: skip
        rows["party_phones"] += _phone_rows(key, contact)
        if contact % 2 == 0:
            rows["party_emails"].append((key, 0, f"kunde{contact}@example.com"))
            rows["party_tags"].append((key, 0, "vip" if contact % 10 == 0 else "wholesale"))
            rows["activities"] += [(2 * key + n, "note", _DAY, key, "agent-10000", _NOTE) for n in (0, 1)]
        if contact % 4 == 0:
            call = f"01JH{contact:022d}"
            record = orjson.dumps(call_record(call, number=number, customer=key)).decode()
            rows["calls"].append(
                (call, "main", "inbound", "ended", _DAY, number, "e164", "load", "answered", key, False, record, _DAY)
            )
            rows["call_legs"].append((call, 0, "PJSIP/10000", "agent-10000", "answered"))
        if contact % 20 == 0:
            rows["tasks"].append((key, 1, "todo", "Send the offer again", "open", None, key, _DAY))
    return rows


def _phone_rows(key: int, contact: int) -> Iterator[tuple[object, ...]]:
    digits = number_of(contact)[1:]
    display = f"+49 {digits[2:6]} {digits[6:]}"
    yield key, 0, "+" + digits, display, "mobile", "e164", digits[2:], "49", digits[::-1]
    if contact % 3 == 0:
        other = f"49151{30_000_000 + contact}"
        yield key, 1, "+" + other, f"+49 {other[2:6]} {other[6:]}", "work", "e164", other[2:], "49", other[::-1]


def call_record(call: str, *, customer: int, number: str | None = None) -> dict[str, object]:
    """The record of an answered call of this customer."""
    number = number or number_of(customer - 1)
    remote = {"number": number, "display": number, "raw": number, "name": None, "kind": "e164", "dialled": None}
    return {
        "id": call, "pbx": "main", "uniqueid": call, "linkedid": call, "direction": "inbound", "state": "ended",
        "remote": remote, "did": "+442079460130", "queue": "load", "queues": [], "legs": [], "transfers": [],
        "started_at": _DAY, "answered_at": _DAY, "ended_at": _DAY, "wait_s": 3.0, "ring_s": 3.0, "talk_s": 60.0,
        "hold_s": 0.0, "parked_s": 0.0, "outcome": "answered", "ended_by": "remote", "hangup_cause": 16,
        "click_to_dial": None, "estimated": False, "recordings": [], "customer_id": customer, "match": "one",
    }  # fmt: skip


def _insert_agents(database: sqlite3.Connection) -> None:
    """Accounts with a telephone and an API token each."""
    for extension in map(extension_of, range(AGENTS)):
        name = agent_name(extension)
        digest = hashlib.sha256(agent_token(extension).encode()).hexdigest()
        database.execute(
            "INSERT INTO accounts (name, display_name, role, extension, active) VALUES (?, ?, 'agent', ?, 1)",
            (name, f"Agent {extension}", extension),
        )
        database.execute(
            "INSERT INTO account_endpoints (account, position, endpoint) VALUES (?, 0, ?)", (name, f"PJSIP/{extension}")
        )
        database.execute(
            "INSERT INTO api_tokens (token_hash, user, scopes, created_at) VALUES (?, ?, 'calls.read crm.read queues.read', ?)",
            (digest, name, _DAY),
        )
