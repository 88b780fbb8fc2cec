"""One caller, one number: whatever the PBX or a person wrote becomes E.164, or an honest kind that says why not."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import CountryCodeSource, NumberParseException, PhoneNumberFormat, ValidationResult, shortnumberinfo


class NumberKind(StrEnum):
    E164 = "e164"
    UNVERIFIED = "unverified"
    INTERNAL = "internal"
    SHORT = "short"
    FEATURE = "feature"
    ALPHANUMERIC = "alphanumeric"
    RAW = "raw"
    WITHHELD = "withheld"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumber:
    """`number`: E.164 for e164; digits for unverified, internal, short, feature; else None.

    `display` is None only for withheld and unknown.
    """

    kind: NumberKind
    number: str | None
    display: str | None
    raw: str | None  # as received (at most 64 characters); None for withheld
    national: str | None = None  # national significant number, where parsed
    region_given: bool = False  # the number came with its country
    extension: str | None = None  # ;ext=12


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberProfile:
    """How one source writes numbers: `[numbers]` plus `[pbx.*.incoming]`, and the PBX's own extensions."""

    region: str
    format: str = "auto"  # auto | e164 | e164_noplus | national
    strip_prefix: str = ""
    add_prefix: str = ""
    extensions: frozenset[str] = frozenset()


NUMBER_FORMATS = ("auto", "e164", "e164_noplus", "national")
SUFFIX_DIGITS = 7  # fewer digits in common say nothing about who calls

_STORED_LENGTH = 64
_PARSED_LENGTH = 250  # phonenumbers refuses more
_CACHED_NUMBERS = 1024

_WITHHELD = PhoneNumber(kind=NumberKind.WITHHELD, number=None, display=None, raw=None)
_WITHHELD_WORDS = frozenset({"anonymous", "restricted", "private", "withheld"})
_UNKNOWN_WORDS = frozenset({"", "<unknown>", "unknown", "unavailable", "asterisk", "s"})
_ALWAYS_EMERGENCY = frozenset({"112", "911"})

_SCHEME = re.compile(r"(?:sips?|tel):", re.IGNORECASE)
_WRITTEN_EXTENSION = re.compile(r"(?P<number>.*\d)\s*(?:x|extension|extn?\.?)\s*(?P<extension>\d{1,7})", re.IGNORECASE)
_PARAMETER_EXTENSION = re.compile(r"(?:^|;)ext=(\d{1,7})(?!\d)", re.IGNORECASE)
_PHONE_CONTEXT = re.compile(r"(?:^|;)phone-context=(\+\d{1,15})", re.IGNORECASE)
_ZEROS = re.compile(r"\+?0+")
_FEATURE_CODE = re.compile(r"[*#][\d*#]*")
_WRITTEN_NUMBER = re.compile(r"\(?\+?[\d\s()./-]+")
_SEPARATORS = re.compile(r"[\s()./-]")
_CLIR_PREFIX = re.compile(r"\s*(?:#31#|\*31[#*])")


def normalise(raw: str | None, profile: NumberProfile, *, restricted: bool = False) -> PhoneNumber:
    """Classify and normalise one number (telephony.md 4.2). Never raises."""
    if restricted:
        return _WITHHELD
    if raw is None:
        return _unknown(None)
    if len(raw) > _PARSED_LENGTH:
        return _raw(raw)
    return _normalised(raw, profile)


def normalise_dialled(raw: str | None, profile: NumberProfile) -> PhoneNumber:
    """Classify what a colleague dialled: a "hide my number" prefix is not part of it, a dialled pause is refused."""
    if raw is None:
        return _unknown(None)
    if "," in raw:  # in a dial string a comma ends the number and starts Dial's options
        return _raw(raw)
    prefix = _CLIR_PREFIX.match(raw)
    if prefix is None or prefix.end() == len(raw):
        return normalise(raw, profile)
    return replace(normalise(raw[prefix.end() :], profile), raw=_storable(raw))


def normalise_did(raw: str | None, profile: NumberProfile) -> PhoneNumber:
    """Classify the number that the caller dialled: the trunk's way of writing, without the rules for callers' prefixes."""
    if profile.strip_prefix or profile.add_prefix:
        profile = replace(profile, strip_prefix="", add_prefix="")
    return normalise(raw, profile)


