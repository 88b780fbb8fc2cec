"""Every defect of panoramisk 1.4 that could reach us (D1–D30), against a fake PBX over real TCP that misbehaves."""

import ast
import asyncio
import logging
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pbx import events as ev
from pbx.asterisk import ami_door
from pbx.asterisk.ami_events import ParseProblem
from pbx.asterisk.ami_link import LinkState
from pbx.errors import PbxNotConnected, PbxRefused, PbxResultUnknown
from tests.fakes.ami_server import FakeAmiServer, Headers, event, message, snapshot
from tests.pbx.asterisk.link import Link

CHANNEL = snapshot("PJSIP/1001-00000001", "1.1", CallerIDName="Ján Kováč מרים \U0001f600")
ORIGINATE = {"Action": "Originate", "Channel": "PJSIP/1001", "Exten": "0905123456", "Async": "true"}


async def quiet(link: Link) -> None:
    """The PBX has read and answered everything that was sent before."""
    await link.client.action({"Action": "Ping"})


async def test_d01_originate_that_a_reset_cut_off_is_never_sent_again(link: Link, pbx: FakeAmiServer) -> None:
    pbx.answers["Originate"] = None
    dialling = asyncio.create_task(link.client.action(ORIGINATE))
    await pbx.received("Originate")
    pbx.reset()
    with pytest.raises(PbxResultUnknown, match="broke"):
        await dialling
    for _ in range(3):
        await link.up()
        await quiet(link)
        assert len(pbx.of("Originate")) == 1
        pbx.drop()


async def test_d02_nothing_is_accepted_while_disconnected(pbx: FakeAmiServer) -> None:
    async with Link(pbx) as link:
        with pytest.raises(PbxNotConnected):
            await link.client.action(ORIGINATE)
        await link.up()
        await pbx.refuse_connections()
        await link.down()
        with pytest.raises(PbxNotConnected):
            await link.client.action(ORIGINATE)
        await pbx.accept_connections()
        await link.up()
        await quiet(link)
        assert pbx.of("Originate") == []


async def test_d02_nothing_is_written_to_a_connection_that_is_closing(link: Link, pbx: FakeAmiServer) -> None:
    link.client._door.protocol.transport.close()  # type: ignore[union-attr]
    with pytest.raises(PbxNotConnected):
        await link.client.action(ORIGINATE)
    await link.up()
    await quiet(link)
    assert pbx.of("Originate") == []


async def test_d03_silent_peer_is_found_within_three_pings(pbx: FakeAmiServer) -> None:
    async with Link(pbx, ping_interval_s=0.1) as link:
        await link.up()
        await pbx.received("Ping")
        pbx.go_silent()
        silent_since = asyncio.get_running_loop().time()
        lost = await link.down()
        assert "silent" in lost.reason
        assert asyncio.get_running_loop().time() - silent_since <= 0.1 * 3 + 0.7  # the machine may be busy
        await link.up()


async def test_d03_peer_that_answers_pings_stays(pbx: FakeAmiServer) -> None:
    async with Link(pbx, ping_interval_s=0.05) as link:
        await link.up()
        for _ in range(8):
            await pbx.received("Ping")
        assert pbx.connections == 1


async def test_d03_kernel_watches_the_peer_too(link: Link) -> None:
    connection = link.client._door.protocol.transport.get_extra_info("socket")  # type: ignore[union-attr]
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000


@pytest.mark.parametrize(
    "fields",
    [
        {"Exten": "123\r\n\r\nAction: Command\r\nCommand: core stop now"},
        {"Exten": "123\nVariable: X=1"},
        {"Exten": "123\rVariable: X=1"},
        {"Exten": "1\x002"},
        {"Exten\r\nAction": "Command"},
        {"Variable": ["A=1", "B=2\r\nAction: Command"]},
        {"Exten": "\udcff"},
        {"Exten": "9" * 1024},
        {"Variable": ["X=1"] * 129},
    ],
)
async def test_d04_no_value_and_no_key_can_end_its_line(
    link: Link, pbx: FakeAmiServer, fields: dict[str, str | list[str]]
) -> None:
    before = bytes(pbx.raw)
    with pytest.raises(PbxRefused, match=r"Nothing was sent|not possible"):
        await link.client.action({"Action": "Originate", **fields})
    await quiet(link)
    assert {action["Action"] for action in pbx.actions} == {"Login", "Ping"}
    assert bytes(pbx.raw[len(before) :]).count(b"Action: ") == 1


