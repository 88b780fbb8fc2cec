"""The same morning told by ten telephone systems at once, each in its own bad way: the records are the same ones."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from crm_store.activities import CallRecord
from ctiserver.event_pump import EventPump
from ctiserver.wiring import Service
from pbx import events as ami
from pbx.events import PbxEvent
from tests.fakes.ami_server import FakeAmiServer
from tests.faults import told
from tests.faults.found import Faults, Found
from tests.faults.stage import all_read, centre, link_to, settled
from tests.pbx.test_variations import changed

HOUR_S = 3600.0
#: Produced by threads of their own: they may overtake, or lag behind, the channel's events.
APART = (b"Event: OriginateResponse", b"Event: AgentComplete", b"Event: ParkedCall")


def ways() -> dict[str, list[bytes]]:
    """By the name of the telephone system: the morning as it tells it."""
    events = told.morning().told
    return {
        "honest": told.cut(events),
        "twice": told.cut(told.twice(events)),
        "order-1": told.cut(told.shuffled(events, seed=1)),
        "order-2": told.cut(told.shuffled(events, seed=2)),
        "early": told.cut(told.moved(events, APART, -2.0)),
        "late": told.cut(told.moved(events, APART, 2.0)),
        "ahead": told.cut(told.clocked(events, HOUR_S)),
        "behind": told.cut(told.clocked(events, -HOUR_S)),
        "set-forward": told.cut(told.stepped(events, HOUR_S)),
        "set-back": told.cut(told.stepped(events, -HOUR_S)),
        "nonsense": list(told.with_nonsense(events)),
        "bug": told.cut(events),
    }


async def test_the_records_are_the_same(tmp_path: Path, fault: Faults) -> None:
    by_pbx, noted = await _told(tmp_path, ways())
    honest = by_pbx["honest"]
    for number, names, injected in (
        ("R14", ("ahead", "behind"), "PBX clock one hour ahead, one hour behind ours"),
        ("R16", ("twice",), "every event twice, every tenth three times"),
        ("R17", ("order-1", "order-2", "early", "late"), "other orders across channels; AgentComplete and others ±2 s"),
        ("R20", ("nonsense",), "doubled Event headers, lists, unknown events, an echoed action between all events"),
    ):
        found = _sum(_compared(by_pbx[name], honest, name) for name in names)
        fault(number, injected, "the same records", found)
    found = _sum(_judged(by_pbx[name], name) for name in ("set-forward", "set-back"))
    fault("R14", "PBX clock set by one hour in the middle of the morning, both ways", "no negative time", found)
    fault("R26", f"{len(by_pbx)} systems with equal Uniqueids", "records never mixed", _mixed(by_pbx))
    fault("R21", "an exception in our handler for every tenth Newstate", "counted; next events applied",
          replace(_judged(by_pbx["bug"], "bug", only_whole=True), more=noted))  # fmt: skip


async def _told(folder: Path, streams: dict[str, list[bytes]]) -> tuple[dict[str, list[CallRecord]], str]:
    """The records by system, and how many failures of ours were counted."""
    async with AsyncExitStack() as stack:
        systems = {name: await stack.enter_async_context(FakeAmiServer()) for name in streams}
        links = {name: link_to(system) for name, system in systems.items()}
        service = await stack.enter_async_context(centre(folder, links))
        bugs = _break(service, "bug")
        await asyncio.gather(*(_play(systems[name], blocks) for name, blocks in streams.items()))
        await all_read(service)
        everything = await settled(service, within_s=90)
        noted = service.dispatcher.anomalies.get("not_applied", 0)
        assert noted == len(bugs) > 0
        assert service.dispatcher.failures == 0
        assert all(len(system.logins) == 1 for system in systems.values())  # no link was lost over it
    by_pbx = {name: [record for record in everything if record["pbx"] == name] for name in streams}
    return by_pbx, f"{noted} of {len(bugs)} failures counted, the raw text is in the journal"


async def _play(system: FakeAmiServer, blocks: Sequence[bytes]) -> None:
    for start in range(0, len(blocks), 50):
        await system.send(b"".join(blocks[start : start + 50]))


def _break(service: Service, name: str) -> list[PbxEvent]:
    """From now on our own code fails at every tenth Newstate of this PBX."""
    state, failed, numbers = service.pumps[name].state, [], count(1)
    sound = state.take

    def take(event: PbxEvent, now: float) -> None:
        if isinstance(event, ami.Newstate) and next(numbers) % 10 == 0:
            failed.append(event)
            raise RuntimeError("a mistake of ours")
        sound(event, now)

    state.take = take  # type: ignore[method-assign]
    return failed


def _judged(records: Sequence[CallRecord], name: str, *, only_whole: bool = False) -> Found:
    """Against what truly happened. `only_whole`: the outcome may have changed with what we failed to apply."""
    truth = told.morning().truth
    times = Counter(record["uniqueid"] for record in records)
    wrong = [f"{name}: {truth[one['uniqueid']].flow}: {told_}" for one in records for told_ in _wrong(one, only_whole)]
    return Found(
        lost=len(truth.keys() - times.keys()),
        doubled=sum(times.values()) - len(times),
        wrong=tuple(wrong),
        estimated=sum(record["estimated"] for record in records),
    )


def _wrong(record: CallRecord, only_whole: bool) -> Iterable[str]:
    expected = told.morning().truth[record["uniqueid"]]
    if record["state"] != "ended":
        yield f"is still {record['state']}"
    if (record["direction"], record["outcome"]) != (expected.direction, expected.outcome) and not only_whole:
        yield f"{record['direction']} {record['outcome']}"
    if expected.ended_by not in (None, record["ended_by"]) and not only_whole:
        yield f"ended by {record['ended_by']}"
    spans = [record[key] for key in ("wait_s", "ring_s", "talk_s", "hold_s", "parked_s")]
    spans += [leg[key] for leg in record["legs"] for key in ("ring_s", "talk_s", "hold_s")]
    if any(span is not None and span < 0 for span in spans):
        yield f"negative seconds {spans}"


def _compared(records: Sequence[CallRecord], honest: Sequence[CallRecord], name: str) -> Found:
    """Against the truth, and field by field against what the honest system gave."""
    found = _judged(records, name)
    if found.lost or found.doubled:
        return found
    shift_s = {"ahead": HOUR_S, "behind": -HOUR_S}.get(name, 0.0)
    # What lasts less than the window may be told after its end: then its moment moves by as much.
    lines = changed(_bare(honest), _bare(records, shift_s), near_s=0.3 if name.startswith("order") else 0.1)
    return Found(wrong=(*found.wrong, *(f"{name}: {line}" for line in lines)), estimated=found.estimated)


def _bare(records: Sequence[CallRecord], shift_s: float = 0.0) -> dict[str, dict[str, Any]]:
    # Who the caller is was looked up beside it, against the clock.
    other = {"id": "", "pbx": "", "match": None}
    return {one["uniqueid"]: _shifted({**one, **other}, shift_s) for one in records}


def _shifted(value: Any, shift_s: float) -> Any:
    """Moments as the honest clock would have told them."""
    if not shift_s:
        return value
    if isinstance(value, dict):
        return {
            key: (datetime.fromisoformat(one) - timedelta(seconds=shift_s)).isoformat()
            if key.endswith("_at") and one
            else _shifted(one, shift_s)
            for key, one in value.items()
        }
    return [_shifted(one, shift_s) for one in value] if isinstance(value, list) else value


def _mixed(by_pbx: dict[str, list[CallRecord]]) -> Found:
    """The same Uniqueids everywhere: as many records in each system, under ids of their own."""
    ids = Counter(record["id"] for records in by_pbx.values() for record in records)
    truth = told.morning().truth
    return Found(
        lost=sum(len(truth) - len({one["uniqueid"] for one in records}) for records in by_pbx.values()),
        doubled=sum(ids.values()) - len(ids),
        more=f"{len(ids)} records of {len(truth)} calls in each of {len(by_pbx)} systems",
    )


def _sum(found: Iterable[Found]) -> Found:
    every = list(found)
    return Found(
        lost=sum(one.lost for one in every),
        doubled=sum(one.doubled for one in every),
        wrong=tuple(line for one in every for line in one.wrong),
        estimated=sum(one.estimated for one in every),
    )


async def test_lost_events_leave_no_call_open(tmp_path: Path, fault: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctiserver.pbx_links.EventPump", partial(EventPump, self_check_s=0.5))
    truth = told.morning().truth
    async with AsyncExitStack() as stack:
        systems = [await stack.enter_async_context(FakeAmiServer()) for _ in range(4)]
        links = {f"holes-{number}": link_to(system) for number, system in enumerate(systems)}
        service = await stack.enter_async_context(centre(tmp_path, links))
        for seed, system in enumerate(systems):
            await _play(system, told.cut(told.with_holes(told.morning().told, seed=seed)))
        await all_read(service)
        found = await settled(service)
        failures = service.dispatcher.failures + service.dispatcher.anomalies.get("not_applied", 0)
    other = [one for one in found if one["outcome"] != truth[one["uniqueid"]].outcome] if found else []
    fault(
        "R18",
        "1 % of the events of four mornings never come",
        "no call stays open, no exception; differences flagged",
        Found(
            doubled=len(found) - len({(one["pbx"], one["uniqueid"]) for one in found}),
            wrong=(
                *(f"{one['uniqueid']} is {one['state']}" for one in found if one["state"] != "ended"),
                *(f"{one['uniqueid']} is {one['outcome']}, not flagged" for one in other if not one["estimated"]),
                *(f"{failures} exceptions",) * bool(failures),
            ),
            estimated=sum(one["estimated"] for one in found),
            more=f"{len(found)} records of {4 * len(truth)} calls, {len(other)} with another outcome, all flagged",
        ),
    )
