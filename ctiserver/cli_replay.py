"""`replay`: raw AMI captures → call records, by the very code of the live service."""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.text import Text

from crm_store.activities import CallRecord
from crm_store.call_log import CallNumbering, call_record
from crm_store.opening_hours import OpeningPlan
from ctiserver.cli_output import USAGE, CommandFailed, note
from ctiserver.replay_explain import chosen_call, step_data, step_lines
from ctiserver.replay_table import table_lines
from ctiserver.settings import PbxSettings, Settings
from ctiserver.terminal_text import json_line
from pbx.asterisk.ami_capture import CaptureNote, read_capture
from pbx.asterisk.ami_events import ParseProblem
from pbx.call_events import Anomaly, CallDropped, CallEvent
from pbx.calls import Call, CallId
from pbx.events import PbxEvent, PbxName
from pbx.explain import explain
from pbx.pbx_state import PbxState
from pbx.timeline import Timeline


@dataclass(slots=True)
class _Replay:
    """One capture, folded."""

    name: str
    pbx: PbxSettings
    path: str
    hours: OpeningPlan
    piped: bytes | None = None  # what came on stdin, which can be read only once
    calls: dict[CallId, Call] = field(default_factory=dict)  # in the order of their first events
    dropped: dict[CallId, Call] = field(default_factory=dict)  # no records of their own, but somebody may ask why
    timelines: dict[CallId, Timeline] = field(default_factory=dict)
    problems: Counter[str] = field(default_factory=Counter)

    def opened(self) -> BinaryIO:
        """The capture from its beginning."""
        if self.piped is not None:
            return io.BytesIO(self.piped)
        return sys.stdin.buffer if self.path == "-" else Path(self.path).open("rb")

    def state(self) -> PbxState:
        """The PBX before the capture."""
        return PbxState(PbxName(self.name), self.pbx.device_plan(), clock_from_arrival=False, queues=self.pbx.queues)


def run_replay(
    captures: Sequence[str], settings: Settings, *, table: bool, explained: str | None, as_json: bool
) -> None:
    """Print one record for each call, in the order started_at, argument, first event; or what happened in one call."""
    chosen = [_chosen(argument, settings) for argument in captures]
    hours = settings.opening_plan()
    replays = [_Replay(name, settings.pbx[name], path, hours) for name, path in chosen]
    for replay in replays:
        if explained is not None and replay.path == "-":
            replay.piped = sys.stdin.buffer.read()
        _fold(replay, timelines=table and explained is None)
    if explained is not None:
        _explain(explained, replays, settings, as_json=as_json)
    elif table:
        _print_table(replays, settings)
    else:
        for call, replay in _in_order(replays):
            sys.stdout.write(json_line(_record(call, replay, settings)) + "\n")
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


# --- folding ------------------------------------------------------------------------------------------------------------


def _fold(replay: _Replay, *, timelines: bool) -> None:
    state = replay.state()
    now = 0.0  # the capture's own clock: its newest Timestamp
    try:
        for event in _events(replay):
            now = max(now, event.at or 0.0)
            _take(state.apply(event, now), replay, timelines=timelines)
    except OSError as error:
        raise CommandFailed(f"{replay.path}: {error.strerror or error}", code=USAGE) from None
    _take(state.finish(), replay, timelines=timelines)
    for problem, count in replay.problems.items():
        note(f"{replay.path}: {problem}" + (f" ({count} times)" if count > 1 else ""))


def _events(replay: _Replay) -> Iterator[PbxEvent]:
    """The typed events; what is none is counted as a problem."""
    with replay.opened() as capture:
        for item in read_capture(capture):
            match item:
                case CaptureNote(text=text):
                    replay.problems[text] += 1
                case ParseProblem(event=event, reason=reason):
                    replay.problems[f"{event} not understood: {reason}"] += 1
                case _:
                    yield item


def _take(told: Sequence[CallEvent], replay: _Replay, *, timelines: bool) -> None:
    for happened in told:
        if isinstance(happened, Anomaly):
            replay.problems[f"{happened.kind}: {happened.detail}"] += 1
            continue
        call: Call | None = getattr(happened, "call", None)
        if isinstance(happened, CallDropped):
            replay.dropped[happened.call.id] = happened.call
            replay.calls.pop(happened.call.id, None)
            call = happened.into
        if call is None:
            continue
        replay.calls[call.id] = call
        if timelines:
            replay.timelines.setdefault(call.id, Timeline()).take(call, happened.at)


# --- records ------------------------------------------------------------------------------------------------------------


def _in_order(replays: Sequence[_Replay]) -> list[tuple[Call, _Replay]]:
    calls = [(call, replay) for replay in replays for call in replay.calls.values()]
    # Stable: equal or unknown starts stay in the order of arguments and first events. Unknown starts were before all others.
    return sorted(calls, key=lambda item: (item[0].started_at is not None, item[0].started_at or 0.0))


def _record(call: Call, replay: _Replay, settings: Settings) -> CallRecord:
    region = settings.numbers.default_region
    numbering = CallNumbering(incoming=replay.pbx.incoming_profile(region), own=replay.pbx.own_profile(region))
    return call_record(call, numbering, agents=False, hours=replay.hours)


def _print_table(replays: Sequence[_Replay], settings: Settings) -> None:
    rows = [(call, _record(call, replay, settings), replay.timelines[call.id]) for call, replay in _in_order(replays)]
    _print_lines(table_lines(rows))


# --- explaining ---------------------------------------------------------------------------------------------------------


def _explain(asked: str, replays: Sequence[_Replay], settings: Settings, *, as_json: bool) -> None:
    known = [(call, replay) for replay in replays for call in (*replay.calls.values(), *replay.dropped.values())]
    wanted = chosen_call(asked, [_record(call, replay, settings) for call, replay in known])
    for call, replay in known:
        if call.id != wanted:
            continue
        steps = explain(_events(replay), replay.state(), call)
        if as_json:
            for step in steps:
                sys.stdout.write(json_line(step_data(step, call.started_at)) + "\n")
        else:
            _print_lines(step_lines(_record(call, replay, settings), call, steps))


def _print_lines(lines: Iterable[Text]) -> None:
    """One line each, never wrapped or cut; with colours on a terminal only."""
    console = Console(highlight=False)
    for line in lines:
        console.print(line, soft_wrap=True)
