"""`watch`: live pops and queues in a terminal, through the same client that desktop programs use."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ctiserver.cli_output import NOT_REACHABLE, USAGE, CommandFailed, note
from ctiserver.terminal_text import json_line, one_line
from screenpop.client import connect
from screenpop.errors import NotAllowed, SignedOut
from screenpop.messages import (
    AgentUpdate,
    LinkLost,
    Message,
    PbxUpdate,
    PopRetract,
    PopShow,
    PopUpdate,
    PushMessage,
    QueueUpdate,
    RequestUpdate,
    Snapshot,
    TaskDue,
)


async def run_watch(url: str, token: str, *, as_json: bool) -> None:
    """Until Ctrl-C. A link that never came up is "not reachable"; one that breaks later is tried again."""
    heard = False
    try:
        async with connect(url, token=token) as messages:
            async for message in messages:
                if isinstance(message, LinkLost) and not heard:
                    raise CommandFailed(f"{url}: {message.reason}", code=NOT_REACHABLE)
                heard = True
                _show(message, as_json=as_json)
    except ValueError as error:
        raise CommandFailed(str(error), code=USAGE) from None
    except (SignedOut, NotAllowed) as error:
        raise CommandFailed(f"{url}: {error}") from None


def _show(message: PushMessage, *, as_json: bool) -> None:
    if isinstance(message, LinkLost):
        note(f"connection lost ({message.reason}), again in {message.retry_in_s:.1f} s")
        return
    if as_json:
        frame = {"seq": message.seq, "type": message.TYPE, "at": message.at, "data": message.data}
        sys.stdout.write(json_line(frame) + "\n")
    else:
        for line in _lines(message):
            sys.stdout.write(f"{message.at[11:19]} {one_line(line)}\n")
    sys.stdout.flush()


def _lines(message: Message) -> list[str]:
    """What a person wants to read of it."""
    match message:
        case Snapshot():
            return [
                *(_pop(pop) for pop in message.part("pops")),
                *(_queue(queue) for queue in message.part("queues")),
                *(_agent(agent) for agent in message.part("agents")),
                *(_pbx(pbx) for pbx in message.part("pbx")),
            ]
        case PopShow() | PopUpdate():
            return [_pop(message.data)]
        case PopRetract():
            return [f"pop    gone: {message.reason}" + (f" by {message.by}" if message.by else "")]
        case QueueUpdate():
            return [_queue(message.data)]
        case AgentUpdate():
            return [_agent(message.data)]
        case PbxUpdate():
            return [_pbx(message.data)]
        case TaskDue():
            return [f"task   {message.data.get('title', '')}"]
        case RequestUpdate():
            return [f"dial   {message.data.get('state', '')} {message.data.get('detail') or ''}"]
        case _:
            return []


def _pop(pop: Mapping[str, Any]) -> str:
    call = pop.get("call", {})
    remote = call.get("remote", {})
    customers = pop.get("customers") or []
    who = " / ".join(str(card.get("name") or card.get("company") or "?") for card in customers[:3])
    number = remote.get("display") or remote.get("kind", "")
    queue = call.get("queue_label") or call.get("queue") or call.get("did_label") or ""
    return f"pop    {pop.get('phase', ''):8} {number}  {who or remote.get('name') or '-'}  {queue}"


def _queue(queue: Mapping[str, Any]) -> str:
    longest = queue.get("longest_wait_s")
    waited = f", longest {longest:.0f} s" if longest else ""
    return f"queue  {queue.get('label') or queue.get('name')}: {queue.get('waiting', 0)} waiting{waited}, {queue.get('talking', 0)} talking"


def _agent(agent: Mapping[str, Any]) -> str:
    reason = f" ({agent['reason']})" if agent.get("reason") else ""
    return f"agent  {agent.get('name')}: {agent.get('state')}{reason}"


def _pbx(pbx: Mapping[str, Any]) -> str:
    return f"pbx    {pbx.get('name')}: {pbx.get('state')}"
