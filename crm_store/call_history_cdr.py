"""Lines of a CDR file: Asterisk's Master.csv in each of its forms, or with a header line, as FreePBX and databases export it."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_store.call_history import CdrLine, Disposition, checked_key
from crm_store.call_history_times import LocalClock
from crm_store.errors import InvalidInput
from crm_store.spreadsheet_text import plain_text

_FORMS: Mapping[str, str] = {
    "cdr_csv": "accountcode src dst dcontext clid channel dstchannel lastapp lastdata start answer end duration billsec "
    "disposition amaflags",
    "newcdrcolumns": "peeraccount linkedid sequence",
    "cdr_custom": "clid src dst dcontext channel dstchannel lastapp lastdata start answer end duration billsec "
    "disposition amaflags accountcode uniqueid userfield sequence",
}
_CSV, _NEW_COLUMNS, _CUSTOM = (columns.split() for columns in _FORMS.values())
#: What headers are called elsewhere.
_ALIASES = {
    "calldate": "start", "starttime": "start", "date": "start", "endtime": "end", "answertime": "answer",
    "source": "src", "destination": "dst", "callerid": "clid", "sourcechannel": "channel", "srcchannel": "channel",
    "destinationchannel": "dstchannel", "app": "lastapp", "application": "lastapp", "status": "disposition",
    "billableseconds": "billsec", "recordingfile": "recordingfile",
}  # fmt: skip
COLUMNS = frozenset({*_CSV, *_NEW_COLUMNS, *_CUSTOM, "did", "cnum", "cnam"})
_NEEDED = ("start", "channel", "disposition")
_SEPARATORS = (",", ";", "\t")
_EMPTY = frozenset({"NULL", "\\N"})  # as MySQL writes nothing
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d|\d{9,10}\.\d{3,6}$")
_UNIQUEID = re.compile(r"(?:.+-)?\d{9,10}\.\d+")
_NAMED_NUMBER = re.compile(r'"?(?P<name>.*?)"?\s*<(?P<number>[^<>]*)>\s*')
_DISPOSITIONS = {word.value.replace(" ", ""): word for word in Disposition}


@dataclass(frozen=True, slots=True, kw_only=True)
class CdrForm:
    """How one file writes its lines. `columns` None: Master.csv, where each line tells its form itself."""

    separator: str
    columns: tuple[str | None, ...] | None
    header: bool  # the first line names the columns


@dataclass(frozen=True, slots=True)
class ReadLine:
    cdr: CdrLine
    doubt: str | None  # about its time


def cdr_form(line: str, *, columns: Sequence[str] | None = None) -> CdrForm | None:
    """The form of the file that has this line first; None if it is no CDR. Raises InvalidInput for a header that lacks something."""
    separator = _separator(line)
    if columns is not None:
        _check_columns(columns)
        return CdrForm(separator=separator, columns=tuple(name or None for name in columns), header=False)
    try:
        cells = _cells(line, separator)
    except InvalidInput:
        return None
    named = [_column(cell) for cell in cells]
    if len({*_CSV, "cnum", "did"}.intersection(named)) >= 3:
        _check_columns([name for name in named if name])
        return CdrForm(separator=separator, columns=tuple(named), header=True)
    if _time_at(cells) is None:
        return None
    return CdrForm(separator=separator, columns=None, header=False)


def cdr_line(text: str, line: int, form: CdrForm, clock: LocalClock) -> ReadLine:
    """What a line says. Raises InvalidInput with the field that cannot be used."""
    cells = _cells(text, form.separator, len(form.columns) if form.columns else None)
    columns = form.columns or _master_columns(cells)
    if len(cells) != len(columns):
        raise InvalidInput("line", f"{len(cells)} cells, but there are {len(columns)} columns.")
    named = {name: _plain(cell) for name, cell in zip(columns, cells, strict=True) if name}
    return _line(named, line, clock)


def _separator(line: str) -> str:
    """The sign that separates most, outside of quotes."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(_SEPARATORS, key=bare.count)


def _cells(text: str, separator: str, wanted: int | None = None) -> list[str]:
    """The cells of one line; a line ends at its end, so a quote left open cannot swallow the next ones."""
    if separator == "\t":  # mysql --batch quotes nothing
        return [_unquoted(cell) for cell in text.split("\t")]
    cells = _csv_cells(text, separator, strict=True)
    if cells is None:
        # Written without CSV_QUOTE: the caller's "Name" <number> stands as it is.
        cells = _csv_cells(text, separator, strict=False)
    if cells is None or (wanted is not None and len(cells) != wanted and text.count('"') % 2):
        raise InvalidInput("line", "quotes that do not match.")
    return cells


def _csv_cells(text: str, separator: str, *, strict: bool) -> list[str] | None:
    try:
        return next(csv.reader([text], delimiter=separator, strict=strict), [])
    except csv.Error:
        return None


def _unquoted(cell: str) -> str:
    inner = cell[1:-1]
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if quoted else cell


def _plain(cell: str) -> str:
    text = plain_text(cell).strip()
    return "" if text in _EMPTY else text


