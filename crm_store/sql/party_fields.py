"""From what somebody typed to rows: checked, trimmed, numbers normalised."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import phonenumbers

from crm_store.errors import InvalidInput
from crm_store.parties import PARTY_KINDS, PHONE_LABELS, PartyInput, PhoneInput
from crm_store.phone_numbers import NumberKind, NumberProfile, PhoneNumber, normalise, reversed_digits

Row = dict[str, Any]

_LONGEST = {"name": 200, "company": 200, "external_id": 100, "note": 20_000, "emails": 254, "tags": 50}
_MOST_PARTS = 50
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]{2})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRows:
    """What to write: `columns` only where something was given; a list that is None stays as it is."""

    columns: Row
    phones: list[Row] | None
    emails: list[str] | None
    tags: list[str] | None


def party_rows(fields: PartyInput, profile: NumberProfile) -> PartyRows:
    """Check every field; InvalidInput names the first that is not acceptable."""
    return PartyRows(
        columns=_columns(fields),
        phones=None if fields.phones is None else _phones(fields.phones, profile),
        emails=None if fields.emails is None else _emails(fields.emails),
        tags=None if fields.tags is None else _words("tags", fields.tags),
    )


def one_line(field: str, value: str, longest: int) -> str:
    """Trimmed text without line breaks and control characters."""
    text = " ".join(_storable(value).split())
    return _within(field, text, longest)


def many_lines(field: str, value: str, longest: int) -> str:
    """Text as typed, without control characters except tab and line feed."""
    return _within(field, _storable(value.replace("\r\n", "\n")), longest)


def calling_code(number: PhoneNumber, profile: NumberProfile) -> str | None:
    """The country of `national`: out of the number itself, else the one we are in."""
    if number.national is None:
        return None
    if number.kind is NumberKind.E164 and number.number is not None:
        return number.number[1 : -len(number.national)]
    return None if number.region_given else str(phonenumbers.country_code_for_region(profile.region))


def _columns(fields: PartyInput) -> Row:
    row: Row = {}
    if fields.name is not None:
        row["name"] = one_line("name", fields.name, _LONGEST["name"])
    if fields.company is not None:
        row["company"] = one_line("company", fields.company, _LONGEST["company"]) or None
    if fields.external_id is not None:
        row["external_id"] = one_line("external_id", fields.external_id, _LONGEST["external_id"]) or None
    if fields.note is not None:
        row["note"] = many_lines("note", fields.note, _LONGEST["note"])
    if fields.kind is not None:
        row["kind"] = _one_of("kind", fields.kind, PARTY_KINDS)
    if fields.language is not None:
        row["language"] = _language(fields.language)
    if fields.active is not None:
        row["active"] = fields.active
    return row


def _phones(phones: Sequence[PhoneInput], profile: NumberProfile) -> list[Row]:
    _few("phones", phones)
    rows: dict[tuple[str, str | None], Row] = {}
    for phone in phones:
        if phone.raw.strip():
            row = _phone_row(phone, profile)
            rows.setdefault((row["number"], row["extension"]), row)
    return list(rows.values())


def _phone_row(phone: PhoneInput, profile: NumberProfile) -> Row:
    number = normalise(phone.raw, profile)
    text = number.number or one_line("phones", number.raw or "", 64)
    if number.kind in {NumberKind.WITHHELD, NumberKind.UNKNOWN} or not text:
        raise InvalidInput("phones", f"“{one_line('phones', phone.raw[:64], 64)}” is not a telephone number.")
    return {
        "number": text,
        "display": one_line("phones", number.display or text, 64),
        "label": _one_of("phones", phone.label, PHONE_LABELS),
        "kind": number.kind.value,
        "extension": number.extension,
        "nsn": number.national,
        "country": calling_code(number, profile),
        "rev_digits": reversed_digits(number),
    }


def _emails(emails: Iterable[str]) -> list[str]:
    found = _words("emails", emails)
    for email in found:
        if not _EMAIL.fullmatch(email):
            raise InvalidInput("emails", f"“{email}” is not an e-mail address.")
    return found


def _words(field: str, values: Iterable[str]) -> list[str]:
    """Each once, whatever its case, in the order given."""
    words: dict[str, str] = {}
    for value in values:
        word = one_line(field, value, _LONGEST[field])
        if word:
            words.setdefault(word.casefold(), word)
    _few(field, list(words))
    return list(words.values())


def _language(value: str) -> str | None:
    code = value.strip().lower().replace("_", "-")
    if code and not _LANGUAGE.fullmatch(code):
        raise InvalidInput("language", "A language is a code such as en, he or sk.")
    return code or None


def _one_of(field: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise InvalidInput(field, f"“{value[:50]}” is not one of {', '.join(known)}.")
    return value


def _few(field: str, values: Sequence[Any]) -> None:
    if len(values) > _MOST_PARTS:
        raise InvalidInput(field, f"At most {_MOST_PARTS} {field}.")


def _within(field: str, text: str, longest: int) -> str:
    if len(text) > longest:
        raise InvalidInput(field, f"This is longer than {longest} characters.")
    return text


def _storable(text: str) -> str:
    """No database takes half a surrogate pair, and nobody wants an escape sequence in a name."""
    return "".join(ch if ch in "\t\n" or unicodedata.category(ch) not in {"Cc", "Cs"} else " " for ch in text)
