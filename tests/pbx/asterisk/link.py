"""An AmiClient with its stream, quick to reconnect, for tests."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from pbx import events as ev
from pbx.asterisk.ami_client import AmiClient
from pbx.asterisk.ami_link import AmiConfig, EventBatch, LinkDown, LinkItem, LinkUp
from tests.fakes.ami_server import FakeAmiServer

Item = TypeVar("Item")


class Link:
    """`next(kind)` waits for the next item or event of that kind and remembers all that passed."""

    def __init__(self, pbx: FakeAmiServer, *, clock: Callable[[], float] = time.time, **changes: Any) -> None:
        usual: dict[str, Any] = dict(  # noqa: C408 - as the call that it becomes
            name="main",
            host=pbx.host,
            port=pbx.port,
            username="cti",
            secret="secret",
            ping_interval_s=5.0,
            backoff_first_s=0.02,
            backoff_max_s=0.3,
            reconnect_max_s=0.1,
        )
        self.pbx = pbx
        self.raw: list[bytes] = []
        self.passed: list[LinkItem] = []
        config = AmiConfig(**{**usual, **changes})
        self.client = AmiClient(config, on_raw=self.raw.append, rng=random.Random(1), clock=clock)
        self._stream = self.client.messages()
        self._waiting: list[Any] = []
        self.running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Link:
        self.running = asyncio.create_task(self.client.run())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.client.close()
        assert self.running is not None
        await asyncio.wait_for(self.running, 5)

    async def next(self, kind: type[Item], timeout_s: float = 5.0) -> Item:
        """The next item (LinkUp, …) or event (Newchannel, …) of that kind; others are skipped."""
        async with asyncio.timeout(timeout_s):
            while True:
                while self._waiting:
                    found = self._waiting.pop(0)
                    if isinstance(found, kind):
                        return found
                item = await anext(self._stream)
                self.passed.append(item)
                self._waiting += item.events if isinstance(item, EventBatch) else [item]

    async def up(self) -> LinkUp:
        """Logged in, and the PBX said that it is booted."""
        found = await self.next(LinkUp)
        if self.pbx.fully_booted:
            await self.next(ev.FullyBooted)
        return found

    async def down(self) -> LinkDown:
        """The link is lost."""
        return await self.next(LinkDown)
