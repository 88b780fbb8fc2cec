"""No cell of an export is ever a formula (threat T15)."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_store.spreadsheet_text import plain_text, spreadsheet_text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+421905123456", "'+421905123456"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\0=1", "'\0=1"),
        ("Ján;=cmd|' /C calc'!A0", "Ján;'=cmd|' /C calc'!A0"),
        ('Ján"=1', "Ján\"'=1"),
        ("＝1+1", "'＝1+1"),
        ("Ján Kováč", "Ján Kováč"),
        ("Ján; -1", "Ján;' -1"),
        ("  =1", "'  =1"),
        ("a=b", "a=b"),
        ("", ""),
        (None, ""),
        (12.5, "12.5"),
        (-3, "-3"),
        (0, "0"),
        (True, "True"),
    ],
)
def test_a_cell_never_starts_a_formula(value: object, cell: str) -> None:
    assert spreadsheet_text(value) == cell


TEXT = st.text(alphabet="=+-@\t\r\n\0;,\"'abc12 ＝", max_size=30)


@given(TEXT)
def test_however_a_spreadsheet_splits_it_no_part_is_a_formula(text: str) -> None:
    for part in re.split(r'[;,"]', spreadsheet_text(text)):
        assert not re.match(r"\s*[=+\-@＝]|[\t\r\0]", part)


@given(TEXT.filter(lambda text: "'" not in text))
def test_an_export_reads_back_as_it_was(text: str) -> None:
    assert plain_text(spreadsheet_text(text)) == text


@given(st.lists(TEXT.filter(lambda text: "\0" not in text), min_size=2, max_size=4))
def test_quoting_and_guard_work_together(row: list[str]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerow([spreadsheet_text(cell) for cell in row])
    (back,) = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert back == [spreadsheet_text(cell) for cell in row]
