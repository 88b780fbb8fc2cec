"""A small contact centre for web tests: a real SQLite store, accounts, and a PBX that only remembers what it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from crm_store.access import AccessPolicy
from crm_store.accounts import Account, ApiToken, Role
from crm_store.activities import CallNote, CallRecord
from crm_store.ledger import LedgerEntry
from crm_store.phone_numbers import NumberProfile
from crm_store.store import CrmStore
from pbx.agents import AgentState, AgentStatus
from pbx.call_events import AgentStateChanged, PbxResynced, QueueChanged
from pbx.commands import Originate
from pbx.errors import DialRefused
from pbx.events import PbxName
from pbx.queues import QueueStatus
from web.auth import new_session, token_hash
from web.click_to_dial import ClickToDial, DialPlan
from web.deps import UiSettings, WebDeps
from web.queue_board import QueueBoard

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CALL_ID = "01KJQ0000000000000000000AA"
OTHER_CALL_ID = "01KJQ0000000000000000000BB"
PASSWORD = "a long walk by the river"


class PbxStub:
    """A PbxCommands that writes down what it was asked; `answer` is raised, once set."""

    def __init__(self, *, controls: bool = True) -> None:
        self.controls = controls
        self.asked: list[tuple[Any, ...]] = []
        self.answer: Exception | None = None

    def _note(self, *what: Any) -> None:
        self.asked.append(what)
        if self.answer is not None:
            raise self.answer

    async def originate(self, request: Originate) -> None:
        self._note("originate", request.endpoint, request.extension, request.number)

    async def hang_up(self, channel_or_uniqueid: str) -> None:
        self._note("hang_up", channel_or_uniqueid)

    async def pause_member(self, interface: str, *, reason: str, queue: str | None = None) -> None:
        self._note("pause", interface, reason, queue)

    async def unpause_member(self, interface: str, *, queue: str | None = None) -> None:
        self._note("unpause", interface, queue)

    async def add_member(self, queue: str, interface: str, *, name: str, state_interface: str | None = None) -> None:
        self._note("add", queue, interface, name)

    async def remove_member(self, queue: str, interface: str) -> None:
        self._note("remove", queue, interface)


@dataclass
class PopsStub:
    """Remembers what the screens were told; `on_screen` is (user, call id)."""

    on_screen: set[tuple[str, str]] = field(default_factory=set)
    told: list[tuple[Any, ...]] = field(default_factory=list)

    def has_pop(self, user: str, call_id: str) -> bool:
        return (user, call_id) in self.on_screen

    def saved(self, user: str, call_id: str) -> None:
        self.told.append(("saved", user, call_id))

    def note_changed(self, user: str, note: CallNote) -> None:
        self.told.append(("note", user, note.call_id, note.text, note.disposition))

    def customer_changed(self, call_id: str, customer_id: int | None) -> None:
        self.told.append(("customer", call_id, customer_id))


@dataclass
class Desk:
    """Everything a web test touches. `now` is the service's clock."""

    deps: WebDeps
    store: CrmStore
    pbx: PbxStub
    pops: PopsStub
    board: QueueBoard
    published: list[tuple[str, str, Mapping[str, Any]]]
    ended: list[str]
    # Records of calls that have just begun: written when somebody asks for them.
    waiting: dict[str, CallRecord] = field(default_factory=dict)
    ledger: list[LedgerEntry] = field(default_factory=list)
    now: datetime = NOW
    client: TestClient[web.Request, web.Application] | None = None

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    async def call_stored(self, call_id: str) -> bool:
        if call_id not in self.waiting:
            return False
        await self.store.save_calls([self.waiting.pop(call_id)], now=self.now)
        return True

    async def token(self, user: str, *scopes: str) -> dict[str, str]:
        """Headers of a program that acts for `user`."""
        secret = f"token-of-{user}-{'-'.join(scopes) or 'all'}"
        scopes = scopes or ("admin",)
        await self.store.save_token(
            ApiToken(token_hash=token_hash(secret), user=user, scopes=scopes, created_at=self.now)
        )
        return {"Authorization": f"Bearer {secret}"}

    async def session(self, user: str, phone: str | None = None) -> tuple[dict[str, str], str]:
        """A signed-in browser: (headers with cookie and CSRF token, the session's hash)."""
        cookie, session = new_session(user, phone, now=self.now)
        await self.store.create_session(session)
        return {"Cookie": f"cti={cookie}", "X-CSRF-Token": session.csrf}, session.token_hash


ACCOUNTS = (
    Account(
        name="eva",
        display_name="Eva Nováková",
        role=Role.AGENT,
        endpoints=("PJSIP/1001", "PJSIP/991001"),
        extension="1001",
        language="sk",
        password_hash=None,
        active=True,
    ),
    Account(
        name="jan",
        display_name="Jan",
        role=Role.AGENT,
        endpoints=("PJSIP/1002",),
        extension="1002",
        language=None,
        password_hash=None,
        active=True,
    ),
    Account(
        name="sofia",
        display_name="Sofia",
        role=Role.SUPERVISOR,
        endpoints=(),
        extension=None,
        language=None,
        password_hash=None,
        active=True,
    ),
    Account(
        name="root",
        display_name="Root",
        role=Role.ADMIN,
        endpoints=(),
        extension=None,
        language=None,
        password_hash=None,
        active=True,
    ),
)


def dial_plan() -> DialPlan:
    """Digits with an optional plus; nothing starting with a star; ten a test."""

    def dial_string(typed: str) -> str:
        number = "".join(character for character in typed if character in "+*0123456789")
        if not number or number.startswith("*"):
            raise DialRefused("feature", "Feature codes are not dialled from here.")
        return number

    def check_rate(agent: str, typed: str, now: datetime) -> None:
        if typed == "+421900000000":
            raise DialRefused("too_many", "Too many calls in a minute.")

    return DialPlan(dial_string=dial_string, check_rate=check_rate)


