"""Who sits where and what each agent is doing right now.

The state is derived from facts, never stepped from state to state: a lost event cannot leave an agent talking for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from pbx.calls import Call, CallId, CallLeg, CallState, LegResult
from pbx.devices import DevicePlan, extension_of_endpoint
from pbx.events import DeviceStatus, QueueMember
from pbx.quick_values import quick


class AgentState(StrEnum):
    OFFLINE = "offline"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    HOLD = "hold"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    BUSY_ELSEWHERE = "busy_elsewhere"
    DND = "dnd"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatus:
    """One agent as the board shows it. `name` is the account's, or the endpoint where no account has it."""

    name: str
    endpoint: str
    state: AgentState
    since: float | None
    reason: str | None  # pause reason
    queues: tuple[str, ...]
    call_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFacts:
    """Everything that decides an agent's state."""

    call_state: AgentState | None  # ringing, talking, hold by our own legs
    in_wrap_up: bool
    in_a_queue: bool
    all_paused: bool
    device: DeviceStatus
    dnd: bool


_new_facts = quick(AgentFacts)
_new_status = quick(AgentStatus)

_GONE = frozenset({DeviceStatus.UNAVAILABLE, DeviceStatus.INVALID})
_BUSY = frozenset(
    {DeviceStatus.IN_USE, DeviceStatus.BUSY, DeviceStatus.RINGING, DeviceStatus.RING_IN_USE, DeviceStatus.ON_HOLD}
)

#: First row whose fact holds names the state.
_RULES: tuple[tuple[Callable[[AgentFacts], bool], AgentState], ...] = (
    (lambda facts: facts.in_wrap_up, AgentState.WRAP_UP),
    (lambda facts: not facts.in_a_queue, AgentState.OFFLINE),
    (lambda facts: facts.device in _GONE, AgentState.UNREACHABLE),
    (lambda facts: facts.dnd, AgentState.DND),
    (lambda facts: facts.all_paused, AgentState.PAUSED),
    (lambda facts: facts.device in _BUSY, AgentState.BUSY_ELSEWHERE),
)


def agent_state(facts: AgentFacts) -> AgentState:
    """What the agent is doing: our own calls first, then wrap-up, then what queues and devices say."""
    if facts.call_state is not None:
        return facts.call_state
    return next((state for holds, state in _RULES if holds(facts)), AgentState.READY)


#: DeviceStateChange.State → member status.
_DEVICE_STATES = {
    "NOT_INUSE": DeviceStatus.NOT_IN_USE,
    "INUSE": DeviceStatus.IN_USE,
    "BUSY": DeviceStatus.BUSY,
    "INVALID": DeviceStatus.INVALID,
    "UNAVAILABLE": DeviceStatus.UNAVAILABLE,
    "RINGING": DeviceStatus.RINGING,
    "RINGINUSE": DeviceStatus.RING_IN_USE,
    "ONHOLD": DeviceStatus.ON_HOLD,
}

_STRENGTH = {AgentState.RINGING: 0, AgentState.HOLD: 1, AgentState.TALKING: 2}


class _Agent:
    __slots__ = ("calls", "device", "dnd", "endpoint", "interfaces", "members", "name", "status", "wrap_up_until")

    def __init__(self, name: str, endpoint: str) -> None:
        self.name = name
        self.endpoint = endpoint
        self.members: dict[str, QueueMember] = {}
        # The last seat in each queue, also after logging out of it: to log in again.
        self.interfaces: dict[str, str] = {}
        # Our living legs: call → what this agent does in it.
        self.calls: dict[CallId, AgentState] = {}
        self.wrap_up_until: float | None = None
        self.device = DeviceStatus.UNKNOWN
        self.dnd = False
        self.status: AgentStatus | None = None


