"""What a scenario has in its hands: a running Asterisk, an AMI recorder, phones and callers."""

import json
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.asterisk.capture import AmiRecorder
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.sipp import AgentPhone, Caller, TrunkUas
from tests.asterisk.sipp_scenarios import Answering, Calling
from tests.asterisk.truth import CallTruth

# Invented people with numbers that no one has.
JAN = {"number": "+447700900123", "name": "Ján Kováč"}
MARY = {"number": "+447700900145", "name": "Mary Seán"}


@dataclass(frozen=True, slots=True)
class Lab:
    """The stage of one scenario; phones put on it stay until the scenario is over."""

    pbx: RealAsterisk
    ami: AmiRecorder
    stage: AsyncExitStack
    # Calls that no SIP party saw: the PBX gave up before it reached a phone.
    unseen: list[CallTruth] = field(default_factory=list)

    async def phone(self, endpoint: str, **behaviour: Any) -> AgentPhone:
        """Switch a phone on: `Answering`'s fields say how it treats calls."""
        return await self.stage.enter_async_context(AgentPhone(self.pbx, endpoint, Answering(**behaviour)))

    async def operator(self, trunk: str = "trunk-a", **behaviour: Any) -> TrunkUas:
        """Let the operator take our outgoing calls."""
        return await self.stage.enter_async_context(TrunkUas(self.pbx, trunk, Answering(**behaviour)))

    async def call(self, dialled: str, *, caller: dict[str, Any] = JAN, **behaviour: Any) -> None:
        """Call from outside (or from `source`) and wait for the end: `Calling`'s fields say how the caller behaves."""
        await self.caller(dialled, caller=caller, **behaviour).call()

    def caller(self, dialled: str, *, caller: dict[str, Any] = JAN, **behaviour: Any) -> Caller:
        """A caller who has not dialled yet."""
        return Caller(self.pbx, dialled, **caller, behaviour=Calling(**behaviour))

    def tell(self, phone: str, how: str, target: str) -> None:
        """Note for the truth what the PBX is now asked to do with a phone's call: no phone sees who asked for it."""
        fact = {"at": time.time(), "phone": phone, "how": how, "target": target}
        with (self.pbx.log_dir / "told.jsonl").open("a", encoding="utf-8") as told:
            told.write(json.dumps(fact) + "\n")

    async def dial(self, extension: str, dialled: str, **behaviour: Any) -> None:
        """Call from a colleague's phone and wait for the end."""
        await self.call(dialled, caller={"source": extension}, **behaviour)


Play = Callable[[Lab], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named flow, the lines of telephony.md 1.5 that it shows, and how it is recorded."""

    name: str
    covers: tuple[str, ...]
    play: Play
    user: str
    shape: str

    @property
    def flow(self) -> str:
        """What happens, in a sentence."""
        return (self.play.__doc__ or "").strip()


SCENARIOS: dict[str, Scenario] = {}


def scenario(*covers: str, user: str = "cti", shape: str = "plain") -> Callable[[Play], Play]:
    """Register a coroutine under its own name."""

    def register(play: Play) -> Play:
        SCENARIOS[play.__name__] = Scenario(play.__name__, covers, play, user, shape)
        return play

    return register