async def test_d05_failing_parser_costs_one_event_not_the_link(
    link: Link, pbx: FakeAmiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(_raw: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr("pbx.asterisk.ami_client.parse", stumble)
    await pbx.send_event("Newchannel", *CHANNEL)
    problem = await link.next(ParseProblem)
    assert problem == ParseProblem("Newchannel", "our parser failed: RuntimeError")
    monkeypatch.undo()
    await pbx.send_event("Hangup", *CHANNEL, Cause=16)
    assert (await link.next(ev.Hangup)).cause == 16
    assert pbx.connections == 1


async def test_d05_failing_journal_does_not_cost_the_link(pbx: FakeAmiServer) -> None:
    def stumble(_data: bytes) -> None:
        raise OSError("disk")

    link = Link(pbx)
    link.client._on_raw = stumble
    async with link:
        await link.up()
        await quiet(link)
        assert pbx.connections == 1


async def test_d06_twenty_thousand_events_keep_their_order_and_start_no_tasks(link: Link, pbx: FakeAmiServer) -> None:
    tasks = len(asyncio.all_tasks())
    burst = b"".join(event("DeviceStateChange", Device=f"PJSIP/{number}", State="INUSE") for number in range(20_000))
    await pbx.send(burst)
    for number in range(20_000):
        change = await link.next(ev.DeviceStateChange)
        assert change.device == f"PJSIP/{number}"
    assert len(asyncio.all_tasks()) <= tasks + 2


async def test_d07_name_split_at_every_byte_stays_whole(link: Link, pbx: FakeAmiServer) -> None:
    await pbx.send_split(event("Newchannel", *CHANNEL))
    assert (await link.next(ev.Newchannel)).channel.caller_name == "Ján Kováč מרים \U0001f600"


async def test_d07_answer_split_at_every_byte_stays_whole(link: Link, pbx: FakeAmiServer) -> None:
    pbx.answers["CoreSettings"] = None
    asking = asyncio.create_task(link.client.action({"Action": "CoreSettings"}))
    sent = await pbx.received("CoreSettings")
    await pbx.send_split(pbx.response(sent, SystemName="Žilina \U0001f600"))
    assert (await asking).headers["SystemName"] == "Žilina \U0001f600"


async def test_d08_sixteen_megabytes_without_an_end_are_given_up_at_one(link: Link, pbx: FakeAmiServer) -> None:
    chunk = b"x" * 65_536
    try:
        for _ in range(256):
            await pbx.send(chunk)
    except ConnectionError:
        pass  # the client broke off, as it should
    lost = await link.down()
    assert "does not speak AMI" in lost.reason
    assert sum(map(len, link.raw)) < 3 << 20
    await link.up()


async def test_d08_wrong_port_is_told_from_its_first_line() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    pbx = FakeAmiServer()
    pbx.port = server.sockets[0].getsockname()[1]
    async with Link(pbx) as link:
        await reason_becomes(link, "does not speak AMI")
        assert link.client.status.state is LinkState.LOST
    server.close()


async def reason_becomes(link: Link, part: str) -> None:
    async with asyncio.timeout(5):
        while part not in (link.client.status.reason or ""):  # noqa: ASYNC110 - a status is looked at, as a page does
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        ("refuse", "Authentication failed"),
        ("in_use", "Login Already In Use"),
        ("close", "ACL"),
    ],
)
async def test_d09_refused_login_says_why_and_is_not_hammered(
    pbx: FakeAmiServer, behaviour: str, sentence: str
) -> None:
    pbx.login = behaviour
    async with Link(pbx, backoff_first_s=0.05, backoff_max_s=0.2) as link:
        await reason_becomes(link, sentence)
        refused = behaviour != "close"
        assert link.client.status.state is (LinkState.REFUSED_LOGIN if refused else LinkState.LOST)
        if refused:
            begun = asyncio.get_running_loop().time()
            await pbx.login_attempts(4)
            assert asyncio.get_running_loop().time() - begun >= 0.025 + 0.1 + 0.1  # 0.05, 0.2, 0.2 with half as jitter
        pbx.login = "accept"
        await link.up()  # recovers without a restart (R7)
        assert link.client.status.reason is None


