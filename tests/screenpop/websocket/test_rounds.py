"""A wall of screens gets the board's news in rounds; a pop goes out between them."""

from __future__ import annotations

import asyncio

from screenpop.websocket.rounds import SOCKETS_AT_ONCE, FlushRounds


class Screen:
    """Stands for a socket: notes when it was flushed."""

    def __init__(self, flushed: list[object], broken: bool = False) -> None:
        self._flushed = flushed
        self._broken = broken
        self.session = self
        self.user = self
        self.name = "eva"

    def flush(self) -> None:
        self._flushed.append(self)
        if self._broken:
            raise RuntimeError("a bug of ours")


async def test_something_urgent_goes_between_two_rounds() -> None:
    flushed: list[object] = []
    rounds = FlushRounds()
    for _ in range(SOCKETS_AT_ONCE * 2):
        rounds.add(Screen(flushed))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert len(flushed) == SOCKETS_AT_ONCE
    flushed.append("a pop")
    await asyncio.sleep(0)
    assert flushed.index("a pop") == SOCKETS_AT_ONCE
    assert len(flushed) == SOCKETS_AT_ONCE * 2 + 1


async def test_each_socket_is_flushed_once_and_a_broken_one_holds_nobody_up() -> None:
    flushed: list[object] = []
    rounds = FlushRounds()
    broken, whole = Screen(flushed, broken=True), Screen(flushed)
    for screen in (broken, whole, broken):
        rounds.add(screen)  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert flushed == [broken, whole]
