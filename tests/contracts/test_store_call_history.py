"""What a store promises about imported history: no call twice, what was heard live stays, and a gap says that it was filled."""

from __future__ import annotations

import pytest

from crm_store.activities import CallRecord
from crm_store.call_history import PastCall
from crm_store.errors import NotFound
from crm_store.store import CrmStore
from crm_store.tasks import TaskFilter
from tests.contracts.examples import EVA, JAN, NOW, WITHHELD, at, call, customer, remote
from tests.contracts.test_store_calls import ids


def past(record: CallRecord, *uniqueids: str) -> PastCall:
    return PastCall(record=record, uniqueids=frozenset(uniqueids or {record["uniqueid"]}))


async def test_history_is_added_once(store: CrmStore) -> None:
    history = [past(call("A")), past(call("B", minute=1))]
    assert await store.add_history("main", history, now=NOW) == frozenset()
    assert await store.add_history("main", history, now=at(9)) == {"A", "B"}
    assert await ids(store) == ["B", "A"]


async def test_a_call_that_was_heard_live_stays_as_it_is(store: CrmStore) -> None:
    live = call("LIVE", uniqueid="7.7", talk_s=8.25, hangup_cause=16)
    await store.save_calls([live], now=NOW)
    told = call("PAST", uniqueid="7.8", talk_s=9.0, estimated=True)
    assert await store.add_history("main", [past(told, "7.8", "7.7")], now=at(1)) == {"PAST"}
    assert await ids(store) == ["LIVE"]
    assert (await store.call("LIVE"))["talk_s"] == 8.25


async def test_a_running_call_is_known_too(store: CrmStore) -> None:
    await store.save_calls([call("LIVE", uniqueid="7.7", state="talking", ended_at=None)], now=NOW)
    assert await store.add_history("main", [past(call("PAST", uniqueid="7.7"))], now=at(1)) == {"PAST"}


async def test_another_pbx_may_have_the_same_uniqueid(store: CrmStore) -> None:
    await store.save_calls([call("LIVE", uniqueid="7.7", pbx="branch")], now=NOW)
    assert await store.add_history("main", [past(call("PAST", uniqueid="7.7"))], now=NOW) == frozenset()
    assert sorted(await ids(store)) == ["LIVE", "PAST"]


@pytest.mark.parametrize(
    ("live", "known"),
    [
        ({}, True),
        ({"remote": remote(EVA)}, False),
        ({"direction": "outbound"}, False),
        ({"minute": 1}, False),
        ({"pbx": "branch"}, False),
        ({"remote": WITHHELD}, False),
    ],
)
async def test_lines_without_ids_are_known_by_caller_and_second(
    store: CrmStore, live: dict[str, object], known: bool
) -> None:
    await store.save_calls([call("LIVE", uniqueid="7.7", **live)], now=NOW)  # type: ignore[arg-type]
    bare = PastCall(record=call("PAST", uniqueid=None, linkedid=None), uniqueids=frozenset())
    assert await store.known_history("main", [bare]) == ({"PAST"} if known else set())


async def test_asking_what_is_known_writes_nothing(store: CrmStore) -> None:
    assert await store.known_history("main", [past(call("A"))]) == frozenset()
    assert await ids(store) == []


async def test_history_finds_its_customer_and_makes_no_call_back(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    missed = call("A", outcome="abandoned", queue="support", match=None)
    await store.add_history("main", [past(missed)], now=NOW)
    assert (await store.call("A"))["customer_id"] == jan
    assert (await store.tasks(TaskFilter(), cursor=None, limit=10)).items == ()


async def test_a_withheld_caller_of_the_past_stays_withheld(store: CrmStore) -> None:
    await store.add_history("main", [past(call("A", remote={**remote(), "kind": "withheld"}))], now=NOW)
    assert (await store.call("A"))["remote"]["number"] is None


async def test_history_does_not_say_that_somebody_listened(store: CrmStore) -> None:
    await store.save_calls([call("LIVE")], now=NOW)
    await store.add_history("main", [past(call("A", minute=30))], now=at(60))
    assert await store.last_written("main") == NOW
    assert await store.last_written("branch") is None


async def test_a_gap_says_when_it_was_filled_and_with_how_many_calls(store: CrmStore) -> None:
    await store.save_calls([call("LIVE", minute=5, uniqueid="7.7")], now=NOW)
    await store.save_gap("main", at(0), at(10), 3)
    await store.save_gap("branch", at(0), at(10), None)
    (gap,) = await store.gaps("main")
    assert (gap.since, gap.until, gap.missed_calls, gap.filled_at, gap.filled_calls) == (at(0), at(10), 3, None, None)
    history = [past(call("A", minute=1)), past(call("B", minute=9)), past(call("C", minute=11))]
    await store.add_history("main", history, now=at(60))
    filled = await store.fill_gap(gap.id, now=at(60))
    assert (filled.filled_at, filled.filled_calls) == (at(60), 2)
    assert await store.fill_gap(gap.id, now=at(90)) == filled
    assert await store.gaps("main") == [filled]


async def test_there_is_no_gap_to_fill(store: CrmStore) -> None:
    with pytest.raises(NotFound):
        await store.fill_gap(77, now=NOW)
