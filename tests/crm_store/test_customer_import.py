"""Reading customers out of CSV files: separators, encodings, headers, and every reject with its line."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_store.customer_import import ImportRow, Reject, customers, read_customer_file
from crm_store.errors import InvalidInput
from crm_store.parties import PhoneInput
from crm_store.phone_numbers import NumberProfile

SK = NumberProfile(region="SK")


def read(text: str | bytes, encoding: str = "utf-8") -> Sequence[ImportRow | Reject]:
    data = text if isinstance(text, bytes) else text.encode(encoding)
    return list(customers(read_customer_file(data, encoding=encoding), SK))


def row(text: str | bytes, encoding: str = "utf-8") -> ImportRow:
    (only,) = read(text, encoding)
    assert isinstance(only, ImportRow), only
    return only


def test_a_full_line() -> None:
    found = row(
        "name,company,phone,phone2,email,external_id,language,note,kind,tags\n"
        "Ján Kováč,Firma s.r.o.,0905 123 456,+421255501234,jan@firma.example,C-1,SK,Volať po desiatej,Customer,vip;stály\n"
    )
    assert (found.line, found.fields.name, found.fields.company) == (2, "Ján Kováč", "Firma s.r.o.")
    assert found.fields.phones == (PhoneInput(raw="0905 123 456"), PhoneInput(raw="+421255501234"))
    assert [number.number for number in found.numbers] == ["+421905123456", "+421255501234"]
    assert (found.fields.emails, found.fields.external_id) == (("jan@firma.example",), "C-1")
    assert (found.fields.language, found.fields.kind, found.fields.tags) == ("sk", "customer", ("vip", "stály"))
    assert found.fields.note == "Volať po desiatej"


def test_what_the_file_does_not_say_stays_as_it_is() -> None:
    fields = row("name,phone,email\nEva,,\n").fields
    assert (fields.phones, fields.emails, fields.note, fields.kind, fields.company) == (None, None, None, None, None)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(separator: str) -> None:
    assert row(f"name{separator}phone\nEva{separator}0905123456\n").fields.name == "Eva"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "Ján"), ("utf-8-sig", "Ján"), ("cp1250", "Ľubomír Šťastný"), ("cp1255", "נועה לוי")],
)
def test_the_encoding_may_be_said(encoding: str, name: str) -> None:
    assert row(f"name;phone\n{name};0905123456\n", encoding).fields.name == name


def test_a_spreadsheets_utf16_is_recognised() -> None:
    assert row("name\tphone\nJán\t0905123456\n".encode("utf-16")).fields.name == "Ján"


def test_a_wrong_encoding_names_the_line() -> None:
    with pytest.raises(InvalidInput, match=r"Line 3 is not utf-8.*cp1250") as refused:
        read("name\nEva\nŠťastný\n".encode("cp1250"))
    assert refused.value.field == "encoding"


def test_an_unknown_encoding_is_said() -> None:
    with pytest.raises(InvalidInput, match="no encoding klingon"):
        read_customer_file(b"name\nEva\n", encoding="klingon")


@pytest.mark.parametrize(
    ("header", "label"),
    [("Telefón", "other"), ("Telefón 2", "other"), ("MOBIL", "mobile"), ("Work phone", "work"), ("נייד", "mobile"),
     ("جوال", "mobile"), ("Tel.", "other"), ("fax", "fax"), ("Telefon domowy", "home")],
)  # fmt: skip
def test_headers_of_several_languages(header: str, label: str) -> None:
    assert row(f"name,{header}\nEva,0905123456\n").fields.phones == (PhoneInput(raw="0905123456", label=label),)


def test_first_and_last_name_make_a_name() -> None:
    assert row("Last name,First name\nKováč,Ján\n").fields.name == "Ján Kováč"


def test_columns_nobody_knows_are_named() -> None:
    file = read_customer_file(b"name,shoe size,\nEva,38,\n")
    assert file.ignored == ("shoe size",)


@pytest.mark.parametrize(
    ("text", "words"), [("", "no header line"), ("shoe size,colour\n38,red\n", "names no column that we know")]
)
def test_a_file_without_a_usable_header_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(text)


REJECTS = [
    ("name,phone\nEva,abc\n", 2, "phone: 'abc' is not a telephone number."),
    ("name,phone\nEva,*21\n", 2, "is not a telephone number"),
    ("name,phone\nEva,123\n", 2, "is not a telephone number"),
    ("name,phone\nEva,anonymous\n", 2, "is not a telephone number"),
    ("name,phone\nEva,'777123456x'\n", 2, "is not a telephone number"),
    ("name,note\n,only a note\n", 2, "Neither name nor company nor phone"),
    ("name,kind\nEva,alien\n", 2, "kind: 'alien' is none of customer"),
    ("name,language\nEva,Slovak\n", 2, "language: 'Slovak' is not a language code"),
    ("name,email\nEva,eva at home\n", 2, "email: 'eva at home' is not an e-mail address"),
    ("name,phone\nEva,0905123456,surplus\n", 2, "3 cells, but the header has 2"),
    ('name,note\nEva,"two\nlines"\nJán,x,y\n', 4, "3 cells"),
]


@pytest.mark.parametrize(("text", "line", "reason"), REJECTS, ids=[reason for _, _, reason in REJECTS])
def test_a_bad_line_is_told_with_its_number(text: str, line: int, reason: str) -> None:
    rejects = [found for found in read(text) if isinstance(found, Reject)]
    assert [reject.line for reject in rejects] == [line]
    assert reason in rejects[0].reason


def test_one_bad_line_keeps_no_other_out() -> None:
    found = read("name,phone\nEva,abc\nJán,0905123456\n\n,,\nIvo,0905123457\n")
    assert [(type(item).__name__, item.line) for item in found] == [("Reject", 2), ("ImportRow", 3), ("ImportRow", 6)]


def test_a_cell_that_is_no_csv_is_a_reject() -> None:
    found = read("name,note\nEva," + "x" * 200_000 + "\nJán,y\n")
    assert [(type(item).__name__, item.line) for item in found] == [("Reject", 2), ("ImportRow", 3)]


def test_a_number_of_an_old_numbering_plan_is_kept() -> None:
    assert row("name,phone\nEva,+52 1 55 1234 5678\n").numbers[0].kind == "raw"


def test_an_exported_formula_guard_is_taken_off() -> None:
    found = row("name,phone\n'=Eva,'+421905123456\n")
    assert (found.fields.name, found.numbers[0].number) == ("=Eva", "+421905123456")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_the_file_holds_the_import_survives(data: bytes) -> None:
    try:
        file = read_customer_file(b"name,phone\n" + data)
    except InvalidInput:
        return
    for found in customers(file, SK):
        assert found.line >= 2
