"""A caller's name reaches a terminal as text, never as a command to it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctiserver.terminal_text import json_line, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ján Kováč", "Ján Kováč"),
        ("נועה לוי", "נועה לוי"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("a\r\nb\tc", "a  b c"),
        ("\u202egnirts", " gnirts"),
        ("\x9b2J", " 2J"),
        ("\udcff!", "!"),
    ],
)
def test_only_what_can_be_read_is_left(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(st.text(st.characters(categories=["Cc", "Cf", "Cs", "Lu", "Nd", "Po", "Zl"])))
def test_no_text_commands_a_terminal(text: str) -> None:
    for shown in (one_line(text), json_line({"name": text})):
        assert not any(ord(ch) < 32 or 127 <= ord(ch) < 160 for ch in shown)
        shown.encode()


@given(st.text())
def test_json_says_the_same_after_escaping(text: str) -> None:
    assert json.loads(json_line({"name": text})) == {"name": text}
