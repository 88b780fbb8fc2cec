"""Clocks in a line: 10:30, 3pm, o 15, half past two, בשלוש וחצי, الساعة الثالثة."""

from __future__ import annotations

import re
from dataclasses import replace

from crm_store.capture_dates import Dates
from crm_store.capture_places import Atom, number_of

_CLOCK = re.compile(r"(?<![\d.,:/+])(\d{1,2}):(\d\d)(?![\d:])")
_DOTTED_CLOCK = re.compile(r"(?<![\d.,:/+])(\d{1,2})\.(\d\d)(?![\d:.,])")
_HOURS_AND_MINUTES = re.compile(r"(?<![\d.,:/+])(\d{1,2})h(\d\d)(?!\w)")


class Clocks(Dates):
    """Times of the day: sure ones, and bare numbers that a word like "at" introduces."""

    def _clock(
        self, at: int, *, introduced: bool = False, strongly: bool = False, first: int | None = None
    ) -> Atom | None:
        """10:30, 3pm, 15h30; with a word before it also 10 and 10.30."""
        start, begin = self._tokens[at].start, at if first is None else first
        pattern = _CLOCK.match(self._line, start) or _HOURS_AND_MINUTES.match(self._line, start)
        dotted = _DOTTED_CLOCK.match(self._line, start)
        hour_after = dotted and self._is("hour", self._spanned(dotted) + 1)
        half_of_day = dotted and self._find("am", self._spanned(dotted) + 1)
        pattern = pattern or (dotted if introduced or hour_after or half_of_day else None)
        if self._is_named(begin) and not introduced:
            return None
        if pattern:
            found = self._finished(begin, self._spanned(pattern) + 1, int(pattern[1]), int(pattern[2]), pattern[1])
            if found and self._sign(found.last + 1) in ("-", "–"):  # 14:00-16:00
                until = _CLOCK.match(self._line, self._tokens[found.last + 1].end)
                found = replace(found, last=self._spanned(until)) if until else found
            return None if found is None or self._is_counted(found.last + 1) else found
        hour = self._number(at)
        if hour is None or self._is_counted(at + 1) or re.match(r"[.,:/]\d", self._line[self._tokens[at].end :]):
            return None
        if (half := self._find("after_hour", at + 1)) and introduced:
            return self._finished(begin, half[1], hour, number_of(half[0]), self._tokens[at].text)
        if (end := self._until(at)) is not None:
            return self._finished(begin, end.last + 1, hour, 0, self._tokens[at].text, word=end.word)
        if self._find("am", at + 1) and self._english_or_introduced(at, introduced):
            return self._finished(begin, at + 1, hour, 0, self._tokens[at].text)
        hyphen = at + 2 if self._sign(at + 1) == "-" else at + 1
        if self._is("hour", hyphen) and not (self._is("in", at - 1) and not introduced):
            found = self._finished(begin, hyphen + 1, hour, 0, self._tokens[at].text)
            return found and replace(found, sure=strongly or self._sign(hyphen).startswith("o'"))
        if not introduced:
            return None
        found = self._finished(begin, at + 1, hour, 0, self._tokens[at].text)
        return found and replace(found, sure=strongly)

    def _until(self, at: int) -> Atom | None:
        """The end of "3-4pm"."""
        hyphen = self._sign(at + 1) in ("-", "–") and self._number(at + 2) is not None and self._touches(at + 1)
        until = self._clock(at + 2) if hyphen else None
        return until if until is not None and until.word else None

    def _english_or_introduced(self, at: int, introduced: bool) -> bool:
        """3pm and ١٠ صباحا are times by themselves; "2 večer" is one only after "o"."""
        sign = self._sign(at + 1)
        return introduced or sign in ("am", "pm", "a", "p") or self._is("part", at + 1)

    def _introduced_clock(self, at: int) -> Atom | None:
        if quarter := self._find("before_hour", at):
            begin = quarter[1] + 1 if self._sign(quarter[1]) in ("-", "–") else quarter[1]
            minutes = number_of(quarter[0])
            hour = self._hour_word(begin) or (self._hour_number(begin) if minutes != -30 else None)  # "pol 3" is none
            return self._finished(at, hour[1], hour[0], minutes, "") if hour else None
        if noon := self._find("joined_hour_word", at):
            return self._word_clock(at, (number_of(noon[0]), noon[1]), strongly=False)
        if (between := self._between(at)) is not None:
            return between
        for kind in ("strong_at", "at", "after", "by"):
            if (prefix := self._find(kind, at)) is not None and (clock := self._clock_after(kind, at, prefix[1])):
                return clock
        return None

    def _clock_after(self, kind: str, first: int, begin: int) -> Atom | None:
        """The clock behind a word like "at" (of this kind), which ends before `begin`."""
        strongly = kind == "strong_at"
        if self._sign(begin) in (".", "-", "–", "־", ":") or (kind == "at" and self._is("at", begin)):
            begin += 1
        if self._is_free_number(begin):
            dated = self._date(begin) or self._day_and_month(begin)  # "do 24.12." is a day
            return (
                None if dated and not strongly else self._clock(begin, introduced=True, strongly=strongly, first=first)
            )
        if (hour := self._hour_word(begin)) and (strongly or not self._is_counted(hour[1])):
            return self._word_clock(first, hour, strongly=strongly)
        if self._find("before_hour", begin) or (kind in ("after", "by") and self._find("strong_at", begin)):
            inner = self._introduced_clock(begin)
            return inner and replace(inner, first=first)
        return None

    def _between(self, at: int) -> Atom | None:
        """Between 10 and 12: from 10 on."""
        prefix = self._find("between", at)
        if prefix is None or not (prefix[1] < len(self._tokens) and self._tokens[prefix[1]].is_number):
            return None
        first = self._clock(prefix[1], introduced=True, first=at)
        end = -1 if first is None else first.last + 1
        while self._is("and", end) or self._sign(end) in ("-", "–"):
            end += 1
        if first is None or end in (-1, first.last + 1, len(self._tokens)) or not self._tokens[end].is_number:
            return None
        until = self._clock(end, introduced=True)
        if until is None:
            return None
        return replace(
            first, last=until.last, word=first.word or (until.word if until.values[0] >= first.values[0] else "")
        )

    def _word_clock(self, first: int, hour: tuple[int, int], *, strongly: bool) -> Atom | None:
        half = self._find("after_hour", hour[1])
        minutes, end = (number_of(half[0]), half[1]) if half else (0, hour[1])
        clock = self._finished(first, end, hour[0], minutes, "")
        return clock and replace(clock, sure=strongly or clock.word != "" or half is not None)

    def _hour_word(self, at: int) -> tuple[int, int] | None:
        found = self._find("hour_word", at)
        return None if found is None else (number_of(found[0]), found[1])

    def _hour_number(self, at: int) -> tuple[int, int] | None:
        hour = self._number(at)
        return None if hour is None or not 1 <= hour <= 12 else (hour, at + 1)

    def _finished(self, first: int, end: int, hour: int, minutes: int, written: str, *, word: str = "") -> Atom | None:
        """The clock with "pm", "hod" and the like behind it. An hour that no clock shows is none."""
        if not (0 <= hour <= 23 and -30 <= minutes <= 59):
            return None
        if self._is("hour", end) and self._find("am", end) is None:
            end += 1
        half = self._find("am", end)
        if half is not None and 1 <= hour <= 12:
            end = half[1] + 1 if self._sign(half[1]) == "." and self._sign(half[1] - 2) == "." else half[1]
        zero = int(written.startswith("0"))
        word = str(half[0]) if half is not None and 1 <= hour <= 12 else word
        return Atom(kind="clock", first=first, last=end - 1, values=(hour, minutes, zero), word=word)
