"""Garbage is looked for when it is quiet, after a long while, or when there is really much."""

import asyncio
import gc

import pytest

from ctiserver.calm_collector import LONGEST_S, TOO_MANY, WORTH_IT, CalmCollector, is_due


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
