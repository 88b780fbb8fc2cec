"""`/agents`: what everybody does now; pause, log in and out of queues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from aiohttp import web

from crm_store.access import Permission
from crm_store.accounts import Account
from pbx.commands import PbxCommands
from web.answers import list_answer
from web.deps import deps_of, principal_of
from web.openapi import PBX_REFUSES, ApiTable
from web.problems import Problem
from web.schemas import PauseBody, QueueBody, UnpauseBody
from web.view_models import AgentListView

audit = structlog.get_logger("audit")
AGENTS = ApiTable("agents")
AGENT = "/agents/{name:[^/]{1,64}}"


@AGENTS.add("GET", "/agents", Permission.QUEUES_READ, "What each agent does", returns=AgentListView)
async def list_agents(request: web.Request) -> web.StreamResponse:
    """A supervisor gets everybody, an agent themselves."""
    return list_answer(deps_of(request).board.agents_for(principal_of(request)))


@AGENTS.add(
    "POST",
    AGENT + "/pause",
    Permission.AGENT_STATE,
    "Pause in all queues",
    takes=PauseBody,
    status=204,
    refuses=PBX_REFUSES,
)
async def pause(request: web.Request, body: PauseBody) -> web.StreamResponse:
    """The reason is shown on the board."""
    seat = await _seat(request)
    for interface in seat.interfaces:
        await seat.commands.pause_member(interface, reason=body.reason)
    return _done(request, "paused")


@AGENTS.add(
    "POST",
    AGENT + "/unpause",
    Permission.AGENT_STATE,
    "Back to work",
    takes=UnpauseBody,
    status=204,
    refuses=PBX_REFUSES,
)
async def unpause(request: web.Request, body: UnpauseBody) -> web.StreamResponse:
    """In all queues."""
    seat = await _seat(request)
    for interface in seat.interfaces:
        await seat.commands.unpause_member(interface)
    return _done(request, "unpaused")


@AGENTS.add(
    "POST",
    AGENT + "/login",
    Permission.AGENT_STATE,
    "Log in to a queue",
    takes=QueueBody,
    status=204,
    refuses=PBX_REFUSES,
)
async def login(request: web.Request, body: QueueBody) -> web.StreamResponse:
    """Without `queue`: those the agent served before."""
    seat = await _seat(request)
    for queue in _queues(request, seat, body.queue):
        await seat.commands.add_member(queue, seat.interfaces[0], name=seat.account.display_name or seat.account.name)
    return _done(request, "logged in", queue=body.queue)


@AGENTS.add(
    "POST",
    AGENT + "/logout",
    Permission.AGENT_STATE,
    "Log out of a queue",
    takes=QueueBody,
    status=204,
    refuses=PBX_REFUSES,
)
async def logout(request: web.Request, body: QueueBody) -> web.StreamResponse:
    """Without `queue`: out of all."""
    seat = await _seat(request)
    for queue in _queues(request, seat, body.queue):
        for interface in seat.interfaces:
            await seat.commands.remove_member(queue, interface)
    return _done(request, "logged out", queue=body.queue)


@dataclass(frozen=True, slots=True)
class _Seat:
    """Where an agent is moved: at which PBX, by which queue interfaces."""

    account: Account
    pbx: str
    commands: PbxCommands
    interfaces: Sequence[str]


async def _seat(request: web.Request) -> _Seat:
    """The agent of the path, if whoever asks may move them."""
    deps, who, name = deps_of(request), principal_of(request), request.match_info["name"]
    if name != who.name and not who.may(Permission.AGENT_STATE_OTHERS):
        raise Problem(403, "forbidden", "Only a supervisor may do this for somebody else.")
    account = await deps.store.account(name)
    pbx = deps.board.pbx_of(name) or next(iter(deps.commands), None)
    if pbx is None or pbx not in deps.commands:
        raise Problem(409, "no_phone", "There is no telephone system for this agent.")
    if not deps.controls(pbx):
        raise Problem(403, "controls_off", "This telephone system is only observed: controls are off.")
    phone = who.sits_at if name == who.name else next(iter(account.endpoints), None)
    interfaces = deps.member_interfaces(pbx, name) or ([phone] if phone else [])
    if not interfaces:
        raise Problem(409, "no_phone", "This agent has no phone.")
    return _Seat(account, pbx, deps.commands[pbx], interfaces)


def _queues(request: web.Request, seat: _Seat, queue: str | None) -> Sequence[str]:
    board = deps_of(request).board
    if queue is not None:
        if not board.has_queue(seat.pbx, queue):
            raise Problem(
                422, "unknown_queue", f"There is no queue {queue}.", errors=({"field": "queue", "message": "unknown"},)
            )
        return (queue,)
    usual = board.usual_queues(seat.pbx, seat.account.name)
    if not usual:
        raise Problem(422, "queue_needed", "Say which queue.", errors=({"field": "queue", "message": "required"},))
    return usual


def _done(request: web.Request, what: str, **more: object) -> web.Response:
    audit.info("agent moved", user=principal_of(request).name, agent=request.match_info["name"], what=what, **more)
    return web.Response(status=204)
