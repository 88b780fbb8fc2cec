"""`check`: is everything ready? One line for each thing, ok, warning or error, with what to do about it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from crm_store.errors import StoreError
from crm_store.sql import current
from ctiserver.certificate import SOON_S, CertificateUnusable, load
from ctiserver.cli_output import FAILURE, USAGE, CommandFailed
from ctiserver.cli_pbx import logged_in
from ctiserver.pbx_rights import CONTROLS, READS
from ctiserver.settings import PbxSettings, Settings
from ctiserver.terminal_text import json_line, one_line
from pbx import events as ami
from pbx.asterisk.ami_client import AmiClient
from pbx.asterisk.ami_snapshot import read_snapshot
from pbx.devices import DeviceKind, endpoint_of
from pbx.errors import PbxError

#: FullyBooted comes right after the login, when the user may read the class system.
_BOOTED_S = 2.0
_AGENT_EVENTS = (
    *(ami.QueueCallerJoin, ami.QueueCallerLeave, ami.QueueCallerAbandon, ami.QueueMemberAdded, ami.QueueMemberRemoved),
    *(ami.QueueMemberChanged, ami.AgentConnect, ami.AgentRingNoAnswer, ami.AgentDump),
)
_DIALPLAN_EVENTS = (ami.Newexten, ami.VarSet)
_SYSTEM_EVENTS = (ami.FullyBooted, ami.Shutdown)
_USES = {
    "call": "no call can be seen without it",
    "agent": "queues and their members",
    "dialplan": "voicemail and queues that refuse callers; the allow-list of `ctiserver init` keeps it small",
}


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One line. `code` is the exit code that an error asks for."""

    state: State
    name: str
    text: str
    code: int = FAILURE


async def run_checks(settings: Settings, *, watch_s: float, as_json: bool) -> int:
    """Print every check as it is done; return the exit code."""
    done: list[Check] = []
    async for check in _checks(settings, watch_s):
        done.append(check)
        if not as_json:
            sys.stdout.write(f"{check.state.value:<8} {check.name}: {one_line(check.text)}\n")
            sys.stdout.flush()
    if as_json:
        lines = [{"state": one.state.value, "name": one.name, "text": one.text} for one in done]
        sys.stdout.write(json_line({"checks": lines}) + "\n")
    codes = {check.code for check in done if check.state is State.ERROR}
    return 0 if not codes else codes.pop() if len(codes) == 1 else FAILURE


async def _checks(settings: Settings, watch_s: float) -> AsyncIterator[Check]:
    yield Check(State.OK, "configuration", f"{len(settings.pbx)} PBX, {len(settings.queues)} queues named")
    for check in await _database(settings):
        yield check
    for check in _server(settings):
        yield check
    if not settings.pbx:
        yield Check(State.ERROR, "pbx", "the configuration has no [pbx.NAME] section", USAGE)
    seen_queues: set[str] = set()
    for name, pbx in settings.pbx.items():
        async for check in _pbx(name, pbx, watch_s, seen_queues):
            yield check
    for queue in sorted(set(settings.queues) - seen_queues):
        if seen_queues:
            yield Check(State.WARNING, "queues", f"[queues.{queue}]: no PBX has a queue of this name")


# --- database and server ----------------------------------------------------------------------------------------------


async def _database(settings: Settings) -> list[Check]:
    file = settings.database.file
    try:
        found, needed = await current(settings.database.url) if file.exists() else (None, "")
    except StoreError as error:
        return [Check(State.ERROR, "database", str(error))]
    if found is None:
        return [Check(State.ERROR, "database", f"{file}: no database yet; run `ctiserver db upgrade`")]
    if not os.access(file, os.W_OK) or not os.access(file.parent, os.W_OK):
        return [Check(State.ERROR, "database", f"{file} (or its folder) cannot be written by this user")]
    migrations = (
        Check(State.OK, "migrations", f"schema {found}")
        if found == needed
        else Check(
            State.ERROR, "migrations", f"schema {found}, this version needs {needed}; run `ctiserver db upgrade`"
        )
    )
    return [Check(State.OK, "database", str(file)), migrations]


def _server(settings: Settings) -> Iterator[Check]:
    yield _port(settings)
    server = settings.server
    if server.tls_certificate is not None and server.tls_key is not None:
        yield _certificate(server.tls_certificate, server.tls_key)


def _certificate(certificate: Path, key: Path) -> Check:
    try:
        _, expires_at = load(certificate, key)
    except CertificateUnusable as error:
        return Check(State.ERROR, "tls", str(error))
    left_s = expires_at - time.time()
    text = f"{certificate}, {left_s / 86_400:.0f} days left"
    return Check(State.WARNING if left_s < SOON_S else State.OK, "tls", text)


def _port(settings: Settings) -> Check:
    listen = settings.server.listen
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.server.host, settings.server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return Check(State.WARNING, "port", f"{listen} is in use; fine if that is the running server")
        return Check(State.ERROR, "port", f"{listen}: {error.strerror or error}")
    return Check(State.OK, "port", f"{listen} is free")


# --- one PBX ----------------------------------------------------------------------------------------------------------


