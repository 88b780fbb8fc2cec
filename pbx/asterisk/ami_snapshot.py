"""What runs on the PBX now: asked for after a login, or recognised in a recorded stream (SnapshotAssembler)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import structlog

from pbx.asterisk.ami_client import AmiClient
from pbx.asterisk.ami_decoder import RawMessage
from pbx.asterisk.ami_events import ParseProblem
from pbx.asterisk.ami_headers import BadHeader, seconds
from pbx.asterisk.ami_link import BootInfo, LinkState
from pbx.asterisk.ami_queue_rows import member_of_answer, queue_params, running_channel, waiting_caller
from pbx.errors import PbxRefused, PbxResultUnknown
from pbx.events import (
    FullyBooted,
    PbxEvent,
    QueueMember,
    QueueParams,
    ResyncSnapshot,
    RunningChannel,
    WaitingCaller,
)

logger = structlog.get_logger(__name__)

Row: TypeAlias = RunningChannel | QueueParams | QueueMember | WaitingCaller

_EPOCH = re.compile(r"(?:^|-)([0-9]{9,11})\.[0-9]+$")

_ROWS: Mapping[bytes, Callable[[str], Row]] = {
    b"CoreShowChannel": running_channel,
    b"QueueParams": queue_params,
    b"QueueMember": member_of_answer,
    b"QueueEntry": waiting_caller,
}


async def read_snapshot(client: AmiClient, *, self_check: bool = False, timeout_s: float = 20.0) -> ResyncSnapshot:
    """Ask the PBX what runs now. A part that it refuses is None; a lost link raises PbxNotConnected or PbxResultUnknown."""
    at = await _pbx_time(client, timeout_s)
    boot, queues, channels = await asyncio.gather(
        read_boot(client, timeout_s=timeout_s),
        _rows(client, "QueueStatus", timeout_s),
        _rows(client, "CoreShowChannels", timeout_s),
    )
    rebooted = client.boot is not None and boot is not None and boot.started != client.boot.started
    client.boot = boot or client.boot
    return _snapshot(channels, queues, at=at, self_check=self_check, rebooted=rebooted)


async def _pbx_time(client: AmiClient, timeout_s: float) -> float | None:
    """Now, by the PBX's clock: the answers to lists have no Timestamp, the one to Ping has. None when its events have none."""
    pong = await client.action({"Action": "Ping"}, timeout_s=timeout_s)
    return None if client.timestamps is False else seconds(pong.headers.get("Timestamp", ""))


async def read_boot(client: AmiClient, *, timeout_s: float = 20.0) -> BootInfo | None:
    """Which run of Asterisk this is; None when the manager user may not ask."""
    try:
        status = (await client.action({"Action": "CoreStatus"}, timeout_s=timeout_s)).headers
        settings = (await client.action({"Action": "CoreSettings"}, timeout_s=timeout_s)).headers
    except PbxRefused as refusal:
        logger.warning("ami_boot_unknown", pbx=client.config.name, reason=str(refusal))
        return None
    return boot_info({**status, **settings})


def boot_info(headers: Mapping[str, str]) -> BootInfo | None:
    """From the answers of CoreStatus and CoreSettings; None without a start time."""
    day, clock = headers.get("CoreStartupDate"), headers.get("CoreStartupTime")
    if not day or not clock:
        return None
    return BootInfo(f"{day} {clock}", headers.get("AsteriskVersion"), headers.get("SystemName") or None)


async def _rows(client: AmiClient, action: str, timeout_s: float) -> list[Row] | None:
    try:
        answers = await client.action_list({"Action": action}, timeout_s=timeout_s)
    except PbxRefused as refusal:
        logger.warning("ami_snapshot_part_refused", pbx=client.config.name, action=action, reason=str(refusal))
        return None
    except PbxResultUnknown:
        if client.status.state is not LinkState.CONNECTED:
            raise
        logger.warning("ami_snapshot_part_unanswered", pbx=client.config.name, action=action)
        return None
    rows = [_row(answer) for answer in answers]
    for row in rows:
        if isinstance(row, ParseProblem):
            logger.warning("ami_row_unreadable", pbx=client.config.name, row=row.event, reason=row.reason)
    return [row for row in rows if row is not None and not isinstance(row, ParseProblem)]