async def test_d09_login_that_is_never_answered_is_given_up(pbx: FakeAmiServer) -> None:
    pbx.login = "silent"
    async with Link(pbx, connect_timeout_s=0.1) as link:
        await reason_becomes(link, "did not answer the login")
        pbx.login = "accept"
        await link.up()


async def test_d10_pbx_that_comes_back_is_found(pbx: FakeAmiServer) -> None:
    await pbx.refuse_connections()
    async with Link(pbx) as link:
        await reason_becomes(link, "cannot be reached")
        await pbx.accept_connections()
        await link.up()


async def test_d10_link_that_breaks_at_once_again_and_again_is_not_hammered(pbx: FakeAmiServer) -> None:
    async with Link(pbx, backoff_first_s=0.05, reconnect_max_s=0.4) as link:
        begun = asyncio.get_running_loop().time()
        for _ in range(4):
            await link.up()
            pbx.drop()
            await link.down()
        await link.up()
        assert asyncio.get_running_loop().time() - begun >= (0.05 + 0.1 + 0.2 + 0.4) / 2


async def test_d11_close_stops_for_good(pbx: FakeAmiServer) -> None:
    async with Link(pbx) as link:
        await link.up()
        await link.client.close()
        assert link.client.status.state is LinkState.STOPPED
        with pytest.raises(PbxNotConnected):
            await link.client.action(ORIGINATE)
    assert pbx.connections == 1
    rest = [type(item).__name__ async for item in link.client.messages()]
    assert rest == ["LinkDown"]  # and the stream ends


async def test_d11_close_stops_the_wait_for_the_next_attempt(pbx: FakeAmiServer) -> None:
    await pbx.refuse_connections()
    async with Link(pbx, backoff_first_s=60, reconnect_max_s=60) as link:
        await reason_becomes(link, "cannot be reached")
        begun = asyncio.get_running_loop().time()
        await link.client.close()
        assert link.running is not None
        await link.running
        assert asyncio.get_running_loop().time() - begun < 2


async def test_d11_cancelled_run_leaves_no_connection(pbx: FakeAmiServer) -> None:
    for steps in range(1, 14):  # wherever the cancellation hits
        link = Link(pbx)
        running = asyncio.create_task(link.client.run())
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert link.client.status.state is LinkState.STOPPED
    async with Link(pbx) as link:
        await link.up()
        await quiet(link)
        assert len(pbx._open) == 1


async def test_d12_every_waiting_action_fails_when_the_link_drops(link: Link, pbx: FakeAmiServer) -> None:
    pbx.answers["CoreStatus"] = pbx.answers["QueueStatus"] = None
    waiting = [
        asyncio.create_task(link.client.action({"Action": "CoreStatus"}, timeout_s=60)),
        asyncio.create_task(link.client.action_list({"Action": "QueueStatus"}, timeout_s=60)),
    ]
    await pbx.received("CoreStatus")
    await pbx.received("QueueStatus")
    pbx.drop()
    for result in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(result, PbxResultUnknown)


async def test_d12_close_fails_what_waits(link: Link, pbx: FakeAmiServer) -> None:
    pbx.answers["CoreStatus"] = None
    waiting = asyncio.create_task(link.client.action({"Action": "CoreStatus"}, timeout_s=60))
    await pbx.received("CoreStatus")
    await link.client.close()
    with pytest.raises(PbxResultUnknown):
        await waiting


