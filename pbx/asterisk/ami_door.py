"""panoramisk 1.4 behind one door: its Manager, protocol and actions, hardened through their public hooks.

panoramisk keeps what it is good at: opening the connection, logging in, writing actions, matching answers to them. We cut the
stream into messages ourselves; events never become a panoramisk Message. D-numbers are the defects listed in the tests.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from pbx.asterisk.ami_decoder import END, AmiDecoder, RawMessage, StreamUnreadable
from pbx.asterisk.ami_events import WANTED
from pbx.asterisk.read_pacer import ReadPacer
from pbx.errors import PbxError, PbxNotConnected, PbxRefused

MAX_OUTSTANDING = 512  # actions without an answer (D26)
MAX_LIST_ROWS = 200_000
_MAX_LINE = 1022  # Asterisk reads lines of 1,024 bytes with their end (manager.c, inbuf)
_MAX_HEADERS = 128  # AST_MAX_MANHEADERS
_SILENT_PINGS = 3  # a peer that was silent for so many ping intervals is gone (D3)


class LinkOwner(Protocol):
    """Who is told what happens on the connection. All calls are synchronous and in the order of the bytes."""

    def bytes_received(self, data: bytes) -> None:
        """Every chunk, before anything is done with it."""

    def events_received(self, events: Sequence[RawMessage]) -> None:
        """Events we subscribe to."""

    def login_answered(self, *, accepted: bool, message: str) -> None:
        """The PBX's answer to our login."""

    def link_ended(self, reason: str) -> None:
        """The connection is gone; called once."""


class _DropAll(logging.Filter):
    """panoramisk logs whole actions with secrets and numbers (D22): nothing of it passes, we log ourselves."""

    def filter(self, record: logging.LogRecord) -> bool:
        return False


SILENT = logging.getLogger("pbx.asterisk.panoramisk")
for _logger in (SILENT, logging.getLogger("panoramisk.manager"), logging.getLogger("panoramisk.ami_protocol")):
    _logger.addFilter(_DropAll())
    _logger.propagate = False


class _Everything:
    """`forgetable_actions`: no action is kept and sent again after a reconnect (D1)."""

    def __contains__(self, _name: object) -> bool:
        return True


class PbxAction(Action):  # type: ignore[misc]  # panoramisk has no types
    """One action with the answers that came for it, as bytes. `wants_list`: the answer is a list of events."""

    def __init__(self, fields: Mapping[str, Any], *, wants_list: bool = False) -> None:
        super().__init__(fields)
        self.blocks: list[RawMessage] = []
        self.wants_list = wants_list

    @property
    def multi(self) -> bool:
        # panoramisk guesses this from the sentence in Message and waits for ever on errors and on QueueAdd (D14, D17).
        return self.wants_list and bool(self.responses[0].success)

    @property
    def completed(self) -> bool:
        if not self.multi:
            return True
        last = self.responses[-1]
        ended = last.get("EventList", "").lower() in ("complete", "cancelled")  # not by the event's name alone (D30)
        return len(self.responses) > 1 and (ended or last.get("Event", "").endswith("Complete"))


def check_fields(fields: Mapping[str, Any]) -> None:
    """Raise PbxRefused when a field could end the line and start another header or action (D4, T1)."""
    lines = 0
    for key, value in fields.items():
        for part in value if isinstance(value, list | tuple) else (value,):
            lines += 1
            line = f"{key}: {part}"
            if any(char in line for char in "\r\n\0"):
                raise PbxRefused(f"{_printable(key)}: a line break is not allowed in a command. Nothing was sent.")
            try:
                size = len(line.encode())
            except UnicodeEncodeError:
                raise PbxRefused(f"{_printable(key)}: the text cannot be written as UTF-8. Nothing was sent.") from None
            if size > _MAX_LINE:
                raise PbxRefused(f"{_printable(key)}: longer than {_MAX_LINE} bytes. Nothing was sent.")
    if lines > _MAX_HEADERS:
        raise PbxRefused(f"A command of more than {_MAX_HEADERS} lines is not possible. Nothing was sent.")


