"""Customers out of a CSV file: whatever a spreadsheet or an old CRM wrote becomes party fields, or a reject with its line."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crm_store.errors import InvalidInput
from crm_store.parties import PARTY_KINDS, PartyInput, PhoneInput
from crm_store.phone_numbers import SUFFIX_DIGITS, NumberKind, NumberProfile, PhoneNumber, digits_of, normalise
from crm_store.spreadsheet_text import plain_text

ENCODINGS = ("utf-8", "cp1250", "cp1252", "cp1255", "cp1256", "iso8859-2", "utf-16")

#: Our column → how spreadsheets head it. Compared without case, accents, spaces and signs.
_HEADERS: Mapping[str, str] = {
    "name": "name fullname contact contactname meno menoapriezvisko nazwa imieinazwisko nazov שם שםמלא الاسم اسم",
    "first_name": "firstname givenname krstnemeno imie שםפרטי الاسمالاول",
    "last_name": "lastname surname familyname priezvisko nazwisko שםמשפחה اسمالعائلة",
    "company": "company organisation organization account firma spolocnost חברה شركة الشركة",
    "phone": "phone phone1 telephone tel phonenumber number telefon telefonnecislo telefon1 טלפון هاتف الهاتف",
    "mobile": "mobile mobilephone cell cellphone mobil mobilnytelefon komorka נייד טלפוןנייד جوال محمول",
    "work": "workphone businessphone office officephone telefondoprace telefonsluzbowy טלפוןבעבודה هاتفالعمل",
    "home": "homephone telefondomov telefondomowy טלפוןבבית هاتفالمنزل",
    "fax": "fax faxnumber פקס فاكس",
    "email": "email email1 mail emailaddress eposta adresemail דואל אימייל البريدالالكتروني",
    "external_id": "externalid id customerid customernumber cislozakaznika numerklienta מספרלקוח رقمالعميل",
    "language": "language lang jazyk jezyk שפה اللغة لغة",
    "kind": "kind type typ druh rodzaj סוג النوع",
    "tags": "tags tag labels stitky znaczniki תגיות وسوم",
    "note": "note notes comment comments poznamka poznamky notatka uwagi הערה הערות ملاحظة ملاحظات",
}
_COLUMN = {header: column for column, headers in _HEADERS.items() for header in headers.split()}
_LABELS = {"phone": "other", "mobile": "mobile", "work": "work", "home": "home", "fax": "fax"}
_IDENTIFYING = frozenset({"name", "first_name", "last_name", "company", *_LABELS})
_REFUSED = frozenset({NumberKind.ALPHANUMERIC, NumberKind.FEATURE, NumberKind.WITHHELD, NumberKind.UNKNOWN})
_SEPARATORS = (",", ";", "\t", "|")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]{2})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One customer of the file. `numbers` are its phones, normalised, to find who is there already."""

    line: int
    fields: PartyInput
    numbers: tuple[PhoneNumber, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A line that is not imported, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFile:
    """The file's columns as understood; `ignored` are headers that mean nothing to us."""

    columns: tuple[str | None, ...]
    ignored: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]  # with the line each begins at
    broken: tuple[Reject, ...]  # lines that are not CSV


def read_customer_file(data: bytes, *, encoding: str = "utf-8") -> CustomerFile:
    """Decode, find the separator, understand the header. Raises InvalidInput (field `file` or `encoding`)."""
    text = _decoded(data, encoding)
    rows, broken = _csv_rows(text, _separator(text))
    if not rows:
        raise InvalidInput("file", "The file has no header line.")
    (_, header), *body = rows
    columns = tuple(_column(head) for head in header)
    if not _IDENTIFYING.intersection(columns):
        raise InvalidInput("file", "Line 1 names no column that we know: it needs name, company or phone.")
    ignored = tuple(
        head.strip() for head, column in zip(header, columns, strict=True) if column is None and head.strip()
    )
    return CustomerFile(columns=columns, ignored=ignored, rows=tuple(body), broken=broken)


def customers(file: CustomerFile, profile: NumberProfile) -> Iterator[ImportRow | Reject]:
    """Each line of the file as party fields, or why not. Empty lines are skipped."""
    yield from file.broken
    for line, cells in file.rows:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            yield _row(line, _values(file.columns, cells), profile)
        except InvalidInput as problem:
            yield Reject(line=line, reason=f"{problem.field}: {problem}")


