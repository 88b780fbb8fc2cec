"""What clients may send."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from crm_store.activities import DISPOSITIONS
from crm_store.parties import PARTY_KINDS, PHONE_LABELS
from web.schemas import CallQuery, CustomerBody, CustomerKind, DispositionCode, PauseBody, PhoneLabel, TaskBody


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


def test_a_pause_reason_is_one_line() -> None:
    with pytest.raises(ValidationError):
        PauseBody(reason="a\nb")


def test_what_is_left_out_is_known() -> None:
    assert CustomerBody.model_validate_json('{"company": null}').model_fields_set == {"company"}
