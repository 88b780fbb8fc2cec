"""One person's traces: the numbers and names by which their data is found again in texts and recordings, and taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

#: Fewer digits are an extension or a short code: nobody's own.
_FEWEST_DIGITS = 6
#: One word of few letters is many people's name, and a word of the language.
_SHORTEST_SINGLE_WORD = 6
_SEPARATOR = r"[ ()/-]{0,3}"
MASK = "[erased]"
#: Keys of a call record whose values are ids.
_IDS = frozenset({"id", "pbx", "uniqueid", "linkedid", "click_to_dial"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonNumber:
    """A number of theirs: E.164 or digits, and its part without country where that is known."""

    number: str
    national: str | None

    @property
    def core(self) -> str:
        """The digits that every way of writing it ends with."""
        return self.national or self.number.lstrip("+")

    @property
    def country(self) -> str:
        """The calling code; "" where it is not known."""
        return self.number[1 : -len(self.core)] if self.national and self.number.startswith("+") else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is meant: their records (none for an unknown caller), numbers and names."""

    customer_ids: tuple[int, ...]
    numbers: tuple[PersonNumber, ...]
    names: tuple[str, ...]  # of their records, with e-mail addresses
    called: tuple[str, ...]  # what telephones called them: it may be many people's name
    shared_numbers: tuple[str, ...]  # also another customer's: these stay
    call_ids: tuple[str, ...]
    in_call: bool  # a call of theirs is running: it would be written again

    def in_texts(self) -> Traces:
        """What to look for in what people wrote."""
        return Traces(self.numbers, self.names)

    def in_records(self) -> Traces:
        """What to look for in other people's calls: a namesake keeps their name."""
        return Traces(self.numbers, ())

    def in_journals(self) -> Traces:
        """What to look for in what the telephone system said."""
        return Traces(self.numbers, (*self.names, *self.called))


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonData:
    """How much there is of one person, or was."""

    customers: int
    calls: int
    notes: int
    tasks: int
    activities: int
    mentions: int  # in what belongs to others

    def counts(self) -> dict[str, int]:
        """For the ledger and the command."""
        names = ("customers", "calls", "notes", "tasks", "activities", "mentions")
        return {name: getattr(self, name) for name in names}


class Traces:
    """Finds a person's numbers, in every usual way of writing, and their full names in texts."""

    def __init__(self, numbers: Iterable[PersonNumber], names: Iterable[str]) -> None:
        self.numbers = tuple(one for one in numbers if len(one.core) >= _FEWEST_DIGITS and one.core.isdigit())
        self.names = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
        #: Names that say who is meant wherever they stand.
        self.telling_names = tuple(name for name in self.names if " " in name or len(name) >= _SHORTEST_SINGLE_WORD)

    @cached_property
    def number_pattern(self) -> str:
        """Matches a number of theirs; never a part of a longer number or of Asterisk's ids (1795295646.12)."""
        return "|".join(map(_number_pattern, self.numbers)) or r"(?!)"

    @cached_property
    def _in_texts(self) -> re.Pattern[str]:
        names = "|".join(re.escape(name) for name in sorted(self.telling_names, key=len, reverse=True))
        patterns = [self.number_pattern, *([rf"(?<!\w)(?:{names})(?!\w)"] if names else [])]
        return re.compile("|".join(patterns), re.IGNORECASE)

    def found_in(self, text: str) -> bool:
        """The text mentions the person."""
        return self._in_texts.search(text) is not None

    def masked(self, text: str) -> str:
        """The text without the person."""
        return self._in_texts.sub(MASK, text)

    def masked_record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A call record without the person, at any depth; ids and times stay."""
        return {
            key: value if key in _IDS or key.endswith("_at") else self._masked(value) for key, value in record.items()
        }

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.masked(value)
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        return self.masked_record(value) if isinstance(value, dict) else value

    def byte_numbers(self) -> Iterator[bytes]:
        """The digits that every way of writing a number ends with, as they stand in recordings."""
        yield from dict.fromkeys(one.core.encode() for one in self.numbers)

    def byte_names(self) -> Iterator[bytes]:
        """Each name in the cases that telephones send."""
        cases = (case for name in self.names for case in (name, name.upper(), name.lower()))
        yield from dict.fromkeys(case.encode("utf-8", "replace") for case in cases)


def _number_pattern(number: PersonNumber) -> str:
    core, country = _spaced(number.core), _spaced(number.country)
    abroad = rf"(?:\+|00{_SEPARATOR})?{country}{_SEPARATOR}(?:\(0\){_SEPARATOR})?" if country else rf"00{_SEPARATOR}"
    prefix = rf"(?:{abroad}|0{_SEPARATOR})?"
    # One digit more in front: the outside line.
    return rf"(?<![0-9.+])\+?(?:[0-9]{_SEPARATOR})?{prefix}{core}(?![0-9]|\.[0-9])"


def _spaced(digits: str) -> str:
    return _SEPARATOR.join(digits)
