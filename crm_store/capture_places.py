"""What stands where in a line: numbers, little words, names of numbers, and what can be no time at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crm_store.capture_text import Token, Vocabulary, digits_in_ascii

_PHONE = re.compile(r"(?<![\w.:])(?:\+|00|0)\d[\d \-/()]{6,}\d(?![\d:.])")
_LONG_NUMBER = re.compile(r"\d{5,}")
_MONEY = "€$£₪%zł"
_GAP_SIGNS = frozenset(",;-–—.()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """One piece of a time. `first` and `last` are the tokens it consists of, both included."""

    kind: str  # date, day, weekday, week, clock, part, duration, end_of, past
    first: int
    last: int
    values: tuple[int, ...] = ()
    word: str = ""  # which part of the day, which unit, which end
    sure: bool = True  # False: a clock that only its surroundings make one, "at 10"


def number_of(value: object) -> int:
    """A meaning of the vocabulary that is a number."""
    return value if isinstance(value, int) else 0


class Places:
    """One line. Places are numbers of tokens; one beyond the line is nothing."""

    def __init__(self, line: str, tokens: Sequence[Token], words: Vocabulary) -> None:
        self._line = digits_in_ascii(line)
        self._tokens = tokens
        self._words = words
        self._masked = {index for found in self._no_times() for index in self._inside(*found)}

    def _find(self, kind: str, at: int) -> tuple[object, int] | None:
        return self._words.find(kind, self._tokens, at) if 0 <= at < len(self._tokens) else None

    def _is(self, kind: str, at: int) -> bool:
        return 0 <= at < len(self._tokens) and self._words.find(kind, self._tokens[at : at + 1], 0) is not None

    def _sign(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _touches(self, at: int) -> bool:
        """Nothing is between this token and its neighbours."""
        if not 0 < at < len(self._tokens) - 1:
            return False
        before, it, after = self._tokens[at - 1 : at + 2]
        return before.end == it.start and it.end == after.start

    def _is_tag(self, at: int) -> bool:
        return self._sign(at - 1) == "#" and self._tokens[at - 1].end == self._tokens[at].start

    def _number(self, at: int) -> int | None:
        if 0 <= at < len(self._tokens) and self._tokens[at].is_number and len(self._tokens[at].text) <= 3:
            return int(self._tokens[at].text)
        return None

    def _is_free_number(self, at: int) -> bool:
        return at < len(self._tokens) and self._tokens[at].is_number and at not in self._masked

    def _only_little_words(self, first: int, end: int) -> bool:
        between = range(first, end)
        return len(between) <= 4 and all(
            self._sign(at) in _GAP_SIGNS or any(self._is(kind, at) for kind in ("on", "at", "by", "after", "strong_at"))
            for at in between
        )  # fmt: skip

    def _is_counted(self, at: int) -> bool:
        """Something that is no time is counted or named by the number before this token."""
        sign = self._sign(at)
        return self._is("measure", at) or (bool(sign) and sign in _MONEY)

    def _is_named(self, at: int) -> bool:
        """The token before names what the number is the number of: invoice 4312, room 10, #12, € 15."""
        before = at - 1
        if self._sign(before) in (".", ":", "-", "№"):
            before -= 1
        return self._is("label", before) or self._sign(before) in ("#", "€", "$", "£", "₪")

    def _no_times(self) -> Iterator[tuple[int, int]]:
        for found in _PHONE.finditer(self._line):
            digits = sum(sign.isdigit() for sign in found.group())
            if digits >= 8 and not re.match(r"\d{1,2}/\d{1,2}/(20)?\d\d(?!\d)", found.group()):
                yield found.span()
        for found in _LONG_NUMBER.finditer(self._line):
            yield found.span()
        for index, token in enumerate(self._tokens):
            if token.text == "#" and index + 1 < len(self._tokens) and self._tokens[index + 1].start == token.end:
                end = token.end
                while end < len(self._line) and (self._line[end].isalnum() or self._line[end] in "_-"):
                    end += 1
                yield token.start, end
            if token.text == "@" and self._line[token.start - 1 : token.start].isalnum():  # an e-mail address
                yield token.start, token.end

    def _inside(self, start: int, end: int) -> Iterator[int]:
        for index, token in enumerate(self._tokens):
            if token.start < end and token.end > start:
                yield index

    def _spanned(self, found: re.Match[str]) -> int:
        """The last token of what was found."""
        return max(index for index in self._inside(*found.span()))
