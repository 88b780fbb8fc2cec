"""What one line of an agent's note means beside being a note: an outcome, tags, and something to do with its time.

The line itself always stays as typed. Only what is sure becomes anything: a verb at the beginning of a clause or beside its time,
a tag, a phrase like "wrong number". "The customer will call tomorrow" and "invoice of 24.12." are notes and nothing else.

These are rules of our own and no general date library: dateparser reads "invoice 4312" as the year 4312 and misses "מחר ב-10", takes
10 to 250 ms for a line where this takes about one, and half a second of import.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from crm_store.capture_moment import BusinessHours, moment_of
from crm_store.capture_text import Token, Vocabulary, tokens_of
from crm_store.capture_times import TimePhrase, time_phrases
from crm_store.capture_words_ar import ARABIC
from crm_store.capture_words_en import ENGLISH
from crm_store.capture_words_he import HEBREW
from crm_store.capture_words_pl import POLISH
from crm_store.capture_words_sk import SLOVAK
from crm_store.search_text import fold
from crm_store.working_days import WorkingDays

LANGUAGES = {"en": ENGLISH, "sk": SLOVAK, "pl": POLISH, "he": HEBREW, "ar": ARABIC}
#: A longer line is prose: it is kept as a note and not read.
LONGEST_LINE = 300
_LONGEST_TITLE = 200
_LONGEST_TAG = 50
_MOST_TAGS = 10
_TAG = re.compile(r"(?<![^\s(,;])#([^\W_][\w\-]*)")
_CLAUSE_SIGNS = frozenset(".,;:!?–—-()+/|•*>&")
#: Of several times, the one behind so many words is the verb's: "call him tomorrow re 10.12."
_NEAR = 3
_USUAL = BusinessHours()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From `start` up to and without `end`, counted in characters of the line."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedOutcome:
    code: str  # one of activities.DISPOSITIONS
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedTag:
    name: str  # as typed, without the #
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedTask:
    """Something to do. `due_at` is UTC, after the `now` it was read at; None: no time was given, or none that is to come."""

    kind: str  # callback, todo
    title: str  # the line without its time and tags
    due_at: datetime | None
    spans: tuple[Span, ...]  # the verb, the time


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What a line becomes. Its parts are named "outcome", "task" and "tag:…"."""

    text: str  # as typed
    outcome: CapturedOutcome | None = None
    tags: tuple[CapturedTag, ...] = ()
    task: CapturedTask | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of what there is."""
        named = [name for name, part in (("outcome", self.outcome), ("task", self.task)) if part is not None]
        return (*named, *(f"tag:{tag.name}" for tag in self.tags))

    def without(self, removed: Collection[str]) -> Captured:
        """The same line without the parts of these names."""
        return replace(
            self,
            outcome=None if "outcome" in removed else self.outcome,
            task=None if "task" in removed else self.task,
            tags=tuple(tag for tag in self.tags if f"tag:{tag.name}" not in removed),
        )


def parse(
    text: str,
    *,
    language: str,
    now: datetime,
    zone: ZoneInfo,
    days: WorkingDays | None = None,
    hours: BusinessHours = _USUAL,
) -> Captured:
    """Read one line. Words of all five languages are known; where two differ, `language` wins. `now` is aware; `days` are
    the working days of the territory for the next two years. Never raises for whatever is typed."""
    if len(text) > LONGEST_LINE or "\n" in text:
        return Captured(text=text)
    words, tokens = vocabulary(language), tokens_of(text)
    tags = tags_of(text)
    phrases = time_phrases(text, tokens, words)
    clauses = _Clauses(text, tokens, words, phrases)
    outcome = _outcome(tags, clauses, words)
    wish = _wish(clauses, tags, words)
    task = None
    if wish is not None:
        due = None
        if wish.times:
            due = moment_of(_as_one(wish.times), now=now, zone=zone, days=days or WorkingDays(), hours=hours)
        task = _task(text, tokens, wish, due, tags)
        if task is not None and task.kind == "callback" and outcome is None and not clauses.contradicted(tags, words):
            outcome = CapturedOutcome(code="callback", span=task.spans[0])
    return Captured(text=text, outcome=outcome, tags=tags, task=task)


@lru_cache(maxsize=16)
def vocabulary(language: str) -> Vocabulary:
    """The words of all languages, this one's first."""
    first = [language] if language in LANGUAGES else []
    return Vocabulary([LANGUAGES[code] for code in (*first, *(code for code in LANGUAGES if code != language))])


