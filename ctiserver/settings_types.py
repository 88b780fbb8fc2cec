"""The words of the configuration: what a path, a pattern, a region, a template may look like, and what is said when it does not."""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from contextvars import ContextVar
from pathlib import Path
from string import Formatter
from typing import Annotated, Any
from urllib.parse import urlsplit

import phonenumbers
from pydantic import AfterValidator, BeforeValidator

from crm_store.opening_hours import Shift
from pbx.dial_rules import BLOCK_TYPES

#: Relative paths are relative to the configuration file.
base_folder: ContextVar[Path] = ContextVar("base_folder", default=Path())

_SQLITE = re.compile(r"sqlite(?:\+aiosqlite)?:///(?P<file>.+)")
_DIALPLAN_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_SECTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_VARIABLE = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]*(?:\([A-Za-z0-9_,-]*\))?")
_LANGUAGES = ("en", "he", "ar", "pl", "sk")


def _resolved(path: object) -> object:
    if path == "":
        return None
    return base_folder.get() / path if isinstance(path, str | Path) else path


def _readable(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def _database_url(url: str) -> str:
    found = _SQLITE.fullmatch(url)
    if found is None or found["file"] == ":memory:":
        raise ValueError("write sqlite:///FILE (other databases follow in a later version)")
    return f"sqlite:///{(base_folder.get() / found['file']).absolute()}"


def _listen(address: str) -> str:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535 or (":" in host and not host.startswith("[")):
        raise ValueError('write HOST:PORT, for example "127.0.0.1:8080" or "[::1]:8080"')
    return address


def _public_url(url: str) -> str:
    if not url:
        return url
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise ValueError('write the address people type, without a path: "https://cti.example.com"')
    return url.rstrip("/")


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not an address or network (10.0.0.5, 10.0.0.0/24)") from None
    return text


def _language(code: str) -> str:
    if code not in _LANGUAGES:
        raise ValueError(f"{code!r} is none of {', '.join(_LANGUAGES)}")
    return code


def _region(code: str) -> str:
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f'{code!r} is not a region: write two capital letters, for example "SK"')
    return code


def _time_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'{name!r} is not a time zone; for example "Europe/Bratislava"') from None
    return name


def _channel_pattern(pattern: str) -> str:
    if not pattern or pattern != pattern.strip():
        raise ValueError("a pattern is neither empty nor begins or ends with a space")
    if pattern.count("[") != pattern.count("]"):
        raise ValueError(f"{pattern!r} has a bracket without its partner")
    return pattern


def _member_pattern(pattern: str) -> str:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
    if "extension" not in compiled.groupindex:
        raise ValueError(f"{pattern!r} does not say where the extension is: write (?P<extension>…)")
    return pattern


def _channel_template(template: str) -> str:
    try:
        fields = [field for _, field, _, _ in Formatter().parse(template) if field is not None]
    except ValueError as error:
        raise ValueError(f"{template!r}: {error}") from None
    if fields != ["extension"] or "/" not in template or re.search(r"[&,\s]", template):
        raise ValueError('write one channel with {extension} in it, for example "PJSIP/{extension}"')
    return template


def _dialplan_name(name: str) -> str:
    if not _DIALPLAN_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a context (letters, digits, - _ .)")
    return name


def _variables(variables: dict[str, str]) -> dict[str, str]:
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a channel variable")
        if not value.isprintable():
            raise ValueError(f"the value of {name} has a line break or another control character")
    return variables


def _added_prefix(text: str) -> str:
    if not re.fullmatch(r"\+?[0-9*#]{0,15}", text):
        raise ValueError(f"{text!r} is not the beginning of a number (digits, with or without +)")
    return text


def _dial_prefix(text: str) -> str:
    if not re.fullmatch(r"[0-9*#]{0,8}", text):
        raise ValueError(f"{text!r} is not a dialling prefix (up to eight digits, * or #)")
    return text


def _block_type(name: str) -> str:
    if name not in BLOCK_TYPES:
        raise ValueError(f"{name!r} is none of {', '.join(BLOCK_TYPES)}")
    return name


def _section_name(name: str) -> str:
    if not _SECTION_NAME.fullmatch(name):
        raise ValueError("the name of a PBX has letters, digits, - and _ only")
    return name


def _shift(text: str) -> str:
    Shift.parse(text)  # its ValueError says what is wrong
    return text


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has a line break or another control character")
    return text


def _comma_separated(value: Any) -> Any:
    """Lists in the environment may be written a,b,c as well as JSON."""
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


FromText = BeforeValidator(_comma_separated)
ConfigPath = Annotated[Path | None, BeforeValidator(_resolved)]
ConfigFile = Annotated[Path | None, BeforeValidator(_resolved), AfterValidator(_readable)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
Listen = Annotated[str, AfterValidator(_listen)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Network = Annotated[str, AfterValidator(_network)]
Language = Annotated[str, AfterValidator(_language)]
Region = Annotated[str, AfterValidator(_region)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
ChannelPattern = Annotated[str, AfterValidator(_channel_pattern)]
MemberPattern = Annotated[str, AfterValidator(_member_pattern)]
ChannelTemplate = Annotated[str, AfterValidator(_channel_template)]
DialplanName = Annotated[str, AfterValidator(_dialplan_name)]
Variables = Annotated[dict[str, str], AfterValidator(_variables)]
AddedPrefix = Annotated[str, AfterValidator(_added_prefix)]
DialPrefix = Annotated[str, AfterValidator(_dial_prefix)]
BlockType = Annotated[str, AfterValidator(_block_type)]
ShiftText = Annotated[str, AfterValidator(_shift)]
OneLine = Annotated[str, AfterValidator(_one_line)]
SectionName = Annotated[str, AfterValidator(_section_name)]
