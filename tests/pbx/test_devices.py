"""Whose channel is it? Told by patterns and accounts, never by number length or context."""

import pytest

from pbx.devices import DeviceKind, DevicePlan, endpoint_of, extension_of_endpoint
from tests.pbx.folding import device_plan


@pytest.mark.parametrize(
    ("channel", "endpoint"),
    [
        ("PJSIP/1001-0000001a", "PJSIP/1001"),
        ("PJSIP/desk-7-0000001a", "PJSIP/desk-7"),
        ("Local/1001@from-queue-0000001a;2", "Local/1001@from-queue"),
        ("PJSIP/1001", "PJSIP/1001"),
        ("SIP/dead-beef", "SIP/dead-beef"),
    ],
)
def test_the_device_is_the_name_without_its_counter(channel: str, endpoint: str) -> None:
    assert endpoint_of(channel) == endpoint


def test_a_trunk_wins_over_a_phone_and_a_local_channel_is_neither() -> None:
    plan = DevicePlan(trunks=("PJSIP/9*",), phones=("PJSIP/*", "Local/*"), members=())
    assert plan.kind("PJSIP/900-00000001") is DeviceKind.TRUNK
    assert plan.kind("PJSIP/100-00000001") is DeviceKind.PHONE
    assert plan.kind("Local/900@x-00000001;1") is DeviceKind.LOCAL
    assert plan.kind("DAHDI/1-1") is DeviceKind.OTHER


def test_an_accounts_phone_is_a_phone_although_no_pattern_says_so() -> None:
    plan = device_plan()
    assert plan.kind("SIP/reception-00000001") is DeviceKind.OTHER
    plan.set_owners({"SIP/reception": "eva"})
    assert (plan.kind("SIP/reception-00000002"), plan.owner("SIP/reception")) == (DeviceKind.PHONE, "eva")
    plan.set_owners({})
    assert plan.kind("SIP/reception-00000003") is DeviceKind.OTHER


def test_patterns_are_case_sensitive_as_names_of_the_pbx_are() -> None:
    assert device_plan().kind("pjsip/1001-00000001") is DeviceKind.OTHER


@pytest.mark.parametrize(
    ("interface", "extension"),
    [
        ("Local/1001@from-queue/n", "1001"),
        ("PJSIP/1001", "1001"),
        ("PJSIP/desk-7", None),
        ("Local/1001@elsewhere/n", None),
    ],
)
def test_a_queue_member_is_known_by_its_extension(interface: str, extension: str | None) -> None:
    assert device_plan().extension_of_member(interface) == extension


def test_a_twin_has_the_extension_of_its_account() -> None:
    plan = device_plan({"PJSIP/991001": "eva"})
    assert plan.extension_of("PJSIP/991001") == "1001"
    assert plan.extension_of("PJSIP/1003") == "1003"


def test_a_device_without_a_slash_is_its_own_extension() -> None:
    assert extension_of_endpoint("1001") == "1001"


def test_an_account_is_found_by_the_extension_of_any_of_its_phones() -> None:
    plan = device_plan({"PJSIP/991001": "eva", "PJSIP/1002": "jan"})
    assert [plan.owner_of_extension(extension) for extension in ("1001", "1002", "1003", None)] == [
        "eva",
        "jan",
        None,
        None,
    ]


def test_the_seats_of_queues_are_known_again_without_another_look() -> None:
    plan = device_plan()
    assert [plan.extension_of_seat("Local/1001@from-queue/n") for _ in range(2)] == ["1001", "1001"]
    assert [plan.extension_of_seat("PJSIP/desk-7") for _ in range(2)] == [None, None]
