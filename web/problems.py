"""Every error of the API as `application/problem+json` (RFC 9457): the one place that maps errors to HTTP status and `code`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import pydantic
from aiohttp import web

from crm_store.errors import (
    AlreadyClaimed,
    AlreadyDone,
    InvalidInput,
    NotFound,
    StoreError,
    StoreUnavailable,
    VersionConflict,
)
from pbx.errors import ControlsOff, DialRefused, PbxError, PbxNotConnected, PbxRefused, PbxResultUnknown


class Problem(Exception):
    """A request that cannot be served. `detail` is a sentence for people, `code` is stable for programs and translations."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),  # [{"field": "phones.0.number", "message": "…"}]
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, str] | None = None,
    ) -> None:
        """`members`: more of the problem document, for programs."""
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    @property
    def title(self) -> str:
        """The status in words: `Not Found`."""
        return HTTPStatus(self.status).phrase

    def body(self) -> dict[str, Any]:
        """The members of the problem+json document."""
        members: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.members,
        }
        if self.errors:
            members["errors"] = [dict(error) for error in self.errors]
        return members

    def response(self) -> web.Response:
        """The answer for an API client."""
        return web.Response(
            status=self.status,
            body=orjson.dumps(self.body()),
            content_type="application/problem+json",
            headers=self.headers,
        )


_STORE_PROBLEMS: tuple[tuple[type[StoreError], int, str], ...] = (
    (NotFound, 404, "not_found"),
    (AlreadyDone, 409, "already_done"),
    (VersionConflict, 412, "version_conflict"),
    (StoreUnavailable, 503, "database_unavailable"),
)
_PBX_PROBLEMS: tuple[tuple[type[PbxError], int, str], ...] = (
    (PbxNotConnected, 503, "pbx_not_connected"),
    (PbxRefused, 409, "pbx_refused"),
    (PbxResultUnknown, 504, "pbx_result_unknown"),
    (ControlsOff, 403, "controls_off"),
)
_DIAL_STATUS = {"too_many": 429, "too_many_today": 429, "already_dialling": 409}
_HTTP_CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


def problem_of(error: Exception) -> Problem | None:
    """The problem that an exception means, or None for a defect of ours (which becomes a 500 without details)."""
    match error:
        case Problem():
            return error
        case InvalidInput():
            return invalid(error.field, str(error))
        case AlreadyClaimed():
            return already_claimed(error.by)
        case DialRefused():
            return Problem(_DIAL_STATUS.get(error.code, 422), error.code, str(error))
        case pydantic.ValidationError():
            return _of_validation(error)
        case StoreError():
            return _by_table(error, _STORE_PROBLEMS, (500, "store_error"))
        case PbxError():
            return _by_table(error, _PBX_PROBLEMS, (502, "pbx_error"))
        case web.HTTPException():
            return Problem(
                error.status, _HTTP_CODES.get(error.status, "http_error"), error.reason, headers=_kept_headers(error)
            )
        case _:
            return None


def invalid(field_name: str, message: str) -> Problem:
    """422 for one field, named."""
    return Problem(
        422,
        "invalid_input",
        f"{field_name}: {message}",
        errors=({"field": field_name, "message": message},),
    )


def already_claimed(by: str, name: str | None = None) -> Problem:
    """409: a colleague (account `by`, called `name`) has this call-back in hand."""
    return Problem(409, "already_claimed", f"{name or by} is on it already.", members={"claimed_by": by})


def _by_table(error: Exception, table: Sequence[tuple[type[Exception], int, str]], other: tuple[int, str]) -> Problem:
    status, code = next(((status, code) for kind, status, code in table if isinstance(error, kind)), other)
    return Problem(status, code, str(error) or (type(error).__doc__ or "").strip())


def _of_validation(error: pydantic.ValidationError) -> Problem:
    errors = [
        {"field": ".".join(str(part) for part in item["loc"]) or "body", "message": item["msg"]}
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    first = errors[0]
    if error.errors(include_url=False, include_context=False, include_input=False)[0]["type"] == "json_invalid":
        return Problem(400, "malformed_json", first["message"], errors=errors)
    return Problem(422, "invalid_input", f"{first['field']}: {first['message']}", errors=errors)


def _kept_headers(error: web.HTTPException) -> dict[str, str]:
    return {name: error.headers[name] for name in ("Allow", "WWW-Authenticate", "Retry-After") if name in error.headers}
