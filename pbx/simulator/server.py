"""The simulator on a TCP port, for any AMI client."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from pbx.simulator.actions import ALL_WRITE, Answering, error, success
from pbx.simulator.ami_wire import BANNER, AmiEvent, event_bytes, goodbye, lines, parse_action, response
from pbx.simulator.flows import Flow, flow_script
from pbx.simulator.office import Simulator
from pbx.simulator.timeline import Script, Task

LIMIT = 1 << 20
# What Asterisk gives a client that does not read before it cuts it off.
_BACKLOG_BYTES = 2_800_000


@dataclass(eq=False)
class _Session:
    """One client: logged in or not, and its socket."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    logged_in: bool = False
    challenge: str = ""
    reading: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, data: bytes) -> None:
        """Write, or cut off a client that does not read (P22)."""
        if self.writer.is_closing():
            return
        if self.writer.transport.get_write_buffer_size() > _BACKLOG_BYTES:
            self.writer.transport.abort()
            return
        self.writer.write(data)


class SimulatorServer:
    """`async with SimulatorServer(simulator, secret="…") as server:` listens on `server.host:server.port`.

    Random calls begin with the first login. `play` adds one exact call; `cut_links` and `pause_reading` are the faults.
    """

    def __init__(
        self,
        simulator: Simulator,
        host: str = "127.0.0.1",
        port: int = 0,
        secret: str = "simulator",  # noqa: S107 - of a PBX that does not exist
        *,
        username: str = "cti",
        write: frozenset[str] = ALL_WRITE,
        timestamps: bool = True,
    ) -> None:
        self.simulator = simulator
        self.host = host
        self.port = port
        self.username = username
        self.secret = secret
        self._answering = Answering(simulator, write)
        self._timestamps = timestamps
        self._sessions: set[_Session] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stirred = asyncio.Event()
        self._may_read = asyncio.Event()
        self._may_read.set()

    async def __aenter__(self) -> Self:
        self.simulator.timeline.now = self.simulator.started_at = time.time()
        self._server = await asyncio.start_server(self._serve, self.host, self.port, limit=LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]
        self._clock = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self._clock.cancel()
        self.cut_links()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(self._clock, *self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def play(self, name: str, flow: Flow | None = None) -> None:
        """Play one call of flows.py and return when it is over."""
        await self.finished(self.start_flow(name, flow))

    def start_flow(self, name: str, flow: Flow | None = None) -> Task:
        """Begin one call of flows.py now."""
        return self.start(flow_script(self.simulator, name, flow or Flow()))

    def start(self, script: Script) -> Task:
        """Begin a call of one's own making now."""
        self.simulator.advance(time.time())
        task = self.simulator.start(script)
        self._turn()
        return task

    async def finished(self, task: Task) -> None:
        """Wait for the end of a call that was started."""
        if not task.done:
            over = asyncio.Event()
            task.on_end = over.set
            await over.wait()

    def hurry(self, extension: str) -> None:
        """What the call at this phone waits for happens now (`Simulator.hurry`)."""
        self.simulator.advance(time.time())
        self.simulator.hurry(extension)
        self._turn()

    def hang_up(self, number: str) -> None:
        """The outside party with this number is cut off (`Simulator.hang_up`)."""
        self.simulator.advance(time.time())
        self.simulator.hang_up(number)
        self._turn()

    def cut_links(self) -> None:
        """Reset every client's connection, in mid-event if need be."""
        for session in self._sessions:
            session.writer.transport.abort()

    def pause_reading(self, paused: bool = True) -> None:
        """Stop (or go on) reading actions: a PBX that has hung up its ears. Events still go out."""
        if paused:
            self._may_read.clear()
        else:
            self._may_read.set()

    def broadcast(self, data: bytes) -> None:
        """Raw bytes to every logged-in client."""
        for session in self._sessions:
            if session.logged_in:
                session.send(data)

    # --- time ---------------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Advance the simulator whenever something is due."""
        while True:
            self._turn()
            self._stirred.clear()
            due = self.simulator.next_due()
            wait_s = None if due is None else max(due - time.time(), 0.0)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._stirred.wait()

    def _turn(self) -> None:
        self.simulator.advance(time.time())
        events = self.simulator.take_events()
        if events:
            self.broadcast(b"".join(event_bytes(event, timestamp=self._timestamps) for event in events))
        self._stirred.set()

    # --- sessions -----------------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        session = _Session(reader, writer)
        self._sessions.add(session)
        writer.write(BANNER)
        try:
            while await self._one_action(session):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client is gone, or never sends an end of action
        except asyncio.CancelledError:
            pass  # the server stops; asyncio would log a cancelled handler as an error
        finally:
            self._sessions.discard(session)
            writer.close()

    async def _one_action(self, session: _Session) -> bool:
        """Read and answer one action; False when the session is over."""
        headers = parse_action(await session.reader.readuntil(b"\r\n\r\n"))
        await self._may_read.wait()
        name, action_id = headers.get("action", "").lower(), headers.get("actionid")
        if name == "logoff":
            session.send(goodbye(action_id))
            await session.writer.drain()
            return False
        if not session.logged_in:
            return await self._before_login(session, name, headers, action_id)
        self.simulator.advance(time.time())
        answer = b"".join(self._answering.answer(headers))
        # A list is contiguous; events that were told meanwhile follow it (P24).
        session.send(answer)
        self._turn()
        return True

    async def _before_login(
        self, session: _Session, name: str, headers: Mapping[str, str], action_id: str | None
    ) -> bool:
        if name == "challenge":
            session.challenge = str(self.simulator.rng.randrange(10**8, 10**9))
            session.send(response(True, action_id, (("Challenge", session.challenge),)))
            return True
        if name != "login" or not self._credentials_fit(session, headers):
            # Asterisk thinks for a second before it refuses.
            await asyncio.sleep(1.0 if name == "login" else 0.0)
            session.send(error(action_id, "Authentication failed" if name == "login" else "Permission denied"))
            await session.writer.drain()
            return name != "login"
        session.send(success(action_id, "Authentication accepted"))
        session.send(event_bytes(self._fully_booted()))
        session.logged_in = True
        self.simulator.open(time.time())
        self._turn()
        return True

    def _credentials_fit(self, session: _Session, headers: Mapping[str, str]) -> bool:
        if headers.get("username") != self.username:
            return False
        if headers.get("authtype", "").lower() == "md5":
            digest = hashlib.md5(f"{session.challenge}{self.secret}".encode(), usedforsecurity=False).hexdigest()
            return bool(session.challenge) and hmac.compare_digest(headers.get("key", ""), digest)
        return hmac.compare_digest(headers.get("secret", "").encode(), self.secret.encode())

    def _fully_booted(self) -> AmiEvent:
        uptime = int(time.time() - self.simulator.started_at)
        own = (("Uptime", uptime), ("LastReload", uptime), ("Status", "Fully Booted"))
        return AmiEvent("FullyBooted", "system", lines(own), time.time())
