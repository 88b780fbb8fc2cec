"""What may be dialled and how it is written for each trunk (telephony.md N-cases for dialling, threats T2, T4, T5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.dial_rules import Dial, DialRules, RateLimit, dial_string
from pbx.errors import DialRefused

SK = DialRules(region="SK")


def refused(typed: str, rules: DialRules = SK) -> str:
    with pytest.raises(DialRefused) as refusal:
        dial_string(typed, rules)
    return refusal.value.code


@pytest.mark.parametrize(
    "typed",
    [
        *("+421905123456", "00421905123456", "0905123456", "+421 905 123 456", "0905/123 456", "(0905) 123-456"),
        *(
            "+421905123456\u202c",
            "＋４２１９０５１２３４５６",
            "٠٩٠٥١٢٣٤٥٦",
            "tel:+421905123456",
            "+421\u00a0905\u00a0123\u00a0456",
        ),
        "#31#0905123456",
    ],
)
def test_every_way_to_write_a_number_is_the_same_number(typed: str) -> None:
    assert dial_string(typed, SK) == Dial("+421905123456", "+421905123456")


@pytest.mark.parametrize(
    ("form", "prefix", "home", "abroad"),
    [
        ("e164", "", "+421905123456", "+420777123456"),
        ("e164_noplus", "", "421905123456", "420777123456"),
        ("international", "", "00421905123456", "00420777123456"),
        ("international", "9", "900421905123456", "900420777123456"),
        ("national", "", "0905123456", "00420777123456"),
        ("national", "9", "90905123456", "900420777123456"),
    ],
)
def test_number_is_written_as_the_trunk_wants_it(form: str, prefix: str, home: str, abroad: str) -> None:
    rules = DialRules(format=form, prefix=prefix, region="SK")
    assert dial_string("0905123456", rules).number_to_pbx == home
    assert dial_string("+420777123456", rules).number_to_pbx == abroad


def test_national_form_abroad_uses_the_regions_own_international_prefix() -> None:
    rules = DialRules(format="national", region="US")
    assert dial_string("+442079460110", rules).number_to_pbx == "011442079460110"
    assert dial_string("0044 20 7946 0110", rules).e164 == "+442079460110"  # typed the European way


@pytest.mark.parametrize("typed", ["112", "911", "１１２", "1-1-2", "#31#112", "158"])
def test_emergency_calls_are_never_rewritten_prefixed_or_blocked(typed: str) -> None:
    strict = DialRules(
        format="international",
        prefix="9",
        region="SK",
        allow_countries=frozenset({"CZ"}),
        block_types=frozenset({"unknown"}),
    )
    dialled = dial_string(typed, strict)
    assert dialled.emergency
    assert dialled.number_to_pbx in ("112", "911", "158")


def test_emergency_number_of_another_region_is_not_one_here() -> None:
    assert refused("999") == "invalid"
    assert dial_string("999", DialRules(region="GB")).emergency


def test_known_extension_is_dialled_as_it_is() -> None:
    rules = DialRules(format="e164", prefix="9", region="SK")
    assert dial_string("101", rules, extensions={"101"}) == Dial("101", None)
    assert refused("1001", rules) == "invalid"


def test_short_code_is_dialled_with_the_prefix() -> None:
    assert dial_string("116111", DialRules(prefix="9")) == Dial("9116111", None)


@pytest.mark.parametrize("typed", ["*21", "*8100", "#31", "*112", "112#", "0905123456#", "**1"])
def test_feature_codes_are_refused(typed: str) -> None:
    assert refused(typed) == "feature"


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            " ",
            "+",
            "s",
            "anonymous",
            "1-800-FLOWERS",
            "0905123456,,12",
            "0905123456&PJSIP/1002",
            "0905123456@trunk",
        ),
        *(
            "0905123456^1",
            "${EXTEN}",
            "0905123456;ext=1",
            "+421905123456x12",
            "09051234567890123456",
            "0",
            "8",
            "0905 123",
        ),
        *("777123456\r\nAction: Command", "0905123456\n", "0905\0123456", "+421+905123456", "9" * 400, "+999123456789"),
        *("'; DROP TABLE", "PJSIP/1001", "Local/1001@default", "0905123456|1", "²³", "½"),
    ],
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    assert refused(typed) in ("invalid", "blocked_type")


@pytest.mark.parametrize(
    "typed",
    ["0900123456", "+979123456789", "+870773111632", "+881612345678", "+8821234567", "+883510012345", "+4491234567"],
)
def test_expensive_kinds_are_blocked(typed: str) -> None:
    assert refused(typed) == "blocked_type"


def test_blocked_kinds_are_the_configurations() -> None:
    assert dial_string("0900123456", DialRules(block_types=frozenset())).e164 == "+421900123456"
    assert refused("0800123456", DialRules(block_types=frozenset({"toll_free"}))) == "blocked_type"
    assert dial_string("+447700900155", DialRules(block_types=frozenset({"premium_rate"}))).e164 == "+447700900155"


def test_premium_short_code_is_blocked() -> None:
    rules = DialRules(region="CH")
    assert refused("1850", rules) == "blocked_type"
    assert dial_string("1850", DialRules(region="CH", block_types=frozenset())).number_to_pbx == "1850"


def test_only_allowed_countries_are_dialled() -> None:
    rules = DialRules(region="SK", allow_countries=frozenset({"SK", "GB", "US"}))
    assert dial_string("0905123456", rules).e164
    assert refused("+420777123456", rules) == "blocked_country"
    assert dial_string("+447911123456", rules).e164  # reported as Guernsey, same code and tariff
    assert dial_string("+12125551234", rules).e164
    assert refused("+18765551234", rules) == "blocked_country"  # Jamaica shares +1, not the tariff


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "e-164"},
        {"prefix": "9w"},
        {"prefix": "123456789"},
        {"region": "Slovakia"},
        {"allow_countries": frozenset({"UK"})},
        {"block_types": frozenset({"premium"})},
    ],
)
def test_rules_that_make_no_sense_name_the_key_or_value(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"format|prefix|Slovakia|UK|premium"):
        DialRules(**wrong)  # type: ignore[arg-type]


@given(st.text(max_size=80))
def test_whatever_is_typed_only_harmless_characters_reach_the_pbx(typed: str) -> None:
    try:
        dialled = dial_string(typed, SK)
    except DialRefused:
        return
    assert set(dialled.number_to_pbx) <= set("+0123456789")
    assert 0 < len(dialled.number_to_pbx) <= 20


def test_rate_limit_is_a_sliding_minute_for_each_agent() -> None:
    limit = RateLimit(2, max_per_day=100)
    limit.take("eva", 0.0)
    limit.take("eva", 30.0)
    with pytest.raises(DialRefused) as refusal:
        limit.take("eva", 59.9)
    assert refusal.value.code == "too_many"
    limit.take("jan", 59.9)
    limit.take("eva", 60.1)
    with pytest.raises(DialRefused):
        limit.take("eva", 61.0)


def test_the_day_has_its_own_limit_and_slides_too() -> None:
    limit = RateLimit(2, max_per_day=3)
    hour, day = 3600.0, 86_400.0
    for at in (0.0, hour, 2 * hour):
        limit.take("eva", at)
    with pytest.raises(DialRefused) as refusal:
        limit.take("eva", day - 1)
    assert refusal.value.code == "too_many_today"
    limit.take("jan", day - 1)
    limit.take("eva", day)
