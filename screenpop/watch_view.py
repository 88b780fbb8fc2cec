"""Push messages as lines for a terminal. Callers choose their names, so nothing of them may steer the terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from screenpop.messages import (
    AgentUpdate,
    Hello,
    LinkLost,
    PbxUpdate,
    PopRetract,
    PopShow,
    PopUpdate,
    PushMessage,
    QueueUpdate,
    Refused,
    RequestUpdate,
    Resumed,
    Snapshot,
    TaskDue,
)

_LONGEST = 80
#: Control, format (bidi overrides, zero width), surrogate, private use, unassigned, line and paragraph separators.
_STEERING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(value: object, longest: int = _LONGEST) -> str:
    """One short line of harmless text: whatever steers a terminal or turns the writing direction becomes U+FFFD."""
    text = str(value)[:longest]
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in _STEERING else char for char in text)


def lines(message: PushMessage) -> list[str]:
    """What `ctiserver watch` prints for one message; nothing for messages that say nothing to people."""
    if isinstance(message, LinkLost):
        return [f"-- connection lost ({plain(message.reason)}), next try in {message.retry_in_s:.1f} s --"]
    said = _lines(message)
    return [f"{plain(message.at[11:19])} {said[0]}", *(f"         {line}" for line in said[1:])] if said else []


def _lines(message: PushMessage) -> list[str]:
    match message:
        case Hello():
            return [f"connected as {plain(message.user)} ({plain(message.role)})"]
        case Resumed():
            return ["connection is back, nothing was missed"]
        case Snapshot():
            return _snapshot(message)
        case PopShow() | PopUpdate():
            return _pop(message.data)
        case PopRetract():
            by = f" by {plain(message.by)}" if message.by else ""
            return [f"pop away: {plain(message.reason).replace('_', ' ')}{by}"]
        case QueueUpdate(data=queue):
            return [_queue(queue)]
        case AgentUpdate(data=agent):
            return [_agent(agent)]
        case PbxUpdate(data=pbx):
            return [_pbx(pbx)]
        case TaskDue(data=task):
            return [f"task due: {plain(task.get('title'))}"]
        case RequestUpdate(data=request):
            return [f"dialling: {plain(request.get('state'))} {plain(request.get('detail') or '')}".rstrip()]
        case Refused():
            return [f"the server refused: {plain(message.data.get('message'))}"]
        case _:
            return []


def _snapshot(snapshot: Snapshot) -> list[str]:
    said = ["now:"]
    said += [_pbx(pbx) for pbx in snapshot.part("pbx")]
    said += [_queue(queue) for queue in snapshot.part("queues")]
    said += [_agent(agent) for agent in snapshot.part("agents")]
    for pop in snapshot.part("pops"):
        said += _pop(pop)
    return said if len(said) > 1 else ["now: nothing to show"]


def _pop(pop: Mapping[str, Any]) -> list[str]:
    call = pop.get("call", {})
    remote = call.get("remote", {})
    line = call.get("queue_label") or call.get("queue") or call.get("did_label") or call.get("did")
    said = [plain(pop.get("phase", "")).replace("_", " ").upper()]
    said += [plain(part) for part in (_who(pop, remote), remote.get("display"), line) if part]
    if call.get("wait_s") is not None:
        said.append(f"waited {_duration(call['wait_s'])}")
    customers = pop.get("customers", ())
    return [" · ".join(said)] + [f"{n}  {_card(card)}" for n, card in enumerate(customers, 1) if len(customers) > 1]


def _who(pop: Mapping[str, Any], remote: Mapping[str, Any]) -> str:
    customers = pop.get("customers", ())
    if len(customers) == 1:
        return _card(customers[0])
    if len(customers) > 1:
        return f"one of {len(customers)}"
    return str(remote.get("name") or ("number withheld" if pop.get("match") == "withheld" else "unknown caller"))


def _card(card: Mapping[str, Any]) -> str:
    parts = [card.get("name") or card.get("company") or "?"]
    if card.get("name") and card.get("company"):
        parts.append(card["company"])
    return ", ".join(plain(part) for part in parts)


def _queue(queue: Mapping[str, Any]) -> str:
    name = plain(queue.get("label") or queue.get("name"))
    waiting = queue.get("waiting", 0)
    longest = queue.get("longest_wait_s")
    since = f", longest {_duration(longest)}" if waiting and longest is not None else ""
    return f"queue {name}: {plain(waiting)} waiting{since}, {plain(queue.get('talking', 0))} talking"


def _agent(agent: Mapping[str, Any]) -> str:
    reason = f" ({plain(agent['reason'])})" if agent.get("reason") else ""
    return f"agent {plain(agent.get('name'))}: {plain(agent.get('state', '')).replace('_', ' ')}{reason}"


def _pbx(pbx: Mapping[str, Any]) -> str:
    return f"telephone link {plain(pbx.get('name'))}: {plain(pbx.get('state', ''))}"


def _duration(seconds: object) -> str:
    whole = int(seconds) if isinstance(seconds, int | float) else 0
    return f"{whole // 60}:{whole % 60:02d}"
