"""The supervisor's board: who waits in each queue, what each agent does, and what changed since the last second.

Pure: fed with call events, asked with the time. A lost telephone link makes everything of that PBX stale, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from crm_store.access import Permission, Principal
from crm_store.accounts import Account, Role
from pbx.agents import AgentState, AgentStatus
from pbx.call_events import AgentStateChanged, CallEvent, PbxConnected, PbxLost, PbxResynced, QueueChanged
from pbx.queues import QueueStatus
from screenpop import topics
from web.views import rfc3339

#: One update a second for each queue and agent: a ringing hall must not flood the browsers.
LEAST_INTERVAL_S = 1.0

Presence: TypeAlias = Literal["connected", "asleep", "none"]
Change: TypeAlias = tuple[str, str, dict[str, Any]]  # topic, kind, data
_Key: TypeAlias = tuple[str, str, str]  # what, pbx, name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    up: bool
    since: float | None


class QueueBoard:
    """State of all queues and agents of all PBXs as the API and the push show them."""

    def __init__(self, labels: Mapping[str, str] | None = None) -> None:
        self._labels = dict(labels or {})
        self._queues: dict[tuple[str, str], QueueStatus] = {}
        self._agents: dict[tuple[str, str], AgentStatus] = {}
        self._served: dict[str, frozenset[tuple[str, str]]] = {}
        self._usual_queues: dict[tuple[str, str], tuple[str, ...]] = {}
        self._links: dict[str, _Link] = {}
        self._accounts: dict[str, Account] = {}
        self._browsers: dict[str, Presence] = {}
        self._unpainted: dict[str, str] = {}
        self._changed: set[_Key] = set()
        self._sent_at: dict[_Key, float] = {}

    # --- what happens -----------------------------------------------------------------------------------------------------

    def apply(self, event: CallEvent) -> None:
        """Take in one event; those about calls say nothing here."""
        match event:
            case QueueChanged(queue=queue):
                self._queues[queue.pbx, queue.name] = queue
                self._changed.add(("queue", queue.pbx, queue.name))
            case AgentStateChanged(pbx=pbx, agent=agent):
                self._agent_changed(pbx, agent)
            case PbxLost(pbx=pbx, at=at):
                self._links[pbx] = _Link(up=False, since=at)
                self._all_changed(pbx)
            case PbxConnected(pbx=pbx):
                # Still stale: what we know is from before the gap until the resync is through.
                self._links.setdefault(pbx, _Link(up=False, since=None))
            case PbxResynced(pbx=pbx, at=at, queues=queues):
                self._links[pbx] = _Link(up=True, since=at)
                self._all_changed(pbx)
                if queues is not None:
                    self._keep_queues(pbx, queues)
            case _:
                pass

    def set_accounts(self, accounts: Iterable[Account]) -> None:
        """Names for people, and agents whom the PBX has not mentioned yet."""
        before, self._accounts = self._accounts, {account.name: account for account in accounts}
        for name in before.keys() | self._accounts.keys():
            if before.get(name) != self._accounts.get(name):
                self._changed.update(self._keys_of(name))

    def set_browser(self, user: str, presence: Presence) -> None:
        """Whether the agent's screen is live."""
        if self._browsers.get(user, "none") != presence:
            self._browsers[user] = presence
            self._changed.update(self._keys_of(user))

    def set_unpainted(self, user: str, call_id: str | None) -> None:
        """A pop was not painted in time on this agent's screen (None: it is now)."""
        if self._unpainted.get(user) != call_id:
            self._unpainted.pop(user, None)
            if call_id is not None:
                self._unpainted[user] = call_id
            self._changed.update(self._keys_of(user))

    # --- what is asked ----------------------------------------------------------------------------------------------------

    def queues(self, now: float, *, only: frozenset[tuple[str, str]] | None = None) -> list[dict[str, Any]]:
        """All queues (or `only` these (pbx, name)), in the order of their labels."""
        shown = [queue for key, queue in self._queues.items() if only is None or key in only]
        return sorted(
            (self._queue_json(queue, now) for queue in shown), key=lambda one: (one["label"].casefold(), one["pbx"])
        )

    def agents(self, *, only: str | None = None) -> list[dict[str, Any]]:
        """All agents (or one), by name; accounts with a phone that no PBX has mentioned are offline."""
        # Only what is asked for is made: when hundreds come back at once, each of them asks for one of a thousand.
        asked = (
            self._agents.items()
            if only is None
            else ((key, one) for key, one in self._agents.items() if key[1] == only)
        )
        found = [self._agent_json(pbx, status) for (pbx, _), status in asked]
        known = {name for _, name in self._agents}
        accounts = self._accounts.values() if only is None else filter(None, (self._accounts.get(only),))
        found += [self._silent_agent_json(one) for one in accounts if self._is_silent(one, known)]
        return sorted(found, key=lambda one: one["display_name"].casefold())

    def agent_names(self) -> set[str]:
        """Everybody whom `agents` shows."""
        known = {name for _, name in self._agents}
        return known | {one.name for one in self._accounts.values() if self._is_silent(one, known)}

    def people(self) -> set[str]:
        """Every active account, and agents whom only a PBX knows."""
        return {one.name for one in self._accounts.values() if one.active} | self.agent_names()

    def supervisors(self) -> set[str]:
        """Accounts that see everybody's tasks."""
        return {one.name for one in self._accounts.values() if one.active and one.role is not Role.AGENT}

    def phones(self) -> list[str]:
        """Endpoints that belong to accounts, then others that a PBX has mentioned."""
        accounts = (endpoint for one in self._accounts.values() if one.active for endpoint in one.endpoints)
        return list(dict.fromkeys([*accounts, *sorted(status.endpoint for status in self._agents.values())]))

    def queues_for(self, who: Principal, now: float) -> list[dict[str, Any]]:
        """What this person may see: all queues, or those they serve."""
        return self.queues(now, only=None if who.may(Permission.BOARD) else self.served_by(who.name))

    def agents_for(self, who: Principal) -> list[dict[str, Any]]:
        """What this person may see: everybody, or themselves."""
        return self.agents(only=None if who.may(Permission.BOARD) else who.name)

    def served_by(self, agent: str) -> frozenset[tuple[str, str]]:
        """The queues (pbx, name) of one agent."""
        served = self._served.get(agent)
        if served is None:  # asked for each frame to each screen
            served = self._served[agent] = frozenset(
                (pbx, queue) for (pbx, name), status in self._agents.items() if name == agent for queue in status.queues
            )
        return served

    def pbx_of(self, agent: str) -> str | None:
        """The PBX where this agent works; None when none has mentioned them. Of several that know their phone: where they
        serve a queue, else do anything, else served one before."""
        known = [pbx for pbx, name in self._agents if name == agent]
        return max(known, key=lambda pbx: self._works_there(pbx, agent), default=None)

    def _works_there(self, pbx: str, agent: str) -> tuple[bool, ...]:
        status = self._agents[pbx, agent]
        return bool(status.queues), status.state is not AgentState.OFFLINE, bool(self.usual_queues(pbx, agent))

    def usual_queues(self, pbx: str, agent: str) -> tuple[str, ...]:
        """The queues that the agent serves at this PBX, or served before logging out of them."""
        return self._usual_queues.get((pbx, agent), ())

    def has_queue(self, pbx: str, queue: str) -> bool:
        """This PBX has such a queue."""
        return (pbx, queue) in self._queues

    def changes(self, now: float, *, enough: float = math.inf) -> list[Change]:
        """What to push: each changed queue and agent once a second. The rest, and what comes after `enough`, waits for the next call."""
        due = [key for key in self._changed if now - self._sent_at.get(key, -math.inf) >= LEAST_INTERVAL_S]
        due.sort(key=_queues_first)
        found: list[Change] = []
        for key in due:
            if len(found) >= enough:
                break
            self._changed.discard(key)
            self._sent_at[key] = now
            found.extend(self._changes_of(key, now))
        return found

    # --- inside -------------------------------------------------------------------------------------------------------------

    def _agent_changed(self, pbx: str, agent: AgentStatus) -> None:
        before = self._agents.get((pbx, agent.name))
        self._agents[pbx, agent.name] = agent
        if before is None or before.queues != agent.queues:
            self._served.pop(agent.name, None)
        if agent.queues:
            self._usual_queues[pbx, agent.name] = agent.queues
        self._changed.add(("agent", pbx, agent.name))

    def _keep_queues(self, pbx: str, names: frozenset[str]) -> None:
        """The PBX has no others any more; their key stays among the changed ones, so the screens hear of it."""
        for key in [key for key in self._queues if key[0] == pbx and key[1] not in names]:
            del self._queues[key]

    def _all_changed(self, pbx: str) -> None:
        self._changed.update(("queue", where, name) for where, name in self._queues if where == pbx)
        self._changed.update(("agent", where, name) for where, name in self._agents if where == pbx)

    def _keys_of(self, agent: str) -> list[_Key]:
        known: list[_Key] = [("agent", pbx, name) for pbx, name in self._agents if name == agent]
        return known or [("agent", "", agent)]

    def _changes_of(self, key: _Key, now: float) -> list[Change]:
        what, pbx, name = key
        if what == "queue":
            queue = self._queues.get((pbx, name))
            gone = {"pbx": pbx, "name": name, "removed": True}
            return [(topics.QUEUES, "queue.update", gone if queue is None else self._queue_json(queue, now))]
        status = self._agents.get((pbx, name))
        account = self._accounts.get(name)
        if status is not None:
            data = self._agent_json(pbx, status)
        elif account is not None and self._is_silent(account, set()):
            data = self._silent_agent_json(account)
        else:
            return []
        return [(topics.AGENTS, "agent.update", data), (topics.agent(name), "agent.update", data)]

    def _stale(self, pbx: str) -> bool:
        link = self._links.get(pbx)
        return link is None or not link.up

    def _queue_json(self, queue: QueueStatus, now: float) -> dict[str, Any]:
        joined = [caller.joined_at for caller in queue.callers if caller.joined_at is not None]
        return {
            "pbx": queue.pbx,
            "name": queue.name,
            "label": self._labels.get(queue.name, queue.name),
            "waiting": len(queue.callers),
            "longest_wait_s": round(max(now - min(joined), 0.0), 1) if joined else None,
            "callers": [
                {"call_id": one.call_id, "position": one.position, "joined_at": _at(one.joined_at)}
                for one in sorted(queue.callers, key=lambda one: one.position)
            ],
            "agents": dict(queue.agents),
            "talking": queue.talking,
            "stale": self._stale(queue.pbx),
        }

    def _agent_json(self, pbx: str, status: AgentStatus) -> dict[str, Any]:
        account = self._accounts.get(status.name)
        return {
            "name": status.name,
            "display_name": account.display_name or account.name if account else status.name,
            "pbx": pbx,
            "endpoint": status.endpoint,
            "state": status.state.value,
            "since": _at(status.since),
            "reason": status.reason,
            "queues": list(status.queues),
            "call_id": status.call_id,
            "browser": self._browsers.get(status.name, "none"),
            "unpainted_call_id": self._unpainted.get(status.name),
            "stale": self._stale(pbx),
        }

    def _silent_agent_json(self, account: Account) -> dict[str, Any]:
        unseen = AgentStatus(
            name=account.name,
            endpoint=account.endpoints[0],
            state=AgentState.OFFLINE,
            since=None,
            reason=None,
            queues=(),
            call_id=None,
        )
        return {**self._agent_json("", unseen), "pbx": None, "stale": False}

    @staticmethod
    def _is_silent(account: Account, known: set[str]) -> bool:
        return account.active and account.role is Role.AGENT and bool(account.endpoints) and account.name not in known


def _queues_first(key: _Key) -> tuple[bool, _Key]:
    """A queue's news go to everybody: an agent's own, that come right after, then leave in the same write."""
    return key[0] != "queue", key


def _at(epoch: float | None) -> str | None:
    return rfc3339(datetime.fromtimestamp(epoch, UTC)) if epoch is not None else None
