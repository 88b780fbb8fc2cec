"""What a store promises about customers: checked, searchable in any writing, never two people's edits mixed."""

from __future__ import annotations

import asyncio

import pytest

from crm_store.activities import CallFilter
from crm_store.errors import InvalidInput, NotFound, VersionConflict
from crm_store.parties import PartyInput, PhoneInput
from crm_store.store import CrmStore
from crm_store.tasks import LostCall, TaskFilter, TaskInput
from tests.contracts.examples import EVA, JAN, NOW, at, call, customer, number, remote


async def names(store: CrmStore, search: str = "", kind: str | None = None) -> list[str]:
    page = await store.parties(search, kind=kind, cursor=None, limit=50)
    return [party.display_name for party in page.items]


async def test_a_customer_comes_back_as_it_was_given(store: CrmStore) -> None:
    fields = PartyInput(
        name="  Ján   Kováč ",
        company="ACME",
        kind="contact",
        phones=(
            PhoneInput(raw="0905 123 456", label="mobile"),
            PhoneInput(raw="00421 2 5550 1234;ext=12", label="work"),
        ),
        emails=("jan@example.sk", "JAN@example.sk"),
        language="SK",
        external_id="C-7",
        tags=("vip", "VIP", "new"),
        note="line one\r\nline two",
    )
    saved = await store.create_party(fields, user="eva", now=NOW)
    party = saved.party
    assert party == await store.party(party.id)
    assert (party.name, party.company, party.kind, party.language) == ("Ján Kováč", "ACME", "contact", "sk")
    assert [(phone.number, phone.label, phone.kind, phone.extension) for phone in party.phones] == [
        ("+421905123456", "mobile", "e164", None),
        ("+421255501234", "work", "e164", "12"),
    ]
    assert (party.emails, party.tags) == (("jan@example.sk",), ("vip", "new"))
    assert (party.note, party.external_id, party.active) == ("line one\nline two", "C-7", True)
    assert (party.version, party.created_at, party.updated_at) == (1, NOW, NOW)


async def test_an_edit_changes_only_what_it_names(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN, company="ACME", tags=("vip",), emails=("jan@example.sk",))
    saved = await store.update_party(jan, PartyInput(name="Ján Kováč"), user="eva", now=at(1), version=1)
    party = saved.party
    assert (party.name, party.company, party.tags, party.emails) == (
        "Ján Kováč",
        "ACME",
        ("vip",),
        ("jan@example.sk",),
    )
    assert [phone.number for phone in party.phones] == [JAN]
    assert (party.version, party.created_at, party.updated_at) == (2, NOW, at(1))
    emptied = PartyInput(company="", tags=(), emails=(), phones=(), language="", external_id="")
    party = (await store.update_party(jan, emptied, user="eva", now=at(2), version=2)).party
    assert (party.company, party.tags, party.emails, party.phones) == (None, (), (), ())
    assert (party.language, party.external_id) == (None, None)


async def test_the_second_of_two_edits_of_one_version_is_refused(store: CrmStore) -> None:
    jan = await customer(store, "Ján")
    await store.update_party(jan, PartyInput(name="Ján A"), user="eva", now=NOW, version=1)
    with pytest.raises(VersionConflict):
        await store.update_party(jan, PartyInput(name="Ján B"), user="jan", now=NOW, version=1)
    assert (await store.party(jan)).name == "Ján A"


