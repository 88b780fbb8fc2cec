"""Stored values as JSON."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from crm_store.parties import Party
from tests.web.desk import NOW
from web.views import customer_json, rfc3339


def test_times_are_utc_with_z() -> None:
    assert rfc3339(datetime(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=1)))) == "2026-03-02T09:00:00Z"
    assert rfc3339(None) is None


def test_unknown_is_null_never_empty() -> None:
    party = Party(
        id=1, version=1, name="", company="", kind="customer", phones=(), emails=(), language="", external_id="",
        tags=(), note="", active=True, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    shown = customer_json(party)
    assert (shown["company"], shown["language"], shown["external_id"]) == (None, None, None)
