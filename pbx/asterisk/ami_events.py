"""One table: the AMI events we subscribe to, and how each becomes a typed event of `pbx/events.py`.

`parse` never raises on what a PBX sends: a header that is missing or wrong gives a ParseProblem, which becomes an Anomaly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pbx import events as ev
from pbx.asterisk import quick_values as quick
from pbx.asterisk.ami_channels import (
    DEST,
    LOCAL_ONE,
    LOCAL_TWO,
    ORIG_TRANSFERER,
    PARKEE,
    RETRIEVER,
    SECOND_TRANSFERER,
    SPYEE,
    SPYER,
    TARGET,
    TRANSFER_TARGET,
    TRANSFEREE,
    TRANSFERER,
    channel,
    channel_or_none,
)
from pbx.asterisk.ami_decoder import RawMessage, Wanted
from pbx.asterisk.ami_headers import (
    BadHeader,
    identity,
    identity_or_none,
    integer,
    known,
    moment,
    required,
    text,
    unescaped,
    yes,
)
from pbx.asterisk.ami_queue_rows import member_of_event

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


# --- channel life -----------------------------------------------------------------------------------------------------


def _newchannel(block: str) -> ev.Newchannel:
    return quick.Newchannel(moment(block), channel(block), "\r\nChanVariable: CALLERID(num-pres)=prohib" in block)


def _newstate(block: str) -> ev.Newstate:
    return quick.Newstate(moment(block), channel(block))


def _hangup(block: str) -> ev.Hangup:
    return quick.Hangup(moment(block), channel(block), integer(block, "\r\nCause: "))


def _hangup_request(block: str) -> ev.HangupRequest:
    return quick.HangupRequest(moment(block), channel(block), integer(block, "\r\nCause: "))


def _new_callerid(block: str) -> ev.NewCallerid:
    # "32 (Presentation Prohibited, Not Screened)"; "67 (Number Unavailable)" is not a wish to be withheld.
    presentation = text(block, "\r\nCID-CallingPres: ")
    return quick.NewCallerid(moment(block), channel(block), "Prohib" in presentation)


def _new_connected_line(block: str) -> ev.NewConnectedLine:
    return quick.NewConnectedLine(moment(block), channel(block))


def _newexten(block: str) -> ev.Newexten:
    return quick.Newexten(moment(block), channel(block), text(block, "\r\nApplication: "), text(block, "\r\nAppData: "))


def _var_set(block: str) -> ev.VarSet:
    return quick.VarSet(
        moment(block),
        channel_or_none(block),
        required(block, "\r\nVariable: "),
        unescaped(text(block, "\r\nValue: ")),
    )


def _rename(block: str) -> ev.Rename:
    return quick.Rename(moment(block), identity(block, "\r\nUniqueid: "), required(block, "\r\nNewname: "))


# --- dialling and bridges ---------------------------------------------------------------------------------------------


def _dial_begin(block: str) -> ev.DialBegin:
    return quick.DialBegin(moment(block), channel_or_none(block), channel(block, DEST), text(block, "\r\nDialString: "))


def _dial_state(block: str) -> ev.DialState:
    return quick.DialState(moment(block), channel_or_none(block), channel(block, DEST), text(block, "\r\nDialStatus: "))


def _dial_end(block: str) -> ev.DialEnd:
    return quick.DialEnd(
        moment(block),
        channel_or_none(block),
        channel(block, DEST),
        text(block, "\r\nDialStatus: "),
        known(block, "\r\nForward: "),
    )


def _bridge(block: str, marker: str = "\r\nBridgeUniqueid: ") -> ev.BridgeId:
    return ev.BridgeId(identity(block, marker))


def _bridge_or_none(block: str, marker: str) -> ev.BridgeId | None:
    found = identity_or_none(block, marker)
    return None if found is None else ev.BridgeId(found)


def _bridge_enter(block: str) -> ev.BridgeEnter:
    return quick.BridgeEnter(
        moment(block),
        _bridge(block),
        text(block, "\r\nBridgeType: "),
        text(block, "\r\nBridgeTechnology: "),
        channel(block),
        identity_or_none(block, "\r\nSwapUniqueid: "),
    )


def _bridge_leave(block: str) -> ev.BridgeLeave:
    return quick.BridgeLeave(moment(block), _bridge(block), channel(block))


def _bridge_merge(block: str) -> ev.BridgeMerge:
    return quick.BridgeMerge(
        moment(block), _bridge(block, "\r\nToBridgeUniqueid: "), _bridge(block, "\r\nFromBridgeUniqueid: ")
    )


def _bridge_destroy(block: str) -> ev.BridgeDestroy:
    return quick.BridgeDestroy(moment(block), _bridge(block))


def _local_bridge(block: str) -> ev.LocalBridge:
    return quick.LocalBridge(
        moment(block),
        channel(block, LOCAL_ONE),
        channel(block, LOCAL_TWO),
        yes(block, "\r\nLocalOptimization: "),
    )


def _local_optimization_end(block: str) -> ev.LocalOptimizationEnd:
    return quick.LocalOptimizationEnd(moment(block), channel(block, LOCAL_ONE), channel(block, LOCAL_TWO))


# --- transfers, pickup, hold, parking, spying, conferences ------------------------------------------------------------


def _blind_transfer(block: str) -> ev.BlindTransfer:
    return quick.BlindTransfer(
        moment(block),
        text(block, "\r\nResult: "),
        channel(block, TRANSFERER),
        channel_or_none(block, TRANSFEREE),
        _bridge_or_none(block, "\r\nBridgeUniqueid: "),
        text(block, "\r\nContext: "),
        text(block, "\r\nExtension: "),
        yes(block, "\r\nIsExternal: "),
    )


def _attended_transfer(block: str) -> ev.AttendedTransfer:
    return quick.AttendedTransfer(
        moment(block),
        text(block, "\r\nResult: "),
        channel(block, ORIG_TRANSFERER),
        channel(block, SECOND_TRANSFERER),
        _bridge_or_none(block, "\r\nOrigBridgeUniqueid: "),
        _bridge_or_none(block, "\r\nSecondBridgeUniqueid: "),
        channel_or_none(block, TRANSFEREE),
        channel_or_none(block, TRANSFER_TARGET),
        text(block, "\r\nDestType: "),
        known(block, "\r\nDestApp: "),
    )


def _pickup(block: str) -> ev.Pickup:
    return quick.Pickup(moment(block), channel(block), channel(block, TARGET))


def _hold(block: str) -> ev.Hold:
    return quick.Hold(moment(block), channel(block))


def _unhold(block: str) -> ev.Unhold:
    return quick.Unhold(moment(block), channel(block))


def _parked_call(block: str) -> ev.ParkedCall:
    return quick.ParkedCall(
        moment(block),
        channel(block, PARKEE),
        known(block, "\r\nParkerDialString: "),
        known(block, "\r\nParkingSpace: "),
    )


def _unparked_call(block: str) -> ev.UnParkedCall:
    return quick.UnParkedCall(moment(block), channel(block, PARKEE), channel_or_none(block, RETRIEVER))


def _parked_call_time_out(block: str) -> ev.ParkedCallTimeOut:
    return quick.ParkedCallTimeOut(moment(block), channel(block, PARKEE))


def _parked_call_give_up(block: str) -> ev.ParkedCallGiveUp:
    return quick.ParkedCallGiveUp(moment(block), channel(block, PARKEE))


def _chan_spy_start(block: str) -> ev.ChanSpyStart:
    return quick.ChanSpyStart(moment(block), channel(block, SPYER), channel_or_none(block, SPYEE))


def _chan_spy_stop(block: str) -> ev.ChanSpyStop:
    return quick.ChanSpyStop(moment(block), channel(block, SPYER))


def _confbridge_join(block: str) -> ev.ConfbridgeJoin:
    return quick.ConfbridgeJoin(moment(block), required(block, "\r\nConference: "), channel(block))


def _confbridge_leave(block: str) -> ev.ConfbridgeLeave:
    return quick.ConfbridgeLeave(moment(block), required(block, "\r\nConference: "), channel(block))


# --- click-to-dial ----------------------------------------------------------------------------------------------------


def _originate_response(block: str) -> ev.OriginateResponse:
    return quick.OriginateResponse(
        moment(block),
        text(block, "\r\nActionID: "),
        text(block, "\r\nResponse: ") == "Success",
        integer(block, "\r\nReason: "),
        text(block, "\r\nChannel: "),
        identity_or_none(block, "\r\nUniqueid: "),
    )


# --- queues -----------------------------------------------------------------------------------------------------------


def _queue(block: str) -> str:
    return required(block, "\r\nQueue: ")


def _queue_caller_join(block: str) -> ev.QueueCallerJoin:
    return quick.QueueCallerJoin(moment(block), channel(block), _queue(block), integer(block, "\r\nPosition: "))


def _queue_caller_leave(block: str) -> ev.QueueCallerLeave:
    return quick.QueueCallerLeave(moment(block), channel(block), _queue(block))


def _queue_caller_abandon(block: str) -> ev.QueueCallerAbandon:
    return quick.QueueCallerAbandon(moment(block), channel(block), _queue(block), integer(block, "\r\nHoldTime: "))


def _agent_called(block: str) -> ev.AgentCalled:
    return quick.AgentCalled(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, "\r\nInterface: "),
        text(block, "\r\nMemberName: "),
    )


def _agent_connect(block: str) -> ev.AgentConnect:
    return quick.AgentConnect(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, "\r\nInterface: "),
        text(block, "\r\nMemberName: "),
        integer(block, "\r\nHoldTime: "),
        integer(block, "\r\nRingTime: "),
    )


def _agent_ring_no_answer(block: str) -> ev.AgentRingNoAnswer:
    return quick.AgentRingNoAnswer(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, "\r\nInterface: "),
        text(block, "\r\nMemberName: "),
        integer(block, "\r\nRingTime: "),  # milliseconds here, seconds in AgentConnect (P8)
    )


def _agent_complete(block: str) -> ev.AgentComplete:
    return quick.AgentComplete(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, "\r\nInterface: "),
        text(block, "\r\nMemberName: "),
        integer(block, "\r\nHoldTime: "),
        integer(block, "\r\nTalkTime: "),
        text(block, "\r\nReason: "),
    )


def _agent_dump(block: str) -> ev.AgentDump:
    return quick.AgentDump(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, "\r\nInterface: "),
    )


def _queue_member_added(block: str) -> ev.QueueMemberAdded:
    return quick.QueueMemberAdded(moment(block), member_of_event(block))


def _queue_member_removed(block: str) -> ev.QueueMemberRemoved:
    return quick.QueueMemberRemoved(moment(block), member_of_event(block))


def _queue_member_changed(block: str) -> ev.QueueMemberChanged:
    return quick.QueueMemberChanged(moment(block), member_of_event(block))


# --- devices and the PBX itself ---------------------------------------------------------------------------------------


def _device_state_change(block: str) -> ev.DeviceStateChange:
    return quick.DeviceStateChange(moment(block), required(block, "\r\nDevice: "), text(block, "\r\nState: "))


def _fully_booted(block: str) -> ev.FullyBooted:
    return quick.FullyBooted(moment(block), integer(block, "\r\nUptime: "))


def _shutdown(block: str) -> ev.Shutdown:
    return quick.Shutdown(moment(block), yes(block, "\r\nRestart: "))


PARSERS: Mapping[bytes, Parser] = {
    b"Newchannel": _newchannel,
    b"Newstate": _newstate,
    b"Hangup": _hangup,
    b"HangupRequest": _hangup_request,
    b"NewCallerid": _new_callerid,
    b"NewConnectedLine": _new_connected_line,
    b"Newexten": _newexten,
    b"VarSet": _var_set,
    b"Rename": _rename,
    b"DialBegin": _dial_begin,
    b"DialState": _dial_state,
    b"DialEnd": _dial_end,
    b"BridgeEnter": _bridge_enter,
    b"BridgeLeave": _bridge_leave,
    b"BridgeMerge": _bridge_merge,
    b"BridgeDestroy": _bridge_destroy,
    b"LocalBridge": _local_bridge,
    b"LocalOptimizationEnd": _local_optimization_end,
    b"BlindTransfer": _blind_transfer,
    b"AttendedTransfer": _attended_transfer,
    b"Pickup": _pickup,
    b"Hold": _hold,
    b"Unhold": _unhold,
    b"ParkedCall": _parked_call,
    b"UnParkedCall": _unparked_call,
    b"ParkedCallTimeOut": _parked_call_time_out,
    b"ParkedCallGiveUp": _parked_call_give_up,
    b"ChanSpyStart": _chan_spy_start,
    b"ChanSpyStop": _chan_spy_stop,
    b"ConfbridgeJoin": _confbridge_join,
    b"ConfbridgeLeave": _confbridge_leave,
    b"OriginateResponse": _originate_response,
    b"QueueCallerJoin": _queue_caller_join,
    b"QueueCallerLeave": _queue_caller_leave,
    b"QueueCallerAbandon": _queue_caller_abandon,
    b"AgentCalled": _agent_called,
    b"AgentConnect": _agent_connect,
    b"AgentRingNoAnswer": _agent_ring_no_answer,
    b"AgentComplete": _agent_complete,
    b"AgentDump": _agent_dump,
    b"QueueMemberAdded": _queue_member_added,
    b"QueueMemberRemoved": _queue_member_removed,
    b"QueueMemberPause": _queue_member_changed,
    b"QueueMemberPenalty": _queue_member_changed,
    b"QueueMemberRinginuse": _queue_member_changed,
    b"QueueMemberStatus": _queue_member_changed,
    b"DeviceStateChange": _device_state_change,
    b"FullyBooted": _fully_booted,
    b"Shutdown": _shutdown,
}


def _lines(key: str, values: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(f"\r\n{key}: {value}\r\n".encode() for value in values)


WANTED: Wanted = {
    **dict.fromkeys(PARSERS, ()),
    b"Newexten": _lines("Application", WANTED_APPLICATIONS),
    b"VarSet": _lines("Variable", WANTED_VARIABLES),
}
