"""Channels and bridges as the events show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pbx.events import ChannelState
from pbx.simulator.ami_wire import escape

if TYPE_CHECKING:
    from pbx.simulator.timeline import Task

_STATE_WORDS = {
    ChannelState.DOWN: "Down",
    ChannelState.RING: "Ring",
    ChannelState.RINGING: "Ringing",
    ChannelState.UP: "Up",
    ChannelState.BUSY: "Busy",
}
UNKNOWN = "<unknown>"


@dataclass(slots=True, eq=False)
class SimChannel:
    """One leg. Numbers and names are None where Asterisk writes `<unknown>`."""

    name: str
    uniqueid: str
    linkedid: str
    endpoint: str
    context: str
    exten: str
    state: ChannelState
    born_at: float
    number: str | None
    caller_name: str | None
    connected_number: str | None = None
    connected_name: str | None = None
    priority: int = 1
    application: str = ""
    app_data: str = ""
    bridge: SimBridge | None = None
    tech_cause: int | None = None  # the SIP code that ended it (Asterisk 20 and later)
    story: Task | None = None  # the script that moves this channel, for a Hangup by AMI

    def snapshot(self, prefix: str = "") -> str:
        """The channel's header lines, each with the prefix (Dest, LocalOne, …)."""
        p = prefix
        return (
            f"{p}Channel: {self.name}\r\n"
            f"{p}ChannelState: {int(self.state)}\r\n"
            f"{p}ChannelStateDesc: {_STATE_WORDS[self.state]}\r\n"
            f"{p}CallerIDNum: {self.number or UNKNOWN}\r\n"
            f"{p}CallerIDName: {_name(self.caller_name)}\r\n"
            f"{p}ConnectedLineNum: {self.connected_number or UNKNOWN}\r\n"
            f"{p}ConnectedLineName: {_name(self.connected_name)}\r\n"
            f"{p}Language: en\r\n"
            f"{p}AccountCode: \r\n"
            f"{p}Context: {self.context}\r\n"
            f"{p}Exten: {self.exten}\r\n"
            f"{p}Priority: {self.priority}\r\n"
            f"{p}Uniqueid: {self.uniqueid}\r\n"
            f"{p}Linkedid: {self.linkedid}\r\n"
        )


@dataclass(slots=True, eq=False)
class SimBridge:
    """Where channels meet."""

    uniqueid: str
    members: list[SimChannel] = field(default_factory=list)

    def snapshot(self) -> str:
        """The bridge's header lines."""
        return (
            f"BridgeUniqueid: {self.uniqueid}\r\n"
            "BridgeType: basic\r\n"
            "BridgeTechnology: simple_bridge\r\n"
            f"BridgeCreator: {UNKNOWN}\r\n"
            f"BridgeName: {UNKNOWN}\r\n"
            f"BridgeNumChannels: {len(self.members)}\r\n"
            "BridgeVideoSourceMode: none\r\n"
        )


def _name(name: str | None) -> str:
    return escape(name) if name else UNKNOWN
