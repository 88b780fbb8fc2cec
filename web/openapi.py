"""The API's own registry: each route is declared once with its permission and models, and `openapi.json` is built from that."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

import pydantic
from aiohttp import hdrs, web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from crm_store.access import SCOPE_PERMISSIONS, Permission
from web.auth import Handler, Public, require
from web.problems import Problem

API_PREFIX = "/api/v1"
M = TypeVar("M", bound=BaseModel)
_PATH_PARAMETER = re.compile(r"{(\w+)(?::([^{}]|{[^{}]*})+)?}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoute:
    """One declared route."""

    method: str
    path: str  # below API_PREFIX, in aiohttp's syntax
    handler: Handler
    permission: Permission | Public
    tag: str
    summary: str
    takes: type[BaseModel] | None  # query of a GET, JSON body of a write
    returns: type[BaseModel] | None
    status: int
    headers: tuple[str, ...]  # request headers the route understands
    media_types: tuple[str, ...]
    refuses: tuple[int, ...]  # statuses that do not follow from the rest of the declaration


class ApiTable:
    """The routes of one resource."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.routes: list[ApiRoute] = []

    @overload
    def add(
        self,
        method: str,
        path: str,
        permission: Permission | Public,
        summary: str,
        *,
        returns: type[BaseModel] | None = None,
        status: int = 200,
        headers: tuple[str, ...] = (),
        media_types: tuple[str, ...] = ("application/json",),
        refuses: tuple[int, ...] = (),
    ) -> Callable[[Handler], Handler]: ...

    @overload
    def add(
        self,
        method: str,
        path: str,
        permission: Permission | Public,
        summary: str,
        *,
        takes: type[M],
        returns: type[BaseModel] | None = None,
        status: int = 200,
        headers: tuple[str, ...] = (),
        media_types: tuple[str, ...] = ("application/json",),
        refuses: tuple[int, ...] = (),
    ) -> Callable[[Callable[[web.Request, M], Awaitable[web.StreamResponse]]], Handler]: ...

    def add(
        self,
        method: str,
        path: str,
        permission: Permission | Public,
        summary: str,
        *,
        takes: type[BaseModel] | None = None,
        returns: type[BaseModel] | None = None,
        status: int = 200,
        headers: tuple[str, ...] = (),
        media_types: tuple[str, ...] = ("application/json",),
        refuses: tuple[int, ...] = (),
    ) -> Callable[[Callable[..., Awaitable[web.StreamResponse]]], Handler]:
        """Declare a route. With `takes`, the handler gets the validated query (GET) or JSON body (writes) as second argument."""

        def declare(function: Callable[..., Awaitable[web.StreamResponse]]) -> Handler:
            handler = require(permission)(_parsing(function, takes, method))
            self.routes.append(
                ApiRoute(
                    method=method,
                    path=path,
                    handler=handler,
                    permission=permission,
                    tag=self.tag,
                    summary=summary,
                    takes=takes,
                    returns=returns,
                    status=status,
                    headers=headers,
                    media_types=media_types,
                    refuses=refuses,
                )
            )
            return handler

        return declare

    def register(self, app: web.Application) -> None:
        """Mount the routes below API_PREFIX."""
        for route in self.routes:
            app.router.add_route(route.method, API_PREFIX + route.path, route.handler)


def _parsing(
    function: Callable[..., Awaitable[web.StreamResponse]], takes: type[BaseModel] | None, method: str
) -> Handler:
    async def plain(request: web.Request) -> web.StreamResponse:
        return await function(request)

    async def with_query(request: web.Request) -> web.StreamResponse:
        return await function(request, parse_query(request, model))

    async def with_body(request: web.Request) -> web.StreamResponse:
        return await function(request, await parse_body(request, model))

    if takes is None:
        return plain
    model = takes
    return with_query if method == hdrs.METH_GET else with_body


def parse_query(request: web.Request, model: type[M]) -> M:
    """The validated query string; a parameter given twice is an error that names it."""
    seen: dict[str, str] = {}
    for name, value in request.query.items():
        if name in seen:
            raise Problem(
                422, "invalid_input", f"{name}: given twice", errors=({"field": name, "message": "given twice"},)
            )
        seen[name] = value
    return model.model_validate(seen)


async def parse_body(request: web.Request, model: type[M]) -> M:
    """The validated JSON body. The content type must be JSON: a form of another site cannot send that."""
    if request.content_type != "application/json":
        raise Problem(415, "unsupported_media_type", "The body must be sent as application/json.")
    return model.model_validate_json(await request.read())


def plain_path(path: str) -> str:
    """A route's path without the expressions: `/calls/{call_id}`."""
    return _PATH_PARAMETER.sub(r"{\1}", path)


# --- the document ---------------------------------------------------------------------------------------------------------


