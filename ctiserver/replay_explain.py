"""`replay --explain`: which call is meant, and what each event did to it, for a person who doubts a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from crm_store.activities import CallRecord
from crm_store.call_log import wire_time
from ctiserver.cli_output import USAGE, CommandFailed
from ctiserver.replay_table import head_lines
from ctiserver.terminal_text import one_line
from pbx.call_changes import SECONDS_GO_ON
from pbx.calls import Call
from pbx.explain import Step

_LISTED = 100
_INDENT = " " * 12
_NOTHING_NEW = "nothing new"


def chosen_call(asked: str, records: Sequence[CallRecord]) -> str:
    """The id of the one call with this id, Uniqueid, or beginning of an id."""
    wanted = asked.strip()
    exact = [record for record in records if wanted in (record["id"], record["uniqueid"])]
    begun = [record for record in records if wanted and record["id"].startswith(wanted.upper())]
    found: set[str] = {record["id"] for record in exact or begun}
    if len(found) == 1:
        return found.pop()
    if found:
        listed = [record for record in records if record["id"] in found]
        raise CommandFailed("\n".join([f"{len(found)} calls are {asked!r}:", *_listed(listed)]), code=USAGE)
    said = [f"No call of the capture is {asked!r}. Its calls:", *_listed(records)]
    raise CommandFailed("\n".join(said) if records else "There is no call in the capture.", code=USAGE)


def _listed(records: Sequence[CallRecord]) -> Iterator[str]:
    for record in records[:_LISTED]:
        remote = record["remote"]
        start = record["started_at"] or "start unknown"
        yield f"  {record['id']}  {start}  {record['direction']}  {remote['display'] or remote['kind']}"
    if len(records) > _LISTED:
        yield f"  … and {len(records) - _LISTED} more: --format table shows all"


def step_lines(record: CallRecord, call: Call, steps: Sequence[Step]) -> Iterator[Text]:
    """A heading, then each event: a line with why nothing changed, or its changes with their rules."""
    start = call.started_at if call.started_at is not None else _first_time(steps)
    yield from head_lines(record)
    zero = f"+0.000 s is {wire_time(start)}" if start is not None else "the PBX sends no Timestamp"
    yield _text(f"  Uniqueid {record['uniqueid']}, PBX {record['pbx']}, {zero}; [section of docs/call-model.md]", "dim")
    for step in steps:
        yield from _step(step, start)


def _first_time(steps: Sequence[Step]) -> float | None:
    return next((step.at for step in steps if step.at is not None), None)


def _step(step: Step, start: float | None) -> Iterator[Text]:
    offset = f"{step.at - start:+.3f} s" if step.at is not None and start is not None else ""
    head = f"{offset:>10}  {step.event:<16} {step.channel or '':<21} {step.detail}".rstrip()
    if not step.told:
        yield _text(f"{head} · {_unchanged(step)}", "dim")
        return
    yield _text(head)
    for change in step.changes:
        yield _text(f"{_INDENT}▸ {change.words}", "bold")
        for why in change.why:
            yield _text(f"{_INDENT}  why: {why}", "dim")


def _unchanged(step: Step) -> str:
    """Why the record says the same, but perhaps for seconds that go on."""
    if step.changes:
        words = [change.words for change in step.changes if change.words != SECONDS_GO_ON or not step.reason]
        return " · ".join([*words, *([step.reason] if step.reason else [])])
    if step.reason.startswith("noted"):
        return step.reason
    return f"{_NOTHING_NEW}: {step.reason}" if step.reason else _NOTHING_NEW


def step_data(step: Step, start: float | None) -> dict[str, Any]:
    """The step for programs (`--json`)."""
    return {
        "at": wire_time(step.at),
        "offset_s": None if step.at is None or start is None else round(step.at - start, 6),
        "event": step.event,
        "channel": step.channel,
        "detail": step.detail,
        "changes": [{"words": change.words, "why": list(change.why)} for change in step.changes],
        "reason": step.reason or None,
    }


def _text(words: str, style: str = "") -> Text:
    return Text(one_line(words), style=style)