@lru_cache(maxsize=256)  # our own lines are shown again with each pop
def grouped(number: str) -> str:
    """E.164 grouped for reading: +421 905 123 456. Anything else as it is."""
    if not number.startswith("+"):
        return number
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return number


def digits_of(number: PhoneNumber) -> str:
    """The ASCII digits of the number, or of what was received: "" when there are none."""
    text = number.number or _readable(number.raw or "")
    return "".join(ch for ch in text if ch.isdecimal() and ch.isascii())


def reversed_digits(number: PhoneNumber) -> str:
    """The digits last first: an indexed column of them finds numbers by their end."""
    return digits_of(number)[::-1]


@lru_cache(maxsize=_CACHED_NUMBERS)
def _normalised(raw: str, profile: NumberProfile) -> PhoneNumber:
    # A line break inside is an attempt on the AMI (D4), never a way to write a number.
    if any(ch in raw.strip() for ch in "\r\n\0"):
        return _raw(raw)
    text, extension = _split(_readable(raw))
    found = _classified(text, raw, profile)
    return replace(found, extension=extension) if extension and found.kind in _CALLABLE else found


_CALLABLE = frozenset({NumberKind.E164, NumberKind.UNVERIFIED})


def _readable(raw: str) -> str:
    """One way to write each sign: ASCII digits, plain dashes, nothing invisible."""
    if raw.isascii() and raw.isprintable():
        return raw.strip()
    return "".join(_plain(ch) for ch in unicodedata.normalize("NFKC", raw)).strip()


def _plain(ch: str) -> str:
    if ch.isascii():
        return ch if ch.isprintable() else " " if ch in "\t\r\n" else ""
    category = unicodedata.category(ch)
    if category == "Nd":
        return str(unicodedata.decimal(ch))
    if category == "Pd" or ch == "\N{MINUS SIGN}":
        return "-"
    return " " if category in {"Zs", "Zl", "Zp"} else "" if category in {"Cc", "Cf", "Cs", "Co", "Cn"} else ch


def _split(text: str) -> tuple[str, str | None]:
    """The number itself and its extension, out of a SIP or tel URI or a written form."""
    if text.removeprefix("+").isdecimal():
        return text, None
    scheme = _SCHEME.match(text)
    if scheme:
        text = text[scheme.end() :]
    head, _, parameters = text.partition(";")
    head = head.partition("@")[0].partition(",")[0].strip()
    context = _PHONE_CONTEXT.search(parameters)
    if context and not head.startswith("+"):
        head = context[1] + head
    parameter = _PARAMETER_EXTENSION.search(parameters)
    if parameter:
        return head, parameter[1]
    written = _WRITTEN_EXTENSION.fullmatch(head)
    if written and not any(ch.isalpha() for ch in written["number"]):
        return written["number"], written["extension"]
    return head, None


def _classified(text: str, raw: str, profile: NumberProfile) -> PhoneNumber:
    word = text.casefold()
    compact = _SEPARATORS.sub("", text)
    if compact in profile.extensions:
        return _kept(NumberKind.INTERNAL, compact, raw)
    if word in _WITHHELD_WORDS:
        return _WITHHELD
    if word in _UNKNOWN_WORDS or _ZEROS.fullmatch(compact):
        return _unknown(raw)
    if text[0] in "*#":
        return _kept(NumberKind.FEATURE, compact, raw) if _FEATURE_CODE.fullmatch(compact) else _raw(raw)
    if _is_short(compact, profile.region):
        return _kept(NumberKind.SHORT, compact, raw)
    return _outside(text, raw, profile)


def _outside(text: str, raw: str, profile: NumberProfile) -> PhoneNumber:
    """A number beyond the PBX: through the trunk's prefixes; as it came when they make nonsense of it."""
    adapted = _adapted(text, profile)
    found = _written(adapted, raw, profile)
    if adapted != text and found.kind is not NumberKind.E164:
        plain = _written(text, raw, profile)
        return plain if plain.kind is NumberKind.E164 else found
    return found


