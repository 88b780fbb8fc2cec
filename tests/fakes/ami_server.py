"""An AMI server over real TCP for fault tests: scripted, honest by default, and able to misbehave on demand.

    async with FakeAmiServer() as pbx:
        client = AmiClient(AmiConfig(name="main", host=pbx.host, port=pbx.port, username="cti", secret="secret"))
        ...
        await pbx.logged_in()                        # the next successful login has been answered
        await pbx.send_event("Newchannel", Channel="PJSIP/1001-00000001", Uniqueid="1.1", Linkedid="1.1")
        sent = await pbx.received("Originate")       # the next Originate, as a dict of its headers

What it can do wrong: `login = "refuse" | "in_use" | "silent" | "close"`, `answers[ACTION]` (other bytes, or None for no answer),
`answer_delay_s`, `send_split` (any piece size), `go_silent` (half-open: reads nothing, says nothing), `drop` (FIN), `reset` (RST),
`refuse_connections`. Everything received is kept: `actions` (parsed, as Asterisk would: a lone LF ends a line, too) and `raw`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable, Iterable
from types import TracebackType

Headers = dict[str, str]
Answer = bytes | None | Callable[[Headers], bytes | None]


def message(first: tuple[str, str], *headers: tuple[str, str]) -> bytes:
    """One AMI message from its headers, in order; keys may repeat."""
    return "".join(f"{key}: {value}\r\n" for key, value in (first, *headers)).encode() + b"\r\n"


def event(name: str, *pairs: tuple[str, str], **headers: object) -> bytes:
    """One event. Pairs are for keys that are no Python names, or that repeat."""
    return message(("Event", name), *pairs, *((key, str(value)) for key, value in headers.items()))


def snapshot(name: str, uniqueid: str, *, prefix: str = "", **changes: object) -> list[tuple[str, str]]:
    """A channel's headers in Asterisk's order; `changes` are named as the headers are."""
    values: dict[str, object] = {
        "Channel": name,
        "ChannelState": 6,
        "ChannelStateDesc": "Up",
        "CallerIDNum": "<unknown>",
        "CallerIDName": "<unknown>",
        "ConnectedLineNum": "<unknown>",
        "ConnectedLineName": "<unknown>",
        "Language": "en",
        "AccountCode": "",
        "Context": "default",
        "Exten": "s",
        "Priority": 1,
        "Uniqueid": uniqueid,
        "Linkedid": uniqueid,
    }
    return [(prefix + key, str(value)) for key, value in {**values, **changes}.items()]


class FakeAmiServer:
    """See the module. One instance is one PBX; connections come and go, settings and what was received stay."""

    def __init__(
        self,
        *,
        username: str = "cti",
        secret: str = "secret",
        banner: str = "11.0.0",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.username = username
        self.secret = secret
        self.banner = banner
        self.login = "accept"
        self.fully_booted = True
        self.answer_delay_s = 0.0
        self.answers: dict[str, Answer] = {}  # by the action's name
        self.channels: list[list[tuple[str, str]]] = []  # rows of CoreShowChannels
        self.queue_rows: list[
            tuple[str, list[tuple[str, str]]]
        ] = []  # (QueueParams | QueueMember | QueueEntry, headers)
        self.started = ("2026-11-21", "20:00:00")  # this boot; change it to play a restart
        self.actions: list[Headers] = []
        self.raw = bytearray()
        self.connections = 0  # ever made
        self.logins: list[bool] = []  # each answered login: accepted?
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []  # that the test may still use
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self._seen: dict[str, int] = {}
        self._logins_seen = 0
        self._silent = asyncio.Event()

    async def __aenter__(self) -> FakeAmiServer:
        await self.accept_connections()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse_connections()
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what the test does to the link ---------------------------------------------------------------------------------

    async def accept_connections(self) -> None:
        """Listen; the port stays the same after `refuse_connections`."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self._tls, limit=1 << 22)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse_connections(self) -> None:
        """Stop listening and drop everybody: the PBX is away."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop()

    def drop(self) -> None:
        """Close the connections in order (FIN)."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def reset(self) -> None:
        """Break the connections (RST): what is on the way is lost."""
        for writer in self._writers:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self._writers.clear()

    def go_silent(self) -> None:
        """Half-open: the present connections stay up, but nothing is read or answered any more."""
        for writer in self._writers:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
        self._silent.set()

    async def send(self, data: bytes) -> None:
        """Write raw bytes to the newest connection."""
        writer = self._writers[-1]
        writer.write(data)
        await writer.drain()

    async def send_event(self, name: str, *pairs: tuple[str, str], **headers: object) -> None:
        """Write one event to the newest connection."""
        await self.send(event(name, *pairs, **headers))

    async def send_split(self, data: bytes, size: int = 1) -> None:
        """Write in pieces of `size` bytes, each in a packet of its own as far as the kernel allows."""
        self._writers[-1].get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), size):
            await self.send(data[start : start + size])
            await asyncio.sleep(0)

    # --- what the test waits for ----------------------------------------------------------------------------------------

    async def received(self, action: str, timeout_s: float = 30.0) -> Headers:
        """The next action of that name that was not returned before."""
        number = self._seen.get(action, 0)
        self._seen[action] = number + 1
        await self._until(lambda: len(self.of(action)) > number, f"no {action} arrived", timeout_s)
        return self.of(action)[number]

    async def logged_in(self, timeout_s: float = 30.0) -> None:
        """The next successful login has been answered."""
        self._logins_seen += 1
        await self._until(lambda: sum(self.logins) >= self._logins_seen, "nobody logged in", timeout_s)

    async def login_attempts(self, count: int, timeout_s: float = 30.0) -> None:
        """So many logins, good or bad, have been answered in all."""
        await self._until(lambda: len(self.logins) >= count, f"{len(self.logins)} logins", timeout_s)

    def of(self, action: str) -> list[Headers]:
        """All actions of that name so far."""
        return [headers for headers in self.actions if headers.get("Action") == action]

    async def _until(self, true: Callable[[], bool], otherwise: str, timeout_s: float) -> None:
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(true), timeout_s)
            except TimeoutError:
                raise AssertionError(f"{otherwise} within {timeout_s} s") from None

    # --- the server -----------------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self._silent.clear()
        self._writers.append(writer)
        self._open.add(writer)
        try:
            if self.login == "close":
                return
            writer.write(f"Asterisk Call Manager/{self.banner}\r\n".encode())
            await self._read_actions(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            self._open.discard(writer)
            writer.close()
            if writer in self._writers:
                self._writers.remove(writer)

    async def _read_actions(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        headers: Headers = {}
        while line := await reader.readline():
            self.raw += line
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            if text:
                key, _, value = text.partition(":")
                headers.setdefault(key, value.strip())
                continue
            if headers and not await self._take(headers, writer):
                return
            headers = {}

    async def _take(self, headers: Headers, writer: asyncio.StreamWriter) -> bool:
        self.actions.append(headers)
        name = headers.get("Action", "")
        answer = self.answers.get(name, self._login if name == "Login" else self._usual_answer)
        data = answer(headers) if callable(answer) else answer
        if self.answer_delay_s:
            await asyncio.sleep(self.answer_delay_s)
        if data is not None and not self._silent.is_set():
            writer.write(data)
            await writer.drain()
        async with self._changed:
            self._changed.notify_all()
        return not (name == "Login" and self.login in ("refuse", "in_use"))

    def _login(self, headers: Headers) -> bytes | None:
        if self.login == "silent":
            return None
        right = (headers.get("Username"), headers.get("Secret")) == (self.username, self.secret)
        accepted = self.login == "accept" and right
        self.logins.append(accepted)
        if not accepted:
            why = "Login Already In Use" if self.login == "in_use" else "Authentication failed"
            return self.response(headers, "Error", Message=why)
        booted = event("FullyBooted", Privilege="system,all", Uptime=60, LastReload=60, Status="Fully Booted")
        return self.response(headers, Message="Authentication accepted") + (booted if self.fully_booted else b"")

    @staticmethod
    def response(action: Headers, response: str = "Success", **headers: object) -> bytes:
        """A response to that action."""
        pairs = [("ActionID", action["ActionID"])] if "ActionID" in action else []
        return message(("Response", response), *pairs, *((key, str(value)) for key, value in headers.items()))

    def list_answer(self, action: Headers, rows: Iterable[tuple[str, list[tuple[str, str]]]], end: str) -> bytes:
        """A list answer: head, rows of (event name, headers), and its end."""
        listed = [message(("Event", name), ("ActionID", action["ActionID"]), *headers) for name, headers in rows]
        head = self.response(action, EventList="start", Message="A list will follow")
        tail = event(end, ("ActionID", action["ActionID"]), EventList="Complete", ListItems=len(listed))
        return head + b"".join(listed) + tail

    def _usual_answer(self, action: Headers) -> bytes | None:
        match action.get("Action"):
            case "Ping":
                return self.response(action, Ping="Pong", Timestamp="1795295646.000000")
            case "CoreShowChannels":
                rows = [("CoreShowChannel", row) for row in self.channels]
                return self.list_answer(action, rows, "CoreShowChannelsComplete")
            case "QueueStatus":
                return self.list_answer(action, self.queue_rows, "QueueStatusComplete")
            case "CoreStatus":
                return self.response(action, CoreStartupDate=self.started[0], CoreStartupTime=self.started[1])
            case "CoreSettings":
                return self.response(action, AsteriskVersion="22.10.1", SystemName="fake")
            case "Originate":
                return self.response(action, Message="Originate successfully queued")
            case "Hangup":
                return self.response(action, Message="Channel Hungup")
            case "QueueAdd":
                return self.response(action, Message="Added interface to queue")
            case "QueueRemove":
                return self.response(action, Message="Removed interface from queue")
            case "QueuePause":
                return self.response(action, Message="Interface paused successfully")
            case _:
                return self.response(action, "Error", Message="Invalid/unknown command")
