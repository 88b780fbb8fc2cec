"""`POST /calls`: click-to-dial, and what became of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from crm_store.access import Permission
from crm_store.accounts import Account
from crm_store.errors import AlreadyClaimed, NotFound
from crm_store.ledger import LedgerKind
from pbx.devices import extension_of_endpoint
from pbx.errors import DialRefused, PbxError
from web.answers import json_answer
from web.api_tasks import name_of, seen_task
from web.checked_inputs import checked_customer
from web.deps import deps_of, principal_of
from web.ledger import record
from web.openapi import PBX_REFUSES, ApiTable
from web.problems import Problem, already_claimed, invalid
from web.schemas import DialBody
from web.task_news import tell_tasks
from web.view_models import DialView

audit = structlog.get_logger("audit")
DIAL = ApiTable("calls")
_KEY = re.compile(r"[\x21-\x7e]{1,128}")


@DIAL.add(
    "POST",
    "/calls",
    Permission.DIAL,
    "Click-to-dial: ring my phone, then the number",
    takes=DialBody,
    returns=DialView,
    status=202,
    headers=("Idempotency-Key",),
    refuses=(404, 409, 429, *PBX_REFUSES),
)
async def post_call(request: web.Request, body: DialBody) -> web.StreamResponse:
    """Only from one's own phone; a supervisor may name an `agent`, whose phone then rings. With `task_id` the call-back is
    claimed first, for whoever is to talk: of two who ask at once, one dials and the other gets 409 with the colleague's name."""
    deps, who = deps_of(request), principal_of(request)
    if body.agent not in (None, who.name) and not who.may(Permission.DIAL_FOR_OTHERS):
        raise Problem(403, "forbidden", "Only a supervisor may dial from somebody else's phone.")
    pbx, endpoint, extension = await _phone_of(request, body.agent or who.name)
    if not deps.controls(pbx):
        raise Problem(403, "controls_off", "This telephone system is only observed: dialling is off.")
    customer_id, key = await checked_customer(request, body.customer_id), _idempotency_key(request)
    async with _claimed(request, body.task_id, agent=body.agent or who.name):
        dialled = await deps.dialler.dial(
            user=who.name,
            agent=body.agent or who.name,
            endpoint=endpoint,
            extension=extension,
            pbx=pbx,
            typed=body.to,
            customer_id=customer_id,
            task_id=body.task_id,
            idempotency_key=key,
        )
    audit.info("dialled", user=who.name, agent=dialled.agent, request=dialled.id, state=dialled.state.value)
    agent, customer_id = dialled.agent, dialled.customer_id
    record(request, LedgerKind.DIALLED, customer_id=customer_id, agent=agent, request=dialled.id)
    headers = {"Location": f"/api/v1/calls/requests/{dialled.id}"}
    return json_answer(dialled.to_json(), status=202, headers=headers)


@asynccontextmanager
async def _claimed(request: web.Request, task_id: int | None, *, agent: str) -> AsyncIterator[None]:
    """The call-back is the agent's while they call; when nothing is dialled it is given back."""
    if task_id is None:
        yield
        return
    deps, who = deps_of(request), principal_of(request)
    if not who.may(Permission.CRM_WRITE):
        raise Problem(403, "forbidden", "To take a call-back needs the right to write tasks.")
    before = await seen_task(request, task_id)
    try:
        task = await deps.store.claim_task(task_id, user=agent, now=deps.clock())
    except AlreadyClaimed as error:
        raise already_claimed(error.by, name_of(request, error.by)) from None
    tell_tasks(deps.publish, deps.board, [task])
    try:
        yield
    except (DialRefused, PbxError):
        # What they claimed before, or are already calling for, stays theirs.
        if before.claimed_by != agent and task_id not in deps.dialler.calling_for():
            released = await deps.store.release_task(task_id, user=agent)
            tell_tasks(deps.publish, deps.board, [released] if released else [])
        raise


async def _phone_of(request: web.Request, agent: str) -> tuple[str, str, str]:
    """PBX, endpoint and extension that ring: from the account and the session, never from what somebody sent."""
    deps, who = deps_of(request), principal_of(request)
    try:
        account = await deps.store.account(agent)
    except NotFound as error:
        raise invalid("agent", "there is no such account") from error
    endpoint = who.phone if agent == who.name else await _latest_phone(request, agent)
    endpoint = endpoint or (account.endpoints[0] if account.endpoints else None)
    if endpoint is None or not account.active:
        raise Problem(409, "no_phone", "There is no phone to dial from: choose one at sign-in.")
    pbx = deps.board.pbx_of(agent) or next(iter(deps.commands), None)
    if pbx is None or pbx not in deps.commands:
        raise Problem(409, "no_phone", "There is no telephone system to dial with.")
    return pbx, endpoint, _extension(account, endpoint)


async def _latest_phone(request: web.Request, agent: str) -> str | None:
    deps = deps_of(request)
    sessions = [one for one in await deps.store.live_sessions(now=deps.clock()) if one.user == agent and one.phone]
    return max(sessions, key=lambda one: one.created_at).phone if sessions else None


def _extension(account: Account, endpoint: str) -> str:
    """Several devices (desk phone, soft phone) are one extension; a foreign desk has its own."""
    if account.extension and endpoint in account.endpoints:
        return account.extension
    return extension_of_endpoint(endpoint)


def _idempotency_key(request: web.Request) -> str | None:
    given = request.headers.get("Idempotency-Key")
    if given is not None and not _KEY.fullmatch(given):
        raise Problem(400, "bad_idempotency_key", "Idempotency-Key: 1 to 128 visible characters.")
    return given


@DIAL.add(
    "GET",
    "/calls/requests/{request_id:[a-z0-9-]{1,64}}",
    Permission.CALLS_READ,
    "What became of a click-to-dial",
    returns=DialView,
)
async def get_request(request: web.Request) -> web.StreamResponse:
    """One's own (as clicker or as agent); a supervisor sees all."""
    who = principal_of(request)
    found = deps_of(request).dialler.request(request.match_info["request_id"])
    if found is None or not (who.may(Permission.CALLS_READ_ALL) or who.name in (found.user, found.agent)):
        raise NotFound("There is no such request, or it is too old.")
    return json_answer(found.to_json())
