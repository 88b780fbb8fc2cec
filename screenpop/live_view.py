"""What a client knows now: snapshot plus numbered changes. The same fold that every screen does, for desktop programs and tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from screenpop.messages import (
    AgentUpdate,
    PbxUpdate,
    PopRetract,
    PopShow,
    PopUpdate,
    PushMessage,
    QueueUpdate,
    RequestUpdate,
    Snapshot,
)

_Object: TypeAlias = Mapping[str, Any]


class LiveView:
    """Feed every message to `apply`; read `pops` (oldest offer first), `queues`, `agents`, `pbx`, `requests`."""

    def __init__(self) -> None:
        self.pops: dict[str, _Object] = {}
        self.queues: dict[tuple[str, str], _Object] = {}
        self.agents: dict[tuple[str | None, str], _Object] = {}
        self.pbx: dict[str, _Object] = {}
        self.requests: dict[str, _Object] = {}

    def apply(self, message: PushMessage) -> None:
        """Follow one message. Types that change nothing here are ignored."""
        match message:
            case Snapshot():
                self._start_over(message)
            case PopShow():
                self.pops.pop(message.pop_id, None)  # a new offer of the same pop comes last
                self.pops[message.pop_id] = message.data
            case PopUpdate():
                self.pops[message.pop_id] = message.data
            case PopRetract():
                self.pops.pop(message.pop_id, None)
            case QueueUpdate(data=queue):
                self.queues[queue["pbx"], queue["name"]] = queue
            case AgentUpdate(data=agent):
                self.agents.pop((None, agent["name"]), None)  # a PBX knows this agent now
                self.agents[_agent_key(agent)] = agent
            case PbxUpdate(data=pbx):
                self.pbx[pbx["name"]] = pbx
            case RequestUpdate(data=request):
                self.requests[request["id"]] = request

    def _start_over(self, snapshot: Snapshot) -> None:
        self.pops = {pop["pop_id"]: pop for pop in snapshot.part("pops")}
        self.queues = {(queue["pbx"], queue["name"]): queue for queue in snapshot.part("queues")}
        self.agents = {_agent_key(agent): agent for agent in snapshot.part("agents")}
        self.pbx = {pbx["name"]: pbx for pbx in snapshot.part("pbx")}
        self.requests = {request["id"]: request for request in snapshot.part("requests")}


def _agent_key(agent: _Object) -> tuple[str | None, str]:
    return agent.get("pbx"), agent["name"]
