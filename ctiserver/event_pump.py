"""One PBX's pump: the only one who changes that PBX's state. Reads, applies, dispatches, ticks; resyncs after each login.

While a snapshot is being read the events wait; they are applied after it (they may be older than it: handlers are idempotent).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from ctiserver.dispatcher import Dispatcher
from pbx.asterisk.ami_client import AmiClient
from pbx.asterisk.ami_events import ParseProblem
from pbx.asterisk.ami_link import EventBatch, LinkDown, LinkItem, LinkUp, QueueOverflow
from pbx.asterisk.ami_snapshot import read_snapshot
from pbx.call_events import Anomaly
from pbx.errors import PbxError
from pbx.events import FullyBooted, LinkLost, PbxEvent, PbxName, ResyncSnapshot
from pbx.pbx_state import PbxState

logger = structlog.get_logger(__name__)

TICK_S = 0.25
SELF_CHECK_S = 60.0
_RESYNC_RETRY_S = 2.0
#: A FullyBooted with less uptime than this comes from a PBX that was still starting when we logged in.
_JUST_BOOTED_S = 15
_CONCERN_THE_LINK = (ParseProblem, FullyBooted)


class EventPump:
    """Runs one `PbxState`."""

    def __init__(
        self,
        client: AmiClient,
        state: PbxState,
        dispatcher: Dispatcher,
        *,
        clock: Callable[[], float] = time.time,
        self_check_s: float = SELF_CHECK_S,
        on_self_check: Callable[[ResyncSnapshot], None] | None = None,
    ) -> None:
        """`on_self_check` sees what the PBX lists before it is compared with what we know."""
        self.client = client
        self.state = state
        self._dispatcher = dispatcher
        self._clock = clock
        self._self_check_s = self_check_s
        self._on_self_check = on_self_check
        # The last snapshot came before FullyBooted: queues and members were not all there yet.
        self._read_early = False
        # Events that arrived while a snapshot is being read; None when live.
        self._waiting: list[tuple[PbxEvent, float]] | None = None
        self._resync: asyncio.Task[None] | None = None
        self._stopping = False
        self.live = asyncio.Event()

    @property
    def held_back(self) -> int:
        """Events that were read and not applied: a snapshot is being read, or more come than can be handled."""
        return len(self._waiting or ()) + self.client.untold

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            # The socket's reader calls us: no task to wake between an event and its pop.
            self.client.deliver_to(lambda item: self._take(item, group))
            group.create_task(self.client.run(), name=f"ami-{self.state.pbx}")
            group.create_task(self._tick_for_ever(), name=f"tick-{self.state.pbx}")
            group.create_task(self._check_for_ever(), name=f"self-check-{self.state.pbx}")

    async def stop(self) -> None:
        """Log off; the lost link that follows is no alarm."""
        self._stopping = True
        await self.client.close()

    def _take(self, item: LinkItem, group: asyncio.TaskGroup) -> None:
        match item:
            case EventBatch(events=events, at=at):
                state = self.state
                for event in events:
                    if self._waiting is None and not isinstance(event, _CONCERN_THE_LINK):
                        self._apply(event, at)
                        if state.urgent:
                            self._tell(at)
                    else:
                        self._take_event(event, at, group)
                self._tell(at)
            case LinkUp():
                self._start_resync(group)
            case LinkDown(reason=reason, at=at):
                self._stop_resync()
                self.live.clear()
                tell = logger.info if self._stopping else logger.warning
                tell("telephone link lost", pbx=self.state.pbx, reason=reason)
                self._apply(LinkLost(at=at), at)
                self._tell(at)
            case QueueOverflow():
                logger.error("too many events at once; the link is cut and read anew", pbx=self.state.pbx)

    def _take_event(self, event: PbxEvent | ParseProblem, at: float, group: asyncio.TaskGroup) -> None:
        if isinstance(event, ParseProblem):
            self._dispatcher.dispatch(
                [Anomaly(at=at, pbx=PbxName(self.state.pbx), kind="unreadable_event", detail=str(event))]
            )
            return
        if isinstance(event, FullyBooted):
            just_booted = event.uptime_s is not None and event.uptime_s < _JUST_BOOTED_S
            if just_booted or self._read_early:
                self._start_resync(group)
        if self._waiting is not None:
            self._waiting.append((event, at))
        else:
            self._apply(event, at)

    def _apply(self, event: PbxEvent, now: float) -> None:
        try:
            self.state.take(event, now)
        except Exception as error:
            self._say_mistake(type(event).__name__, error, now)

    def _tell(self, now: float) -> None:
        """What one read from the socket came to: the events of one moment arrive together."""
        try:
            happened = self.state.happened(now)
        except Exception as error:
            self._say_mistake("happened", error, now)
            return
        self._dispatcher.dispatch(happened)

    def _say_mistake(self, what: str, error: Exception, now: float) -> None:
        """A bug of ours must not cost the events that follow (R21)."""
        logger.error("event not applied", pbx=self.state.pbx, event_type=what, exc_info=error)
        self._dispatcher.dispatch(
            [Anomaly(at=now, pbx=self.state.pbx, kind="not_applied", detail=f"{what}: {error!r}")]
        )

    # --- resync --------------------------------------------------------------------------------------------------------

    def _start_resync(self, group: asyncio.TaskGroup) -> None:
        self._stop_resync()
        self._waiting = self._waiting if self._waiting is not None else []
        self._resync = group.create_task(self._resync_now(), name=f"resync-{self.state.pbx}")

    def _stop_resync(self) -> None:
        if self._resync is not None:
            self._resync.cancel()
            self._resync = None
        waiting, self._waiting = self._waiting, None
        for event, at in waiting or ():
            self._apply(event, at)
            self._tell(at)

    async def _resync_now(self) -> None:
        while True:
            try:
                snapshot = await read_snapshot(self.client)
                break
            except PbxError as error:
                logger.warning("snapshot not read", pbx=self.state.pbx, reason=str(error))
                await asyncio.sleep(_RESYNC_RETRY_S)
        self._resync = None
        self._read_early = not self.client.status.booted
        if self._read_early:
            snapshot = replace(snapshot, queues=None, members=None, waiting=None)
        self._show(snapshot)
        waiting, self._waiting = self._waiting, None
        for event, at in waiting or ():
            self._apply(event, at)
            self._tell(at)
        self.live.set()
        logger.info("telephone link live", pbx=self.state.pbx, calls=len(self.state.open_calls()))

    def _show(self, snapshot: ResyncSnapshot) -> None:
        now = self._clock()
        self._apply(snapshot if snapshot.at is not None else replace(snapshot, at=now), now)
        self._tell(now)

    # --- time ----------------------------------------------------------------------------------------------------------

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            # Time does not pass ahead of the events that tell what happened in it.
            self._dispatcher.dispatch(self.state.tick(self.client.told_until(self._clock())))

    async def _check_for_ever(self) -> None:
        """Compare our open calls with the PBX's channels: an event that was missed must not leave a call for ever."""
        while True:
            await asyncio.sleep(self._self_check_s)
            if not self.live.is_set() or self.client.untold:
                continue
            try:
                snapshot = await read_snapshot(self.client, self_check=True)
            except PbxError as error:
                logger.info("self-check not possible", pbx=self.state.pbx, reason=str(error))
                continue
            if self._waiting is None and not self.client.untold:  # else it shows what we have not been told yet
                if self._on_self_check is not None:
                    self._on_self_check(snapshot)
                self._show(snapshot)
