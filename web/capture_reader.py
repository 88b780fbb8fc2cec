"""Reads agents' lines by `crm_store/capture_line.py`, with the territory's holidays, which take a while to load the first time."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from crm_store.capture_line import LANGUAGES, Captured, parse, vocabulary
from crm_store.working_days import WorkingDays, working_days

#: Nothing that can be agreed on is further ahead.
_YEARS = 3


class CaptureReader:
    """Everything of one installation that a line is read with."""

    def __init__(self, *, territory: str, time_zone: str) -> None:
        self._territory = territory
        self._zone = ZoneInfo(time_zone)
        self._days: dict[int, WorkingDays] = {}
        self._loading = asyncio.Lock()

    async def read(self, line: str, *, language: str, now: datetime) -> Captured:
        """What the line becomes. Takes about a millisecond, but the first time of a year, in a thread, up to a second."""
        year = now.astimezone(self._zone).year
        if year not in self._days:
            async with self._loading:
                if year not in self._days:
                    self._days[year] = await asyncio.to_thread(self._load, year)
        return parse(line, language=language, now=now, zone=self._zone, days=self._days[year])

    def _load(self, year: int) -> WorkingDays:
        for language in LANGUAGES:
            vocabulary(language)
        return working_days(self._territory, range(year, year + _YEARS))


READER: web.AppKey[CaptureReader] = web.AppKey("capture_reader", CaptureReader)
