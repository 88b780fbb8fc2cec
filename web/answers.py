"""JSON answers, ETags and If-Match: the small change of every API handler."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import orjson
from aiohttp import hdrs, web

from crm_store.activities import Page
from web.deps import deps_of, principal_of
from web.problems import Problem

T = TypeVar("T")
_ETAG = re.compile(r'(?:W/)?"(\d{1,18})"')


def json_answer(
    data: Any, *, status: int = 200, version: int | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """`data` as JSON; `version` becomes the ETag."""
    response = web.Response(
        status=status,
        body=orjson.dumps(data, option=orjson.OPT_UTC_Z),
        content_type="application/json",
        headers=headers,
    )
    if version is not None:
        response.headers[hdrs.ETAG] = f'"{version}"'
    return response


def visible(request: web.Request, resource: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` without the fields that are hidden from whoever asks."""
    return deps_of(request).access.visible(principal_of(request).role, resource, data)


def page_answer(
    request: web.Request, resource: str, page: Page[T], to_json: Callable[[T], Mapping[str, Any]]
) -> web.Response:
    """`{"items": […], "next": cursor|null}`, each item without hidden fields."""
    return list_answer((visible(request, resource, to_json(item)) for item in page.items), page.next)


def list_answer(items: Iterable[Mapping[str, Any]], cursor: str | None = None) -> web.Response:
    """`{"items": […], "next": …}`."""
    return json_answer({"items": list(items), "next": cursor})


def expected_version(request: web.Request) -> int | None:
    """The version that If-Match names; None without the header (or `*`): last writer wins."""
    given = request.headers.get(hdrs.IF_MATCH)
    if given is None or given.strip() == "*":
        return None
    found = _ETAG.fullmatch(given.strip())
    if not found:
        raise Problem(400, "bad_if_match", "If-Match must be the ETag of an earlier answer.")
    return int(found.group(1))