def _column(header: str) -> str | None:
    folded = "".join(ch for ch in header.casefold() if ch.isalnum())
    name = _ALIASES.get(folded, folded)
    return name if name in COLUMNS else None


def _check_columns(columns: Sequence[str]) -> None:
    unknown = [name for name in columns if name and name not in COLUMNS]
    if unknown:
        raise InvalidInput("columns", f"{unknown[0][:40]!r} is none of {', '.join(sorted(COLUMNS))}.")
    missing = [name for name in _NEEDED if name not in columns]
    if not {"duration", "end"}.intersection(columns):
        missing.append("duration")
    if missing:
        raise InvalidInput("columns", f"There is no column {', '.join(missing)}.")


def _time_at(cells: Sequence[str]) -> int | None:
    """Where Master.csv has the start: the ninth or the tenth cell."""
    return next((place for place in (8, 9) if place < len(cells) and _TIME.match(cells[place])), None)


def _master_columns(cells: Sequence[str]) -> tuple[str | None, ...]:
    """The form of one line of Master.csv: it changes in mid-file when somebody changes cdr.conf."""
    place, more = _time_at(cells), len(cells) - len(_CSV)
    if place == 8 and len(_CUSTOM) - 1 <= len(cells) <= len(_CUSTOM):
        return tuple(_CUSTOM[: len(cells)])
    if place != 9 or not 0 <= more <= 5:
        raise InvalidInput("line", f"{len(cells)} cells are no line of cdr_csv; name them with --columns.")
    new = _NEW_COLUMNS if more >= 3 else []
    return (*_CSV, *_id_columns(cells, more - len(new)), *new)


def _id_columns(cells: Sequence[str], count: int) -> list[str]:
    """loguniqueid, loguserfield, both or none."""
    if count == 1:
        return ["uniqueid" if _UNIQUEID.fullmatch(cells[len(_CSV)]) else "userfield"]
    return ["uniqueid", "userfield"][:count]


def _line(named: Mapping[str, str], line: int, clock: LocalClock) -> ReadLine:
    uniqueid = checked_key(named.get("uniqueid", ""), "uniqueid")
    linkedid = checked_key(named.get("linkedid", ""), "linkedid")
    start = clock.started(named["start"], uniqueid)
    ended_at = _ended(named, start.at, clock)
    number, name = _caller(named)
    cdr = CdrLine(
        line=line,
        started_at=start.at,
        answered_at=_answered(named, start.at, ended_at, clock),
        ended_at=ended_at,
        number=number,
        name=name,
        dialled=named.get("dst", ""),
        did=named.get("did") or None,
        channel=_channel(named["channel"]),
        dst_channel=named.get("dstchannel") or None,
        app=named.get("lastapp", ""),
        app_data=named.get("lastdata", ""),
        disposition=_disposition(named["disposition"]),
        uniqueid=uniqueid,
        linkedid=linkedid,
    )
    return ReadLine(cdr, start.doubt)


def _ended(named: Mapping[str, str], start: float, clock: LocalClock) -> float:
    duration = _seconds(named, "duration")
    if not named.get("end"):
        return start + (duration or 0.0)
    ended_at = clock.near("end", named["end"], start + (duration or 0.0))
    if ended_at < start:
        raise InvalidInput("end", "The call ends before it begins.")
    return ended_at


def _answered(named: Mapping[str, str], start: float, ended_at: float, clock: LocalClock) -> float | None:
    billed = _seconds(named, "billsec")
    if named.get("answer"):
        answered_at = clock.near("answer", named["answer"], ended_at - (billed or 0.0))
        if not start <= answered_at <= ended_at:
            raise InvalidInput("answer", "The call is answered before it begins or after it ends.")
        return answered_at
    if "answer" in named or not billed:  # an empty cell says that nobody answered
        return None
    return max(start, ended_at - billed)


def _seconds(named: Mapping[str, str], field: str) -> float | None:
    text = named.get(field, "")
    if not text:
        return None
    if not re.fullmatch(r"\d{1,8}(?:\.\d{1,6})?", text):
        raise InvalidInput(field, f"{text[:40]!r} is not a number of seconds.")
    return float(text)


def _channel(text: str) -> str:
    if "/" not in text or not text.isprintable():
        raise InvalidInput("channel", f"{text[:40]!r} is not a channel like PJSIP/1001-0000002a.")
    return text


def _disposition(text: str) -> Disposition:
    found = _DISPOSITIONS.get(text.upper().replace(" ", ""))
    if found is None:
        raise InvalidInput("disposition", f"{text[:40]!r} is none of {', '.join(Disposition)}.")
    return found


def _caller(named: Mapping[str, str]) -> tuple[str | None, str | None]:
    """The caller's number and name: FreePBX's own columns, else what the caller ID says."""
    told = _NAMED_NUMBER.fullmatch(named.get("clid", ""))
    number = named.get("cnum") or named.get("src") or (told["number"] if told else named.get("clid"))
    name = named.get("cnam") or (told["name"] if told else None)
    return number or None, name or None
