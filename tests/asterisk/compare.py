"""Call records held against what the phones' own SIP logs say: one sentence for each difference."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.asterisk.plan import extension_of
from tests.asterisk.truth import CallTruth, Offer

# Asterisk's whole seconds, the phones' clocks and the way between them.
TOLERANCE_S = 1.0
# A record belongs to the call of the same number that began at most so long before or after it.
NEAR_S = 5.0

# Of two devices of one colleague the first of these is the leg's result.
RESULTS = (
    *("answered", "caller", "rejected", "answered_elsewhere", "cancelled", "missed", "busy", "forwarded"),
    *("failed", "unavailable"),
)

Record = dict[str, Any]


def compare(records: Sequence[Record], truths: Sequence[CallTruth]) -> list[str]:
    """What differs between call records (interfaces.md, section 3) and the truth; empty when all is right.

    Every truth needs exactly one record and every record a truth.
    """
    left = list(records)
    differences: list[str] = []
    for truth in truths:
        record = _find(truth, left)
        if record is None:
            differences.append(f"{_name(truth)}: there is no record")
            continue
        left.remove(record)
        differences += [f"{_name(truth)}: {difference}" for difference in _differences(record, truth)]
    differences += [f"record {record['id']} ({record['direction']}) is of no call" for record in left]
    return differences


def _name(truth: CallTruth) -> str:
    return f"{truth.direction} {truth.number or 'withheld'} to {truth.dialled}"


def _find(truth: CallTruth, records: list[Record]) -> Record | None:
    """The record of the same number and direction that began nearest in time; without times the first."""
    fitting = [record for record in records if _same_call(record, truth)]
    return min(fitting, key=lambda record: abs(_away(record, truth)), default=None)


def _same_call(record: Record, truth: CallTruth) -> bool:
    same_number = truth.number in (record["remote"]["number"], record["remote"]["raw"], record["remote"]["dialled"])
    same_did = truth.direction != "inbound" or record["did"] in (truth.dialled, None)
    return record["direction"] == truth.direction and same_number and same_did and abs(_away(record, truth)) <= NEAR_S


def _away(record: Record, truth: CallTruth) -> float:
    started = seconds(record["started_at"])
    return 0.0 if started is None else started - truth.started_at


def seconds(time: str | None) -> float | None:
    """An RFC 3339 time as seconds since 1970."""
    return None if time is None else datetime.fromisoformat(time).timestamp()


def _differences(record: Record, truth: CallTruth) -> list[str]:
    exact = {"outcome": truth.outcome, "ended_by": truth.ended_by, "queue": truth.queue}
    told = {key: wanted for key, wanted in exact.items() if wanted != "unknown"}
    found = [f"{key} is {record[key]}, was {wanted}" for key, wanted in told.items() if record[key] != wanted]
    for key, wanted in _timed(record, truth).items():
        found += _apart(key, record[key], wanted, untimed=record["started_at"] is None)
    said, done = _transfers(record), [(kind, by, _place(to), result) for kind, by, to, result in truth.transfers]
    if said != done:
        found.append(f"transfers are {said}, were {done}")
    if truth.direction == "inbound" and record["did"] != truth.dialled and not _joined_late(record):
        found.append(f"did is {record['did']}, was {truth.dialled}")
    if truth.direction == "inbound" and truth.number and _bare(record["remote"]["name"]) != _bare(truth.name):
        found.append(f"name is {record['remote']['name']!r}, was {truth.name!r}")
    return found + _queues(record, truth) + _legs(record, truth)


def _timed(record: Record, truth: CallTruth) -> dict[str, float | None]:
    """The durations that can be held against the truth."""
    if truth.talk_s is None or _joined_late(record):
        return {}
    durations = {"wait_s": truth.wait_s, "talk_s": truth.talk_s}
    if truth.ring_s is not None:
        durations["ring_s"] = truth.ring_s
    return durations | {"hold_s": truth.hold_s, "parked_s": truth.parked_s}


def _joined_late(record: Record) -> bool:
    """Whether the call was running already when the listening began: then its beginning is an estimate."""
    return bool(record["estimated"]) and record["did"] is None


def _transfers(record: Record) -> list[tuple[str, str, str, str]]:
    return [
        (transfer["kind"], _extension(transfer["by"]), _place(transfer["to"]), transfer["result"])
        for transfer in record["transfers"]
    ]


def _extension(endpoint: str) -> str:
    return extension_of(endpoint.rpartition("/")[2])


def _place(target: str) -> str:
    """Where a transfer went; of an outside number the record may name the trunk."""
    place = _extension(target)
    return "outside" if place.startswith(("+", "trunk")) else place


def _bare(name: str | None) -> str | None:
    """Asterisk keeps the backslashes of a SIP quoted string in the name."""
    return name and name.replace("\\", "")


def _apart(key: str, said: float | None, wanted: float | None, *, untimed: bool) -> list[str]:
    if untimed and said is None:
        return []
    if said is None or wanted is None:
        return [] if said == wanted else [f"{key} is {said}, was {wanted}"]
    return [] if abs(said - wanted) <= TOLERANCE_S else [f"{key} is {said:.1f}, was {wanted:.1f}"]


def _queues(record: Record, truth: CallTruth) -> list[str]:
    """The queues waited in, in order, with seconds and result."""
    if truth.queues is None or _joined_late(record):
        return []
    said = [(wait["queue"], wait["result"]) for wait in record["queues"]]
    done = [(name, result) for name, _, result in truth.queues]
    if said != done:
        return [f"queues are {said}, were {done}"]
    found: list[str] = []
    for wait, (name, wanted, _) in zip(record["queues"], truth.queues, strict=True):
        found += _apart(f"wait_s in {name}", wait["wait_s"], wanted, untimed=record["started_at"] is None)
    return found


def _legs(record: Record, truth: CallTruth) -> list[str]:
    """Who was rung and with what result; two devices of one colleague that ring together are one leg."""
    if truth.direction != "inbound" and not truth.offers:
        return _talker(record, truth)
    said = sorted(record["legs"], key=lambda leg: (leg["extension"] or "", leg["result"], leg["talk_s"] or 0))
    wanted = sorted(_one_per_colleague(truth), key=lambda leg: (leg.extension or "", leg.result, leg.talk_s or 0))
    names = [(leg["extension"], leg["result"]) for leg in said]
    if names != [(leg.extension, leg.result) for leg in wanted]:
        return [f"legs are {names}, were {[(leg.extension, leg.result) for leg in wanted]}"]
    return [difference for leg, offer in zip(said, wanted, strict=True) for difference in _leg(leg, offer, record)]


def _leg(leg: Record, offer: Offer, record: Record) -> list[str]:
    """How long this colleague talked, and whither the phone forwards."""
    if offer.talk_s is None or record["estimated"]:
        return []
    found = [f"leg {offer.extension} goes via {leg['via']}, went via {offer.via}"] if leg["via"] != offer.via else []
    for key, wanted in (("talk_s", offer.talk_s), ("hold_s", offer.hold_s)):
        found += _apart(f"{key} of {offer.extension}", leg[key], wanted, untimed=record["started_at"] is None)
    return found


def _talker(record: Record, truth: CallTruth) -> list[str]:
    """A call from a colleague of which only the one who talked is told."""
    talked = [leg["extension"] for leg in record["legs"] if leg["result"] == "answered"]
    if truth.outcome == "answered" and truth.extension not in talked:
        return [f"the colleague {truth.extension} is missing among those who talked: {talked}"]
    return []


def _one_per_colleague(truth: CallTruth) -> list[Offer]:
    legs: dict[tuple[str | None, int], list[Offer]] = {}
    for offer in truth.offers:
        # The same phone rung again later is another leg; a second device rings within a moment of the first.
        rung_before = [
            other for other in truth.offers if other.endpoint == offer.endpoint and _rang(other) < _rang(offer)
        ]
        legs.setdefault((offer.extension, len(rung_before)), []).append(offer)
    return [min(offers, key=lambda offer: RESULTS.index(offer.result)) for offers in legs.values()]


def _rang(offer: Offer) -> float:
    return offer.rang_at if offer.rang_at is not None else offer.answered_at or 0.0
