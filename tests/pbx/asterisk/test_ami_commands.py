"""What our commands look like on the wire, and what they never do."""

import asyncio

import pytest

from pbx.asterisk.ami_commands import AmiCommands, DialPlan
from pbx.commands import Originate, PbxCommands
from pbx.errors import ControlsOff, PbxNotConnected, PbxRefused, PbxResultUnknown
from tests.fakes.ami_server import FakeAmiServer
from tests.pbx.asterisk.link import Link

PLAN = DialPlan(
    channel="Local/{extension}@originate-skipvm",
    context="from-internal",
    variables={"CTI": "1", "SIPADDHEADER": "Call-Info: answer-after=0"},
    timeout_s=20,
)


def request(number: str = "+421905123456", **changes: str) -> Originate:
    usual = {"channel_id": "c-1", "agent": "eva", "endpoint": "PJSIP/1001", "extension": "1001", "number": number}
    return Originate(**{**usual, **changes})


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def commands(link: Link, clock: Clock) -> PbxCommands:
    return AmiCommands(link.client, PLAN, timeout_s=2.0, clock=clock)


async def test_originate_is_ours_but_for_the_number(commands: PbxCommands, pbx: FakeAmiServer) -> None:
    await commands.originate(request())
    sent = await pbx.received("Originate")
    assert sent == {
        "Action": "Originate",
        "ActionID": "c-1",
        "ChannelId": "c-1",
        "Channel": "Local/1001@originate-skipvm",
        "Context": "from-internal",
        "Exten": "+421905123456",
        "Priority": "1",
        "CallerID": "CTI <1001>",
        "Timeout": "20000",
        "Async": "true",
        "Variable": "CTI=1",
    }
    assert b"Variable: SIPADDHEADER=Call-Info: answer-after=0\r\n" in pbx.raw
    assert not {"Application", "Data"} & sent.keys()


async def test_originate_without_variables_and_by_endpoint(link: Link, pbx: FakeAmiServer) -> None:
    await AmiCommands(link.client, DialPlan(channel="{endpoint}")).originate(request("112"))
    sent = await pbx.received("Originate")
    assert (sent["Channel"], sent["Exten"]) == ("PJSIP/1001", "112")
    assert "Variable" not in sent


@pytest.mark.parametrize(
    "changes",
    [
        *(
            {"number": number}
            for number in ("", "+", "1,2", "1&2", "1@x", "1/2", "${X}", "12\n", "1" * 30, "12a", "1\r\n2")
        ),
        {"channel_id": "C 1"},
        {"channel_id": ""},
        {"extension": "1001@elsewhere"},
        {"extension": "1001&PJSIP/1002"},
        {"endpoint": "PJSIP/1001&PJSIP/1002"},
        {"endpoint": "1001"},
    ],
)
async def test_t2_nothing_but_plain_values_reaches_the_dialplan(
    commands: PbxCommands, pbx: FakeAmiServer, changes: dict[str, str]
) -> None:
    with pytest.raises(PbxRefused, match="Nothing was sent"):
        await commands.originate(request(**changes))
    assert pbx.of("Originate") == []


async def test_double_click_dials_once(commands: PbxCommands, pbx: FakeAmiServer) -> None:
    pbx.answer_delay_s = 0.02
    results = await asyncio.gather(
        commands.originate(request(channel_id="c-1")),
        commands.originate(request(channel_id="c-2")),
        return_exceptions=True,
    )
    assert results[0] is None
    assert isinstance(results[1], PbxRefused)
    assert [sent["ChannelId"] for sent in pbx.of("Originate")] == ["c-1"]


async def test_agent_may_dial_again_when_the_phones_result_is_known(
    commands: PbxCommands, link: Link, pbx: FakeAmiServer
) -> None:
    await commands.originate(request(channel_id="c-1"))
    with pytest.raises(PbxRefused, match="already being called"):
        await commands.originate(request(channel_id="c-2"))
    await pbx.send_event("OriginateResponse", ActionID="other", Response="Failure", Uniqueid="other", Reason=0)
    await pbx.send_event("OriginateResponse", ActionID="c-1", Response="Failure", Uniqueid="c-1", Reason=0)
    await link.client.action({"Action": "Ping"})
    await commands.originate(request(channel_id="c-3"))


async def test_agent_may_dial_again_when_the_phone_has_rung_out(commands: PbxCommands, clock: Clock) -> None:
    await commands.originate(request(channel_id="c-1"))
    clock.now = 21.9
    with pytest.raises(PbxRefused):
        await commands.originate(request(channel_id="c-2"))
    clock.now = 22.1
    await commands.originate(request(channel_id="c-3"))


async def test_agents_dial_side_by_side(commands: PbxCommands, pbx: FakeAmiServer) -> None:
    await commands.originate(request(channel_id="c-1"))
    await commands.originate(request(channel_id="c-2", agent="jan", extension="1002", endpoint="PJSIP/1002"))
    assert len(pbx.of("Originate")) == 2