def _printable(key: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in key)[:40]


class DoorProtocol(AMIProtocol):  # type: ignore[misc]
    """One connection: frames the bytes with AmiDecoder and gives panoramisk only the answers to our own actions."""

    def __init__(self, owner: LinkOwner, *, user_timeout_ms: int) -> None:
        self._owner = owner
        self._user_timeout_ms = user_timeout_ms
        self._lists: set[bytes] = set()
        self._decoder = AmiDecoder(WANTED, pending=self._lists)
        self._login: PbxAction | None = None
        self._loop = asyncio.get_running_loop()
        self._pacer = ReadPacer(self._loop)
        self._greeted = False
        self._ended = False
        self._end_reason = "The PBX closed the connection."
        self.closed = True
        self.last_rx = 0.0

    @property
    def banner(self) -> str | None:
        """`11.0.0` of `Asterisk Call Manager/11.0.0`."""
        return self._decoder.banner

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.log = SILENT
        self.last_rx = self._loop.time()
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._user_timeout_ms)

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self.last_rx = self._loop.time()
        self._owner.bytes_received(data)
        try:
            messages = self._decoder.feed(data)
        except StreamUnreadable as problem:
            self.abort(f"The other end does not speak AMI: {problem}.")
            return
        if not self._greeted and not self._has_greeted():
            return
        if messages:
            self._hand_over(messages)
        self._pacer.after_read(self.transport, self.last_rx, self._decoder.events)

    def _has_greeted(self) -> bool:
        self._greeted = self._decoder.banner is not None
        if self._decoder.begun and not self._greeted:
            self.abort("The other end does not speak AMI: no greeting of Asterisk. Is it the manager's port?")
        return self._greeted

    def _hand_over(self, messages: list[RawMessage]) -> None:
        """Events and answers take effect in the order in which they came: an event after the login follows LinkUp."""
        events: list[RawMessage] = []
        for message in messages:
            if not message.answer:
                events.append(message)
                continue
            if events:
                self._owner.events_received(events)
                events = []
            self._take_answer(message)
        if events and not self._ended:
            self._owner.events_received(events)

    def _take_answer(self, message: RawMessage) -> None:
        action = self.responses.get(message.headers().get("ActionID", ""))
        if not isinstance(action, PbxAction):
            return  # an answer that nobody waits for any more (D13)
        action.blocks.append(message)
        if len(action.blocks) > MAX_LIST_ROWS:
            self.abort(f"An answer of more than {MAX_LIST_ROWS} rows.")
            return
        try:
            super().data_received(message.block.decode("utf-8", "replace").encode() + END)
        except Exception:
            # panoramisk stumbles over odd messages (D18, D20, D21); the action fails, the link stays.
            action.future.cancel()
        if action is self._login and action.future.done():
            self._login = None
            first = action.blocks[0].headers()
            self._owner.login_answered(accepted=first.get("Response") == "Success", message=first.get("Message", ""))

    def send(self, data: Mapping[str, Any], as_list: bool | None = None) -> asyncio.Future[Any]:
        """Write one action. Raises PbxNotConnected or PbxRefused, and then nothing was written (D2, D4, D26)."""
        if self.closed or self.transport.is_closing():
            raise PbxNotConnected("The telephone system is not connected. Nothing was sent.")
        check_fields(data)
        if len(self.responses) >= MAX_OUTSTANDING:
            raise PbxNotConnected("The telephone system does not answer; too many commands wait. Nothing was sent.")
        action = data if isinstance(data, PbxAction) else PbxAction(data)
        if action["Action"] == "Login":
            self._login = action
        if action.wants_list:
            self._lists.add(action.id.encode())
        future: asyncio.Future[Any] = super().send(action, as_list=None)
        return future

    def forget(self, action: PbxAction) -> None:
        """Nobody waits for the answer any more (D13)."""
        self.responses.pop(action.id, None)
        self._lists.discard(action.id.encode())

    def abort(self, reason: str) -> None:
        """Drop the connection at once."""
        self._end(reason)
        self.transport.abort()

    def close(self) -> None:
        """Close in order; what was sent and not answered is unknown for ever (D12)."""
        self._fail_pending()
        super().close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._end(f"The connection broke: {exc}." if exc else self._end_reason)

    def _end(self, reason: str) -> None:
        self.closed = True
        self._fail_pending()
        if not self._ended:
            self._ended = True
            self._owner.link_ended(reason)

    def _fail_pending(self) -> None:
        for action in list(self.responses.values()):
            action.future.cancel()
        self.responses.clear()
        self._lists.clear()


