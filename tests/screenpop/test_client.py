"""The desktop client against a real server: nothing lost, nothing twice, and it knows when to give up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from screenpop.client import PopClient, connect, push_url
from screenpop.errors import NotAllowed, SignedOut
from screenpop.live_view import LiveView
from screenpop.messages import Hello, LinkLost, Pong, PopRetract, PopShow, PushMessage, Refused, Resumed, Snapshot
from tests.screenpop.people import person
from tests.screenpop.websocket.conftest import Centre


class Desk:
    """A desktop program: the client, and what it was told."""

    def __init__(self, client: PopClient) -> None:
        self.client = client
        self.told: list[PushMessage] = []
        self._messages = aiter(client)

    async def until(self, kind: type[PushMessage]) -> PushMessage:
        while True:
            message = await anext(self._messages)
            self.told.append(message)
            if isinstance(message, kind):
                return message

    @property
    def pops(self) -> list[str]:
        return [message.pop_id for message in self.told if isinstance(message, PopShow)]


class QuickRetries:
    """Jitter for tests: no waiting."""

    def uniform(self, low: float, high: float) -> float:
        return 0.0


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with Centre().running() as running:
        yield running


def client(centre: Centre, token: str = "token-eva", **options: object) -> PopClient:
    return PopClient(centre.url, token=token, jitter=QuickRetries(), **options)  # type: ignore[arg-type]


async def test_hello_snapshot_and_pops_in_order(centre: Centre) -> None:
    centre.show("eva", "before")
    async with connect(centre.url, token="token-eva") as pops:
        desk = Desk(pops)
        await desk.until(Snapshot)
        centre.show("eva", "pop-1")
        pop = await desk.until(PopShow)
        assert [type(message) for message in desk.told] == [Hello, Snapshot, PopShow]
        assert isinstance(pop, PopShow)
        assert (pop.pop_id, pop.phase, pop.call["id"]) == ("pop-1", "ringing", "pop-1")


async def test_receipts_and_dismissals_reach_the_server(centre: Centre) -> None:
    async with client(centre) as pops:
        desk = Desk(pops)
        await desk.until(Snapshot)
        centre.show("eva", "pop-1")
        await desk.until(PopShow)
        await pops.painted("pop-1")
        await pops.dismiss("pop-1")
        await desk.until(PopRetract)
        assert centre.asked == [("painted", "eva", "pop-1"), ("dismiss", "eva", "pop-1")]


async def test_only_the_topics_asked_for_come(centre: Centre) -> None:
    async with client(centre, topics=["pops"]) as pops:
        desk = Desk(pops)
        await desk.until(Snapshot)
        centre.waiting("600", 1)
        centre.show("eva", "pop-1")
        await desk.until(PopShow)
        assert [type(message) for message in desk.told] == [Hello, Snapshot, PopShow]


async def test_after_a_cut_it_resumes_where_it_was(centre: Centre) -> None:
    async with client(centre) as pops:
        desk = Desk(pops)
        await desk.until(Snapshot)
        for round_ in range(5):
            centre.show("eva", f"seen-{round_}")
            await desk.until(PopShow)
            centre.show("eva", f"written-{round_}")
            centre.cut("eva")
            centre.show("eva", f"meanwhile-{round_}")
            await desk.until(Resumed)
        assert desk.pops == [f"{what}-{round_}" for round_ in range(5) for what in ("seen", "written", "meanwhile")]
        assert sum(isinstance(message, Snapshot) for message in desk.told) == 1
        assert sum(isinstance(message, LinkLost) for message in desk.told) == 5


async def test_after_a_restart_of_the_server_it_starts_over_with_a_snapshot(centre: Centre) -> None:
    view = LiveView()
    async with client(centre) as pops:
        desk = Desk(pops)
        await desk.until(Snapshot)
        centre.show("eva", "old")
        await desk.until(PopShow)
        await centre.restart()
        centre.show("eva", "new")
        await desk.until(Snapshot)
        for message in desk.told:
            view.apply(message)
        assert list(view.pops) == ["old", "new"]
        assert next(message.retry_in_s for message in desk.told if isinstance(message, LinkLost)) == 0.0


async def test_an_unknown_token_is_told_and_not_tried_again(centre: Centre) -> None:
    async with client(centre, token="token-nobody") as pops:
        with pytest.raises(SignedOut):
            await Desk(pops).until(Hello)


async def test_a_token_without_the_scope_is_told(centre: Centre) -> None:
    centre.people["import"] = person("import", scopes=frozenset({"crm.write"}))
    async with client(centre, token="token-import") as pops:
        with pytest.raises(NotAllowed):
            await Desk(pops).until(Hello)


async def test_topics_that_are_not_allowed_are_told(centre: Centre) -> None:
    async with client(centre, topics=["agents"]) as pops:
        with pytest.raises(NotAllowed, match="agents"):
            await Desk(pops).until(Snapshot)


async def test_a_session_that_ends_is_told(centre: Centre) -> None:
    async with client(centre) as pops:
        desk = Desk(pops)
        await desk.until(Snapshot)
        centre.people.pop("eva")
        centre.push.recheck("eva")
        with pytest.raises(SignedOut):
            await desk.until(PopShow)


async def test_a_server_that_is_not_there_is_tried_again_with_growing_pauses() -> None:
    async with PopClient("http://127.0.0.1:9", token="x", jitter=QuickRetries()) as pops:  # type: ignore[arg-type]
        desk = Desk(pops)
        await desk.until(LinkLost)
        await desk.until(LinkLost)


@pytest.mark.parametrize(
    ("failures", "least", "most"), [(0, 0.25, 0.5), (1, 0.5, 1.0), (3, 2.0, 4.0), (5, 7.5, 15.0), (50, 7.5, 15.0)]
)
def test_pauses_grow_to_fifteen_seconds_with_jitter(failures: int, least: float, most: float) -> None:
    pops = PopClient("http://127.0.0.1:9", token="x")
    assert all(least <= pops.pause_after(failures) <= most for _ in range(50))


async def test_without_reconnect_a_break_is_an_error(centre: Centre) -> None:
    async with client(centre, reconnect=False) as pops:
        desk = Desk(pops)
        await desk.until(Snapshot)
        centre.cut("eva")
        with pytest.raises(ConnectionError):
            await desk.until(PopShow)


async def test_close_ends_the_iteration(centre: Centre) -> None:
    pops = client(centre)
    desk = Desk(pops)
    await desk.until(Snapshot)
    await pops.close()
    with pytest.raises(StopAsyncIteration):
        await desk.until(PopShow)
    await pops.painted("pop-1")  # nothing to send it on, and no error


async def test_close_does_not_wait_for_the_next_try() -> None:
    pops = PopClient("http://127.0.0.1:9", token="x")
    desk = Desk(pops)
    await desk.until(LinkLost)
    async with asyncio.timeout(0.2):
        waiting = asyncio.create_task(desk.until(LinkLost))
        await asyncio.sleep(0)
        await pops.close()
        with pytest.raises(StopAsyncIteration):
            await waiting


async def test_ping_is_answered_and_a_refused_frame_is_handed_on(centre: Centre) -> None:
    async with client(centre) as pops:
        desk = Desk(pops)
        await desk.until(Snapshot)
        await pops.ping()
        await desk.until(Pong)
        await pops.painted("")
        refused = await desk.until(Refused)
        assert isinstance(refused, Refused)
        assert refused.code == "bad_field"


async def test_a_hole_in_the_numbers_ends_in_a_snapshot(centre: Centre) -> None:
    async with client(centre) as pops:
        desk = Desk(pops)
        await desk.until(Snapshot)
        centre.show_but_lose_the_frame("eva", "pop-1")
        centre.show("eva", "pop-2")
        await desk.until(LinkLost)
        snapshot = await desk.until(Snapshot)
        assert isinstance(snapshot, Snapshot)
        assert [pop["pop_id"] for pop in snapshot.part("pops")] == ["pop-1", "pop-2"]


async def test_what_does_not_speak_the_protocol_is_tried_again() -> None:
    async def babble(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str('{"seq": 1, "type": "welcome", "at": "", "data": {}}')
        await socket.receive()
        return socket

    app = web.Application()
    app.router.add_get("/ws", babble)
    server = TestServer(app)
    await server.start_server()
    async with PopClient(str(server.make_url("/")), token="x", jitter=QuickRetries()) as pops:  # type: ignore[arg-type]
        lost = await Desk(pops).until(LinkLost)
        assert isinstance(lost, LinkLost)
        assert lost.reason == "the first frame is not hello"
    await server.close()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://cti.example.com", "wss://cti.example.com/ws"),
        ("http://127.0.0.1:8080/", "ws://127.0.0.1:8080/ws"),
        ("wss://cti.example.com/cti/ws", "wss://cti.example.com/cti/ws"),
        ("https://cti.example.com?token=leaks", "wss://cti.example.com/ws"),
    ],
)
def test_the_address_of_the_service_is_enough(given: str, used: str) -> None:
    assert push_url(given) == used


@pytest.mark.parametrize("wrong", ["cti.example.com", "ftp://cti.example.com", "https://", ""])
def test_what_is_no_address_is_refused_with_an_example(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not an address like"):
        push_url(wrong)
