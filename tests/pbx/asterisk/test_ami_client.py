"""One PBX's link: its stream, its status, its rules for actions; over TCP and TLS, on both event loops."""

import asyncio
import ssl
from pathlib import Path

import pytest
import uvloop

from pbx import events as ev
from pbx.asterisk.ami_client import SLICE, AmiClient
from pbx.asterisk.ami_link import EventBatch, LinkDown, LinkItem, LinkState, LinkUp, QueueOverflow, tls_context
from pbx.asterisk.ami_snapshot import read_snapshot
from pbx.errors import ControlsOff, PbxNotConnected, PbxRefused, PbxResultUnknown
from tests.fakes.ami_server import FakeAmiServer, event, snapshot
from tests.pbx.asterisk.link import Link

TLS = Path(__file__).parents[2] / "fakes" / "tls"
CHANNEL = snapshot("PJSIP/1001-00000001", "1.1", CallerIDName="Ján")


def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    return context


async def test_stream_tells_of_the_link_and_of_events_in_order(pbx: FakeAmiServer) -> None:
    async with Link(pbx) as link:
        up = await link.up()
        assert up.banner == "11.0.0"
        await pbx.send(event("Newchannel", *CHANNEL) + event("RTCPSent", X="1") + event("Hangup", *CHANNEL, Cause=16))
        await link.next(ev.Newchannel)
        await link.next(ev.Hangup)
        pbx.drop()
        assert (await link.down()).reason == "The PBX closed the connection."
        await link.up()
    kinds = [type(item) for item in link.passed]
    assert kinds == [LinkUp, EventBatch, EventBatch, LinkDown, LinkUp, EventBatch]
    batch = link.passed[2]
    assert isinstance(batch, EventBatch)
    assert [type(one) for one in batch.events] == [ev.Newchannel, ev.Hangup]  # one read, one batch


async def test_items_can_be_given_to_a_plain_function_at_once(pbx: FakeAmiServer) -> None:
    link = Link(pbx, queue_size=100)
    taken: list[LinkItem] = []
    hung_up = asyncio.Event()

    def take(item: LinkItem) -> None:
        taken.append(item)
        if isinstance(item, LinkUp):
            raise RuntimeError("a bug of the reader's")
        if isinstance(item, EventBatch) and isinstance(item.events[-1], ev.Hangup):
            hung_up.set()

    link.client.deliver_to(take)
    async with link:
        await pbx.logged_in()
        for _ in range(3):  # more than the queue would hold
            await pbx.send(event("Newstate", *CHANNEL) * 90)
            await link.client.action({"Action": "Ping"})
        await pbx.send(event("Hangup", *CHANNEL))
        await asyncio.wait_for(hung_up.wait(), 5)
    assert [type(item) for item in taken[:2]] == [LinkUp, EventBatch]
    assert isinstance(taken[-1], LinkDown)
    assert not [item for item in taken if isinstance(item, QueueOverflow)]


async def test_a_flood_is_told_in_slices_and_in_order_while_the_socket_is_read_on(pbx: FakeAmiServer) -> None:
    flood = 20_000
    link = Link(pbx)
    told: list[str] = []
    told_at_answer: list[int] = []
    asking: list[asyncio.Task[None]] = []
    over = asyncio.Event()

    async def ping() -> None:
        await link.client.action({"Action": "Ping"})
        told_at_answer.append(len(told))

    def take(item: LinkItem) -> None:
        if isinstance(item, EventBatch):
            assert len(item.events) <= SLICE
            told.extend(one.device for one in item.events if isinstance(one, ev.DeviceStateChange))
            if told and not asking:
                asking.append(asyncio.get_running_loop().create_task(ping()))
            if len(told) == flood:
                over.set()

    link.client.deliver_to(take)
    async with link:
        await pbx.logged_in()
        await pbx.send(b"".join(event("DeviceStateChange", Device=f"PJSIP/{n}", State="INUSE") for n in range(flood)))
        await asyncio.wait_for(over.wait(), 30)
        await asyncio.gather(*asking)
    assert told == [f"PJSIP/{number}" for number in range(flood)]
    assert told_at_answer[0] < flood
    assert link.client.untold == 0


