"""`GET /ws`: who may connect, and the life of each connection until somebody closes it."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

import structlog
from aiohttp import WSMsgType, web

from crm_store.access import Permission, Principal
from crm_store.errors import StoreUnavailable
from screenpop.broker import Broker
from screenpop.messages import CloseCode
from screenpop.session import CloseSocket, PushActions, Session, SnapshotSource
from screenpop.streams import StreamLimits, Streams, Visible
from screenpop.websocket.rounds import FlushRounds
from screenpop.websocket.socket import Socket

_log = structlog.get_logger(__name__)

Authenticate: TypeAlias = Callable[[web.Request], Awaitable[Principal | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PushLimits:
    """Bounds and intervals of the push socket, in seconds where not said otherwise."""

    sockets_per_user: int = 5
    inbound_bytes: int = 64 * 1024
    subscribe_within_s: float = 1.0
    heartbeat_s: float = 20.0
    write_timeout_s: float = 10.0
    stream_kept_s: float = 300.0
    check_sign_in_s: float = 300.0
    write_buffer_bytes: int = 64 * 1024
    stream: StreamLimits = field(default_factory=StreamLimits)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _wrong_origin() -> web.Response:
    return web.Response(status=403, text="This page may not open the push socket (Origin).\n")


class PushServer:
    """All push sockets of this process. `allowed_origins` is looked at for each handshake, so it may be filled later."""

    def __init__(
        self,
        broker: Broker,
        snapshots: SnapshotSource,
        authenticate: Authenticate,
        *,
        allowed_origins: Collection[str],
        actions: PushActions,
        visible: Visible,
        version: str,
        clock: Callable[[], datetime] = _utc_now,
        limits: PushLimits | None = None,
    ) -> None:
        self._snapshots = snapshots
        self._authenticate = authenticate
        self._allowed_origins = allowed_origins
        self._actions = actions
        self._version = version
        self._clock = clock
        self._limits = limits or PushLimits()
        self._streams = Streams(broker, visible, lambda: secrets.token_urlsafe(12), self._limits.stream)
        self._sockets: dict[str, list[Socket]] = {}
        #: How many connections were closed by us, by close code (for the metrics).
        self.closed: Counter[CloseCode] = Counter()
        self._rounds = FlushRounds()
        self._all_gone = asyncio.Event()
        self._stopping = False

    # --- for the rest of the product ----------------------------------------------------------------------------------

    def connected(self, user: str) -> int:
        """How many sockets this user has."""
        return len(self._sockets.get(user, ()))

    @property
    def connections(self) -> int:
        """All sockets."""
        return sum(len(sockets) for sockets in self._sockets.values())

    @property
    def streams(self) -> int:
        """Streams that are connected or may still be resumed."""
        return len(self._streams)

    def buffered(self) -> dict[str, int]:
        """Bytes for all screens: `waiting` to be sent, `kept` for a resume, `unsent` because a connection does not take them."""
        return {**self._streams.buffered(), "unsent": sum(socket.unsent_bytes for socket in self._all())}

    def closing(self, user: str) -> bool:
        """True when each of the user's sockets has been told to close."""
        return all(socket.closing for socket in self._sockets.get(user, ()))

    def close_sessions_of(self, session_hash: str) -> None:
        """This sign-in has ended: its sockets close with 4401."""
        for socket in self._all():
            if socket.session.user.session_hash == session_hash:
                socket.close(CloseCode.SESSION_ENDED, "signed out")

    def recheck(self, user: str) -> None:
        """The account changed: sockets whose sign-in or token is no longer what it was close with 4401."""
        for socket in self._sockets.get(user, ()):
            socket.check_sign_in()

    async def close_all(self) -> None:
        """We are stopping: everybody is told to come back (1012). Returns when all are gone, or after two seconds."""
        self._stopping = True
        for socket in self._all():
            socket.close(CloseCode.RESTART, "restart")
        if self._sockets:
            try:
                await asyncio.wait_for(self._all_gone.wait(), timeout=2.0)
            except TimeoutError:
                _log.warning("push_sockets_left", sockets=self.connections)

    # --- one connection -----------------------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The aiohttp handler of `/ws`."""
        by_token = request.headers.get("Authorization", "").lower().startswith("bearer ")
        if not by_token and not self._origin_is_ours(request):
            return _wrong_origin()
        user = await self._authenticate(request)
        if user is None and by_token:
            return web.Response(status=401, text="The token is not valid.\n", headers={"WWW-Authenticate": "Bearer"})
        if user is not None and user.session_hash is not None and not self._origin_is_ours(request):
            return _wrong_origin()  # it was the cookie after all
        if user is not None and not user.may(Permission.PUSH):
            return web.Response(status=403, text="This token may not use push.\n")
        response = web.WebSocketResponse(
            heartbeat=self._limits.heartbeat_s,
            max_msg_size=self._limits.inbound_bytes,
            compress=False,  # costs 210 kB for each connection, and lets a small frame become a huge one
            timeout=self._limits.write_timeout_s,
        )
        payload_writer = await response.prepare(request)
        if user is None or self._stopping:
            # A browser cannot see the status of a refused handshake, only a close code.
            code = CloseCode.RESTART if self._stopping else CloseCode.SESSION_ENDED
            await response.close(code=code, message=b"sign in again")
            return response
        socket = Socket(request, response, payload_writer, self._limits)
        await self._serve(socket, request, user)
        return response

    def _origin_is_ours(self, request: web.Request) -> bool:
        """Exact match. Without Origin a cookie proves nothing: browsers always send one."""
        origin = request.headers.get("Origin")
        return origin is not None and origin in self._allowed_origins

    async def _serve(self, socket: Socket, request: web.Request, user: Principal) -> None:
        session = Session(
            user,
            self._streams,
            self._snapshots,
            self._actions,
            wake=socket.flush,
            wake_soon=lambda: self._rounds.add(socket),
            version=self._version,
        )
        socket.session = session
        self._admit(socket, user)
        timers = _Timers(socket, self._limits, check=lambda: self._check_sign_in(socket, request), clock=self._clock)
        socket.check_sign_in = timers.check_now
        try:
            session.opened(self._clock())
            await self._read(socket)
        finally:
            timers.stop()
            stream = session.closed()
            if stream is not None:
                self._streams.leave(stream, keep=self._limits.sockets_per_user)
                loop = asyncio.get_running_loop()
                loop.call_later(self._limits.stream_kept_s, self._streams.drop_if_unused, stream)
            try:
                await socket.finish()
            finally:
                self._dismiss(socket, user)

    def _dismiss(self, socket: Socket, user: Principal) -> None:
        if socket.closed_with is not None:
            self.closed[socket.closed_with] += 1
        self._sockets[user.name].remove(socket)
        if not self._sockets[user.name]:
            del self._sockets[user.name]
        if not self._sockets:
            self._all_gone.set()

    def _admit(self, socket: Socket, user: Principal) -> None:
        """One more socket; the oldest makes room, because it is the one most likely forgotten or half dead."""
        sockets = self._sockets.setdefault(user.name, [])
        sockets.append(socket)
        for oldest in sockets[: -self._limits.sockets_per_user]:
            oldest.close(CloseCode.NOT_ALLOWED, "too many connections of this user")

    async def _read(self, socket: Socket) -> None:
        async for message in socket.response:
            if message.type is WSMsgType.ERROR:  # gone: no pong within the heartbeat, or nonsense on the wire
                return
            try:
                if message.type is not WSMsgType.TEXT:
                    raise CloseSocket(CloseCode.TEXT_ONLY, "text frames only")
                socket.session.received(message.data, self._clock())
            except CloseSocket as closing:
                socket.close(closing.code, str(closing))

    async def _check_sign_in(self, socket: Socket, request: web.Request) -> None:
        """A session may expire or lose its role while the socket stays open."""
        try:
            user = await self._authenticate(request)
        except StoreUnavailable as error:
            _log.info("sign-in not checked", user=socket.session.user.name, reason=str(error))
            return
        mine = socket.session.user
        if user is None or (user.name, user.role, user.scopes) != (mine.name, mine.role, mine.scopes):
            socket.close(CloseCode.SESSION_ENDED, "sign in again")

    def _all(self) -> list[Socket]:
        return [socket for sockets in self._sockets.values() for socket in sockets]


class _Timers:
    """What happens to one connection by time alone. Timers, not tasks: hundreds of connections wait here."""

    __slots__ = ("_check", "_checking", "_limits", "_next_check", "_subscribe")

    def __init__(
        self,
        socket: Socket,
        limits: PushLimits,
        *,
        check: Callable[[], Coroutine[None, None, None]],
        clock: Callable[[], datetime],
    ) -> None:
        loop = asyncio.get_running_loop()
        self._limits = limits
        self._check = check
        self._checking: asyncio.Task[None] | None = None
        self._subscribe = loop.call_later(limits.subscribe_within_s, lambda: socket.session.subscribe_default(clock()))
        self._next_check = loop.call_later(limits.check_sign_in_s, self.check_now)

    def check_now(self) -> None:
        """Is the sign-in still good? And again after the usual interval."""
        self._stop_checking()
        loop = asyncio.get_running_loop()
        self._checking = loop.create_task(self._check())
        self._next_check = loop.call_later(self._limits.check_sign_in_s, self.check_now)

    def _stop_checking(self) -> None:
        self._next_check.cancel()
        if self._checking is not None:
            self._checking.cancel()

    def stop(self) -> None:
        """The connection is over."""
        self._subscribe.cancel()
        self._stop_checking()
