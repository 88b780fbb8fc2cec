"""Column types and the few functions that databases spell differently."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import DateTime, Dialect, Select, String, Table, literal_column
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Text, TypeDecorator, TypeEngine

T = TypeVar("T")


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time. On SQLite a text of fixed width that sorts by time and is RFC 3339 as it stands."""

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return DateTime(timezone=True) if dialect.name == "postgresql" else String(27)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else time_text(utc)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return parse_time(value) if isinstance(value, str) else value


def for_in(values: Collection[T]) -> list[T]:
    """The values for an IN list, the last one repeated up to the next power of two.

    SQLite's driver keeps each statement's text prepared: lists of every length would fill that cache with megabytes.
    """
    listed = list(values)
    if not listed:
        return listed
    return listed + listed[-1:] * ((1 << (len(listed) - 1).bit_length()) - len(listed))


def time_text(value: datetime) -> str:
    """RFC 3339 in UTC, always 27 characters, so that text order is time order."""
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@lru_cache(maxsize=512)  # a call's times are written with each of its records, in several columns
def stored_time(text: str) -> str:
    """A time of a record as `UtcTime` keeps it. Raises ValueError."""
    return time_text(parse_time(text))


class JsonObject(FunctionElement[str]):
    """One JSON object of key, value, key, value …"""

    type = Text()
    name = "json_object"
    inherit_cache = True


class JsonArray(FunctionElement[str]):
    """All rows of a subquery as one JSON array, in their order."""

    type = Text()
    name = "json_array"
    inherit_cache = True


class JsonPart(FunctionElement[str]):
    """A JSON text as a part of another one, not as a quoted string."""

    type = Text()
    name = "json_part"
    inherit_cache = True


class JsonText(FunctionElement[str]):
    """A plain text as a JSON string."""

    type = Text()
    name = "json_text"
    inherit_cache = True


def key(name: str) -> ColumnElement[str]:
    """A value that comes with each run of a statement that is compiled once, with everything else written into it."""
    return literal_column(f":{name}", Text)


def compiled(statement: Select[Any]) -> str:
    """The SQL text for the fast path, with `:name` for each `key` and all constants in place."""
    dialect = SQLiteDialect_pysqlite(paramstyle="named")
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def upsert(table: Table, columns: Collection[str], *, by: Collection[str], once: Collection[str] = ()) -> str:
    """The SQL text that writes rows (a dict each, as the columns hold it): new ones, else over those with the same `by`.

    For rows that are written all the time: SQLAlchemy's own executemany takes longer over them than SQLite does.
    `once`: written with a new row and never changed.
    """
    fresh = sqlite.insert(table).values({name: key(name) for name in columns})
    changed = {name: fresh.excluded[name] for name in columns if name not in {*by, *once}}
    statement = fresh.on_conflict_do_update(index_elements=list(by), set_=changed).inline()
    return str(statement.compile(dialect=SQLiteDialect_pysqlite(paramstyle="named")))


def json_object(**fields: ColumnElement[Any]) -> JsonObject:
    """A JSON object with these keys, built by the database."""
    parts: list[ColumnElement[Any]] = []
    for key, value in fields.items():
        parts += [literal_column(f"'{key}'"), value]
    return JsonObject(*parts)


@compiles(JsonObject)
def _json_object(element: JsonObject, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_object({compiler.process(element.clauses, **kw)})"


@compiles(JsonObject, "postgresql")
def _json_build_object(element: JsonObject, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_build_object({compiler.process(element.clauses, **kw)})"


@compiles(JsonArray)
def _json_group_array(element: JsonArray, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **kw)})"


@compiles(JsonArray, "postgresql")
def _json_agg(element: JsonArray, compiler: SQLCompiler, **kw: Any) -> str:
    return f"coalesce(json_agg({compiler.process(element.clauses, **kw)}), '[]')"


@compiles(JsonPart)
def _json(element: JsonPart, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json({compiler.process(element.clauses, **kw)})"


@compiles(JsonPart, "postgresql")
def _json_as_it_is(element: JsonPart, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(JsonText)
def _json_quote(element: JsonText, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_quote({compiler.process(element.clauses, **kw)})"


@compiles(JsonText, "postgresql")
def _to_json(element: JsonText, compiler: SQLCompiler, **kw: Any) -> str:
    return f"to_json({compiler.process(element.clauses, **kw)})"
