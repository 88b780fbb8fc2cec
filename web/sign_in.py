"""Signing in and out, and the one-time link that makes the first admin. No default accounts, no default passwords."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from aiohttp import web

from crm_store.access import Permission
from crm_store.accounts import Account, Role
from crm_store.errors import InvalidInput, NotFound
from crm_store.ledger import LedgerKind
from crm_store.passwords import hash_password, needs_rehash, verify_password
from crm_store.store import CrmStore
from web.auth import (
    clear_session_cookie,
    form_csrf_ok,
    new_session,
    origin_ok,
    public,
    require,
    session_cookie_name,
    set_session_cookie,
    sign_in_allowed,
    token_hash,
)
from web.deps import PAGES, WebDeps, deps_of, principal_of
from web.ledger import record
from web.login_throttle import LoginThrottle
from web.problems import Problem

audit = structlog.get_logger("audit")

THROTTLE: web.AppKey[LoginThrottle] = web.AppKey("login_throttle", LoginThrottle)
PASSWORD_SLOTS: web.AppKey[asyncio.Semaphore] = web.AppKey("password_slots", asyncio.Semaphore)

#: Argon2 takes 19 MiB and tens of milliseconds each: at most two at once, whoever knocks.
PASSWORDS_AT_ONCE = 2
_ACCOUNT_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


def setup_sign_in(app: web.Application) -> None:
    """Mount the forms' targets. Their pages (GET) belong to `web/pages.py`."""
    app[THROTTLE] = LoginThrottle()
    app[PASSWORD_SLOTS] = asyncio.Semaphore(PASSWORDS_AT_ONCE)
    app.router.add_post("/login", post_login)
    app.router.add_post("/logout", post_logout)
    app.router.add_post("/setup", post_setup)


# --- in -------------------------------------------------------------------------------------------------------------------


@public
async def post_login(request: web.Request) -> web.StreamResponse:
    """The sign-in form: `user`, `password`, `phone` (optional), `csrf`, `next` (optional)."""
    pages = request.app[PAGES]
    if not sign_in_allowed(request):
        return await pages.plain_http(request)
    account = None
    try:
        form = await _form(request)
        account = await _verified(request, form)
        phone = await _phone(deps_of(request), form.get("phone", ""), account)
    except Problem as problem:
        return await pages.login(request, problem, own_phones=account.endpoints if account else ())
    return await _signed_in(request, account, phone, form.get("next", "/"))


async def _form(request: web.Request) -> dict[str, str]:
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    if not origin_ok(request, required=False):
        raise Problem(403, "wrong_origin", "This form was sent from another address than the service's own.")
    if not form_csrf_ok(request, form.get("csrf", "")):
        raise Problem(403, "form_expired", "The form is too old: please send it again.")
    return form


async def _verified(request: web.Request, form: dict[str, str]) -> Account:
    name, password = form.get("user", "").strip(), form.get("password", "")
    address, throttle = _address(request), request.app[THROTTLE]
    _refuse_haste(request, name, address)
    account = await _account_or_none(deps_of(request).store, name)
    usable = account is not None and account.active
    stored = account.password_hash if account is not None and usable else None
    async with request.app[PASSWORD_SLOTS]:
        _refuse_haste(
            request, name, address
        )  # once more: of many guesses at the same moment, others have failed by now
        right = await asyncio.to_thread(verify_password, password, stored)
        if account is None or not right:
            throttle.failed(name, address, deps_of(request).clock().timestamp())
    if account is None or not right:
        # A name that is no account's is not written down: now and then it is a password in the wrong field.
        audit.warning("sign-in failed", account=name if account else None, address=address)
        record(request, LedgerKind.SIGN_IN_FAILED, user=name if account else None, address=address)
        raise Problem(401, "wrong_password", "The user or the password is wrong.")
    throttle.succeeded(name)
    return await _with_todays_hash(request, account, password)


def _refuse_haste(request: web.Request, name: str, address: str) -> None:
    wait_s = request.app[THROTTLE].wait_s(name, address, deps_of(request).clock().timestamp())
    if wait_s > 0:
        raise Problem(
            429,
            "too_many_attempts",
            "Too many attempts: please wait a moment.",
            headers={"Retry-After": str(int(wait_s) + 1)},
        )


async def _with_todays_hash(request: web.Request, account: Account, password: str) -> Account:
    if account.password_hash is None or not needs_rehash(account.password_hash):
        return account
    try:
        async with request.app[PASSWORD_SLOTS]:
            stored = await asyncio.to_thread(hash_password, password, user=account.name)
    except InvalidInput:  # by today's rules too weak to be set; it still signs in
        return account
    account = replace(account, password_hash=stored)
    await deps_of(request).store.save_account(account)
    return account


def phones_to_sit_at(deps: WebDeps, own: Sequence[str] = ()) -> list[str]:
    """What the form offers: one's own first, then the other accounts', then others that the PBX has mentioned."""
    return [one for one in dict.fromkeys([*own, *deps.board.phones()]) if deps.is_phone(one)]


