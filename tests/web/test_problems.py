"""Errors become status and code in one place."""

from __future__ import annotations

import pytest
from aiohttp import web

from crm_store.errors import InvalidInput, NotFound, StoreError, StoreUnavailable, VersionConflict
from pbx.errors import (
    ControlsOff,
    DialRefused,
    PbxError,
    PbxNotConnected,
    PbxRefused,
    PbxResultUnknown,
)
from web.problems import Problem, problem_of


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound(), 404, "not_found"),
        (VersionConflict(), 412, "version_conflict"),
        (StoreUnavailable(), 503, "database_unavailable"),
        (StoreError(), 500, "store_error"),
        (InvalidInput("phones", "is no number"), 422, "invalid_input"),
        (PbxNotConnected(), 503, "pbx_not_connected"),
        (PbxRefused("No such channel"), 409, "pbx_refused"),
        (PbxResultUnknown(), 504, "pbx_result_unknown"),
        (ControlsOff(), 403, "controls_off"),
        (PbxError(), 502, "pbx_error"),
        (DialRefused("blocked_country", "Not there."), 422, "blocked_country"),
        (DialRefused("too_many", "Too many."), 429, "too_many"),
        (web.HTTPNotFound(), 404, "not_found"),
        (web.HTTPMethodNotAllowed("PUT", ["GET"]), 405, "method_not_allowed"),
        (Problem(409, "call_ended", "It is over."), 409, "call_ended"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_error(error: Exception, status: int, code: str) -> None:
    problem = problem_of(error)
    assert problem is not None
    assert (problem.status, problem.code) == (status, code)
    assert problem.detail
    body = problem.body()
    assert {"type", "title", "status", "code", "detail"} <= set(body)


def test_a_defect_of_ours_has_no_problem() -> None:
    assert problem_of(RuntimeError("password=hunter2")) is None


def test_the_field_is_named() -> None:
    problem = problem_of(InvalidInput("phones", "is no number"))
    assert problem is not None
    assert problem.body()["errors"] == [{"field": "phones", "message": "is no number"}]


def test_the_message_of_the_class_serves_when_there_is_no_other() -> None:
    problem = problem_of(NotFound())
    assert problem is not None
    assert str(problem) == "There is no such record."
