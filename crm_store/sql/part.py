"""What every part of the store has: the database and how numbers are written here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from crm_store.phone_numbers import NumberProfile, normalise
from crm_store.sql.database import Database


class StorePart:
    """The parts are mixed into one `SqlStore`."""

    def __init__(self, database: Database, numbers: NumberProfile, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._numbers = numbers
        self._clock = clock

    def _number(self, raw: str) -> str:
        """E.164 or digits where it normalises, else the text as given."""
        return normalise(raw, self._numbers).number or raw
