"""What runs now: asked of a live PBX, and found again in the bytes that it answered."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pbx import events as ev
from pbx.asterisk.ami_capture import CaptureNote, read_capture
from pbx.asterisk.ami_client import AmiClient
from pbx.asterisk.ami_link import AmiConfig, BootInfo
from pbx.asterisk.ami_snapshot import read_snapshot
from pbx.errors import PbxNotConnected, PbxResultUnknown
from tests.fakes.ami_server import FakeAmiServer, event, message, snapshot

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
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


# --- captures ---------------------------------------------------------------------------------------------------------


def listed(name: str, *rows: tuple[str, list[tuple[str, str]]], end: str = "Complete") -> bytes:
    head = message(("Response", "Success"), ("ActionID", "1"), ("EventList", "start"), ("Message", "follows"))
    body = b"".join(event(kind, ("ActionID", "1"), *headers) for kind, headers in rows)
    return head + body + event(name, ("ActionID", "1"), ("EventList", end))


def state(at: float | None = None) -> bytes:
    time = [] if at is None else [("Timestamp", f"{at:.6f}")]
    return event("Newstate", *time, *CALLER)


CHANNELS = listed("CoreShowChannelsComplete", ("CoreShowChannel", running()))
QUEUES = listed("QueueStatusComplete", QUEUE, MEMBER, ENTRY)


def snapshots(*parts: bytes) -> list[ev.ResyncSnapshot]:
    return [item for item in read_capture(b"".join(parts)) if isinstance(item, ev.ResyncSnapshot)]


@pytest.mark.parametrize("lists", [(CHANNELS, QUEUES), (QUEUES, CHANNELS)])
def test_lists_that_follow_each_other_are_one_snapshot(lists: tuple[bytes, bytes]) -> None:
    (found,) = snapshots(BANNER, *lists, state(1795295650.0))
    assert found.channels is not None
    assert found.waiting is not None
    assert not found.self_check


def test_snapshot_comes_before_the_event_that_follows_its_list() -> None:
    kinds = [type(item).__name__ for item in read_capture(BANNER + state(1.0) + CHANNELS + state(2.0))]
    assert kinds == ["Newstate", "ResyncSnapshot", "Newstate", "LinkLost"]


def test_time_of_a_list_is_the_last_one_told() -> None:
    assert snapshots(BANNER, state(1795295641.0), CHANNELS, state(1795295700.0))[0].at == 1795295641.0
    pong = message(("Response", "Success"), ("Ping", "Pong"), ("Timestamp", "1795295646.5"))
    assert snapshots(BANNER, pong, CHANNELS, state(1795295700.0))[0].at == 1795295646.5


def test_without_a_time_the_channels_tell_how_long_they_have_run() -> None:
    assert snapshots(BANNER, CHANNELS, state(1795295700.0))[0].at == 1795295645.0
    assert snapshots(BANNER, CHANNELS, state(1795295644.5))[0].at == 1795295644.5  # never after what follows
    named = listed("CoreShowChannelsComplete", ("CoreShowChannel", running(Uniqueid="cti-1")))
    assert snapshots(BANNER, named, state(1795295700.0))[0].at is None


def test_capture_without_timestamps_has_a_snapshot_without_a_time() -> None:
    assert snapshots(BANNER, CHANNELS, state())[0].at is None
    assert snapshots(BANNER, CHANNELS)[0].at is None


def test_later_lists_of_a_connection_are_self_checks() -> None:
    first, second, third = snapshots(BANNER, CHANNELS, state(), CHANNELS, CHANNELS, state())
    assert (first.self_check, second.self_check, third.self_check) == (False, True, True)
    (again,) = snapshots(BANNER, CHANNELS, BANNER, CHANNELS)[1:]
    assert not again.self_check


def test_list_that_was_broken_off_tells_nothing() -> None:
    cut = listed("CoreShowChannelsComplete", ("CoreShowChannel", running()), end="cancelled")
    assert snapshots(BANNER, cut, state()) == []
    half = CHANNELS[: CHANNELS.index(b"Event: CoreShowChannelsComplete")]
    assert snapshots(BANNER, half, BANNER, CHANNELS)[0].channels == snapshots(BANNER, CHANNELS)[0].channels


def test_row_that_cannot_be_read_is_a_problem() -> None:
    bad = listed("QueueStatusComplete", ("QueueMember", [("Queue", "600")]))
    assert [type(item).__name__ for item in read_capture(BANNER + bad)] == [
        "ParseProblem",
        "ResyncSnapshot",
        "LinkLost",
    ]


def test_restart_between_two_connections_shows_in_the_second_ones_snapshot() -> None:
    def boot(clock: str) -> bytes:
        return message(("Response", "Success"), ("CoreStartupDate", "2026-11-21"), ("CoreStartupTime", clock))

    told = snapshots(
        BANNER, boot("20:00:00"), CHANNELS, BANNER, boot("20:00:00"), CHANNELS, BANNER, boot("21:00:00"), CHANNELS
    )
    assert [one.rebooted for one in told] == [False, False, True]


def test_second_banner_is_a_reconnect_wherever_it_comes() -> None:
    items = list(
        read_capture(BANNER + state(5.0) + b"Event: Newst" + BANNER + message(("Response", "Success")) + state(9.0))
    )
    assert [type(item).__name__ for item in items] == ["Newstate", "CaptureNote", "LinkLost", "Newstate", "LinkLost"]
    assert items[1] == CaptureNote("Half a message at the end of a connection was dropped (12 bytes).")
    assert [item.at for item in items if isinstance(item, ev.LinkLost)] == [5.0, 9.0]


def test_connections_that_never_logged_in() -> None:
    assert list(read_capture(BANNER + BANNER + BANNER)) == [ev.LinkLost(None)] * 3


def test_caller_whose_name_is_a_banner_does_not_break_the_link() -> None:
    name = snapshot("PJSIP/trunk-00000001", "1.1", CallerIDName="Asterisk Call Manager/11.0.0")
    items = list(read_capture(BANNER + event("Newstate", *name) + state()))
    assert [type(item).__name__ for item in items] == ["Newstate", "Newstate", "LinkLost"]


@pytest.mark.parametrize("size", [1, 7, 64, 127, 128, 129, 1000])
def test_chunks_of_any_size_give_the_same_items(size: int) -> None:
    login = message(("Response", "Success"), ("Message", "Authentication accepted"))
    capture = BANNER + login + QUEUES + CHANNELS + state(1.0) + b"Event: Ha" + BANNER + login + state(2.0) + b"Event: H"
    chunks = (capture[start : start + size] for start in range(0, len(capture), size))
    assert list(read_capture(chunks)) == list(read_capture(capture))


def test_capture_that_begins_in_the_middle_says_so() -> None:
    first, *rest = read_capture(b"ueue: 600\r\n\r\n" + state(1.0))
    assert isinstance(first, CaptureNote)
    assert [type(item).__name__ for item in rest] == ["Newstate", "CaptureNote", "LinkLost"]


def test_empty_capture_is_nothing() -> None:
    assert list(read_capture(b"")) == []


def test_capture_that_is_not_ami_ends_that_connection() -> None:
    items = list(
        read_capture(BANNER + state(1.0) + b"x" * (2 << 20) + BANNER + message(("Response", "Success")) + state(2.0))
    )
    assert [type(item).__name__ for item in items] == ["Newstate", "CaptureNote", "LinkLost", "Newstate", "LinkLost"]
