"""Lines of history files: each with its number, and one that is no line keeps no other out."""

from __future__ import annotations

import io

import pytest

from crm_store.call_history import LONGEST_LINE, checked_key, decoded, numbered_lines
from crm_store.customer_import import Reject
from crm_store.errors import InvalidInput


def lines(data: bytes) -> list[tuple[int, bytes | str]]:
    """Rejects as their reasons."""
    found = numbered_lines(io.BytesIO(data))
    return [(number, line.reason if isinstance(line, Reject) else line) for number, line in found]


def test_lines_have_numbers_and_no_ends() -> None:
    assert lines(b"a\nb\r\n\nc") == [(1, b"a"), (2, b"b"), (3, b""), (4, b"c")]


def test_a_mark_at_the_beginning_of_the_file_is_no_text() -> None:
    assert lines(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n") == [(1, b"a"), (2, b"\xef\xbb\xbfb")]


def test_a_line_of_16_megabytes_is_refused_and_the_next_is_read() -> None:
    found = lines(b"a\n" + b"x" * 16_000_000 + b"\nb\n")
    assert found == [(1, b"a"), (2, f"longer than {LONGEST_LINE} bytes."), (3, b"b")]


def test_a_line_without_end_at_the_end_of_the_file_may_be_too_long() -> None:
    assert lines(b"a\n" + b"x" * 70_000)[1:] == [(2, f"longer than {LONGEST_LINE} bytes.")]


def test_the_longest_line_is_a_line() -> None:
    assert lines(b"x" * LONGEST_LINE + b"\nb")[1] == (2, b"b")


def test_a_nul_byte_is_refused() -> None:
    assert lines(b"a\0b\nc\n") == [(1, "has a NUL byte."), (2, b"c")]


def test_text_that_is_not_of_the_encoding_is_refused() -> None:
    assert decoded("Ján".encode("cp1250"), "cp1250") == "Ján"
    with pytest.raises(InvalidInput, match=r"is not utf-8\."):
        decoded("Ján".encode("cp1250"), "utf-8")


@pytest.mark.parametrize("key", ["x" * 151, "17953\x1b[31m.1", "a\nb"])
def test_an_id_that_asterisk_cannot_have_made_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match="is not a uniqueid"):
        checked_key(key, "uniqueid")


def test_an_empty_id_is_none() -> None:
    assert checked_key("", "linkedid") is None
    assert checked_key("main-1795295646.12", "linkedid") == "main-1795295646.12"