class AgentBook:
    """Every agent of one PBX: accounts with an endpoint here, and queue members without an account."""

    def __init__(self, devices: DevicePlan, wrap_up_s: Callable[[str | None], float]) -> None:
        self._devices = devices
        self._wrap_up_s = wrap_up_s
        self._agents: dict[str, _Agent] = {}
        self._changed: dict[str, None] = {}
        # Extension → the account's phone that has it.
        self._phones: dict[str, str] = {}
        # Who sits at a queue's interface: asked for hundreds of seats with each look at a queue.
        self._seated: dict[str, str] = {}
        self.reload_owners()

    # --- who ---------------------------------------------------------------------------------------------------------

    def reload_owners(self) -> None:
        """Accounts or sign-ins changed: seats belong to other people now."""
        members = [member for agent in self._agents.values() for member in agent.members.values()]
        calls = {agent.endpoint: agent.calls for agent in self._agents.values() if agent.calls}
        known = set(self._agents)
        self._phones = {}
        self._seated.clear()
        for endpoint in self._devices.owners:
            self._phones.setdefault(extension_of_endpoint(endpoint), endpoint)
        self._agents = {}
        for endpoint, owner in self._devices.owners.items():
            agent = self._agent(owner, endpoint)
            agent.calls.update(calls.get(endpoint, {}))
        for member in members:
            self.member_changed(member)
        self._changed.update(dict.fromkeys(known | set(self._agents)))

    def _agent(self, name: str, endpoint: str) -> _Agent:
        agent = self._agents.get(name)
        if agent is None:
            agent = self._agents[name] = _Agent(name, endpoint)
            self._changed[name] = None
        return agent

    def _agent_of_endpoint(self, endpoint: str) -> _Agent:
        return self._agent(self._devices.owner(endpoint) or endpoint, endpoint)

    def endpoint_of_member(self, member: QueueMember) -> str:
        """`Local/1001@from-queue/n` with state interface `hint:1001@ext-local` sits at the phone with extension 1001."""
        extension = self._devices.extension_of_seat(member.interface)
        if extension is None:
            return member.interface
        usual = f"PJSIP/{extension}" if member.interface.startswith("Local/") else member.interface
        return self._phones.get(extension, usual)

    def agent_of_member(self, member: QueueMember) -> str:
        """Name of the agent whose seat this is."""
        name = self._seated.get(member.interface)
        if name is None:
            endpoint = self.endpoint_of_member(member)
            name = self._seated[member.interface] = self._devices.owner(endpoint) or endpoint
        return name

    # --- facts -------------------------------------------------------------------------------------------------------

    def member_changed(self, member: QueueMember) -> None:
        endpoint = self.endpoint_of_member(member)
        agent = self._agent_of_endpoint(endpoint)
        agent.members[member.queue] = member
        agent.interfaces[member.queue] = member.interface
        self._changed[agent.name] = None

    def member_removed(self, member: QueueMember) -> None:
        agent = self._agent_of_endpoint(self.endpoint_of_member(member))
        agent.members.pop(member.queue, None)
        self._changed[agent.name] = None

    def replace_members(self, members: Iterable[QueueMember]) -> None:
        """A QueueStatus answer is the whole truth: who is not in it has left."""
        for agent in self._agents.values():
            agent.members.clear()
        for member in members:
            self.member_changed(member)
        self._changed.update(dict.fromkeys(self._agents))

    def device_changed(self, device: str, state: str) -> None:
        """DeviceStateChange of a phone, or of FreePBX's do-not-disturb switch `Custom:DND1001`."""
        if device.startswith("Custom:DND"):
            extension = device.removeprefix("Custom:DND")
            for agent in self._agents.values():
                if extension_of_endpoint(agent.endpoint) == extension:
                    agent.dnd = state != "NOT_INUSE"
                    self._changed[agent.name] = None
            return
        owner = self._devices.owner(device) or device
        known = self._agents.get(owner)
        status = _DEVICE_STATES.get(state, DeviceStatus.UNKNOWN)
        if known is not None and known.endpoint == device and known.device is not status:
            known.device = status
            self._changed[owner] = None

    def call_changed(self, call: Call) -> None:
        """What each colleague does in this call now."""
        for leg in call.legs:
            agent = self._agent_of_endpoint(leg.endpoint)
            doing = _doing(leg) if call.state is not CallState.ENDED else None
            if doing is None:
                if agent.calls.pop(call.id, None) is not None:
                    self._changed[agent.name] = None
            elif agent.calls.get(call.id) is not doing:
                agent.calls[call.id] = doing
                self._changed[agent.name] = None

    def talk_ended(self, leg: CallLeg, queue: str | None, now: float) -> None:
        """Wrap-up begins after a talked leg, when the queue has one."""
        seconds = self._wrap_up_s(queue)
        if seconds > 0 and leg.result is LegResult.ANSWERED:
            agent = self._agent_of_endpoint(leg.endpoint)
            agent.wrap_up_until = now + seconds
            self._changed[agent.name] = None

    def forget_call(self, call_id: CallId) -> None:
        """It is part of another call now, or was none."""
        for agent in self._agents.values():
            if agent.calls.pop(call_id, None) is not None:
                self._changed[agent.name] = None

    def forget_calls(self, alive: set[CallId]) -> None:
        """After a resync: legs of calls that are gone hold nobody."""
        for agent in self._agents.values():
            for call_id in [call_id for call_id in agent.calls if call_id not in alive]:
                del agent.calls[call_id]
                self._changed[agent.name] = None

    # --- result ------------------------------------------------------------------------------------------------------

    def drain(self, at: float | None, now: float) -> list[AgentStatus]:
        """Agents whose status differs from what was last told."""
        for agent in self._agents.values():
            if agent.wrap_up_until is not None and now >= agent.wrap_up_until:
                agent.wrap_up_until = None
                self._changed[agent.name] = None
        return self._told(at)

    def changes(self, at: float | None) -> list[AgentStatus]:
        """The same without looking at the clock: after each event."""
        return self._told(at) if self._changed else []

    def _told(self, at: float | None) -> list[AgentStatus]:
        told = []
        for name in self._changed:
            agent = self._agents.get(name)
            if agent is None:
                continue
            status = self._status(agent, at)
            if status != agent.status:
                agent.status = status
                told.append(status)
        self._changed.clear()
        return told

    def _status(self, agent: _Agent, at: float | None) -> AgentStatus:
        call_id = max(agent.calls, key=lambda call: _STRENGTH[agent.calls[call]], default=None)
        members = agent.members.values()
        device = agent.device
        if device is DeviceStatus.UNKNOWN:
            device = next(iter({member.status for member in members}), DeviceStatus.UNKNOWN)
        state = agent_state(
            _new_facts(
                call_state=agent.calls[call_id] if call_id is not None else None,
                in_wrap_up=agent.wrap_up_until is not None,
                in_a_queue=bool(members),
                all_paused=bool(members) and all(member.paused for member in members),
                device=device,
                dnd=agent.dnd,
            )
        )
        reason = next((member.paused_reason for member in members if member.paused), None)
        last = agent.status
        return _new_status(
            name=agent.name,
            endpoint=agent.endpoint,
            state=state,
            since=last.since if last is not None and last.state is state else at,
            reason=reason if state is AgentState.PAUSED else None,
            queues=tuple(sorted(agent.members)),
            call_id=call_id,
        )

    def state_of(self, name: str) -> AgentState | None:
        """Last told state of an agent."""
        agent = self._agents.get(name)
        return agent.status.state if agent is not None and agent.status is not None else None

    def seats_of(self, name: str) -> tuple[QueueMember, ...]:
        """The agent's seats as the PBX last told them."""
        agent = self._agents.get(name)
        return tuple(agent.members.values()) if agent is not None else ()

    def interfaces_of(self, name: str) -> tuple[str, ...]:
        """The queue interfaces that this agent sits or last sat at: `Local/1001@from-queue/n`, `PJSIP/1001`."""
        agent = self._agents.get(name)
        return tuple(dict.fromkeys(agent.interfaces.values())) if agent is not None else ()

    def extensions(self) -> frozenset[str]:
        """Internal numbers of everybody known."""
        return frozenset(self._devices.extension_of(agent.endpoint) for agent in self._agents.values())

    def statuses(self) -> list[AgentStatus]:
        return [agent.status for agent in self._agents.values() if agent.status is not None]


def _doing(leg: CallLeg) -> AgentState | None:
    if leg.ended_at is not None or leg.result is not None:
        return None
    if leg.on_hold:
        return AgentState.HOLD
    return AgentState.TALKING if leg.answered_at is not None or leg.rang_at is None else AgentState.RINGING
