"""The floor under every pop: AMI bytes in, a frame of fixed content out through an aiohttp websocket. No parsing, no look-up."""

from __future__ import annotations

import asyncio
import struct

from aiohttp import WSMsgType, web

from tests.bench.processes import Mailbox, cpu_seconds

_OFFER = b"Event: DialBegin\r\n"
_LOGIN = b"Action: Login\r\nActionID: 1\r\nUsername: cti\r\nSecret: bench\r\n\r\n"


async def run(mailbox: Mailbox, ami_port: int) -> None:
    """Answers its port; ("frame", payload) sets what is sent, with the caller's number written into it."""
    sockets: dict[bytes, asyncio.Transport] = {}
    app = web.Application()
    floor = _Floor(sockets)

    async def handle(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse(compress=False)
        await response.prepare(request)
        assert request.transport is not None
        sockets[request.query["extension"].encode()] = request.transport
        await response.send_str("{}")
        async for message in response:
            if message.type is not WSMsgType.TEXT:
                break
        return response

    app.router.add_get("/ws", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    await asyncio.get_running_loop().create_connection(lambda: floor, "127.0.0.1", ami_port)
    mailbox.answer(runner.addresses[0][1])
    async for message in mailbox.received():
        match message:
            case ("frame", payload):
                floor.use(payload)
                mailbox.answer("ready")
            case ("cpu",):
                mailbox.answer(cpu_seconds())
    await runner.cleanup()


class _Floor(asyncio.Protocol):
    """The AMI link: finds the ring and writes the frame, in one go."""

    def __init__(self, sockets: dict[bytes, asyncio.Transport]) -> None:
        self._sockets = sockets
        self._rest = b""
        self._head = self._text = b""

    def use(self, payload: bytes) -> None:
        """Send this from now on, with the caller's number in the place of the one in `remote`."""
        start = payload.index(b"+", payload.index(b'"remote"'))
        end = payload.index(b'"', start)
        # Another key: the screens must not confirm pops that nobody knows.
        before, after = (
            part.replace(b"%", b"%%").replace(b'"pop_id"', b'"null_id"') for part in (payload[:start], payload[end:])
        )
        self._text = before + b"%b" + after
        self._head = struct.pack("!BBH", 0x81, 126, len(self._text % payload[start:end]))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(_LOGIN)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        data, _, self._rest = (self._rest + data).rpartition(b"\r\n\r\n")
        at = data.find(_OFFER)
        while at >= 0:
            number, extension = _after(data, b"\r\nCallerIDNum: ", at), _after(data, b"\r\nDestCallerIDNum: ", at)
            self._sockets[extension].write(self._head + self._text % number)
            at = data.find(_OFFER, at + 1)


def _after(data: bytes, key: bytes, start: int) -> bytes:
    begin = data.index(key, start) + len(key)
    return data[begin : data.index(b"\r\n", begin)]
