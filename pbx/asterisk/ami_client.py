"""One PBX's AMI link: connects, logs in, reconnects, and hands out what it says as an ordered stream.

The socket is always read: parsing is done as bytes arrive, and the stream's reader may fall behind by `queue_size` events. Past
that nothing is dropped silently: the link is cut and a QueueOverflow says so; the resync after the reconnect mends the state.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from pbx.asterisk.ami_backoff import Backoff
from pbx.asterisk.ami_decoder import RawMessage
from pbx.asterisk.ami_door import DoorManager, PbxAction
from pbx.asterisk.ami_events import ParseProblem, parse
from pbx.asterisk.ami_link import (
    AmiConfig,
    BootInfo,
    EventBatch,
    LinkDown,
    LinkItem,
    LinkState,
    LinkStatus,
    LinkUp,
    QueueOverflow,
    Response,
)
from pbx.errors import ControlsOff, PbxNotConnected, PbxRefused, PbxResultUnknown
from pbx.events import FullyBooted, OriginateResponse, PbxEvent

logger = structlog.get_logger(__name__)

READ_ONLY_ACTIONS = frozenset(
    (
        *("Ping", "ListCommands", "CoreStatus", "CoreSettings", "CoreShowChannels", "Status"),
        *("BridgeList", "BridgeInfo", "QueueStatus", "QueueSummary", "ParkedCalls", "ConfbridgeListRooms"),
        *("DeviceStateList", "ExtensionStateList"),
    )
)
_NOTICED = frozenset({OriginateResponse, FullyBooted})
_ACCEPTED = frozenset({"Success", "Follows", "Goodbye"})
#: So many events (some milliseconds) are told in one go; then the socket is read again, or the PBX would cut us off.
SLICE = 64
_CLOSE_TIMEOUT_S = 1.0
_STEADY = 4  # a link that lasted so many first back-offs was a good one: the next wait is short again


class AmiClient:
    """One PBX. `run` holds the link, `messages` is what the PBX says, `action` asks it for something."""

    def __init__(
        self,
        config: AmiConfig,
        *,
        on_raw: Callable[[bytes], None] | None = None,
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        # Which run of Asterisk the last snapshot saw; None before the first.
        self.boot: BootInfo | None = None
        # Do its events carry a Timestamp (timestampevents=yes)? None until one told.
        self.timestamps: bool | None = None
        # Sees an OriginateResponse before the stream's reader does.
        self.on_originate_response: Callable[[OriginateResponse], None] | None = None
        self._on_raw = on_raw
        self._clock = clock
        jitter = rng or random.Random()  # noqa: S311 - no secret, only a moment
        self._backoff = Backoff(config.backoff_first_s, config.backoff_max_s, config.reconnect_max_s, jitter)
        self._door: DoorManager | None = None
        self._ended = asyncio.Event()
        self._queue: deque[LinkItem] = deque()
        self._queued = 0
        self._take: Callable[[LinkItem], None] | None = None
        self._wake: asyncio.Future[None] | None = None  # the stream's reader waits for it
        self._room = asyncio.Event()
        self._closing = asyncio.Event()
        self._status = LinkStatus(state=LinkState.CONNECTING, since=clock())
        self._last_rx = 0.0  # 0: nothing yet
        self._heard = False  # anything on the present connection

    # --- the link -----------------------------------------------------------------------------------------------------

    @property
    def status(self) -> LinkStatus:
        """How the link is now."""
        return replace(self._status, last_rx=self._last_rx or None)

    @property
    def unanswered(self) -> int:
        """Actions that were sent and wait for their answer."""
        protocol = self._door.protocol if self._door is not None else None
        return len(protocol.responses) if protocol is not None else 0

    async def run(self) -> None:
        """Hold the link until cancelled or closed."""
        try:
            while not self._closing.is_set():
                await self._hold_one_link()
                if not self._closing.is_set():
                    await self._wait_before_next()
        finally:
            self._cut("The service stops.")
            self._set_state(LinkState.STOPPED)
            self._wake_reader()

    async def close(self) -> None:
        """Log off and stop for good; nothing connects again (D11)."""
        self._closing.set()
        self._room.set()
        door = self._door
        if door is not None and self._status.state is LinkState.CONNECTED:
            door.close()
            try:
                await asyncio.wait_for(self._ended.wait(), _CLOSE_TIMEOUT_S)
            except TimeoutError:
                pass  # a dead peer; the next line does not ask it
        self._cut("The service stops.")
        self._set_state(LinkState.STOPPED)
        self._wake_reader()

    async def _hold_one_link(self) -> None:
        self._ended.clear()
        self._heard = False
        door = self._door = DoorManager(
            self,
            ping_interval_s=self.config.ping_interval_s,
            host=self.config.host,
            port=self.config.port,
            username=self.config.username,
            secret=self.config.secret,
            ssl=self.config.tls or False,
        )
        try:
            await door.open(self.config.connect_timeout_s)
        except OSError as error:
            self._door = None
            self._lost(_why_unreachable(error, self.config))
            return
        try:
            await asyncio.wait_for(self._ended.wait(), self.config.connect_timeout_s)
        except TimeoutError:
            if self._status.state is not LinkState.CONNECTED:
                self._cut("The PBX accepted the connection but did not answer the login.")
        await self._ended.wait()

    async def _wait_before_next(self) -> None:
        refused = self._status.state is LinkState.REFUSED_LOGIN
        wait_s = self._backoff.refused() if refused else self._backoff.away()
        logger.info("ami_retry", pbx=self.config.name, wait_s=round(wait_s, 3))
        try:
            await asyncio.wait_for(self._closing.wait(), wait_s)
        except TimeoutError:
            pass  # the usual case: nobody closed us while we waited
        while self._queued > self.config.queue_size // 2 and not self._closing.is_set():
            self._room.clear()
            await self._room.wait()

    def _cut(self, reason: str) -> None:
        if self._door is not None:
            self._door.give_up(reason)

    # --- what the connection tells (LinkOwner) ------------------------------------------------------------------------

    def bytes_received(self, data: bytes) -> None:
        """Raw bytes go to the journal before anything is done with them."""
        self._last_rx = self._clock()
        self._heard = True
        if self._on_raw is None:
            return
        try:
            self._on_raw(data)
        except Exception:
            logger.exception("ami_journal_failed", pbx=self.config.name)

    def events_received(self, events: Sequence[RawMessage]) -> None:
        """Parse and queue; whatever one event does to our parser, the next ones are read."""
        parsed: list[PbxEvent | ParseProblem] = []
        for raw in events:
            try:
                event = parse(raw)
            except Exception as error:
                event = self._parser_failed(raw, error)
            if event is not None:
                parsed.append(event)
                if type(event) in _NOTICED or self.timestamps is None:
                    self._notice(event)
        self._queued += len(parsed)
        if self._queued > self.config.queue_size:
            self._queued -= len(parsed)
            self._put(QueueOverflow(len(parsed), self._last_rx))
            self._cut("Our own reader fell behind; the link is cut to begin again with a snapshot.")
            return
        self._put(EventBatch(parsed, self._last_rx))

    def _parser_failed(self, raw: RawMessage, error: Exception) -> ParseProblem:
        name = raw.name.decode("ascii", "replace")
        logger.error("ami_parser_failed", pbx=self.config.name, event_name=name, exc_info=error)
        return ParseProblem(name, f"our parser failed: {type(error).__name__}")

    def _notice(self, event: PbxEvent | ParseProblem) -> None:
        """What an event tells about the link itself."""
        if isinstance(event, FullyBooted):  # has no Timestamp in any case
            self._status = replace(self._status, booted=True)
        elif isinstance(event, OriginateResponse) and self.on_originate_response is not None:
            self.on_originate_response(event)
        if self.timestamps is None and not isinstance(event, FullyBooted | ParseProblem):
            self.timestamps = event.at is not None

    def login_answered(self, *, accepted: bool, message: str) -> None:
        """Login accepted, or a sentence about why not (D9)."""
        if accepted:
            banner = self._door.protocol.banner or "" if self._door is not None else ""
            now = self._clock()
            self._status = LinkStatus(state=LinkState.CONNECTED, since=now, banner=banner)
            logger.info("ami_connected", pbx=self.config.name, banner=banner)
            self._put(LinkUp(banner, now))
            return
        reason = _why_refused(message)
        self._set_state(LinkState.REFUSED_LOGIN, reason)
        logger.error("ami_login_refused", pbx=self.config.name, username=self.config.username, reason=reason)
        self._cut(reason)

    def link_ended(self, reason: str) -> None:
        """The connection is gone."""
        if self._status.state is LinkState.CONNECTED:
            now = self._clock()
            self._put(LinkDown(reason, now))
            if now - self._status.since > _STEADY * self.config.backoff_first_s:
                self._backoff.reset()
        elif not self._heard and not self._closing.is_set():
            reason = "The PBX closed the connection at once: permit/deny (ACL) or authlimit does not let us in."
        if self._status.state is not LinkState.REFUSED_LOGIN:
            self._lost(reason)
        if self._door is not None:
            self._door.stop_pinging()
            self._door = None
        self._ended.set()

    def _lost(self, reason: str) -> None:
        if reason != self._status.reason and not self._closing.is_set():
            logger.warning("ami_lost", pbx=self.config.name, reason=reason)
        self._set_state(LinkState.LOST, reason)

    def _set_state(self, state: LinkState, reason: str | None = None) -> None:
        since = self._status.since if state is self._status.state else self._clock()
        self._status = LinkStatus(state=state, since=since, reason=reason)

    # --- the stream ---------------------------------------------------------------------------------------------------

    def deliver_to(self, take: Callable[[LinkItem], None]) -> None:
        """Give each item to a plain function at once, instead of to `messages`: no task to wake for each read. What one read
        brings beyond a slice waits, in order, while the socket is read on."""
        self._take = take

    @property
    def untold(self) -> int:
        """Events that were read and not told yet: more come than can be handled."""
        return self._queued

    def told_until(self, now: float) -> float:
        """Everything that arrived before this moment has been told; `now` when nothing waits."""
        return self._queue[0].at if self._queue else now

    def _put(self, item: LinkItem) -> None:
        if self._take is None:
            self._queue.append(item)
            self._wake_reader()
            return
        waits = bool(self._queue)
        self._queue.append(item)
        if not waits:
            self._tell_a_slice(self._take)

    def _tell_a_slice(self, take: Callable[[LinkItem], None]) -> None:
        """What was read first; the rest after the socket's turn."""
        room = SLICE
        while self._queue and room > 0:
            item = self._queue.popleft()
            if isinstance(item, EventBatch):
                if len(item.events) > room:
                    self._queue.appendleft(EventBatch(item.events[room:], item.at))
                    item = EventBatch(item.events[:room], item.at)
                room -= len(item.events)
                self._queued -= len(item.events)
            self._tell(item, take)
        if self._queue:
            asyncio.get_running_loop().call_soon(self._tell_a_slice, take)
        else:
            self._room.set()

    def _tell(self, item: LinkItem, take: Callable[[LinkItem], None]) -> None:
        try:
            take(item)
        except Exception:
            logger.exception("ami_item_not_taken", pbx=self.config.name, item=type(item).__name__)

    def _wake_reader(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def messages(self) -> AsyncIterator[LinkItem]:
        """What happens on the link, in order, for one reader; ends after `close` or when `run` is cancelled."""
        queue = self._queue
        while True:
            while queue:
                item = queue.popleft()
                if isinstance(item, EventBatch):
                    self._queued -= len(item.events)
                yield item
            self._room.set()
            if self._status.state is LinkState.STOPPED:
                return
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake

    # --- actions ------------------------------------------------------------------------------------------------------

    async def action(self, fields: Mapping[str, Any], *, timeout_s: float = 10.0) -> Response:
        """Ask for something. Raises PbxNotConnected (nothing sent), PbxRefused, PbxResultUnknown (sent, no answer)."""
        answers = await self._ask(fields, timeout_s=timeout_s, wants_list=False)
        headers = answers[0].headers()
        return Response(headers.get("Message", ""), headers)

    async def action_list(self, fields: Mapping[str, Any], *, timeout_s: float = 20.0) -> list[RawMessage]:
        """Ask for a list and return its rows, without the answer's head and end. Raises as `action` does."""
        answers = await self._ask(fields, timeout_s=timeout_s, wants_list=True)
        end = answers[-1].headers()
        if end.get("EventList", "").lower() == "cancelled":
            raise PbxRefused(end.get("Message") or "The PBX broke the list off.")
        return answers[1:-1]

    async def _ask(self, fields: Mapping[str, Any], *, timeout_s: float, wants_list: bool) -> list[RawMessage]:
        if self.config.observe and fields.get("Action") not in READ_ONLY_ACTIONS:
            raise ControlsOff("This telephone system is only observed; commands are off.")
        door = self._door
        if door is None or self._status.state is not LinkState.CONNECTED:
            raise PbxNotConnected("The telephone system is not connected. Nothing was sent.")
        action = PbxAction(fields, wants_list=wants_list)
        protocol = door.protocol
        door.send_action(action)
        try:
            await asyncio.wait({action.future}, timeout=timeout_s)
        finally:
            protocol.forget(action)
        if not action.future.done():
            raise PbxResultUnknown(f"The telephone system did not answer within {timeout_s:g} s.")
        if action.future.cancelled():
            raise PbxResultUnknown("The link to the telephone system broke before it answered.")
        head = action.blocks[0].headers()
        if head.get("Response") not in _ACCEPTED:
            raise PbxRefused(head.get("Message") or "The telephone system refused the command.")
        return action.blocks


def _why_refused(message: str) -> str:
    if "already in use" in message.lower():
        return "Login Already In Use: this manager user is logged in and allowmultiplelogin is no."
    if "authentication" in message.lower():
        return (
            "Authentication failed: wrong user name or secret, or permit/deny does not allow our address for this user."
        )
    return f"The PBX refused the login: {message or 'without a reason'}."


def _why_unreachable(error: OSError, config: AmiConfig) -> str:
    where = f"{config.host}:{config.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {where} is not trusted: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return f"TLS with {where} failed ({error.reason}). Is it the TLS port (5039)?"
    return f"{where} cannot be reached: {error.strerror or error}."
