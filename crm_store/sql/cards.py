"""A customer's card as one JSON text, built by the database: what an agent sees while the telephone rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, func, literal_column, null, select, union_all
from sqlalchemy.sql.selectable import ScalarSelect, Subquery

from crm_store.caller_lookup import Card
from crm_store.sql.columns import JsonArray, JsonPart, JsonText, json_object, key
from crm_store.sql.schema import (
    activities,
    call_legs,
    call_notes,
    calls,
    parties,
    party_emails,
    party_phones,
    party_tags,
    tasks,
)

#: The cards of one push message, in bytes; its frame of at most 8 KB also has the call.
CARD_BYTES = 6000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    """How much of each field a card shows."""

    name: int
    note: int
    text: int
    phones: int
    emails: int
    tags: int
    activities: int
    tasks: int


#: The database cuts to the first; cards that are too big together are cut on, down to the last that always fits.
_SIZES = (
    _Size(name=200, note=400, text=160, phones=6, emails=4, tags=8, activities=3, tasks=5),
    _Size(name=100, note=120, text=80, phones=4, emails=2, tags=4, activities=3, tasks=3),
    _Size(name=80, note=0, text=40, phones=2, emails=1, tags=3, activities=1, tasks=1),
    _Size(name=40, note=0, text=0, phones=1, emails=0, tags=0, activities=1, tasks=1),
    _Size(name=20, note=0, text=0, phones=1, emails=0, tags=0, activities=0, tasks=0),
)
_FULL = _SIZES[0]


def card_columns() -> ColumnElement[Any]:
    """The card of the row of `parties` in the enclosing statement; `:week_ago` bounds the count of calls."""
    return json_object(
        id=parties.c.id,
        version=parties.c.version,
        name=_cut(parties.c.name, _FULL.name),
        display_name=_cut(parties.c.display_name, _FULL.name),
        company=_cut(parties.c.company, _FULL.name),
        kind=parties.c.kind,
        language=parties.c.language,
        external_id=parties.c.external_id,
        note=_cut(parties.c.note, _FULL.note),
        phones=_array(_phones()),
        emails=_array(_words(party_emails, party_emails.c.email, _FULL.emails)),
        tags=_array(_words(party_tags, party_tags.c.tag, _FULL.tags)),
        last_activities=_array(_last_activities()),
        open_tasks=_array(_open_tasks()),
        calls_7d=_calls_since(),
    )


def fit_cards(cards: Sequence[Card], most: int = CARD_BYTES) -> tuple[Card, ...]:
    """The same cards, cut until they fit together in a push message."""
    fitting = list(cards)
    for size in _SIZES[1:]:
        if len(orjson.dumps(fitting)) <= most:
            break
        fitting = [_smaller(card, size) for card in cards]
    return tuple(fitting)


def _smaller(card: Card, size: _Size) -> Card:
    return {
        **card,
        "name": card["name"][: size.name],
        "display_name": card["display_name"][: size.name],
        "company": card["company"] and card["company"][: size.name],
        "external_id": card["external_id"] and card["external_id"][: size.name],
        "note": card["note"][: size.note],
        "phones": card["phones"][: size.phones],
        "emails": card["emails"][: size.emails],
        "tags": card["tags"][: size.tags],
        "last_activities": [{**a, "text": a["text"][: size.text]} for a in card["last_activities"][: size.activities]],
        "open_tasks": [{**t, "title": t["title"][: size.text]} for t in card["open_tasks"][: size.tasks]],
    }


def _cut(value: ColumnElement[Any], length: int) -> ColumnElement[Any]:
    return func.substr(value, 1, literal_column(str(length)))


def _array(items: Select[Any]) -> ColumnElement[Any]:
    """The items' only column as a JSON array, in their order."""
    rows = items.subquery()
    (item,) = rows.c
    return JsonPart(select(JsonArray(JsonPart(item))).select_from(rows).scalar_subquery())


def _phones() -> Select[Any]:
    phone = json_object(
        number=party_phones.c.number,
        display=party_phones.c.display,
        label=party_phones.c.label,
        extension=party_phones.c.extension,
    )
    return (
        select(phone.label("item"))
        .where(party_phones.c.party_id == parties.c.id)
        .order_by(party_phones.c.position)
        .limit(_FULL.phones)
        .correlate(parties)
    )


def _words(rows: Any, word: ColumnElement[Any], most: int) -> Select[Any]:
    return (
        select(JsonText(word).label("item"))
        .where(rows.c.party_id == parties.c.id)
        .order_by(rows.c.position)
        .limit(most)
        .correlate(parties)
    )


def _last_activities() -> Select[Any]:
    """The newest of both kinds. A call that goes on is not history yet."""
    both = union_all(*(select(part) for part in (_last_calls(), _last_others()))).subquery()
    fields = {name: both.c[name] for name in both.c.keys()}  # noqa: SIM118 - a column collection, not a dict
    return select(json_object(**fields).label("item")).order_by(both.c.at.desc()).limit(_FULL.activities)


def _last_calls() -> Subquery:
    agent = (
        select(call_legs.c.agent)
        .where(call_legs.c.call_id == calls.c.id, call_legs.c.agent.is_not(None))
        .order_by(call_legs.c.answered_at.is_(None), call_legs.c.position)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            calls.c.at,
            literal_column("'call'").label("kind"),
            func.coalesce(_cut(call_notes.c.text, _FULL.text), "").label("text"),
            agent.label("agent"),
            call_notes.c.disposition,
            calls.c.id.label("call_id"),
            calls.c.direction,
            calls.c.outcome,
        )
        .select_from(calls.outerjoin(call_notes, call_notes.c.call_id == calls.c.id))
        .where(calls.c.customer_id == parties.c.id, calls.c.state == "ended")
        .order_by(calls.c.at.desc(), calls.c.seq.desc())
        .limit(_FULL.activities)
        .correlate(parties)
        .subquery()
    )


def _last_others() -> Subquery:
    nothing = {name: null().label(name) for name in ("disposition", "call_id", "direction", "outcome")}
    return (
        select(
            activities.c.at,
            activities.c.kind,
            _cut(activities.c.text, _FULL.text).label("text"),
            activities.c.agent,
            *nothing.values(),
        )
        .where(activities.c.customer_id == parties.c.id)
        .order_by(activities.c.at.desc(), activities.c.id.desc())
        .limit(_FULL.activities)
        .correlate(parties)
        .subquery()
    )


def _open_tasks() -> Select[Any]:
    task = json_object(
        id=tasks.c.id,
        kind=tasks.c.kind,
        title=_cut(tasks.c.title, _FULL.text),
        due_at=tasks.c.due_at,
        owner=tasks.c.owner,
        claimed_by=tasks.c.claimed_by,
    )
    return (
        select(task.label("item"))
        .where(tasks.c.customer_id == parties.c.id, tasks.c.state == "open")
        .order_by(tasks.c.due_at.is_(None), tasks.c.due_at, tasks.c.id)
        .limit(_FULL.tasks)
        .correlate(parties)
    )


def _calls_since() -> ScalarSelect[int]:
    return (
        select(func.count())
        .select_from(calls)
        .where(
            calls.c.customer_id == parties.c.id,
            calls.c.at >= key("week_ago"),
            calls.c.state == "ended",
        )
        .scalar_subquery()
    )
