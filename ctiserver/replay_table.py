"""`replay --format table`: each call as a timeline that fits into 100 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from crm_store.activities import CallRecord
from crm_store.call_log import wire_time
from ctiserver.terminal_text import one_line
from pbx.calls import Call, CallLeg, QueueWait, Transfer
from pbx.timeline import Doing, Stretch, Timeline, cells

BAR = 16
_NAME = 14
_QUEUE = 30
_WIDTH = 100
_MARKS = {Doing.WAITING: "-", Doing.RINGING: "·", Doing.TALKING: "█", Doing.HOLDING: "░", Doing.PARKED: "p"}
_STYLES = {Doing.WAITING: "blue", Doing.RINGING: "yellow", Doing.TALKING: "green", Doing.HOLDING: "magenta"}
_INDENT = "  "


def table_lines(calls: Sequence[tuple[Call, CallRecord, Timeline]]) -> Iterator[Text]:
    """A legend, then for each call who and how, its queues, its legs, its transfers."""
    if not calls:
        return
    titles = _columns("", "rang", "answered", "ended", "ring", "talk", "hold", "result")
    yield Text(f"{titles} start to end", style="dim")
    yield Text(
        f"{_INDENT}all in seconds, + is from the start; - waits  · rings  █ talks  ░ on hold  p parked", style="dim"
    )
    for call, record, timeline in calls:
        yield Text()
        yield from _call_lines(call, record, timeline)


def _call_lines(call: Call, record: CallRecord, timeline: Timeline) -> Iterator[Text]:
    yield from head_lines(record)
    for wait in call.queues:
        stays = _stretch(Doing.WAITING, wait.joined_at, wait.left_at or _until(call))
        yield _line(_queue(call, wait), call, stays)
    for leg in call.legs:
        yield _line(_leg(call, leg), call, timeline.of_leg(leg.leg_id))
        if leg.via:
            yield _text(f"{_INDENT}  via {leg.via}")
    for transfer in call.transfers:
        yield _text(_transfer(call, transfer))
    if call.parked_s:
        yield _line(f"{_INDENT}parked {_seconds(call.parked_s)} s", call, timeline.parked)


def head_lines(record: CallRecord) -> Iterator[Text]:
    """Who called whom and when; how it ended, and how long each part took."""
    who = _text(" ".join(_who(record)), style="bold")
    who.truncate(_WIDTH, overflow="ellipsis")  # the caller's name stands last
    yield who
    yield _text(_INDENT + ", ".join(_how(record)))


def _who(record: CallRecord) -> Iterator[str]:
    yield record["id"]
    yield (record["started_at"] or "start unknown")[:19].replace("T", " ")
    yield record["direction"]
    remote = record["remote"]
    yield remote["display"] or remote["kind"]
    if record["did"]:
        yield f"→ {record['did']}"
    if remote["name"]:
        yield remote["name"]


def _how(record: CallRecord) -> Iterator[str]:
    yield record["outcome"] or f"still {record['state']}"
    if record["ended_by"]:
        yield f"ended by {record['ended_by']}"
    if record["hangup_cause"] is not None:
        yield f"cause {record['hangup_cause']}"
    if record["queue"]:
        yield f"queue {record['queue']}"
    for name in ("wait_s", "talk_s"):
        if record[name] is not None:
            yield f"{name.removesuffix('_s')} {_seconds(record[name])} s"
    if record["estimated"]:
        yield "estimated"
    if record["after_hours"]:
        yield "after hours"


def _queue(call: Call, wait: QueueWait) -> str:
    joined, left = (_from_start(call, at) for at in (wait.joined_at, wait.left_at))
    waited = f"waited {_seconds(wait.wait_s)} s, {wait.result.value if wait.result else 'open'}"
    return f"{_INDENT}queue {_short(wait.queue, _QUEUE)} joined {joined}, left {left}, {waited}"


def _transfer(call: Call, transfer: Transfer) -> str:
    words = f"{transfer.kind.value} by {transfer.by} to {transfer.to} at {_from_start(call, transfer.at)}"
    return f"{_INDENT}transfer {words}, {transfer.result.value if transfer.result else 'open'}"


def _leg(call: Call, leg: CallLeg) -> str:
    rang, answered, ended = (_from_start(call, at) for at in (leg.rang_at, leg.answered_at, leg.ended_at))
    ring, talk, hold = (_seconds(value) for value in (leg.ring_s, leg.talk_s, leg.hold_s))
    return _columns(leg.endpoint, rang, answered, ended, ring, talk, hold, leg.result.value if leg.result else "open")


def _columns(name: str, rang: str, answered: str, ended: str, ring: str, talk: str, hold: str, result: str) -> str:
    times = f"{rang:>9}{answered:>9}{ended:>9}{ring:>7}{talk:>7}{hold:>6}"
    return f"{_INDENT}{_short(name, _NAME):<{_NAME}}{times}  {result:<18}"


def _short(text: str, longest: int) -> str:
    plain = one_line(text)
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def _line(words: str, call: Call, stretches: Sequence[Stretch]) -> Text:
    """Words, and at the right edge the bar; words longer than their columns push it along."""
    return _text(f"{words} ".ljust(_BAR_AT)).append_text(_bar(call, stretches))


_BAR_AT = len(_columns("", "", "", "", "", "", "", "")) + 1


def _bar(call: Call, stretches: Sequence[Stretch]) -> Text:
    bar = Text()
    since, until = call.started_at, _until(call)
    if since is None or until is None:
        return bar
    for doing in cells(stretches, since, until, BAR):
        bar.append(_MARKS[doing] if doing else " ", style=_STYLES.get(doing, "") if doing else "")
    bar.rstrip()
    return bar


def _until(call: Call) -> float | None:
    """Its end; of a call that is open the last moment known."""
    return max(_moments(call), default=None)


def _moments(call: Call) -> Iterator[float]:
    known: list[Any] = [call.ended_at]
    known += [moment for leg in call.legs for moment in (leg.rang_at, leg.answered_at, leg.ended_at)]
    known += [moment for wait in call.queues for moment in (wait.joined_at, wait.left_at)]
    for start, seconds in ((call.answered_at, call.talk_s), (call.started_at, call.wait_s)):
        known += [start + seconds] if start is not None and seconds is not None else []
    return (moment for moment in known if moment is not None)


def _stretch(doing: Doing, since: float | None, until: float | None) -> tuple[Stretch, ...]:
    return () if since is None or until is None else (Stretch(doing, since, until),)


def _from_start(call: Call, at: float | None) -> str:
    """`+4.3`; a call whose start is not known shows the time of day."""
    if at is None:
        return "-"
    if call.started_at is None:
        return (wire_time(at) or "-")[11:19]
    return f"{at - call.started_at:+.1f}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _text(words: str, style: str = "") -> Text:
    return Text(one_line(words), style=style)