def _row(answer: RawMessage) -> Row | ParseProblem | None:
    parser = _ROWS.get(answer.name)
    if parser is None:
        return None
    try:
        return parser(answer.block.decode("utf-8", "replace"))
    except BadHeader as problem:
        return ParseProblem(answer.name.decode("ascii", "replace"), str(problem))


def _snapshot(
    channels: Sequence[Row] | None,
    queues: Sequence[Row] | None,
    *,
    at: float | None,
    self_check: bool,
    rebooted: bool,
) -> ResyncSnapshot:
    """Rows of the two lists, sorted by what they are."""
    return ResyncSnapshot(
        at=at,
        channels=None if channels is None else tuple(row for row in channels if isinstance(row, RunningChannel)),
        queues=None if queues is None else tuple(row for row in queues if isinstance(row, QueueParams)),
        members=None if queues is None else tuple(row for row in queues if isinstance(row, QueueMember)),
        waiting=None if queues is None else tuple(row for row in queues if isinstance(row, WaitingCaller)),
        self_check=self_check,
        rebooted=rebooted,
    )


class SnapshotAssembler:
    """Finds the answers of CoreShowChannels and QueueStatus in a recorded stream.

    Lists that follow each other are told as one snapshot, when the next event comes: lists have no time of their own.
    """

    def __init__(self) -> None:
        self._boot: BootInfo | None = None
        self._rebooted = False
        self._start()

    def _start(self) -> None:
        self._rows: list[Row] = []
        self._channels: list[Row] | None = None
        self._queues: list[Row] | None = None
        self._told: set[str] = set()
        self._time: float | None = None

    def answer(self, message: RawMessage) -> Iterator[ResyncSnapshot | ParseProblem]:
        """Give it every answer in order."""
        if message.name in _ROWS:
            row = _row(message)
            if isinstance(row, ParseProblem):
                yield row
            elif row is not None:
                self._rows.append(row)
        elif message.name == b"Response":
            self._take_response(message.headers())
        elif message.name in (b"QueueStatusComplete", b"CoreShowChannelsComplete"):
            yield from self._complete(message)

    def before(self, event: PbxEvent) -> Iterator[ResyncSnapshot]:
        """Give it every event before it takes effect."""
        at = event.at
        yield from self._tell(at, timed=at is not None or isinstance(event, FullyBooted))
        self._time = at or self._time

    def end(self) -> Iterator[ResyncSnapshot]:
        """The connection is over."""
        yield from self._tell(None, timed=self._time is not None)
        self._start()

    def _take_response(self, headers: Mapping[str, str]) -> None:
        if headers.get("EventList", "").lower() == "start":
            self._rows = []
        if "Ping" in headers:
            self._time = seconds(headers.get("Timestamp", "")) or self._time
        boot = boot_info(headers)
        if boot is not None:
            self._rebooted |= self._boot is not None and boot.started != self._boot.started
            self._boot = boot

    def _complete(self, message: RawMessage) -> Iterator[ResyncSnapshot]:
        rows, self._rows = self._rows, []
        if message.headers().get("EventList", "").lower() == "cancelled":
            return
        of_queues = message.name == b"QueueStatusComplete"
        if (self._queues if of_queues else self._channels) is not None:
            yield from self._tell(None, timed=self._time is not None)
        if of_queues:
            self._queues = rows
        else:
            self._channels = rows

    def _tell(self, before: float | None, *, timed: bool) -> Iterator[ResyncSnapshot]:
        channels, queues = self._channels, self._queues
        if channels is None and queues is None:
            return
        at = (self._time or _latest(channels or ())) if timed else None
        if at is not None and before is not None:
            at = min(at, before)
        parts = {name for name, rows in (("channels", channels), ("queues", queues)) if rows is not None}
        yield _snapshot(channels, queues, at=at, self_check=parts <= self._told, rebooted=self._rebooted)
        self._told |= parts
        self._channels, self._queues, self._rebooted = None, None, False


def _latest(channels: Sequence[Row]) -> float | None:
    """When the list was written, by Asterisk's own Uniqueids (epoch.counter) and how long each channel has run; to a second."""
    moments = [
        float(epoch[1]) + row.duration_s
        for row in channels
        if isinstance(row, RunningChannel)
        and row.duration_s is not None
        and (epoch := _EPOCH.search(row.channel.uniqueid))
    ]
    return max(moments, default=None)
