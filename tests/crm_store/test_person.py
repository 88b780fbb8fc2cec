"""A person's number is found however it is written, never inside another number; names only where they say who is meant."""

from __future__ import annotations

import pytest

from crm_store.person import MASK, Person, PersonData, PersonNumber, Traces
from tests.contracts.examples import JAN, call, leg

NUMBER = PersonNumber(number=JAN, national="905123456")
TRACES = Traces([NUMBER], ["Ján Kováč", "Ján", "jan.kovac@example.com"])


@pytest.mark.parametrize(
    "written",
    [
        "+421905123456",
        "00421905123456",
        "421905123456",
        "0905123456",
        "905123456",
        "90905123456",  # with the outside line's digit
        "+421 905 123 456",
        "0905 123 456",
        "0905/123456",
        "(0905) 123-456",
        "+421 (0) 905 123 456",
        "Local/0905123456@from-internal",
        "Ján Kováč",
        "JÁN KOVÁČ",
        "jan.kovac@example.com",
    ],
)
def test_the_person_is_found_and_goes(written: str) -> None:
    text = f"call {written}, please"
    assert TRACES.found_in(text)
    masked = TRACES.masked(text)
    assert MASK in masked
    assert [part for part in ("123", "456", "Kov", "KOV", "example") if part in masked] == []
    assert not TRACES.found_in(masked)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+421905123457",
        "9051234567",
        "1795295646.905123456",
        "905123456.12",
        "905123456789",
        "Ján",
        "Ján Kováčik",
        "Kováč",
    ],
)
def test_others_stay(text: str) -> None:
    assert not TRACES.found_in(text)
    assert TRACES.masked(text) == text


def test_a_number_of_unknown_country_is_found_as_it_is() -> None:
    traces = Traces([PersonNumber(number="55501234", national=None)], [])
    assert traces.found_in("55501234")
    assert traces.found_in("5550 1234")
    assert traces.found_in("0055501234")
    assert traces.found_in("055501234")
    assert not traces.found_in("155501234567")


@pytest.mark.parametrize("short", ["1001", "112", "*7"])
def test_extensions_and_short_codes_are_nobodys_own(short: str) -> None:
    traces = Traces([PersonNumber(number=short, national=None)], ["Li", ""])
    assert not traces.found_in(f"call {short} or Li")
    assert list(traces.byte_numbers()) == []
    assert list(traces.byte_names()) == [b"Li", b"LI", b"li"]


def test_a_record_loses_the_person_and_keeps_ids_and_times() -> None:
    record = call("905123456", legs=[{**leg("eva"), "via": JAN}], linkedid="905123456")
    masked = TRACES.masked_record(record)
    assert (masked["legs"][0]["via"], masked["remote"]["number"]) == (MASK, MASK)
    assert (masked["id"], masked["linkedid"], masked["started_at"]) == ("905123456", "905123456", record["started_at"])
    assert (masked["talk_s"], masked["legs"][0]["rang_at"]) == (8.5, record["legs"][0]["rang_at"])


def test_recordings_are_searched_for_the_digits_every_writing_ends_with() -> None:
    assert list(TRACES.byte_numbers()) == [b"905123456"]
    assert "JÁN KOVÁČ".encode() in TRACES.byte_names()


def test_what_telephones_called_them_counts_in_journals_alone() -> None:
    person = Person(
        customer_ids=(5,),
        numbers=(NUMBER,),
        names=("Ján Kováč",),
        called=("MOBILE CALLER",),
        shared_numbers=(),
        call_ids=(),
        in_call=False,
    )
    assert not person.in_texts().found_in("a MOBILE CALLER rang")
    assert person.in_texts().found_in("Ján Kováč")
    assert not person.in_records().found_in("Ján Kováč")  # may be a namesake of theirs
    assert b"MOBILE CALLER" in person.in_journals().byte_names()


def test_counts_by_name() -> None:
    data = PersonData(customers=1, calls=2, notes=3, tasks=4, activities=5, mentions=6)
    assert list(data.counts().values()) == [1, 2, 3, 4, 5, 6]