class DoorManager(Manager):  # type: ignore[misc]
    """One connection's Manager. It never reconnects by itself: AmiClient decides when (D10, D11)."""

    def __init__(self, owner: LinkOwner, *, ping_interval_s: float, **config: Any) -> None:
        super().__init__(
            loop=asyncio.get_running_loop(),
            encoding="utf8",
            events="on",
            log=SILENT,
            forgetable_actions=_Everything(),
            protocol_factory=lambda: DoorProtocol(owner, user_timeout_ms=int(ping_interval_s * 3000)),
            **config,
        )
        self.ping_delay = self.ping_interval = ping_interval_s
        self._attempt: asyncio.Task[Any] | None = None
        self._given_up = False
        self._asked_at = 0.0
        self._unanswered = 0

    def connect(self, *_args: Any, **_kwargs: Any) -> None:
        """panoramisk's timers end here."""

    async def open(self, timeout_s: float) -> None:
        """Connect and send the login. Raises OSError (also for TLS and a timeout)."""
        attempt: asyncio.Task[Any] = super().connect()
        self._attempt = attempt
        try:
            done, _ = await asyncio.wait({attempt}, timeout=timeout_s)
        except asyncio.CancelledError:
            self.give_up("The service stops.")
            raise
        if not done:
            attempt.cancel()
            raise TimeoutError(f"no connection within {timeout_s:g} s")
        if attempt.cancelled():
            raise ConnectionAbortedError("given up")
        attempt.result()

    def give_up(self, reason: str) -> None:
        """Drop the connection, or the attempt to make one."""
        self._given_up = True
        if self._attempt is not None:
            self._attempt.cancel()
        if self.protocol is not None:
            self.protocol.abort(reason)

    def connection_made(self, attempt: asyncio.Task[Any]) -> None:
        if attempt.cancelled() or attempt.exception() is not None:
            return  # `open` tells (D29)
        if self._given_up:
            attempt.result()[0].abort()
            return
        try:
            super().connection_made(attempt)
        except PbxError:
            return  # lost again before the login was written; the protocol told its owner

    def login(self, future: asyncio.Future[Any]) -> None:
        if not future.cancelled():
            super().login(future)

    def stop_pinging(self) -> None:
        """The connection is over."""
        pinger: asyncio.TimerHandle | None = self.pinger
        if pinger is not None:
            pinger.cancel()

    def ping(self) -> None:
        """Ask, and give the peer up when it was silent for too long (D3). An action also flushes Asterisk's events (P21)."""
        protocol: DoorProtocol = self.protocol
        if protocol.closed:
            return
        if protocol.last_rx > self._asked_at:
            self._unanswered = 0
        # Both: when it was we who slept, the peer had no ping to answer.
        silent_s = self.loop.time() - protocol.last_rx
        if self._unanswered >= _SILENT_PINGS - 1 and silent_s >= (_SILENT_PINGS - 0.5) * self.ping_interval:
            protocol.abort("The PBX has been silent for three pings; the connection is half-open.")
            return
        self.pinger = self.loop.call_later(self.ping_interval, self.ping)
        self._asked_at = self.loop.time()
        self._unanswered += 1
        try:
            protocol.send({"Action": "Ping"})
        except PbxError:
            return  # too many unanswered commands: silence is found by the next ping
