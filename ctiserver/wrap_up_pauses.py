"""Pauses queue members while our wrap-up lasts, if the operator asked for it, and never forgets to unpause them.

Our pauses carry the reason `wrapup`; only seats with that reason are ever unpaused, so a person's pause stays what it is. Whatever was
forgotten (a crash, a lost link) is found by that reason after the next resync.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

import structlog

from pbx.agents import AgentState
from pbx.call_events import AgentStateChanged, CallEvent, PbxResynced
from pbx.commands import PbxCommands
from pbx.errors import PbxError
from pbx.events import QueueMember
from pbx.pbx_state import PbxState

logger = structlog.get_logger(__name__)

REASON = "wrapup"


class WrapUpPauses:
    """Follows the agents of one PBX. `pause` False: nobody is paused, but old pauses of ours are still released."""

    def __init__(self, state: PbxState, commands: PbxCommands, *, pause: bool) -> None:
        self._state = state
        self._commands = commands
        self._pause = pause and commands.controls
        self._working: set[asyncio.Task[None]] = set()

    def apply(self, event: CallEvent) -> None:
        """Take in one event of any PBX."""
        match event:
            case AgentStateChanged(pbx=self._state.pbx, agent=agent) if self._pause:
                seats = self._state.seats_of(agent.name)
                if agent.state is AgentState.WRAP_UP:
                    self._start(self._set(seats, paused=True))
                elif agent.call_id is None:
                    self._start(self._set(seats, paused=False))
            case PbxResynced(pbx=self._state.pbx) if self._commands.controls:
                self._start(self._set(self._forgotten(), paused=False))
            case _:
                pass

    def _forgotten(self) -> list[QueueMember]:
        """Seats that we paused and whose wrap-up is over."""
        return [
            seat
            for agent in self._state.agents()
            if agent.state is not AgentState.WRAP_UP
            for seat in self._state.seats_of(agent.name)
        ]

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _set(self, seats: Iterable[QueueMember], *, paused: bool) -> None:
        for seat in seats:
            ours = seat.paused and seat.paused_reason == REASON
            if (paused and seat.paused) or (not paused and not ours):
                continue
            try:
                if paused:
                    await self._commands.pause_member(seat.interface, reason=REASON, queue=seat.queue)
                else:
                    await self._commands.unpause_member(seat.interface, queue=seat.queue)
            except PbxError as error:
                # Not lost: the next resync finds it by its reason.
                logger.warning("wrap-up pause not set", queue=seat.queue, paused=paused, reason=str(error))

    async def release(self) -> None:
        """We stop: nobody stays paused because of us."""
        if self._commands.controls:
            everybody = [seat for agent in self._state.agents() for seat in self._state.seats_of(agent.name)]
            await self._set(everybody, paused=False)