async def test_d13_thousand_timed_out_actions_leave_nothing_behind(link: Link, pbx: FakeAmiServer) -> None:
    late: list[Headers] = []
    pbx.answers["CoreStatus"] = late.append  # type: ignore[assignment]
    for _ in range(5):
        asked = [link.client.action({"Action": "CoreStatus"}, timeout_s=0.05) for _ in range(200)]
        for result in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(result, PbxResultUnknown)
    await quiet(link)
    protocol = link.client._door.protocol  # type: ignore[union-attr]
    assert len(late) == 1000
    assert protocol.responses == {}
    for action in late:
        await pbx.send(pbx.response(action))
    await quiet(link)
    assert protocol.responses == {}
    assert protocol._lists == set()


async def test_d13_cancelled_action_leaves_nothing_behind(link: Link, pbx: FakeAmiServer) -> None:
    pbx.answers["QueueStatus"] = None
    asking = asyncio.create_task(link.client.action_list({"Action": "QueueStatus"}))
    await pbx.received("QueueStatus")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    protocol = link.client._door.protocol  # type: ignore[union-attr]
    assert protocol.responses == {}
    assert protocol._lists == set()


async def test_d14_list_that_is_refused_completes(link: Link, pbx: FakeAmiServer) -> None:
    pbx.answers["QueueStatus"] = lambda action: pbx.response(action, "Error", Message="No such queue")
    with pytest.raises(PbxRefused, match="No such queue"):
        await link.client.action_list({"Action": "QueueStatus", "Queue": "x"})


async def test_d15_originate_without_async_does_not_cost_the_link(link: Link, pbx: FakeAmiServer) -> None:
    answer = await link.client.action({"Action": "Originate", "Channel": "PJSIP/1001"})
    assert answer.message == "Originate successfully queued"
    await quiet(link)
    assert pbx.connections == 1


async def test_d16_originate_is_answered_at_once_and_its_result_is_an_event(link: Link, pbx: FakeAmiServer) -> None:
    answer = await link.client.action({**ORIGINATE, "ActionID": "c2d-1"})
    assert answer.message == "Originate successfully queued"
    await pbx.send_event("OriginateResponse", ActionID="c2d-1", Response="Failure", Reason=3, Uniqueid="c2d-1")
    result = await link.next(ev.OriginateResponse)
    assert (result.action_id, result.success, result.reason) == ("c2d-1", False, 3)


async def test_d16_result_that_overtakes_the_answer_is_an_event_too(link: Link, pbx: FakeAmiServer) -> None:
    pbx.answers["Originate"] = lambda action: (
        event("OriginateResponse", ("ActionID", action["ActionID"]), ("Response", "Success"), ("Uniqueid", "c2d-1"))
        + pbx.response(action, Message="Originate successfully queued")
    )
    assert (await link.client.action({**ORIGINATE, "ActionID": "c2d-1"})).message
    assert (await link.next(ev.OriginateResponse)).success


async def test_d17_queue_add_resolves(link: Link) -> None:
    answer = await link.client.action({"Action": "QueueAdd", "Queue": "600", "Interface": "PJSIP/1001"}, timeout_s=2)
    assert answer.message == "Added interface to queue"


async def test_d18_second_event_header_kills_nothing(link: Link, pbx: FakeAmiServer) -> None:
    await pbx.send_event("UserEvent", ("UserEvent", "pop"), ("Name", "x"), ("Event", "Hangup"), ("Uniqueid", "1.1"))
    await pbx.send_event("Newstate", *CHANNEL, ("Event", "Shutdown"))
    assert (await link.next(ev.Newstate)).channel.uniqueid == "1.1"
    assert pbx.connections == 1


async def test_d18_answer_with_doubled_headers_is_read(link: Link, pbx: FakeAmiServer) -> None:
    pbx.answers["CoreStatus"] = lambda action: message(
        ("Response", "Success"), ("ActionID", action["ActionID"]), ("Message", "one"), ("Message", "two")
    )
    assert (await link.client.action({"Action": "CoreStatus"})).message == "one"


