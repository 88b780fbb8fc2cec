"""How each AMI event's headers become a typed event. Raises BadHeader where one is missing that must be there."""

from __future__ import annotations

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
from pbx.asterisk.ami_headers import (
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

# --- channel life -----------------------------------------------------------------------------------------------------


def newchannel(block: str) -> ev.Newchannel:
    return quick.Newchannel(moment(block), channel(block), "\r\nChanVariable: CALLERID(num-pres)=prohib" in block)


def newstate(block: str) -> ev.Newstate:
    return quick.Newstate(moment(block), channel(block))


def hangup(block: str) -> ev.Hangup:
    return quick.Hangup(moment(block), channel(block), integer(block, "\r\nCause: "))


def hangup_request(block: str) -> ev.HangupRequest:
    return quick.HangupRequest(moment(block), channel(block), integer(block, "\r\nCause: "))


def new_callerid(block: str) -> ev.NewCallerid:
    # "32 (Presentation Prohibited, Not Screened)"; "67 (Number Unavailable)" is not a wish to be withheld.
    presentation = text(block, "\r\nCID-CallingPres: ")
    return quick.NewCallerid(moment(block), channel(block), "Prohib" in presentation)


def new_connected_line(block: str) -> ev.NewConnectedLine:
    return quick.NewConnectedLine(moment(block), channel(block))


def newexten(block: str) -> ev.Newexten:
    return quick.Newexten(moment(block), channel(block), text(block, "\r\nApplication: "), text(block, "\r\nAppData: "))


def var_set(block: str) -> ev.VarSet:
    return quick.VarSet(
        moment(block),
        channel_or_none(block),
        required(block, "\r\nVariable: "),
        unescaped(text(block, "\r\nValue: ")),
    )


def rename(block: str) -> ev.Rename:
    return quick.Rename(moment(block), identity(block, "\r\nUniqueid: "), required(block, "\r\nNewname: "))


# --- dialling and bridges ---------------------------------------------------------------------------------------------


def dial_begin(block: str) -> ev.DialBegin:
    return quick.DialBegin(moment(block), channel_or_none(block), channel(block, DEST), text(block, "\r\nDialString: "))


def dial_state(block: str) -> ev.DialState:
    return quick.DialState(moment(block), channel_or_none(block), channel(block, DEST), text(block, "\r\nDialStatus: "))


def dial_end(block: str) -> ev.DialEnd:
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


def bridge_enter(block: str) -> ev.BridgeEnter:
    return quick.BridgeEnter(
        moment(block),
        _bridge(block),
        text(block, "\r\nBridgeType: "),
        text(block, "\r\nBridgeTechnology: "),
        channel(block),
        identity_or_none(block, "\r\nSwapUniqueid: "),
    )


def bridge_leave(block: str) -> ev.BridgeLeave:
    return quick.BridgeLeave(moment(block), _bridge(block), channel(block))


def bridge_merge(block: str) -> ev.BridgeMerge:
    return quick.BridgeMerge(
        moment(block), _bridge(block, "\r\nToBridgeUniqueid: "), _bridge(block, "\r\nFromBridgeUniqueid: ")
    )


def bridge_destroy(block: str) -> ev.BridgeDestroy:
    return quick.BridgeDestroy(moment(block), _bridge(block))


def local_bridge(block: str) -> ev.LocalBridge:
    return quick.LocalBridge(
        moment(block),
        channel(block, LOCAL_ONE),
        channel(block, LOCAL_TWO),
        yes(block, "\r\nLocalOptimization: "),
    )


def local_optimization_end(block: str) -> ev.LocalOptimizationEnd:
    return quick.LocalOptimizationEnd(moment(block), channel(block, LOCAL_ONE), channel(block, LOCAL_TWO))


# --- transfers, pickup, hold, parking, spying, conferences ------------------------------------------------------------


def blind_transfer(block: str) -> ev.BlindTransfer:
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


def attended_transfer(block: str) -> ev.AttendedTransfer:
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


def pickup(block: str) -> ev.Pickup:
    return quick.Pickup(moment(block), channel(block), channel(block, TARGET))


def hold(block: str) -> ev.Hold:
    return quick.Hold(moment(block), channel(block))


def unhold(block: str) -> ev.Unhold:
    return quick.Unhold(moment(block), channel(block))


def parked_call(block: str) -> ev.ParkedCall:
    return quick.ParkedCall(
        moment(block),
        channel(block, PARKEE),
        known(block, "\r\nParkerDialString: "),
        known(block, "\r\nParkingSpace: "),
    )


def unparked_call(block: str) -> ev.UnParkedCall:
    return quick.UnParkedCall(moment(block), channel(block, PARKEE), channel_or_none(block, RETRIEVER))


def parked_call_time_out(block: str) -> ev.ParkedCallTimeOut:
    return quick.ParkedCallTimeOut(moment(block), channel(block, PARKEE))


def parked_call_give_up(block: str) -> ev.ParkedCallGiveUp:
    return quick.ParkedCallGiveUp(moment(block), channel(block, PARKEE))


def chan_spy_start(block: str) -> ev.ChanSpyStart:
    return quick.ChanSpyStart(moment(block), channel(block, SPYER), channel_or_none(block, SPYEE))


def chan_spy_stop(block: str) -> ev.ChanSpyStop:
    return quick.ChanSpyStop(moment(block), channel(block, SPYER))


def confbridge_join(block: str) -> ev.ConfbridgeJoin:
    return quick.ConfbridgeJoin(moment(block), required(block, "\r\nConference: "), channel(block))


def confbridge_leave(block: str) -> ev.ConfbridgeLeave:
    return quick.ConfbridgeLeave(moment(block), required(block, "\r\nConference: "), channel(block))


# --- click-to-dial ----------------------------------------------------------------------------------------------------


def originate_response(block: str) -> ev.OriginateResponse:
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


def queue_caller_join(block: str) -> ev.QueueCallerJoin:
    return quick.QueueCallerJoin(moment(block), channel(block), _queue(block), integer(block, "\r\nPosition: "))


def queue_caller_leave(block: str) -> ev.QueueCallerLeave:
    return quick.QueueCallerLeave(moment(block), channel(block), _queue(block))


def queue_caller_abandon(block: str) -> ev.QueueCallerAbandon:
    return quick.QueueCallerAbandon(moment(block), channel(block), _queue(block), integer(block, "\r\nHoldTime: "))


def agent_called(block: str) -> ev.AgentCalled:
    return quick.AgentCalled(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, "\r\nInterface: "),
        text(block, "\r\nMemberName: "),
    )


