"""AMI events as a reader of a call's story sees them: whom they name, the fact they bring, and why one may change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from pbx import events as ami
from pbx.events import BridgeId, Channel, PbxEvent, Uniqueid

#: The channel an event is about, where it names several: the first of these that it has.
_SUBJECTS = ("dest", "channel", "one", "transferer", "orig_transferer", "parkee", "spyer", "caller")
_BRIDGES = ("bridge", "to_bridge", "from_bridge", "orig_bridge", "second_bridge")


def channels_of(event: PbxEvent) -> tuple[Channel, ...]:
    """Every channel that the event names."""
    values = (getattr(event, field.name) for field in fields(event))
    named = tuple(value for value in values if isinstance(value, Channel))
    return named or _by_uniqueid(event)


def _by_uniqueid(event: PbxEvent) -> tuple[Channel, ...]:
    """Rename and OriginateResponse say less than the others."""
    match event:
        case ami.Rename(uniqueid=uniqueid, new_name=name):
            return (_bare(uniqueid, name),)
        case ami.OriginateResponse(uniqueid=uniqueid, channel=name) if uniqueid is not None:
            return (_bare(uniqueid, name),)
        case _:
            return ()


def _bare(uniqueid: Uniqueid, name: str) -> Channel:
    return Channel(name, uniqueid, uniqueid, ami.ChannelState.UNKNOWN, None, None, None, None, "", "")


def bridges_of(event: PbxEvent) -> frozenset[BridgeId]:
    """Every bridge that the event names."""
    return frozenset(bridge for name in _BRIDGES if (bridge := getattr(event, name, None)) is not None)


def subject_of(event: PbxEvent) -> Channel | None:
    """The channel that the event is about."""
    for name in _SUBJECTS:
        value = getattr(event, name, None)
        if isinstance(value, Channel):
            return value
    return next(iter(_by_uniqueid(event)), None)


# --- the fact that it brings --------------------------------------------------------------------------------------------


def _other(channel: Channel | None, word: str) -> str:
    return f"{word} {channel.name}" if channel is not None else ""


def _cause(event: ami.Hangup | ami.HangupRequest) -> str:
    return "" if event.cause is None else f"cause {event.cause}"


def _rows(event: ami.ResyncSnapshot) -> str:
    shown = "" if event.channels is None else f"{len(event.channels)} channels run"
    return f"{shown}, the PBX was restarted" if event.rebooted else shown


_DETAILS: Mapping[type, Callable[[Any], str]] = {
    ami.Newchannel: lambda event: event.channel.state.name.capitalize(),
    ami.Newstate: lambda event: event.channel.state.name.capitalize(),
    ami.Hangup: _cause,
    ami.HangupRequest: _cause,
    ami.NewCallerid: lambda event: "restricted" if event.restricted else "",
    ami.Newexten: lambda event: f"{event.application}({event.app_data})",
    ami.VarSet: lambda event: f"{event.variable}={event.value}",
    ami.DialBegin: lambda event: _other(event.caller, "by"),
    ami.DialState: lambda event: event.status,
    ami.DialEnd: lambda event: f"{event.status} forward {event.forward}" if event.forward else event.status,
    ami.BridgeEnter: lambda event: f"bridge {event.bridge[:8]}",
    ami.BridgeLeave: lambda event: f"bridge {event.bridge[:8]}",
    ami.BridgeDestroy: lambda event: f"bridge {event.bridge[:8]}",
    ami.BridgeMerge: lambda event: f"bridge {event.from_bridge[:8]} into {event.to_bridge[:8]}",
    ami.LocalBridge: lambda event: _other(event.two, "with"),
    ami.LocalOptimizationEnd: lambda event: _other(event.two, "with"),
    ami.BlindTransfer: lambda event: f"{event.result}, to {event.extension}@{event.context}",
    ami.AttendedTransfer: lambda event: f"{event.result}, {event.dest_type}",
    ami.Pickup: lambda event: _other(event.target, "picks up"),
    ami.ParkedCall: lambda event: f"space {event.space}" if event.space else "",
    ami.UnParkedCall: lambda event: _other(event.retriever, "by"),
    ami.ChanSpyStart: lambda event: _other(event.spyee, "listens to"),
    ami.ConfbridgeJoin: lambda event: f"conference {event.conference}",
    ami.ConfbridgeLeave: lambda event: f"conference {event.conference}",
    ami.QueueCallerJoin: lambda event: f"queue {event.queue}",
    ami.QueueCallerLeave: lambda event: f"queue {event.queue}",
    ami.QueueCallerAbandon: lambda event: f"queue {event.queue}",
    ami.AgentCalled: lambda event: f"queue {event.queue}, {event.interface}",
    ami.AgentConnect: lambda event: f"queue {event.queue}, {event.interface}",
    ami.AgentRingNoAnswer: lambda event: f"queue {event.queue}, {event.interface}",
    ami.AgentComplete: lambda event: f"queue {event.queue}, {event.interface}, {event.reason}",
    ami.AgentDump: lambda event: f"queue {event.queue}, {event.interface}",
    ami.OriginateResponse: lambda event: "success" if event.success else f"failure, reason {event.reason}",
    ami.ResyncSnapshot: _rows,
}


def detail_of(event: PbxEvent) -> str:
    """The fact that the event brings besides its channel: a status, a cause, a queue."""
    found = _DETAILS.get(type(event))
    return found(event) if found is not None else ""


# --- why it changed nothing ---------------------------------------------------------------------------------------------

_RINGING = "noted: it rings; BUSY from now on means rejected"
_OFF_HOOK = "noted: a phone off the hook; silent until it dials somebody"
_LOCAL_HALF = "noted: half of a Local channel; it will be folded away"
_TOLD_BEFORE = "told before"
_BRIDGES_TELL = "noted: the bridges and channels that follow tell who has the call"

_UNCHANGED: Mapping[type, str] = {
    ami.Newchannel: "noted: of this call; DialBegin says whom it rings",
    ami.Newstate: "a channel's state alone is no talk",
    ami.Hangup: "a channel less, the call goes on",
    ami.HangupRequest: "noted: a wish to hang up; the first in a talk, else the root's, ends it",
    ami.NewCallerid: "not the remote party's number, or known",
    ami.NewConnectedLine: "what phones display",
    ami.Newexten: "noted: should this queue refuse the caller, only this names it",
    ami.VarSet: "one status for each Queue(), an echo counts nothing",
    ami.Rename: "noted: the channel has another name from now on",
    ami.DialBegin: "no new phone: a Local half, or a leg that we know",
    ami.DialState: "progress of the dialling",
    ami.DialEnd: "noted: names the leg's result, with the Hangup's cause",
    ami.BridgeEnter: "noted: talk needs a phone and the remote party in it",
    ami.BridgeLeave: "noted: not heard in this bridge any more",
    ami.BridgeMerge: "each one's own BridgeLeave and BridgeEnter tell who moved",
    ami.BridgeDestroy: "the bridge was empty",
    ami.LocalBridge: "noted: two halves of a Local channel, one line",
    ami.LocalOptimizationEnd: "the Local channel goes away; bridges tell who talks",
    ami.BlindTransfer: _BRIDGES_TELL,
    ami.AttendedTransfer: _BRIDGES_TELL,
    ami.Pickup: _BRIDGES_TELL,
    ami.ParkedCall: _BRIDGES_TELL,
    ami.UnParkedCall: _BRIDGES_TELL,
    ami.ParkedCallTimeOut: _BRIDGES_TELL,
    ami.ParkedCallGiveUp: _BRIDGES_TELL,
    ami.Hold: "on hold already, or not in the talk",
    ami.Unhold: "was not on hold",
    ami.OriginateResponse: "the first leg's answer, for who clicked",
    ami.QueueCallerJoin: _TOLD_BEFORE,
    ami.QueueCallerLeave: _TOLD_BEFORE,
    ami.QueueCallerAbandon: _TOLD_BEFORE,
    ami.AgentCalled: "the leg begins when the phone itself is dialled",
    ami.AgentConnect: _TOLD_BEFORE,
    ami.AgentRingNoAnswer: "the phone's own Hangup ends the leg",
    ami.AgentComplete: "late, may lack channels, counts on after a transfer (P6)",
    ami.AgentDump: "the phone's own Hangup ends the leg",
    ami.ChanSpyStart: "who listens in does not talk",
    ami.ChanSpyStop: "who listens in does not talk",
    ami.ConfbridgeJoin: "bridges tell who talks",
    ami.ConfbridgeLeave: "bridges tell who talks",
    ami.LinkLost: "noted: what comes until the next list of channels is not seen",
    ami.ResyncSnapshot: "what runs is what we knew",
    ami.Shutdown: "Asterisk says good-bye",
}


def unchanged_reason(event: PbxEvent) -> str:
    """Why such an event may leave a call as it was; begins with `noted:` where it counts later."""
    match event:
        case ami.Newstate(channel=channel) if channel.state is ami.ChannelState.RINGING:
            return _RINGING
        case ami.DialState(status="RINGING"):
            return _RINGING
        case ami.Newchannel(channel=channel) if channel.name.startswith("Local/"):
            return _LOCAL_HALF
        case ami.Newchannel(channel=channel) if channel.linkedid == channel.uniqueid:
            return _OFF_HOOK
        case _:
            return _UNCHANGED.get(type(event), "")
