"""The service's records and pops held against the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from crm_store.activities import CallRecord
from tests.asterisk.compare import seconds
from tests.soak.office import Offer, Truth

TOLERANCE_S = 1.0
#: What happens so near to the death of the process, or of the link, may not have been written, or not have been sent.
NEAR_S = 0.5
#: Right after a gap the telephone system is still being asked how things are.
ASKED_FOR_S = 1.0
#: A phone has to ring so long before a pop is owed, and the screen to be there so long; it has to come within the last of these.
RINGS_S, READS_S, POP_WITHIN_S = 0.5, 5.0, 10.0


class Gap(NamedTuple):
    """A time in which the service could not see the telephone system, as we made it."""

    since: float
    until: float
    cause: str


def merged(gaps: Sequence[Gap]) -> list[Gap]:
    """Gaps with hardly any time in between are one: nothing may have been written in that time."""
    found: list[Gap] = []
    for gap in sorted(gaps):
        if found and gap.since - found[-1].until <= NEAR_S + ASKED_FOR_S:
            before = found.pop()
            gap = Gap(before.since, max(before.until, gap.until), f"{before.cause}, {gap.cause}")
        found.append(gap)
    return found


def unwritten(gaps: Iterable[Gap], rows: Iterable[tuple[float, float]]) -> list[Gap]:
    """Gaps of which the service did not write down every second."""
    written = merged([Gap(since, until, "") for since, until in rows])
    return [
        gap
        for gap in gaps
        if not any(row.since <= gap.since + NEAR_S and row.until >= gap.until - ASKED_FOR_S - NEAR_S for row in written)
    ]


@dataclass(slots=True)
class RecordsFound:
    """`wrong` names each difference; `unseen` calls began and ended in a gap and have no record, as may be."""

    exact: int = 0
    estimated: int = 0
    unseen: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)


def judge_records(truths: Mapping[str, Truth], records: Iterable[CallRecord], gaps: Sequence[Gap]) -> RecordsFound:
    """Every call exactly once and right; what a gap took away may be missing or estimated, and nothing else."""
    said: dict[str, list[CallRecord]] = defaultdict(list)
    found = RecordsFound()
    for record in records:
        key = record["uniqueid"] if record["uniqueid"] in truths else record["linkedid"]
        if key not in truths:
            found.wrong.append(f"record {record['id']} of {record['uniqueid']} is of no call")
        said[key].append(record)
    for key, truth in truths.items():
        mine = said[key]
        found.doubled += max(0, len(mine) - 1)
        if len(mine) > 1:
            found.wrong.append(f"{_name(truth)}: {len(mine)} records")
        if not mine:
            if _could_go_unseen(truth, gaps):
                found.unseen += 1
            else:
                found.lost += 1
                found.wrong.append(f"{_name(truth)}: no record")
            continue
        found.estimated += mine[0]["estimated"]
        differences = list(_differences(mine[0], truth, gaps))
        found.exact += not differences and not mine[0]["estimated"]
        found.wrong += [f"{_name(truth)}: {line}" for line in differences]
    return found


def _name(truth: Truth) -> str:
    return f"{truth.flow} {truth.uniqueid} ({truth.started_at:.1f} to {truth.ended_at or 0.0:.1f})"


def _could_go_unseen(truth: Truth, gaps: Sequence[Gap]) -> bool:
    """It began and ended in one gap, or so near to it."""
    ended_at = truth.ended_at or truth.started_at
    return any(gap.since - NEAR_S <= truth.started_at and ended_at <= gap.until + ASKED_FOR_S for gap in gaps)


def _touched(truth: Truth, gaps: Sequence[Gap]) -> bool:
    return any(truth.touches(gap.since - NEAR_S, gap.until + ASKED_FOR_S) for gap in gaps)


def _differences(record: CallRecord, truth: Truth, gaps: Sequence[Gap]) -> Iterator[str]:
    if record["state"] != "ended":
        yield f"is still {record['state']}"
        return
    touched = _touched(truth, gaps)
    if record["estimated"]:
        if not touched:
            yield "is estimated, though nothing was unseen"
        if record["outcome"] == "answered" and truth.answered_at is None:
            yield "is answered; nobody talked"
        return
    exact = {"direction": truth.direction, "outcome": truth.outcome, "queue": truth.queue}
    if truth.ended_by is not None:
        exact["ended_by"] = truth.ended_by
    yield from (f"{key} is {record[key]}, was {was}" for key, was in exact.items() if record[key] != was)
    if truth.direction == "inbound":
        talked = [leg["extension"] for leg in record["legs"] if leg["result"] == "answered"]
        if talked != ([truth.answered_by] if truth.answered_by else []):
            yield f"talked to {talked}, was {truth.answered_by}"
    for key, was in (
        ("started_at", truth.started_at),
        ("answered_at", truth.answered_at),
        ("ended_at", truth.ended_at),
    ):
        yield from _apart(key, seconds(record[key]), was)


def _apart(key: str, said: float | None, was: float | None) -> Iterator[str]:
    if said is None or was is None:
        if said != was:
            yield f"{key} is {said}, was {was}"
    elif abs(said - was) > TOLERANCE_S:
        yield f"{key} is {said - was:+.1f} s off"


# --- pops -------------------------------------------------------------------------------------------------------------


class Shown(NamedTuple):
    """A pop that came up on a screen, or stood in the snapshot of one."""

    extension: str
    call_id: str
    at: float


@dataclass(slots=True)
class PopsFound:
    """`owed` is what had to come; `excused` rang in a gap or while the screen was away."""

    owed: int = 0
    excused: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)


def judge_pops(
    truths: Mapping[str, Truth],
    records: Iterable[CallRecord],
    shown: Iterable[Shown],
    awake: Mapping[str, Sequence[tuple[float, float]]],
    gaps: Sequence[Gap],
) -> PopsFound:
    """`awake`: extension → the times in which its screen was connected and read."""
    found = PopsFound()
    key_of = {record["id"]: record["uniqueid"] for record in records}
    came: dict[tuple[str, str], list[float]] = defaultdict(list)
    for pop in shown:
        truth = truths.get(key_of.get(pop.call_id, ""))
        if truth is None or truth.direction != "inbound":
            continue
        if not any(offer.extension == pop.extension for offer in truth.offers):
            found.wrong.append(f"{_name(truth)}: a pop at {pop.extension}, whose phone did not ring")
        came[truth.uniqueid, pop.extension].append(pop.at)
    for truth in truths.values():
        for offer in truth.offers if truth.direction == "inbound" else ():
            _judge_offer(
                truth, offer, came[truth.uniqueid, offer.extension], awake.get(offer.extension, ()), gaps, found
            )
    return found


def _judge_offer(
    truth: Truth,
    offer: Offer,
    came: Sequence[float],
    awake: Sequence[tuple[float, float]],
    gaps: Sequence[Gap],
    found: PopsFound,
) -> None:
    if offer.until is not None and offer.until - offer.at < RINGS_S:
        return
    in_time = [at - offer.at for at in came if -0.1 <= at - offer.at <= POP_WITHIN_S]
    unseen = any(gap.since - NEAR_S <= offer.at <= gap.until + ASKED_FOR_S for gap in gaps)
    # The link may break between the ring and the pop.
    unseen = unseen or any(offer.at <= gap.since <= offer.at + ASKED_FOR_S for gap in gaps)
    reading = any(since <= offer.at - NEAR_S and offer.at + READS_S <= until for since, until in awake)
    if unseen or not reading:
        found.excused += 1
        return
    found.owed += 1
    if in_time:
        found.delays_s.append(max(0.0, in_time[0]))
    else:
        found.lost.append(f"{_name(truth)}: no pop at {offer.extension}, rung at {offer.at:.1f}")
