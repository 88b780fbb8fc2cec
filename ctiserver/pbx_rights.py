"""Which rights the manager user of a PBX lacks: asked after each login, watched for afterwards, and never silent.

Write classes are told by ListCommands, `system` by FullyBooted. `call` and `agent` are missing when the PBX lists callers of whom no event
has told: there is no action to ask for them.
"""

from __future__ import annotations

import asyncio

import structlog

from pbx.asterisk.ami_client import AmiClient
from pbx.asterisk.ami_link import LinkState
from pbx.calls import CallState
from pbx.devices import DeviceKind
from pbx.errors import PbxError
from pbx.events import ResyncSnapshot
from pbx.pbx_state import PbxState

logger = structlog.get_logger(__name__)

READS = ("CoreShowChannels", "CoreStatus", "QueueStatus")
CONTROLS = ("Originate", "Hangup", "QueuePause", "QueueAdd", "QueueRemove")
#: Action → the write class that grants it.
_GRANTED_BY = {
    "Originate": "originate",
    "Hangup": "call",
    **dict.fromkeys(("QueuePause", "QueueAdd", "QueueRemove"), "agent"),
    **dict.fromkeys(("CoreShowChannels", "CoreStatus"), "reporting"),
}
NOT_BOOTED = "Asterisk has not said FullyBooted: it is starting, or the manager user lacks read = system."
#: FullyBooted comes right after the login, when the user may read the class system.
_BOOTED_S = 2.0
#: The events of whoever is on the line for so long have come, if any come.
_HEARD_BY_NOW_S = 5.0


class PbxRights:
    """The rights of one link. `missing`: a sentence for people, None while nothing is known to be missing."""

    def __init__(self, client: AmiClient, state: PbxState) -> None:
        self._client = client
        self._state = state
        self._refused: tuple[str, ...] = ()
        self._unheard: tuple[str, ...] = ()

    @property
    def missing(self) -> str | None:
        """What to add in manager.conf."""
        rights = [f"write = {name}" for name in self._refused] + [f"read = {name}" for name in self._unheard]
        return f"The manager user lacks {', '.join(rights)}." if rights else None

    async def run(self) -> None:
        """Until cancelled: ask after each login, once its FullyBooted has had its time."""
        seen_at = asked_at = 0.0
        while True:
            await asyncio.sleep(_BOOTED_S)
            since = self._client.status.since
            if since == seen_at != asked_at and self._client.status.state is LinkState.CONNECTED:
                asked_at = since
                await self._ask()
            seen_at = since

    async def _ask(self) -> None:
        self._unheard = ()
        if not self._client.status.booted:
            logger.error("rights missing", pbx=self._state.pbx, reason=NOT_BOOTED)
        try:
            allowed = (await self._client.action({"Action": "ListCommands"})).headers
        except PbxError as error:
            logger.info("rights not asked", pbx=self._state.pbx, reason=str(error))
            return
        needed = READS if self._client.config.observe else (*READS, *CONTROLS)
        self._refused = tuple(sorted({_GRANTED_BY.get(action, action) for action in needed if action not in allowed}))
        self._say()

    def compare(self, snapshot: ResyncSnapshot) -> None:
        """The PBX's own lists, before they are taken over: has anybody told us of who is on them?"""
        calls = self._state.open_calls()
        known = {key for call in calls for key in (call.uniqueid, call.linkedid)}
        queued = {call.uniqueid for call in calls if call.state is CallState.QUEUED or call.queues}
        callers = [
            {row.channel.uniqueid, row.channel.linkedid}
            for row in snapshot.channels or ()
            if (row.duration_s or 0.0) >= _HEARD_BY_NOW_S
            and self._state.device_kind(row.channel.name) is DeviceKind.TRUNK
        ]
        waiting = [row.uniqueid for row in snapshot.waiting or () if row.wait_s >= _HEARD_BY_NOW_S]
        if callers and not any(keys & known for keys in callers):
            self._miss("call")
        elif waiting and queued.isdisjoint(waiting):
            self._miss("agent")

    def _miss(self, name: str) -> None:
        if name not in self._unheard:
            self._unheard = (*self._unheard, name)
            self._say()

    def _say(self) -> None:
        if self.missing is not None:
            logger.error("rights missing", pbx=self._state.pbx, reason=self.missing)