def _decoded(data: bytes, encoding: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        return data.decode("utf-8-sig" if encoding.lower() in {"utf-8", "utf8"} else encoding)
    except LookupError:
        raise InvalidInput(
            "encoding", f"There is no encoding {encoding}; for example {', '.join(ENCODINGS)}."
        ) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            "encoding", f"Line {line} is not {encoding}. Say which encoding the file has, for example cp1250 or cp1255."
        ) from None


def _separator(text: str) -> str:
    """The sign that separates most in the header line; csv.Sniffer guesses wrong on short files."""
    header = text.partition("\n")[0]
    return max(_SEPARATORS, key=header.count)


def _csv_rows(text: str, separator: str) -> tuple[list[tuple[int, list[str]]], tuple[Reject, ...]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[tuple[int, list[str]]] = []
    broken: list[Reject] = []
    while True:
        line = reader.line_num + 1
        try:
            rows.append((line, next(reader)))
        except StopIteration:
            return rows, tuple(broken)
        except csv.Error as error:
            broken.append(Reject(line=line, reason=f"not CSV: {error}"))


def _column(header: str) -> str | None:
    """`Telefón 2` is phone."""
    folded = "".join(ch for ch in unicodedata.normalize("NFKD", header.casefold()) if ch.isalnum())
    return _COLUMN.get(folded) or _COLUMN.get(folded.rstrip("0123456789"))


def _values(columns: Sequence[str | None], cells: Sequence[str]) -> list[tuple[str, str]]:
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        raise InvalidInput("line", f"{len(cells)} cells, but the header has {len(columns)}.")
    named = zip(columns, cells, strict=False)
    return [(column, plain_text(cell).strip()) for column, cell in named if column and cell.strip()]


def _row(line: int, values: Sequence[tuple[str, str]], profile: NumberProfile) -> ImportRow:
    one = dict(reversed(values))  # of columns that come twice the first wins
    phones = [(column, _number(text, profile)) for column, text in values if column in _LABELS]
    name = one.get("name") or " ".join(one[part] for part in ("first_name", "last_name") if part in one)
    if not (name or one.get("company") or phones):
        raise InvalidInput("name", "Neither name nor company nor phone.")
    fields = PartyInput(
        name=name or None,
        company=one.get("company"),
        kind=_kind(one.get("kind")),
        phones=tuple(PhoneInput(raw=number.raw or "", label=_LABELS[column]) for column, number in phones) or None,
        emails=_emails([text for column, text in values if column == "email"]) or None,
        language=_language(one.get("language")),
        external_id=one.get("external_id"),
        tags=_tags(one.get("tags", "")) or None,
        note=one.get("note"),
    )
    return ImportRow(line=line, fields=fields, numbers=tuple(number for _, number in phones))


def _number(text: str, profile: NumberProfile) -> PhoneNumber:
    number = normalise(text, profile)
    if number.kind in _REFUSED or (number.kind is NumberKind.RAW and not _looks_like_a_number(number)):
        raise InvalidInput("phone", f"{text[:64]!r} is not a telephone number.")
    return number


def _looks_like_a_number(number: PhoneNumber) -> bool:
    """Numbering plans change: digits enough to find somebody by are kept."""
    return len(digits_of(number)) >= SUFFIX_DIGITS and not any(ch.isalpha() for ch in number.raw or "")


def _kind(text: str | None) -> str | None:
    if text is not None and text.lower() not in PARTY_KINDS:
        raise InvalidInput("kind", f"{text[:64]!r} is none of {', '.join(PARTY_KINDS)}.")
    return text and text.lower()


def _language(text: str | None) -> str | None:
    if text is not None and not _LANGUAGE.fullmatch(text.lower()):
        raise InvalidInput("language", f"{text[:64]!r} is not a language code like en, he, sk.")
    return text and text.lower()


def _emails(cells: Sequence[str]) -> tuple[str, ...]:
    found = tuple(part.strip() for cell in cells for part in re.split(r"[;,]", cell) if part.strip())
    for address in found:
        if not _EMAIL.fullmatch(address):
            raise InvalidInput("email", f"{address[:64]!r} is not an e-mail address.")
    return found


def _tags(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in re.split(r"[;,|]", text) if part.strip()))