async def _phone(deps: WebDeps, typed: str, account: Account) -> str | None:
    """ "The phone I sit at", as endpoint or extension: one of the account's, or any phone (hot desk); "" leaves it open."""
    phone = typed.strip()
    if not phone or phone in account.endpoints:
        return phone or None
    if re.fullmatch(r"[0-9]{1,16}", phone):
        owners = [account, *await deps.store.accounts()]
        known = [one.endpoints[0] for one in owners if one.extension == phone and one.endpoints]
        candidates = [*known, f"PJSIP/{phone}", f"SIP/{phone}"]
    else:
        candidates = [*(one for one in deps.board.phones() if one.casefold() == phone.casefold()), phone]
    found = next((one for one in candidates if len(one) <= 80 and deps.is_phone(one)), None)
    if found is None:
        raise Problem(422, "unknown_phone", "There is no such phone.")
    return found


async def _signed_in(request: web.Request, account: Account, phone: str | None, target: str) -> web.Response:
    deps = deps_of(request)
    await _end_earlier(request)
    token, session = new_session(account.name, phone, now=deps.clock())
    await deps.store.create_session(session)
    await deps.on_accounts_changed()
    audit.info("signed in", user=account.name, phone=phone, address=_address(request))
    record(request, LedgerKind.SIGNED_IN, user=account.name, phone=phone, address=_address(request))
    response = web.Response(status=303, headers={"Location": local_target(target)})
    set_session_cookie(request, response, token)
    return response


async def _end_earlier(request: web.Request) -> None:
    """Who signs in again in the same browser leaves no session (and no live socket of another person) behind."""
    cookie = request.cookies.get(session_cookie_name(request))
    if cookie:
        await deps_of(request).store.end_session(token_hash(cookie))
        deps_of(request).on_session_ended(token_hash(cookie))


def local_target(target: str) -> str:
    """Where to go after sign-in: only a path of this service, never another site."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    return target if re.fullmatch(r"[\x21-\x5b\x5d-\x7e]+", target) else "/"


# --- out ------------------------------------------------------------------------------------------------------------------


@require(Permission.SELF)
async def post_logout(request: web.Request) -> web.StreamResponse:
    """End the session here, in the store and on its live sockets."""
    who, deps = principal_of(request), deps_of(request)
    if who.session_hash is not None:
        await deps.store.end_session(who.session_hash)
        deps.on_session_ended(who.session_hash)
        await deps.on_accounts_changed()
        audit.info("signed out", user=who.name)
        record(request, LedgerKind.SIGNED_OUT)
    response = web.Response(status=303, headers={"Location": "/login"})
    clear_session_cookie(request, response)
    return response


# --- the first admin --------------------------------------------------------------------------------------------------------


async def set_up_link(store: CrmStore, public_url: str) -> str | None:
    """A fresh one-time link for the terminal while no account exists, else None. An older link stops working."""
    if await store.accounts():
        return None
    token = secrets.token_urlsafe(24)
    await store.set_setup_token(token_hash(token))
    return f"{public_url.rstrip('/')}/setup?{urlencode({'token': token})}"


async def setup_token_valid(store: CrmStore, token: str) -> bool:
    """May this link make the first admin?"""
    known = await store.setup_token()
    return known is not None and hmac.compare_digest(known, token_hash(token)) and not await store.accounts()


@public
async def post_setup(request: web.Request) -> web.StreamResponse:
    """The set-up form: `token`, `user`, `display_name`, `password`, `csrf`. Makes the admin and signs in."""
    pages = request.app[PAGES]
    if not sign_in_allowed(request):
        return await pages.plain_http(request)
    try:
        account = await _first_admin(request, await _form(request))
    except Problem as problem:
        return await pages.set_up(request, problem)
    return await _signed_in(request, account, None, "/")


async def _first_admin(request: web.Request, form: dict[str, str]) -> Account:
    store, name = deps_of(request).store, form.get("user", "").strip().lower()
    if not await setup_token_valid(store, form.get("token", "")):
        raise Problem(403, "setup_link_used", "This set-up link was used already, or a newer one was printed.")
    if not _ACCOUNT_NAME.fullmatch(name):
        raise Problem(422, "invalid_name", "The name may have a-z, 0-9, dot, dash and underscore, at most 32.")
    try:
        async with request.app[PASSWORD_SLOTS]:
            stored = await asyncio.to_thread(hash_password, form.get("password", ""), user=name)
    except InvalidInput as error:
        raise Problem(422, "weak_password", str(error)) from error
    if not await setup_token_valid(store, form.get("token", "")):  # somebody else was faster while we hashed
        raise Problem(403, "setup_link_used", "This set-up link was used already, or a newer one was printed.")
    await store.set_setup_token(None)
    account = Account(
        name=name,
        display_name=form.get("display_name", "").strip()[:100] or name,
        role=Role.ADMIN,
        endpoints=(),
        extension=None,
        language=None,
        password_hash=stored,
        active=True,
    )
    await store.save_account(account)
    audit.info("first admin created", user=name, address=_address(request))
    record(request, LedgerKind.ACCOUNT_CHANGED, user=name, account=name, what="first_admin")
    return account


async def _account_or_none(store: CrmStore, name: str) -> Account | None:
    try:
        return await store.account(name)
    except NotFound:
        return None


def _address(request: web.Request) -> str:
    """The client's address; of IPv6 the /64, which one subscriber has whole."""
    remote = request.remote or ""
    try:
        address: Any = ipaddress.ip_address(remote)
    except ValueError:
        return remote
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else remote
