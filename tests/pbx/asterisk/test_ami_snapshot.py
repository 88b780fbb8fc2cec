"""What runs now: asked of a live PBX, and found again in the bytes that it answered."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pbx import events as ev
from pbx.asterisk.ami_capture import read_capture
from pbx.asterisk.ami_client import AmiClient
from pbx.asterisk.ami_link import AmiConfig, BootInfo
from pbx.asterisk.ami_snapshot import read_snapshot
from pbx.errors import PbxNotConnected, PbxResultUnknown
from tests.fakes.ami_server import FakeAmiServer, event, snapshot

CALLER = snapshot("PJSIP/trunk-00000001", "1795295640.1", CallerIDName="O\\'Brien")
QUEUE = ("QueueParams", [("Queue", "600"), ("Strategy", "ringall"), ("Completed", "3"), ("Abandoned", "1")])
MEMBER = ("QueueMember", [("Queue", "600"), ("Name", "Anna One"), ("Location", "PJSIP/1001"), ("Status", "1")])
ENTRY = (
    "QueueEntry",
    [
        ("Queue", "600"),
        ("Position", "1"),
        ("Channel", "PJSIP/trunk-00000001"),
        ("Uniqueid", "1795295640.1"),
        ("Wait", "7"),
    ],
)


def running(duration: str = "00:00:05", **changes: object) -> list[tuple[str, str]]:
    return [
        *snapshot("PJSIP/trunk-00000001", "1795295640.1", CallerIDName="O\\'Brien", **changes),
        *(("Application", "Queue"), ("Duration", duration), ("BridgeId", "")),
    ]


class Recorded:
    """A client, its server, and the bytes that passed."""

    def __init__(self, pbx: FakeAmiServer) -> None:
        self.pbx = pbx
        self.raw: list[bytes] = []
        config = AmiConfig(
            name="main", host=pbx.host, port=pbx.port, username="cti", secret="secret", backoff_first_s=0.01
        )
        self.client = AmiClient(config, on_raw=self.raw.append)
        self.running = asyncio.create_task(self.client.run())
        self.stream = self.client.messages()

    async def up(self) -> None:
        """Wait for LinkUp."""
        await anext(self.stream)


@pytest.fixture
async def live() -> AsyncIterator[Recorded]:
    async with FakeAmiServer() as pbx:
        recorded = Recorded(pbx)
        await recorded.up()
        yield recorded
        await recorded.client.close()
        await recorded.running


async def test_snapshot_has_channels_queues_members_and_who_waits(live: Recorded) -> None:
    live.pbx.channels = [running("26:01:05")]
    live.pbx.queue_rows = [QUEUE, MEMBER, ENTRY]
    found = await read_snapshot(live.client)
    assert found.at == 1795295646.0  # the PBX's own clock, by Ping
    assert found.channels is not None
    (channel,) = found.channels
    assert channel.channel.caller_name == "O'Brien"
    assert (channel.duration_s, channel.bridge) == (26 * 3600 + 65.0, None)
    assert found.queues == (ev.QueueParams("600", "ringall", 3, 1),)
    assert found.members is not None
    assert (found.members[0].interface, found.members[0].name) == ("PJSIP/1001", "Anna One")
    assert found.waiting == (ev.WaitingCaller("600", ev.Uniqueid("1795295640.1"), "PJSIP/trunk-00000001", 1, 7.0),)
    assert not found.rebooted
    assert live.client.boot == BootInfo("2026-11-21 20:00:00", "22.10.1", "fake")


async def test_nothing_runs_is_not_the_same_as_not_known(live: Recorded) -> None:
    live.pbx.answers["QueueStatus"] = lambda action: live.pbx.response(action, "Error", Message="Permission denied")
    found = await read_snapshot(live.client)
    assert found.channels == ()
    assert found.queues is found.members is found.waiting is None


async def test_part_that_is_never_answered_is_not_known(live: Recorded) -> None:
    live.pbx.answers["CoreShowChannels"] = None
    found = await read_snapshot(live.client, timeout_s=0.1)
    assert found.channels is None
    assert found.members == ()


async def test_list_that_the_pbx_breaks_off_is_not_known(live: Recorded) -> None:
    live.pbx.channels = [running()]
    whole = live.pbx.list_answer
    live.pbx.answers["CoreShowChannels"] = lambda action: whole(
        action, [("CoreShowChannel", running())], "CoreShowChannelsComplete"
    ).replace(b"EventList: Complete", b"EventList: cancelled")
    assert (await read_snapshot(live.client)).channels is None


async def test_row_that_cannot_be_read_costs_only_itself(live: Recorded) -> None:
    live.pbx.channels = [running(), [("Channel", "PJSIP/x-1")]]
    live.pbx.queue_rows = [("QueueMember", [("Queue", "600")]), ("Other", []), MEMBER]
    found = await read_snapshot(live.client)
    assert found.channels is not None
    assert found.members is not None
    assert (len(found.channels), len(found.members)) == (1, 1)


async def test_self_check_says_so(live: Recorded) -> None:
    assert (await read_snapshot(live.client, self_check=True)).self_check


async def test_restart_shows_by_another_start_time(live: Recorded) -> None:
    await read_snapshot(live.client)
    assert not (await read_snapshot(live.client)).rebooted
    live.pbx.started = ("2026-11-21", "21:30:00")
    assert (await read_snapshot(live.client)).rebooted
    assert not (await read_snapshot(live.client)).rebooted


async def test_boot_that_may_not_be_asked_is_unknown(live: Recorded) -> None:
    live.pbx.answers["CoreStatus"] = lambda action: live.pbx.response(action, "Error", Message="Permission denied")
    assert not (await read_snapshot(live.client)).rebooted
    assert live.client.boot is None
    live.pbx.answers["CoreStatus"] = live.pbx.response
    assert not (await read_snapshot(live.client)).rebooted
    assert live.client.boot is None


async def test_pbx_without_timestamps_gives_a_snapshot_without_a_time(live: Recorded) -> None:
    await live.pbx.send_event("Newstate", *CALLER)
    await anext(live.stream)
    while live.client.timestamps is None:
        await anext(live.stream)
    assert (await read_snapshot(live.client)).at is None


async def test_lost_link_is_no_snapshot(live: Recorded) -> None:
    live.pbx.answers["CoreShowChannels"] = None
    asking = asyncio.create_task(read_snapshot(live.client))
    await live.pbx.received("CoreShowChannels")
    live.pbx.reset()
    with pytest.raises((PbxResultUnknown, PbxNotConnected)):
        await asking


async def test_recorded_bytes_give_the_same_snapshot(live: Recorded) -> None:
    live.pbx.channels = [running()]
    live.pbx.queue_rows = [QUEUE, MEMBER, ENTRY]
    found = await read_snapshot(live.client)
    items = list(read_capture(b"".join(live.raw) + event("Newstate", ("Timestamp", "1795295650.5"), *CALLER)))
    assert items[1] == found
    assert [type(item).__name__ for item in items] == ["FullyBooted", "ResyncSnapshot", "Newstate", "LinkLost"]
