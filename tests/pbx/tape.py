"""Writes AMI stories event by event, as a telephony person tells them, and plays them to a `PbxState`.

    tape = Tape()
    caller = tape.trunk("1.1", number="+421905123456", did="+421255501234")
    eva = tape.phone("1.2", "1001", linked="1.1")
    tape.dial(caller, eva)

Each step happens one second after the one before, beginning at 1000; `tape.at(seconds)` moves the clock.
"""

from __future__ import annotations

from dataclasses import replace

from pbx import events as ami
from pbx.call_events import CallEnded, CallEvent
from pbx.calls import Call
from pbx.events import BridgeId, Channel, ChannelState, DeviceStatus, PbxEvent, PbxName, QueueMember, Uniqueid
from pbx.pbx_state import PbxState
from tests.pbx.folding import device_plan

OWNERS = {"PJSIP/1001": "eva", "PJSIP/991001": "eva", "PJSIP/1002": "jan", "PJSIP/1003": "rut"}


class Tape:
    """One PBX's story."""

    def __init__(
        self, *, owners: dict[str, str] | None = None, timestamps: bool = True, wrap_up_s: float = 0.0
    ) -> None:
        self.state = PbxState(
            PbxName("main"),
            device_plan(OWNERS if owners is None else owners),
            clock_from_arrival=False,
            wrap_up_s=lambda queue: wrap_up_s,
        )
        self.now = 1000.0
        self.told: list[CallEvent] = []
        self.played: list[PbxEvent] = []
        self._timestamps = timestamps

    # --- time and result ------------------------------------------------------------------------------------------------

    def at(self, now: float) -> None:
        """The next step happens at this time."""
        self.now = now

    def play(self, event: PbxEvent) -> list[CallEvent]:
        """Tell one event; returns what it gave."""
        self.played.append(event)
        happened = self.state.apply(event, self.now)
        self.told += happened
        self.now += 1.0
        return happened

    def tick(self, seconds: float) -> list[CallEvent]:
        """Let time pass."""
        self.now += seconds
        happened = self.state.tick(self.now)
        self.told += happened
        return happened

    @property
    def _at(self) -> float | None:
        return self.now if self._timestamps else None

    def calls(self) -> list[Call]:
        """The newest value of each call, in the order of their first event."""
        newest: dict[str, Call] = {}
        for event in self.told:
            call = getattr(event, "call", None)
            if call is not None:
                newest[call.id] = call
        return list(newest.values())

    def call(self) -> Call:
        """The only call."""
        (call,) = self.calls()
        return call

    def finished(self) -> Call:
        """The only call, after its grace time."""
        self.tick(10)
        assert [type(event) for event in self.told if isinstance(event, CallEnded)] == [CallEnded]
        return self.call()

    def names(self) -> list[str]:
        """Names of the call events told, board and agent changes left out."""
        board = ("AgentStateChanged", "QueueChanged", "PbxConnected")
        return [type(event).__name__ for event in self.told if type(event).__name__ not in board]

    # --- channels -------------------------------------------------------------------------------------------------------

    def trunk(
        self,
        uniqueid: str,
        *,
        number: str | None = "+421905123456",
        name: str | None = "Ján Kováč",
        did: str = "+421255501234",
        linked: str | None = None,
        state: ChannelState = ChannelState.RING,
        new: bool = True,
    ) -> Channel:
        """A channel of the outside line."""
        return self._born(
            Channel(
                name=f"PJSIP/trunk-a-{_hex(uniqueid)}",
                uniqueid=Uniqueid(uniqueid),
                linkedid=Uniqueid(linked or uniqueid),
                state=state,
                caller_number=number,
                caller_name=name,
                connected_number=None,
                connected_name=None,
                context="from-trunk",
                exten=did,
            ),
            new=new,
        )

    def phone(
        self,
        uniqueid: str,
        extension: str,
        *,
        linked: str | None = None,
        exten: str = "s",
        state: ChannelState = ChannelState.DOWN,
        new: bool = True,
    ) -> Channel:
        """A channel of a colleague's phone. A phone that calls is born in state RING with the number in `exten`."""
        return self._born(
            Channel(
                name=f"PJSIP/{extension}-{_hex(uniqueid)}",
                uniqueid=Uniqueid(uniqueid),
                linkedid=Uniqueid(linked or uniqueid),
                state=state,
                caller_number=extension,
                caller_name=None,
                connected_number=None,
                connected_name=None,
                context="from-internal",
                exten=exten,
            ),
            new=new,
        )

    def local(self, one: str, two: str, dialled: str, *, linked: str) -> tuple[Channel, Channel]:
        """Both halves of a Local channel, tied."""
        halves = []
        for uniqueid, half in ((one, ";1"), (two, ";2")):
            halves.append(
                self._born(
                    replace(
                        self.phone(uniqueid, "0", linked=linked, new=False),
                        name=f"Local/{dialled}-{_hex(one)}{half}",
                    ),
                    new=True,
                )
            )
        self.play(ami.LocalBridge(self._at, halves[0], halves[1], False))
        return halves[0], halves[1]

    def _born(self, channel: Channel, *, new: bool) -> Channel:
        if new:
            self.play(ami.Newchannel(self._at, channel))
        return channel

    def up(self, channel: Channel) -> Channel:
        """Newstate Up."""
        answered = replace(channel, state=ChannelState.UP)
        self.play(ami.Newstate(self._at, answered))
        return answered

    def rings(self, channel: Channel) -> Channel:
        """Newstate Ringing."""
        ringing = replace(channel, state=ChannelState.RINGING)
        self.play(ami.Newstate(self._at, ringing))
        return ringing

    def request(self, channel: Channel, cause: int | None = None) -> None:
        """HangupRequest: this party hangs up or declines."""
        self.play(ami.HangupRequest(self._at, channel, cause))

    def hangup(self, *channels: Channel, cause: int = 16) -> None:
        """Hangup of each, at the same moment."""
        moment = self.now
        for channel in channels:
            self.at(moment)
            self.play(ami.Hangup(self._at, channel, cause))

    # --- dialling and talking -------------------------------------------------------------------------------------------

    def dial(self, caller: Channel | None, dest: Channel, string: str = "") -> None:
        """DialBegin."""
        self.play(ami.DialBegin(self._at, caller, dest, string))

    def dial_end(self, caller: Channel | None, dest: Channel, status: str, forward: str | None = None) -> None:
        """DialEnd."""
        self.play(ami.DialEnd(self._at, caller, dest, status, forward))

    def answer(self, caller: Channel, dest: Channel, bridge: str = "b1") -> None:
        """The phone is picked up and both are bridged, all at one moment."""
        moment = self.now
        self.up(dest)
        self.at(moment)
        self.dial_end(caller, dest, "ANSWER")
        self.at(moment)
        self.bridge(bridge, caller, dest)

    def bridge(self, bridge: str, *channels: Channel, swap: str | None = None) -> None:
        """BridgeEnter of each, at the same moment."""
        moment = self.now
        for channel in channels:
            self.at(moment)
            up = replace(channel, state=ChannelState.UP)
            swapped = Uniqueid(swap) if swap else None
            self.play(ami.BridgeEnter(self._at, BridgeId(bridge), "basic", "simple_bridge", up, swapped))

    def leave(self, bridge: str, *channels: Channel) -> None:
        """BridgeLeave of each, at the same moment."""
        moment = self.now
        for channel in channels:
            self.at(moment)
            self.play(ami.BridgeLeave(self._at, BridgeId(bridge), channel))

    def end_talk(self, who: Channel, *others: Channel, bridge: str = "b1") -> None:
        """`who` hangs up, everybody leaves and hangs up."""
        moment = self.now
        self.request(who)
        self.at(moment)
        self.leave(bridge, who, *others)
        self.at(moment)
        self.hangup(who, *others)

    # --- transfers, pickup, parking, listening in -----------------------------------------------------------------------

    def call_in(self, *, extension: str = "1001", talk_at: float = 1010.0) -> tuple[Channel, Channel]:
        """A customer (1.1) calls and talks with a colleague (1.2) from `talk_at` on."""
        caller = self.up(self.trunk("1.1"))
        colleague = self.phone("1.2", extension, linked="1.1")
        self.dial(caller, colleague)
        self.at(talk_at)
        self.answer(caller, colleague)
        return caller, colleague

    def consult(self, asker: str, asked: str, *, root: str = "2", answered: bool = True) -> tuple[Channel, Channel]:
        """On a line of its own the phone of `asker` calls `asked`, who takes the call in bridge b2."""
        own = self.phone(f"{root}.1", asker, exten=asked, state=ChannelState.RING)
        target = self.phone(f"{root}.2", asked, linked=f"{root}.1")
        self.dial(own, target)
        if answered:
            self.answer(own, target, "b2")
        return own, target

    def blind(
        self,
        by: Channel,
        customer: Channel | None,
        extension: str,
        *,
        result: str = "Success",
        at: float | None = None,
    ) -> None:
        """BlindTransfer. `at`: when it happened, if it is told later."""
        self.play(
            ami.BlindTransfer(self._at if at is None else at, result, by, customer, None, "internal", extension, False)
        )

    def attended(self, first: Channel, second: Channel, dest_type: str = "Bridge", *, result: str = "Success") -> None:
        """AttendedTransfer by the colleague with these two channels, the older one first."""
        app = "Dial" if dest_type == "App" else None
        self.play(ami.AttendedTransfer(self._at, result, first, second, None, None, None, None, dest_type, app))

    def pick_up(self, picker: Channel, target: Channel) -> None:
        """Pickup."""
        self.play(ami.Pickup(self._at, picker, target))

    def park(self, channel: Channel, lot: str = "lot") -> None:
        """BridgeEnter of the parking lot."""
        up = replace(channel, state=ChannelState.UP)
        self.play(ami.BridgeEnter(self._at, BridgeId(lot), "parking", "holding_bridge", up, None))

    def listen_in(self, spy: Channel, on: Channel | None) -> None:
        """ChanSpyStart."""
        self.play(ami.ChanSpyStart(self._at, spy, on))

    # --- queues ---------------------------------------------------------------------------------------------------------

    def join(self, channel: Channel, queue: str) -> None:
        """QueueCallerJoin."""
        self.play(ami.QueueCallerJoin(self._at, channel, queue, 1))

    def leave_queue(self, channel: Channel, queue: str) -> None:
        """QueueCallerLeave."""
        self.play(ami.QueueCallerLeave(self._at, channel, queue))

    def abandon(self, channel: Channel, queue: str) -> None:
        """QueueCallerAbandon."""
        self.play(ami.QueueCallerAbandon(self._at, channel, queue, None))

    def connect(self, caller: Channel | None, dest: Channel | None, queue: str, interface: str) -> None:
        """AgentConnect."""
        self.play(ami.AgentConnect(self._at, caller, dest, queue, interface, interface, None, None))

    def complete(self, caller: Channel | None, queue: str, interface: str, reason: str = "caller") -> None:
        """AgentComplete."""
        self.play(ami.AgentComplete(self._at, caller, None, queue, interface, interface, None, None, reason))

    def status(self, variable: str, value: str, channel: Channel) -> None:
        """VarSet."""
        self.play(ami.VarSet(self._at, channel, variable, value))

    def app(self, channel: Channel, application: str, data: str = "") -> None:
        """Newexten."""
        self.play(ami.Newexten(self._at, channel, application, data))


def member(queue: str, interface: str, **changed: object) -> QueueMember:
    """A queue member, free and unpaused."""
    free = QueueMember(
        queue=queue,
        interface=interface,
        name=interface,
        state_interface=interface,
        status=DeviceStatus.NOT_IN_USE,
        paused=False,
        paused_reason=None,
        penalty=0,
        in_call=False,
        ring_in_use=False,
        membership="static",
    )
    return replace(free, **changed)  # type: ignore[arg-type]


def _hex(uniqueid: str) -> str:
    return f"{abs(hash(uniqueid)) % 0xFFFFFFFF:08x}"
