"""A record goes into rows and comes back; digits of who withheld them go nowhere."""

from __future__ import annotations

import orjson

from crm_store.sql.call_rows import call_row, leg_rows, matched_number, storable, talked_agent, wait_rows
from crm_store.sql.columns import time_text
from tests.contracts.examples import EVA, JAN, NOW, at, call, leg, remote, text

STORED_NOW = time_text(NOW)


def test_columns_are_what_calls_are_asked_for() -> None:
    record = call("A", queue="support", minute=3, customer_id=5, match="one", note="x")
    row = call_row(record, at=STORED_NOW)
    assert (row["id"], row["pbx"], row["direction"], row["state"]) == ("A", "main", "inbound", "ended")
    assert (row["at"], row["number"], row["number_kind"]) == (time_text(at(3)), JAN, "e164")
    assert (row["queue"], row["outcome"]) == ("support", "answered")
    kept = orjson.loads(row["record"])
    assert kept == {key: value for key, value in record.items() if key not in {"customer_id", "match", "note"}}


def test_legs_and_waits_are_rows_in_their_order() -> None:
    wait = {"queue": "support", "joined_at": text(NOW), "left_at": None, "wait_s": 6.5, "result": None}
    record = call("A", legs=[leg("eva", result="missed"), leg("jan")], queues=[wait])
    assert [(row["position"], row["agent"], row["answered_at"]) for row in leg_rows(record)] == [
        (0, "eva", None),
        (1, "jan", STORED_NOW),
    ]
    assert [(row["queue"], row["joined_at"], row["left_at"]) for row in wait_rows(record)] == [
        ("support", STORED_NOW, None)
    ]


def test_a_record_with_little_in_it_is_kept_too() -> None:
    record = {"id": "A", "pbx": "main", "state": "ended"}
    row = call_row(record, at=STORED_NOW)
    assert (row["at"], row["number"], row["number_kind"]) == (STORED_NOW, None, "unknown")
    assert list(leg_rows(record)) == list(wait_rows(record)) == []


def test_only_e164_finds_customers() -> None:
    assert matched_number(call("A")) == JAN
    assert matched_number(call("A", remote=remote("1001"))) is None
    assert matched_number({"id": "A"}) is None


def test_no_digits_of_a_withheld_caller_are_kept() -> None:
    record = storable(call("A", remote={**remote(), "kind": "withheld", "dialled": EVA, "name": "Ján"}))
    assert record["remote"] == {
        "number": None, "display": None, "raw": None, "name": "Ján", "kind": "withheld", "dialled": None
    }  # fmt: skip


def test_half_a_sign_in_a_name_is_replaced() -> None:
    assert storable(call("A", remote=remote(name="J\udcffn")))["remote"]["name"] == "J?n"


def test_the_timeline_names_who_answered_else_who_was_offered_the_call() -> None:
    assert talked_agent(call("A", legs=[leg("eva", result="missed"), leg("jan")])) == "jan"
    assert talked_agent(call("A", legs=[leg("eva", result="missed")])) == "eva"
    assert talked_agent(call("A")) is None
