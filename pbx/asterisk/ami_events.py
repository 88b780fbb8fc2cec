"""One table: the AMI events we subscribe to, and how each becomes a typed event of `pbx/events.py`.

`parse` never raises on what a PBX sends: a header that is missing or wrong gives a ParseProblem, which becomes an Anomaly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from pbx import events as ev
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
    header,
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

Parser = Callable[[bytes], ev.PbxEvent]


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
        return parser(raw.block)
    except BadHeader as problem:
        return ParseProblem(raw.name.decode("ascii", "replace"), str(problem))


# --- channel life -----------------------------------------------------------------------------------------------------


def _newchannel(block: bytes) -> ev.Newchannel:
    return ev.Newchannel(moment(block), channel(block), b"\r\nChanVariable: CALLERID(num-pres)=prohib" in block)


def _newstate(block: bytes) -> ev.Newstate:
    return ev.Newstate(moment(block), channel(block))


def _hangup(block: bytes) -> ev.Hangup:
    return ev.Hangup(moment(block), channel(block), integer(block, b"\r\nCause: "))


def _hangup_request(block: bytes) -> ev.HangupRequest:
    return ev.HangupRequest(moment(block), channel(block), integer(block, b"\r\nCause: "))


def _new_callerid(block: bytes) -> ev.NewCallerid:
    # "32 (Presentation Prohibited, Not Screened)"; "67 (Number Unavailable)" is not a wish to be withheld.
    presentation = header(block, b"\r\nCID-CallingPres: ") or b""
    return ev.NewCallerid(moment(block), channel(block), b"Prohib" in presentation)


def _new_connected_line(block: bytes) -> ev.NewConnectedLine:
    return ev.NewConnectedLine(moment(block), channel(block))


def _newexten(block: bytes) -> ev.Newexten:
    return ev.Newexten(moment(block), channel(block), text(block, b"\r\nApplication: "), text(block, b"\r\nAppData: "))


def _var_set(block: bytes) -> ev.VarSet:
    return ev.VarSet(
        moment(block),
        channel_or_none(block),
        required(block, b"\r\nVariable: "),
        unescaped(text(block, b"\r\nValue: ")),
    )


def _rename(block: bytes) -> ev.Rename:
    return ev.Rename(moment(block), identity(block, b"\r\nUniqueid: "), required(block, b"\r\nNewname: "))


# --- dialling and bridges ---------------------------------------------------------------------------------------------


def _dial_begin(block: bytes) -> ev.DialBegin:
    return ev.DialBegin(moment(block), channel_or_none(block), channel(block, DEST), text(block, b"\r\nDialString: "))


def _dial_state(block: bytes) -> ev.DialState:
    return ev.DialState(moment(block), channel_or_none(block), channel(block, DEST), text(block, b"\r\nDialStatus: "))


def _dial_end(block: bytes) -> ev.DialEnd:
    return ev.DialEnd(
        moment(block),
        channel_or_none(block),
        channel(block, DEST),
        text(block, b"\r\nDialStatus: "),
        known(block, b"\r\nForward: "),
    )


def _bridge(block: bytes, marker: bytes = b"\r\nBridgeUniqueid: ") -> ev.BridgeId:
    return ev.BridgeId(identity(block, marker))


def _bridge_or_none(block: bytes, marker: bytes) -> ev.BridgeId | None:
    found = identity_or_none(block, marker)
    return None if found is None else ev.BridgeId(found)


def _bridge_enter(block: bytes) -> ev.BridgeEnter:
    return ev.BridgeEnter(
        moment(block),
        _bridge(block),
        text(block, b"\r\nBridgeType: "),
        text(block, b"\r\nBridgeTechnology: "),
        channel(block),
        identity_or_none(block, b"\r\nSwapUniqueid: "),
    )


def _bridge_leave(block: bytes) -> ev.BridgeLeave:
    return ev.BridgeLeave(moment(block), _bridge(block), channel(block))


def _bridge_merge(block: bytes) -> ev.BridgeMerge:
    return ev.BridgeMerge(
        moment(block), _bridge(block, b"\r\nToBridgeUniqueid: "), _bridge(block, b"\r\nFromBridgeUniqueid: ")
    )


def _bridge_destroy(block: bytes) -> ev.BridgeDestroy:
    return ev.BridgeDestroy(moment(block), _bridge(block))


def _local_bridge(block: bytes) -> ev.LocalBridge:
    return ev.LocalBridge(
        moment(block),
        channel(block, LOCAL_ONE),
        channel(block, LOCAL_TWO),
        yes(block, b"\r\nLocalOptimization: "),
    )


def _local_optimization_end(block: bytes) -> ev.LocalOptimizationEnd:
    return ev.LocalOptimizationEnd(moment(block), channel(block, LOCAL_ONE), channel(block, LOCAL_TWO))


# --- transfers, pickup, hold, parking, spying, conferences ------------------------------------------------------------


def _blind_transfer(block: bytes) -> ev.BlindTransfer:
    return ev.BlindTransfer(
        moment(block),
        text(block, b"\r\nResult: "),
        channel(block, TRANSFERER),
        channel_or_none(block, TRANSFEREE),
        _bridge_or_none(block, b"\r\nBridgeUniqueid: "),
        text(block, b"\r\nContext: "),
        text(block, b"\r\nExtension: "),
        yes(block, b"\r\nIsExternal: "),
    )


def _attended_transfer(block: bytes) -> ev.AttendedTransfer:
    return ev.AttendedTransfer(
        moment(block),
        text(block, b"\r\nResult: "),
        channel(block, ORIG_TRANSFERER),
        channel(block, SECOND_TRANSFERER),
        _bridge_or_none(block, b"\r\nOrigBridgeUniqueid: "),
        _bridge_or_none(block, b"\r\nSecondBridgeUniqueid: "),
        channel_or_none(block, TRANSFEREE),
        channel_or_none(block, TRANSFER_TARGET),
        text(block, b"\r\nDestType: "),
        known(block, b"\r\nDestApp: "),
    )


def _pickup(block: bytes) -> ev.Pickup:
    return ev.Pickup(moment(block), channel(block), channel(block, TARGET))


def _hold(block: bytes) -> ev.Hold:
    return ev.Hold(moment(block), channel(block))


def _unhold(block: bytes) -> ev.Unhold:
    return ev.Unhold(moment(block), channel(block))


def _parked_call(block: bytes) -> ev.ParkedCall:
    return ev.ParkedCall(
        moment(block),
        channel(block, PARKEE),
        known(block, b"\r\nParkerDialString: "),
        known(block, b"\r\nParkingSpace: "),
    )


def _unparked_call(block: bytes) -> ev.UnParkedCall:
    return ev.UnParkedCall(moment(block), channel(block, PARKEE), channel_or_none(block, RETRIEVER))


def _parked_call_time_out(block: bytes) -> ev.ParkedCallTimeOut:
    return ev.ParkedCallTimeOut(moment(block), channel(block, PARKEE))


def _parked_call_give_up(block: bytes) -> ev.ParkedCallGiveUp:
    return ev.ParkedCallGiveUp(moment(block), channel(block, PARKEE))


def _chan_spy_start(block: bytes) -> ev.ChanSpyStart:
    return ev.ChanSpyStart(moment(block), channel(block, SPYER), channel_or_none(block, SPYEE))


def _chan_spy_stop(block: bytes) -> ev.ChanSpyStop:
    return ev.ChanSpyStop(moment(block), channel(block, SPYER))


def _confbridge_join(block: bytes) -> ev.ConfbridgeJoin:
    return ev.ConfbridgeJoin(moment(block), required(block, b"\r\nConference: "), channel(block))


def _confbridge_leave(block: bytes) -> ev.ConfbridgeLeave:
    return ev.ConfbridgeLeave(moment(block), required(block, b"\r\nConference: "), channel(block))


# --- click-to-dial ----------------------------------------------------------------------------------------------------


def _originate_response(block: bytes) -> ev.OriginateResponse:
    return ev.OriginateResponse(
        moment(block),
        text(block, b"\r\nActionID: "),
        header(block, b"\r\nResponse: ") == b"Success",
        integer(block, b"\r\nReason: "),
        text(block, b"\r\nChannel: "),
        identity_or_none(block, b"\r\nUniqueid: "),
    )


# --- queues -----------------------------------------------------------------------------------------------------------


def _queue(block: bytes) -> str:
    return required(block, b"\r\nQueue: ")


def _queue_caller_join(block: bytes) -> ev.QueueCallerJoin:
    return ev.QueueCallerJoin(moment(block), channel(block), _queue(block), integer(block, b"\r\nPosition: "))


def _queue_caller_leave(block: bytes) -> ev.QueueCallerLeave:
    return ev.QueueCallerLeave(moment(block), channel(block), _queue(block))


def _queue_caller_abandon(block: bytes) -> ev.QueueCallerAbandon:
    return ev.QueueCallerAbandon(moment(block), channel(block), _queue(block), integer(block, b"\r\nHoldTime: "))


def _agent_called(block: bytes) -> ev.AgentCalled:
    return ev.AgentCalled(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, b"\r\nInterface: "),
        text(block, b"\r\nMemberName: "),
    )


def _agent_connect(block: bytes) -> ev.AgentConnect:
    return ev.AgentConnect(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, b"\r\nInterface: "),
        text(block, b"\r\nMemberName: "),
        integer(block, b"\r\nHoldTime: "),
        integer(block, b"\r\nRingTime: "),
    )


def _agent_ring_no_answer(block: bytes) -> ev.AgentRingNoAnswer:
    return ev.AgentRingNoAnswer(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, b"\r\nInterface: "),
        text(block, b"\r\nMemberName: "),
        integer(block, b"\r\nRingTime: "),  # milliseconds here, seconds in AgentConnect (P8)
    )


def _agent_complete(block: bytes) -> ev.AgentComplete:
    return ev.AgentComplete(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, b"\r\nInterface: "),
        text(block, b"\r\nMemberName: "),
        integer(block, b"\r\nHoldTime: "),
        integer(block, b"\r\nTalkTime: "),
        text(block, b"\r\nReason: "),
    )


def _agent_dump(block: bytes) -> ev.AgentDump:
    return ev.AgentDump(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, b"\r\nInterface: "),
    )


def _queue_member_added(block: bytes) -> ev.QueueMemberAdded:
    return ev.QueueMemberAdded(moment(block), member_of_event(block))


def _queue_member_removed(block: bytes) -> ev.QueueMemberRemoved:
    return ev.QueueMemberRemoved(moment(block), member_of_event(block))


def _queue_member_changed(block: bytes) -> ev.QueueMemberChanged:
    return ev.QueueMemberChanged(moment(block), member_of_event(block))


# --- devices and the PBX itself ---------------------------------------------------------------------------------------


def _device_state_change(block: bytes) -> ev.DeviceStateChange:
    return ev.DeviceStateChange(moment(block), required(block, b"\r\nDevice: "), text(block, b"\r\nState: "))


def _fully_booted(block: bytes) -> ev.FullyBooted:
    return ev.FullyBooted(moment(block), integer(block, b"\r\nUptime: "))


def _shutdown(block: bytes) -> ev.Shutdown:
    return ev.Shutdown(moment(block), yes(block, b"\r\nRestart: "))


PARSERS: MappingProxyType[bytes, Parser] = MappingProxyType(
    {
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
)


def _lines(key: str, values: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(f"\r\n{key}: {value}\r\n".encode() for value in values)


WANTED: Wanted = {
    **dict.fromkeys(PARSERS, ()),
    b"Newexten": _lines("Application", WANTED_APPLICATIONS),
    b"VarSet": _lines("Variable", WANTED_VARIABLES),
}
