"""What a store promises about one person: all of them is found, all of it goes, and nobody else is touched."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from crm_store.activities import CallFilter, DismissedPop
from crm_store.errors import InvalidInput, NotFound
from crm_store.ledger import LedgerEntry, LedgerFilter, LedgerKind
from crm_store.lost_calls import Talk
from crm_store.parties import PartyInput, PhoneInput
from crm_store.store import CrmStore
from crm_store.tasks import LostCall, TaskFilter, TaskInput
from tests.contracts.examples import EVA, JAN, NOW, at, call, customer, leg, number, remote

PIET = "+31612345678"


async def fill(store: CrmStore) -> tuple[int, int]:
    """Ján with everything that can be kept of a person, and Eva who has to stay; their ids."""
    jan = await customer(store, "Ján Kováč", JAN, emails=("jan.kovac@example.com",), note="likes tea", tags=("VIP",))
    eva = await customer(store, "Eva Horváthová", EVA, note="wife of Ján Kováč, 0905 123 456")
    calls = [
        call("A1", remote=remote(name="Kovac Jan"), legs=[leg("eva")]),
        call("A2", minute=1, remote=remote(PIET), legs=[leg("eva")]),
        call("E1", minute=2, remote=remote(EVA), legs=[{**leg("jan", endpoint="PJSIP/1002"), "via": JAN}]),
    ]
    await store.save_calls(calls, now=NOW)
    await store.set_call_customer("A2", jan, user="eva", now=NOW)  # from a friend's telephone
    await store.save_note("A1", "Ján Kováč wants his money back", user="eva", now=NOW)
    await store.save_disposition("A1", "complaint", user="eva", now=NOW)
    await store.save_note("E1", "asks for +421 905 123 456", user="eva", now=NOW)
    await store.add_activity(kind="visit", text="came by", customer_id=jan, user="eva", at=NOW)
    await store.add_activity(kind="note", text="friend of Ján Kováč", customer_id=eva, user="eva", at=NOW)
    await store.create_task(TaskInput(title="write to him", customer_id=jan), user="eva", now=NOW)
    await store.create_task(TaskInput(title="ask Ján Kováč first", customer_id=eva), user="eva", now=NOW)
    lost = LostCall(call_id="A1", customer_id=None, number=JAN, queue="600", at=NOW, owner=None)
    await store.note_lost_call(lost, now=NOW)
    await store.dismiss_pop(DismissedPop(call_id="A1", user="eva", leg=0))
    shown = LedgerEntry(kind=LedgerKind.CARD_SHOWN, at=NOW, user="eva", customer_id=jan, call_id="A1")
    await store.add_to_ledger([shown, LedgerEntry(kind=LedgerKind.CARD_OPENED, at=NOW, user="jan", customer_id=eva)])
    return jan, eva


async def everything(store: CrmStore) -> str:
    """All that anybody could still read."""
    parties = await store.parties("", kind=None, cursor=None, limit=50)
    calls = await store.calls(CallFilter(), cursor=None, limit=50)
    tasks = await store.tasks(TaskFilter(), cursor=None, limit=50)
    timelines = [await store.timeline(one.id, cursor=None, limit=50) for one in parties.items]
    return repr((parties, calls, tasks, timelines))


async def test_a_person_is_found_by_record_and_by_number(store: CrmStore) -> None:
    jan, _ = await fill(store)
    by_id = await store.person(customer_id=jan)
    assert by_id == await store.person(number="0905 123 456")
    assert by_id.customer_ids == (jan,)
    assert [one.number for one in by_id.numbers] == [PIET, JAN]
    assert by_id.names == ("Ján Kováč", "jan.kovac@example.com")
    assert by_id.called == ("Kovac Jan",)
    assert (by_id.call_ids, by_id.in_call, by_id.shared_numbers) == (("A1", "A2"), False, ())


async def test_a_caller_without_record_is_found_by_number(store: CrmStore) -> None:
    await store.save_calls([call("A", remote=remote(PIET, name="Piet"))], now=NOW)
    person = await store.person(number=PIET)
    assert (person.customer_ids, person.call_ids, person.called) == ((), ("A",), ("Piet",))


async def test_records_that_were_merged_into_theirs_belong_to_them(store: CrmStore) -> None:
    jan, other = await customer(store, "Ján", JAN), await customer(store, "Jano", EVA)
    await store.merge_parties(jan, other, user="eva", now=NOW)
    assert (await store.person(customer_id=jan)).customer_ids == (jan, other)
    with pytest.raises(InvalidInput, match=f"merged into {jan}"):
        await store.person(customer_id=other)


@pytest.mark.parametrize("asked", [{"customer_id": 77}, {"number": "+421900000000"}])
async def test_nobody_is_not_found(store: CrmStore, asked: dict[str, Any]) -> None:
    with pytest.raises(NotFound):
        await store.person(**asked)


async def test_of_several_with_one_number_the_id_has_to_say_which(store: CrmStore) -> None:
    first, second = await customer(store, "Ján", JAN), await customer(store, "Mária", JAN)
    with pytest.raises(InvalidInput, match=f"{first}, {second}"):
        await store.person(number=JAN)


async def test_a_running_call_is_told(store: CrmStore) -> None:
    await store.save_calls([call("A", state="talking", ended_at=None, outcome=None)], now=NOW)
    assert (await store.person(number=JAN)).in_call


async def test_the_file_of_a_person_has_every_row_of_theirs(store: CrmStore) -> None:
    jan, _ = await fill(store)
    found = orjson.loads(orjson.dumps(await store.person_file(await store.person(customer_id=jan))))
    (party,) = found["customers"]
    assert (party["name"], party["note"]) == ("Ján Kováč", "likes tea")
    assert [one["number"] for one in found["phones"]] == [JAN]
    assert ([one["email"] for one in found["emails"]], [one["tag"] for one in found["tags"]]) == (
        ["jan.kovac@example.com"],
        ["VIP"],
    )
    assert [(one["id"], one["note"]) for one in found["calls"]] == [
        ("A1", "Ján Kováč wants his money back"),
        ("A2", None),
    ]
    assert [one["text"] for one in found["activities"]] == ["came by"]
    assert sorted(one["title"] for one in found["tasks"]) == ["Call back: 600", "write to him"]
    assert [(one["kind"], one["user"], one["call_id"]) for one in found["ledger"]] == [("card_shown", "eva", "A1")]


async def test_an_erased_person_is_nowhere_any_more(store: CrmStore) -> None:
    jan, eva = await fill(store)
    person = await store.person(customer_id=jan)
    counted = await store.person_data(person)
    before = await everything(store)
    assert "Kov" in before
    assert await store.erase_person(person, now=at(5), places_in_journal=7) == counted
    assert counted.counts() == {
        "customers": 1, "calls": 2, "notes": 1, "tasks": 2, "activities": 1, "mentions": 5
    }  # fmt: skip
    left = await everything(store)
    traces = ("Kov", "905123456", "905 123 456", "612345678", "jan.kovac", "likes tea", "came by", "write to him")
    assert [trace for trace in traces if trace in left] == []
    with pytest.raises(NotFound):
        await store.party(jan)
    with pytest.raises(NotFound):
        await store.person(number=JAN)
    assert (await store.find_caller(number(JAN))).cards == ()
    assert (await store.party(eva)).name == "Eva Horváthová"


async def test_calls_of_an_erased_person_stay_in_the_statistics(store: CrmStore) -> None:
    jan, _ = await fill(store)
    before = await store.call("A1")
    await store.erase_person(await store.person(customer_id=jan), now=at(5), places_in_journal=0)
    after = await store.call("A1")
    same = ("started_at", "ended_at", "wait_s", "ring_s", "talk_s", "legs", "outcome", "direction", "disposition")
    assert [after[key] for key in same] == [before[key] for key in same]
    assert (after["customer_id"], after["remote"]["number"], after["note"]) == (None, None, None)


async def test_other_peoples_records_lose_only_the_mention(store: CrmStore) -> None:
    jan, eva = await fill(store)
    await store.erase_person(await store.person(customer_id=jan), now=at(5), places_in_journal=0)
    call_of_eva = await store.call("E1")
    assert (call_of_eva["remote"]["number"], call_of_eva["customer_id"]) == (EVA, eva)
    assert (call_of_eva["legs"][0]["via"], call_of_eva["note"]) == ("[erased]", "asks for [erased]")
    assert (await store.party(eva)).note == "wife of [erased], [erased]"
    tasks = await store.tasks(TaskFilter(customer_id=eva), cursor=None, limit=10)
    assert [one.title for one in tasks.items] == ["ask [erased] first"]


async def test_the_ledger_keeps_who_saw_whom_and_the_proof(store: CrmStore) -> None:
    jan, _ = await fill(store)
    person = await store.person(customer_id=jan)
    data = await store.erase_person(person, now=at(5), places_in_journal=7)
    page = await store.ledger(LedgerFilter(customer_id=jan), cursor=None, limit=10)
    proof, shown = page.items
    assert (proof.kind, proof.at, proof.user) == (LedgerKind.PERSON_ERASED, at(5), None)
    assert proof.detail == {**data.counts(), "journal": 7}
    assert shown.kind is LedgerKind.CARD_SHOWN


async def test_a_number_that_another_customer_has_too_stays_theirs(store: CrmStore) -> None:
    jan, maria = await customer(store, "Ján", JAN, EVA), await customer(store, "Mária", JAN)
    await store.save_calls([call("A"), call("B", remote=remote(EVA))], now=NOW)
    await store.set_call_customer("A", maria, user="eva", now=NOW)
    person = await store.person(customer_id=jan)
    assert (person.shared_numbers, [one.number for one in person.numbers], person.call_ids) == ((JAN,), [EVA], ("B",))
    await store.erase_person(person, now=NOW, places_in_journal=0)
    assert (await store.call("A"))["remote"]["number"] == JAN
    assert [card["id"] for card in (await store.find_caller(number(JAN))).cards] == [maria]


async def test_an_unknown_caller_is_erased_by_number(store: CrmStore) -> None:
    await store.save_calls([call("A", remote=remote(PIET, name="Piet"))], now=NOW)
    await store.erase_person(await store.person(number=PIET), now=NOW, places_in_journal=0)
    assert "612345678" not in await everything(store)
    (proof,) = (await store.ledger(LedgerFilter(), cursor=None, limit=10)).items
    assert (proof.kind, proof.customer_id) == (LedgerKind.PERSON_ERASED, None)


async def test_work_goes_on_after_an_erasure(store: CrmStore) -> None:
    jan, eva = await fill(store)
    await store.erase_person(await store.person(customer_id=jan), now=NOW, places_in_journal=0)
    again = await customer(store, "Ján Nový", JAN)
    assert again > eva
    assert (await store.call("A1"))["customer_id"] is None
    await store.close_callbacks([Talk(call_id="T", customer_id=again, number=JAN, user="eva", since=NOW)], now=NOW)
    fields = PartyInput(phones=(PhoneInput(raw=JAN), PhoneInput(raw=PIET)))
    assert (await store.update_party(again, fields, user="eva", now=NOW, version=None)).linked_calls == 0
