"""The simulator over TCP: sessions, rights, faults, played calls."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from pbx.simulator import SimulatorServer
from pbx.simulator.cast import Reaction
from pbx.simulator.flows import Flow
from pbx.simulator.outgoing_calls import Remote
from tests.pbx.simulator.client import Client
from tests.pbx.simulator.streams import AGENTS, QUEUES, office


@pytest.fixture
async def server() -> AsyncIterator[SimulatorServer]:
    async with SimulatorServer(office()) as running:
        yield running


async def test_greets_and_answers_a_login_as_asterisk_does(server: SimulatorServer) -> None:
    async with Client(server) as client:
        await client.until("FullyBooted")
    assert client.heard.startswith(
        b"Asterisk Call Manager/11.0.0\r\n"
        b"Response: Success\r\nActionID: 7\r\nMessage: Authentication accepted\r\n\r\n"
        b"Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 0\r\nLastReload: 0\r\nStatus: Fully Booted\r\n\r\n"
    )


async def test_refuses_a_wrong_secret_and_hangs_up(server: SimulatorServer) -> None:
    async with Client(server, secret="guessed") as client:
        assert await client.rest() == b""
    assert b"Response: Error\r\nActionID: 7\r\nMessage: Authentication failed\r\n" in client.heard


async def test_challenge_login(server: SimulatorServer) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    await reader.readline()
    writer.write(b"Action: Challenge\r\nAuthType: MD5\r\n\r\n")
    challenge = (await reader.readuntil(b"\r\n\r\n")).split(b"Challenge: ")[1].strip().decode()
    key = hashlib.md5(f"{challenge}simulator".encode()).hexdigest()
    writer.write(f"Action: Login\r\nAuthType: MD5\r\nUsername: cti\r\nKey: {key}\r\n\r\n".encode())
    assert b"Authentication accepted" in await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def test_nothing_is_answered_before_the_login(server: SimulatorServer) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"Action: CoreShowChannels\r\n\r\nAction: Login\r\nUsername: cti\r\nSecret: x\r\n\r\n")
    heard = await reader.read(-1)
    assert b"Permission denied" in heard
    assert b"Event:" not in heard
    writer.close()


async def test_logoff_says_goodbye(server: SimulatorServer) -> None:
    async with Client(server) as client:
        assert (await client.ask("Logoff"))["Message"] == "Thanks for all the fish."
        assert await client.rest() == b""


async def test_a_played_call_is_heard_by_every_client_with_timestamps(server: SimulatorServer) -> None:
    async with Client(server) as one, Client(server) as two:
        await server.play("queue_answered")
        for client in (one, two):
            await client.until("Hangup", ChannelStateDesc="Up")
            stamps = [float(event["Timestamp"]) for event in client.events() if "Timestamp" in event]
            assert stamps == sorted(stamps)
    assert not server.simulator.switch.channels


async def test_without_timestampevents_there_are_none() -> None:
    async with SimulatorServer(office(), timestamps=False) as server, Client(server) as client:
        await server.play("direct_missed")
        await client.until("Hangup", Cause="17")
    assert b"Timestamp" not in client.heard


async def test_hostile_names_are_escaped_as_asterisk_does(server: SimulatorServer) -> None:
    from pbx.simulator import CallerPlan

    name = 'O\'Neil "<b>"?\r\nEvent: Hangup\\'
    async with Client(server) as client:
        await server.play("direct_missed", Flow(caller=CallerPlan(number="+442079460991", name=name)))
        born = await client.until("Newchannel", Exten="+442079460101")
    assert born["CallerIDName"] == 'O\\\'Neil \\"<b>\\"\\?\\r\\nEvent: Hangup\\\\'


async def test_a_call_in_a_hurry_is_taken_and_ended_at_once(server: SimulatorServer) -> None:
    async with Client(server) as client:
        task = server.start_flow("direct_caller_hangs_up", Flow(ring_s=600.0, talk_s=600.0))
        await client.until("DialState", DialStatus="RINGING")
        server.hurry("1001")
        await client.until("BridgeEnter")
        assert not task.done
        server.hurry("1001")
        await asyncio.wait_for(server.finished(task), 5)
    assert not server.simulator.switch.channels


async def test_a_caller_who_waits_can_be_cut_off(server: SimulatorServer) -> None:
    async with Client(server) as client:
        task = server.start_flow("queue_abandoned_unrung", Flow(wait_s=600.0))
        joined = await client.until("QueueCallerJoin")
        server.hang_up(joined["CallerIDNum"])
        await client.until("QueueCallerAbandon", Uniqueid=joined["Uniqueid"])
        await asyncio.wait_for(server.finished(task), 5)
    assert not server.simulator.switch.channels


async def test_a_click_to_dial_in_a_hurry_goes_on_step_by_step(server: SimulatorServer) -> None:
    server.simulator.phones["1001"] = (Reaction.ANSWER, 20.0)
    server.simulator.remotes["+442079460999"] = Remote(reaction=Reaction.BUSY, after_s=30.0)
    async with Client(server) as client:
        await client.ask("Originate", Channel="PJSIP/1001", Exten="+442079460999", Context="from-internal")
        await client.until("DialState", DialStatus="RINGING")
        server.hurry("1001")
        await client.until("DialBegin", DialString="+442079460999@trunk-a")
        server.hurry("1001")
        await client.until("Hangup", Cause="17")


async def test_cut_links_ends_every_connection_and_the_call_goes_on(server: SimulatorServer) -> None:
    async with Client(server) as client:
        task = server.start_flow("direct_caller_hangs_up", Flow(talk_s=0.2))
        await client.until("Newchannel")
        server.cut_links()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.until("Hangup")
    async with Client(server) as again:
        assert await again.rows("CoreShowChannels")
        await server.finished(task)
        assert await again.rows("CoreShowChannels") == []


async def test_a_pbx_that_does_not_read_answers_later(server: SimulatorServer) -> None:
    async with Client(server) as client:
        server.pause_reading()
        asked = asyncio.create_task(client.ask("Ping"))
        await server.play("direct_missed")
        assert not asked.done()
        server.pause_reading(False)
        assert (await asked)["Ping"] == "Pong"


async def test_garbage_without_an_end_is_cut_off(server: SimulatorServer) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"x" * (2 << 20))
    heard = b""
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        heard = await reader.readexactly(1 << 20)
    assert b"Response" not in heard
    writer.close()


async def test_random_calls_begin_with_the_login_and_the_first_rings_within_five_seconds() -> None:
    async with SimulatorServer(office(calls_per_minute=1)) as server, Client(server) as client:
        first = await client.until("DialBegin")
    assert first["DestChannel"].startswith(f"{AGENTS[0].endpoint}-")
    assert first["Exten"] == QUEUES[0].name
    assert float(first["Timestamp"]) - server.simulator.started_at < 5.0