async def make_desk(
    store: CrmStore,
    *,
    accounts: Sequence[Account] = ACCOUNTS,
    access: AccessPolicy | None = None,
    controls: bool = True,
    public_url: str = "",
    **changes: Any,
) -> Desk:
    """Four accounts, one PBX with the queue 600 that Eva serves."""
    for account in accounts:
        await store.save_account(account)
    pbx, pops = PbxStub(controls=controls), PopsStub()
    board = QueueBoard({"600": "Support", "601": "Sales"})
    board.set_accounts(accounts)
    board.apply(PbxResynced(at=NOW.timestamp(), pbx=PbxName("main"), gap_from=None, gap_to=None, missed_calls=None))
    for agent, queue in (("eva", "600"), ("jan", "601")):
        board.apply(agent_state(agent, AgentState.READY, queue))
        board.apply(
            QueueChanged(at=None, queue=QueueStatus(pbx="main", name=queue, callers=(), agents={"ready": 1}, talking=0))
        )
    published: list[tuple[str, str, Mapping[str, Any]]] = []
    ended: list[str] = []
    ids = iter(range(1, 10_000))

    async def push(request: web.Request) -> web.StreamResponse:
        return web.Response(text="live")

    async def accounts_changed() -> None:
        published.append(("accounts", "changed", {}))

    desk = Desk(None, store, pbx, pops, board, published, ended)  # type: ignore[arg-type]
    dialler = ClickToDial(
        commands={"main": pbx},
        rules={"main": dial_plan()},
        publish=lambda topic, kind, data: published.append((topic, kind, data)),
        clock=lambda: desk.now,
        new_id=lambda: f"cti-c2d-{next(ids)}",
    )
    deps = WebDeps(
        store=store,
        access=access or AccessPolicy(),
        ui=UiSettings(
            languages=("en", "he", "ar", "pl", "sk"),
            default_language="en",
            territory="SK",
            time_zone="Europe/Bratislava",
        ),
        numbers=NumberProfile(region="SK"),
        public_url=public_url,
        listen="127.0.0.1:8080",
        allow_plain_http=False,
        trusted_proxies=(),
        commands={"main": pbx},
        member_interfaces=lambda pbx, agent: ["Local/1001@from-queue/n"] if agent == "eva" else [],
        is_phone=lambda endpoint: endpoint.startswith("PJSIP/1"),
        dialler=dialler,
        board=board,
        pops=pops,
        push=push,
        push_status=lambda: {"state": "ok", "sockets": 0},
        publish=lambda topic, kind, data: published.append((topic, kind, data)),
        ledger=desk.ledger.append,
        pbx_status=lambda: [{"name": "main", "state": "connected", "mode": "control"}],
        call_stored=lambda call_id: desk.call_stored(call_id),
        on_accounts_changed=accounts_changed,
        on_session_ended=ended.append,
        clock=lambda: desk.now,
        version="1.2.3",
    )
    desk.deps = replace(deps, **changes)
    return desk


def agent_state(name: str, state: AgentState, *queues: str, call_id: str | None = None) -> AgentStateChanged:
    endpoint = {"eva": "PJSIP/1001", "jan": "PJSIP/1002"}[name]
    status = AgentStatus(
        name=name, endpoint=endpoint, state=state, since=NOW.timestamp(), reason=None, queues=queues, call_id=call_id
    )
    return AgentStateChanged(at=NOW.timestamp(), pbx=PbxName("main"), agent=status)


def record(call_id: str = CALL_ID, *, agent: str = "eva", **changes: Any) -> CallRecord:
    """A call that `agent` answered."""
    endpoint = {"eva": "PJSIP/1001", "jan": "PJSIP/1002"}[agent]
    return {
        "id": call_id,
        "pbx": "main",
        "uniqueid": "1772442000.12",
        "linkedid": "1772442000.12",
        "direction": "inbound",
        "state": "ended",
        "remote": {
            "number": "+421905123456",
            "display": "+421 905 123 456",
            "raw": "0905123456",
            "name": "Ján Kováč",
            "kind": "e164",
            "dialled": None,
        },
        "did": "+421255501234",
        "queue": "600",
        "queues": [
            {
                "queue": "600",
                "joined_at": "2026-03-02T08:59:00Z",
                "left_at": "2026-03-02T08:59:06Z",
                "wait_s": 6.0,
                "result": "answered",
            }
        ],
        "legs": [
            {
                "endpoint": endpoint,
                "extension": endpoint.partition("/")[2],
                "agent": agent,
                "rang_at": "2026-03-02T08:59:02Z",
                "answered_at": "2026-03-02T08:59:06Z",
                "ended_at": "2026-03-02T08:59:30Z",
                "ring_s": 4.0,
                "talk_s": 24.0,
                "hold_s": 0.0,
                "via": None,
                "result": "answered",
            }
        ],
        "transfers": [],
        "started_at": "2026-03-02T08:59:00Z",
        "answered_at": "2026-03-02T08:59:06Z",
        "ended_at": "2026-03-02T08:59:30Z",
        "wait_s": 6.0,
        "ring_s": 4.0,
        "talk_s": 24.0,
        "hold_s": 0.0,
        "parked_s": 0.0,
        "outcome": "answered",
        "ended_by": "remote",
        "hangup_cause": 16,
        "click_to_dial": None,
        "estimated": False,
        "after_hours": None,
        "recordings": [],
        "customer_id": None,
        "match": "none",
        **changes,
    }
