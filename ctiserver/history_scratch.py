"""Sorts the lines of history files by call, in a scratch file: millions of lines, in any order, without holding them.

The rule: a line whose channel is a trunk belongs to the call of that channel, others to their Linkedid's, else to their Uniqueid's.
A trunk's channel that a line of its Linkedid led to (a call to the outside that was handed on) belongs to that Linkedid. Without any
id, lines of one channel that follow each other within a minute are one call. A queue_log's lines join the call of their callid.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from crm_store.call_history import CdrLine, Disposition, QueueEvent
from crm_store.call_history_times import time_of_uniqueid
from ctiserver.history_calls import CallHistory

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE lines (
    key TEXT, at REAL, until REAL, queued INTEGER, trunk INTEGER, uniqueid TEXT, linkedid TEXT, channel TEXT, dst TEXT,
    apart REAL, mark TEXT UNIQUE, content BLOB
);
"""
_GROUP = """
CREATE INDEX lines_dst ON lines (dst, at) WHERE dst IS NOT NULL;
CREATE INDEX lines_uniqueid ON lines (uniqueid) WHERE NOT queued;
UPDATE lines SET key = linkedid WHERE trunk AND linkedid <> uniqueid AND EXISTS (
    SELECT 1 FROM lines AS led WHERE led.dst = lines.channel AND led.linkedid = lines.linkedid);
UPDATE lines SET key = coalesce((SELECT cdr.key FROM lines AS cdr WHERE cdr.uniqueid = lines.uniqueid AND NOT cdr.queued), key)
    WHERE queued;
CREATE INDEX lines_key ON lines (key, at);
CREATE TABLE calls AS SELECT key, min(at) AS at FROM lines GROUP BY key;
CREATE INDEX calls_at ON calls (at, key);
"""
_CONSULTED = """
SELECT 1 FROM lines WHERE dst = ? AND key <> ? AND channel <> ? AND at BETWEEN ? AND ? LIMIT 1
"""
#: In quarters of an hour, as time zones are; the calls that most agree on, and all.
_APART = """
SELECT quarter * 900.0, count(*) AS calls, sum(count(*)) OVER () FROM (
    SELECT round(min(apart) / 900) AS quarter FROM lines WHERE apart IS NOT NULL GROUP BY uniqueid
) GROUP BY quarter ORDER BY calls DESC LIMIT 1
"""
_OF_CALL = "SELECT queued, content FROM lines WHERE key = ? ORDER BY at, rowid LIMIT ?"
#: A caller who waits for hours while twenty phones ring has some thousands.
MOST_LINES = 10_000
_NEAR_S = 2.0
_SAME_CALL_S = 60.0
_NO_ID = "without id "


class HistoryScratch:
    """`with HistoryScratch(file) as scratch:`. May raise sqlite3.Error, when the disk is full."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.executescript(_SCHEMA)
        file.unlink()  # it holds numbers and names: whatever kills us, it goes with us
        self._connection.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def add_line(self, line: CdrLine, *, trunk: bool) -> bool:
        """Keep a line; False when it is there already, because two files overlap."""
        own = line.uniqueid if trunk else None
        key = own or line.linkedid or line.uniqueid or f"{_NO_ID}{line.channel}"
        made_at = time_of_uniqueid(line.uniqueid)
        apart = None if made_at is None else line.started_at - made_at
        mark = (line.uniqueid, line.channel, line.dst_channel, line.started_at, line.ended_at, line.app, line.dialled)
        ids = (line.uniqueid, line.linkedid, line.channel, line.dst_channel)
        times = (line.started_at, line.ended_at)
        return self._insert((key, *times, False, trunk, *ids, apart, repr(mark), orjson.dumps(line)))

    def add_event(self, event: QueueEvent) -> bool:
        """Keep a queue's event; False when it is there already."""
        mark = (event.at, event.callid, event.queue, event.member, event.event, event.data)
        ids = (event.callid, None, None, None)
        return self._insert(
            (event.callid, event.at, event.at, True, False, *ids, None, repr(mark), orjson.dumps(event))
        )

    def _insert(self, row: tuple[object, ...]) -> bool:
        statement = "INSERT OR IGNORE INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        return self._connection.execute(statement, row).rowcount == 1

    def group(self) -> int:
        """After the last line: sort them by call; how many groups there are."""
        self._connection.execute("COMMIT")
        self._connection.executescript(_GROUP)
        return int(self._connection.execute("SELECT count(*) FROM calls").fetchone()[0])

    def span(self) -> tuple[float, float] | None:
        """The first and the last moment that the lines tell of."""
        first, last = self._connection.execute("SELECT min(at), max(until) FROM lines").fetchone()
        return None if first is None else (first, last)

    def clocks_apart(self) -> float | None:
        """By how many seconds most calls begin before or after the time in their Uniqueid: a wrong time zone shows here."""
        apart, calls, all_calls = self._connection.execute(_APART).fetchone() or (0.0, 0, 0)
        return apart if apart and calls * 2 > all_calls else None

    def histories(self) -> Iterator[CallHistory]:
        """Each call's lines, calls by their beginning; a consultation that became part of another call is left out."""
        for (key,) in self._connection.execute("SELECT key FROM calls ORDER BY at, key"):
            rows = self._connection.execute(_OF_CALL, (key, MOST_LINES))
            lines: list[CdrLine] = []
            events: list[QueueEvent] = []
            for queued, content in rows:
                values = orjson.loads(content)
                if queued:
                    events.append(QueueEvent(**{**values, "data": tuple(values["data"])}))
                else:
                    lines.append(CdrLine(**{**values, "disposition": Disposition(values["disposition"])}))
            yield from (
                _without_ids(lines)
                if key.startswith(_NO_ID)
                else [CallHistory(lines=tuple(lines), events=tuple(events))]
            )

    def is_consultation(self, history: CallHistory) -> bool:
        """Whether somebody else talks on, at its end, with whom this colleague had called: an attended transfer."""
        return any(self._joined(line) for line in history.lines if line.dst_channel)

    def _joined(self, line: CdrLine) -> bool:
        key = line.linkedid or line.uniqueid or f"{_NO_ID}{line.channel}"
        near = (line.ended_at - _NEAR_S, line.ended_at + _NEAR_S)
        wanted = (line.dst_channel, key, line.channel, *near)
        return self._connection.execute(_CONSULTED, wanted).fetchone() is not None


def _without_ids(lines: list[CdrLine]) -> Iterator[CallHistory]:
    """Asterisk begins anew to number its channels when it starts, so one name is many calls' in time."""
    part: list[CdrLine] = []
    for line in lines:
        if part and line.started_at > max(one.ended_at for one in part) + _SAME_CALL_S:
            yield CallHistory(lines=tuple(part))
            part = []
        part.append(line)
    if part:
        yield CallHistory(lines=tuple(part))
