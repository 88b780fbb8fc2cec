"""What a store promises about retention: what is too old goes, its proof stays in the ledger, and nothing else is touched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from crm_store.activities import CallFilter
from crm_store.ledger import LedgerEntry, LedgerFilter, LedgerKind
from crm_store.retention import KeepRule, KeptData
from crm_store.store import CrmStore
from crm_store.tasks import TaskFilter, TaskInput
from tests.contracts.examples import EVA, JAN, NOW, at, call, customer, remote

LATER = NOW + timedelta(days=40)
THIRTY_DAYS = {data: KeepRule(data=data, days=30) for data in KeptData}
STORED = [data for data in KeptData if data is not KeptData.JOURNAL]
YOUNG = 60 * 24 * 20  # minutes after NOW: twenty days before LATER


def entry(kind: LedgerKind, minute: int) -> LedgerEntry:
    return LedgerEntry(kind=kind, at=at(minute), user="eva", customer_id=5)


async def proofs(store: CrmStore) -> list[dict[str, Any]]:
    page = await store.ledger(LedgerFilter(kind=LedgerKind.PURGED), cursor=None, limit=50)
    return [dict(one.detail) for one in page.items]


async def left(store: CrmStore) -> list[tuple[str, float]]:
    page = await store.ledger(LedgerFilter(), cursor=None, limit=50)
    kept = [one for one in page.items if one.kind is not LedgerKind.PURGED]
    return sorted((one.kind.value, (one.at - NOW).total_seconds() / 60) for one in kept)


async def fill(store: CrmStore) -> int:
    """An old and a young one of everything."""
    jan = await customer(store, "Ján", JAN)
    calls = [call("OLD", remote=remote(name="Ján Kováč")), call("YOUNG", minute=YOUNG)]
    await store.save_calls([*calls, call("OPEN", state="talking", ended_at=None, outcome=None)], now=NOW)
    for call_id, minute in (("OLD", 1), ("YOUNG", YOUNG)):
        await store.save_note(call_id, f"note of {call_id}", user="eva", now=at(minute))
        await store.save_disposition(call_id, "solved", user="eva", now=at(minute))
        await store.add_activity(kind="note", text=f"visit {call_id}", customer_id=jan, user="eva", at=at(minute))
        task = await store.create_task(TaskInput(title=f"task {call_id}", owner="eva"), user="eva", now=at(minute))
        await store.update_task(task.id, TaskInput(state="done"), user="eva", now=at(minute), version=None)
    await store.create_task(TaskInput(title="still to do", owner="eva"), user="eva", now=NOW)
    kinds = (LedgerKind.CARD_SHOWN, LedgerKind.SEARCHED, LedgerKind.PERSON_ERASED)
    await store.add_to_ledger([entry(kind, minute) for kind in kinds for minute in (1, YOUNG)])
    return jan


@pytest.mark.parametrize("data", STORED)
async def test_a_dry_run_counts_and_removes_nothing(store: CrmStore, data: KeptData) -> None:
    await fill(store)
    before = await left(store)
    found = await store.old_data(data, LATER - timedelta(days=30))
    assert found.count == (3 if data is KeptData.NOTES else 1)
    assert found.oldest is not None
    assert found.newest is not None
    assert NOW <= found.oldest <= found.newest <= at(1)
    assert await left(store) == before
    assert (await store.call("OLD"))["note"] == "note of OLD"


@pytest.mark.parametrize("data", STORED)
async def test_what_is_removed_is_what_a_dry_run_counted_and_only_once(store: CrmStore, data: KeptData) -> None:
    await fill(store)
    counted = await store.old_data(data, LATER - timedelta(days=30))
    assert await store.remove_old(THIRTY_DAYS[data], now=LATER) == counted
    assert sum(one["count"] for one in await proofs(store)) == counted.count
    again = await store.remove_old(THIRTY_DAYS[data], now=LATER)
    assert (again.count, again.oldest, again.newest) == (0, None, None)
    assert sum(one["count"] for one in await proofs(store)) == counted.count


async def test_an_old_call_loses_the_person_and_stays_in_the_statistics(store: CrmStore) -> None:
    jan = await fill(store)
    before = await store.call("OLD")
    await store.remove_old(THIRTY_DAYS[KeptData.CALLS], now=LATER)
    old, young = await store.call("OLD"), await store.call("YOUNG")
    same = ("started_at", "ended_at", "wait_s", "talk_s", "legs", "queues", "outcome", "direction", "disposition")
    assert [old[key] for key in same] == [before[key] for key in same]
    assert (old["remote"]["number"], old["remote"]["kind"], old["customer_id"], old["note"]) == (
        None,
        "unknown",
        None,
        None,
    )
    assert "Kov" not in orjson.dumps(old).decode()
    assert (young["remote"]["number"], young["customer_id"], young["note"]) == (JAN, jan, "note of YOUNG")
    assert (await store.call("OPEN"))["remote"]["number"] == JAN
    by_number = await store.calls(CallFilter(number=JAN), cursor=None, limit=10)
    assert {one["id"] for one in by_number.items} == {"YOUNG", "OPEN"}


async def test_a_call_without_person_gets_none_by_a_number_that_is_added_later(store: CrmStore) -> None:
    await store.save_calls([call("OLD", remote=remote(EVA))], now=NOW)
    await store.remove_old(THIRTY_DAYS[KeptData.CALLS], now=LATER)
    await customer(store, "Eva", EVA)
    assert (await store.call("OLD"))["customer_id"] is None


async def test_notes_go_and_outcomes_stay(store: CrmStore) -> None:
    jan = await fill(store)
    await store.remove_old(THIRTY_DAYS[KeptData.NOTES], now=LATER)
    old, young = await store.call("OLD"), await store.call("YOUNG")
    assert (old["note"], old["disposition"], old["remote"]["number"]) == (None, "solved", JAN)
    assert young["note"] == "note of YOUNG"
    timeline = (await store.timeline(jan, cursor=None, limit=20)).items
    assert [one.text for one in timeline if one.kind == "note"] == ["visit YOUNG"]
    tasks = (await store.tasks(TaskFilter(owner="eva"), cursor=None, limit=20)).items
    assert {one.title for one in tasks} == {"task YOUNG", "still to do"}


async def test_cards_shown_and_the_rest_of_the_ledger_have_times_of_their_own(store: CrmStore) -> None:
    await fill(store)
    erased = [("person_erased", 1), ("person_erased", YOUNG)]
    await store.remove_old(THIRTY_DAYS[KeptData.POPS], now=LATER)
    shown = ("card_shown", YOUNG)
    assert await left(store) == [shown, *erased, ("searched", 1), ("searched", YOUNG)]
    await store.remove_old(THIRTY_DAYS[KeptData.LEDGER], now=LATER)
    assert await left(store) == [shown, *erased, ("searched", YOUNG)]
    assert {(one["data"], one["keep_days"], one["count"]) for one in await proofs(store)} == {
        ("pops", 30, 1),
        ("ledger", 30, 1),
    }


async def test_proofs_outlive_every_rule(store: CrmStore) -> None:
    await fill(store)
    await store.remove_old(THIRTY_DAYS[KeptData.POPS], now=LATER)
    await store.remove_old(THIRTY_DAYS[KeptData.LEDGER], now=LATER + timedelta(days=400))
    assert {one["data"] for one in await proofs(store)} == {"pops", "ledger"}


async def test_more_than_one_portion_goes(store: CrmStore) -> None:
    await store.add_to_ledger([entry(LedgerKind.SEARCHED, 1)] * 4321)
    assert (await store.remove_old(THIRTY_DAYS[KeptData.LEDGER], now=LATER)).count == 4321
    assert await left(store) == []
    assert sorted(one["count"] for one in await proofs(store)) == [321, 2000, 2000]


async def test_what_is_kept_for_ever_is_not_asked_for(store: CrmStore) -> None:
    with pytest.raises(ValueError, match="for ever"):
        await store.remove_old(KeepRule(data=KeptData.CALLS, days=0), now=LATER)