async def test_time_stands_at_the_oldest_event_that_was_not_told(pbx: FakeAmiServer) -> None:
    now = 1000.0
    link = Link(pbx, clock=lambda: now)
    seen: list[tuple[int, float]] = []
    over = asyncio.Event()

    def take(item: LinkItem) -> None:
        nonlocal now
        if isinstance(item, EventBatch) and isinstance(item.events[0], ev.DeviceStateChange):
            now += 1
            seen.append((link.client.untold, link.client.told_until(now)))
            if not link.client.untold:
                over.set()

    link.client.deliver_to(take)
    async with link:
        await pbx.logged_in()
        await pbx.send(event("DeviceStateChange", Device="PJSIP/1001", State="INUSE") * (SLICE + 1))
        await asyncio.wait_for(over.wait(), 5)
    assert seen == [(1, 1000.0), (0, 1002.0)]


async def test_link_up_comes_before_the_events_of_the_same_packet(pbx: FakeAmiServer) -> None:
    pbx.answers["Login"] = lambda action: (
        pbx.response(action, Message="Authentication accepted") + event("Newchannel", *CHANNEL) * 3
    )
    async with Link(pbx) as link:
        await link.next(LinkUp)
        await link.next(ev.Newchannel)
    assert isinstance(link.passed[0], LinkUp)