def _adapted(text: str, profile: NumberProfile) -> str:
    if profile.strip_prefix and text.startswith(profile.strip_prefix):
        text = text[len(profile.strip_prefix) :].strip()
    return text if text.startswith("+") else profile.add_prefix + text


def _written(text: str, raw: str, profile: NumberProfile) -> PhoneNumber:
    if any(ch.isalpha() for ch in text):  # never mapped to keypad digits: a name is a name
        return PhoneNumber(kind=NumberKind.ALPHANUMERIC, number=None, display=text[:_STORED_LENGTH], raw=_storable(raw))
    if not _WRITTEN_NUMBER.fullmatch(text):
        return _unknown(raw) if text in {"", "+"} else _raw(raw)
    if sum(ch.isdigit() for ch in text) < 2:
        return _unknown(raw)
    parsed = _parsed(text, profile)
    return _raw(raw) if parsed is None else _verdict(parsed, text, raw)


def _parsed(text: str, profile: NumberProfile) -> phonenumbers.PhoneNumber | None:
    # No country code begins with 0: then it is national or international writing even on a no-plus trunk.
    if profile.format == "e164_noplus" and text[0] not in "+0":
        text = "+" + text
    try:
        parsed = phonenumbers.parse(text, profile.region, keep_raw_input=True)
        if (
            profile.format == "national"
            and parsed.country_code_source == CountryCodeSource.FROM_NUMBER_WITHOUT_PLUS_SIGN
        ):
            return _parsed_national(text, parsed.country_code)
    except NumberParseException:
        return None
    return parsed


def _parsed_national(text: str, country_code: int | None) -> phonenumbers.PhoneNumber:
    """Digits that only look as if they began with the country's code."""
    parsed = phonenumbers.parse(f"+{country_code}{text}", None, keep_raw_input=True)
    parsed.country_code_source = CountryCodeSource.FROM_DEFAULT_COUNTRY
    return parsed


_POSSIBLE = frozenset({ValidationResult.IS_POSSIBLE, ValidationResult.IS_POSSIBLE_LOCAL_ONLY})


def _verdict(parsed: phonenumbers.PhoneNumber, text: str, raw: str) -> PhoneNumber:
    """Valid is E.164; possible is kept as digits, since numbering plans change; the rest is only text."""
    valid = phonenumbers.is_valid_number(parsed)
    if not valid and phonenumbers.is_possible_number_with_reason(parsed) not in _POSSIBLE:
        return _raw(raw)
    national = phonenumbers.national_significant_number(parsed)
    digits = "".join(ch for ch in text if ch.isdigit())
    written = "+" + digits if "+" in text else digits
    return PhoneNumber(
        kind=NumberKind.E164 if valid else NumberKind.UNVERIFIED,
        number=f"+{parsed.country_code}{national}" if valid else digits,
        display=phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL) if valid else written,
        raw=_storable(raw),
        national=national,
        region_given=parsed.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY,
    )


def _is_short(digits: str, region: str) -> bool:
    if digits in _ALWAYS_EMERGENCY:
        return True
    if not (2 <= len(digits) <= 6 and digits.isdecimal()):
        return False
    try:
        parsed = phonenumbers.parse(digits, region)
    except NumberParseException:
        return False
    return shortnumberinfo.is_valid_short_number_for_region(parsed, region) or shortnumberinfo.is_emergency_number(
        digits, region
    )


def _storable(raw: str) -> str:
    """At most 64 characters that every encoder takes (no lone surrogates)."""
    return raw[:_STORED_LENGTH].encode("utf-8", "replace").decode("utf-8")


def _kept(kind: NumberKind, text: str, raw: str) -> PhoneNumber:
    return PhoneNumber(kind=kind, number=text, display=text, raw=_storable(raw))


def _raw(raw: str) -> PhoneNumber:
    display = _readable(raw[:_STORED_LENGTH]) or _storable(raw)
    return PhoneNumber(kind=NumberKind.RAW, number=None, display=display, raw=_storable(raw))


def _unknown(raw: str | None) -> PhoneNumber:
    return PhoneNumber(kind=NumberKind.UNKNOWN, number=None, display=None, raw=None if raw is None else _storable(raw))
