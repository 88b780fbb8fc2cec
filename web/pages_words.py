"""What people read for the codes of interfaces.md: one table per kind of code, in English, translated by the catalogues.

Labels are nouns and participles without gender (Hebrew, Arabic, Polish and Slovak verbs would carry one).
"""

from __future__ import annotations

from collections.abc import Mapping

from web.i18n import Language


def N_(message: str) -> str:  # noqa: N802 - the customary name, known to the extractor
    """Marks a text for the catalogues; translated where it is shown."""
    return message


WORDS: Mapping[str, Mapping[str, str]] = {
    "phase": {
        "ringing": N_("Ringing"),
        "talking": N_("Talking"),
        "hold": N_("On hold"),
        "wrap_up": N_("Wrap-up"),
        "saved": N_("Saved"),
    },
    "agent_state": {
        "offline": N_("Offline"),
        "ready": N_("Ready"),
        "ringing": N_("Ringing"),
        "talking": N_("Talking"),
        "hold": N_("On hold"),
        "wrap_up": N_("Wrap-up"),
        "paused": N_("Paused"),
        "busy_elsewhere": N_("Busy elsewhere"),
        "dnd": N_("Do not disturb"),
        "unreachable": N_("Unreachable"),
    },
    # Why somebody is paused: the reasons of the state menu, and those that the service itself gives.
    "pause_reason": {
        "break": N_("Break"),
        "lunch": N_("Lunch"),
        "meeting": N_("Meeting"),
        "office": N_("Back office"),
        "supervisor": N_("Supervisor"),
        "wrapup": N_("Wrap-up"),
    },
    "disposition": {
        "solved": N_("Solved"),
        "callback": N_("Call back"),
        "order": N_("Order"),
        "complaint": N_("Complaint"),
        "wrong_number": N_("Wrong number"),
    },
    "outcome": {
        "answered": N_("Answered"),
        "voicemail": N_("Voicemail"),
        "abandoned": N_("Abandoned"),
        "queue_timeout": N_("Queue time-out"),
        "queue_empty": N_("Queue empty"),
        "queue_full": N_("Queue full"),
        "exit_key": N_("Left by key"),
        "withdrawn": N_("Withdrawn from queue"),
        "agent_no_answer": N_("Own phone not answered"),
        "rejected": N_("Declined"),
        "busy": N_("Busy"),
        "no_answer": N_("No answer"),
        "unavailable": N_("Unavailable"),
        "invalid": N_("Number does not exist"),
        "failed": N_("Failed"),
        "cancelled": N_("Cancelled"),
        "ivr_only": N_("Menu only"),
        "unknown": N_("Unknown"),
    },
    "leg_result": {
        "answered": N_("Answered"),
        "missed": N_("Missed"),
        "rejected": N_("Declined"),
        "busy": N_("Busy"),
        "answered_elsewhere": N_("Answered by a colleague"),
        "cancelled": N_("Caller gave up"),
        "unavailable": N_("Unavailable"),
        "forwarded": N_("Forwarded"),
        "failed": N_("Failed"),
        "caller": N_("Calling"),
    },
    "queue_result": {
        "answered": N_("Answered"),
        "abandoned": N_("Abandoned"),
        "timeout": N_("Queue time-out"),
        "empty": N_("Queue empty"),
        "full": N_("Queue full"),
        "exit_key": N_("Left by key"),
        "withdrawn": N_("Withdrawn from queue"),
        "transferred": N_("Transferred"),
    },
    "transfer_kind": {
        "blind": N_("Blind transfer"),
        "attended": N_("Attended transfer"),
        "blonde": N_("Transfer while ringing"),
    },
    "direction": {"inbound": N_("Incoming"), "outbound": N_("Outgoing"), "internal": N_("Internal")},
    "call_state": {
        "ringing": N_("Ringing"),
        "queued": N_("Waiting"),
        "talking": N_("Talking"),
        "held": N_("On hold"),
        "parked": N_("Parked"),
        "ended": N_("Ended"),
    },
    "ended_by": {
        "remote": N_("the caller or called party"),
        "agent": N_("the agent"),
        "system": N_("the telephone system"),
        "unknown": N_("not known"),
    },
    "party_kind": {
        "customer": N_("Customer"),
        "contact": N_("Contact person"),
        "employee": N_("Employee"),
        "supplier": N_("Supplier"),
        "company": N_("Company"),
    },
    "phone_label": {
        "mobile": N_("Mobile"),
        "work": N_("Work phone"),
        "home": N_("Home phone"),
        "main": N_("Main line"),
        "fax": N_("Fax"),
        "other": N_("Other"),
    },
    "activity_kind": {
        "call": N_("Phone call"),
        "note": N_("Note"),
        "task_done": N_("Task done"),
        "visit": N_("Visit"),
        "email": N_("E-mail"),
        "meeting": N_("Meeting"),
    },
    "task_kind": {"todo": N_("To do"), "callback": N_("Call back")},
    "role": {"agent": N_("Agent"), "supervisor": N_("Supervisor"), "admin": N_("Administrator")},
    "ledger_kind": {
        "card_shown": N_("Card shown by a call"),
        "card_opened": N_("Card opened"),
        "call_opened": N_("Call opened"),
        "searched": N_("Search"),
        "exported": N_("Export"),
        "dialled": N_("Call dialled"),
        "hung_up": N_("Call hung up"),
        "listened": N_("Listened in"),
        "created": N_("Created"),
        "changed": N_("Changed"),
        "deleted": N_("Deleted"),
        "merged": N_("Customers merged"),
        "signed_in": N_("Sign-in"),
        "sign_in_failed": N_("Sign-in failed"),
        "signed_out": N_("Sign-out"),
        "refused": N_("Refused"),
        "account_changed": N_("Account changed"),
        "person_exported": N_("Data of a person exported"),
        "person_erased": N_("Data of a person erased"),
        "purged": N_("Old data removed"),
    },
    "ledger_what": {
        "customer": N_("Customer"),
        "customers": N_("Customers"),
        "call_customer": N_("Customer of the call"),
        "calls": N_("Calls"),
        "note": N_("Note"),
        "notes": N_("Notes"),
        "disposition": N_("Outcome"),
        "task": N_("Task"),
        "timeline": N_("Timeline"),
        "form": N_("Form"),
        "lookup": N_("Number look-up"),
        "journal": N_("Journal of the telephone system"),
        "ledger": N_("Access log"),
        "pops": N_("Cards shown"),
        "added": N_("Account added"),
        "password": N_("New password"),
        "token": N_("New API token"),
        "first_admin": N_("First administrator"),
    },
    "ledger_detail": {
        "term_length": N_("characters typed:"),
        "hits": N_("found:"),
        "more": N_("and more"),
        "rows": N_("rows:"),
        "fields": N_("fields:"),
        "other": N_("merged record:"),
        "agent": N_("phone of:"),
        "task": N_("number:"),
        "request": N_("request:"),
        "address": N_("from:"),
        "phone": N_("phone:"),
        "by": N_("listener:"),
        "on": N_("listened to:"),
        "method": N_("method:"),
        "route": N_("path:"),
        "by_token": N_("by a program"),
        "account": N_("account:"),
        "count": N_("removed:"),
        "keep_days": N_("days kept:"),
        "before": N_("older than:"),
        "oldest": N_("oldest:"),
        "newest": N_("newest:"),
        "calls": N_("calls:"),
        "notes": N_("notes:"),
        "tasks": N_("tasks:"),
        "activities": N_("timeline entries:"),
        "journal": N_("places in the journal:"),
    },
    # The end of a click-to-dial, as a sentence.
    "dial": {
        "dialing": N_("Starting the call…"),
        "agent_ringing": N_("Your phone is ringing: pick it up."),
        "remote_ringing": N_("Ringing at the other end…"),
        "talking": N_("Connected."),
        "answered": N_("The call was answered."),
        "busy": N_("The line is busy."),
        "no_answer": N_("Nobody answered."),
        "rejected": N_("The call was declined."),
        "invalid": N_("This number does not exist or cannot be reached."),
        "agent_no_answer": N_("Your own phone was not picked up, so nothing was dialled."),
        "agent_declined": N_("Your phone declined the call, so nothing was dialled."),
        "agent_busy": N_("Your phone is busy or on do not disturb, so nothing was dialled."),
        "agent_unreachable": N_("Your phone cannot be reached, so nothing was dialled."),
        "cancelled": N_("The call ended before anybody answered."),
        "unavailable": N_("The other end cannot be reached."),
        "link_lost": N_("The telephone link was lost. Look at your phone; it will not be dialled again."),
        "silent": N_("It is not known what became of the call. It will not be dialled again."),
        "refused": N_("The telephone system refused this call."),
        "failed": N_("The call failed."),
        "unknown": N_(
            "The telephone link was lost. It is not known whether the call went out; it will not be dialled again."
        ),
    },
    # Problems of the API by their stable code, as a sentence.
    "problem": {
        "unauthenticated": N_("You are signed out."),
        "forbidden": N_("You are not allowed to do this."),
        "not_found": N_("This record no longer exists."),
        "version_conflict": N_("Somebody else changed this meanwhile."),
        "database_unavailable": N_("The database cannot be reached. Nothing was saved; try again in a moment."),
        "pbx_not_connected": N_("The telephone link is down. Nothing was sent."),
        "pbx_refused": N_("The telephone system refused this."),
        "pbx_result_unknown": N_(
            "The telephone link was lost. It is not known whether this happened; it will not be sent again."
        ),
        "controls_off": N_("This telephone system is only observed: controls are off."),
        "invalid_input": N_("Some values are not acceptable."),
        "invalid": N_("This is not a number that can be dialled."),
        "blocked_type": N_("This kind of number may not be dialled."),
        "blocked_country": N_("This country may not be dialled."),
        "too_many": N_("Too many calls in one minute. Wait a moment."),
        "too_many_today": N_("Too many calls from this phone in one day. Ask a supervisor if you need more."),
        "feature": N_("Feature codes cannot be dialled from here."),
        "no_phone": N_("You have no phone. Sign out and choose the phone you sit at."),
        "already_dialling": N_("Your phone is already being called."),
        "idempotency_mismatch": N_("This call was already asked for with another number."),
        "call_ended": N_("This call is over already."),
        "csrf_failed": N_("This page is too old. Load it again."),
        "wrong_origin": N_("This form came from another address than the service's own."),
        "unknown_queue": N_("There is no such queue."),
        "queue_needed": N_("No queue is known to join. A supervisor can add you to one."),
        "field_hidden": N_("You are not allowed to change this field."),
        "network": N_("The server cannot be reached."),
        "wrong_password": N_("User or password is wrong."),
        "too_many_attempts": N_("Too many attempts. Wait a few minutes and try again."),
        "unknown_phone": N_("There is no such phone. Choose one from the list, or write its number or endpoint."),
        "form_expired": N_("The form was open too long. Send it again."),
        "setup_link_used": N_("This link was already used or is not valid. Restart the service to get a new one."),
        "weak_password": N_("This password is too weak. Take a few words in a row, at least 8 characters."),
        "invalid_name": N_("Use only letters, digits, dots, dashes and underscores for the user name."),
    },
}


def word(language: Language, kind: str, code: str | None) -> str:
    """The label of a code; a code without a label (a newer server, an own activity kind) is shown as it is."""
    if code is None:
        return ""
    message = WORDS[kind].get(code)
    return language.gettext(message) if message is not None else code.replace("_", " ")


def all_words(language: Language) -> dict[str, dict[str, str]]:
    """Every label, translated: the browser gets the same table as the templates."""
    return {kind: {code: language.gettext(text) for code, text in labels.items()} for kind, labels in WORDS.items()}
