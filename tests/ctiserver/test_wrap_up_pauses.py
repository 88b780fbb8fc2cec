"""Our pauses come and go with our wrap-up; a person's pause is never touched."""

import asyncio

import pytest

from ctiserver.wrap_up_pauses import WrapUpPauses
from pbx import events as ami
from pbx.errors import PbxNotConnected
from pbx.events import ResyncSnapshot
from tests.pbx.tape import Tape, member


class Commands:
    """Remembers what it was asked; fails when `broken`."""

    def __init__(self, *, controls: bool = True) -> None:
        self.controls = controls
        self.asked: list[tuple[str, str, str | None]] = []
        self.broken = False

    async def pause_member(self, interface: str, *, reason: str, queue: str | None = None) -> None:
        self._ask(f"pause {reason}", interface, queue)

    async def unpause_member(self, interface: str, *, queue: str | None = None) -> None:
        self._ask("unpause", interface, queue)

    def _ask(self, what: str, interface: str, queue: str | None) -> None:
        self.asked.append((what, interface, queue))
        if self.broken:
            raise PbxNotConnected("away")


class Stage:
    """Eva sits in two queues of a PBX whose wrap-up is 20 s."""

    def __init__(self, commands: Commands, *, pause: bool = True) -> None:
        self.tape = Tape(wrap_up_s=20.0)
        self.pauses = WrapUpPauses(self.tape.state, commands, pause=pause)  # type: ignore[arg-type]
        self.told = 0

    async def settle(self) -> None:
        """Tell the pauses what happened since, and let their work end."""
        for event in self.tape.told[self.told :]:
            self.pauses.apply(event)
        self.told = len(self.tape.told)
        for _ in range(5):
            await asyncio.sleep(0)

    def seat(self, queue: str, *, paused: bool = False, reason: str | None = None) -> None:
        seat = member(queue, "PJSIP/1001", paused=paused, paused_reason=reason)
        self.tape.play(ami.QueueMemberChanged(self.tape.now, seat))

    def talk(self) -> None:
        caller = self.tape.trunk("1.1")
        eva = self.tape.phone("1.2", "1001", linked="1.1")
        self.tape.dial(caller, eva)
        self.tape.answer(caller, eva)
        self.tape.end_talk(caller, eva)


async def test_a_member_is_paused_for_the_wrap_up_and_unpaused_after_it() -> None:
    commands = Commands()
    stage = Stage(commands)
    stage.seat("support")
    stage.seat("sales", paused=True, reason="lunch")
    stage.talk()
    await stage.settle()
    assert commands.asked == [("pause wrapup", "PJSIP/1001", "support")]
    stage.seat("support", paused=True, reason="wrapup")
    stage.tape.tick(25)
    await stage.settle()
    assert commands.asked[1:] == [("unpause", "PJSIP/1001", "support")]


async def test_nobody_is_paused_unless_asked() -> None:
    commands = Commands()
    stage = Stage(commands, pause=False)
    stage.seat("support")
    stage.talk()
    stage.tape.tick(25)
    await stage.settle()
    assert commands.asked == []


async def test_a_pause_forgotten_by_a_crash_is_released_after_the_resync() -> None:
    commands = Commands()
    stage = Stage(commands, pause=False)
    seats = (
        member("support", "PJSIP/1001", paused=True, paused_reason="wrapup"),
        member("support", "PJSIP/1002", paused=True, paused_reason="lunch"),
    )
    stage.tape.play(ResyncSnapshot(at=1000, channels=(), queues=(), members=seats, waiting=()))
    await stage.settle()
    assert commands.asked == [("unpause", "PJSIP/1001", "support")]


@pytest.mark.parametrize("controls", [True, False])
async def test_stopping_releases_ours_and_only_where_we_may(controls: bool) -> None:
    commands = Commands(controls=controls)
    stage = Stage(commands)
    stage.seat("support", paused=True, reason="wrapup")
    stage.seat("sales", paused=True, reason="lunch")
    await stage.settle()
    commands.asked.clear()
    await stage.pauses.release()
    assert commands.asked == ([("unpause", "PJSIP/1001", "support")] if controls else [])


async def test_a_lost_link_is_no_error_and_the_next_resync_tries_again() -> None:
    commands = Commands()
    commands.broken = True
    stage = Stage(commands)
    stage.seat("support", paused=True, reason="wrapup")
    await stage.pauses.release()
    assert commands.asked == [("unpause", "PJSIP/1001", "support")]
