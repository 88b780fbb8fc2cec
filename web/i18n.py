"""Languages: which are offered, which one a browser gets, and how times and numbers are written in it.

The .po files are compiled in memory at start; a language without a catalogue is not offered. English is the source.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_skeleton, format_time
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALE_FOLDER = Path(__file__).parent / "locale"
SOURCE_LANGUAGE = "en"
#: The country whose habits a language gets when the configured territory does not speak it.
HOME_TERRITORY = {"en": "GB", "he": "IL", "ar": "EG", "pl": "PL", "sk": "SK"}


@dataclass(frozen=True)
class Language:
    """One offered language: its texts, its direction, and its way to write times and numbers."""

    code: str
    locale: Locale
    week_starts_on: int  # 0 = Monday; this and the weekend come from the territory
    weekend: tuple[int, ...]
    time_zone: ZoneInfo
    translations: NullTranslations
    catalog: Catalog | None  # None for the source language

    @property
    def direction(self) -> str:
        return str(self.locale.text_direction)

    @property
    def tag(self) -> str:
        """For `lang`: he-IL."""
        return f"{self.code}-{self.locale.territory}" if self.locale.territory else self.code

    @property
    def intl_tag(self) -> str:
        """For `Intl`: ar-EG-u-nu-latn. Alone, ar-EG writes other digits than the server and the telephone do."""
        return self.tag if self.locale.default_numbering_system == "latn" else f"{self.tag}-u-nu-latn"

    @property
    def own_name(self) -> str:
        """How its speakers call it: עברית."""
        name = Locale(self.code).get_display_name() or self.code
        return name[:1].upper() + name[1:]

    def gettext(self, message: str) -> str:
        return self.translations.gettext(message)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.translations.ngettext(one, many, count)

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.time_zone)

    def time(self, at: datetime) -> str:
        """Hours with two digits, as the browser writes them too: 0:35 beside a duration of 0:35 could be either."""
        pattern = str(self.locale.time_formats["short"].pattern)
        two_digits = re.sub(r"(?<![Hh])[Hh](?![Hh])", r"\g<0>\g<0>", pattern)
        return format_time(self.local(at), two_digits, locale=self.locale)

    def date(self, at: datetime) -> str:
        return format_date(self.local(at), "medium", locale=self.locale)

    def moment(self, at: datetime) -> str:
        return f"{format_date(self.local(at), 'short', locale=self.locale)} {self.time(at)}"

    def short(self, at: datetime, now: datetime) -> str:
        """As short as it stays clear: the time today, day and time this year, else the whole date."""
        local, today = self.local(at), self.local(now)
        if local.date() == today.date():
            return self.time(at)
        if local.year != today.year:
            return self.moment(at)
        return f"{format_skeleton('MMMd', local, locale=self.locale)} {self.time(at)}"

    def day_bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """The local midnight before and the one after `now`."""
        start = self.local(now).replace(hour=0, minute=0, second=0, microsecond=0)
        return start, start + timedelta(days=1)

    def browser_texts(self) -> dict[str, Any]:
        """Texts, plural table, tag and zone for the browser."""
        messages: dict[str, Any] = {}
        for message in self.catalog or ():
            if message.id and message.string:
                key = message.id if isinstance(message.id, str) else message.id[0]
                messages[key] = message.string
        return {
            "tag": self.intl_tag,
            "zone": self.time_zone.key,
            "plurals": _plural_table(self),
            "weekend": self.weekend,
            "messages": messages,
        }


@dataclass(frozen=True)
class Languages:
    """The languages this installation offers, in the configured order."""

    offered: Mapping[str, Language]
    default: Language

    def best(self, chosen: Iterable[str | None], accept_language: str = "") -> Language:
        """The first offered of what the person chose, else of what the browser accepts, else the default."""
        for code in (*chosen, *accepted_languages(accept_language)):
            if code and (language := self.offered.get(code.lower().split("-")[0].split("_")[0])):
                return language
        return self.default


def accepted_languages(header: str) -> list[str]:
    """The tags of an Accept-Language header, best first; nonsense is left out."""
    weighted: list[tuple[float, int, str]] = []
    for position, part in enumerate(header[:500].split(",")):
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if tag and weight > 0:
            weighted.append((-weight, position, "he" if tag.lower().startswith("iw") else tag))
    return [tag for _, _, tag in sorted(weighted)]


def load_languages(
    codes: Iterable[str], *, default: str, territory: str, time_zone: str, folder: Path = LOCALE_FOLDER
) -> Languages:
    """Compile the catalogues of `codes`; those without one are left out, English is always there."""
    zone = ZoneInfo(time_zone)
    offered = {
        code: language for code in codes if (language := _load(code, territory=territory, zone=zone, folder=folder))
    }
    if not offered:
        source = _load(SOURCE_LANGUAGE, territory=territory, zone=zone, folder=folder)
        if source is not None:
            offered = {SOURCE_LANGUAGE: source}
    return Languages(offered=offered, default=offered.get(default) or next(iter(offered.values())))


def read_catalog(code: str, folder: Path = LOCALE_FOLDER) -> Catalog | None:
    """The parsed .po of a language, or None where there is none."""
    path = folder / code / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return read_po(file, locale=code)


def _load(code: str, *, territory: str, zone: ZoneInfo, folder: Path) -> Language | None:
    catalog = read_catalog(code, folder)
    if catalog is None and code != SOURCE_LANGUAGE:
        return None
    week = _week_of(territory)
    return Language(
        code=code,
        locale=_locale(code, territory),
        week_starts_on=week.first_week_day,
        weekend=(week.weekend_start, week.weekend_end),
        time_zone=zone,
        translations=_compile(catalog) if catalog is not None else NullTranslations(),
        catalog=catalog,
    )


def _compile(catalog: Catalog) -> Translations:
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def _locale(code: str, territory: str) -> Locale:
    """The language as that territory writes it, else as its home does: dates never come from the bare language."""
    for country in (territory, HOME_TERRITORY.get(code)):
        try:
            return Locale(code, territory=country)
        except UnknownLocaleError:
            continue
    return Locale(code)


def _week_of(territory: str) -> Locale:
    """Any locale of the territory: its week is the territory's, whatever the page's language."""
    likely = str(get_global("likely_subtags").get(f"und_{territory}", SOURCE_LANGUAGE))
    try:
        return Locale(likely.split("_")[0], territory=territory)
    except UnknownLocaleError:
        return Locale(SOURCE_LANGUAGE, territory="001")


def _plural_table(language: Language) -> dict[str, int]:
    """CLDR plural category, which the browser knows, to the catalogue's plural index."""
    plural = getattr(language.translations, "plural", None) or (lambda count: int(count != 1))
    return {language.locale.plural_form(count): int(plural(count)) for count in reversed(range(201))}
