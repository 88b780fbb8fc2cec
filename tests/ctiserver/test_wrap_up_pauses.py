"""Our pauses come and go with our wrap-up; a person's pause is never touched."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ctiserver.wrap_up_pauses import WrapUpPauses
from pbx import events as ami
from pbx.errors import PbxNotConnected, PbxRefused, PbxResultUnknown
from pbx.events import ResyncSnapshot
from tests.pbx.tape import Tape, member

PAUSED, UNPAUSED = ("pause wrapup", "PJSIP/1001", "support"), ("unpause", "PJSIP/1001", "support")


class Commands:
    """Remembers what it was asked; raises `broken`; answers only while `answers`."""

    def __init__(self, *, controls: bool = True) -> None:
        self.controls = controls
        self.asked: list[tuple[str, str, str | None]] = []
        self.broken: Exception | None = None
        self.answers = asyncio.Event()
        self.answers.set()

    async def pause_member(self, interface: str, *, reason: str, queue: str | None = None) -> None:
        await self._ask(f"pause {reason}", interface, queue)

    async def unpause_member(self, interface: str, *, queue: str | None = None) -> None:
        await self._ask("unpause", interface, queue)

    async def _ask(self, what: str, interface: str, queue: str | None) -> None:
        self.asked.append((what, interface, queue))
        await self.answers.wait()
        if self.broken is not None:
            raise self.broken


class Stage:
    """Eva sits in two queues of a PBX whose wrap-up is 20 s."""

    def __init__(self, commands: Commands, *, pause: bool, sweep_s: float) -> None:
        self.tape = Tape(wrap_up_s=20.0)
        self.commands = commands
        self.pauses = WrapUpPauses(self.tape.state, commands, pause=pause, sweep_s=sweep_s)  # type: ignore[arg-type]
        self.told = 0

    async def settle(self) -> None:
        """Tell the pauses what happened since, and let their work end."""
        for event in self.tape.told[self.told :]:
            self.pauses.apply(event)
        self.told = len(self.tape.told)
        for _ in range(20):
            await asyncio.sleep(0)

    async def asked(self, count: int) -> None:
        """So many commands were given in all."""
        async with asyncio.timeout(5):
            while len(self.commands.asked) < count:  # noqa: ASYNC110 - the next sweep comes by its own clock
                await asyncio.sleep(0.005)

    def seat(self, queue: str, *, paused: bool = False, reason: str | None = None) -> None:
        seat = member(queue, "PJSIP/1001", paused=paused, paused_reason=reason)
        self.tape.play(ami.QueueMemberChanged(self.tape.now, seat))

    def talk(self, number: str = "1") -> None:
        caller = self.tape.trunk(f"{number}.1")
        eva = self.tape.phone(f"{number}.2", "1001", linked=f"{number}.1")
        self.tape.dial(caller, eva)
        self.tape.answer(caller, eva)
        self.tape.end_talk(caller, eva)


@asynccontextmanager
async def working(commands: Commands, *, pause: bool = True, sweep_s: float = 60.0) -> AsyncIterator[Stage]:
    stage = Stage(commands, pause=pause, sweep_s=sweep_s)
    worker = asyncio.create_task(stage.pauses.run())
    yield stage
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


async def test_a_member_is_paused_for_the_wrap_up_and_unpaused_after_it() -> None:
    commands = Commands()
    async with working(commands) as stage:
        stage.seat("support")
        stage.seat("sales", paused=True, reason="lunch")
        stage.talk()
        await stage.settle()
        assert commands.asked == [PAUSED]
        stage.seat("support", paused=True, reason="wrapup")
        stage.tape.tick(25)
        await stage.settle()
        assert commands.asked[1:] == [UNPAUSED]


async def test_nobody_is_paused_unless_asked() -> None:
    commands = Commands()
    async with working(commands, pause=False) as stage:
        stage.seat("support")
        stage.talk()
        stage.tape.tick(25)
        await stage.settle()
        assert commands.asked == []


async def test_a_wrap_up_that_ends_before_the_pbx_answers_leaves_nobody_paused() -> None:
    commands = Commands()
    async with working(commands) as stage:
        stage.seat("support")
        commands.answers.clear()
        stage.talk()
        await stage.settle()
        stage.tape.tick(25)  # over, and no QueueMemberPause has told of it yet
        await stage.settle()
        commands.answers.set()
        await stage.settle()
        assert commands.asked == [PAUSED, UNPAUSED]


async def test_an_answer_that_was_lost_counts_as_a_pause() -> None:
    commands = Commands()
    async with working(commands) as stage:
        stage.seat("support")
        commands.broken = PbxResultUnknown("no answer")
        stage.talk()
        await stage.settle()
        commands.broken = None
        stage.tape.tick(25)
        await stage.settle()
        assert commands.asked == [PAUSED, UNPAUSED]


async def test_an_unpause_that_failed_is_tried_again_without_a_new_login() -> None:
    commands = Commands()
    async with working(commands, sweep_s=0.05) as stage:
        stage.seat("support", paused=True, reason="wrapup")
        await stage.settle()
        commands.broken = PbxRefused("not now")
        await stage.asked(2)
        commands.broken = None
        assert set(commands.asked) == {UNPAUSED}


async def test_who_comes_back_early_is_not_paused_again() -> None:
    commands = Commands()
    async with working(commands, sweep_s=0.02) as stage:
        stage.seat("support")
        stage.talk()
        await stage.settle()
        stage.seat("support", paused=True, reason="wrapup")
        await stage.settle()
        stage.seat("support")  # by the phone's own key
        await stage.settle()
        await asyncio.sleep(0.1)
        assert commands.asked == [PAUSED]


async def test_a_persons_own_pause_during_the_wrap_up_stays() -> None:
    commands = Commands()
    async with working(commands) as stage:
        stage.seat("support")
        stage.talk()
        await stage.settle()
        stage.seat("support", paused=True, reason="lunch")
        stage.tape.tick(25)
        await stage.settle()
        await stage.pauses.release()
        assert commands.asked == [PAUSED]


async def test_a_pause_forgotten_by_a_crash_is_released_after_the_resync() -> None:
    commands = Commands()
    async with working(commands, pause=False) as stage:
        seats = (
            member("support", "PJSIP/1001", paused=True, paused_reason="wrapup"),
            member("support", "PJSIP/1002", paused=True, paused_reason="lunch"),
        )
        stage.tape.play(ResyncSnapshot(at=1000, channels=(), queues=(), members=seats, waiting=()))
        await stage.settle()
        assert commands.asked == [UNPAUSED]


@pytest.mark.parametrize("controls", [True, False])
async def test_stopping_releases_ours_and_only_where_we_may(controls: bool) -> None:
    commands = Commands(controls=controls)
    stage = Stage(commands, pause=True, sweep_s=60.0)
    stage.seat("support", paused=True, reason="wrapup")
    stage.seat("sales", paused=True, reason="lunch")
    await stage.pauses.release()
    assert commands.asked == ([UNPAUSED] if controls else [])


async def test_stopping_releases_a_pause_that_is_on_its_way_and_begins_no_other() -> None:
    commands = Commands()
    async with working(commands) as stage:
        stage.seat("support")
        commands.answers.clear()
        stage.talk()
        await stage.settle()
        stopping = asyncio.create_task(stage.pauses.release())
        await stage.settle()
        commands.answers.set()
        await stopping
        stage.talk("2")
        await stage.settle()
        assert commands.asked == [PAUSED, UNPAUSED]


async def test_a_lost_link_is_no_error_and_the_next_resync_tries_again() -> None:
    commands = Commands()
    commands.broken = PbxNotConnected("away")
    stage = Stage(commands, pause=True, sweep_s=60.0)
    stage.seat("support", paused=True, reason="wrapup")
    await stage.pauses.release()
    assert commands.asked == [UNPAUSED]