class ProblemView(BaseModel):
    """application/problem+json (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[dict[str, str]] = []


def openapi_document(tables: Iterable[ApiTable], *, version: str) -> dict[str, Any]:
    """OpenAPI 3.1 of everything that the tables declare."""
    routes = [route for table in tables for route in table.routes]
    models: set[type[BaseModel]] = {ProblemView}
    models |= {model for route in routes for model in (route.takes, route.returns) if model is not None}
    ordered = sorted(models, key=lambda model: model.__name__)
    references, schemas = models_json_schema([(model, "validation") for model in ordered], ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = API_PREFIX + plain_path(route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ctiserver",
            "version": version,
            "description": "Calls, customers, tasks, queues and agents of a contact centre on Asterisk. "
            "Errors are application/problem+json with a stable code.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-cti"},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "An API token as the password; for GET /lookup only.",
                },
            },
        },
    }


_REFERENCE = "#/components/schemas/{model}"
_References = dict[tuple[type[BaseModel], Any], dict[str, Any]]


def _operation(route: ApiRoute, references: Any) -> dict[str, Any]:
    problem = references[(ProblemView, "validation")]
    answer: dict[str, Any] = {"description": route.summary}
    if route.returns is not None:
        answer["content"] = {
            media_type: {
                "schema": references[(route.returns, "validation")] if "json" in media_type else {"type": "string"}
            }
            for media_type in route.media_types
        }
    elif route.status != 204:
        answer["content"] = {media_type: {"schema": {"type": "string"}} for media_type in route.media_types}
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "tags": [route.tag],
        "summary": route.summary,
        "responses": {
            str(route.status): answer,
            **{
                str(status): {"description": _REFUSALS[status], "content": _refusal(status, problem)}
                for status in sorted(_refusals(route))
            },
        },
        "security": _security(route),
    }
    parameters = [*_path_parameters(route.path), *_query_parameters(route), *_header_parameters(route.headers)]
    if parameters:
        operation["parameters"] = parameters
    if route.takes is not None and route.method != hdrs.METH_GET:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": references[(route.takes, "validation")]}},
        }
    return operation


_REFUSALS: Mapping[int, str] = {
    400: "Malformed: the JSON, a header, or what cannot be read as HTTP (an address of more than 8 KiB): that one as plain text",
    401: "Not signed in",
    403: "Not open to this role or token, or the CSRF token is missing",
    404: "There is no such object for you",
    409: "Not as things are now",
    412: "Somebody else changed it meanwhile",
    413: "The body is too large",
    415: "The body must be application/json",
    422: "A field or parameter is wrong; it is named",
    429: "Too many; Retry-After may say when",
    502: "The telephone system answered something unexpected",
    503: "The database or the telephone system is away",
    504: "The telephone system did not answer: it may have been done",
}
#: What a route that asks the telephone system for something may answer.
PBX_REFUSES = (409, 502, 504)


def _refusals(route: ApiRoute) -> set[int]:
    """Every other status that the route may answer."""
    found = {400, 401, 403, 503, *route.refuses}
    if "{" in route.path:
        found.add(404)
    if route.takes is not None:
        found |= {422} if route.method == hdrs.METH_GET else {413, 415, 422}
    if "If-Match" in route.headers:
        found.add(412)
    return found


def _refusal(status: int, problem: Mapping[str, Any]) -> dict[str, Any]:
    """Before a request is one the HTTP server itself answers, and knows no problem+json."""
    found: dict[str, Any] = {"application/problem+json": {"schema": problem}}
    return {**found, "text/plain": {"schema": {"type": "string"}}} if status == 400 else found


def _operation_id(route: ApiRoute) -> str:
    words = re.sub(r"[^a-z]+", "_", _PATH_PARAMETER.sub(r"by_\1", route.path)).strip("_")
    return f"{route.method.lower()}_{words}"


def _security(route: ApiRoute) -> list[dict[str, list[str]]]:
    if not isinstance(route.permission, Permission):
        return []
    scopes = sorted(scope for scope, opens in SCOPE_PERMISSIONS.items() if route.permission in opens)
    found: list[dict[str, list[str]]] = [{"token": scopes}, {"session": []}]
    return [*found, {"basic": []}] if route.path == "/lookup" else found


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": found.group(1),
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if "0-9" in found.group(0) and "A-Z" not in found.group(0) else "string"},
        }
        for found in _PATH_PARAMETER.finditer(path)
    ]


def _query_parameters(route: ApiRoute) -> Sequence[dict[str, Any]]:
    if route.takes is None or route.method != hdrs.METH_GET:
        return []
    schema = pydantic.TypeAdapter(route.takes).json_schema(ref_template=_REFERENCE)
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": part}
        for name, part in schema.get("properties", {}).items()
    ]


def _header_parameters(headers: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"name": name, "in": "header", "required": False, "schema": {"type": "string"}} for name in headers]
