"""`replay`: raw AMI captures → call records, by the very code of the live service."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from crm_store.activities import CallRecord
from crm_store.call_log import CallNumbering, call_record, wire_time
from ctiserver.cli_output import USAGE, CommandFailed, note
from ctiserver.settings import PbxSettings, Settings
from ctiserver.terminal_text import json_line, one_line
from pbx.asterisk.ami_capture import CaptureNote, read_capture
from pbx.asterisk.ami_events import ParseProblem
from pbx.call_events import Anomaly, CallEvent
from pbx.calls import Call, CallId
from pbx.events import PbxName
from pbx.pbx_state import PbxState

_PIPED_WIDTH = 200  # nobody's window: columns are not cut


@dataclass(slots=True)
class _Replay:
    """One capture, folded."""

    name: str
    pbx: PbxSettings
    calls: dict[CallId, Call] = field(default_factory=dict)  # in the order of their first events
    steps: list[tuple[CallId, CallEvent]] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)


def run_replay(captures: Sequence[str], settings: Settings, *, table: bool, explain: str | None) -> None:
    """Print one record for each call, in the order started_at, argument, first event."""
    chosen = [_chosen(argument, settings) for argument in captures]
    replays = [_folded(name, path, settings.pbx[name], keep_steps=explain is not None) for name, path in chosen]
    if explain is not None:
        _print_steps(explain, replays)
        return
    records = _in_order(replays, settings)
    if table:
        _print_table(records)
    else:
        for record in records:
            sys.stdout.write(json_line(record) + "\n")
    sys.stdout.flush()


def _chosen(argument: str, settings: Settings) -> tuple[str, str]:
    """`brno=morning.ami` → PBX and path; without a name the first PBX."""
    name, separator, path = argument.partition("=")
    if separator and name in settings.pbx:
        return name, path
    if separator and not Path(argument).exists():
        raise CommandFailed(f"{argument}: the configuration has no [pbx.{name}].", code=USAGE)
    first = next(iter(settings.pbx), None)
    if first is None:
        raise CommandFailed("The configuration has no [pbx.NAME] section.", code=USAGE)
    return first, argument


def _folded(name: str, path: str, pbx: PbxSettings, *, keep_steps: bool) -> _Replay:
    replay = _Replay(name, pbx)
    state = PbxState(PbxName(name), pbx.device_plan(), clock_from_arrival=False, queues=pbx.queues)
    try:
        with _opened(path) as capture:
            for happened in _events(capture, state, replay):
                _take(happened, replay, keep_steps=keep_steps)
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror or error}", code=USAGE) from None
    for problem, count in replay.problems.items():
        note(f"{path}: {problem}" + (f" ({count} times)" if count > 1 else ""))
    return replay


def _opened(path: str) -> BinaryIO:
    return sys.stdin.buffer if path == "-" else Path(path).open("rb")


def _events(capture: BinaryIO, state: PbxState, replay: _Replay) -> Iterator[CallEvent]:
    now = 0.0  # the capture's own clock: its newest Timestamp
    for item in read_capture(capture):
        match item:
            case CaptureNote(text=text):
                replay.problems[text] += 1
            case ParseProblem(event=event, reason=reason):
                replay.problems[f"{event} not understood: {reason}"] += 1
            case _:
                now = max(now, item.at or 0.0)
                yield from state.apply(item, now)
    yield from state.finish()


def _take(happened: CallEvent, replay: _Replay, *, keep_steps: bool) -> None:
    if isinstance(happened, Anomaly):
        replay.problems[f"{happened.kind}: {happened.detail}"] += 1
    call: Call | None = getattr(happened, "call", None)
    if call is None:
        return
    replay.calls[call.id] = call
    if keep_steps:
        replay.steps.append((call.id, happened))


def _in_order(replays: Sequence[_Replay], settings: Settings) -> list[CallRecord]:
    calls = [(call, replay) for replay in replays for call in replay.calls.values()]
    # Stable: equal or unknown starts stay in the order of arguments and first events. Unknown starts were before all others.
    calls.sort(key=lambda item: (item[0].started_at is not None, item[0].started_at or 0.0))
    return [call_record(call, _numbering(replay.pbx, settings), agents=False) for call, replay in calls]


def _numbering(pbx: PbxSettings, settings: Settings) -> CallNumbering:
    region = settings.numbers.default_region
    return CallNumbering(incoming=pbx.incoming_profile(region), own=pbx.own_profile(region))


def _print_table(records: Sequence[CallRecord]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for title in ("started", "direction", "remote", "did", "queue", "answered by", "wait", "talk", "outcome"):
        table.add_column(title, justify="right" if title in {"wait", "talk"} else "left", no_wrap=True)
    for record in records:
        table.add_row(*(Text(cell) for cell in _cells(record)))
    console = Console(highlight=False)
    console.width = console.width if console.is_terminal else _PIPED_WIDTH
    console.print(table)


def _cells(record: CallRecord) -> list[str]:
    remote = record["remote"]
    who = remote["display"] or remote["kind"]
    answered = [leg["extension"] or leg["endpoint"] for leg in record["legs"] if leg["result"] == "answered"]
    cells = (
        (record["started_at"] or "?").removesuffix("Z").replace("T", " "),
        record["direction"],
        f"{who} {remote['name']}" if remote["name"] else who,
        record["did"],
        record["queue"],
        ", ".join(answered),
        _shown_seconds(record["wait_s"]),
        _shown_seconds(record["talk_s"]),
        record["outcome"] or record["state"],
    )
    return [one_line(str(cell or "")) for cell in cells]


def _shown_seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"


def _print_steps(call_id: str, replays: Sequence[_Replay]) -> None:
    steps = [step for replay in replays for known, step in replay.steps if known == call_id]
    if not steps:
        raise CommandFailed(f"No call {call_id} in this capture.")
    for step in steps:
        sys.stdout.write(one_line(_step(step)) + "\n")


def _step(step: CallEvent) -> str:
    facts = [wire_time(step.at) or "?", type(step).__name__]
    for name in ("queue", "leg", "transfer", "winner"):
        value = getattr(step, name, None)
        if value is not None:
            facts.append(f"{name}={_told(value)}")
    call = getattr(step, "call", None)
    return " ".join([*facts, f"state={call.state.value}" if call else ""])


def _told(value: object) -> str:
    for attribute in ("endpoint", "to"):
        if hasattr(value, attribute):
            result = getattr(value, "result", None)
            return f"{getattr(value, attribute)}" + (f":{result.value}" if result else "")
    return str(value)