async def test_every_byte_is_journalled_before_it_is_told(pbx: FakeAmiServer) -> None:
    async with Link(pbx) as link:
        await link.up()
        assert b"".join(link.raw).startswith(b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\n")
        await pbx.send_split(event("Newchannel", *CHANNEL), 7)
        await link.next(ev.Newchannel)
        assert b"".join(link.raw).endswith(event("Newchannel", *CHANNEL))


async def test_status_through_a_links_life(pbx: FakeAmiServer) -> None:
    pbx.fully_booted = False
    link = Link(pbx)
    assert link.client.status.state is LinkState.CONNECTING
    assert link.client.status.last_rx is None
    async with link:
        await link.up()
        connected = link.client.status
        assert (connected.state, connected.banner, connected.reason) == (LinkState.CONNECTED, "11.0.0", None)
        assert not connected.booted  # R30: logged in while Asterisk still starts
        await pbx.send_event("FullyBooted", Uptime=1)
        await link.next(ev.FullyBooted)
        assert link.client.status.booted
        assert link.client.status.last_rx is not None
        await pbx.refuse_connections()
        await link.down()
        lost = link.client.status
        assert (lost.state, lost.booted) == (LinkState.LOST, False)
        assert lost.reason
    assert link.client.status.state is LinkState.STOPPED


async def test_action_returns_the_answer_or_the_pbxs_own_sentence(link: Link, pbx: FakeAmiServer) -> None:
    answer = await link.client.action({"Action": "QueuePause", "Interface": "PJSIP/1001", "Paused": "true"})
    assert answer.message == "Interface paused successfully"
    pbx.answers["Hangup"] = lambda action: pbx.response(action, "Error", Message="No such channel")
    with pytest.raises(PbxRefused, match="No such channel"):
        await link.client.action({"Action": "Hangup", "Channel": "x"})
    pbx.answers["Hangup"] = lambda action: pbx.response(action, "Error")
    with pytest.raises(PbxRefused, match="refused the command"):
        await link.client.action({"Action": "Hangup", "Channel": "x"})


async def test_many_actions_at_once_get_their_own_answers(link: Link, pbx: FakeAmiServer) -> None:
    pbx.answers["CoreStatus"] = lambda action: pbx.response(action, Message=action["Mark"])
    asked = [link.client.action({"Action": "CoreStatus", "Mark": str(number)}) for number in range(50)]
    assert [answer.message for answer in await asyncio.gather(*asked)] == [str(number) for number in range(50)]


async def test_what_the_pbx_has_not_answered_is_counted(link: Link, pbx: FakeAmiServer) -> None:
    assert AmiClient(link.client.config).unanswered == 0  # never connected
    pbx.answers["CoreStatus"] = lambda action: b""
    asked = asyncio.create_task(link.client.action({"Action": "CoreStatus"}))
    await pbx.received("CoreStatus")
    assert link.client.unanswered >= 1
    pbx.drop()
    with pytest.raises(PbxResultUnknown):
        await asked
    await link.down()
    assert link.client.unanswered == 0


async def test_list_that_is_mixed_with_events_is_told_apart(link: Link, pbx: FakeAmiServer) -> None:
    pbx.channels = [CHANNEL, CHANNEL]
    whole = pbx.list_answer
    pbx.answers["CoreShowChannels"] = lambda action: whole(
        action, [("CoreShowChannel", CHANNEL)] * 2, "CoreShowChannelsComplete"
    ).replace(b"Event: CoreShowChannel\r\n", event("Newchannel", *CHANNEL) + b"Event: CoreShowChannel\r\n", 1)
    rows = await link.client.action_list({"Action": "CoreShowChannels"})
    assert [row.name for row in rows] == [b"CoreShowChannel"] * 2
    await link.next(ev.Newchannel)


async def test_reader_that_falls_behind_is_told_and_begins_again(pbx: FakeAmiServer) -> None:
    async with Link(pbx, queue_size=50) as link:
        await link.up()
        flood = event("DeviceStateChange", Device="PJSIP/1001", State="INUSE") * 100
        await pbx.send(flood[: len(flood) // 4])
        await pbx.received("Login")
        await pbx.send(flood)
        overflow = await link.next(QueueOverflow)
        assert overflow.lost > 0
        assert "fell behind" in (await link.down()).reason
        await link.up()


async def test_no_new_link_while_the_reader_is_far_behind(pbx: FakeAmiServer) -> None:
    async with Link(pbx, queue_size=40) as link:
        await pbx.logged_in()
        await pbx.send(event("DeviceStateChange", Device="PJSIP/1001", State="INUSE") * 39)
        async with asyncio.timeout(5):
            while link.client._queued < 39:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        pbx.drop()
        async with asyncio.timeout(5):
            while link.client.status.state is LinkState.CONNECTED:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.15)  # longer than the back-off
        assert pbx.connections == 1
        await link.down()
        await link.up()


async def test_observer_sends_nothing_that_changes_the_pbx(pbx: FakeAmiServer) -> None:
    async with Link(pbx, observe=True) as link:
        await link.up()
        for action in ("Originate", "Hangup", "QueuePause", "QueueAdd", "Command", "Setvar", "", "ping"):
            with pytest.raises(ControlsOff):
                await link.client.action({"Action": action})
        await read_snapshot(link.client)
    asked = {action["Action"] for action in pbx.actions}
    assert asked == {"Login", "Ping", "CoreStatus", "CoreSettings", "QueueStatus", "CoreShowChannels"}


async def test_actions_wait_for_the_login(pbx: FakeAmiServer) -> None:
    pbx.login = "silent"
    async with Link(pbx) as link:
        await pbx.received("Login")
        with pytest.raises(PbxNotConnected):
            await link.client.action({"Action": "Ping"})


async def test_tls_link_verifies_the_certificate(tmp_path: Path) -> None:
    trusted = tls_context(str(TLS / "certificate.pem"))
    async with FakeAmiServer(tls=server_tls()) as pbx:
        async with Link(pbx, tls=trusted) as link:
            await link.up()
            await read_snapshot(link.client)
        async with Link(pbx, tls=tls_context()) as stranger:
            await status_says(stranger, "is not trusted")
    async with FakeAmiServer() as plain, Link(plain, tls=trusted) as link:
        await status_says(link, "TLS")


async def test_plain_link_to_a_tls_port_is_only_lost() -> None:
    async with FakeAmiServer(tls=server_tls()) as pbx, Link(pbx, connect_timeout_s=0.2) as link:
        await status_says(link, "")
        assert link.client.status.state is LinkState.LOST


async def status_says(link: Link, part: str) -> None:
    async with asyncio.timeout(5):
        while link.client.status.reason is None or part not in link.client.status.reason:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("tls", [False, True])
def test_link_works_on_uvloop(tls: bool) -> None:
    async def scenario() -> None:
        server = server_tls() if tls else None
        ours = tls_context(str(TLS / "certificate.pem")) if tls else None
        async with FakeAmiServer(tls=server) as pbx, Link(pbx, ping_interval_s=0.1, tls=ours) as link:
            await link.up()
            await pbx.send_split(event("Newchannel", *CHANNEL), 5)
            await link.next(ev.Newchannel)
            await read_snapshot(link.client)
            pbx.drop()
            await link.down()
            await link.up()
            pbx.go_silent()
            assert "silent" in (await link.down()).reason
            await link.up()

    uvloop.run(scenario())


async def test_messages_end_when_the_client_was_never_run() -> None:
    pbx = FakeAmiServer()
    client: AmiClient = Link(pbx).client
    await client.close()
    assert [item async for item in client.messages()] == []