# --- tags and outcomes --------------------------------------------------------------------------------------------------------


def tags_of(text: str) -> tuple[CapturedTag, ...]:
    """The tags of a line or of a whole note: #tag at the beginning of a word. #4312 is a number, and a tag said twice is one."""
    found: dict[str, CapturedTag] = {}
    for match in _TAG.finditer(text):
        name = match.group(1).rstrip("-_")
        if any(sign.isalpha() for sign in name) and len(name) <= _LONGEST_TAG:
            span = Span(start=match.start(), end=match.start() + 1 + len(name))
            found.setdefault(fold(name), CapturedTag(name=name, span=span))
    return tuple(found.values())[:_MOST_TAGS]


def _outcome(tags: Sequence[CapturedTag], clauses: _Clauses, words: Vocabulary) -> CapturedOutcome | None:
    """What a tag says, else what a clear phrase says; two different ones say nothing."""
    tagged = _tagged(tags, words)
    for found in (tagged, clauses.outcomes()):
        codes = {outcome.code for outcome in found}
        if len(codes) == 1:
            return found[0]
        if codes:
            return None
    return None


def _tagged(tags: Iterable[CapturedTag], words: Vocabulary) -> list[CapturedOutcome]:
    named = [(words.word("tag", tag.name), tag.span) for tag in tags]
    return [CapturedOutcome(code=str(code), span=span) for code, span in named if code is not None]


# --- what is to be done -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    kind: str
    span: Span
    times: tuple[TimePhrase, ...]  # a day and, elsewhere in the line, its hour are two
    marked: bool = False  # by a word that is no part of the title: "todo:"


def _wish(clauses: _Clauses, tags: Sequence[CapturedTag], words: Vocabulary) -> _Wish | None:
    """The first sure verb of the line, with its time."""
    for at in range(len(clauses.tokens)):
        if (wish := clauses.wish(at)) is not None:
            return wish
    for tag in tags:
        kind = "callback" if words.word("tag", tag.name) == "callback" else None
        kind = kind or ("todo" if words.word("task", tag.name) is not None else None)
        if kind is not None:
            return _Wish(kind=kind, span=tag.span, times=clauses.whole(clauses.only_time()))
    return None


