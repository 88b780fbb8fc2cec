"""Imported records held against what the phones' own SIP logs say: whatever a record claims must be true."""

from __future__ import annotations

from collections.abc import Sequence

from crm_store.activities import CallRecord
from tests.asterisk.compare import RESULTS, seconds
from tests.asterisk.plan import extension_of
from tests.asterisk.truth import CallTruth

#: Whole seconds of Asterisk's, twice, beside the phones' exact ones.
TOLERANCE_S = 2.0


def differences(records: Sequence[CallRecord], truths: Sequence[CallTruth]) -> list[str]:
    """One sentence for each claim that is not true; a null claims nothing."""
    if len(records) != len(truths):
        return [f"{len(records)} records of {len(truths)} calls"]
    pairs = zip(sorted(records, key=_order), sorted(truths, key=_truths_order), strict=True)
    return [f"{truth.number}: {line}" for record, truth in pairs for line in _of_call(record, truth)]


def _order(record: CallRecord) -> tuple[float, str]:
    return (seconds(record["started_at"]) or 0.0) // 10, record["remote"]["raw"] or ""


def _truths_order(truth: CallTruth) -> tuple[float, str]:
    return truth.started_at // 10, truth.number or ""


def _of_call(record: CallRecord, truth: CallTruth) -> list[str]:
    found: list[str] = []
    for name, said, wanted in _words(record, truth):
        if said is not None and said != "unknown" and said != wanted:
            found.append(f"{name} is {said}, was {wanted}")
    for name, said, known in _times(record, truth):
        if said is not None and known is not None and abs(said - known) > TOLERANCE_S:
            found.append(f"{name} is {said}, was {known}")
    if not record["estimated"]:
        found.append("is not estimated")
    return found


def _words(record: CallRecord, truth: CallTruth) -> list[tuple[str, object, object]]:
    legs, offers = _best(record), _best_offers(truth)
    waits = [wait["queue"] for wait in record["queues"]]
    return [
        ("direction", record["direction"], truth.direction),
        ("kind", record["remote"]["kind"] == "withheld", truth.number is None),
        ("number", record["remote"]["raw"], truth.number),
        ("did", record["did"], truth.dialled),
        ("outcome", record["outcome"], truth.outcome),
        ("ended_by", record["ended_by"], truth.ended_by),
        ("queues", waits or None, [name for name, _, _ in truth.queues or ()]),
        *((f"leg of {extension}", legs[extension], offers.get(extension)) for extension in legs if extension),
        ("talkers", _talkers(legs), _talkers(offers)),
        ("transfers", _transfers(record), [list(map(str, transfer[:3])) for transfer in truth.transfers]),
        *(
            (f"result in {name}", wait["result"], result)
            for wait, (name, _, result) in zip(record["queues"], truth.queues or (), strict=False)
        ),
    ]


def _times(record: CallRecord, truth: CallTruth) -> list[tuple[str, float | None, float | None]]:
    return [
        ("started_at", seconds(record["started_at"]), truth.started_at),
        ("answered_at", seconds(record["answered_at"]), truth.answered_at),
        ("ended_at", seconds(record["ended_at"]), truth.ended_at),
        *((name, record[name], getattr(truth, name)) for name in ("wait_s", "ring_s", "talk_s", "parked_s")),
        *(
            (f"wait in {name}", wait["wait_s"], length)
            for wait, (name, length, _) in zip(record["queues"], truth.queues or (), strict=False)
        ),
    ]


def _best(record: CallRecord) -> dict[str | None, str]:
    """Extension → the strongest of its results."""
    results: dict[str | None, str] = {}
    for leg in sorted(record["legs"], key=lambda leg: -RESULTS.index(leg["result"])):
        results[leg["extension"]] = leg["result"]
    return results


def _best_offers(truth: CallTruth) -> dict[str | None, str]:
    offers = sorted(truth.offers, key=lambda offer: -RESULTS.index(offer.result))
    return {offer.extension: offer.result for offer in offers}


def _talkers(results: dict[str | None, str]) -> list[str]:
    return sorted(str(extension) for extension, result in results.items() if result == "answered")


def _transfers(record: CallRecord) -> list[list[str]]:
    return [[one["kind"], _extension(one["by"]), _extension(one["to"])] for one in record["transfers"]]


def _extension(endpoint: str) -> str:
    return extension_of(endpoint.rpartition("/")[2])
