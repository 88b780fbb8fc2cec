"""Are the call records exact? What the storm's telephone system truly played, against what the service wrote. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.bench.contacts import agent_name, number_of
from tests.bench.stream_sender import TrueCall

#: Records have milliseconds, Timestamps microseconds.
_SAME_S = 0.0015


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How many calls have no record, how many records are of no call or a second one, and what is wrong in the others."""

    calls: int
    missing: int
    extra: int
    wrong: int
    fields: Mapping[str, int]

    @property
    def faults(self) -> int:
        """All of them; 0: the records are exact."""
        return self.missing + self.extra + self.wrong


def judge(records: Iterable[Mapping[str, Any]], calls: Sequence[TrueCall]) -> Verdict:
    """Compare by the Uniqueid of the caller's channel. A record has its customer in `customer_id`."""
    by_id: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        by_id[record["uniqueid"]].append(record)
    missing = wrong = extra = 0
    fields: Counter[str] = Counter()
    for call in calls:
        found = by_id.pop(call.uniqueid, [])
        if not found:
            missing += 1
            continue
        extra += len(found) - 1
        differing = differences(found[0], call)
        fields.update(differing)
        wrong += bool(differing)
    extra += sum(len(strange) for strange in by_id.values())
    return Verdict(calls=len(calls), missing=missing, extra=extra, wrong=wrong, fields=dict(fields))


def differences(record: Mapping[str, Any], call: TrueCall) -> list[str]:
    """The names of the fields that are not what happened."""
    expected = {
        "state": "ended",
        "direction": "inbound",
        "outcome": "answered",
        "queue": "load",
        "customer_id": call.contact + 1,
        "estimated": False,
    }
    wrong = [name for name, value in expected.items() if record.get(name) != value]
    if record["remote"]["number"] != number_of(call.contact):
        wrong.append("number")
    legs = [(leg["agent"], leg["result"]) for leg in record["legs"]]
    if legs != [(agent_name(call.extension), "answered")]:
        wrong.append("legs")
    times = {"started_at": call.started, "answered_at": call.answered, "ended_at": call.ended}
    wrong += [name for name, moment in times.items() if not _same_moment(record[name], moment)]
    spans = {"ring_s": call.answered - call.started, "talk_s": call.ended - call.answered}
    wrong += [name for name, span in spans.items() if abs((record[name] or 0.0) - span) > 2 * _SAME_S]
    return wrong


def _same_moment(text: str | None, moment: float) -> bool:
    if text is None:
        return False
    return abs(datetime.fromisoformat(text).astimezone(UTC).timestamp() - moment) <= _SAME_S