class _Seen:
    """Which event classes have shown themselves."""

    def __init__(self) -> None:
        self.classes: set[str] = set()
        self.timestamps: bool | None = None  # None: no event yet

    def take(self, event: ami.PbxEvent) -> None:
        self.timestamps = event.at is not None if self.timestamps is None else self.timestamps
        if isinstance(event, _SYSTEM_EVENTS):
            self.classes.add("system")
        elif isinstance(event, _AGENT_EVENTS):
            self.classes.add("agent")
        else:
            self.classes.add("dialplan" if isinstance(event, _DIALPLAN_EVENTS) else "call")


async def _pbx(name: str, pbx: PbxSettings, watch_s: float, seen_queues: set[str]) -> AsyncIterator[Check]:
    if not pbx.secret.get_secret_value():
        yield Check(State.ERROR, f"{name} login", "secret or secret_file is missing", USAGE)
        return
    seen = _Seen()
    try:
        async with logged_in(name, pbx, on_event=seen.take) as client:
            yield Check(State.OK, f"{name} login", f"{pbx.username} at {pbx.host}:{pbx.port}, {client.status.banner}")
            yield await _rights(name, pbx, client)
            for check in await _queues(name, pbx, client, seen_queues):
                yield check
            await _listen(client, seen, watch_s)
            for check in _classes(name, seen):
                yield check
    except CommandFailed as failure:
        yield Check(State.ERROR, f"{name} login", str(failure).removeprefix(f"pbx.{name}: "), failure.code)
    except PbxError as error:
        yield Check(State.ERROR, f"{name} link", str(error))


async def _rights(name: str, pbx: PbxSettings, client: AmiClient) -> Check:
    """Write classes: ListCommands names the actions that this user may send."""
    allowed = (await client.action({"Action": "ListCommands"})).headers
    needed = READS if pbx.mode == "observe" else (*READS, *CONTROLS)
    missing = [action for action in needed if action not in allowed]
    if missing:
        hint = "write = reporting" if pbx.mode == "observe" else "write = originate,reporting,agent,call"
        return Check(State.ERROR, f"{name} rights", f"may not send {', '.join(missing)}; give the user {hint}")
    surplus = [action for action in CONTROLS if action in allowed]
    if pbx.mode == "observe" and surplus:
        return Check(State.WARNING, f"{name} rights", f"an observer needs no {', '.join(surplus)}: write = reporting")
    return Check(State.OK, f"{name} rights", f"mode {pbx.mode}: all actions allowed")


async def _queues(name: str, pbx: PbxSettings, client: AmiClient, seen_queues: set[str]) -> list[Check]:
    snapshot = await read_snapshot(client)
    if snapshot.queues is None:
        return [Check(State.ERROR, f"{name} queues", "the list of queues could not be read")]
    found = {queue.queue for queue in snapshot.queues}
    seen_queues |= found
    missing = sorted(set(pbx.queues) - found)
    members = {member.interface for member in snapshot.members or ()}
    checks = [
        Check(State.ERROR, f"{name} queues", f"the PBX has no queue {', '.join(missing)}")
        if missing
        else Check(State.OK, f"{name} queues", f"{len(found)} queues, {len(members)} members")
    ]
    return checks + _unmatched(name, pbx, members, snapshot.channels or ())


def _unmatched(name: str, pbx: PbxSettings, members: set[str], channels: tuple[ami.RunningChannel, ...]) -> list[Check]:
    """What the patterns of the configuration do not know."""
    plan = pbx.device_plan()
    strange = sorted(member for member in members if plan.extension_of_member(member) is None)
    nobody = sorted(
        {endpoint_of(one.channel.name) for one in channels if plan.kind(one.channel.name) is DeviceKind.OTHER}
    )
    checks = []
    if strange:
        text = f"no expression in `members` fits {', '.join(strange[:5])}"
        checks.append(Check(State.WARNING, f"{name} members", text))
    if nobody:
        text = f"neither trunk nor phone by the patterns: {', '.join(nobody[:5])}"
        checks.append(Check(State.WARNING, f"{name} channels", text))
    return checks


async def _listen(client: AmiClient, seen: _Seen, watch_s: float) -> None:
    """Until every class was seen, at most `watch_s`; FullyBooted gets its time in any case."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while True:
        passed = loop.time() - begun
        enough = watch_s if client.status.booted else max(watch_s, _BOOTED_S)
        if passed >= enough or (client.status.booted and seen.classes >= _USES.keys()):
            return
        await asyncio.sleep(0.05)


def _classes(name: str, seen: _Seen) -> Iterator[Check]:
    if "system" in seen.classes:
        yield Check(State.OK, f"{name} class system", "FullyBooted was told")
    else:
        text = "FullyBooted was not told: read = system is missing, or Asterisk is still starting"
        yield Check(State.ERROR, f"{name} class system", text)
    for wanted, use in _USES.items():
        if wanted in seen.classes:
            yield Check(State.OK, f"{name} class {wanted}", "seen")
        else:
            yield Check(State.WARNING, f"{name} class {wanted}", f"not seen yet ({use}); try again during a call")
    if seen.timestamps is False:
        text = "timestampevents is off: durations are taken from when events arrive here"
        yield Check(State.WARNING, f"{name} timestamps", text)
    elif seen.timestamps:
        yield Check(State.OK, f"{name} timestamps", "events carry the PBX's clock")
