"""What clients may send."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from crm_store.activities import DISPOSITIONS
from crm_store.parties import PARTY_KINDS, PHONE_LABELS
from web.schemas import (
    CallQuery,
    CustomerBody,
    CustomerKind,
    DispositionCode,
    PauseBody,
    PhoneLabel,
    TaskBody,
    TaskQuery,
)


def test_the_codes_are_those_of_the_store() -> None:
    assert get_args(DispositionCode) == DISPOSITIONS
    assert get_args(CustomerKind) == PARTY_KINDS
    assert get_args(PhoneLabel) == PHONE_LABELS


def test_bodies_do_not_coerce() -> None:
    with pytest.raises(ValidationError):
        TaskBody.model_validate_json('{"title": "x", "customer_id": "5"}')


def test_a_query_is_text() -> None:
    assert CallQuery.model_validate({"customer_id": "5", "limit": "10"}).customer_id == 5


def test_times_need_a_zone() -> None:
    with pytest.raises(ValidationError):
        TaskBody.model_validate_json('{"title": "x", "due_at": "2026-03-02T10:00:00"}')


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59"])
def test_times_beyond_the_calendar_are_refused(at: str) -> None:
    with pytest.raises(ValidationError, match="beyond the calendar"):
        TaskBody.model_validate({"title": "x", "due_at": at}, strict=False)


def test_times_come_in_as_utc() -> None:
    due = TaskBody.model_validate_json('{"title": "x", "due_at": "2026-03-02T10:00:00+01:00"}').due_at
    assert due is not None
    assert due.isoformat() == "2026-03-02T09:00:00+00:00"


@pytest.mark.parametrize("sent", ['"0.5"', '"1772445600"', "1772445600", '"2026-03-02"', '"2026-02-31T10:00:00Z"'])
def test_a_bare_number_is_no_time(sent: str) -> None:
    with pytest.raises(ValidationError):
        TaskBody.model_validate_json(f'{{"title": "x", "due_at": {sent}}}')
    with pytest.raises(ValidationError):
        TaskQuery(due_before=sent.strip('"'))


def test_no_nul_in_what_people_write() -> None:
    with pytest.raises(ValidationError, match="NUL"):
        TaskBody(title="a\x00b")


def test_a_pause_reason_is_one_line() -> None:
    with pytest.raises(ValidationError):
        PauseBody(reason="a\nb")


def test_what_is_left_out_is_known() -> None:
    assert CustomerBody.model_validate_json('{"company": null}').model_fields_set == {"company"}
