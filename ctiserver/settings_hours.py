"""`[hours]` and what a queue or a dialled number says otherwise: when somebody is there to take calls."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict

from crm_store.opening_hours import ClosedDay, OpeningHours, Shift, closed_days
from ctiserver.settings_types import FromText, ShiftText


def _day(value: object) -> object:
    # Pydantic would take a number for seconds since 1970.
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else _no_day(value)
    except ValueError:
        return _no_day(value)


def _no_day(value: object) -> object:
    raise ValueError(f'{value!r} is no day: write "2026-12-24"')


Day = Annotated[date, BeforeValidator(_day)]


class HoursSettings(BaseModel):
    """`[hours]`. Nothing in `open`: no hours are configured."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    open: Annotated[tuple[ShiftText, ...], FromText] = ()
    holidays: bool = False
    closed: Annotated[tuple[Day, ...], FromText] = ()

    def opening(self, zone: ZoneInfo, territory: str) -> OpeningHours | None:
        """These hours on the clocks of `zone`, with the holidays of `territory` where they count."""
        if not self.open:
            return None
        shifts = tuple(Shift.parse(text) for text in self.open)
        return OpeningHours(shifts=shifts, zone=zone, is_closed=self.closed_days(territory))

    def closed_days(self, territory: str) -> ClosedDay:
        """The days on which nobody is there, whatever the weekday."""
        return closed_days(self.closed, territory=territory if self.holidays else None)


class HoursOverride(BaseModel):
    """`[queues.NAME.hours]`, `[dids.NUMBER.hours]`: what is left out is as in `[hours]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    open: Annotated[tuple[ShiftText, ...] | None, FromText] = None
    holidays: bool | None = None
    closed: Annotated[tuple[Day, ...] | None, FromText] = None

    def over(self, general: HoursSettings) -> HoursSettings | None:
        """The general hours with these changes; None when nothing is said here."""
        said = self.model_dump(exclude_none=True)
        return general.model_copy(update=said) if said else None
