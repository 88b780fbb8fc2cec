"""Attacks that want to use the service up: bombs, deep nesting, endless lists, hosts of connections, floods."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from aiohttp import WSMsgType

from tests.security.asking import who_asks
from tests.security.office import Office
from web.app import LARGEST_BODY

MEBIBYTE = 1024 * 1024


def gzip_bomb(size: int) -> bytes:
    return gzip.compress(b" " * size, 9)


def deflate_bomb(size: int) -> bytes:
    return zlib.compress(b" " * size, 9)


@pytest.mark.parametrize(
    ("path", "coding", "packed"), [("/api/v1/customers", "gzip", gzip_bomb), ("/login", "deflate", deflate_bomb)]
)
async def test_a_small_body_that_unpacks_to_a_huge_one_is_given_up(
    office: Office, path: str, coding: str, packed: Callable[[int], bytes]
) -> None:
    """T18: 200 kB that become 200 MB; what is held of it stays near the largest body that is allowed."""
    bomb = packed(200 * MEBIBYTE)
    assert len(bomb) < LARGEST_BODY
    kind = "application/json" if path.startswith("/api") else "application/x-www-form-urlencoded"
    headers = {**await who_asks(office, "root"), "Content-Encoding": coding, "Content-Type": kind}
    tracemalloc.start()
    try:
        answer = await office.http.post(path, data=bomb, headers=headers, allow_redirects=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status in (400, 413)
    assert peak < 30 * MEBIBYTE


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 40_000, "[" * 50_000 + "]" * 50_000], ids=len)
async def test_a_body_nested_without_end_is_malformed(office: Office, body: str) -> None:
    """T17: a parser that recurses would end the process or answer 500."""
    headers = {**await who_asks(office, "root"), "Content-Type": "application/json"}
    for method, path in (("POST", "/api/v1/customers"), ("POST", "/api/v1/calls"), ("PATCH", "/api/v1/me")):
        answer = await office.http.request(method, path, data=body, headers=headers)
        assert answer.status in (400, 422)


@pytest.mark.parametrize(
    "frame", ["[" * 60_000, '{"type":' * 7_000, '{"type": "ping", "x": ' + "[" * 60_000, "\x00" * 100]
)
async def test_a_frame_nested_without_end_is_answered_and_the_socket_lives(office: Office, frame: str) -> None:
    """T17: the same on the live socket, within the largest frame that is allowed."""
    async with office.socket(await office.session("eva")) as socket:
        await socket.send(frame)
        await socket.send(json.dumps({"type": "ping"}))
        kinds = [json.loads(await socket.recv())["type"] for _ in range(3)]
    assert kinds == ["hello", "error", "pong"]


async def test_numbers_too_long_to_count_with_are_malformed(office: Office) -> None:
    """T17: Python turns a million digits into a number only in minutes."""
    headers = {**await who_asks(office, "root"), "Content-Type": "application/json"}
    digits = "9" * 200_000
    for body in (f'{{"title": "x", "customer_id": {digits}}}', f'{{"title": "x", "customer_id": 1e{digits}}}'):
        answer = await office.http.post("/api/v1/tasks", data=body, headers=headers)
        assert answer.status in (400, 422)
    assert (await office.http.get(f"/api/v1/calls?limit={'9' * 5000}", headers=headers)).status == 422
    async with office.socket(await office.session("eva")) as socket:
        await socket.send('{"type": "subscribe", "topics": ["pops"], "stream": "x", "since": ' + "9" * 60_000 + "}")
        await socket.send(json.dumps({"type": "ping"}))
        assert [json.loads(await socket.recv())["type"] for _ in range(3)] == ["hello", "error", "pong"]


async def test_a_list_is_never_longer_than_its_bound(office: Office) -> None:
    """T17: whoever asks for everything gets a page."""
    headers = await who_asks(office, "root")
    for path in ("/api/v1/calls", "/api/v1/customers", "/api/v1/tasks"):
        for limit in ("201", "1000000", "-1", "0", "1e3"):
            assert (await office.http.get(path, params={"limit": limit}, headers=headers)).status == 422


async def test_forms_of_very_many_fields_cost_nobody_else_anything(office: Office) -> None:
    """T17: before any sign-in. The body is bounded, and so is the time that it takes."""
    body = "&".join(f"a{number}=1" for number in range(30_000))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with asyncio.timeout(10):
        answer = await office.http.post("/login", data=body[:LARGEST_BODY], headers=headers, allow_redirects=False)
    assert answer.status in (400, 403, 413)


async def test_pings_without_end_do_not_pile_up_answers(office: Office) -> None:
    """T17: control frames count for nothing in the protocol; a client that sends them and reads nothing is only slow itself."""
    headers = await office.session("eva")
    async with office.http.ws_connect("/ws", headers=headers, autoping=False) as socket:
        tracemalloc.start()
        try:
            for _ in range(3000):
                await socket.ping(b"x" * 120)
            await socket.send_str(json.dumps({"type": "ping"}))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        kinds = set()
        async with asyncio.timeout(20):
            while '"pong"' not in kinds:
                message = await socket.receive()
                kinds.add('"pong"' if message.type is WSMsgType.TEXT and '"pong"' in message.data else message.type)
                assert message.type not in (WSMsgType.CLOSED, WSMsgType.ERROR)
    assert peak < 20 * MEBIBYTE
