"""The push socket on a real server and a real, independent client."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from crm_store.access import Principal
from crm_store.accounts import Role
from screenpop.messages import CloseCode
from screenpop.streams import StreamLimits
from screenpop.websocket.server import PushLimits
from tests.screenpop.people import person
from tests.screenpop.websocket.conftest import Centre, Screen


async def close_of(socket: ClientConnection) -> tuple[int, str]:
    """Read to the end: close code and reason."""
    try:
        while True:
            await socket.recv()
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


# --- who may connect --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://cti.example.com", "https://cti.example.com.evil", None]
)
async def test_a_cookie_with_a_foreign_or_missing_origin_is_refused(centre: Centre, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with centre.sign_in("eva", origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_credentials_that_a_browser_adds_by_itself_do_not_excuse_a_foreign_origin(centre: Centre) -> None:
    """A browser repeats HTTP Basic credentials on its own, also for a foreign page."""
    headers = {"Cookie": "user=eva", "Origin": "https://evil.example", "Authorization": "Basic ZXZhOg=="}
    with pytest.raises(InvalidStatus) as refused:
        async with connect(centre.url, additional_headers=headers):
            pass
    assert refused.value.response.status_code == 403


async def test_a_cookie_behind_a_bearer_header_still_needs_the_origin(centre: Centre) -> None:
    async def careless(request: web.Request) -> Principal | None:
        return centre.people["eva"]

    vars(centre.push)["_authenticate"] = careless
    with pytest.raises(InvalidStatus) as refused:
        async with connect(centre.url, additional_headers={"Cookie": "user=eva", "Authorization": "Bearer x"}):
            pass
    assert refused.value.response.status_code == 403


async def test_a_token_needs_no_origin(centre: Centre) -> None:
    headers = {"Authorization": "Bearer token-eva"}
    async with connect(centre.url, additional_headers=headers) as socket:
        assert (await Screen(socket).next())["data"]["user"] == "eva"


async def test_a_wrong_token_is_refused_with_401(centre: Centre) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(centre.url, additional_headers={"Authorization": "Bearer token-nobody"}):
            pass
    assert refused.value.response.status_code == 401


async def test_a_token_without_the_scope_is_refused(centre: Centre) -> None:
    centre.people["import"] = person("import", scopes=frozenset({"crm.write"}))
    with pytest.raises(InvalidStatus) as refused:
        async with connect(centre.url, additional_headers={"Authorization": "Bearer token-import"}):
            pass
    assert refused.value.response.status_code == 403


async def test_a_browser_whose_session_is_over_sees_the_close_code(centre: Centre) -> None:
    async with centre.sign_in("stranger") as socket:
        assert (await close_of(socket))[0] == 4401


async def test_no_compression_even_if_the_client_offers_it(centre: Centre) -> None:
    headers = {"Authorization": "Bearer token-eva"}
    async with connect(centre.url, additional_headers=headers, compression="deflate") as socket:
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


# --- hello, subscribe, news -------------------------------------------------------------------------------------------


async def test_hello_then_a_snapshot_then_numbered_news(centre: Centre) -> None:
    centre.show("eva", "pop-1")
    async with centre.sign_in("eva") as socket:
        screen = Screen(socket)
        hello = await screen.next()
        assert (hello["v"], hello["seq"], hello["type"]) == (1, 1, "hello")
        assert hello["data"] | {"stream": "", "server_time": ""} == {
            "stream": "",
            "user": "eva",
            "role": "agent",
            "server_time": "",
            "version": "1.2.3",
        }
        await screen.say(type="subscribe")
        snapshot = await screen.next()
        assert [pop["pop_id"] for pop in snapshot["data"]["pops"]] == ["pop-1"]
        centre.show("eva", "pop-2")
        centre.retract("eva", "pop-1")
        await screen.next()
        await screen.next()
        assert [(f["seq"], f["type"]) for f in screen.frames[1:]] == [
            (2, "snapshot"),
            (3, "pop.show"),
            (4, "pop.retract"),
        ]
        assert all(frame["at"].endswith("Z") for frame in screen.frames)


async def test_who_does_not_subscribe_in_time_gets_what_the_role_sees() -> None:
    async with Centre(limits=PushLimits(subscribe_within_s=0.01)).running() as centre, centre.sign_in("eva") as socket:
        screen = Screen(socket)
        await screen.until("snapshot")
        centre.show("eva", "pop-1")
        assert (await screen.next())["data"]["pop_id"] == "pop-1"


async def test_neither_of_two_agents_ever_gets_the_others_pop(centre: Centre) -> None:
    async with centre.sign_in("eva") as first, centre.sign_in("jan") as second:
        eva, jan = await Screen(first).subscribed(), await Screen(second).subscribed()
        for number in range(20):
            centre.show("eva", f"eva-{number}")
            centre.show("jan", f"jan-{number}")
        centre.waiting("600", 1)  # both get this one, after all that must not be there
        await eva.until("queue.update")
        await jan.until("queue.update")
        for screen, name in ((eva, "eva"), (jan, "jan")):
            shown = [frame["data"]["pop_id"] for frame in screen.frames if frame["type"] == "pop.show"]
            assert shown == [f"{name}-{number}" for number in range(20)]


async def test_two_screens_of_one_agent_show_the_same(centre: Centre) -> None:
    async with centre.sign_in("eva") as first, centre.sign_in("eva") as second:
        screens = [await Screen(first).subscribed(), await Screen(second).subscribed()]
        assert centre.push.connected("eva") == 2
        centre.show("eva", "pop-1")
        await screens[0].say(type="dismiss", pop_id="pop-1")
        for screen in screens:
            assert (await screen.until("pop.retract"))["data"]["pop_id"] == "pop-1"
        assert centre.asked == [("dismiss", "eva", "pop-1")]


async def test_receipts_reach_the_product_with_the_users_own_name(centre: Centre) -> None:
    async with centre.sign_in("eva") as socket:
        screen = await Screen(socket).subscribed()
        await screen.say(type="painted", pop_id="pop-1", user="jan")
        await screen.say(type="ping")
        await screen.until("pong")
        assert centre.asked == [("painted", "eva", "pop-1")]


async def test_an_agent_may_not_have_the_board(centre: Centre) -> None:
    async with centre.sign_in("eva") as socket:
        await Screen(socket).say(type="subscribe", topics=["pops", "agents"])
        assert await close_of(socket) == (4403, "not allowed for this user or token: agents")


async def test_a_supervisor_may(centre: Centre) -> None:
    async with centre.sign_in("boss") as socket:
        screen = await Screen(socket).subscribed(topics=["agents"])
        centre.broker.publish("agents", "agent.update", {"name": "eva", "state": "talking"})
        assert (await screen.next())["data"] == {"name": "eva", "state": "talking"}


# --- what clients do wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "not_json"),
        ("[1]", "not_an_object"),
        ('{"type": "shutdown"}', "unknown_type"),
        ('{"type": "painted"}', "bad_field"),
        ('{"type": "subscribe", "topics": ["pops:jan"]}', "bad_field"),
    ],
)
async def test_a_frame_outside_the_protocol_is_answered_and_the_connection_goes_on(
    centre: Centre, text: str, code: str
) -> None:
    async with centre.sign_in("eva") as socket:
        screen = await Screen(socket).subscribed()
        await socket.send(text)
        assert (await screen.next())["data"]["code"] == code
        await screen.say(type="ping")
        await screen.until("pong")


async def test_a_binary_frame_ends_the_connection(centre: Centre) -> None:
    async with centre.sign_in("eva") as socket:
        await socket.send(b"{}")
        assert await close_of(socket) == (1003, "text frames only")


async def test_an_oversize_frame_ends_the_connection(centre: Centre) -> None:
    async with centre.sign_in("eva") as socket:
        await socket.send("x" * (64 * 1024 + 1))
        assert (await close_of(socket))[0] == 1009


async def test_a_flood_of_frames_ends_the_connection(centre: Centre) -> None:
    async with centre.sign_in("eva") as socket:
        for _ in range(101):
            await Screen(socket).say(type="ping")
        assert (await close_of(socket))[0] == 1008


async def test_the_sixth_socket_of_a_user_pushes_the_oldest_out(centre: Centre) -> None:
    opened = [await centre.sign_in("eva") for _ in range(6)]
    assert (await close_of(opened[0]))[0] == 4403
    for socket in opened[1:]:
        await Screen(socket).subscribed()
        await socket.close()


# --- the end of a connection ------------------------------------------------------------------------------------------


async def test_signing_out_closes_the_sockets_of_that_sign_in_only(centre: Centre) -> None:
    async with centre.sign_in("eva") as first, centre.sign_in("jan") as second:
        await Screen(first).subscribed()
        jan = await Screen(second).subscribed()
        centre.push.close_sessions_of("hash-of-eva")
        assert (await close_of(first))[0] == 4401
        centre.show("jan", "pop-1")
        await jan.until("pop.show")


async def test_a_disabled_account_loses_all_its_sockets_at_once(centre: Centre) -> None:
    async with centre.sign_in("eva") as first, centre.sign_in("eva") as second, centre.sign_in("jan") as third:
        for socket in (first, second, third):
            await Screen(socket).subscribed()
        del centre.people["eva"]
        centre.push.recheck("eva")
        assert [(await close_of(first))[0], (await close_of(second))[0]] == [4401, 4401]
        assert centre.push.connected("jan") == 1


async def test_an_account_that_changed_and_may_the_same_keeps_its_sockets(centre: Centre) -> None:
    async with centre.sign_in("eva") as socket:
        screen = await Screen(socket).subscribed()
        centre.people["eva"] = replace(person("eva"), endpoints=("PJSIP/1009",))
        centre.push.recheck("eva")
        centre.show("eva", "pop-1")
        await screen.until("pop.show")
        assert not socket.close_code


async def test_a_database_that_is_away_signs_nobody_out(centre: Centre) -> None:
    async with centre.sign_in("eva") as socket:
        screen = await Screen(socket).subscribed()
        centre.database_away = True
        centre.push.recheck("eva")
        centre.show("eva", "pop-1")
        await screen.until("pop.show")
        assert not socket.close_code


@pytest.mark.parametrize("change", ["gone", "other role"])
async def test_a_sign_in_that_ends_or_changes_while_the_socket_is_open_closes_it(change: str) -> None:
    limits = PushLimits(check_sign_in_s=0.02)
    async with Centre(limits=limits).running() as centre, centre.sign_in("eva") as socket:
        await Screen(socket).subscribed()
        if change == "gone":
            del centre.people["eva"]
        else:
            centre.people["eva"] = person("eva", Role.SUPERVISOR)
        assert (await close_of(socket))[0] == 4401


async def test_at_shutdown_everybody_is_told_to_come_back(centre: Centre) -> None:
    async with centre.sign_in("eva") as first, centre.sign_in("jan") as second:
        await Screen(first).subscribed()
        await Screen(second).subscribed()
        stopping = asyncio.create_task(centre.push.close_all())
        assert [(await close_of(first))[0], (await close_of(second))[0]] == [1012, 1012]
        await stopping
        assert centre.push.connections == 0


async def test_nothing_is_kept_of_a_connection_that_never_subscribed(centre: Centre) -> None:
    async with centre.sign_in("eva") as socket:
        await Screen(socket).next()
    async with centre.sign_in("jan") as socket:  # by the time this one is served, the first is gone
        await Screen(socket).subscribed()
        assert centre.push.connected("eva") == 0
        assert centre.push.streams == 1


# --- resume -----------------------------------------------------------------------------------------------------------


async def test_a_cut_connection_goes_on_without_holes_or_duplicates(centre: Centre) -> None:
    async with centre.sign_in("eva") as socket:
        screen = await Screen(socket).subscribed()
        stream = screen.frames[0]["data"]["stream"]
        centre.show("eva", "pop-1")
        last = (await screen.until("pop.show"))["seq"]
        centre.show("eva", "pop-2")
        assert socket.transport is not None
        socket.transport.abort()  # pop-2 is on its way and never read
    centre.show("eva", "pop-3")
    async with centre.sign_in("eva") as socket:
        screen = Screen(socket)
        await screen.next()
        await screen.say(type="subscribe", stream=stream, since=last)
        resumed = await screen.until("resumed")
        assert [(f["seq"], f["data"].get("pop_id")) for f in screen.frames[1:]] == [
            (last + 1, "pop-2"),
            (last + 2, "pop-3"),
            (last + 3, None),
        ]
        assert resumed["data"]["stream"] == stream
        centre.show("eva", "pop-4")
        assert ((await screen.next())["seq"], screen.frames[-1]["data"]["pop_id"]) == (last + 4, "pop-4")


async def test_a_half_dead_connection_is_taken_over(centre: Centre) -> None:
    async with centre.sign_in("eva") as old, centre.sign_in("eva") as new:
        screen = await Screen(old).subscribed()
        fresh = Screen(new)
        await fresh.next()
        await fresh.say(type="subscribe", stream=screen.frames[0]["data"]["stream"], since=screen.frames[-1]["seq"])
        await fresh.until("resumed")
        assert await close_of(old) == (4403, "resumed by another connection")
        centre.show("eva", "pop-1")
        assert (await fresh.next())["data"]["pop_id"] == "pop-1"


@pytest.mark.parametrize("wrong", ["other user", "unknown stream", "future seq", "other topics"])
async def test_what_cannot_be_resumed_gets_a_snapshot(centre: Centre, wrong: str) -> None:
    async with centre.sign_in("eva") as socket:
        screen = await Screen(socket).subscribed()
        stream, since = screen.frames[0]["data"]["stream"], screen.frames[-1]["seq"]
    asked: dict[str, object] = {"stream": stream, "since": since}
    if wrong == "unknown stream":
        asked["stream"] = "nonsense"
    elif wrong == "future seq":
        asked["since"] = since + 1
    elif wrong == "other topics":
        asked["topics"] = ["pops"]
    async with centre.sign_in("jan" if wrong == "other user" else "eva") as socket:
        screen = await Screen(socket).subscribed(**asked)
        assert screen.kinds == ["hello", "snapshot"]


async def test_a_stream_that_nobody_resumes_is_dropped_after_a_while() -> None:
    async with Centre(limits=PushLimits(stream_kept_s=0.02)).running() as centre:
        async with centre.sign_in("eva") as socket:
            await Screen(socket).subscribed()
        await centre.eventually(lambda: centre.push.streams == 0)


# --- slow clients -----------------------------------------------------------------------------------------------------


SLOW = PushLimits(
    write_buffer_bytes=8 * 1024,
    stream=StreamLimits(waiting_frames=32, waiting_bytes=256 * 1024),
)


async def test_a_client_that_does_not_read_is_closed_4408_and_correct_after_reconnect() -> None:
    async with Centre(limits=SLOW).running() as centre:
        async with centre.sign_in("eva", max_queue=1, ping_interval=None) as socket, centre.sign_in("jan") as other:
            screen, jan = await Screen(socket).subscribed(), await Screen(other).subscribed()
            assert socket.transport is not None
            socket.transport.pause_reading()
            number = 0
            async with asyncio.timeout(30):
                while centre.push.connected("eva") and not centre.push.closing("eva"):
                    centre.show("eva", f"pop-{number}", size=6000)
                    number += 1
                    await asyncio.sleep(0)
            centre.show("jan", "pop-j")  # nobody else waits for the slow one
            await jan.until("pop.show")
            socket.transport.resume_reading()
            assert (await screen.rest())[0] == 4408
            assert centre.push.closed[CloseCode.TOO_SLOW] == 1
        seqs = [frame["seq"] for frame in screen.frames]
        assert seqs == list(range(1, len(seqs) + 1))
        async with centre.sign_in("eva", max_size=None) as socket:
            again = await Screen(socket).subscribed(stream=screen.frames[0]["data"]["stream"], since=seqs[-1])
            assert [pop["pop_id"] for pop in again.frames[-1]["data"]["pops"]] == [f"pop-{n}" for n in range(number)]


async def test_a_slow_client_gets_the_newest_of_each_queue_and_every_pop() -> None:
    async with Centre(limits=SLOW).running() as centre, centre.sign_in("eva", ping_interval=None) as socket:
        screen = await Screen(socket).subscribed()
        assert socket.transport is not None
        socket.transport.pause_reading()
        for number in range(3000):
            centre.waiting("600", number, size=4000)
            if number % 1000 == 0:
                centre.show("eva", f"pop-{number}")
            await asyncio.sleep(0)
        socket.transport.resume_reading()
        centre.show("eva", "last")
        while screen.frames[-1]["data"].get("pop_id") != "last":
            await screen.next()
        updates = [frame["data"]["waiting"] for frame in screen.frames if frame["type"] == "queue.update"]
        assert updates[-1] == 2999
        assert len(updates) < 3000
        shown = [frame["data"]["pop_id"] for frame in screen.frames if frame["type"] == "pop.show"]
        assert shown == ["pop-0", "pop-1000", "pop-2000", "last"]
        seqs = [frame["seq"] for frame in screen.frames]
        assert seqs == list(range(1, len(seqs) + 1))


async def test_the_same_over_tls() -> None:
    async with Centre(limits=SLOW).running(tls=True) as centre, centre.sign_in("eva", ping_interval=None) as socket:
        screen = await Screen(socket).subscribed()
        assert centre.url.startswith("wss://")
        assert socket.transport is not None
        socket.transport.pause_reading()
        number = 0
        async with asyncio.timeout(30):
            while not centre.push.closing("eva"):
                centre.show("eva", f"pop-{number}", size=6000)
                number += 1
                await asyncio.sleep(0)
        socket.transport.resume_reading()
        assert (await screen.rest())[0] == 4408
        seqs = [frame["seq"] for frame in screen.frames]
        assert seqs == list(range(1, len(seqs) + 1))


async def test_a_client_that_never_reads_again_is_cut_off() -> None:
    limits = PushLimits(
        write_buffer_bytes=8 * 1024,
        write_timeout_s=0.2,
        stream=StreamLimits(waiting_frames=100_000, waiting_bytes=1_000_000_000),
    )
    async with Centre(limits=limits).running() as centre:
        socket = await centre.sign_in("eva", ping_interval=None)
        await Screen(socket).subscribed()
        assert socket.transport is not None
        socket.transport.pause_reading()
        for number in range(200):
            centre.show("eva", f"pop-{number}", size=100_000)
        assert centre.push.connected("eva") == 1
        await centre.eventually(lambda: centre.push.connected("eva") == 0)
        await centre.eventually(lambda: centre.open_transports == 0)
        socket.transport.abort()


def test_the_handler_is_an_ordinary_aiohttp_handler() -> None:
    app = web.Application()
    app.router.add_get("/ws", Centre().push.handle)
