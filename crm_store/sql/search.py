"""Search by any fragment, through SQLite's trigram index. PostgreSQL would have pg_trgm here, behind the same functions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, select

from crm_store.parties import Party
from crm_store.search_text import document
from crm_store.sql.schema import parties, party_search

_SHORTEST_INDEXED = 3


def found(terms: Sequence[str]) -> list[ColumnElement[bool]]:
    """Conditions on `parties`: every term occurs somewhere in the party's text."""
    indexed = [term for term in terms if len(term) >= _SHORTEST_INDEXED]
    conditions: list[ColumnElement[bool]] = []
    if indexed:
        matching = party_search.c.text.op("MATCH", is_comparison=True)(" ".join(map(_phrase, indexed)))
        conditions.append(parties.c.id.in_(select(party_search.c.rowid).where(matching)))
    conditions += [_contains(term, anywhere=bool(indexed)) for term in terms if term not in indexed]
    return conditions


def _contains(term: str, *, anywhere: bool) -> ColumnElement[bool]:
    """One or two letters are too few for trigrams: looked for in the names alone, unless other terms have left few to read."""
    if not anywhere:
        return parties.c.sort_name.contains(term, autoescape=True)
    contains = party_search.c.text.contains(term, autoescape=True)
    return exists().where(party_search.c.rowid == parties.c.id, contains)


def index_party(connection: Connection, party: Party) -> None:
    """Make a party that is not in the index findable; an inactive one is not."""
    if party.active:
        text = document(_texts(party), _numbers(party))
        connection.execute(insert(party_search), {"rowid": party.id, "text": text})


def forget_party(connection: Connection, customer_id: int) -> None:
    connection.execute(delete(party_search).where(party_search.c.rowid == customer_id))


def _texts(party: Party) -> list[str]:
    return [party.name, party.company or "", *party.emails, *party.tags, party.external_id or ""]


def _numbers(party: Party) -> list[str]:
    return [*(phone.number for phone in party.phones), party.external_id or ""]


def _phrase(term: str) -> str:
    """Quoted, or FTS5 would read operators out of what somebody typed."""
    return '"' + term.replace('"', '""') + '"'
