"""What somebody typed becomes rows, or a sentence that names the field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_store.errors import InvalidInput
from crm_store.parties import PartyInput, PhoneInput
from crm_store.sql.party_fields import calling_code, many_lines, one_line, party_rows
from tests.contracts.examples import JAN, PROFILE, number


def test_what_is_not_given_is_not_written() -> None:
    rows = party_rows(PartyInput(), PROFILE)
    assert (rows.columns, rows.phones, rows.emails, rows.tags) == ({}, None, None, None)


def test_an_empty_text_clears_the_field() -> None:
    rows = party_rows(PartyInput(company="", language="", external_id=" ", note=""), PROFILE)
    assert rows.columns == {"company": None, "language": None, "external_id": None, "note": ""}


def test_a_number_is_kept_in_every_form_it_is_matched_by() -> None:
    rows = party_rows(PartyInput(phones=(PhoneInput(raw="0905 123 456", label="mobile"),)), PROFILE)
    assert rows.phones == [
        {
            "number": JAN,
            "display": "+421 905 123 456",
            "label": "mobile",
            "kind": "e164",
            "extension": None,
            "nsn": "905123456",
            "country": "421",
            "rev_digits": "654321509124",
        }
    ]


def test_the_same_number_twice_is_one_and_an_empty_line_is_none() -> None:
    phones = tuple(PhoneInput(raw=raw) for raw in ("0905123456", JAN, " ", "1001"))
    rows = party_rows(PartyInput(phones=phones), PROFILE)
    assert [row["number"] for row in rows.phones or ()] == [JAN, "1001"]


@given(st.text(max_size=80))
def test_whatever_is_typed_as_a_number_is_stored_or_refused(raw: str) -> None:
    try:
        rows = party_rows(PartyInput(phones=(PhoneInput(raw=raw),)), PROFILE).phones or []
    except InvalidInput:
        rows = []
    for row in rows:
        assert row["number"]
        assert row["display"]


@given(st.text(max_size=100))
def test_a_line_has_no_breaks_and_no_control_signs(text: str) -> None:
    line = one_line("name", text, 1000)
    assert line == line.strip()
    assert not set(line) & {"\n", "\r", "\t", "\x00", "\x1b"}
    line.encode()


def test_a_note_keeps_its_lines() -> None:
    assert many_lines("note", "a\r\n\tb\x1b[31m\x00", 100) == "a\n\tb [31m "


def test_too_long_is_refused() -> None:
    with pytest.raises(InvalidInput, match="longer than 3"):
        one_line("name", "four", 3)


def test_the_calling_code_is_the_numbers_own_else_ours() -> None:
    assert calling_code(number("+420777123456"), PROFILE) == "420"
    assert calling_code(number("0905123456"), PROFILE) == "421"
    assert calling_code(number("1001"), PROFILE) is None
