"""How a call went, in the words of the call record, from what its parties' SIP logs say."""

from collections.abc import Collection

from tests.asterisk.belonging import SOON_S
from tests.asterisk.plan import Destination
from tests.asterisk.siplog import SipCall

# An announcement is played to its end before the phone is told that the caller has left.
LATE_S = 3.5


def gave_up(caller: SipCall) -> bool:
    """Whether this party ended the call itself."""
    return "self" in (caller.bye_by, caller.cancel_by)


def leg_result(phone: SipCall, caller: SipCall, answers: Collection[float] = ()) -> str:
    """`result` of a leg: answered, missed, rejected, busy, answered_elsewhere or cancelled.

    `answers`: when other phones of the call were picked up.
    """
    if phone.answered_at is not None:
        return "answered"
    if phone.cancel_by == "pbx":
        if any(abs(phone.end - answered) < SOON_S for answered in answers):
            return "answered_elsewhere"
        return "cancelled" if gave_up(caller) and abs(phone.end - caller.end) < SOON_S else "missed"
    if phone.status == 302:
        return "forwarded"
    if phone.status in (488, 500, 503):
        return "failed"
    # A phone that never rang and says busy is engaged; one that rang was declined by its owner.
    return "busy" if phone.status == 486 and phone.rang_at is None else "rejected"


def unconnected(phone: SipCall, caller: SipCall) -> str:
    """`result` of a leg that was picked up and never got the caller: an announcement or a question was first."""
    if phone.bye_by == "self":
        return "rejected"
    return "cancelled" if gave_up(caller) and abs(phone.end - caller.end) < LATE_S else "missed"


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
    results = {leg_result(phone, caller) for phone in phones}
    for result, outcome in (("rejected", "rejected"), ("missed", "no_answer"), ("busy", "busy"), ("failed", "failed")):
        if result in results:
            return outcome
    # No phone was dialled, and the dialplan itself said busy: do not disturb.
    return "busy" if caller.status == 486 and not phones else "unavailable"


def refused(near: SipCall, far: SipCall | None) -> str:
    """`outcome` of a call of ours that the far end did not answer."""
    if far is None:
        return "unavailable"
    if far.cancel_by == "pbx" or far.status is None:
        return "cancelled" if gave_up(near) and abs(far.end - near.end) < SOON_S else "no_answer"
    return {486: "busy", 603: "rejected", 404: "invalid", 480: "no_answer"}.get(far.status, "failed")


def transfer_result(targets: list[SipCall], caller: SipCall) -> str:
    """`result` of a transfer, from the phones that it rang."""
    results = {leg_result(phone, caller) for phone in targets}
    for result, word in (("answered", "answered"), ("rejected", "rejected"), ("busy", "busy"), ("missed", "no_answer")):
        if result in results:
            return word
    return "failed" if results <= {"failed"} else "no_answer"


def ended_by(near: SipCall, far: SipCall | None, *, sides: tuple[str, str]) -> str:
    """Who sent the first BYE or CANCEL, as the word for its side; the PBX ("system") when neither did."""
    if far is not None and far.bye_by == "self" and not far.referrals and far.end < near.end - SOON_S:
        # The talk was over then; what came after it (a survey, an empty conference) was none.
        return sides[1]
    if gave_up(near):
        return sides[0]
    if near.ended_at is None:
        return "unknown"
    # A transferer has hung up too, but long before the end.
    if far is None or far.bye_by != "self":
        return "system"
    return sides[1] if near.end - far.end < SOON_S else "system"
