"""What is too old, what stays of a call whose time is over, and the proof of a removal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from crm_store.ledger import LedgerKind
from crm_store.retention import KeepRule, KeptData, OldData, anonymous_call, joined
from tests.contracts.examples import call, leg, remote

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def old(count: int, oldest: int | None = None, newest: int | None = None) -> OldData:
    times = [NOW - DAY * days if days is not None else None for days in (oldest, newest)]
    return OldData(data=KeptData.POPS, before=NOW - DAY * 30, count=count, oldest=times[0], newest=times[1])


def test_a_rule_of_so_many_days_and_one_for_ever() -> None:
    assert KeepRule(data=KeptData.CALLS, days=30).before(NOW) == datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
    assert KeepRule(data=KeptData.CALLS, days=0).before(NOW) is None


def test_the_proof_names_data_rule_count_and_times() -> None:
    proof = old(3, 40, 31).proof(KeepRule(data=KeptData.POPS, days=30), now=NOW)
    assert (proof.kind, proof.at, proof.user, proof.customer_id) == (LedgerKind.PURGED, NOW, None, None)
    assert proof.detail == {
        "data": "pops",
        "keep_days": 30,
        "before": "2026-01-31T09:00:00.000000Z",
        "count": 3,
        "oldest": "2026-01-21T09:00:00.000000Z",
        "newest": "2026-01-30T09:00:00.000000Z",
    }


def test_portions_add_up() -> None:
    assert joined([old(0), old(2, 50, 45), old(3, 40, 31)]) == old(5, 50, 31)
    assert joined([old(0)]) == old(0)


def test_an_anonymous_call_keeps_what_is_counted_and_loses_the_person() -> None:
    whole = call(
        "A",
        remote=remote(name="Ján Kováč", dialled="0905123456"),
        legs=[{**leg("eva"), "via": "+421905123456"}],
        customer_id=5,
        match="one",
    )
    left = anonymous_call(whole)
    assert left["remote"] == {
        "number": None, "display": None, "raw": None, "name": None, "dialled": None, "kind": "unknown"
    }  # fmt: skip
    assert (left["customer_id"], left["match"], left["legs"][0]["via"]) == (None, None, None)
    changed = {"remote", "legs", "customer_id", "match"}
    assert {key for key in whole if whole[key] != left[key]} == changed
    assert {**left["legs"][0], "via": whole["legs"][0]["via"]} == whole["legs"][0]
    told = orjson.dumps(left).decode()
    assert [word for word in ("905123456", "Kov") if word in told] == []
    assert anonymous_call(left) == left


@pytest.mark.parametrize(
    ("target", "left"),
    [("PJSIP/1002", "PJSIP/1002"), ("1002", "1002"), ("+421905123456", "anonymous"), ("0905123456", "anonymous")],
)
def test_a_transfer_to_a_colleague_stays_and_one_outside_loses_its_number(target: str, left: str) -> None:
    transfers = [{"kind": "blind", "by": "PJSIP/1001", "to": target, "at": None, "result": "answered"}]
    assert anonymous_call(call("A", transfers=transfers))["transfers"] == [{**transfers[0], "to": left}]


def test_a_record_without_legs_is_no_error() -> None:
    assert anonymous_call({"id": "A"})["legs"] == []