async def test_d18_answer_that_panoramisk_cannot_read_fails_the_action_not_the_link(
    link: Link, pbx: FakeAmiServer
) -> None:
    pbx.answers["CoreStatus"] = lambda action: message(
        ("Response", "Success"), ("Response", "Success"), ("ActionID", action["ActionID"]), ("EventList", "start")
    )
    try:
        await link.client.action({"Action": "CoreStatus"}, timeout_s=1)
    except PbxResultUnknown:
        pass  # either is right: what counts is that the link lives
    pbx.answers["CoreSettings"] = lambda action: message(
        ("Response", "Success"), ("ActionID", action["ActionID"]), ("ActionID", "other")
    )
    with pytest.raises(PbxResultUnknown):
        await link.client.action({"Action": "CoreSettings"}, timeout_s=1)
    await quiet(link)
    assert pbx.connections == 1


async def test_d19_one_channel_variable_in_a_list_is_read(link: Link, pbx: FakeAmiServer) -> None:
    pbx.channels = [[*CHANNEL, ("ChanVariable", "CALLERID(num-pres)=prohib"), ("Duration", "00:00:01")]]
    (row,) = await link.client.action_list({"Action": "CoreShowChannels"})
    assert row.headers()["ChanVariable"] == "CALLERID(num-pres)=prohib"


async def test_d20_answers_are_plain_values(link: Link) -> None:
    answer = await link.client.action({"Action": "CoreSettings"})
    assert type(answer.headers) is dict
    assert not hasattr(answer, "nonsense")


@pytest.mark.parametrize("response", ["Follows", "Fail", "Failed"])
async def test_d21_no_header_of_an_answer_is_swallowed(link: Link, pbx: FakeAmiServer, response: str) -> None:
    pbx.answers["CoreStatus"] = lambda action: pbx.response(action, response, Message="the last header")
    if response == "Follows":
        assert (await link.client.action({"Action": "CoreStatus"})).message == "the last header"
    else:
        with pytest.raises(PbxRefused, match="the last header"):
            await link.client.action({"Action": "CoreStatus"})


async def test_d22_no_secret_and_no_number_is_logged(
    pbx: FakeAmiServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with Link(pbx) as link:
        await link.up()
        await link.client.action(ORIGINATE)
        pbx.answers["Originate"] = None
        dialling = asyncio.create_task(link.client.action(ORIGINATE))
        await pbx.received("Originate")
        await pbx.received("Originate")
        await pbx.send_event("Newchannel", *snapshot("PJSIP/1-1", "1.1", CallerIDNum="+421905123456"))
        await link.next(ev.Newchannel)
        pbx.reset()
        with pytest.raises(PbxResultUnknown):
            await dialling
        await link.up()
    written = caplog.text + "".join(capfd.readouterr())
    assert "ami_lost" in written
    assert "secret" not in written.replace("secret=", "")
    assert "905123456" not in written
    assert "secret" not in repr(link.client.config).replace("secret=", "")


def calls_of(tree: ast.AST) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_d23_d24_d27_d28_the_broken_parts_of_panoramisk_are_never_used() -> None:
    """save_stream, from_config, CallManager, panoramisk.testing, register_event and send_command."""
    folder = Path(ami_door.__file__).parent
    for module in folder.glob("*.py"):
        tree = ast.parse(module.read_text())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        names = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom | ast.Import)
            for alias in node.names
        }
        ours = {name for name in imported if name and name.startswith("panoramisk")}
        assert ours <= {"panoramisk.actions", "panoramisk.ami_protocol", "panoramisk.manager"}
        assert not ours or module.name == "ami_door.py"
        assert not names & {"panoramisk", "CallManager", "testing"}
        assert not calls_of(tree) & {"save_stream", "from_config", "register_event", "send_command", "getdict"}
    script = "import sys, pbx.asterisk.ami_commands; sys.exit('panoramisk.testing' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


