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

BLOCK = b"Event: X\r\nQueue: 600\r\nEmpty: \r\nQueue: forged\r\nNumber: -7\r\nName: <unknown>\r\nOn: Yes\r\nTimestamp: 1.5\r\nLast: end"


def test_first_header_of_a_name_counts_and_only_at_a_lines_begin() -> None:
    assert header(BLOCK, b"\r\nQueue: ") == b"600"
    assert header(BLOCK, b"\r\nueue: ") is None
    assert header(BLOCK, b"\r\nLast: ") == b"end"
    assert (text(BLOCK, b"\r\nQueue: "), text(BLOCK, b"\r\nNo: "), text(BLOCK, b"\r\nLast: ")) == ("600", "", "end")


def test_sentinels_are_not_known() -> None:
    assert known(BLOCK, b"\r\nQueue: ") == "600"
    assert known(BLOCK, b"\r\nName: ") is known(BLOCK, b"\r\nEmpty: ") is known(BLOCK, b"\r\nNo: ") is None


def test_what_must_be_there_is_named_when_missing() -> None:
    assert required(BLOCK, b"\r\nQueue: ") == "600"
    with pytest.raises(BadHeader, match="Empty is missing"):
        required(BLOCK, b"\r\nEmpty: ")
    assert identity(BLOCK, b"\r\nQueue: ") == "600"
    with pytest.raises(BadHeader, match="Name is missing"):
        identity(BLOCK, b"\r\nName: ")
    with pytest.raises(BadHeader, match="longer than 250"):
        as_id(b"x" * 251, "Uniqueid")
    assert identity_or_none(BLOCK, b"\r\nName: ") is None
    assert identity_or_none(BLOCK, b"\r\nQueue: ") == "600"


def test_numbers_and_flags() -> None:
    assert integer(BLOCK, b"\r\nNumber: ") == -7
    assert integer(BLOCK, b"\r\nName: ") is integer(BLOCK, b"\r\nNo: ") is None
    assert integer(b"\r\nN: " + b"9" * 5000, b"\r\nN: ") is None  # Python refuses to read such a number
    assert yes(BLOCK, b"\r\nOn: ")
    assert not yes(BLOCK, b"\r\nQueue: ")
    assert not yes(BLOCK, b"\r\nNo: ")


def test_times() -> None:
    assert moment(BLOCK) == 1.5
    assert moment(b"Event: X") is None
    assert moment(b"Event: X\r\nTimestamp: 2.5") == 2.5
    assert seconds("1795295646.25") == 1795295646.25
    assert seconds(b"nan") is seconds(b"-1") is seconds(b"1e12") is seconds(b"") is None


ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"} | {
    char: "\\" + char for char in "\\'\"?"
}


@given(st.text())
def test_p18_unescaping_undoes_asterisks_escaping(name: str) -> None:
    escaped = "".join(ESCAPES.get(char, char) for char in name)
    assert unescaped(escaped) == name
