"""Why: the rule behind each kind of change of a call. One table, beside the words of `call_changes.py`.

Keys are `what` or `what.value`, the value being that of the enum (`leg.missed`, `outcome.abandoned`). `section` is a heading of
docs/call-model.md, where the rule is written out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_ROOT = "A call and its root"
_LEGS = "Legs"
_TALK = "Talk, hold, wait, ring"
_QUEUES = "Queues"
_END = "How a call ended"
_NONSENSE = "Time and nonsense"
_GAP = "A lost link, a restart"
_TRANSFERS = "Transfers"


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence, and the section of docs/call-model.md that says more."""

    section: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.sentence} [{self.section}]"


RULES: Mapping[str, Rule] = {
    # --- the call ---------------------------------------------------------------------------------------------------
    "start.inbound": Rule(_ROOT, "a channel without a requestor is the root of a call; this one is a trunk's"),
    "start.outbound": Rule(_ROOT, "a phone is silent until it dials somebody, and the first it dialled is a trunk"),
    "start.internal": Rule(_ROOT, "a phone is silent until it dials somebody, and the first it dialled is a phone"),
    "start.click": Rule(_ROOT, "the ChannelId is one that we chose (cti-…), so it is a call from its first event"),
    "start.late": Rule(_GAP, "it ran already when we first saw it, so its beginning is estimated"),
    "remote": Rule(_ROOT, "the outside party is the root's caller id, or the number that a colleague dialled"),
    "withheld": Rule("Withheld numbers", "the PBX says that the presentation is restricted, so digits and name go"),
    "line": Rule(_ROOT, "this is what the trunk was told to dial"),
    "direction": Rule(_ROOT, "direction is told by the devices: root on a trunk, or the first that a phone dials"),
    "identity": Rule(_ROOT, "a call has an id of its own; Linkedid is never the key of anything"),
    "state.ringing": Rule(_TALK, "nobody talks, no queue holds the caller"),
    "state.queued": Rule(_TALK, "the caller stands in a queue and hears no phone"),
    "state.talking": Rule(
        _TALK, "a phone hears the remote party (bridges, Local pairs), or did and nothing rings since"
    ),
    "state.held": Rule(_TALK, "every phone in the talk has it on hold"),
    "state.parked": Rule(_TALK, "the remote party waits in the park: neither talk nor hold"),
    "state.ended": Rule(_ROOT, "its last channel hung up"),
    "final": Rule(_ROOT, "three seconds after the last hang-up nothing counts any more"),
    "dropped": Rule(_ROOT, "one conversation is one record: a consultation is part of it, listening in is none"),
    "spied": Rule(_TALK, "who listens in does not talk, and has no leg"),
    "estimated": Rule(_GAP, "something fell into a time that we did not see"),
    "counted": Rule(_TALK, "seconds are counted up to this event; nothing else is different"),
    "field": Rule(_ROOT, "the record says it this way from now on"),
    "anomaly": Rule(_NONSENSE, "what cannot be, or is not followed, is said aloud; the record keeps what is certain"),
    # --- legs -------------------------------------------------------------------------------------------------------
    "leg.rings": Rule(_LEGS, "a leg is made when a colleague's device is dialled"),
    "leg.calls": Rule(_LEGS, "the colleague who calls has a leg, too"),
    "leg.joins": Rule(_LEGS, "who was not dialled and takes part gets a leg, too: pickup, retrieve, transfer"),
    "leg.rings_too": Rule(_LEGS, "two devices of one account that ring at once are one leg"),
    "leg.device": Rule(_LEGS, "the device that answers gives the leg its name"),
    "leg.picked_up": Rule(_LEGS, "whatever says so first: Newstate Up, DialEnd ANSWER, AgentConnect or a bridge"),
    "leg.talks": Rule(_TALK, "talk runs while the remote party and a phone hear each other"),
    "leg.hold": Rule(_TALK, "hold is inside talk, from Hold to Unhold on the phone's channel"),
    "leg.forwards": Rule(_LEGS, "the phone sends the call to another number"),
    "leg.detail": Rule(_LEGS, "a leg is one colleague's part; this is known better now"),
    "leg.gone": Rule(_LEGS, "a leg is one colleague's part, and this one belongs to another record"),
    "leg.answered": Rule(_LEGS, "a leg that talked is answered"),
    "leg.caller": Rule(_LEGS, "the colleague who calls and does not talk"),
    "leg.missed": Rule(_LEGS, "it rang out: no status, no cause and nobody's wish says more"),
    "leg.rejected": Rule(_LEGS, "BUSY or cause 17 after ringing, or cause 21; NOANSWER is no verdict (P9, P12)"),
    "leg.busy": Rule(_LEGS, "BUSY or cause 17 without ringing"),
    "leg.answered_elsewhere": Rule(_LEGS, "cause 26, or a colleague has the call"),
    "leg.cancelled": Rule(_LEGS, "the caller asked to hang up while it rang"),
    "leg.unavailable": Rule(_LEGS, "CHANUNAVAIL, or cause 1, 3, 20, 27 or 28"),
    "leg.forwarded": Rule(_LEGS, "DialEnd names where the phone sent the call"),
    "leg.failed": Rule(_LEGS, "CONGESTION, or a cause that is no ordinary one"),
    # --- queues -----------------------------------------------------------------------------------------------------
    "queue.joined": Rule(_QUEUES, "QueueCallerJoin; of a full or empty queue only QUEUESTATUS tells"),
    "queue.left": Rule(_QUEUES, "Leave is sent at every answer, too; what follows says how the stay ended"),
    "queue.detail": Rule(_QUEUES, "waiting ends with the talk it led to, else when the queue is left"),
    "queue.named": Rule(_QUEUES, "the first queue that led to a talk, else the last one waited in"),
    "queue.answered": Rule(_QUEUES, "AgentConnect, or a talk with a phone offered out of this queue"),
    "queue.abandoned": Rule(_QUEUES, "Abandon, and the caller had asked to hang up before it"),
    "queue.timeout": Rule(_QUEUES, "QUEUESTATUS says so, or Abandon without the caller's wish to hang up (P5)"),
    "queue.empty": Rule(_QUEUES, "QUEUESTATUS says that no member could take the call"),
    "queue.full": Rule(_QUEUES, "QUEUESTATUS says that the queue took nobody more"),
    "queue.exit_key": Rule(_QUEUES, "Leave alone: no Abandon, and no phone picked up"),
    "queue.withdrawn": Rule(_QUEUES, "QUEUESTATUS says that the caller was taken out"),
    "queue.transferred": Rule(_QUEUES, "the caller was transferred out of the queue"),
    "queue.open": Rule(_QUEUES, "nothing certain says how the stay ended"),
    # --- talk, transfers, park --------------------------------------------------------------------------------------
    "answered": Rule(_TALK, "the first talk; a line that is up and hears an IVR or a queue is no talk"),
    "transfer": Rule(_TRANSFERS, "a colleague handed the call on (BlindTransfer, AttendedTransfer)"),
    "transfer.none": Rule(_TRANSFERS, "what went into the park is parked, not transferred"),
    "transfer.answered": Rule(_TRANSFERS, "the one it went to has the call"),
    "transfer.no_answer": Rule(_TRANSFERS, "it rang, and nobody took it"),
    "transfer.busy": Rule(_TRANSFERS, "the one it went to was busy"),
    "transfer.rejected": Rule(_TRANSFERS, "the one it went to declined"),
    "transfer.failed": Rule(_TRANSFERS, "nobody was reached"),
    # --- the end ----------------------------------------------------------------------------------------------------
    "outcome.answered": Rule(_END, "answered: somebody talked"),
    "outcome.voicemail": Rule(_END, "voicemail: nobody talked, and the root ran the mailbox"),
    "outcome.abandoned": Rule(_END, "abandoned: the last queue's reason"),
    "outcome.queue_timeout": Rule(_END, "queue_timeout: the last queue's reason"),
    "outcome.queue_empty": Rule(_END, "queue_empty: the last queue's reason"),
    "outcome.queue_full": Rule(_END, "queue_full: the last queue's reason"),
    "outcome.exit_key": Rule(_END, "exit_key: the last queue's reason"),
    "outcome.withdrawn": Rule(_END, "withdrawn: the last queue's reason"),
    "outcome.agent_no_answer": Rule(_END, "agent_no_answer: the agent's own phone was not taken"),
    "outcome.rejected": Rule(_END, "rejected: the phones together, or the line's cause 21"),
    "outcome.busy": Rule(_END, "busy: the phones together, or the line's status BUSY or cause 17"),
    "outcome.no_answer": Rule(_END, "no_answer: a phone rang out, or the line's status NOANSWER, cause 18 or 19"),
    "outcome.unavailable": Rule(_END, "unavailable: no phone could be reached"),
    "outcome.invalid": Rule(_END, "invalid: cause 1 or 28, there is no such number"),
    "outcome.failed": Rule(_END, "failed: no phone got it, and no better rule names the cause"),
    "outcome.cancelled": Rule(_END, "cancelled: the caller gave up before anybody answered, in no queue"),
    "outcome.ivr_only": Rule(_END, "ivr_only: the line was up, and no phone was dialled"),
    "outcome.unknown": Rule(_END, "unknown: nobody saw how it ended"),
    "ended_by.remote": Rule(_END, "by remote: the first wish to hang up was the remote party's (HangupRequest)"),
    "ended_by.agent": Rule(_END, "by agent: the first wish to hang up was a colleague's (HangupRequest)"),
    "ended_by.system": Rule(_END, "by system: no party asked to hang up; timeouts, refusals, restarts"),
    "ended_by.unknown": Rule(_END, "by unknown: it may have been asked for while we did not see"),
    "cause": Rule(_END, "the Cause of the remote party's Hangup, else of the root's"),
}
