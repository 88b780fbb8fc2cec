"""Reads history files line by line into the scratch: each tells by its first lines whether it is a CDR or a queue_log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crm_store.call_history import decoded, numbered_lines
from crm_store.call_history_cdr import CdrForm, cdr_form, cdr_line
from crm_store.call_history_queue_log import looks_like_queue_log, queue_event
from crm_store.call_history_times import LocalClock
from crm_store.customer_import import Reject
from crm_store.errors import InvalidInput
from ctiserver.cli_output import USAGE, CommandFailed
from ctiserver.history_scratch import HistoryScratch

#: So many lines may be broken before one tells what the file is.
_TRIED = 100
#: So many rejects are named; the others are counted.
NAMED_REJECTS = 1000
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """How the files are written. `columns`: of a file without header that no known form fits."""

    clock: LocalClock
    encoding: str
    columns: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class NamedLine:
    file: str
    line: int
    reason: str


@dataclass(slots=True)
class ReadReport:
    """What came of the lines."""

    used: int = 0
    repeated: int = 0  # in two files that overlap
    others: int = 0  # pauses, log-ins, reloads
    rejected_lines: int = 0
    rejected: list[NamedLine] = field(default_factory=list)
    doubts: list[NamedLine] = field(default_factory=list)

    def reject(self, file: str, line: int, reason: str) -> None:
        self.rejected_lines += 1
        if len(self.rejected) < NAMED_REJECTS:
            self.rejected.append(NamedLine(file, line, reason))


def read_history(
    files: Sequence[Path],
    form: HistoryFile,
    scratch: HistoryScratch,
    *,
    is_trunk: Callable[[str], bool],
    on_bytes: Callable[[int], Callable[[int], None]],
) -> ReadReport:
    """Read all files. One that cannot be opened or is neither a CDR nor a queue_log fails before anything is written."""
    report = ReadReport()
    try:
        advance = on_bytes(sum(file.stat().st_size for file in files))
        for file in files:
            _Reader(file, form, scratch, report, is_trunk).read(advance)
    except OSError as error:
        raise CommandFailed(f"{error.filename}: {error.strerror}", code=USAGE) from None
    return report


class _Reader:
    """One file."""

    def __init__(
        self,
        file: Path,
        form: HistoryFile,
        scratch: HistoryScratch,
        report: ReadReport,
        is_trunk: Callable[[str], bool],
    ) -> None:
        self._file = file
        self._form = form
        self._scratch = scratch
        self._report = report
        self._is_trunk = is_trunk
        self._take: Callable[[str, int], bool | None] | None = None

    def read(self, advance: Callable[[int], None]) -> None:
        self._take = self._way_to_read()
        with self._file.open("rb") as stream:
            for number, line in numbered_lines(stream):
                if isinstance(line, Reject):
                    self._report.reject(self._file.name, number, line.reason)
                elif line.strip():
                    self._use(line, number)
                    advance(len(line) + 1)

    def _use(self, line: bytes, number: int) -> None:
        try:
            kept = self._take(decoded(line, self._form.encoding), number) if self._take else None
        except InvalidInput as problem:
            self._report.reject(self._file.name, number, f"{problem.field}: {problem}")
        else:
            self._report.others += kept is None
            self._report.used += kept is True
            self._report.repeated += kept is False

    def _way_to_read(self) -> Callable[[str, int], bool | None]:
        """By the first line that says what the file is. Raises CommandFailed."""
        with self._file.open("rb") as stream:
            if stream.read(2) in _UTF16:
                raise CommandFailed(f"{self._file}: is UTF-16; save it as UTF-8.", code=USAGE)
            stream.seek(0)
            for number, line in numbered_lines(stream):
                if number > _TRIED:
                    break
                text = "" if isinstance(line, Reject) else line.decode(self._form.encoding, "replace")
                way = self._way_of(text, number) if text.strip() else None
                if way is not None:
                    return way
        raise CommandFailed(f"{self._file}: is neither a CDR as CSV nor a queue_log.", code=USAGE)

    def _way_of(self, text: str, number: int) -> Callable[[str, int], bool | None] | None:
        if looks_like_queue_log(text):
            return self._event
        try:
            form = cdr_form(text, columns=self._form.columns)
        except InvalidInput as problem:
            raise CommandFailed(f"{self._file} line {number}: {problem}", code=USAGE) from None
        return self._line_of(form, number) if form is not None else None

    def _event(self, text: str, number: int) -> bool | None:
        event = queue_event(text, number, latest=self._form.clock.latest)
        return None if event is None else self._scratch.add_event(event)

    def _line_of(self, form: CdrForm, header: int) -> Callable[[str, int], bool | None]:
        def take(text: str, number: int) -> bool | None:
            if form.header and number == header:
                return None
            found = cdr_line(text, number, form, self._form.clock)
            if found.doubt is not None and len(self._report.doubts) < NAMED_REJECTS:
                self._report.doubts.append(NamedLine(self._file.name, number, found.doubt))
            if found.cdr.app == "AgentLogin":  # a shift with an open line: each call of it has lines of its own
                return None
            return self._scratch.add_line(found.cdr, trunk=self._is_trunk(found.cdr.channel))

        return take
