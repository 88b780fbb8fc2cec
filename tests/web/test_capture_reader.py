"""The reader knows the territory's holidays, loads them once a year, and not on the loop."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from crm_store.working_days import WorkingDays
from web import capture_reader
from web.capture_reader import CaptureReader

BEFORE_EASTER = datetime(2026, 4, 2, 9, tzinfo=UTC)
LINE = "send it next business day"


async def test_the_holidays_of_the_territory_are_known() -> None:
    captured = await CaptureReader(territory="SK", time_zone="Europe/Bratislava").read(
        LINE, language="en", now=BEFORE_EASTER
    )
    assert captured.task is not None
    assert captured.task.due_at == datetime(2026, 4, 7, 8, tzinfo=UTC)


async def test_they_are_loaded_once_for_all_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def days(territory: str, years: range) -> WorkingDays:
        asked.append((territory, years))
        return WorkingDays()

    monkeypatch.setattr(capture_reader, "working_days", days)
    reader = CaptureReader(territory="IL", time_zone="Asia/Jerusalem")
    reads = [reader.read(LINE, language="he", now=BEFORE_EASTER) for _ in range(5)]
    assert len(set(await asyncio.gather(*reads))) == 1
    await reader.read(LINE, language="en", now=BEFORE_EASTER)
    assert asked == [("IL", range(2026, 2029))]
    await reader.read(LINE, language="en", now=BEFORE_EASTER.replace(year=2027))
    assert len(asked) == 2


async def test_a_start_of_the_service_does_not_import_the_holidays() -> None:
    program = "import sys, ctiserver.wiring, web.app; sys.exit('holidays' in sys.modules)"
    process = await asyncio.create_subprocess_exec(__import__("sys").executable, "-c", program)
    assert await process.wait() == 0
