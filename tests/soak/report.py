"""The table at the end: what was put in, what had to come out, what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.soak.figures import FLAT, empty_at_rest, growths
from tests.soak.judge import judge_pops, judge_records, merged, unwritten
from tests.soak.office import AGENTS
from tests.soak.plan import Harm
from tests.soak.run import Soaked

#: Kinds that are kept for a while on purpose: what each may come to at most.
KEPT_AT_MOST = {
    "pops": 8 * len(AGENTS),
    "pop_calls": 8 * len(AGENTS),
    "cards_shown": 8 * len(AGENTS),
    "records": 520,
    "sign_in_failures": 0,
    "lookups": 0,
}
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Row:
    """`wrong` names what is not as it should be; empty: all is well."""

    what: str
    injected: str
    expected: str
    found: str
    wrong: tuple[str, ...] = ()


def rows(seen: Soaked) -> list[Row]:
    """The whole table."""
    return [*_memory(seen), *_held(seen), *_calls(seen), *_people(seen), *_process(seen)]


def table(found: list[Row]) -> str:
    """In Markdown; below it each thing that is wrong."""
    lines = ["| | injected | expected | found | |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.what} | {row.injected} | {row.expected} | {row.found} | {'FAILED' if row.wrong else 'ok'} |"
        for row in found
    ]
    for row in found:
        lines += [f"{row.what}: {line}" for line in row.wrong[:_SHOWN]]
        if len(row.wrong) > _SHOWN:
            lines.append(f"{row.what}: and {len(row.wrong) - _SHOWN} more")
    return "\n".join(lines)


def _memory(seen: Soaked) -> Iterator[Row]:
    found = growths(seen.samples)
    wrong = [f"life {one.life} grew by {one.share:+.1%}" for one in found if not one.flat]
    told = "; ".join(
        f"life {one.life} ({one.minutes:.0f} min): {one.first_mb:.1f} → {one.last_mb:.1f} MB, {one.share:+.1%}"
        for one in found
    )
    yield Row(
        "private memory",
        f"{seen.plan.seconds / 60:.3g} min, {seen.samples[-1].life} lives",
        f"within ±{FLAT:.0%} after the warm-up",
        told or "no life was long enough to tell",
        tuple(wrong),
    )


def _held(seen: Soaked) -> Iterator[Row]:
    base, rest = seen.base, seen.rest
    for what in ("tasks", "handles"):
        peak = max(getattr(one, what) for one in seen.samples)
        wrong = (f"{rest[what]:.0f} at rest",) if rest[what] > base[what] else ()
        yield Row(what, f"up to {peak}", f"{base[what]:.0f} at rest", f"{rest[what]:.0f}", wrong)
    empty = empty_at_rest(patient=seen.plan.patient)
    left = tuple(f"{name}: {rest[name]:.0f}" for name in empty if rest[name])
    peaks = {
        name: max(one.held[name] for one in seen.samples) for name in ("pbx:calls", "pbx:channels", "pbx:tombstones")
    }
    told = ", ".join(f"{peak:.0f} {name.removeprefix('pbx:')}" for name, peak in peaks.items())
    yield Row(f"{len(empty)} collections", f"up to {told}", "all empty at rest", f"{len(left)} not empty", left)
    awaited = max(one.held["pbx:answers_awaited"] for one in seen.samples)
    yield Row(
        "answers of the PBX", f"up to {awaited:.0f} awaited", "none at rest", f"{rest['pbx:answers_awaited']:.0f}"
    )
    over = [
        f"{name}: {rest[name]:.0f}, allowed {most_of}" for name, most_of in KEPT_AT_MOST.items() if rest[name] > most_of
    ]
    streams = rest["push_streams"]
    if streams > 5 * (len(AGENTS) + 1) or rest["buffer:kept"] > streams * 32 * 1024:
        over.append(f"{streams:.0f} streams, {rest['buffer:kept']:.0f} bytes kept")
    told = f"{rest['pops']:.0f} pops, {rest['records']:.0f} records, {streams:.0f} streams, {rest['subscriptions']:.0f} subscriptions"
    yield Row("kept for a while", "wrap-ups nobody saved, closed browsers", "within their bounds", told, tuple(over))


def _calls(seen: Soaked) -> Iterator[Row]:
    truths, gaps = seen.office.calls, merged(seen.outages)
    found = judge_records(truths, seen.records, gaps)
    yield Row(
        "records",
        f"{len(truths)} calls",
        "each once and exact, or estimated in a gap",
        f"{found.exact} exact, {found.estimated} estimated, {found.unseen} unseen in a gap, {found.lost} lost, "
        f"{found.doubled} doubled, {len(found.wrong)} wrong",
        tuple(found.wrong),
    )
    uncovered = [f"{gap.cause} from {gap.since:.1f} to {gap.until:.1f}" for gap in unwritten(gaps, seen.written_gaps)]
    harm = Counter(gap.cause for gap in seen.outages)
    seconds = sum(gap.until - gap.since for gap in gaps)
    yield Row(
        "gaps",
        ", ".join(f"{harm[one]} × {one}" for one in Harm if harm[one]),
        f"{seconds:.0f} s written down",
        f"{len(seen.written_gaps)} gaps, {sum(until - since for since, until in seen.written_gaps):.0f} s",
        tuple(uncovered),
    )


def _people(seen: Soaked) -> Iterator[Row]:
    shown = [pop for screen in seen.screens for pop in screen.shown]
    awake = {screen.extension: screen.awake for screen in seen.screens}
    found = judge_pops(seen.office.calls, seen.records, shown, awake, merged(seen.outages))
    delays = sorted(found.delays_s) or [0.0]
    p50, p99 = (delays[int((len(delays) - 1) * share)] * 1000 for share in (0.5, 0.99))
    holes = sum(screen.holes for screen in seen.screens)
    wrong = [*found.lost, *found.wrong, *seen.ghosts]
    if holes:
        wrong.append(f"{holes} holes in the numbers of the frames")
    yield Row(
        "pops",
        f"{found.owed} rings seen, {found.excused} in a gap or at a closed browser",
        "none lost, none at a wrong desk, none left over",
        f"{len(found.lost)} lost, {len(found.wrong)} wrong, {len(seen.ghosts)} left over; p50 {p50:.0f}, p99 {p99:.0f} ms",
        tuple(wrong),
    )
    done = seen.done
    resumed = sum(screen.resumed for screen in seen.screens)
    yield Row(
        "browsers",
        f"{done['naps']} naps, {done['sign-outs']} sign-outs, {done['stares']} that do not read",
        "come back",
        f"{resumed} resumed, {sum(screen.snapshots for screen in seen.screens)} began anew, "
        f"{seen.counted['closed:4408']} closed as too slow",
    )
    failed = {key: count for key, count in seen.answers.items() if key.startswith("failed")}
    asked = {key: count for key, count in sorted(seen.answers.items()) if key not in failed}
    yield Row(
        "requests",
        f"{sum(asked.values())} with {done['clicks']} clicks to dial",
        "no error but 503 and 504, in a gap",
        ", ".join(f"{count} {key}" for key, count in asked.items()),
        tuple(f"{count} × {key[:300]}" for key, count in failed.items()),
    )


def _process(seen: Soaked) -> Iterator[Row]:
    counted = seen.counted
    errors = [line for line in seen.log if line.get("level") in ("error", "critical") or "level" not in line]
    wrong = [str(line)[:600] for line in errors]
    if counted["followers_failed_total"] or counted["ledger_lost_total"]:
        wrong.append(f"counted: {dict(counted)}")
    if seen.integrity != "ok":
        wrong.append(f"the database: {seen.integrity}")
    warnings = Counter(str(line["event"]) for line in seen.log if line.get("level") == "warning")
    told = ", ".join(f"{count} × {event}" for event, count in warnings.most_common())
    yield Row("log", "", "no error, integrity ok", f"{len(errors)} errors; {told}", tuple(wrong))
    longest = max(one.held["loop_lag_longest_seconds"] for one in seen.samples)
    blocked = [
        f"{line['where']} {line['so_far_s']} s" for line in seen.log if line.get("event") == "event loop blocked"
    ]
    yield Row(
        "event loop",
        "",
        "(for information)",
        f"longest lag {longest * 1000:.0f} ms, blocked {counted['loop_blocked_total']} times {blocked[:3]}, "
        f"starved {counted['loop_starved_total']} times",
    )
