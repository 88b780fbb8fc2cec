"""How a call went, in the words of the call record, from what its parties' SIP logs say."""

from tests.asterisk.belonging import SOON_S
from tests.asterisk.plan import Destination
from tests.asterisk.siplog import SipCall


def gave_up(caller: SipCall) -> bool:
    """Whether this party ended the call itself."""
    return "self" in (caller.bye_by, caller.cancel_by)


def leg_result(phone: SipCall, caller: SipCall, talk_began: float | None) -> str:
    """`result` of a leg: answered, missed, rejected, busy, answered_elsewhere or cancelled."""
    if phone.answered_at is not None:
        return "answered"
    if phone.cancel_by == "pbx":
        if talk_began is not None and abs(phone.end - talk_began) < SOON_S:
            return "answered_elsewhere"
        return "cancelled" if gave_up(caller) and abs(phone.end - caller.end) < SOON_S else "missed"
    if phone.status == 302:
        return "forwarded"
    # A phone that never rang and says busy is engaged; one that rang was declined by its owner.
    return "busy" if phone.status == 486 and phone.rang_at is None else "rejected"


def unanswered(caller: SipCall, phones: list[SipCall], destination: Destination) -> str:
    """`outcome` of an inbound call that no colleague answered."""
    if caller.digits and destination.given_up == "exit_key":
        return "exit_key"
    if destination.given_up in ("ivr_only", "voicemail") and caller.end - caller.invited_at > (destination.wait_s or 0):
        return destination.given_up
    if gave_up(caller):
        return "abandoned" if destination.queues else "cancelled"
    if destination.given_up in ("queue_timeout", "exit_key"):
        # Sent away before its time: the PBX was stopped.
        kept = caller.end - (caller.answered_at or caller.end)
        return "queue_timeout" if kept >= (destination.wait_s or 0) - SOON_S else "unknown"
    if destination.given_up is not None:
        return destination.given_up
    results = {leg_result(phone, caller, None) for phone in phones}
    for result, outcome in (("rejected", "rejected"), ("missed", "no_answer"), ("busy", "busy")):
        if result in results:
            return outcome
    return "unavailable"


def refused(near: SipCall, far: SipCall | None) -> str:
    """`outcome` of a call of ours that the far end did not answer."""
    if far is None:
        return "unavailable"
    if far.cancel_by == "pbx" or far.status is None:
        return "cancelled" if gave_up(near) and abs(far.end - near.end) < SOON_S else "no_answer"
    return {486: "busy", 603: "rejected", 404: "invalid", 480: "no_answer"}.get(far.status, "failed")


def transfer_result(targets: list[SipCall], caller: SipCall) -> str:
    """`result` of a transfer, from the phones that it rang."""
    results = {leg_result(phone, caller, None) for phone in targets}
    for result, word in (("answered", "answered"), ("rejected", "rejected"), ("busy", "busy"), ("missed", "no_answer")):
        if result in results:
            return word
    return "no_answer" if results else "failed"


def ended_by(near: SipCall, far: SipCall | None, *, sides: tuple[str, str]) -> str:
    """Who sent the first BYE or CANCEL, as the word for its side; the PBX ("system") when neither did."""
    if gave_up(near):
        return sides[0]
    if near.ended_at is None:
        return "unknown"
    return sides[1] if far is not None and far.bye_by == "self" else "system"
