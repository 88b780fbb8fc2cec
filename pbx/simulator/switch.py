"""The exchange: channels, bridges and devices change here, and every change is told as Asterisk tells it."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from pbx.events import ChannelState
from pbx.simulator.ami_wire import AmiEvent, lines
from pbx.simulator.channels import SimBridge, SimChannel
from pbx.simulator.timeline import Timeline

if TYPE_CHECKING:
    from pbx.simulator.legs import Leg
    from pbx.simulator.lines import QueueLine

TRUNK = "PJSIP/trunk-a"
CAUSES = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    26: "Answered elsewhere",
    127: "Interworking, unspecified",
}
# The SIP code behind a cause: what the far end said when it ended the call, and what Asterisk said to it.
_SAID = {1: 404, 17: 486, 19: 480, 21: 603, 127: 487}
_ANSWERED = {1: 404, 17: 486, 19: 480, 20: 480, 21: 403, 127: 500}
# Extension state and its word by device state (ExtensionStatus), and the queue member's status number.
_HINTS = {"NOT_INUSE": (0, "Idle"), "BUSY": (2, "Busy"), "UNAVAILABLE": (4, "Unavailable")}
MEMBER_STATUS = {"NOT_INUSE": 1, "BUSY": 3, "UNAVAILABLE": 5}
# Events of one moment are told this far apart, so that their Timestamps keep the order.
_TICK_S = 0.000_02


class Switch:
    """Primitives of a call. Each emits its event(s) at once; who calls them decides the order."""

    def __init__(self, timeline: Timeline, rng: random.Random, emit: Callable[[AmiEvent], None]) -> None:
        self.timeline = timeline
        self.rng = rng
        self.channels: dict[str, SimChannel] = {}  # by Uniqueid
        self.queues: dict[str, QueueLine] = {}
        self.offers: dict[str, Leg] = {}  # by extension: what was offered last
        self.extensions: dict[str, str] = {}  # endpoint → extension, for hints
        self.processed_calls = 0
        self._emit = emit
        self._stamp = 0.0
        self._numbers = 0
        self._names: dict[str, int] = {}
        self._device_states: dict[str, str] = {}

    @property
    def now(self) -> float:
        """Simulated epoch seconds."""
        return self.timeline.now

    def tell(self, name: str, category: str, body: str) -> None:
        """Emit one event with the next Timestamp."""
        self._stamp = max(self.now, self._stamp + _TICK_S)
        self._emit(AmiEvent(name, category, body, self._stamp))

    # --- channels -----------------------------------------------------------------------------------------------------

    def new_channel(
        self,
        endpoint: str,
        context: str,
        exten: str,
        *,
        state: ChannelState = ChannelState.DOWN,
        number: str | None = None,
        caller_name: str | None = None,
        root: SimChannel | None = None,
        uniqueid: str | None = None,
    ) -> SimChannel:
        """A leg comes to life. Without `root` it is the first of its call."""
        return self._born(
            f"{endpoint}-{self._next_name('PJSIP'):08x}",
            endpoint,
            context,
            exten,
            state,
            number,
            caller_name,
            root,
            uniqueid,
        )

    def new_local(self, extension: str, context: str, root: SimChannel) -> tuple[SimChannel, SimChannel]:
        """Both halves of `Local/EXT@CONTEXT`: ;1 faces who dials, ;2 runs the dialplan."""
        name = f"Local/{extension}@{context}-{self._next_name('Local'):08x}"
        endpoint = f"Local/{extension}@{context}"
        one = self._born(f"{name};1", endpoint, context, extension, ChannelState.DOWN, None, None, root, None)
        two = self._born(f"{name};2", endpoint, context, extension, ChannelState.RING, None, None, root, None)
        return one, two

    def new_state(self, channel: SimChannel, state: ChannelState) -> None:
        """Newstate."""
        channel.state = state
        self.tell("Newstate", "call", channel.snapshot())

    def caller_id(self, channel: SimChannel, number: str | None, name: str | None) -> None:
        """NewCallerid."""
        channel.number, channel.caller_name = number, name
        presentation = "CID-CallingPres: 0 (Presentation Allowed, Not Screened)\r\n"
        self.tell("NewCallerid", "call", channel.snapshot() + presentation)

    def connected_line(self, channel: SimChannel, number: str | None, name: str | None, *, again: bool = False) -> None:
        """NewConnectedLine: who is at the other end, when that is news."""
        if not again and (channel.connected_number, channel.connected_name) == (number, name):
            return
        channel.connected_number, channel.connected_name = number, name
        self.tell("NewConnectedLine", "call", channel.snapshot())

    def hangup_request(self, channel: SimChannel, cause: int | None = None) -> None:
        """HangupRequest: this party hung up (or declined). Behind an application such as Queue there is no cause yet."""
        if cause is not None:
            channel.tech_cause = _SAID.get(cause)
        own = "" if cause is None else f"Cause: {cause}\r\n{_tech_cause(channel.tech_cause)}"
        self.tell("HangupRequest", "call", channel.snapshot() + own)

    def soft_hangup_request(self, channel: SimChannel) -> None:
        """SoftHangupRequest: the exchange wants the channel gone."""
        own = f"Cause: 16\r\n{_tech_cause(channel.tech_cause)}"
        self.tell("SoftHangupRequest", "call", channel.snapshot() + own)

    def hang_up(self, channel: SimChannel, cause: int) -> None:
        """Hangup: the channel is gone."""
        self.channels.pop(channel.uniqueid, None)
        tech_cause = channel.tech_cause or _ANSWERED.get(cause)
        own = f"Cause: {cause}\r\nCause-txt: {CAUSES[cause]}\r\n{_tech_cause(tech_cause)}"
        self.tell("Hangup", "call", channel.snapshot() + own)
        self.refresh_device(channel.endpoint)

    def music(self, channel: SimChannel, *, on: bool) -> None:
        """Music for who waits."""
        if on:
            self.tell("MusicOnHoldStart", "call", f"{channel.snapshot()}Class: default\r\n")
        else:
            self.tell("MusicOnHoldStop", "call", channel.snapshot())

    def hold(self, channel: SimChannel, other: SimChannel, *, on: bool) -> None:
        """Hold or Unhold on the channel whose phone pressed the key; the other one hears music."""
        own = "MusicClass: default\r\n" if on else ""
        self.tell("Hold" if on else "Unhold", "call", channel.snapshot() + own)
        self.music(other, on=on)

    # --- dialling -----------------------------------------------------------------------------------------------------

    def dial_begin(self, caller: SimChannel | None, dest: SimChannel, dial_string: str) -> None:
        """DialBegin. An Originate has no caller."""
        self._dial("DialBegin", caller, dest, f"DialString: {dial_string}\r\n")

    def dial_ringing(self, caller: SimChannel | None, dest: SimChannel) -> None:
        """DialState RINGING."""
        self._dial("DialState", caller, dest, "DialStatus: RINGING\r\n")

    def dial_end(self, caller: SimChannel | None, dest: SimChannel, status: str) -> None:
        """DialEnd."""
        self._dial("DialEnd", caller, dest, f"DialStatus: {status}\r\n")

    def _dial(self, name: str, caller: SimChannel | None, dest: SimChannel, own: str) -> None:
        who = caller.snapshot() if caller else ""
        self.tell(name, "call", f"{who}{dest.snapshot('Dest')}{own}")

    # --- bridges ------------------------------------------------------------------------------------------------------

    def new_bridge(self) -> SimBridge:
        """BridgeCreate."""
        bridge = SimBridge(str(uuid.UUID(int=self.rng.getrandbits(128), version=4)))
        self.tell("BridgeCreate", "call", bridge.snapshot())
        return bridge

    def enter(self, bridge: SimBridge, channel: SimChannel) -> None:
        """BridgeEnter."""
        bridge.members.append(channel)
        channel.bridge = bridge
        self.tell("BridgeEnter", "call", bridge.snapshot() + channel.snapshot())

    def leave(self, channel: SimChannel) -> None:
        """BridgeLeave, and BridgeDestroy after the last one."""
        bridge = channel.bridge
        if bridge is None:
            return
        bridge.members.remove(channel)
        channel.bridge = None
        self.tell("BridgeLeave", "call", bridge.snapshot() + channel.snapshot())
        if not bridge.members:
            self.tell("BridgeDestroy", "call", bridge.snapshot())

    # --- devices ------------------------------------------------------------------------------------------------------

    def device_state(self, endpoint: str) -> str:
        """The device's state word, as `device_state_busy_at = 1` of the sample configuration makes it."""
        states = [channel.state for channel in self.channels.values() if channel.endpoint == endpoint]
        if all(state is ChannelState.DOWN for state in states):
            return "NOT_INUSE"
        if endpoint in self.extensions:
            return "BUSY"
        return "RINGING" if ChannelState.RINGING in states else "INUSE"

    def refresh_device(self, endpoint: str) -> None:
        """Tell a changed device: itself, its hint, and every queue that has it as a member."""
        if endpoint.startswith("Local/"):
            return
        state = self.device_state(endpoint)
        if self._device_states.get(endpoint, "NOT_INUSE") == state:
            return
        self._device_states[endpoint] = state
        extension = self.extensions.get(endpoint)
        if extension is not None:
            status, text = _HINTS[state]
            hint = (("Exten", extension), ("Context", "ext-local"), ("Hint", endpoint))
            self.tell("ExtensionStatus", "call", lines((*hint, ("Status", status), ("StatusText", text))))
        self.tell("DeviceStateChange", "call", lines((("Device", endpoint), ("State", state))))
        for queue in self.queues.values():
            queue.device_changed(endpoint, MEMBER_STATUS.get(state, 2))

    # --- the rest -----------------------------------------------------------------------------------------------------

    def _next_name(self, technology: str) -> int:
        number = self._names.get(technology, 0)
        self._names[technology] = number + 1
        return number

    def _born(
        self,
        name: str,
        endpoint: str,
        context: str,
        exten: str,
        state: ChannelState,
        number: str | None,
        caller_name: str | None,
        root: SimChannel | None,
        uniqueid: str | None,
    ) -> SimChannel:
        own_id = uniqueid or f"{int(self.now)}.{self._numbers}"
        self._numbers += 1
        channel = SimChannel(
            name=name,
            uniqueid=own_id,
            linkedid=root.linkedid if root else own_id,
            endpoint=endpoint,
            context=context,
            exten=exten,
            state=state,
            born_at=self.now,
            number=number,
            caller_name=caller_name,
            story=self.timeline.current,
        )
        if root is None:
            self.processed_calls += 1
        self.channels[own_id] = channel
        self.tell("Newchannel", "call", channel.snapshot())
        return channel


def _tech_cause(code: int | None) -> str:
    return "" if code is None else f"TechCause: {code}\r\n"