async def test_edits_at_once_are_all_kept(store: CrmStore) -> None:
    jan = await customer(store, "Ján")

    async def add_one(n: int) -> None:
        while True:
            party = await store.party(jan)
            edit = PartyInput(note=f"{party.note}{n} ")
            try:
                await store.update_party(jan, edit, user="eva", now=NOW, version=party.version)
            except VersionConflict:
                continue
            return

    await asyncio.gather(*(add_one(n) for n in range(20)))
    assert sorted((await store.party(jan)).note.split(), key=int) == [str(n) for n in range(20)]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (PartyInput(), "name"),
        (PartyInput(name="   ", note="somebody"), "name"),
        (PartyInput(name="x" * 201), "name"),
        (PartyInput(name="Ján", kind="friend"), "kind"),
        (PartyInput(name="Ján", language="Slovak language"), "language"),
        (PartyInput(name="Ján", emails=("jan at example",)), "emails"),
        (PartyInput(name="Ján", phones=(PhoneInput(raw="anonymous"),)), "phones"),
        (PartyInput(name="Ján", phones=(PhoneInput(raw=JAN, label="car"),)), "phones"),
        (PartyInput(name="Ján", tags=tuple(str(n) for n in range(51))), "tags"),
    ],
)
async def test_bad_input_is_refused_by_the_name_of_its_field(store: CrmStore, fields: PartyInput, named: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await store.create_party(fields, user="eva", now=NOW)
    assert refused.value.field == named
    assert await names(store) == []


async def test_who_has_no_name_is_shown_by_company_or_number(store: CrmStore) -> None:
    await customer(store, "", JAN)
    await customer(store, "", EVA, company="ACME")
    await customer(store, "Ján", company="ACME")
    assert await names(store) == ["+421 905 123 456", "ACME", "Ján"]


async def test_an_unknown_customer_is_not_found(store: CrmStore) -> None:
    for attempt in (
        store.party(77),
        store.update_party(77, PartyInput(name="x"), user="eva", now=NOW, version=None),
        store.delete_party(77, user="eva", now=NOW),
        store.merge_parties(77, 78, user="eva", now=NOW),
        store.timeline(77, cursor=None, limit=10),
        store.add_activity(kind="note", text="x", customer_id=77, user="eva", at=NOW),
        store.party(10**30),
        store.card(10**30),
        store.delete_party(-(10**30), user="eva", now=NOW),
    ):
        with pytest.raises(NotFound):
            await attempt


@pytest.mark.parametrize(
    "typed",
    [
        "ján kováč", "KOVAC jan", "kov", "ko", "a ko", "acme", "@example.sk", "vip", "C-70", "0905 123 456", "+421905123456",
        "00421905123456", "905 123", "3456", "(0905) 123-456", "456", "jan 0905", "٠٩٠٥١٢٣٤٥٦",
    ],
)  # fmt: skip
async def test_a_customer_is_found_by_any_part_however_it_is_typed(store: CrmStore, typed: str) -> None:
    await customer(
        store, "Ján Kováč", JAN, company="ACME", emails=("jk@example.sk",), tags=("vip",), external_id="C-70"
    )
    await customer(store, "Łukasz Zieliński", "+48601602603")
    assert await names(store, typed) == ["Ján Kováč"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Łukasz Żółć", "lukasz zolc"),
        ("שָׁלוֹם כהן", "שלום"),
        ("مُحَمَّد أحمد", "محمد احمد"),
        ("Große Straße", "GROSSE strasse"),
        ("Ďurčo", "durco"),
        ('צה"ל', "צה״ל"),
        ("O’Brien", "o'brien"),
    ],
)
async def test_case_accents_and_points_do_not_matter(store: CrmStore, name: str, typed: str) -> None:
    await customer(store, name)
    assert await names(store, typed) == [name]


@pytest.mark.parametrize(
    "typed", ["%", "_", "\\", "100%", '"', '" OR "', "ján*", "NOT ján", "a AND b", "text:", "'); --", "^"]
)
async def test_signs_of_query_languages_are_only_signs(store: CrmStore, typed: str) -> None:
    await customer(store, "Ján")
    assert await names(store, typed) == []
    await customer(store, f"odd {typed} name")
    assert await names(store, typed) == [f"odd {typed} name"]