class _Clauses:
    """The line as clauses: where a verb may stand, and which time is its own."""

    def __init__(self, text: str, tokens: Sequence[Token], words: Vocabulary, phrases: Sequence[TimePhrase]) -> None:
        self.text, self.tokens, self.words = text, tokens, words
        self.phrases = [phrase for phrase in phrases if not phrase.past and _is_time(phrase)]
        self._timed = {at: phrase for phrase in phrases for at in range(phrase.first, phrase.last + 1)}

    def wish(self, at: int) -> _Wish | None:
        """What is to be done, when the word at this place says so."""
        if self._refused(at):
            return None
        for kind, name, strong in (
            ("task", "todo", True), ("call", "callback", True), ("weak_call", "callback", False), ("todo", "todo", False),
        ):  # fmt: skip
            found = self.words.find(kind, self.tokens, at)
            if found is None:
                continue
            begins, end = self._begins_clause(at), found[1]
            if end in self._timed and self._timed[end].past:
                continue  # "called back yesterday"
            time = self._time_for(at, end)
            if self._tells(kind, end, time) or self._counts(kind, end):
                continue
            beside = time is not None and (end == time.first or time.last + 1 == at)
            # Anywhere else in the line a verb may be somebody else's: "he wanted to call".
            sure = (begins and (strong or time is not None)) or (strong and beside and kind == "call")
            if sure and not (kind == "todo" and time is None):
                span = Span(start=self.tokens[at].start, end=self.tokens[end - 1].end)
                return _Wish(kind=name, span=span, times=self.whole(time), marked=kind == "task")
        return None

    def _tells(self, kind: str, end: int, time: TimePhrase | None) -> bool:
        """What follows says what was or is: "email bounced on Monday", "اتصل العميل". A sure verb is asked only about the next word."""
        behind = [end]
        if time is not None and kind in ("weak_call", "todo"):
            behind += [*range(end + 1, time.first), time.last + 1]
        return any(self.words.find(told, self.tokens, at) for at in behind for told in ("state", "third", "not"))

    def _counts(self, kind: str, end: int) -> bool:
        """ "Task 12" is the name of something, and "update:" a heading."""
        behind = self.tokens[end] if end < len(self.tokens) else None
        return behind is not None and ((kind == "task" and behind.is_number) or (kind == "todo" and behind.text == ":"))

    def only_time(self) -> TimePhrase | None:
        """The one time of the line; of two nobody knows which is meant, unless one is a day and the other its hour."""
        sure = [phrase for phrase in self.phrases if _is_sure(phrase)]
        if len(sure) == 2 and len({_has_day(phrase) for phrase in sure}) == 2:
            return next(phrase for phrase in sure if _has_day(phrase))
        return sure[0] if len(sure) == 1 else None

    def whole(self, time: TimePhrase | None) -> tuple[TimePhrase, ...]:
        """This time, and the one hour (or day) that stands elsewhere: "tomorrow Mr Novák at 15:30"."""
        if time is None:
            return ()
        if _has_day(time):
            if time.of("clock", "part", "end_of") is not None or _lasts(time):
                return (time,)
            more = [one for one in self.phrases if not _has_day(one) and (_is_sure(one) or self._ends_clause(one))]
        else:
            more = [one for one in self.phrases if _has_day(one) and not one.of("clock", "part") and not _lasts(one)]
        return (time, *more) if len(more) == 1 else (time,)

    def _ends_clause(self, phrase: TimePhrase) -> bool:
        end = phrase.last + 1
        return end == len(self.tokens) or self.tokens[end].text in _CLAUSE_SIGNS or self.tokens[end].text == "#"

    def outcomes(self) -> list[CapturedOutcome]:
        """Phrases that say how the call ended, at the beginning of a clause."""
        found = []
        for at in range(len(self.tokens)):
            phrase = self.words.find("outcome", self.tokens, at)
            if phrase is None or not self._begins_clause(at, subject=True) or self._denied(at):
                continue
            if any(token.text in "?؟" for token in self.tokens[phrase[1] : phrase[1] + 1]):
                continue  # "solved?"
            if self.words.find("state", self.tokens, phrase[1]):
                continue  # "objednal sa": he has an appointment
            span = Span(start=self.tokens[at].start, end=self.tokens[phrase[1] - 1].end)
            found.append(CapturedOutcome(code=str(phrase[0]), span=span))
        return found

    def contradicted(self, tags: Sequence[CapturedTag], words: Vocabulary) -> bool:
        """Something was said about the outcome, but not one thing."""
        return len({one.code for one in [*_tagged(tags, words), *self.outcomes()]}) > 1

    # --- where a word stands ------------------------------------------------------------------------------------------

    def _begins_clause(self, at: int, *, subject: bool = False) -> bool:
        """First in the line or behind a sign, or behind a time that is first; for an outcome also behind who did it."""
        before = at - 1
        while before >= 0 and before in self._timed:
            before = self._timed[before].first - 1
        if before >= 0 and subject and self.words.find("third", self.tokens[before : before + 1], 0):
            return self._begins_clause(before)
        return before < 0 or self.tokens[before].text in _CLAUSE_SIGNS or self._ends_tag(before)

    def _ends_tag(self, at: int) -> bool:
        start = self.text.rfind(" ", 0, self.tokens[at].end) + 1
        return bool(tags_of(self.text[start : self.tokens[at].end]))

    def _refused(self, at: int) -> bool:
        """Not to be done, or somebody else's doing; or the word is part of a tag."""
        before = self.tokens[at - 1] if at else None
        if before is not None and before.text in ("#", "_", "-") and before.end == self.tokens[at].start:
            return before.text != "-" or (at > 1 and self.tokens[at - 2].end == before.start)
        return self._behind("third", at) or self._denied(at) or self.words.find("no_verb", self.tokens, at) is not None

    def _denied(self, at: int) -> bool:
        return self._behind("not", at)

    def _behind(self, kind: str, at: int) -> bool:
        """A phrase of this kind ends where this word begins, or goes over it: "لا تتصل"."""
        begins = range(max(0, at - 3), at)
        return any((found := self.words.find(kind, self.tokens, begin)) and found[1] >= at for begin in begins)

    def _time_for(self, at: int, end: int) -> TimePhrase | None:
        """The time beside the verb, else the only one of the line. A bare "at 10" is a time only beside it."""
        for phrase in self.phrases:
            if phrase.first == end or phrase.last + 1 == at:
                return phrase
        near = [one for one in self.phrases if end < one.first <= end + _NEAR and _is_sure(one)]
        return self.only_time() or (near[0] if near else None)


