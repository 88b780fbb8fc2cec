"""What every request passes: proxy headers, security headers, errors, and the guard (sign-in, permission, forged requests)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import quote

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from aiohttp_remotes import XForwardedFiltered

from crm_store.access import Permission, Principal
from crm_store.ledger import LedgerKind
from web.auth import (
    Handler,
    authenticate,
    basic_principal,
    declared_permission,
    origin_ok,
    sign_in_allowed,
    write_allowed,
)
from web.deps import PAGES, PRINCIPAL
from web.ledger import record
from web.problems import Problem, problem_of

log = structlog.get_logger(__name__)

_SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")


# --- proxies ----------------------------------------------------------------------------------------------------------------


def proxies(trusted: Sequence[str]) -> Middleware:
    """Believe X-Forwarded-* from these addresses and networks only; from anybody else they are ignored."""
    networks = [ipaddress.ip_network(one, strict=False) for one in trusted]
    forwarded = XForwardedFiltered([str(network) for network in networks])

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            peer = ipaddress.ip_address(
                (request.transport.get_extra_info("peername") if request.transport else [""])[0]
            )
        except ValueError:
            return await handler(request)
        if not any(peer in network for network in networks):
            return await handler(request)
        response: web.StreamResponse = await forwarded.middleware(request, handler)
        return response

    return middleware


# --- security headers -------------------------------------------------------------------------------------------------------


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer, also files and streams (`on_response_prepare`)."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", content_security_policy(request))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
    if request.secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not request.path.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")


def content_security_policy(request: web.Request) -> str:
    """Nothing inline, nothing from elsewhere. `connect-src` names the socket: Safari's 'self' does not cover it."""
    host = request.host if _HOST.fullmatch(request.host) else ""
    socket = f" {'wss' if request.secure else 'ws'}://{host}" if host else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            f"connect-src 'self'{socket}",
            "worker-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


# --- errors -----------------------------------------------------------------------------------------------------------------


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """problem+json for the API, a page for people; a defect of ours shows no details."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = await _answer(request, problem_of(error))
    except Exception as error:  # the edge: whatever it was becomes an answer
        if isinstance(error, ConnectionResetError) and _has_left(request):
            log.debug("browser went away", method=request.method, route=_route_name(request))
            return web.Response(status=400)  # nobody reads it
        problem = problem_of(error)
        if problem is None:
            log.exception("request failed", method=request.method, route=_route_name(request))
        response = await _answer(request, problem)
    if not response.prepared:
        # Here the request is as a trusted proxy tells it; `on_response_prepare` sees it as it came.
        await add_security_headers(request, response)
    return response


def _has_left(request: web.Request) -> bool:
    """Closed or reloaded while we answered, often in the handshake of the live socket."""
    return request.transport is None or request.transport.is_closing()


async def _answer(request: web.Request, problem: Problem | None) -> web.StreamResponse:
    problem = problem or Problem(500, "internal_error", "Something went wrong on our side.")
    if is_api(request) or PAGES not in request.app:
        return problem.response()
    response = await request.app[PAGES].error(request, problem)
    response.headers.update(problem.headers)
    return response


def is_api(request: web.Request) -> bool:
    """Programs get problem+json, people get pages."""
    return request.path.startswith("/api/") or request.path in ("/ws", "/healthz", "/readyz", "/metrics")


def _route_name(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


# --- the guard --------------------------------------------------------------------------------------------------------------


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Sign-in, permission and forged requests, before any handler runs. A route that declares nothing is closed."""
    request[PRINCIPAL] = None
    if request.match_info.http_exception is not None:
        return await handler(request)
    permission = declared_permission(request.match_info.handler)
    if permission is None:
        raise Problem(403, "forbidden", "This address is closed.")
    if request.path == "/ws" and "Authorization" not in request.headers and not origin_ok(request, required=True):
        # aiohttp does not check the Origin of a websocket; a browser sends the cookie from any site.
        raise Problem(
            403, "wrong_origin", "The live connection was asked for by another address than the service's own."
        )
    who = await authenticate(request)
    if who is None and request.path == "/api/v1/lookup":
        who = await basic_principal(request)
    request[PRINCIPAL] = who
    if isinstance(permission, Permission):
        turned_away = await _check(request, who, permission)
        if turned_away is not None:
            return turned_away
    return await handler(request)


async def _check(request: web.Request, who: Principal | None, permission: Permission) -> web.StreamResponse | None:
    if who is None:
        return await _sign_in_first(request)
    if not who.may(permission):
        record(request, LedgerKind.REFUSED, method=request.method, route=_route_name(request))
        raise Problem(403, "forbidden", "This is not open to your role, or to this token's scopes.")
    if request.method not in _SAFE_METHODS and not await write_allowed(request, who):
        raise Problem(
            403, "csrf_failed", "The page is too old, or the request came from another site: reload the page."
        )
    return None


async def _sign_in_first(request: web.Request) -> web.StreamResponse:
    if is_api(request):
        kind = "Basic" if request.path == "/api/v1/lookup" and request.query.get("format") == "text" else "Bearer"
        raise Problem(401, "unauthenticated", "Please sign in.", headers={"WWW-Authenticate": f'{kind} realm="cti"'})
    if not sign_in_allowed(request) and PAGES in request.app:
        return await request.app[PAGES].plain_http(request)
    target = "/login"
    if request.method == hdrs.METH_GET and request.path != "/":
        target += f"?next={quote(request.path_qs, safe='')}"
    if "HX-Request" in request.headers:  # htmx would swap the sign-in page into a corner of the screen
        return web.Response(status=401, headers={"HX-Redirect": target})
    return web.Response(status=303, headers={"Location": target})
