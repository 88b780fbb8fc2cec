"""Times and JSON in the spelling of each database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import column, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from crm_store.sql.columns import (
    JsonArray,
    JsonPart,
    JsonText,
    UtcTime,
    for_in,
    json_object,
    parse_time,
    time_text,
)

SQLITE, POSTGRESQL = SQLiteDialect_pysqlite(), PGDialect_asyncpg()
MOMENT = datetime(2026, 3, 2, 9, 0, 0, 120_000, tzinfo=UTC)


def test_a_time_is_a_text_of_fixed_width_in_utc() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=2)))
    assert time_text(elsewhere) == "2026-03-02T09:00:00.120000Z"
    assert parse_time("2026-03-02T11:00:00.12+02:00") == MOMENT


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    assert (time_text(one) < time_text(other)) == (one < other)
    assert parse_time(time_text(one)) == one


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without zone"):
        UtcTime().process_bind_param(datetime(2026, 3, 2), SQLITE)


def test_postgresql_keeps_times_as_times() -> None:
    assert UtcTime().process_bind_param(MOMENT, POSTGRESQL) == MOMENT
    assert UtcTime().process_result_value(MOMENT, POSTGRESQL) == MOMENT
    assert UtcTime().process_bind_param(None, POSTGRESQL) is None
    assert UtcTime().compile(dialect=POSTGRESQL) == "TIMESTAMP WITH TIME ZONE"


def test_json_is_spelled_for_each_database() -> None:
    rows = select(json_object(name=column("name"), mail=JsonText(column("mail"))).label("item")).subquery()
    statement = select(JsonPart(select(JsonArray(JsonPart(rows.c.item))).scalar_subquery()))
    sqlite = " ".join(str(statement.compile(dialect=SQLITE)).split())
    postgresql = " ".join(str(statement.compile(dialect=POSTGRESQL)).split())
    assert "json((SELECT json_group_array(json(anon_1.item))" in sqlite
    assert "json_object('name', name, 'mail', json_quote(mail))" in sqlite
    assert "coalesce(json_agg(anon_1.item), '[]')" in postgresql
    assert "json_build_object('name', name, 'mail', to_json(mail))" in postgresql


@pytest.mark.parametrize(
    ("values", "listed"),
    [([], []), ([7], [7]), ([1, 2], [1, 2]), ([1, 2, 3], [1, 2, 3, 3]), ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 5, 5, 5])],
)
def test_an_in_list_is_filled_up_with_its_last_value(values: list[int], listed: list[int]) -> None:
    assert for_in(values) == listed


def test_lists_of_a_thousand_lengths_make_eleven_statements() -> None:
    assert len({len(for_in(range(length))) for length in range(1, 1001)}) == 11
