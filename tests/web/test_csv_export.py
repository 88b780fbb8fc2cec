"""Cells that a spreadsheet shows and never runs."""

from __future__ import annotations

import csv
import io

import pytest

from tests.web.desk import record
from web.csv_export import COLUMNS, call_row, csv_header, csv_lines, safe_cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("Ján Kováč", "Ján Kováč"),
        ("=1+1", "'=1+1"),
        ("+421905123456", "'+421905123456"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("＝1+1", "'＝1+1"),
        ("a;=1+1", "a;'=1+1"),
        ('a"=1+1', "a\"'=1+1"),
        ("a\n=1+1", "a\n'=1+1"),
        ("a\t=1+1", "a\t'=1+1"),
        ("a\x00b", "ab"),
        (None, ""),
        (0, "0"),
        (-1.5, "-1.5"),
        (True, "true"),
        (False, "false"),
    ],
)
def test_a_cell(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


def test_lines_are_rfc_4180() -> None:
    row = call_row(record())
    row["note"] = 'he said "no",\nthen hung up'
    text = csv_header() + csv_lines([row])
    assert text.startswith("\ufeffid,")
    assert text.endswith("\r\n")
    parsed = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert list(parsed[0]) == list(COLUMNS)
    assert parsed[0]["note"] == 'he said "no",\nthen hung up'
    assert parsed[0]["agents"] == "eva"


def test_what_is_hidden_is_an_empty_cell() -> None:
    assert call_row({"id": "x"})["number"] is None
