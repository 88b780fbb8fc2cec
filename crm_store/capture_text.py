"""One line as words and numbers with their places in it, and the vocabularies that it is read with.

A word is looked up as it is written first, then without accents: "št" is Thursday, "st" Wednesday, "stvrtok" Thursday again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crm_store.search_text import fold

#: Kind of meaning → meaning → the phrases that have it, with | between them. One table for each language.
Words = Mapping[str, Mapping[object, str]]

# Accents that were typed as signs of their own, Hebrew points, Arabic vowels and the stretching sign belong to their letter.
_MARKS = "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640"
_WORD = rf"[^\W\d_][{_MARKS}]*(?:[^\W\d_][{_MARKS}]*)*"
_TOKEN = re.compile(rf"{_WORD}(?:[\"'’׳״]{_WORD})*['׳]?|\d+|[^\s\w]|_")
#: Letters that Hebrew and Arabic write together with the word: in, to, the, and, that.
_PREFIXES = ("ב", "ל", "ה", "ו", "ש", "מ", "בה", "וב", "ול", "ال", "وال", "بال", "لل", "و", "ب", "ل")
#: Without their accents, abbreviations of two letters are other words.
_SHORTEST_PLAIN = 2


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number (its digits in ASCII) or a sign. `start` and `end` are places in the line."""

    text: str  # lower case, accents as typed
    plain: str  # without accents
    start: int
    end: int

    @property
    def is_number(self) -> bool:
        return self.text.isdecimal()

    @property
    def is_word(self) -> bool:
        return self.text[:1].isalpha()


def tokens_of(line: str) -> tuple[Token, ...]:
    """The words, numbers and signs of a line in their order. ٣ is the number 3."""
    return tuple(_token(found.group(), found.start(), found.end()) for found in _TOKEN.finditer(line))


def digits_in_ascii(line: str) -> str:
    """The line in small letters and with ASCII digits, sign for sign: places in it are places in the line."""
    return "".join(_one_sign(sign) for sign in line)


def _token(piece: str, start: int, end: int) -> Token:
    text = unicodedata.normalize("NFC", piece).casefold()
    if piece.isdecimal():
        text = digits_in_ascii(piece)
    return Token(text, fold(piece) or text, start, end)


def _one_sign(sign: str) -> str:
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    small = sign.lower()
    return small if len(small) == 1 else sign


class Vocabulary:
    """The words of all languages; where two languages mean different things by one word, the first of them wins."""

    def __init__(self, languages: Sequence[Words]) -> None:
        self._written: dict[str, dict[tuple[str, ...], object]] = {}
        self._plain: dict[str, dict[tuple[str, ...], object]] = {}
        self._accented: dict[str, set[tuple[str, ...]]] = {}
        self._longest: dict[str, int] = {}
        self._first_words: dict[str, set[str]] = {}
        for words in languages:
            entries = list(_entries(words))
            # What is written without accents comes before what only looks so: "st" is no lazy "št".
            for kind, phrase, value in sorted(entries, key=lambda entry: entry[1] != _plain(entry[1])):
                self._written.setdefault(kind, {}).setdefault(phrase, value)
                if _plain(phrase) == phrase or len("".join(_plain(phrase))) > _SHORTEST_PLAIN:
                    self._plain.setdefault(kind, {}).setdefault(_plain(phrase), value)
                if _plain(phrase) != phrase and len("".join(_plain(phrase))) > _SHORTEST_PLAIN:
                    self._accented.setdefault(kind, set()).add(_plain(phrase))
                self._longest[kind] = max(self._longest.get(kind, 1), len(phrase))
                self._first_words.setdefault(kind, set()).add(_plain(phrase)[0])

    def find(self, kind: str, tokens: Sequence[Token], at: int) -> tuple[object, int] | None:
        """The meaning of the longest phrase of this kind that begins at this token, and the token after it."""
        if not 0 <= at < len(tokens):
            return None
        first = tokens[at].plain
        if first not in self._first_words.get(kind, ()) and not first.startswith(_PREFIXES):
            return None
        for length in range(min(self._longest.get(kind, 0), len(tokens) - at), 0, -1):
            piece = tokens[at : at + length]
            value = self._value(kind, tuple(token.text for token in piece), tuple(token.plain for token in piece))
            if value is not None:
                return value, at + length
        return None

    def word(self, kind: str, word: str) -> object | None:
        """The meaning of a phrase written with spaces, None without one."""
        phrase = tuple(token.text for token in tokens_of(word))
        return self._value(kind, phrase, _plain(phrase)) if phrase else None

    def _value(self, kind: str, written: tuple[str, ...], plain: tuple[str, ...]) -> object | None:
        known, folded = self._written.get(kind, {}), self._plain.get(kind, {})
        if (value := known.get(written)) is not None:
            return value
        if written != plain and "".join(plain).isascii() and plain not in self._accented.get(kind, ()):
            return None  # whoever types accents means them: Ján 5 is no 5 January
        if (value := folded.get(plain)) is not None:
            return value
        for prefix in _PREFIXES:
            rest = plain[0].removeprefix(prefix)
            if rest != plain[0] and len(rest) > 1 and (value := folded.get((rest, *plain[1:]))) is not None:
                return value
        return None


def _entries(words: Words) -> Iterator[tuple[str, tuple[str, ...], object]]:
    for kind, meanings in words.items():
        for value, phrases in meanings.items():
            for phrase in phrases.split("|"):
                yield kind, tuple(token.text for token in tokens_of(phrase)), value


def _plain(phrase: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(fold(word) or word for word in phrase)
