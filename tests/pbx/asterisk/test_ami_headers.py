"""How Asterisk writes single values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.asterisk.ami_headers import (
    BadHeader,
    as_id,
    header,
    identity,
    identity_or_none,
    integer,
    known,
    moment,
    required,
    seconds,
    text,
    unescaped,
    yes,
)

BLOCK = "Event: X\r\nQueue: 600\r\nEmpty: \r\nQueue: forged\r\nNumber: -7\r\nName: <unknown>\r\nOn: Yes\r\nTimestamp: 1.5\r\nLast: end"


def test_first_header_of_a_name_counts_and_only_at_a_lines_begin() -> None:
    assert header(BLOCK, "\r\nQueue: ") == "600"
    assert header(BLOCK, "\r\nueue: ") is None
    assert header(BLOCK, "\r\nLast: ") == "end"
    assert (text(BLOCK, "\r\nQueue: "), text(BLOCK, "\r\nNo: "), text(BLOCK, "\r\nLast: ")) == ("600", "", "end")


def test_sentinels_are_not_known() -> None:
    assert known(BLOCK, "\r\nQueue: ") == "600"
    assert known(BLOCK, "\r\nName: ") is known(BLOCK, "\r\nEmpty: ") is known(BLOCK, "\r\nNo: ") is None


def test_what_must_be_there_is_named_when_missing() -> None:
    assert required(BLOCK, "\r\nQueue: ") == "600"
    with pytest.raises(BadHeader, match="Empty is missing"):
        required(BLOCK, "\r\nEmpty: ")
    assert identity(BLOCK, "\r\nQueue: ") == "600"
    with pytest.raises(BadHeader, match="Name is missing"):
        identity(BLOCK, "\r\nName: ")
    with pytest.raises(BadHeader, match="longer than 250"):
        as_id(b"x" * 251, "Uniqueid")
    assert identity_or_none(BLOCK, "\r\nName: ") is None
    assert identity_or_none(BLOCK, "\r\nQueue: ") == "600"


def test_numbers_and_flags() -> None:
    assert integer(BLOCK, "\r\nNumber: ") == -7
    assert integer(BLOCK, "\r\nName: ") is integer(BLOCK, "\r\nNo: ") is None
    assert integer("\r\nN: " + "9" * 5000, "\r\nN: ") is None  # Python refuses to read such a number
    assert yes(BLOCK, "\r\nOn: ")
    assert not yes(BLOCK, "\r\nQueue: ")
    assert not yes(BLOCK, "\r\nNo: ")


def test_times() -> None:
    assert moment(BLOCK) == 1.5
    assert moment("Event: X") is None
    assert moment("Event: X\r\nTimestamp: 2.5") == 2.5
    assert seconds("1795295646.25") == 1795295646.25
    assert seconds("nan") is seconds("-1") is seconds("1e12") is seconds("") is None


ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"} | {
    char: "\\" + char for char in "\\'\"?"
}


@given(st.text())
def test_p18_unescaping_undoes_asterisks_escaping(name: str) -> None:
    escaped = "".join(ESCAPES.get(char, char) for char in name)
    assert unescaped(escaped) == name
