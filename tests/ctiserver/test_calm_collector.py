"""Garbage is looked for among what is new, and everywhere when it is quiet, after a long while, or when there is really much."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from ctiserver.calm_collector import LONGEST_S, MIDDLE_EVERY, NEW_WORTH_IT, TOO_MANY, WORTH_IT, CalmCollector, is_due


@pytest.mark.parametrize(
    ("new_objects", "quiet", "since_s", "due"),
    [
        (WORTH_IT - 1, True, LONGEST_S, False),
        (WORTH_IT, True, 5.0, True),
        (WORTH_IT, False, LONGEST_S - 1, False),
        (WORTH_IT, False, LONGEST_S, True),
        (TOO_MANY, False, 5.0, True),
    ],
)
def test_when_a_collection_is_due(new_objects: int, quiet: bool, since_s: float, due: bool) -> None:
    assert is_due(new_objects, quiet=quiet, since_s=since_s) is due


async def test_python_collects_by_itself_again_when_the_service_stopped() -> None:
    worker = asyncio.create_task(CalmCollector(lambda: True).run())
    await asyncio.sleep(0)
    assert not gc.isenabled()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert gc.isenabled()


# --- what a busy centre leaves behind ---------------------------------------------------------------------------------


class Page:
    """What a request leaves behind: it refers to itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def by_hand() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def pages(count: int) -> list[weakref.ref[Page]]:
    """Pages that nobody needs any more."""
    return [weakref.ref(Page()) for _ in range(count)]


def alive(pages: list[weakref.ref[Page]]) -> int:
    return sum(page() is not None for page in pages)


@pytest.mark.usefixtures("by_hand")
def test_what_pages_leave_goes_though_it_is_never_quiet() -> None:
    collector = CalmCollector(lambda: False, clock=lambda: 0.0)
    left = pages(NEW_WORTH_IT)
    collector.look()
    assert alive(left) == 0


@pytest.mark.usefixtures("by_hand")
def test_a_few_new_objects_are_not_worth_a_look() -> None:
    collector = CalmCollector(lambda: True, clock=lambda: 0.0)
    left = pages(10)
    collector.look()
    assert alive(left) == 10


@pytest.mark.usefixtures("by_hand")
def test_what_lived_longer_goes_a_few_looks_later() -> None:
    collector = CalmCollector(lambda: False, clock=lambda: 0.0)
    connected = [Page() for _ in range(100)]
    left = [weakref.ref(one) for one in connected]
    pages(NEW_WORTH_IT)
    collector.look()
    connected.clear()
    for _ in range(MIDDLE_EVERY):
        assert alive(left) == 100
        pages(NEW_WORTH_IT)
        collector.look()
        if alive(left) == 0:
            break
    assert alive(left) == 0


@pytest.mark.usefixtures("by_hand")
def test_everything_is_looked_at_after_a_long_while() -> None:
    now = [0.0]
    collector = CalmCollector(lambda: False, clock=lambda: now[0])
    old = Page()
    left = weakref.ref(old)
    gc.collect()  # it is among the oldest now
    del old
    now[0] = LONGEST_S
    kept: list[list[int]] = [[] for _ in range(WORTH_IT)]
    collector.look()
    assert left() is None
    assert len(kept) == WORTH_IT
