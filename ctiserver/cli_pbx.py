"""`record` and `release-pauses`: short visits to a live PBX."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ctiserver.ami_config import ami_config
from ctiserver.cli_output import NOT_REACHABLE, USAGE, CommandFailed, note, say
from ctiserver.settings import PbxSettings, Settings, SettingsError
from ctiserver.wrap_up_pauses import REASON
from pbx.asterisk.ami_client import AmiClient
from pbx.asterisk.ami_commands import AmiCommands, DialPlan
from pbx.asterisk.ami_events import ParseProblem
from pbx.asterisk.ami_link import EventBatch, LinkState
from pbx.asterisk.ami_snapshot import read_snapshot
from pbx.errors import PbxError, PbxNotConnected
from pbx.events import PbxEvent

#: How long a command waits for a login.
LOGIN_S = 10.0


@asynccontextmanager
async def logged_in(
    name: str,
    pbx: PbxSettings,
    *,
    on_raw: Callable[[bytes], None] | None = None,
    on_event: Callable[[PbxEvent], None] | None = None,
) -> AsyncIterator[AmiClient]:
    """A client that is logged in. Raises CommandFailed (not reachable) with the reason."""
    try:
        client = AmiClient(ami_config(name, pbx), on_raw=on_raw)
    except SettingsError as error:
        raise CommandFailed(str(error), code=USAGE) from None
    runner = asyncio.create_task(client.run())
    reader = asyncio.create_task(_read_all(client, on_event))
    try:
        await _wait_for_login(name, client)
        yield client
    finally:
        await client.close()
        runner.cancel()
        reader.cancel()
        await asyncio.gather(runner, reader, return_exceptions=True)


async def _read_all(client: AmiClient, on_event: Callable[[PbxEvent], None] | None) -> None:
    """Somebody has to read, or the link's queue fills."""
    async for item in client.messages():
        if on_event is None or not isinstance(item, EventBatch):
            continue
        for event in item.events:
            if not isinstance(event, ParseProblem):
                on_event(event)


async def _wait_for_login(name: str, client: AmiClient) -> None:
    for _ in range(int(LOGIN_S / 0.05)):
        status = client.status
        if status.state is LinkState.CONNECTED:
            return
        if status.state in {LinkState.REFUSED_LOGIN, LinkState.LOST}:
            raise CommandFailed(f"pbx.{name}: {status.reason}", code=NOT_REACHABLE)
        await asyncio.sleep(0.05)
    raise CommandFailed(f"pbx.{name}: no answer to the login within {LOGIN_S:g} s.", code=NOT_REACHABLE)


# --- record -----------------------------------------------------------------------------------------------------------


async def run_record(
    settings: Settings, output: Path, *, pbx: str | None, seconds: float | None, as_json: bool
) -> None:
    """Record until Ctrl-C, SIGTERM or `seconds` are over."""
    name = pbx or next(iter(settings.pbx))
    if name not in settings.pbx:
        raise CommandFailed(f"The configuration has no [pbx.{name}].", code=USAGE)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise CommandFailed(f"{output}: {error.strerror}", code=USAGE) from None
    with os.fdopen(descriptor, "wb") as file:

        def write(data: bytes) -> None:
            file.write(data)
            file.flush()

        async with logged_in(name, settings.pbx[name], on_raw=write) as client:
            note(f"Recording {name} to {output}. Ctrl-C ends it.")
            await _record_what_runs(name, client)
            await _until(stop, seconds)
        size = os.fstat(file.fileno()).st_size
    say({"file": str(output), "bytes": size}, f"{output}: {size} bytes.", as_json=as_json)


async def _record_what_runs(name: str, client: AmiClient) -> None:
    """Calls that began before us are in the capture by the lists that Asterisk answers."""
    try:
        await read_snapshot(client)
    except PbxError as error:
        note(f"pbx.{name}: what already runs could not be read: {error}")


async def _until(stop: asyncio.Event, seconds: float | None) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return  # as long as was asked for


# --- release-pauses ---------------------------------------------------------------------------------------------------


async def run_release_pauses(settings: Settings, *, as_json: bool) -> None:
    """Unpause every member that is paused for the reason that only we give."""
    released: list[dict[str, str]] = []
    for name, pbx in settings.pbx.items():
        if pbx.mode == "observe":
            note(f"pbx.{name} is only observed: nothing is unpaused there.")
            continue
        released += await _released(name, pbx)
    lines = [f"{one['pbx']}: {one['interface']} in {one['queue']}" for one in released]
    say({"released": released}, "\n".join([*lines, f"{len(released)} unpaused."]), as_json=as_json)


async def _released(name: str, pbx: PbxSettings) -> list[dict[str, str]]:
    released = []
    async with logged_in(name, pbx) as client:
        commands = AmiCommands(client, DialPlan())
        try:
            members = (await read_snapshot(client)).members or ()
            for member in members:
                if member.paused and member.paused_reason == REASON:
                    await commands.unpause_member(member.interface, queue=member.queue)
                    released.append({"pbx": name, "queue": member.queue, "interface": member.interface})
        except PbxError as error:
            lost = isinstance(error, PbxNotConnected)
            raise CommandFailed(f"pbx.{name}: {error}", code=NOT_REACHABLE if lost else 1) from None
    return released
