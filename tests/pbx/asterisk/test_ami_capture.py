"""A recorded stream tells what a live link would have told: reconnects, snapshots, half messages."""

import pytest

from pbx import events as ev
from pbx.asterisk.ami_capture import CaptureNote, read_capture
from tests.fakes.ami_server import event, message, snapshot

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
