"""What may be dialled, and how the number is written for the PBX: toll fraud stops here, emergency calls never do.

Rules in order: emergency, known extension, feature code, number. A number that passes is written as the trunk wants it.
"""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ShortNumberCost
from phonenumbers import shortnumberinfo as short_numbers

from pbx.errors import DialRefused

FORMATS = ("e164", "e164_noplus", "international", "national")
BLOCK_TYPES = (
    "premium_rate",
    "satellite",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
    "toll_free",
    "unknown",
)
ALWAYS_EMERGENCY = frozenset({"112", "911"})
_CLIR = "#31#"  # "hide my number": the trunk decides that, not the number
_WRITTEN_BETWEEN_DIGITS = frozenset(" -./()\u2010\u2011\u2012\u2013\u2014\u2212\u00ad")
_PREFIX = frozenset("0123456789*#")
_LONGEST = 64

_TYPES = {
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.UNKNOWN: "unknown",
}
# Country codes without a country: the library calls some of them mobile or voip, the bill does not.
_GLOBAL_TYPES = {
    870: "satellite",
    881: "satellite",
    882: "satellite",
    883: "satellite",
    979: "premium_rate",
    808: "shared_cost",
}
# One code, several countries with their own tariffs: here the country itself must be allowed, not only the code.
_MANY_TARIFFS = frozenset({1, 7})
_TYPE_SENTENCES = {
    "premium_rate": "Premium-rate numbers may not be dialled.",
    "satellite": "Satellite and international network numbers may not be dialled.",
    "shared_cost": "Shared-cost numbers may not be dialled.",
    "unknown": "This number is of no known kind; it may not be dialled.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRules:
    """One PBX's `[pbx.*.dial]` section. Raises ValueError on values that make no sense."""

    format: str = "e164"
    prefix: str = ""
    region: str = "SK"
    allow_countries: frozenset[str] = frozenset()  # ISO codes; empty: all
    block_types: frozenset[str] = frozenset({"premium_rate", "satellite", "unknown"})
    max_per_minute: int = 10
    max_per_day: int = 500

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ValueError(f"format: {self.format!r} is none of {', '.join(FORMATS)}")
        if not _PREFIX.issuperset(self.prefix) or len(self.prefix) > 8:
            raise ValueError(f"prefix: {self.prefix!r} is not up to eight digits, * or #")
        for region in (self.region, *self.allow_countries):
            if region not in phonenumbers.SUPPORTED_REGIONS:
                raise ValueError(f"{region!r} is not the code of a country (two capital letters)")
        if unknown := self.block_types.difference(BLOCK_TYPES):
            raise ValueError(f"block_types: {', '.join(sorted(unknown))} is none of {', '.join(BLOCK_TYPES)}")


@dataclass(frozen=True, slots=True)
class Dial:
    """`number_to_pbx` is what the dialplan gets. An emergency call is not counted against any limit."""

    number_to_pbx: str
    e164: str | None
    emergency: bool = False


def dial_string(typed: str, rules: DialRules, *, extensions: Collection[str] = frozenset()) -> Dial:
    """Turn what a person typed or clicked into what is dialled. Raises DialRefused."""
    digits = _digits(typed).removeprefix(_CLIR)
    if digits in ALWAYS_EMERGENCY or (digits.isdigit() and short_numbers.is_emergency_number(digits, rules.region)):
        return Dial(digits, None, emergency=True)
    if digits in extensions:
        return Dial(digits, None)
    if "*" in digits or "#" in digits:
        raise DialRefused("feature", "Codes with * or # are dialled on the phone itself.")
    number = _parse(digits, rules.region)
    if number is None or not phonenumbers.is_valid_number(number):
        if _is_short(digits, rules.region):
            return _short(digits, rules)
        if number is None:
            raise _invalid()
    _refuse_blocked(number, rules)
    return Dial(rules.prefix + _written(number, rules), phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _digits(typed: str) -> str:
    """Digits, * and #, with at most one leading plus; nothing that is something else to a dialplan (`&`, `,`, `@`, letters)."""
    if any(char in typed for char in "\r\n\0") or len(typed) > _LONGEST:
        raise _invalid()
    kept: list[str] = []
    for char in unicodedata.normalize("NFKC", typed).strip().removeprefix("tel:"):
        if char.isdecimal():
            kept.append(str(unicodedata.decimal(char)))  # Arabic and other digits are digits
        elif char in "*#" or (char == "+" and not kept):
            kept.append(char)
        elif char not in _WRITTEN_BETWEEN_DIGITS and unicodedata.category(char) != "Cf":  # Cf: bidi marks, zero width
            raise _invalid()
    if not kept or kept == ["+"]:
        raise _invalid()
    return "".join(kept)


def _parse(digits: str, region: str) -> PhoneNumber | None:
    """A number that can exist; None for what is too short or too long to be one."""
    candidates = [digits]
    if digits.startswith("00"):
        candidates.append("+" + digits[2:])  # typed so where the region's own prefix is another (011)
    possible: PhoneNumber | None = None
    for candidate in candidates:
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number
        if possible is None and phonenumbers.is_possible_number(number):
            possible = number
    return possible


def _is_short(digits: str, region: str) -> bool:
    return digits[0] not in "0+" and short_numbers.is_valid_short_number_for_region(
        _short_number(digits, region), region
    )


def _short_number(digits: str, region: str) -> PhoneNumber:
    return PhoneNumber(country_code=phonenumbers.country_code_for_region(region), national_number=int(digits))


def _short(digits: str, rules: DialRules) -> Dial:
    cost = short_numbers.expected_cost_for_region(_short_number(digits, rules.region), rules.region)
    if cost == ShortNumberCost.PREMIUM_RATE and "premium_rate" in rules.block_types:
        raise DialRefused("blocked_type", _TYPE_SENTENCES["premium_rate"])
    return Dial(rules.prefix + digits, None)


def _refuse_blocked(number: PhoneNumber, rules: DialRules) -> None:
    kind = _GLOBAL_TYPES.get(number.country_code or 0) or _TYPES.get(phonenumbers.number_type(number))
    if kind in rules.block_types:
        raise DialRefused("blocked_type", _TYPE_SENTENCES.get(kind, f"Numbers of the kind {kind} may not be dialled."))
    if rules.allow_countries and not _country_allowed(number, rules.allow_countries):
        raise DialRefused("blocked_country", "Numbers of this country may not be dialled.")


def _country_allowed(number: PhoneNumber, allowed: frozenset[str]) -> bool:
    if phonenumbers.region_code_for_number(number) in allowed:
        return True
    # +44 7911… is reported as Guernsey: where a code has one tariff, its main country stands for all of it.
    code = number.country_code or 0
    return code not in _MANY_TARIFFS and phonenumbers.region_code_for_country_code(code) in allowed


def _written(number: PhoneNumber, rules: DialRules) -> str:
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    match rules.format:
        case "e164":
            return e164
        case "e164_noplus":
            return e164[1:]
        case "international":
            return "00" + e164[1:]
        case _:  # national: as people in the region dial it, abroad with their international prefix
            home = number.country_code == phonenumbers.country_code_for_region(rules.region)
            text = (
                phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
                if home
                else phonenumbers.format_out_of_country_calling_number(number, rules.region)
            )
            return "".join(char for char in text if char.isdecimal())


def _invalid() -> DialRefused:
    return DialRefused("invalid", "This is not a phone number that can be dialled.")


_MINUTE_S, _DAY_S = 60.0, 86_400.0


@dataclass(slots=True)
class RateLimit:
    """At most so many calls a minute, and in 24 hours, for each agent. Emergency calls are not asked for here."""

    max_per_minute: int
    max_per_day: int
    _taken: dict[str, deque[float]] = field(default_factory=dict)

    def take(self, agent: str, now: float) -> None:
        """Count one call. Raises DialRefused when the last minute or the last 24 hours are full."""
        taken = self._taken.setdefault(agent, deque())
        while taken and taken[0] <= now - _DAY_S:
            taken.popleft()
        if len(taken) >= self.max_per_day:
            raise DialRefused("too_many_today", f"{self.max_per_day} calls in 24 hours are the limit.")
        if len(taken) >= self.max_per_minute and taken[-self.max_per_minute] > now - _MINUTE_S:
            raise DialRefused("too_many", f"{self.max_per_minute} calls in a minute are the limit. Wait a moment.")
        taken.append(now)
