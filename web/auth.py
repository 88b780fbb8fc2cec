"""Who is asking? Session cookies and API tokens become a Principal; every route declares the permission it needs.

Cookies are opaque: the store keeps their SHA-256 only. Over HTTPS the cookie is `__Host-cti` (Secure); over plain HTTP, which is
allowed on loopback (or where the operator says so), it is `cti`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeVar
from urllib.parse import urlsplit

from aiohttp import web

from crm_store.access import Permission, Principal
from crm_store.accounts import Account, Session
from crm_store.errors import NotFound
from crm_store.store import CrmStore
from web.deps import deps_of

IDLE_TIMEOUT = timedelta(hours=2)  # an open live socket counts as use: push touches the session
ABSOLUTE_TIMEOUT = timedelta(hours=13)  # one long shift
_TOUCH_EVERY = timedelta(minutes=1)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Callable[..., Awaitable[web.StreamResponse]])


class Public(Enum):
    """Marks a route that needs no sign-in."""

    PUBLIC = "public"


def require(permission: Permission | Public) -> Callable[[H], H]:
    """Declare what a route asks for. A route without a declaration answers 403 to everybody."""

    def declare(handler: H) -> H:
        handler.__dict__["permission"] = permission
        return handler

    return declare


public = require(Public.PUBLIC)


def declared_permission(handler: object) -> Permission | Public | None:
    """What `require` wrote on the handler; None when it declares nothing."""
    found = getattr(handler, "permission", None)
    return found if isinstance(found, Permission | Public) else None


# --- how the request came -----------------------------------------------------------------------------------------------


class Transport(Enum):
    """How a request came: HTTPS, plain HTTP on this machine, or plain HTTP from elsewhere."""

    SECURE = "secure"
    LOOPBACK = "loopback"
    PLAIN = "plain"


def transport_of(request: web.Request) -> Transport:
    """A proxy on this machine that is not configured as trusted is not loopback: its Host header names the outside."""
    if request.secure:
        return Transport.SECURE
    if _is_loopback(request.remote or "") and _is_loopback(_host_name(request)):
        return Transport.LOOPBACK
    return Transport.PLAIN


def sign_in_allowed(request: web.Request) -> bool:
    """False: show `plain_http.html`, which says why not and how to get TLS."""
    return transport_of(request) is not Transport.PLAIN or deps_of(request).allow_plain_http


def _host_name(request: web.Request) -> str:
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:  # "[" and other things that are no host
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def allowed_origins(request: web.Request) -> frozenset[str]:
    """`public_url`; without one, the address this connection came in on (and its loopback names)."""
    public_url = deps_of(request).public_url
    if public_url:
        parts = urlsplit(public_url)
        return frozenset({f"{parts.scheme}://{parts.netloc}".lower()})
    own = request.transport.get_extra_info("sockname") if request.transport else None
    if not own:
        return frozenset()
    address, port = own[0], own[1]
    hosts = {f"[{address}]" if ":" in address else address}
    if _is_loopback(address):
        hosts |= {"localhost", "127.0.0.1", "[::1]"}
    default = {"http": 80, "https": 443}[request.scheme]
    return frozenset(f"{request.scheme}://{host}" + ("" if port == default else f":{port}") for host in hosts)


def origin_ok(request: web.Request, *, required: bool) -> bool:
    """Exact match against the allow-list. `required`: a missing Origin is refused too (websocket with a cookie)."""
    origin = request.headers.get("Origin")
    if origin is None:
        return not required and request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
    return origin.lower() in allowed_origins(request)


# --- sessions and tokens --------------------------------------------------------------------------------------------------


def token_hash(token: str) -> str:
    """What the store keeps of a cookie, an API token or a set-up link."""
    return hashlib.sha256(token.encode()).hexdigest()


def session_cookie_name(request: web.Request) -> str:
    """`__Host-cti` on HTTPS, `cti` on plain HTTP."""
    return "__Host-cti" if request.secure else "cti"


def set_session_cookie(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """A session cookie: gone with the browser, HttpOnly, not sent by other sites' forms and scripts."""
    response.set_cookie(
        session_cookie_name(request), token, path="/", httponly=True, samesite="Lax", secure=request.secure
    )


def clear_session_cookie(request: web.Request, response: web.StreamResponse) -> None:
    """Forget the session in the browser."""
    response.del_cookie(session_cookie_name(request), path="/", httponly=True, samesite="Lax", secure=request.secure)