async def test_d24_secret_with_percent_and_other_signs_logs_in() -> None:
    secret = "50% off: ${X} # ; 'ž'"
    async with FakeAmiServer(secret=secret) as pbx, Link(pbx, secret=secret) as link:
        await link.up()


async def test_d26_outstanding_actions_have_a_limit(
    link: Link, pbx: FakeAmiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami_door, "MAX_OUTSTANDING", 20)
    pbx.answers["CoreStatus"] = None
    asked = [link.client.action({"Action": "CoreStatus"}, timeout_s=0.2) for _ in range(30)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(result).__name__ for result in results] == ["PbxResultUnknown"] * 20 + ["PbxNotConnected"] * 10
    await quiet(link)


async def test_d26_list_without_an_end_has_a_limit(
    link: Link, pbx: FakeAmiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami_door, "MAX_LIST_ROWS", 10)
    pbx.answers["CoreShowChannels"] = lambda action: pbx.list_answer(
        action, [("CoreShowChannel", CHANNEL)] * 20, "CoreShowChannelsComplete"
    )
    with pytest.raises(PbxResultUnknown):
        await link.client.action_list({"Action": "CoreShowChannels"})
    assert "rows" in (await link.down()).reason


async def test_d29_shutdown_is_an_event_and_the_end_has_a_sentence(link: Link, pbx: FakeAmiServer) -> None:
    await pbx.send_event("Shutdown", Shutdown="Cleanly", Restart="True")
    assert (await link.next(ev.Shutdown)).restart
    pbx.drop()
    assert (await link.down()).reason == "The PBX closed the connection."
    await link.up()


async def test_d29_unreachable_pbx_is_a_reason_not_an_exception(pbx: FakeAmiServer) -> None:
    await pbx.refuse_connections()
    async with Link(pbx) as link:
        await reason_becomes(link, f"{pbx.host}:{pbx.port} cannot be reached: ")


@pytest.mark.parametrize("end", ["cancelled", "Complete"])
async def test_d30_list_ends_by_its_header_whatever_the_event_is_called(
    link: Link, pbx: FakeAmiServer, end: str
) -> None:
    pbx.answers["QueueStatus"] = lambda action: (
        pbx.response(action, EventList="start")
        + event("QueueParams", ("Queue", "600"), ("ActionID", action["ActionID"]))
        + event("QueueStatusOver", ("ActionID", action["ActionID"]), ("EventList", end), ("Message", "it broke off"))
    )
    if end == "Complete":
        assert len(await link.client.action_list({"Action": "QueueStatus"}, timeout_s=2)) == 1
    else:
        with pytest.raises(PbxRefused, match="it broke off"):
            await link.client.action_list({"Action": "QueueStatus"}, timeout_s=2)


async def test_d30_list_without_an_end_times_out(link: Link, pbx: FakeAmiServer) -> None:
    pbx.answers["QueueStatus"] = lambda action: pbx.response(action, EventList="start")
    with pytest.raises(PbxResultUnknown, match="within"):
        await link.client.action_list({"Action": "QueueStatus"}, timeout_s=0.05)
    await quiet(link)


async def test_reset_in_the_middle_of_an_event_loses_only_that_event(link: Link, pbx: FakeAmiServer) -> None:
    whole = event("Newchannel", *CHANNEL)
    await pbx.send(whole + event("Hangup", *CHANNEL)[:40])
    await link.next(ev.Newchannel)
    pbx.reset()
    await link.down()
    await link.up()
    await pbx.send_event("Newstate", *CHANNEL)
    await link.next(ev.Newstate)
    assert not [item for item in link.passed if isinstance(item, ParseProblem)]


async def test_connection_that_ends_before_the_login_is_written_is_only_lost() -> None:
    class Gone(FakeAmiServer):
        async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            writer.transport.abort()

    async with Gone() as pbx, Link(pbx) as link:
        await reason_becomes(link, "ACL")
        while pbx.connections < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
