"""Each action's answer, in the words of the real Asterisk (recorded 22.10)."""

from collections.abc import AsyncIterator

import pytest

from pbx.simulator import SimulatorServer
from pbx.simulator.cast import Reaction
from pbx.simulator.flows import Flow
from pbx.simulator.outgoing_calls import Remote
from tests.pbx.simulator.client import Client
from tests.pbx.simulator.streams import AGENTS, office


@pytest.fixture
async def server() -> AsyncIterator[SimulatorServer]:
    async with SimulatorServer(office()) as running:
        yield running


@pytest.fixture
async def client(server: SimulatorServer) -> AsyncIterator[Client]:
    async with Client(server) as connected:
        yield connected


async def test_core_settings_tell_the_version(client: Client) -> None:
    answer = await client.ask("CoreSettings")
    assert answer["AMIversion"] == "11.0.0"
    assert answer["AsteriskVersion"].startswith("22.")


@pytest.mark.parametrize(
    ("action", "headers", "message"),
    [
        ("Command", {"Command": "core show version"}, "Permission denied"),
        (
            "Nonsense",
            {},
            "Invalid/unknown command: Nonsense. Use Action: ListCommands to show available commands.",
        ),
        ("QueuePause", {"Interface": "PJSIP/9999", "Paused": "true"}, "Interface not found"),
        ("QueuePause", {"Interface": "PJSIP/1001"}, "Need 'Interface' and 'Paused' parameters."),
        ("QueueAdd", {"Queue": "nope", "Interface": "PJSIP/1005"}, "Unable to add interface to queue: No such queue"),
        ("QueueAdd", {"Queue": "support", "Interface": "PJSIP/1001"}, "Unable to add interface: Already there"),
        ("QueueRemove", {"Queue": "support", "Interface": "PJSIP/1005"}, "Unable to remove interface: Not there"),
        ("Hangup", {"Channel": "PJSIP/nope"}, "No such channel"),
        ("Hangup", {}, "No channel specified"),
        ("Originate", {"Channel": "PJSIP/nope", "Exten": "123"}, "Extension does not exist."),
        ("Originate", {"Channel": "PJSIP/1001", "Exten": "12x"}, "Extension does not exist."),
    ],
)
async def test_refusals(client: Client, action: str, headers: dict[str, str], message: str) -> None:
    answer = await client.ask(action, **headers)
    assert (answer["Response"], answer["ActionID"], answer["Message"]) == ("Error", "7", message)


async def test_list_commands_names_only_what_the_user_may() -> None:
    async with SimulatorServer(office(), write=frozenset({"reporting"})) as server, Client(server) as observer:
        commands = await observer.ask("ListCommands")
        assert "Originate" not in commands
        assert commands["CoreShowChannels"] == "List currently active channels.  (Priv: system,reporting,all)"
        refused = await observer.ask("Originate", Channel="PJSIP/1001", Exten="123456")
        assert refused["Message"] == "Permission denied"


async def test_pausing_by_interface_reaches_all_its_queues(client: Client) -> None:
    answer = await client.ask("QueuePause", Interface="PJSIP/1001", Paused="true", Reason="lunch")
    assert answer["Message"] == "Interface paused successfully"
    paused = [(await client.until("QueueMemberPause"))["Queue"] for _ in range(2)]
    assert paused == ["support", "sales"]
    rows = await client.rows("QueueStatus", Queue="support")
    anna = next(row for row in rows if row.get("Location") == "PJSIP/1001")
    assert (anna["Paused"], anna["PausedReason"]) == ("1", "lunch")


async def test_a_paused_member_is_not_rung(server: SimulatorServer, client: Client) -> None:
    await client.ask("QueuePause", Interface="PJSIP/1001", Paused="true")
    await server.play("queue_answered")
    called = await client.until("AgentCalled")
    assert called["Interface"] == "PJSIP/1002"


async def test_a_member_can_join_and_leave(client: Client) -> None:
    added = await client.ask("QueueAdd", Queue="support", Interface="PJSIP/1005", MemberName="Emil")
    assert added["Message"] == "Added interface to queue"
    event = await client.until("QueueMemberAdded")
    assert (event["MemberName"], event["Membership"]) == ("Emil", "dynamic")
    removed = await client.ask("QueueRemove", Queue="support", Interface="PJSIP/1005")
    assert removed["Message"] == "Removed interface from queue"
    assert (await client.until("QueueMemberRemoved"))["Interface"] == "PJSIP/1005"