async def test_refused_originate_frees_the_agent(commands: PbxCommands, pbx: FakeAmiServer) -> None:
    pbx.answers["Originate"] = lambda action: pbx.response(action, "Error", Message="Extension does not exist.")
    for number in ("1", "2"):
        with pytest.raises(PbxRefused, match="Extension does not exist"):
            await commands.originate(request(channel_id=f"c-{number}"))


async def test_a73_originate_without_an_answer_is_unknown_and_not_repeated(
    commands: PbxCommands, link: Link, pbx: FakeAmiServer
) -> None:
    pbx.answers["Originate"] = None
    dialling = asyncio.create_task(commands.originate(request()))
    await pbx.received("Originate")
    pbx.reset()
    with pytest.raises(PbxResultUnknown):
        await dialling
    await link.down()
    await link.up()
    with pytest.raises(PbxRefused, match="already being called"):  # the phone may be ringing
        await commands.originate(request(channel_id="c-2"))
    assert len(pbx.of("Originate")) == 1


async def test_dialling_without_a_link_sends_nothing_and_frees_the_agent(
    commands: PbxCommands, link: Link, pbx: FakeAmiServer
) -> None:
    await pbx.refuse_connections()
    await link.down()
    for _ in range(2):
        with pytest.raises(PbxNotConnected):
            await commands.originate(request())


async def test_queue_commands_and_hang_up(commands: PbxCommands, pbx: FakeAmiServer) -> None:
    await commands.pause_member("Local/1001@from-queue/n", reason="obed", queue="600")
    await commands.pause_member("PJSIP/1001", reason="lunch")
    await commands.unpause_member("PJSIP/1001")
    await commands.add_member("600", "Local/1001@from-queue/n", name="Anna One", state_interface="hint:1001@ext-local")
    await commands.add_member("600", "PJSIP/1002", name="Boris")
    await commands.remove_member("600", "PJSIP/1001")
    await commands.hang_up("PJSIP/1001-00000001")
    sent = [{key: value for key, value in action.items() if key != "ActionID"} for action in pbx.actions[1:]]
    assert sent == [
        {
            "Action": "QueuePause",
            "Interface": "Local/1001@from-queue/n",
            "Paused": "true",
            "Reason": "obed",
            "Queue": "600",
        },
        {"Action": "QueuePause", "Interface": "PJSIP/1001", "Paused": "true", "Reason": "lunch"},
        {"Action": "QueuePause", "Interface": "PJSIP/1001", "Paused": "false"},
        {
            "Action": "QueueAdd",
            "Queue": "600",
            "Interface": "Local/1001@from-queue/n",
            "MemberName": "Anna One",
            "Penalty": "0",
            "StateInterface": "hint:1001@ext-local",
        },
        {"Action": "QueueAdd", "Queue": "600", "Interface": "PJSIP/1002", "MemberName": "Boris", "Penalty": "0"},
        {"Action": "QueueRemove", "Queue": "600", "Interface": "PJSIP/1001"},
        {"Action": "Hangup", "Channel": "PJSIP/1001-00000001", "Cause": "16"},
    ]


@pytest.mark.parametrize("channel", ["/PJSIP.*/", "/", ""])
async def test_pattern_never_hangs_up_many(commands: PbxCommands, pbx: FakeAmiServer, channel: str) -> None:
    with pytest.raises(PbxRefused):
        await commands.hang_up(channel)
    assert pbx.of("Hangup") == []


async def test_t1_every_parameter_is_guarded_against_line_breaks(commands: PbxCommands, pbx: FakeAmiServer) -> None:
    bad = "x\r\n\r\nAction: Command\r\nCommand: core stop now"
    for attempt in (
        commands.pause_member(bad, reason="r"),
        commands.pause_member("i", reason=bad),
        commands.pause_member("i", reason="r", queue=bad),
        commands.unpause_member(bad),
        commands.unpause_member("i", queue=bad),
        commands.add_member(bad, "i", name="n"),
        commands.add_member("q", bad, name="n"),
        commands.add_member("q", "i", name=bad),
        commands.add_member("q", "i", name="n", state_interface=bad),
        commands.remove_member(bad, "i"),
        commands.remove_member("q", bad),
        commands.hang_up(bad),
    ):
        with pytest.raises(PbxRefused, match="Nothing was sent"):
            await attempt
    assert [action["Action"] for action in pbx.actions] == ["Login"]


async def test_observer_mode_has_no_controls(pbx: FakeAmiServer) -> None:
    async with Link(pbx, observe=True) as link:
        await link.up()
        commands: PbxCommands = AmiCommands(link.client, PLAN)
        assert not commands.controls
        for attempt in (
            commands.originate(request()),
            commands.hang_up("PJSIP/1001-00000001"),
            commands.pause_member("PJSIP/1001", reason="x"),
            commands.unpause_member("PJSIP/1001"),
            commands.add_member("600", "PJSIP/1001", name="Anna"),
            commands.remove_member("600", "PJSIP/1001"),
        ):
            with pytest.raises(ControlsOff):
                await attempt
    assert {action["Action"] for action in pbx.actions} == {"Login"}


async def test_controls_are_on_otherwise(commands: PbxCommands) -> None:
    assert commands.controls
