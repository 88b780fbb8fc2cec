"""Pauses queue members while our wrap-up lasts, if the operator asked for it, and never forgets to unpause them.

Our pauses carry the reason `wrapup`; only seats with that reason are ever unpaused, so a person's pause stays what it is. Whatever was
forgotten (a crash, a lost link) is found by that reason after the next resync, whatever failed on a living link by the next sweep.
"""

from __future__ import annotations

import asyncio

import structlog

from pbx.agents import AgentState, AgentStatus
from pbx.call_events import AgentStateChanged, CallEvent, PbxResynced
from pbx.commands import PbxCommands
from pbx.errors import PbxError, PbxResultUnknown
from pbx.events import QueueMember
from pbx.pbx_state import PbxState

logger = structlog.get_logger(__name__)

REASON = "wrapup"
#: A command that was refused or not answered is tried again after this time: the link may last for days.
SWEEP_S = 15.0


class WrapUpPauses:
    """Follows the agents of one PBX. `pause` False: nobody is paused, but old pauses of ours are still released.

    One worker looks at who is in wrap-up now, instead of one task for each event: a pause cannot overtake its own end.
    """

    def __init__(self, state: PbxState, commands: PbxCommands, *, pause: bool, sweep_s: float = SWEEP_S) -> None:
        self._state = state
        self._commands = commands
        self._pause = pause and commands.controls
        self._sweep_s = sweep_s
        # Agents to look at; True: even one in a call is unpaused, the pause is of an earlier life of ours.
        self._concerned: dict[str, bool] = {}
        self._wake = asyncio.Event()
        # Seats (interface, queue) that we paused and whose QueueMemberPause has not come yet.
        self._asked: set[tuple[str, str]] = set()
        self._one_at_a_time = asyncio.Lock()

    def apply(self, event: CallEvent) -> None:
        """Take in one event of any PBX."""
        match event:
            case AgentStateChanged(pbx=self._state.pbx, agent=agent) if self._pause:
                self._concerned.setdefault(agent.name, False)
                self._wake.set()
            case PbxResynced(pbx=self._state.pbx) if self._commands.controls:
                self._asked.clear()
                self._look_at_all(even_in_a_call=True)
                self._wake.set()
            case _:
                pass

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), self._sweep_s)
            except TimeoutError:
                self._look_at_all(even_in_a_call=False)
            self._wake.clear()
            await self._work()

    async def release(self) -> None:
        """We stop: nobody stays paused because of us, and nobody is paused any more."""
        self._pause = False
        if not self._commands.controls:
            return
        async with self._one_at_a_time:  # a pause that is on its way is unpaused after it
            everybody = [seat for agent in self._state.agents() for seat in self._state.seats_of(agent.name)]
            await asyncio.gather(*(self._unpause(seat) for seat in everybody if self._is_ours(seat)))

    def _look_at_all(self, *, even_in_a_call: bool) -> None:
        if self._commands.controls:
            for agent in self._state.agents():
                self._concerned[agent.name] = even_in_a_call or self._concerned.get(agent.name, False)

    async def _work(self) -> None:
        """Whoever changes while we wait for the PBX is concerned again, and looked at in the next round."""
        concerned, self._concerned = self._concerned, {}
        for agent in self._state.agents():
            if agent.name in concerned:
                for seat in self._state.seats_of(agent.name):
                    async with self._one_at_a_time:
                        await self._settle(agent, seat, even_in_a_call=concerned[agent.name])

    async def _settle(self, agent: AgentStatus, seat: QueueMember, *, even_in_a_call: bool) -> None:
        if agent.state is AgentState.WRAP_UP:
            # Asked for once: whoever unpauses themselves during the wrap-up stays so.
            if self._pause and not seat.paused and _key(seat) not in self._asked:
                await self._pause_for_wrap_up(seat)
        elif self._is_ours(seat) and (agent.call_id is None or even_in_a_call):
            await self._unpause(seat)

    def _is_ours(self, seat: QueueMember) -> bool:
        """By its reason; a person's pause, whenever it came, is none of ours."""
        if seat.paused:
            self._asked.discard(_key(seat))
            return seat.paused_reason == REASON
        return _key(seat) in self._asked

    async def _pause_for_wrap_up(self, seat: QueueMember) -> None:
        self._asked.add(_key(seat))  # also when its answer is lost
        try:
            await self._commands.pause_member(seat.interface, reason=REASON, queue=seat.queue)
        except PbxError as error:
            if not isinstance(error, PbxResultUnknown):
                self._asked.discard(_key(seat))
            self._not_done(seat, error, paused=True)

    async def _unpause(self, seat: QueueMember) -> None:
        try:
            await self._commands.unpause_member(seat.interface, queue=seat.queue)
        except PbxError as error:
            self._not_done(seat, error, paused=False)
            return
        self._asked.discard(_key(seat))

    @staticmethod
    def _not_done(seat: QueueMember, error: PbxError, *, paused: bool) -> None:
        # Not lost: the next sweep, or the resync after a lost link, finds it by its reason.
        logger.warning("wrap-up pause not set", queue=seat.queue, paused=paused, reason=str(error))


def _key(seat: QueueMember) -> tuple[str, str]:
    return seat.interface, seat.queue