async def test_lists_show_a_waiting_caller(server: SimulatorServer, client: Client) -> None:
    server.start_flow("queue_abandoned_unrung", Flow(wait_s=30))
    await client.until("QueueCallerJoin")
    rows = await client.rows("QueueStatus", Queue="nobody")
    assert [row["Event"] for row in rows] == ["QueueParams", "QueueEntry"]
    entry = rows[1]
    assert (entry["Position"], entry["CallerIDName"], entry["ConnectedLineName"]) == ("1", "Ján Kováč", "unknown")
    (channel,) = await client.rows("CoreShowChannels")
    assert (channel["Uniqueid"], channel["Application"], channel["BridgeId"]) == (entry["Uniqueid"], "Queue", "")
    (summary,) = await client.rows("QueueSummary", Queue="nobody")
    assert (summary["Callers"], summary["LoggedIn"]) == ("1", "0")


async def test_device_states_are_listed_while_a_phone_rings(server: SimulatorServer, client: Client) -> None:
    server.start_flow("direct_caller_gives_up", Flow(wait_s=30))
    await client.until("DialState")
    states = {row["Device"]: row["State"] for row in await client.rows("DeviceStateList")}
    assert states["PJSIP/1001"] == "BUSY"
    assert states["PJSIP/1002"] == "NOT_INUSE"
    assert len(states) == len(AGENTS)


async def test_hanging_up_a_talk_by_ami_has_no_hangup_request(server: SimulatorServer, client: Client) -> None:
    server.start_flow("queue_answered", Flow(talk_s=30))
    await client.until("BridgeEnter")
    caller = (await client.until("BridgeEnter"))["Channel"]
    assert (await client.ask("Hangup", Channel=caller))["Message"] == "Channel Hungup"
    await client.until("Hangup", Channel=caller)
    assert not any(event.name == "HangupRequest" for event in client.events())


@pytest.mark.parametrize(
    "flow",
    ["direct_caller_gives_up", "queue_abandoned_ringing", "queue_abandoned_unrung", "outbound_cancelled"],
)
async def test_whatever_rings_or_waits_can_be_hung_up(server: SimulatorServer, client: Client, flow: str) -> None:
    task = server.start_flow(flow, Flow(wait_s=30))
    caller = (await client.until("Newchannel"))["Channel"]
    await client.until("QueueCallerJoin" if flow.startswith("queue") else "DialState")
    await client.ask("Hangup", Channel=caller)
    await server.finished(task)
    assert not server.simulator.switch.channels


async def test_click_to_dial_uses_the_channel_id_for_both_legs(server: SimulatorServer, client: Client) -> None:
    server.simulator.phones["1001"] = (Reaction.ANSWER, 0.05)
    server.simulator.remotes["+442079460999"] = Remote(after_s=0.05)
    answer = await client.ask(
        "Originate",
        Channel="PJSIP/1001",
        Context="from-internal",
        Exten="+442079460999",
        Priority="1",
        Async="true",
        CallerID="Anna One <1001>",
        ChannelId="cti-c2d-1",
    )
    assert answer["Message"] == "Originate successfully queued"
    assert (await client.until("Newchannel"))["Uniqueid"] == "cti-c2d-1"
    told = await client.until("OriginateResponse")
    assert (told["ActionID"], told["Response"], told["Reason"], told["Uniqueid"]) == ("7", "Success", "4", "cti-c2d-1")
    assert (await client.until("Newchannel"))["Linkedid"] == "cti-c2d-1"
    await client.until("BridgeEnter", Uniqueid="cti-c2d-1")


async def test_a_channel_id_that_lives_is_not_taken_twice(server: SimulatorServer, client: Client) -> None:
    server.simulator.phones["1001"] = (Reaction.IGNORE, 0.0)
    order = {"Channel": "PJSIP/1001", "Exten": "+442079460999", "ChannelId": "cti-c2d-1"}
    await client.ask("Originate", **order)
    await client.until("DialState")
    await client.ask("Originate", **order)
    assert (await client.until("OriginateResponse"))["Response"] == "Failure"
