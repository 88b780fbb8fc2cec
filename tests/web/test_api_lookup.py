"""`/lookup`: who has this number."""

from __future__ import annotations

import pytest

from crm_store.parties import PartyInput, PhoneInput
from tests.web.conftest import Client
from tests.web.desk import NOW, Desk
from web.view_models import LookupView


async def known(desk: Desk, name: str | None, *numbers: str, company: str | None = None) -> int:
    fields = PartyInput(name=name, company=company, phones=tuple(PhoneInput(raw=one) for one in numbers))
    return (await desk.store.create_party(fields, user="eva", now=NOW)).party.id


async def text_of(desk: Desk, client: Client, number: str) -> str:
    answer = await client.get(
        "/api/v1/lookup", params={"number": number, "format": "text"}, headers=await desk.token("eva", "crm.read")
    )
    assert (answer.status, answer.content_type) == (200, "text/plain")
    return await answer.text()


async def test_the_match_says_who_and_why(desk: Desk, client: Client) -> None:
    dana = await known(desk, "Dana", "0905 123 456")
    answer = await client.get("/api/v1/lookup?number=00421905123456", headers=await desk.token("eva"))
    body = await answer.json()
    LookupView.model_validate(body)
    assert (body["match"], body["reason"]) == ("one", "exact")
    assert body["number"]["number"] == "+421905123456"
    assert [one["id"] for one in body["customers"]] == [dana]


@pytest.mark.parametrize(("number", "match"), [("anonymous", "withheld"), ("0905999999", "none")])
async def test_nobody(desk: Desk, client: Client, number: str, match: str) -> None:
    answer = await client.get(f"/api/v1/lookup?number={number}", headers=await desk.token("eva"))
    assert (await answer.json())["match"] == match
    assert await text_of(desk, client, number) == ""


async def test_a_telephone_gets_the_name_alone_on_one_line(desk: Desk, client: Client) -> None:
    await known(desk, "Dana\tCohen", "0905123456")
    assert await text_of(desk, client, "0905123456") == "Dana Cohen"


async def test_a_company_without_a_person(desk: Desk, client: Client) -> None:
    await known(desk, None, "0905123456", company="Bakery")
    assert await text_of(desk, client, "0905123456") == "Bakery"


async def test_of_several_only_what_they_share(desk: Desk, client: Client) -> None:
    await known(desk, "Dana", "0905123456", company="Bakery")
    await known(desk, "Eli", "0905123456", company="Bakery")
    assert await text_of(desk, client, "0905123456") == "Bakery"
    await known(desk, "Zoe", "0905123456", company="Mill")
    assert await text_of(desk, client, "0905123456") == ""


async def test_a_number_is_needed(desk: Desk, client: Client) -> None:
    answer = await client.get("/api/v1/lookup", headers=await desk.token("eva"))
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, "number")