def agent_connect(block: str) -> ev.AgentConnect:
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


def agent_ring_no_answer(block: str) -> ev.AgentRingNoAnswer:
    return quick.AgentRingNoAnswer(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, "\r\nInterface: "),
        text(block, "\r\nMemberName: "),
        integer(block, "\r\nRingTime: "),  # milliseconds here, seconds in AgentConnect (P8)
    )


def agent_complete(block: str) -> ev.AgentComplete:
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


def agent_dump(block: str) -> ev.AgentDump:
    return quick.AgentDump(
        moment(block),
        channel_or_none(block),
        channel_or_none(block, DEST),
        _queue(block),
        required(block, "\r\nInterface: "),
    )


def queue_member_added(block: str) -> ev.QueueMemberAdded:
    return quick.QueueMemberAdded(moment(block), member_of_event(block))


def queue_member_removed(block: str) -> ev.QueueMemberRemoved:
    return quick.QueueMemberRemoved(moment(block), member_of_event(block))


def queue_member_changed(block: str) -> ev.QueueMemberChanged:
    return quick.QueueMemberChanged(moment(block), member_of_event(block))


# --- devices and the PBX itself ---------------------------------------------------------------------------------------


def device_state_change(block: str) -> ev.DeviceStateChange:
    return quick.DeviceStateChange(moment(block), required(block, "\r\nDevice: "), text(block, "\r\nState: "))


def fully_booted(block: str) -> ev.FullyBooted:
    return quick.FullyBooted(moment(block), integer(block, "\r\nUptime: "))


def shutdown(block: str) -> ev.Shutdown:
    return quick.Shutdown(moment(block), yes(block, "\r\nRestart: "))
