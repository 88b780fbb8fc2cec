"""What a store promises about calls: saved once, linked, filtered, and never robbed of what a person said."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from crm_store.activities import CallFilter, DismissedPop
from crm_store.errors import InvalidInput, NotFound, StoreError, StoreUnavailable, VersionConflict
from crm_store.parties import PartyInput, PhoneInput
from crm_store.store import CrmStore
from crm_store.tasks import LostCall, TaskFilter, TaskInput
from tests.contracts.examples import EVA, JAN, NOW, WITHHELD, at, call, customer, leg, remote, text


async def ids(store: CrmStore, **where: object) -> list[str]:
    page = await store.calls(CallFilter(**where), cursor=None, limit=50)  # type: ignore[arg-type]
    return [record["id"] for record in page.items]


async def test_a_saved_call_comes_back_as_it_was_with_its_note_and_customer_beside(store: CrmStore) -> None:
    record = call("A", legs=[leg("eva")], queues=[{"queue": "support", "joined_at": text(NOW), "result": "answered"}])
    await store.save_calls([record], now=NOW)
    assert await store.call("A") == {**record, "note": None, "disposition": None, "customer_name": None}


async def test_saving_a_call_twice_keeps_one_record_with_the_later_state(store: CrmStore) -> None:
    await store.save_calls([call("A", state="ringing", ended_at=None, outcome=None)], now=NOW)
    await store.save_calls([call("A"), call("A", talk_s=9.0)], now=at(1))
    assert await ids(store) == ["A"]
    assert (await store.call("A"))["talk_s"] == 9.0


async def test_a_call_that_lost_a_leg_and_a_stay_has_neither_any_more(store: CrmStore) -> None:
    stays = [{"queue": name, "joined_at": text(NOW)} for name in ("support", "sales")]
    await store.save_calls(
        [call("A", legs=[leg("eva"), leg("jan")], queues=stays), call("B", legs=[leg("jan")])], now=NOW
    )
    await store.save_calls([call("A", legs=[leg("eva")], queues=[])], now=at(1))
    assert [await ids(store, agent=agent) for agent in ("eva", "jan")] == [["A"], ["B"]]
    assert [await ids(store, queue=queue) for queue in ("support", "sales")] == [[], []]


async def test_how_long_a_pbx_was_listened_to_shows_in_what_was_written_last(store: CrmStore) -> None:
    assert await store.last_written("main") is None
    later = at(30)
    await store.save_calls([call("A", state="talking"), call("B", pbx="other")], now=NOW)
    await store.save_calls([call("A")], now=later)
    assert (await store.last_written("main"), await store.last_written("other")) == (later, NOW)


async def test_open_calls_are_those_of_this_pbx_that_have_not_ended(store: CrmStore) -> None:
    open_call = call("A", state="talking", ended_at=None)
    await store.save_calls([open_call, call("B"), call("C", pbx="other", state="queued")], now=NOW)
    assert [record["id"] for record in await store.open_calls("main")] == ["A"]


async def test_an_unknown_call_is_not_found(store: CrmStore) -> None:
    with pytest.raises(NotFound):
        await store.call("nothing")


async def test_calls_come_newest_first_page_by_page(store: CrmStore) -> None:
    await store.save_calls([call(f"C{n}", minute=n % 4) for n in range(10)], now=NOW)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        page = await store.calls(CallFilter(), cursor=cursor, limit=3)
        seen += [record["id"] for record in page.items]
        cursor = page.next
    assert cursor is None
    assert seen == ["C7", "C3", "C6", "C2", "C9", "C5", "C1", "C8", "C4", "C0"]


async def test_a_page_has_at_most_two_hundred_calls(store: CrmStore) -> None:
    await store.save_calls([call(f"C{n}") for n in range(201)], now=NOW)
    page = await store.calls(CallFilter(), cursor=None, limit=100_000)
    assert len(page.items) == 200
    assert page.next is not None


@pytest.mark.parametrize(
    "cursor", ["x", "é", "bnVsbA", "WyJ4IiwxXQ", "WzEsMl0", "W10", "WyIyMDI2LTAzLTAyIiwgOTIyMzM3MjAzNjg1NDc3NTgwOF0"]
)
async def test_a_cursor_from_elsewhere_is_refused(store: CrmStore, cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await store.calls(CallFilter(), cursor=cursor, limit=10)
    assert refused.value.field == "cursor"


async def test_a_consultation_becomes_part_of_the_customers_call(store: CrmStore) -> None:
    await store.save_calls([call("WHOLE", minute=1), call("PART", minute=2, direction="internal")], now=NOW)
    await store.save_note("WHOLE", "wants an invoice", user="eva", now=NOW)
    await store.save_note("PART", "Jan knows", user="eva", now=NOW)
    await store.save_disposition("PART", "order", user="eva", now=NOW)
    made = TaskInput(kind="todo", title="send it", call_ids=("PART",))
    task = await store.create_task(made, user="eva", now=NOW)
    note = await store.fold_call("PART", "WHOLE")
    assert note is not None
    assert (note.call_id, note.text, note.disposition) == ("WHOLE", "wants an invoice\nJan knows", "order")
    assert note == await store.call_note("WHOLE")
    assert note.version == 2
    assert (await store.call_note("PART")).version == 0
    assert (await store.task(task.id)).call_ids == ("WHOLE",)
    assert await ids(store) == ["WHOLE"]
    assert await store.fold_call("PART", "WHOLE") is None


async def test_a_line_that_was_no_call_leaves_no_record(store: CrmStore) -> None:
    await store.save_calls([call("SPY", direction="internal", state="talking")], now=NOW)
    await store.dismiss_pop(DismissedPop(call_id="SPY", user="eva", leg=0))
    assert await store.fold_call("SPY", None) is None
    assert await ids(store) == []
    assert await store.dismissed_pops() == []


async def test_a_dismissed_pop_is_remembered_while_its_call_is_open(store: CrmStore) -> None:
    running = call("A", state="talking", ended_at=None)
    await store.dismiss_pop(DismissedPop(call_id="A", user="eva", leg=0))  # before the record is written
    await store.save_calls([running], now=NOW)
    await store.dismiss_pop(DismissedPop(call_id="A", user="jan", leg=1))
    await store.dismiss_pop(DismissedPop(call_id="A", user="eva", leg=2))
    both = [DismissedPop(call_id="A", user="eva", leg=2), DismissedPop(call_id="A", user="jan", leg=1)]
    assert sorted(await store.dismissed_pops(), key=lambda one: one.user) == both
    await store.save_calls([call("A")], now=NOW)
    assert await store.dismissed_pops() == []


async def test_calls_are_filtered(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    wait = {"queue": "support", "joined_at": text(NOW), "left_at": text(NOW), "wait_s": 1, "result": "abandoned"}
    await store.save_calls(
        [
            call("A", minute=0, legs=[leg("eva", result="missed"), leg("jan")]),
            call("B", minute=1, queue="sales", queues=[wait, {**wait, "queue": "sales"}], outcome="abandoned"),
            call("C", minute=2, direction="outbound", remote=remote(EVA)),
        ],
        now=NOW,
    )
    assert await ids(store, agent="eva") == ["A"]
    assert await ids(store, agent="jan") == ["A"]
    assert await ids(store, agent="eve") == []
    assert await ids(store, queue="support") == ["B"]
    assert await ids(store, queue="support", pbx="main") == ["B"]
    assert await ids(store, queue="support", pbx="branch") == []
    assert await ids(store, queue="sales") == ["B"]
    assert await ids(store, outcome="abandoned") == ["B"]
    assert await ids(store, direction="outbound") == ["C"]
    assert await ids(store, customer_id=jan) == ["B", "A"]
    assert await ids(store, number="0905 999 888") == ["C"]
    assert await ids(store, since=at(1)) == ["C", "B"]
    assert await ids(store, until=at(1)) == ["A"]


async def test_a_call_without_start_is_sorted_by_when_it_was_first_saved(store: CrmStore) -> None:
    await store.save_calls([call("A", started_at=None, ended_at=None, state="talking")], now=at(5))
    await store.save_calls([call("B", minute=6)], now=at(6))
    await store.save_calls([call("A", started_at=None)], now=at(9))
    assert await ids(store) == ["B", "A"]


async def test_a_call_whose_number_has_one_customer_is_linked_when_it_is_saved(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    await store.save_calls([call("A"), call("B", remote=remote(EVA))], now=NOW)
    linked, unknown = await store.call("A"), await store.call("B")
    assert (linked["customer_id"], linked["match"], linked["customer_name"]) == (jan, "one", "Ján")
    assert (unknown["customer_id"], unknown["match"]) == (None, "none")


async def test_a_call_whose_number_has_two_customers_is_not_linked(store: CrmStore) -> None:
    await customer(store, "Ján", JAN)
    await customer(store, "Mária", JAN)
    await store.save_calls([call("A", match="several")], now=NOW)
    record = await store.call("A")
    assert (record["customer_id"], record["match"]) == (None, "several")


async def test_a_customer_that_does_not_exist_is_left_out_of_the_record(store: CrmStore) -> None:
    await store.save_calls([call("A", customer_id=77, match="one")], now=NOW)
    assert (await store.call("A"))["customer_id"] is None


async def test_a_number_added_during_the_call_stays_linked_when_the_call_log_saves_again(store: CrmStore) -> None:
    await store.save_calls([call("A", state="talking")], now=NOW)
    jan = await customer(store, "Ján", JAN)
    await store.save_calls([call("A", customer_id=None, match="none")], now=at(1))
    record = await store.call("A")
    assert (record["customer_id"], record["match"]) == (jan, "one")


async def test_what_a_person_said_about_a_call_is_never_overwritten(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    eva = await customer(store, "Eva")
    await store.save_calls([call("A", state="talking", customer_id=jan, match="one")], now=NOW)
    await store.set_call_customer("A", eva, user="eva", now=NOW)
    await store.save_note("A", "wants a new router", user="eva", now=NOW)
    await store.save_disposition("A", "order", user="eva", now=NOW)
    await store.save_calls([call("A", customer_id=jan, match="one", note="x", disposition="solved")], now=at(1))
    record = await store.call("A")
    assert (record["customer_id"], record["customer_name"]) == (eva, "Eva")
    assert (record["note"], record["disposition"]) == ("wants a new router", "order")


async def test_a_customer_taken_off_a_call_stays_off(store: CrmStore) -> None:
    await customer(store, "Ján", JAN)
    await store.save_calls([call("A")], now=NOW)
    record = await store.set_call_customer("A", None, user="eva", now=NOW)
    assert record["customer_id"] is None
    await store.save_calls([call("A")], now=at(1))
    assert (await store.call("A"))["customer_id"] is None


async def test_setting_the_customer_needs_both_to_exist(store: CrmStore) -> None:
    jan = await customer(store, "Ján")
    await store.save_calls([call("A")], now=NOW)
    with pytest.raises(NotFound):
        await store.set_call_customer("A", 77, user="eva", now=NOW)
    with pytest.raises(NotFound):
        await store.set_call_customer("B", jan, user="eva", now=NOW)


async def test_a_note_may_come_before_its_call(store: CrmStore) -> None:
    note = await store.save_note("A", "first line\nsecond", user="eva", now=NOW)
    assert (note.text, note.version, note.updated_by, note.updated_at) == ("first line\nsecond", 1, "eva", NOW)
    await store.save_calls([call("A")], now=NOW)
    assert (await store.call("A"))["note"] == "first line\nsecond"


async def test_a_note_has_version_zero_before_it_is_saved(store: CrmStore) -> None:
    empty = await store.call_note("A")
    assert (empty.text, empty.disposition, empty.version, empty.updated_at) == ("", None, 0, None)
    assert (await store.save_note("A", "x", user="eva", now=NOW, version=0)).version == 1


async def test_two_people_typing_do_not_overwrite_each_other(store: CrmStore) -> None:
    await store.save_note("A", "one", user="eva", now=NOW)
    with pytest.raises(VersionConflict):
        await store.save_note("A", "two", user="jan", now=NOW, version=0)
    assert (await store.call_note("A")).text == "one"
    assert (await store.save_note("A", "last wins", user="jan", now=NOW)).version == 2


async def test_choosing_an_outcome_is_no_conflict_for_who_is_typing(store: CrmStore) -> None:
    note = await store.save_note("A", "one", user="eva", now=NOW)
    chosen = await store.save_disposition("A", "complaint", user="eva", now=NOW)
    assert (chosen.text, chosen.disposition) == ("one", "complaint")
    typed = await store.save_note("A", "one two", user="eva", now=NOW, version=note.version)
    assert (typed.disposition, typed.version) == ("complaint", 2)
    assert (await store.save_disposition("A", None, user="eva", now=NOW)).disposition is None


async def test_an_outcome_that_does_not_exist_is_refused(store: CrmStore) -> None:
    with pytest.raises(InvalidInput) as refused:
        await store.save_disposition("A", "sold", user="eva", now=NOW)
    assert refused.value.field == "code"


async def test_a_number_withheld_after_all_is_dropped_everywhere(store: CrmStore) -> None:
    await customer(store, "Ján", JAN)
    await store.save_calls([call("A", state="ringing")], now=NOW)
    await store.note_lost_call(
        LostCall(call_id="A", customer_id=None, number=JAN, queue=None, at=NOW, owner=None), now=NOW
    )
    await store.save_calls([call("A", remote={**remote(), "kind": "withheld"}, match="withheld")], now=at(1))
    record = await store.call("A")
    assert record["remote"] == {
        "number": None, "display": None, "raw": None, "name": None, "kind": "withheld", "dialled": None
    }  # fmt: skip
    assert (record["customer_id"], record["match"]) == (None, "withheld")
    assert await ids(store, number=JAN) == []
    assert (await store.tasks(TaskFilter(), cursor=None, limit=10)).items == ()
    # An older version of the record, out of a journal: the digits do not come back.
    await store.save_calls([call("A")], now=at(2))
    assert (await store.call("A"))["remote"]["number"] is None


async def test_a_withheld_caller_keeps_the_customer_that_a_person_gave(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    await store.save_calls([call("A", remote=WITHHELD, match="withheld", state="talking")], now=NOW)
    await store.set_call_customer("A", jan, user="eva", now=NOW)
    await store.save_calls([call("A", remote=WITHHELD, match="withheld")], now=at(1))
    record = await store.call("A")
    assert (record["customer_id"], record["match"]) == (jan, "withheld")


async def test_a_task_of_other_calls_too_survives_without_the_withheld_call(store: CrmStore) -> None:
    await store.save_calls([call("A"), call("B")], now=NOW)
    for call_id in ("A", "B"):
        lost = LostCall(call_id=call_id, customer_id=None, number=JAN, queue=None, at=NOW, owner=None)
        await store.note_lost_call(lost, now=NOW)
    await store.save_calls([call("B", remote=WITHHELD)], now=at(1))
    (task,) = (await store.tasks(TaskFilter(), cursor=None, limit=10)).items
    assert task.number == JAN


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "O'Brien \" \\", "משה \u202e\u0000", "\ud800 half", "x" * 9000]
)
async def test_hostile_names_are_kept_and_harm_nothing(store: CrmStore, name: str) -> None:
    await store.save_calls([call("A", remote=remote(name=name)), call("B")], now=NOW)
    kept = (await store.call("A"))["remote"]["name"]
    assert kept == name.replace("\ud800", "?")
    assert await ids(store) == ["B", "A"]


@pytest.mark.parametrize(
    "broken",
    [
        {"started_at": "yesterday"},
        {"legs": [{"endpoint": "PJSIP/1001", "rang_at": "soon"}]},
        {"legs": ["PJSIP/1001"]},
        {"state": None},
        {"pbx": {"name": "main"}},
        {"remote": "Ján"},
        {"recordings": {1, 2}},
        {"id": None},
    ],
)
async def test_a_record_that_is_none_is_refused_and_keeps_nobody_else_out(
    store: CrmStore, broken: dict[str, object]
) -> None:
    bad, good = await asyncio.gather(
        store.save_calls([call("A", **broken)], now=NOW),
        store.save_calls([call("B")], now=NOW),
        return_exceptions=True,
    )
    assert isinstance(bad, StoreError)
    assert not isinstance(bad, StoreUnavailable)
    assert good is None
    assert await ids(store) == ["B"]


@pytest.mark.parametrize("call_id", ["\ud800", "x" * 100_000, "a\u0000b", "' OR 1=1 --"])
async def test_a_call_id_from_elsewhere_is_not_found(store: CrmStore, call_id: str) -> None:
    with pytest.raises(NotFound):
        await store.call(call_id)


async def test_times_come_back_in_utc_and_a_time_without_zone_is_refused(store: CrmStore) -> None:
    note = await store.save_note("A", "x", user="eva", now=datetime.fromisoformat("2026-03-02T11:00:00+02:00"))
    assert note.updated_at == NOW
    assert note.updated_at.tzinfo == UTC
    with pytest.raises(StoreError, match="without zone"):
        await store.save_note("A", "y", user="eva", now=datetime(2026, 3, 2))


async def test_adding_a_number_links_earlier_calls_and_says_how_many(store: CrmStore) -> None:
    await store.save_calls(
        [
            call("A"),
            call("B", remote=remote("0905 123 456")),
            call("C", remote=remote(EVA)),
            call("D", remote=WITHHELD),
        ],
        now=NOW,
    )
    jan = await store.create_party(PartyInput(name="Ján"), user="eva", now=NOW)
    assert jan.linked_calls == 0
    numbers = PartyInput(phones=(PhoneInput(raw="0905/123 456"),))
    saved = await store.update_party(jan.party.id, numbers, user="eva", now=NOW, version=None)
    assert saved.linked_calls == 2
    assert sorted(await ids(store, customer_id=jan.party.id)) == ["A", "B"]
    again = await store.update_party(jan.party.id, numbers, user="eva", now=NOW, version=None)
    assert again.linked_calls == 0


async def test_a_number_that_somebody_else_has_links_nothing(store: CrmStore) -> None:
    await store.save_calls([call("A")], now=NOW)
    first = await customer(store, "Ján", JAN)
    await store.save_calls([call("B", minute=1)], now=NOW)
    await store.set_call_customer("B", None, user="eva", now=NOW)
    second = await store.create_party(PartyInput(name="Mária", phones=(PhoneInput(raw=JAN),)), user="eva", now=NOW)
    assert second.linked_calls == 0
    assert await ids(store, customer_id=first) == ["A"]


async def test_a_gap_is_written(store: CrmStore) -> None:
    await store.save_gap("main", NOW, at(1), None)
    await store.save_gap("main", at(2), at(3), 4)
