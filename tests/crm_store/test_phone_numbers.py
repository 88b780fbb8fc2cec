"""Every way a trunk, a phone or a person writes a number: the cases N1 to N46 of the telephony paper."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_store.phone_numbers import (
    NUMBER_FORMATS,
    NumberKind,
    NumberProfile,
    PhoneNumber,
    digits_of,
    grouped,
    normalise,
    normalise_dialled,
    normalise_did,
    reversed_digits,
)

CZ = NumberProfile(region="CZ", extensions=frozenset({"100", "2001234"}))


@dataclass(frozen=True)
class Case:
    name: str
    raw: str | None
    kind: str
    number: str | None
    region: str = "CZ"


CASES = [
    Case("N1", "+420777123456", "e164", "+420777123456"),
    Case("N2", "777123456", "e164", "+420777123456"),
    Case("N3", "00420777123456", "e164", "+420777123456"),
    Case("N4", "420777123456", "e164", "+420777123456"),
    Case("N5 spaces", "+420 777 123 456", "e164", "+420777123456"),
    Case("N5 brackets", "(777) 123-456", "e164", "+420777123456"),
    Case("N6", "0301234567", "e164", "+49301234567", "DE"),
    Case("N7 (0)", "+49(0)301234567", "e164", "+49301234567", "DE"),
    Case("N7 0", "+490301234567", "e164", "+49301234567", "DE"),
    Case("N8", "0612345678", "e164", "+390612345678", "IT"),
    Case("N9", "612345678", "unverified", "612345678", "IT"),
    Case("N10", "0612345678", "e164", "+33612345678", "FR"),
    Case("N11", "07911123456", "e164", "+447911123456", "GB"),
    Case("N12", "011442071234567", "e164", "+442071234567", "US"),
    Case("N13 ten digits", "2125551234", "e164", "+12125551234", "US"),
    Case("N13 eleven digits", "12125551234", "e164", "+12125551234", "US"),
    Case("N14", "1-800-FLOWERS", "alphanumeric", None, "US"),
    Case("N15 anonymous", "anonymous", "withheld", None),
    Case("N15 Anonymous", "Anonymous", "withheld", None),
    Case("N15 Restricted", "Restricted", "withheld", None),
    Case("N15 unknown", "unknown", "unknown", None),
    Case("N15 <unknown>", "<unknown>", "unknown", None),
    Case("N15 empty", "", "unknown", None),
    Case("N15 nothing", None, "unknown", None),
    Case("N17", "100", "internal", "100"),
    Case("N17 long extension", "2001234", "internal", "2001234"),
    Case("N18", "1001", "raw", None),
    Case("N19 forward", "*21", "feature", "*21"),
    Case("N19 pickup", "*8100", "feature", "*8100"),
    Case("N19 CLIR", "#31#777123456", "feature", "#31#777123456"),
    Case("N20 112", "112", "short", "112"),
    Case("N20 911", "911", "short", "911"),
    Case("N20 by region", "155", "short", "155", "SK"),
    Case("N21", "116111", "short", "116111"),
    Case("N22", "sip:+420777123456@pbx.example", "e164", "+420777123456"),
    Case("N22 sips", "SIPS:+420777123456@pbx.example", "e164", "+420777123456"),
    Case("N23", "tel:777123456;phone-context=+420", "e164", "+420777123456"),
    Case("N23 context of another country", "tel:905123456;phone-context=+421", "e164", "+421905123456"),
    Case("N25", "+420777123456@trunk", "e164", "+420777123456"),
    Case("N26 inbound", "777123456,,12", "e164", "+420777123456"),
    Case("N27", "٠٧٧٧١٢٣٤٥٦", "unverified", "0777123456"),
    Case("N28", "＋４２０７７７１２３４５６", "e164", "+420777123456"),
    Case("N29", "+420777123456\u202c", "e164", "+420777123456"),
    Case("N30 plus", "+", "unknown", None),
    Case("N30 +1", "+1", "unknown", None),
    Case("N30 0", "0", "unknown", None),
    Case("N30 s", "s", "unknown", None),
    Case("N31", "000000000", "unknown", None),
    Case("N32", "+999123456789", "raw", None),
    Case("N33 satellite", "+870773111632", "e164", "+870773111632"),
    Case("N33 network without a published plan", "+8835100012345", "unverified", "8835100012345"),
    Case("N34 international premium", "+979123456789", "e164", "+979123456789"),
    Case("N34 CZ premium", "906123456", "e164", "+420906123456"),
    Case("N34 DE premium", "09001234567", "e164", "+499001234567", "DE"),
    Case("N35", "+5215512345678", "raw", None),
    Case("N36", "+5491112345678", "e164", "+5491112345678"),
    Case("N37 bank", "BANKA", "alphanumeric", None),
    Case("N37 operator", "O2", "alphanumeric", None),
    Case("N37 SIP user", "alice", "alphanumeric", None),
    Case("N38", "7771234567890123456", "raw", None),
    Case("N39", "7" * 251, "raw", None),
    Case("N40", "777123456\r\nAction: X", "raw", None),
    Case("N41", "777123456'; DROP", "raw", None),
    Case("local part without area code", "5551234", "unverified", "5551234", "US"),
    Case("a star code with text", "*21<b>", "raw", None),
    Case("only signs", "!?", "raw", None),
    Case("only brackets", "()", "unknown", None),
    Case("asterisk's own name", "asterisk", "unknown", None),
    Case("no such region", "777123456", "raw", None, "XX"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_number_case(case: Case) -> None:
    profile = NumberProfile(region=case.region, extensions=CZ.extensions)
    found = normalise(case.raw, profile)
    assert (found.kind, found.number) == (case.kind, case.number)


def test_a_number_is_shown_in_the_international_way() -> None:
    assert normalise("0905123456", NumberProfile(region="SK")).display == "+421 905 123 456"


def test_the_received_text_is_kept_beside_the_number() -> None:
    found = normalise("0905 123 456", NumberProfile(region="SK"))
    assert (found.raw, found.national, found.region_given) == ("0905 123 456", "905123456", False)


@pytest.mark.parametrize("raw", ["+421905123456", "00421905123456", "421905123456"])
def test_a_number_that_names_its_country_says_so(raw: str) -> None:
    assert normalise(raw, NumberProfile(region="SK")).region_given


def test_n16_a_restricted_number_leaves_no_digit_behind() -> None:
    found = normalise("+420777123456", CZ, restricted=True)
    assert found == PhoneNumber(kind=NumberKind.WITHHELD, number=None, display=None, raw=None)


@pytest.mark.parametrize("raw", ["+420777123456;ext=12", "777123456x12", "777123456 ext. 12", "777123456 extension 12"])
def test_n24_the_extension_is_kept_apart(raw: str) -> None:
    found = normalise(raw, CZ)
    assert (found.number, found.extension, found.display) == ("+420777123456", "12", "+420 777 123 456")


def test_n29_invisible_marks_are_not_shown() -> None:
    assert normalise("\u202eBANKA\u202c", CZ).display == "BANKA"


def test_n39_endless_text_is_cut_for_storage() -> None:
    found = normalise("7" * 5000, CZ)
    assert (len(found.raw or ""), len(found.display or "")) == (64, 64)


def test_n45_the_trunks_prefix_is_stripped_and_the_first_text_kept() -> None:
    zero = NumberProfile(region="CZ", strip_prefix="0")
    named = NumberProfile(region="CZ", strip_prefix="SALES:")
    assert normalise("0777123456", zero).number == "+420777123456"
    assert normalise("SALES:777123456", named).number == "+420777123456"
    assert normalise("SALES:777123456", named).raw == "SALES:777123456"


def test_a_prefix_rule_that_makes_nonsense_of_a_good_number_is_not_applied() -> None:
    assert normalise("00421905123456", NumberProfile(region="SK", strip_prefix="0")).number == "+421905123456"


def test_the_trunks_missing_prefix_is_added() -> None:
    profile = NumberProfile(region="DE", add_prefix="+421")
    assert normalise("905123456", profile).number == "+421905123456"
    assert normalise("+491711234567", profile).number == "+491711234567"


def test_e164_without_plus_is_taken_as_such_only_where_the_trunk_writes_so() -> None:
    noplus = NumberProfile(region="IL", format="e164_noplus")
    assert normalise("421905123456", noplus).number == "+421905123456"
    assert normalise("421905123456", NumberProfile(region="IL")).kind is NumberKind.UNVERIFIED


def test_a_number_that_begins_with_zero_is_national_even_on_a_trunk_without_plus() -> None:
    assert normalise("0905123456", NumberProfile(region="SK", format="e164_noplus")).number == "+421905123456"


def test_national_digits_that_look_like_the_country_code_stay_national() -> None:
    national = NumberProfile(region="CZ", format="national")
    assert normalise("420777123456", CZ).number == "+420777123456"
    assert normalise("420777123456", national).kind is NumberKind.UNVERIFIED
    leer = normalise("4912345678", NumberProfile(region="DE", format="national"))
    assert (leer.national, leer.region_given) == ("4912345678", False)


def test_a_national_trunk_still_understands_international_writing() -> None:
    national = NumberProfile(region="DE", format="national")
    assert normalise("0049301234567", national).number == "+49301234567"
    assert normalise("+421905123456", national).number == "+421905123456"
    assert normalise("0301234567", national).number == "+49301234567"


def test_dialled_clir_prefix_is_not_part_of_the_number() -> None:
    found = normalise_dialled("#31#777123456", CZ)
    assert (found.kind, found.number, found.raw) == (NumberKind.E164, "+420777123456", "#31#777123456")


def test_n26_a_dialled_pause_is_refused() -> None:
    assert normalise_dialled("777123456,,12", CZ).kind is NumberKind.RAW


@pytest.mark.parametrize(("raw", "kind"), [("*8100", "feature"), ("#31#", "feature"), (None, "unknown")])
def test_other_dialled_codes_stay_what_they_are(raw: str | None, kind: str) -> None:
    assert normalise_dialled(raw, CZ).kind == kind


def test_the_did_is_not_subject_to_the_callers_prefix_rules() -> None:
    profile = NumberProfile(region="SK", strip_prefix="0", add_prefix="+420")
    assert normalise_did("0255501234", profile).number == "+421255501234"


def test_reversed_digits_find_a_number_by_its_end() -> None:
    assert reversed_digits(normalise("+420777123456", CZ)) == "654321777024"
    assert reversed_digits(normalise("+5215512345678", CZ)) == "8765432155125"
    assert reversed_digits(normalise("anonymous", CZ)) == ""


NUMBERISH = st.text(alphabet="0123456789+*#() -./@;,=xest:SIPtel\u202c٠１\r\n'&", max_size=40)
PROFILES = st.builds(
    NumberProfile,
    region=st.sampled_from(["CZ", "SK", "IL", "IT", "US", "DE", "", "ZZ"]),
    format=st.sampled_from(NUMBER_FORMATS),
    strip_prefix=st.sampled_from(["", "0", "9", "+"]),
    add_prefix=st.sampled_from(["", "0", "+", "+420"]),
    extensions=st.frozensets(st.sampled_from(["100", "0", "alice"])),
)


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+421255501234", "+421 2 555 012 34"), ("101", "101"), ("+", "+"), ("+0", "+0"), ("support", "support")],
)
def test_a_stored_number_is_grouped_for_reading(number: str, shown: str) -> None:
    assert grouped(number) == shown


@given(
    raw=st.text(max_size=300) | NUMBERISH | st.text(st.characters(categories=["Cs", "Nd", "Cf", "Pd"])),
    profile=PROFILES,
)
def test_whatever_a_stranger_sends_becomes_one_honest_value(raw: str, profile: NumberProfile) -> None:
    for found in (normalise(raw, profile), normalise_dialled(raw, profile), normalise_did(raw, profile)):
        hidden = found.kind in {NumberKind.WITHHELD, NumberKind.UNKNOWN}
        assert (found.display is None) == hidden
        assert (found.number is None) == (hidden or found.kind in {NumberKind.RAW, NumberKind.ALPHANUMERIC})
        assert len(found.raw or "") <= 64
        (found.raw or "").encode()
        (found.display or "").encode()
        assert digits_of(found) == "" or digits_of(found).isascii()
        if found.kind is NumberKind.E164:
            assert normalise(found.number, NumberProfile(region="US")).number == found.number
