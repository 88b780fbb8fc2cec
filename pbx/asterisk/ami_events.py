"""One table: the AMI events we subscribe to, and how each becomes a typed event of `pbx/events.py`.

`parse` never raises on what a PBX sends: a header that is missing or wrong gives a ParseProblem, which becomes an Anomaly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pbx import events as ev
from pbx.asterisk import ami_event_parsers as read
from pbx.asterisk.ami_decoder import RawMessage, Wanted
from pbx.asterisk.ami_headers import BadHeader

# Newexten and VarSet are most of a PBX's events; only these concern us (voicemail, a queue that refused to take the caller).
WANTED_APPLICATIONS = ("VoiceMail", "Queue")
WANTED_VARIABLES = ("QUEUESTATUS",)

Parser = Callable[[str], ev.PbxEvent]


@dataclass(frozen=True, slots=True)
class ParseProblem:
    """A message of the PBX that we could not use; `reason` names the header."""

    event: str
    reason: str


def parse(raw: RawMessage) -> ev.PbxEvent | ParseProblem | None:
    """Return the typed event, what is wrong with the message, or None when it is not one of ours."""
    parser = PARSERS.get(raw.name)
    if parser is None:
        return None
    try:
        return parser(raw.block.decode("utf-8", "replace"))
    except BadHeader as problem:
        return ParseProblem(raw.name.decode("ascii", "replace"), str(problem))


PARSERS: Mapping[bytes, Parser] = {
    b"Newchannel": read.newchannel,
    b"Newstate": read.newstate,
    b"Hangup": read.hangup,
    b"HangupRequest": read.hangup_request,
    b"NewCallerid": read.new_callerid,
    b"NewConnectedLine": read.new_connected_line,
    b"Newexten": read.newexten,
    b"VarSet": read.var_set,
    b"Rename": read.rename,
    b"DialBegin": read.dial_begin,
    b"DialState": read.dial_state,
    b"DialEnd": read.dial_end,
    b"BridgeEnter": read.bridge_enter,
    b"BridgeLeave": read.bridge_leave,
    b"BridgeMerge": read.bridge_merge,
    b"BridgeDestroy": read.bridge_destroy,
    b"LocalBridge": read.local_bridge,
    b"LocalOptimizationEnd": read.local_optimization_end,
    b"BlindTransfer": read.blind_transfer,
    b"AttendedTransfer": read.attended_transfer,
    b"Pickup": read.pickup,
    b"Hold": read.hold,
    b"Unhold": read.unhold,
    b"ParkedCall": read.parked_call,
    b"UnParkedCall": read.unparked_call,
    b"ParkedCallTimeOut": read.parked_call_time_out,
    b"ParkedCallGiveUp": read.parked_call_give_up,
    b"ChanSpyStart": read.chan_spy_start,
    b"ChanSpyStop": read.chan_spy_stop,
    b"ConfbridgeJoin": read.confbridge_join,
    b"ConfbridgeLeave": read.confbridge_leave,
    b"OriginateResponse": read.originate_response,
    b"QueueCallerJoin": read.queue_caller_join,
    b"QueueCallerLeave": read.queue_caller_leave,
    b"QueueCallerAbandon": read.queue_caller_abandon,
    b"AgentCalled": read.agent_called,
    b"AgentConnect": read.agent_connect,
    b"AgentRingNoAnswer": read.agent_ring_no_answer,
    b"AgentComplete": read.agent_complete,
    b"AgentDump": read.agent_dump,
    b"QueueMemberAdded": read.queue_member_added,
    b"QueueMemberRemoved": read.queue_member_removed,
    b"QueueMemberPause": read.queue_member_changed,
    b"QueueMemberPenalty": read.queue_member_changed,
    b"QueueMemberRinginuse": read.queue_member_changed,
    b"QueueMemberStatus": read.queue_member_changed,
    b"DeviceStateChange": read.device_state_change,
    b"FullyBooted": read.fully_booted,
    b"Shutdown": read.shutdown,
}


def _lines(key: str, values: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(f"\r\n{key}: {value}\r\n".encode() for value in values)


#: What a capture is read for.
READABLE: Wanted = {
    **dict.fromkeys(PARSERS, ()),
    b"Newexten": _lines("Application", WANTED_APPLICATIONS),
    b"VarSet": _lines("Variable", WANTED_VARIABLES),
}

#: `replay --explain` names these events, but nothing follows from them: a live link leaves a sixth of each call unread.
ONLY_EXPLAINED = frozenset({b"AgentCalled", b"AgentComplete", b"BridgeDestroy", b"BridgeMerge", b"NewConnectedLine"})

#: What a live link is read for.
WANTED: Wanted = {name: lines for name, lines in READABLE.items() if name not in ONLY_EXPLAINED}
