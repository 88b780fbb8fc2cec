"""Dates and durations in a line: 24.12., 2026-12-24, 12 March, in three days."""

from __future__ import annotations

import re

from crm_store.capture_places import Atom, Places, number_of

_YEAR_FIRST = re.compile(r"(?<![\d.\-/])(\d{4})-(\d{1,2})-(\d{1,2})(?![\d\-/])")
_DAY_FIRST = re.compile(
    r"(?<![\d.,:/+])(?<!\d-)(\d{1,2})([./])( ?)(\d{1,2})(?:(\2 ?)((?:20)?\d\d(?!\d|:\d|[.]\d))?)?(?![\d/:,]|\.\d)"
)


class Dates(Places):
    """Days by their number, and how long from now."""

    def _date(self, at: int) -> Atom | None:
        start = self._tokens[at].start
        if found := _YEAR_FIRST.match(self._line, start):
            year, month, day = (int(part) for part in found.groups())
            return Atom(kind="date", first=at, last=self._spanned(found), values=(day, month, year))
        found = _DAY_FIRST.match(self._line, start)
        if found is None:
            return None
        day, month = int(found.group(1)), int(found.group(4))
        year = int(found.group(6) or 0)
        last = self._spanned(found)
        if not (1 <= day <= 31 and 1 <= month <= 12) or ((day, month, year) == (24, 7, 0) and found.group(2) == "/"):
            return None
        closed = bool(year) or (bool(found.group(5)) and found.group(2) == ".")
        # "1.5" and "3/4" are as often no dates: they need a word before them, or a closing dot, or a year.
        announced = closed or self._is("on", at - 1) or self._is("by", at - 1) or self._is("from", at - 1)
        unclear = len(found.group(4)) == 1 or (found.group(3) != "" and not closed)
        if (unclear and not announced) or self._is_counted(last + 1) or (not closed and self._is_named(at)):
            return None
        if found.group(2) == "." and not closed and self._is("at", at - 1) and not self._is("on", at - 1):
            return None  # "o 10.12" in Polish: ten past twelve minutes; too unclear
        return Atom(kind="date", first=at, last=last, values=(day, month, year + 2000 if 0 < year < 100 else year))

    def _day_and_month(self, at: int) -> Atom | None:
        day = self._number(at)
        if day is None or not 1 <= day <= 31:
            return None
        next_ = at + 1
        for skipped in (self._sign(next_) == ".", self._is("ordinal", next_), self._is("ordinal", next_ + 1)):
            next_ += 1 if skipped and self._find("month", next_) is None else 0
        if self._find("month", next_) is None and self._sign(next_) in ("ב", "ל"):
            next_ += 1
        month = self._find("month", next_)
        return None if month is None else self._with_year(at, month[1], day, month[0])

    def _month_and_day(self, at: int) -> Atom | None:
        month = self._find("month", at)
        day = None if month is None else self._number(month[1])
        if month is None or day is None or not 1 <= day <= 31 or self._sign(month[1] + 1) == ":":
            return None
        end = month[1] + 1
        return self._with_year(at, end + 1 if self._is("ordinal", end) else end, day, month[0])

    def _with_year(self, first: int, end: int, day: int, month: object) -> Atom:
        after = end + 1 if self._sign(end) in (",", ".") else end
        year = int(self._sign(after)) if re.fullmatch(r"20\d\d", self._sign(after)) else 0
        return Atom(kind="date", first=first, last=after if year else end - 1, values=(day, number_of(month), year))

    def _duration(self, at: int) -> Atom | None:
        """In two hours. Bare "two hours" is how long something is."""
        prefix = self._find("in", at)
        if prefix is None or prefix[1] >= len(self._tokens) or self._tokens[prefix[1]].plain.startswith("ال"):
            return None  # "بعد الساعة 3" is no duration: the article makes it a clock
        begin = prefix[1]
        if fixed := self._find("duration", begin):
            unit, count = fixed[0] if isinstance(fixed[0], tuple) else ("", 0)
            return self._lasting(at, fixed[1], str(unit), int(count))
        count_, after = self._number(begin), begin + 1
        if count_ is None and (word := self._find("number", begin)):
            count_, after = number_of(word[0]), word[1]
        if count_ is None:  # "o hodinu": one; "o hodiny" is nothing
            single = self._find("one_unit", begin)
            return None if single is None else self._lasting(at, single[1], str(single[0]), 1)
        half = self._sign(after) in (".", ",") and self._sign(after + 1) == "5" and self._find("unit", after + 2)
        if half and half[0] == "hours":
            return self._lasting(at, half[1], "minutes", count_ * 60 + 30)
        unit_ = self._find("unit", after)
        return None if unit_ is None else self._lasting(at, unit_[1], str(unit_[0]), count_)

    def _lasting(self, first: int, end: int, unit: str, count: int) -> Atom:
        return Atom(kind="duration", first=first, last=end - 1, word=unit, values=(count,))
