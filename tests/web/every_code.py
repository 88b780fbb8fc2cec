"""Records that show every code of interfaces.md on the pages: each outcome, leg, queue result, kind of party, phone and entry."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import cycle

from crm_store.activities import DISPOSITIONS, CallRecord
from crm_store.ledger import LedgerEntry, LedgerKind
from crm_store.parties import PARTY_KINDS, PHONE_LABELS, PartyInput, PhoneInput
from pbx.calls import CallState
from tests.browser.centre import Centre
from tests.browser.screens import text
from tests.web.desk import record
from web.pages_words import WORDS

EVERYTHING = "01KBBB00000000000000000000"


async def add_every_code(centre: Centre) -> None:
    """Into a filled centre; the call that shows most is `EVERYTHING`."""
    store, now = centre.store, centre.deps.clock()
    await store.save_calls(list(_calls(text(now - timedelta(minutes=3)))), now=now)
    for number, code in enumerate(DISPOSITIONS):
        await store.save_disposition(f"01KBBB{number:020}", code, user="eva", now=now)
    for number, kind in enumerate(PARTY_KINDS):
        phones = tuple(
            PhoneInput(raw=f"+421 905 3{number} {place:02} 00", label=label)
            for place, label in enumerate(PHONE_LABELS if number == 0 else ())
        )
        await store.create_party(PartyInput(name=f"Zoe {number}", kind=kind, phones=phones), user="eva", now=now)
    jan = centre.customers["jan"].id
    for kind in WORDS["activity_kind"]:
        if kind != "call":
            await store.add_activity(kind=kind, text="ok", customer_id=jan, user="eva", at=now)
    await store.add_to_ledger(list(_entries(centre)))


def _calls(at: str) -> Iterable[CallRecord]:
    """One call with every leg, wait and transfer, then one for each outcome, direction, end and state."""
    base = record("x")
    legs = [{**base["legs"][0], "agent": None, "result": result} for result in WORDS["leg_result"]]
    waits = [{**base["queues"][0], "result": result} for result in WORDS["queue_result"]]
    transfers = [
        {"kind": kind, "by": "PJSIP/1001", "to": "+421905000001", "at": at, "result": "busy"}
        for kind in WORDS["transfer_kind"]
    ]
    directions, ends, kinds = (
        cycle(WORDS["direction"]),
        cycle(WORDS["ended_by"]),
        cycle(("e164", "withheld", "unknown")),
    )
    for number, outcome in enumerate(WORDS["outcome"]):
        everything = {"legs": [*base["legs"], *legs], "queues": waits, "transfers": transfers} if number == 0 else {}
        kind = next(kinds)
        remote = base["remote"] if kind == "e164" else {**base["remote"], "number": None, "display": None, "name": None}
        yield record(
            f"01KBBB{number:020}",
            **{
                "uniqueid": f"900.{number}", "linkedid": f"900.{number}", "started_at": at, "outcome": outcome,
                "direction": next(directions), "ended_by": next(ends), "remote": {**remote, "kind": kind},
                "hold_s": 5.0, "parked_s": 7.0, "estimated": True, **everything,
            },
        )  # fmt: skip
    for number, state in enumerate(CallState, 900):
        if state is not CallState.ENDED:
            yield record(
                f"01KBBB{number:020}", uniqueid=f"900.{number}", linkedid=f"900.{number}", started_at=at,
                state=state.value, outcome=None, ended_at=None,
            )  # fmt: skip


def _entries(centre: Centre) -> Iterable[LedgerEntry]:
    now, customer = centre.deps.clock(), centre.customers["jan"].id
    details: dict[str, object] = dict.fromkeys(WORDS["ledger_detail"], 7)
    details |= {code: text(now) for code in ("before", "oldest", "newest")} | {"more": True, "by_token": True}
    for kind in LedgerKind:
        user = None if kind in (LedgerKind.PURGED, LedgerKind.SIGN_IN_FAILED) else "eva"
        yield LedgerEntry(kind=kind, at=now, user=user, customer_id=customer, call_id=EVERYTHING, detail=details)
    for what in WORDS["ledger_what"]:
        yield LedgerEntry(kind=LedgerKind.CHANGED, at=now, user="eva", detail={"what": what})
