"""One caller, one number: whatever the PBX or a person wrote becomes E.164, or an honest kind that says why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    """`number`: E.164 for e164; digits for unverified, internal, short, feature; else None. `display` None only for withheld and unknown."""

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


def normalise(raw: str | None, profile: NumberProfile, *, restricted: bool = False) -> PhoneNumber:
    """Classify and normalise one number (telephony.md 4.2). Never raises."""
    raise NotImplementedError
