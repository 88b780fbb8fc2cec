"""Who gets what: every route and every push topic × who asks × whose object, as `access.txt` says it must be.

python -m tests.security.matrix     prints the rows that the application needs and the file does not have
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from aiohttp import hdrs, web

from crm_store.accounts import SCOPES
from crm_store.phone_numbers import NumberProfile
from crm_store.sql.store import open_store
from screenpop.messages import TOPIC_NAMES
from tests.web.desk import make_desk
from web.app import create_app

TABLE = Path(__file__).with_name("access.txt")

#: Sessions of these, then tokens of an agent and of a supervisor, one for each scope.
SESSIONS = ("anonymous", "eva", "sofia", "root")
COLUMNS = (*SESSIONS, *(f"{user}:{scope}" for user in ("eva", "sofia") for scope in SCOPES))

#: Whose object an address names. `mine` is Eva's, `foreign` Jan's; `nobody` and `team` belong to no agent.
OWNERS: Mapping[str, tuple[str, ...]] = {
    "call_id": ("mine", "foreign", "nobody"),
    "task_id": ("mine", "foreign", "team"),
    "request_id": ("mine", "foreign"),
    "name": ("mine", "foreign"),
    "customer_id": ("shared",),
}
#: Lists that can be asked for somebody else, and the parameter that does it.
FILTERS: Mapping[tuple[str, str], str] = {
    ("GET", "/api/v1/calls"): "agent",
    ("GET", "/api/v1/calls.csv"): "agent",
    ("GET", "/api/v1/tasks"): "owner",
    ("GET", "/calls"): "agent",
}
#: Bodies that name somebody.
NAMED_IN_BODY: Mapping[tuple[str, str], str] = {("POST", "/api/v1/calls"): "agent"}


#: The method of a row about a push topic: is news about `mine` or `foreign` sent to a socket that asked for the topic?
TOPIC = "TOPIC"


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One line of the table: a route, or a push topic."""

    path: str
    method: str
    whose: str


Expected: TypeAlias = Mapping[Row, Mapping[str, str]]


def expected() -> Expected:
    """The table. A damaged line is an error."""
    found: dict[Row, dict[str, str]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        method, path, whose, *answers = line.replace("|", " ").split()
        found[Row(path, method, whose)] = dict(zip(COLUMNS, answers, strict=True))
    return found


def rows_of(app: web.Application) -> Iterator[Row]:
    """What the application needs: each route for each owner of what its address names (HEAD is what GET is), each topic."""
    for topic in TOPIC_NAMES:
        for whose in ("any",) if topic == "pbx" else ("mine", "foreign"):
            yield Row(topic, TOPIC, whose)
    for route in app.router.routes():
        if route.method == hdrs.METH_HEAD or route.resource is None:
            continue
        path = route.resource.canonical
        named = next((owners for name, owners in OWNERS.items() if f"{{{name}}}" in path and _is_object(path)), None)
        asked = ("any", "mine", "foreign") if (route.method, path) in FILTERS | NAMED_IN_BODY else ("any",)
        for whose in named or asked:
            yield Row(path, route.method, whose)


def _is_object(path: str) -> bool:
    return not path.startswith("/texts/")


def line_of(row: Row, answers: Mapping[str, str]) -> str:
    """One line as the file writes it."""
    parts = [answers[column] for column in COLUMNS]
    groups = [parts[:4], parts[4 : 4 + len(SCOPES)], parts[4 + len(SCOPES) :]]
    cells = " | ".join(" ".join(f"{one:>4}" for one in group) for group in groups)
    return f"{row.method:<7}{row.path:<40}{row.whose:<8} | {cells}"


async def _needed() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{folder}/x.db", numbers=NumberProfile(region="SK"), migrate=True)
        try:
            return sorted(rows_of(create_app((await make_desk(store)).deps)))
        finally:
            await store.close()


def main() -> None:
    """Print the lines to fill in; fail when there are any."""
    missing = [row for row in asyncio.run(_needed()) if row not in expected()]
    for row in missing:
        print(line_of(row, dict.fromkeys(COLUMNS, "?")))
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
