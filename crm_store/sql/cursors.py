"""Opaque cursors: where a list goes on, as the sort key of the last row seen."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, literal, tuple_

from crm_store.activities import Page
from crm_store.errors import InvalidInput
from crm_store.sql.columns import parse_time

T = TypeVar("T")

MOST_ROWS = 200


def page_size(limit: int) -> int:
    return max(1, min(limit, MOST_ROWS))


def encode(*key: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def decode(cursor: str, *types: type) -> Sequence[Any]:
    """The sort key, or InvalidInput: a cursor comes back from outside and may be anything."""
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("cursor", "This cursor is not one of ours.") from error
    fits = isinstance(key, list) and len(key) == len(types)
    if not fits or not all(_is(part, kind) for part, kind in zip(key, types, strict=True)):
        raise InvalidInput("cursor", "This cursor is not one of ours.")
    return list(key)


def _is(part: Any, kind: type) -> bool:
    storable = not isinstance(part, int) or -(2**63) <= part < 2**63
    return type(part) is kind and storable


def page(rows: Sequence[T], limit: int, key: Callable[[T], Sequence[Any]]) -> Page[T]:
    """A page of `limit` rows out of `limit + 1`: the one too many says that there are more."""
    shown = tuple(rows[:limit])
    return Page(items=shown, next=encode(*key(shown[-1])) if len(rows) > limit else None)


def below(columns: Sequence[ColumnElement[Any]], key: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that come before `key` in the order of these columns: the next ones of a list that runs backwards."""
    return tuple_(*columns) < tuple_(*_typed(columns, key))


def above(columns: Sequence[ColumnElement[Any]], key: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that come after `key` in the order of these columns."""
    return tuple_(*columns) > tuple_(*_typed(columns, key))


def _typed(columns: Sequence[ColumnElement[Any]], key: Sequence[Any]) -> list[ColumnElement[Any]]:
    return [literal(value, column.type) for column, value in zip(columns, key, strict=True)]


def time(text: str) -> datetime:
    """A time out of a cursor."""
    try:
        return parse_time(text)
    except ValueError as error:
        raise InvalidInput("cursor", "This cursor is not one of ours.") from error
