"""`watch`: what the server pushes, as lines for people or frames for programs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from ctiserver.cli_output import CommandFailed
from ctiserver.cli_watch import run_watch

AT = "2026-11-21T12:00:01.000Z"
POP = {
    "pop_id": "p1", "offer": 1, "phase": "ringing",
    "call": {"id": "01JD", "remote": {"display": "+421 905 123 456", "kind": "e164"}, "queue_label": "Support"},
    "match": "one", "customers": [{"id": 5, "name": "Ján \x1b[31mKováč"}],
}  # fmt: skip
FRAMES = [
    ("hello", {"stream": "s", "user": "eva", "role": "agent"}),
    ("snapshot", {"pops": [], "queues": [{"label": "Support", "waiting": 2, "longest_wait_s": 31.4, "talking": 1}],
                  "agents": [{"name": "eva", "state": "ready"}], "pbx": [{"name": "main", "state": "connected"}]}),
    ("pop.show", POP),
    ("pop.retract", {"pop_id": "p1", "offer": 1, "call_id": "01JD", "reason": "answered_elsewhere", "by": "jan"}),
    ("agent.update", {"name": "eva", "state": "paused", "reason": "lunch"}),
    ("queue.update", {"name": "600", "waiting": 0}),
    ("request.update", {"state": "busy", "detail": "The number is busy."}),
    ("task.due", {"title": "Call back"}),
    ("pbx.update", {"name": "main", "state": "lost"}),
    ("something.new", {}),
]  # fmt: skip


@asynccontextmanager
async def pushing(close_code: int = 4401, again: asyncio.Event | None = None) -> AsyncIterator[str]:
    """A server that sends all frames, then closes. `again` is set when somebody comes back."""
    connections = 0

    async def push(socket: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        if again is not None and connections > 1:
            again.set()
        for seq, (kind, data) in enumerate(FRAMES):
            if seq == 1:
                await socket.recv()  # subscribe
            await socket.send(json.dumps({"v": 1, "seq": seq, "type": kind, "at": AT, "data": data}))
        await socket.close(close_code, "session ended")

    async with serve(push, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def watched(capsys: pytest.CaptureFixture[str], *, as_json: bool) -> list[str]:
    async with pushing() as url:
        with pytest.raises(CommandFailed, match="session ended") as ended:
            await run_watch(url, "token", as_json=as_json)
    assert ended.value.code == 1
    return capsys.readouterr().out.splitlines()


async def test_people_read_a_line_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert await watched(capsys, as_json=False) == [
        "12:00:01 queue  Support: 2 waiting, longest 31 s, 1 talking",
        "12:00:01 agent  eva: ready",
        "12:00:01 pbx    main: connected",
        "12:00:01 pop    ringing  +421 905 123 456  Ján Kováč  Support",
        "12:00:01 pop    gone: answered_elsewhere by jan",
        "12:00:01 agent  eva: paused (lunch)",
        "12:00:01 queue  600: 0 waiting, 0 talking",
        "12:00:01 dial   busy The number is busy.",
        "12:00:01 task   Call back",
        "12:00:01 pbx    main: lost",
    ]


async def test_programs_read_the_frames(capsys: pytest.CaptureFixture[str]) -> None:
    frames = [json.loads(line) for line in await watched(capsys, as_json=True)]
    assert [frame["type"] for frame in frames] == [*(kind for kind, _ in FRAMES[:-1]), ""]
    assert frames[2]["data"]["customers"] == POP["customers"]


@pytest.mark.parametrize(
    ("address", "code"), [("http://127.0.0.1:1", 3), ("cti.example.com", 2), ("ftp://127.0.0.1", 2)]
)
async def test_where_nobody_answers(address: str, code: int) -> None:
    with pytest.raises(CommandFailed) as failed:
        await asyncio.wait_for(run_watch(address, "token", as_json=False), 20)
    assert failed.value.code == code


async def test_a_link_that_breaks_later_is_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    again = asyncio.Event()
    async with pushing(close_code=1012, again=again) as url:
        watching = asyncio.create_task(run_watch(url, "token", as_json=False))
        await asyncio.wait_for(again.wait(), 20)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert "connection lost" in capsys.readouterr().err
