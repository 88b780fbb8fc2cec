"""The lines: who waits in each queue, and how many members are in which state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pbx.agents import AgentBook, AgentState
from pbx.calls import Call, CallId
from pbx.events import PbxName, QueueMember


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCaller:
    """One waiting caller."""

    call_id: CallId
    position: int
    joined_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """One queue as the board shows it. `agents` counts members by AgentState."""

    pbx: str
    name: str
    callers: tuple[QueueCaller, ...]
    agents: dict[str, int]
    talking: int


class _Queue:
    __slots__ = ("callers", "members", "status", "talking")

    def __init__(self) -> None:
        # Waiting calls in order of joining; moving up in the queue has no event of its own.
        self.callers: dict[CallId, float | None] = {}
        self.members: dict[str, QueueMember] = {}
        self.talking: set[CallId] = set()
        self.status: QueueStatus | None = None


class QueueBook:
    """Every queue of one PBX. `wanted` empty means all."""

    def __init__(self, pbx: PbxName, agents: AgentBook, wanted: Iterable[str] = ()) -> None:
        self._pbx = pbx
        self._agents = agents
        self._wanted = frozenset(wanted)
        self._queues: dict[str, _Queue] = {}

    def _queue(self, name: str) -> _Queue | None:
        if self._wanted and name not in self._wanted:
            return None
        return self._queues.setdefault(name, _Queue())

    def exists(self, name: str) -> None:
        """QueueParams named it: it shows on the board even when it is empty."""
        self._queue(name)

    def keep_only(self, names: frozenset[str]) -> None:
        """A QueueStatus answer is the whole truth: queues that it does not name are gone."""
        self._queues = {name: queue for name, queue in self._queues.items() if name in names}

    def member_changed(self, member: QueueMember) -> None:
        queue = self._queue(member.queue)
        if queue is not None:
            queue.members[member.interface] = member
            self._agents.member_changed(member)

    def member_removed(self, member: QueueMember) -> None:
        queue = self._queue(member.queue)
        if queue is not None:
            queue.members.pop(member.interface, None)
            self._agents.member_removed(member)

    def replace_members(self, members: Iterable[QueueMember]) -> None:
        """A QueueStatus answer is the whole truth."""
        for queue in self._queues.values():
            queue.members.clear()
        kept = []
        for member in members:
            queue_of = self._queue(member.queue)
            if queue_of is not None:
                queue_of.members[member.interface] = member
                kept.append(member)
        self._agents.replace_members(kept)

    def call_changed(self, call: Call) -> None:
        """Where the caller stands now: in which queue, or talking out of which."""
        for wait in call.queues:
            queue = self._queue(wait.queue)
            if queue is None:
                continue
            is_waiting = wait is call.queues[-1] and wait.result is None and call.state == "queued"
            if is_waiting:
                queue.callers.setdefault(call.id, wait.joined_at)
            else:
                queue.callers.pop(call.id, None)
            if call.state in ("talking", "held") and call.queue == wait.queue:
                queue.talking.add(call.id)
            else:
                queue.talking.discard(call.id)

    def forget_call(self, call_id: CallId) -> None:
        """It is part of another call now, or was none."""
        for queue in self._queues.values():
            queue.callers.pop(call_id, None)
            queue.talking.discard(call_id)

    def forget_calls(self, alive: set[CallId]) -> None:
        """After a resync: nobody waits whose call is gone."""
        for queue in self._queues.values():
            queue.callers = {call_id: since for call_id, since in queue.callers.items() if call_id in alive}
            queue.talking &= alive

    def drain(self) -> list[QueueStatus]:
        """Queues that differ from what was last told."""
        told = []
        for name, queue in self._queues.items():
            status = self._status(name, queue)
            if status != queue.status:
                queue.status = status
                told.append(status)
        return told

    def _status(self, name: str, queue: _Queue) -> QueueStatus:
        state_of, agent_of = self._agents.state_of, self._agents.agent_of_member
        states = Counter([state_of(agent_of(member)) or AgentState.OFFLINE for member in queue.members.values()])
        return QueueStatus(
            pbx=self._pbx,
            name=name,
            callers=tuple(
                QueueCaller(call_id=call_id, position=position, joined_at=joined_at)
                for position, (call_id, joined_at) in enumerate(queue.callers.items(), start=1)
            ),
            agents={str(state): count for state, count in states.items()},
            talking=len(queue.talking),
        )