async def authenticate(request: web.Request) -> Principal | None:
    """The person or program behind a request (pages, API and the push handshake), or None."""
    deps = deps_of(request)
    authorization = request.headers.get("Authorization")
    if authorization is not None:  # a wrong token never falls back to a cookie
        token = _bearer(authorization)
        return await _by_token(deps.store, token) if token else None
    cookie = request.cookies.get(session_cookie_name(request))
    if not cookie:
        return None
    return await principal_of_session(deps.store, token_hash(cookie), now=deps.clock())


async def principal_of_session(store: CrmStore, session_hash: str, *, now: datetime) -> Principal | None:
    """The signed-in person, while the session lives and the account is active. Using it keeps it alive."""
    session = await store.session(session_hash)
    if session is None:
        return None
    account = await _active_account(store, session.user)
    if account is None or now >= session.expires_at or now - session.last_seen_at >= IDLE_TIMEOUT:
        await store.end_session(session_hash)
        return None
    if now - session.last_seen_at >= _TOUCH_EVERY:
        await store.touch_session(session_hash, now=now)
    return _principal(account, session=session, scopes=None)


async def _by_token(store: CrmStore, token: str) -> Principal | None:
    known = await store.token(token_hash(token))
    account = await _active_account(store, known.user) if known else None
    if known is None or account is None:
        return None
    return _principal(account, session=None, scopes=frozenset(known.scopes))


async def basic_principal(request: web.Request) -> Principal | None:
    """An API token sent as HTTP Basic password: what a PBX's caller-ID look-up source can do."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        _, _, token = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return await _by_token(deps_of(request).store, token) if token else None


def new_session(user: str, phone: str | None, *, now: datetime) -> tuple[str, Session]:
    """A fresh cookie (256 bits) and the session to store for it."""
    token = secrets.token_urlsafe(32)
    session = Session(
        token_hash=token_hash(token),
        user=user,
        phone=phone,
        csrf=secrets.token_urlsafe(24),
        created_at=now,
        last_seen_at=now,
        expires_at=now + ABSOLUTE_TIMEOUT,
    )
    return token, session


def _bearer(authorization: str) -> str | None:
    kind, _, token = authorization.partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


async def _active_account(store: CrmStore, name: str) -> Account | None:
    try:
        account = await store.account(name)
    except NotFound:
        return None
    return account if account.active else None


def _principal(account: Account, *, session: Session | None, scopes: frozenset[str] | None) -> Principal:
    return Principal(
        name=account.name,
        display_name=account.display_name or account.name,
        role=account.role,
        scopes=scopes,
        session_hash=session.token_hash if session else None,
        csrf=session.csrf if session else None,
        phone=session.phone if session else None,
        endpoints=account.endpoints,
        extension=account.extension,
        language=account.language,
    )


# --- forged requests --------------------------------------------------------------------------------------------------------

_CSRF_SHAPE = re.compile(r"[A-Za-z0-9_-]{32,64}")


def form_csrf(request: web.Request) -> str:
    """The token for the sign-in and set-up forms (before there is a session): render it as hidden field `csrf`, then
    call `set_form_csrf` on the response."""
    known = request.cookies.get(_form_cookie_name(request), "")
    return known if _CSRF_SHAPE.fullmatch(known) else secrets.token_urlsafe(24)


def set_form_csrf(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """The other half of the double submit: the same token in a cookie."""
    response.set_cookie(
        _form_cookie_name(request), token, path="/", httponly=True, samesite="Strict", secure=request.secure
    )


def form_csrf_ok(request: web.Request, submitted: str) -> bool:
    """The posted field equals the cookie, and the Origin is ours."""
    known = request.cookies.get(_form_cookie_name(request), "")
    if not _CSRF_SHAPE.fullmatch(known) or not origin_ok(request, required=False):
        return False
    return hmac.compare_digest(known.encode(), submitted.encode())


async def write_allowed(request: web.Request, who: Principal) -> bool:
    """A write with a session cookie needs our Origin and the session's CSRF token; a bearer token is proof enough."""
    if who.csrf is None:
        return True
    given = request.headers.get("X-CSRF-Token")
    if given is None and request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        given = str((await request.post()).get("csrf", ""))
    return origin_ok(request, required=False) and hmac.compare_digest((given or "").encode(), who.csrf.encode())


def _form_cookie_name(request: web.Request) -> str:
    return "__Host-cti-form" if request.secure else "cti-form"