async def test_customers_are_listed_by_name_page_by_page_and_by_kind(store: CrmStore) -> None:
    for n, name in enumerate(["Žofia", "adam", "Čeněk", "Bea", "Bea"]):
        await customer(store, name, kind="supplier" if n == 1 else "customer")
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = await store.parties("", kind=None, cursor=cursor, limit=2)
        seen += [party.name for party in page.items]
        cursor = page.next
    assert cursor is None
    assert seen == ["adam", "Bea", "Bea", "Čeněk", "Žofia"]
    assert await names(store, kind="supplier") == ["adam"]


async def test_search_follows_edits(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    await store.update_party(jan, PartyInput(name="Peter", phones=()), user="eva", now=NOW, version=None)
    assert await names(store, "jan") == []
    assert await names(store, "0905") == []
    assert await names(store, "peter") == ["Peter"]


async def test_a_deleted_customer_is_hidden_and_keeps_its_calls(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN, external_id="C-7")
    await store.save_calls([call("A")], now=NOW)
    await store.delete_party(jan, user="eva", now=at(1))
    assert await names(store) == []
    assert await names(store, "jan") == []
    assert (await store.party(jan)).active is False
    assert (await store.call("A"))["customer_name"] == "Ján"
    again = await customer(store, "Ján", JAN, external_id="C-7")
    assert again != jan


async def test_a_customer_made_active_again_is_found_again(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    await store.delete_party(jan, user="eva", now=NOW)
    await store.save_calls([call("A")], now=NOW)
    saved = await store.update_party(jan, PartyInput(active=True), user="eva", now=NOW, version=None)
    assert saved.linked_calls == 1
    assert await names(store, "jan") == ["Ján"]


async def test_an_external_id_belongs_to_one_customer(store: CrmStore) -> None:
    await customer(store, "Ján", external_id="C-7")
    eva = await customer(store, "Eva")
    with pytest.raises(InvalidInput) as refused:
        await store.update_party(eva, PartyInput(external_id="C-7"), user="eva", now=NOW, version=None)
    assert refused.value.field == "external_id"


async def test_an_import_updates_by_external_id_or_creates(store: CrmStore) -> None:
    first, created = await store.upsert_by_external_id(
        PartyInput(name="Ján", external_id="C-7", phones=(PhoneInput(raw=JAN),)), user="import", now=NOW
    )
    assert created
    second, created = await store.upsert_by_external_id(
        PartyInput(company="ACME", external_id="C-7"), user="import", now=at(1)
    )
    assert not created
    assert (second.id, second.name, second.company, len(second.phones)) == (first.id, "Ján", "ACME", 1)
    with pytest.raises(InvalidInput) as refused:
        await store.upsert_by_external_id(PartyInput(name="Ján"), user="import", now=NOW)
    assert refused.value.field == "external_id"


async def test_merging_moves_everything_and_hides_the_other(store: CrmStore) -> None:
    keep = await customer(store, "Ján Kováč", JAN, tags=("vip",), note="old note")
    other = await customer(
        store, "J. Kovac", JAN, EVA, company="ACME", tags=("VIP", "new"), emails=("j@example.sk",), note="more",
        external_id="C-7",
    )  # fmt: skip
    await store.save_calls([call("A", match="several"), call("B", remote=remote(EVA))], now=NOW)
    await store.add_activity(kind="note", text="met at the fair", customer_id=other, user="eva", at=NOW)
    task = await store.create_task(TaskInput(title="send the offer", customer_id=other), user="eva", now=NOW)
    saved = await store.merge_parties(keep, other, user="eva", now=at(1))
    party = saved.party
    assert (party.id, party.name, party.company, party.external_id) == (keep, "Ján Kováč", "ACME", "C-7")
    assert [phone.number for phone in party.phones] == [JAN, EVA]
    assert (party.tags, party.emails, party.note) == (("vip", "new"), ("j@example.sk",), "old note\n\nmore")
    # The number that both had was ambiguous until now.
    assert saved.linked_calls == 1
    calls = await store.calls(CallFilter(customer_id=keep), cursor=None, limit=10)
    assert [record["id"] for record in calls.items] == ["B", "A"]
    assert (await store.task(task.id)).customer_id == keep
    timeline = await store.timeline(keep, cursor=None, limit=10)
    assert [activity.kind for activity in timeline.items] == ["call", "call", "note"]
    assert await names(store) == ["Ján Kováč"]
    match = await store.find_caller(number(JAN))
    assert [card["id"] for card in match.cards] == [keep]


async def test_what_still_names_the_merged_customer_means_the_kept_one(store: CrmStore) -> None:
    first = await customer(store, "Ján A")
    second = await customer(store, "Ján B")
    third = await customer(store, "Ján C", JAN)
    await store.merge_parties(second, third, user="eva", now=NOW)
    await store.merge_parties(first, second, user="eva", now=NOW)
    await store.save_calls([call("A", customer_id=third, match="one")], now=NOW)
    assert (await store.call("A"))["customer_id"] == first
    lost = LostCall(call_id="B", customer_id=third, number=JAN, queue=None, at=NOW, owner=None)
    assert (await store.note_lost_call(lost, now=NOW)).customer_id == first


async def test_merging_leaves_one_open_call_back(store: CrmStore) -> None:
    keep, other = await customer(store, "Ján", JAN), await customer(store, "Janko", EVA)
    for call_id, raw in (("A", JAN), ("B", EVA)):
        lost = LostCall(call_id=call_id, customer_id=None, number=raw, queue=None, at=NOW, owner=None)
        await store.note_lost_call(lost, now=NOW)
    await store.merge_parties(keep, other, user="eva", now=NOW)
    (task,) = (await store.tasks(TaskFilter(state="open"), cursor=None, limit=10)).items
    assert (task.customer_id, task.call_ids) == (keep, ("A", "B"))


async def test_a_customer_is_not_merged_with_itself(store: CrmStore) -> None:
    jan = await customer(store, "Ján")
    with pytest.raises(InvalidInput):
        await store.merge_parties(jan, jan, user="eva", now=NOW)


async def test_the_timeline_is_newest_first_page_by_page(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    await store.save_calls([call(f"C{n}", minute=n) for n in range(4)], now=NOW)
    await store.save_note("C1", "asked for the price", user="eva", now=NOW)
    await store.save_disposition("C1", "order", user="eva", now=NOW)
    for minute in (0, 1, 1, 5):
        await store.add_activity(kind="note", text=f"note {minute}", customer_id=jan, user="eva", at=at(minute))
    seen = []
    cursor: str | None = None
    for _ in range(4):
        page = await store.timeline(jan, cursor=cursor, limit=2)
        seen += page.items
        cursor = page.next
    assert cursor is None
    assert [(activity.kind, activity.at) for activity in seen] == [
        ("note", at(5)), ("call", at(3)), ("call", at(2)), ("call", at(1)), ("note", at(1)), ("note", at(1)),
        ("call", at(0)), ("note", at(0)),
    ]  # fmt: skip
    assert (seen[3].text, seen[3].disposition) == ("asked for the price", "order")
    assert seen[3].call is not None
    assert seen[3].call["id"] == "C1"


@pytest.mark.parametrize("kind", ["call", "", "Visit!", "x" * 31])
async def test_an_activity_is_of_a_plain_kind_and_calls_come_by_themselves(store: CrmStore, kind: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await store.add_activity(kind=kind, text="x", customer_id=None, user="eva", at=NOW)
    assert refused.value.field == "kind"


async def test_an_activity_may_have_no_customer(store: CrmStore) -> None:
    activity = await store.add_activity(kind="note", text="fire drill", customer_id=None, user="eva", at=NOW)
    assert (activity.customer_id, activity.text, activity.agent) == (None, "fire drill", "eva")