def _is_time(phrase: TimePhrase) -> bool:
    return phrase.of("date", "day", "weekday", "week", "clock", "part", "duration", "end_of") is not None


def _has_day(phrase: TimePhrase) -> bool:
    return phrase.of("date", "day", "weekday", "week", "duration", "end_of") is not None


def _lasts(phrase: TimePhrase) -> bool:
    """In two hours: that is a moment already."""
    duration = phrase.of("duration")
    return duration is not None and duration.word in ("minutes", "hours")


def _as_one(times: Sequence[TimePhrase]) -> TimePhrase:
    atoms = tuple(atom for time in times for atom in time.atoms)
    return replace(times[0], atoms=atoms, deadline=any(time.deadline for time in times))


def _is_sure(phrase: TimePhrase) -> bool:
    """More than "at 10" or "evening" alone."""
    return any(atom.sure for atom in phrase.atoms) or len(phrase.atoms) > 1


def _task(
    text: str, tokens: Sequence[Token], wish: _Wish, due: datetime | None, tags: Sequence[CapturedTag]
) -> CapturedTask | None:
    spans = [wish.span]
    spans += [Span(start=tokens[time.first].start, end=tokens[time.last].end) for time in wish.times]
    if due is None and wish.kind == "todo" and not wish.marked and wish.times:
        return None  # a time that is over or that no calendar has: nothing was agreed
    gone = [*(spans[1:] if due is not None else []), *(tag.span for tag in tags), *([wish.span] if wish.marked else [])]
    title = _without(text, gone)
    if not title and wish.kind == "todo":
        return None
    return CapturedTask(kind=wish.kind, title=title, due_at=due, spans=tuple(spans))


def _without(text: str, gone: Iterable[Span]) -> str:
    """The rest of the line as a title, at most as long as a title may be."""
    kept, at = [], 0
    for span in sorted(gone, key=lambda one: one.start):
        kept.append(text[at : span.start])
        at = max(at, span.end)
    rest = " ".join(" ".join([*kept, text[at:]]).split())
    rest = re.sub(r"\s+([,;.:!?])", r"\1", rest)
    rest = re.sub(r"([,;])(?:\s*[,;.])+", r"\1", rest).strip(" ,;:-–—.")
    return rest[:_LONGEST_TITLE].rstrip()
