"""Where a line speaks of a time: "tue 10am", "o 2 hodiny", "מחר ב-10". What moment that is, `capture_moment.py` says.

Only what is surely a time: the number of an invoice, a price, a telephone number or "10 pcs" is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from crm_store.capture_clocks import Clocks
from crm_store.capture_places import Atom, number_of
from crm_store.capture_text import Token, Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePhrase:
    """Pieces that belong together, and where they stand in the line with the little words before them."""

    atoms: tuple[Atom, ...]
    first: int  # token
    last: int
    deadline: bool  # "by Friday"
    past: bool  # it says when something was, or what something is dated

    def of(self, *kinds: str) -> Atom | None:
        """The piece of one of these kinds."""
        return next((atom for atom in self.atoms if atom.kind in kinds), None)


def time_phrases(line: str, tokens: Sequence[Token], words: Vocabulary) -> tuple[TimePhrase, ...]:
    """Every place of the line that speaks of a time, in their order. The tokens are those of `tokens_of(line)`."""
    reader = _Reader(line, tokens, words)
    phrases: list[TimePhrase] = []
    group: list[Atom] = []
    for atom in reader.atoms():
        if group and not reader.joined(group, atom):
            phrases.append(reader.phrase(group))
            group = []
        group.append(atom)
    if group:
        phrases.append(reader.phrase(group))
    return tuple(phrases)


class _Reader(Clocks):
    """Goes through the tokens once, from left to right."""

    def atoms(self) -> Iterator[Atom]:
        at, before = 0, None
        while at < len(self._tokens):
            atom = None if at in self._masked else self._atom(at) or self._number_of_a_day(at, before)
            if atom is not None:
                yield atom
            before = atom
            at = at + 1 if atom is None else atom.last + 1

    def joined(self, group: Sequence[Atom], atom: Atom) -> bool:
        """Only little words and commas stand between, and nothing is said twice."""
        before, said = group[-1], {one.kind for one in group}
        # "Tuesday 8.12." and "next week on Tuesday" say one day in two ways.
        completes = (before.kind, atom.kind) in _ONE_DAY and not {"date", "week"} & said - {before.kind}
        if _role(atom) in map(_role, group) and not completes:
            return False
        return self._only_little_words(before.last + 1, atom.first)

    def phrase(self, group: Sequence[Atom]) -> TimePhrase:
        first, deadline, past = group[0].first, False, False
        while first > 0:
            before = first - 1
            if before > 0 and self._sign(before) in ("-", "־", "–") and self._touches(before):  # ב-12
                before -= 1
            if self._is("by", before):
                deadline = True
            elif self._is("from", before) and not self._is("on", before) and group[0].kind != "clock":
                past = True
            elif self._is_tag(before) or not (
                any(self._is(kind, before) for kind in ("on", "at", "this"))
                or (group[0].kind == "clock" and self._is("after", before))
            ):
                break
            first = before
        past = past or any(atom.kind == "past" for atom in group) or self._is("past", group[-1].last + 1)
        return TimePhrase(atoms=tuple(group), first=first, last=group[-1].last, deadline=deadline, past=past)

    # --- the pieces ---------------------------------------------------------------------------------------------------

    def _atom(self, at: int) -> Atom | None:
        if self._tokens[at].is_number:
            return self._date(at) or self._day_and_month(at) or self._clock(at)
        for rule in (self._phrase_word, self._duration, self._day_word, self._introduced_clock, self._month_and_day):
            if (atom := rule(at)) is not None:
                return atom
        return None

    def _number_of_a_day(self, at: int, before: Atom | None) -> Atom | None:
        """The number in "Friday the 13th", and in "tomorrow 14" where the clause ends behind it."""
        number = self._number(at)
        while before is not None and number is None and self._is("on", at) and at == before.last + 1:
            at, number = at + 1, self._number(at + 1)
            if number is None or not self._is("ordinal", at + 1):
                return None
        if number is None or before is None:
            return None
        ordinal = self._is("ordinal", at + 1) and self._tokens[at + 1].start == self._tokens[at].end
        if ordinal and before.kind == "weekday" and 1 <= number <= 31:
            return Atom(kind="date", first=before.last + 1, last=at + 1, values=(number, 0, 0))
        first, range_ = at, self._sign(at + 1) in ("-", "–") and self._touches(at + 1) and self._number(at + 2)
        if range_ and number < range_ <= 20:  # "tomorrow 14-16"
            at += 2
        ends = at + 1 == len(self._tokens) or self._sign(at + 1) in (",", ";", "#")
        if before.kind in ("day", "weekday") and before.last + 1 == first and ends and 7 <= number <= 20:
            return self._finished(first, at + 1, number, 0, self._tokens[first].text)
        return None

    def _phrase_word(self, at: int) -> Atom | None:
        for kind, made in (
            ("next_workday", "duration"), ("week_end", "end_of"), ("month_end", "end_of"), ("next_week", "week"),
            ("next_month", "end_of"),
        ):  # fmt: skip
            if found := self._find(kind, at):
                word = {"next_workday": "workdays", "next_week": "week"}.get(kind, kind)
                return Atom(kind=made, first=at, last=found[1] - 1, word=word, values=(1,))
        part, day = self._find("part", at), self._find("day", at)
        if part is not None and day is None:
            today = self._find("part_today", at)
            values = (1,) if today is not None and today[1] >= part[1] else ()
            return Atom(kind="part", first=at, last=part[1] - 1, word=str(part[0]), values=values)
        if found := self._find("day", at):
            return Atom(kind="day", first=at, last=found[1] - 1, values=(number_of(found[0]),))
        if found := self._find("past", at):
            return Atom(kind="past", first=at, last=found[1] - 1)
        return None

    def _day_word(self, at: int) -> Atom | None:
        next_ = self._find("next", at)
        begin = next_[1] if next_ else at
        found, sure, small = self._find("weekday", begin), True, False
        if found is None:
            found, sure = self._find("weak_weekday", begin), False
        if found is None:
            found, small = self._find("small_weekday", begin), True
        if found is None:
            found = self._find("weakest_weekday", begin)
            sure = found is not None and self._sign(begin - 1) in ("v", "vo")
            if found is None or not sure:
                return None
        end = found[1] + 1 if self._sign(found[1]) == "." and found[1] - begin == 1 else found[1]
        after, ahead = self._find("after_next", end), 0
        if next_ or after:
            ahead, end = 1, after[1] if after else end
        elif near := self._find("after_this", end):
            end = near[1]
        sure = sure or bool(next_) or end > found[1]
        if not sure and not self._weekday_is_meant(begin, end) and (small or not self._verb_before(begin)):
            return None
        return Atom(kind="weekday", first=at, last=end - 1, values=(number_of(found[0]), ahead))

    def _weekday_is_meant(self, at: int, end: int) -> bool:
        """Words like "so", "ne", "sat" and "ראשון" are days where "on" stands before them or a time behind."""
        if self._is("on", at - 1) or self._is("this", at - 1) or self._is("by", at - 1):
            return True
        if self._tokens[at].plain[0] in "בלה" and len(self._tokens[at].plain) > 3 and self._words.find(
            "weak_weekday", (replace(self._tokens[at], text=self._tokens[at].plain[1:], plain=self._tokens[at].plain[1:]),), 0
        ):  # fmt: skip
            return self._tokens[at].plain[0] != "ה"
        while self._sign(end) == ",":
            end += 1
        if end >= len(self._tokens):
            return False
        clock = self._clock(end) if self._tokens[end].is_number else self._introduced_clock(end)
        return clock is not None or self._date_behind(end) or self._find("part", end) is not None

    def _verb_before(self, at: int) -> bool:
        return any(
            (found := self._find(kind, begin)) is not None and found[1] == at
            for kind in ("call", "weak_call")
            for begin in range(max(0, at - 4), at)
        )

    def _date_behind(self, at: int) -> bool:
        return self._tokens[at].is_number and self._date(at) is not None


_ONE_DAY = {("weekday", "date"), ("date", "weekday"), ("weekday", "week"), ("week", "weekday")}


def _role(atom: Atom) -> str:
    return {"clock": "clock", "part": "part"}.get(atom.kind, "day")
