"""Everything the web application needs, in one place: `ctiserver/wiring.py` builds it, `create_app` takes it. No globals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from crm_store.access import AccessPolicy, Principal
from crm_store.activities import CallNote
from crm_store.ledger import LedgerEntry
from crm_store.opening_hours import never_closed
from crm_store.phone_numbers import NumberProfile
from crm_store.store import CrmStore
from pbx.commands import PbxCommands

if TYPE_CHECKING:
    from web.click_to_dial import ClickToDial
    from web.health import Trouble
    from web.problems import Problem
    from web.queue_board import QueueBoard


@dataclass(frozen=True, slots=True, kw_only=True)
class UiSettings:
    """The `[ui]` section."""

    languages: tuple[str, ...]
    default_language: str
    territory: str
    time_zone: str


class Pops(Protocol):
    """What the API tells the screen-pops, and the one thing it asks them."""

    def has_pop(self, user: str, call_id: str) -> bool:
        """The call is (or was just) on this user's screen: they may write its note before the record is stored."""
        ...

    def saved(self, user: str, call_id: str) -> None:
        """The user finished this call's wrap-up: its pop goes as soon as the talk is over."""
        ...

    def note_changed(self, user: str, note: CallNote) -> None:
        """Somebody wrote the note or chose the outcome: every screen that shows the call gets it."""
        ...

    def customer_changed(self, call_id: str, customer_id: int | None) -> None:
        """Somebody linked the call to this customer: the card on the screen follows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDeps:
    """Constructor injection for the web application."""

    store: CrmStore
    access: AccessPolicy
    ui: UiSettings
    numbers: NumberProfile  # how people type numbers: `[numbers]`

    public_url: str  # "" when not configured: then only the listen address is an allowed Origin
    listen: str  # host:port
    allow_plain_http: bool  # sign-in over plain HTTP from another machine
    trusted_proxies: tuple[str, ...]  # addresses or networks whose X-Forwarded-* headers count; empty: none

    commands: Mapping[str, PbxCommands]  # by PBX name, in the order of the configuration
    member_interfaces: Callable[[str, str], Sequence[str]]  # (pbx, agent) → queue interfaces; empty: use the phone
    is_phone: Callable[
        [str], bool
    ]  # may an agent sit at this endpoint? Phones by the configured patterns, never trunks
    dialler: ClickToDial
    board: QueueBoard
    pops: Pops

    push: Callable[[web.Request], Awaitable[web.StreamResponse]]  # the websocket, mounted at /ws
    push_status: Callable[[], Mapping[str, Any]]  # for /readyz: {"state": "ok", "sockets": 3}
    troubles: Callable[[], Sequence[Trouble]] = tuple  # for /readyz: what else is not as it should be
    figures: Callable[[], bytes] = bytes  # for /metrics: what the service counts, in Prometheus' text form
    publish: Callable[[str, str, dict[str, Any]], None]  # (topic, kind, data) to the browsers
    ledger: Callable[[LedgerEntry], None]  # who did what: noted at once, written a moment later
    pbx_status: Callable[[], list[dict[str, Any]]]  # [{"name", "state": "connected|lost|…", "mode", "since"}]

    # The record of a call that has just begun is written in a moment: waits for it. False: nothing of this call waits.
    call_stored: Callable[[str], Awaitable[bool]]

    on_accounts_changed: Callable[[], Awaitable[None]]  # endpoint owners changed: sign-in with a phone, sign-out
    on_session_ended: Callable[[str], None]  # by token hash: the sockets of that session close with 4401

    did_labels: Mapping[str, str] = field(default_factory=dict)  # what dialled numbers stand for
    rest_day: Callable[[date], bool] = (
        never_closed  # holidays and days that `[hours]` closes, for the presets of due times
    )

    clock: Callable[[], datetime]  # aware UTC
    version: str

    def controls(self, pbx: str | None = None) -> bool:
        """False where the PBX (or, without a name, every PBX) is only observed: then no control exists."""
        chosen = self.commands.values() if pbx is None else [self.commands[pbx]] if pbx in self.commands else []
        return any(commands.controls for commands in chosen)


class PageRenderer(Protocol):
    """What `web/pages.py` renders for the back end; `setup_pages(app)` stores one under `PAGES`."""

    async def login(self, request: web.Request, failure: Problem, *, own_phones: Sequence[str] = ()) -> web.Response:
        """The sign-in page again, with the sentence for `failure.code`: wrong_password, too_many_attempts, unknown_phone,
        form_expired. `request` carries the posted `user` and `phone`; `own_phones` only after the right password."""
        ...

    async def set_up(self, request: web.Request, failure: Problem) -> web.Response:
        """The first-admin page again: setup_link_used, weak_password, invalid_name, form_expired."""
        ...

    async def plain_http(self, request: web.Request) -> web.Response:
        """Why there is no sign-in over plain HTTP from another machine, and how to get TLS (status 403)."""
        ...

    async def error(self, request: web.Request, problem: Problem) -> web.Response:
        """The error page for people."""
        ...


DEPS: web.AppKey[WebDeps] = web.AppKey("deps", WebDeps)
PAGES: web.AppKey[PageRenderer] = web.AppKey("pages", object)  # type: ignore[arg-type]  # a Protocol has no runtime class
PRINCIPAL: web.RequestKey[Principal | None] = web.RequestKey("principal", object)  # type: ignore[arg-type]


def deps_of(request: web.Request) -> WebDeps:
    """The application's dependencies."""
    return request.config_dict[DEPS]


def principal_of(request: web.Request) -> Principal:
    """Who asks, on a route that requires a permission."""
    who = request[PRINCIPAL]
    if who is None:
        raise web.HTTPUnauthorized
    return who
