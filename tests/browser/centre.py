"""A contact centre in this process for the browser tests: the real application, store and push socket, and calls made by hand."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from crm_store.access import AccessPolicy, Principal
from crm_store.parties import Party, PartyInput, PhoneInput
from crm_store.passwords import hash_password
from crm_store.phone_numbers import NumberProfile
from crm_store.store import CrmStore
from crm_store.tasks import LostCall, TaskInput
from pbx.agents import AgentState, AgentStatus
from pbx.call_events import AgentStateChanged, PbxResynced, QueueChanged
from pbx.calls import CallId
from pbx.events import PbxName
from pbx.queues import QueueCaller, QueueStatus
from screenpop.local_broker import LocalBroker
from screenpop.visibility import PushVisibility
from screenpop.websocket.server import PushServer
from tests.browser.screens import Screens, new_call_id, pop_data, text, utc_now
from tests.web.desk import ACCOUNTS, PASSWORD, PbxStub, dial_plan, record
from web.app import create_app
from web.auth import authenticate
from web.click_to_dial import ClickToDial
from web.deps import UiSettings, WebDeps
from web.queue_board import QueueBoard

HOSTILE_NAME = '<img src=x onerror="document.title=1">"\'&amp; ' + "\u202eright-to-left" + "\u202c"
LONG_NAME = "Ing. " + "Maximiliana-Konštancia " * 13


class Origins:
    """Filled when the port is known."""

    def __init__(self) -> None:
        self.allowed: set[str] = set()

    def __contains__(self, origin: object) -> bool:
        return origin in self.allowed

    def __iter__(self) -> Any:
        return iter(self.allowed)

    def __len__(self) -> int:
        return len(self.allowed)


@dataclass
class Centre:
    """Everything a browser test touches."""

    deps: WebDeps
    store: CrmStore
    broker: LocalBroker
    push: PushServer
    pbx: PbxStub
    board: QueueBoard
    screens: Screens
    origins: Origins
    app: web.Application | None = None
    runner: web.AppRunner | None = None
    url: str = ""
    pbx_state: dict[str, Any] = field(
        default_factory=lambda: {"name": "main", "state": "connected", "mode": "control", "since": None}
    )
    customers: dict[str, Party] = field(default_factory=dict)

    async def start(self, port: int = 0) -> None:
        self.app = create_app(self.deps)
        self.runner = web.AppRunner(self.app, access_log=None)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", port)
        await site.start()
        assert site._server is not None
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{port}"
        self.origins.allowed = {self.url, f"http://localhost:{port}"}

    async def stop(self) -> None:
        await self.push.close_all()
        if self.runner is not None:
            await self.runner.cleanup()

    def publish_board(self) -> None:
        for topic, kind, data in self.board.changes(utc_now().timestamp()):
            self.broker.publish(topic, kind, data)

    def agent(self, name: str, state: AgentState, *queues: str, reason: str | None = None, ago_s: float = 0.0) -> None:
        account = next(account for account in ACCOUNTS if account.name == name)
        status = AgentStatus(
            name=name,
            endpoint=account.endpoints[0],
            state=state,
            since=utc_now().timestamp() - ago_s,
            reason=reason,
            queues=queues,
            call_id=None,
        )
        self.board.apply(AgentStateChanged(at=utc_now().timestamp(), pbx=PbxName("main"), agent=status))
        self.publish_board()

    def queue(self, name: str, *waiting_s: float, agents: Mapping[str, int] | None = None, talking: int = 0) -> None:
        now = utc_now().timestamp()
        callers = tuple(
            QueueCaller(call_id=CallId(new_call_id()), position=position, joined_at=now - seconds)
            for position, seconds in enumerate(waiting_s, 1)
        )
        status = QueueStatus(pbx="main", name=name, callers=callers, agents=dict(agents or {}), talking=talking)
        self.board.apply(QueueChanged(at=now, queue=status))
        self.publish_board()

    async def ring(self, user: str, customer: str | None = None, **changes: Any) -> str:
        """A call rings at this user's phone; `customer` is a key of `customers`. Returns the pop's id."""
        cards = [await self.store.card(self.customers[customer].id)] if customer else []
        remote = changes.pop("remote", None)
        if customer and remote is None:
            phone = self.customers[customer].phones[0]
            remote = {"number": phone.number, "display": phone.display, "name": None, "kind": phone.kind}
        pop = pop_data(user, cards=cards, remote=remote, **changes)
        call = pop["call"]
        stored = record(
            call["id"],
            agent=user if user in ("eva", "jan") else "eva",
            state="ringing",
            outcome=None,
            ended_at=None,
            answered_at=None,
            talk_s=0,
            started_at=text(utc_now() - timedelta(seconds=20)),
            remote={"raw": None, "dialled": None, **call["remote"]},
            uniqueid=call["id"],
            linkedid=call["id"],
            direction=call["direction"],
            customer_id=self.customers[customer].id if customer else None,
            match=pop["match"],
        )
        await self.store.save_calls([stored], now=utc_now())
        return self.screens.show(user, pop)


async def make_centre(
    store: CrmStore,
    *,
    controls: bool = True,
    languages: tuple[str, ...] = ("en", "he", "ar", "pl", "sk"),
    access: AccessPolicy | None = None,
    default_language: str = "en",
    filled: bool = True,
) -> Centre:
    """Accounts with a password, a few customers in five languages (unless not `filled`), two queues."""
    hashed = hash_password(PASSWORD)
    for account in ACCOUNTS:
        await store.save_account(replace(account, password_hash=hashed, language=None))
    broker = LocalBroker(utc_now)
    board = QueueBoard({"600": "Support", "601": "Sales"})
    board.set_accounts(ACCOUNTS)
    board.apply(PbxResynced(at=0.0, pbx=PbxName("main"), gap_from=None, gap_to=None, missed_calls=None))
    screens = Screens(broker)
    pbx = PbxStub(controls=controls)
    origins = Origins()
    policy = access or AccessPolicy()
    dialler = ClickToDial(
        commands={"main": pbx},
        rules={"main": dial_plan()},
        publish=broker.publish,
        clock=utc_now,
        new_id=lambda: f"cti-{secrets.token_hex(8)}",
    )
    centre: Centre

    class Snapshots:
        def snapshot(self, user: Principal, names: frozenset[str]) -> Mapping[str, Any]:
            return {
                "pops": [copy.deepcopy(pop) for pop in screens.pops.get(user.name, {}).values()],
                "queues": board.queues_for(user, utc_now().timestamp()),
                "agents": board.agents_for(user),
                "pbx": [centre.pbx_state],
                "requests": dialler.requests_of(user.name),
            }

    push = PushServer(
        broker,
        Snapshots(),
        authenticate,
        allowed_origins=origins,  # type: ignore[arg-type]
        actions=screens,
        visible=PushVisibility(policy, board.served_by),
        version="1.2.3",
    )

    async def nothing() -> None:
        return None

    async def nothing_waits(call_id: str) -> bool:
        return False

    deps = WebDeps(
        store=store,
        access=policy,
        ui=UiSettings(
            languages=languages, default_language=default_language, territory="SK", time_zone="Europe/Bratislava"
        ),
        numbers=NumberProfile(region="SK"),
        public_url="",
        listen="127.0.0.1:0",
        allow_plain_http=False,
        trusted_proxies=(),
        commands={"main": pbx},
        member_interfaces=lambda pbx, agent: [f"Local/{agent}@from-queue/n"],
        is_phone=lambda endpoint: endpoint.startswith("PJSIP/1"),
        dialler=dialler,
        board=board,
        pops=screens,
        push=push.handle,
        push_status=lambda: {"state": "ok"},
        publish=broker.publish,
        ledger=lambda entry: None,
        pbx_status=lambda: [centre.pbx_state],
        call_stored=nothing_waits,
        on_accounts_changed=nothing,
        on_session_ended=push.close_sessions_of,
        clock=utc_now,
        version="1.2.3",
    )
    centre = Centre(deps, store, broker, push, pbx, board, screens, origins)
    if filled:
        await fill(centre)
    return centre


CUSTOMERS: dict[str, PartyInput] = {
    "dana": PartyInput(
        name="דנה כהן", company="כהן בע״מ", kind="customer", language="he", tags=("VIP", "נאמנה"),
        phones=(PhoneInput(raw="+972 3-123-4567", label="work"), PhoneInput(raw="+972 52-712-3456", label="mobile")),
        emails=("dana@example.com",), external_id="C-1001", note="מבקשת חשבונית בדוא״ל, תמיד לפני הראשון לחודש.",
    ),
    "jan": PartyInput(
        name="Ján Kováč", company="Kováč a syn, s. r. o.", kind="customer", language="sk", tags=("VIP", "loyal"),
        phones=(PhoneInput(raw="+421 905 123 456", label="mobile"), PhoneInput(raw="+421 2 5550 1111", label="work")),
        emails=("jan.kovac@example.com",), external_id="SK-7", note="Prefers calls before noon.",
    ),
    "pawel": PartyInput(
        name="Paweł Nowak", kind="contact", language="pl", phones=(PhoneInput(raw="+48 22 123 45 67", label="main"),)
    ),
    "layla": PartyInput(
        name="ليلى حداد", company="Haddad Trading", kind="customer", language="ar", tags=("new",),
        phones=(PhoneInput(raw="+20 2 27961234", label="work"),),
    ),
    "hostile": PartyInput(
        name=HOSTILE_NAME, company="<b>Bold & Sons</b>", tags=("<i>x</i>",),
        phones=(PhoneInput(raw="+421 907 000 111"),),
    ),
    "long": PartyInput(name=LONG_NAME[:190].strip(), company="Spoločnosť " * 15, phones=(PhoneInput(raw="+421 907 000 222"),)),
}  # fmt: skip


async def fill(centre: Centre) -> None:
    """Customers, a timeline, tasks, calls of today, two queues."""
    store, now = centre.store, utc_now()
    for key, fields in CUSTOMERS.items():
        centre.customers[key] = (await store.create_party(fields, user="eva", now=now - timedelta(days=400))).party
    jan = centre.customers["jan"]
    await store.add_activity(
        kind="note",
        text="Will send the signed contract by post.",
        customer_id=jan.id,
        user="eva",
        at=now - timedelta(days=3),
    )
    calls = [
        ("jan", 1, "answered", 252.0, "Invoice sent twice, credit note promised.", "complaint"),
        ("dana", 2, "answered", 75.0, "", "solved"),
        ("hostile", 3, "answered", 30.0, '"><script>alert(1)</script>', None),
        (None, 4, "abandoned", 0.0, "", None),
    ]
    for number, (key, hours, outcome, talk_s, note, code) in enumerate(calls):
        await _past_call(centre, number, key, at=now - timedelta(minutes=hours * 7), outcome=outcome, talk_s=talk_s)
        call_id = f"01KAAA00000000000000000{number:03d}"
        if note:
            await store.save_note(call_id, note, user="eva", now=now)
        if code:
            await store.save_disposition(call_id, code, user="eva", now=now)
    for title, due, customer in (
        ("Send the credit note", now - timedelta(hours=20), "jan"),
        ("Offer for the spring order", now + timedelta(hours=2), "pawel"),
        ("<script>alert(2)</script>", now + timedelta(days=2), "hostile"),
        ("Prepare the contract", now + timedelta(days=20), "dana"),
    ):
        await store.create_task(
            TaskInput(kind="todo", title=title, due_at=due, owner="eva", customer_id=centre.customers[customer].id),
            user="eva",
            now=now,
        )
    await store.note_lost_call(
        LostCall(
            call_id="01KAAA00000000000000000003",
            customer_id=None,
            number="+421911222333",
            queue="600",
            at=now - timedelta(minutes=28),
            owner=None,
        ),
        now=now,
    )
    centre.agent("eva", AgentState.READY, "600", ago_s=124)
    centre.agent("jan", AgentState.TALKING, "600", "601", ago_s=252)
    centre.queue("600", 41.0, 12.0, agents={"ready": 1, "talking": 1}, talking=1)
    centre.queue("601", agents={"talking": 1}, talking=1)


async def _past_call(
    centre: Centre, number: int, key: str | None, *, at: datetime, outcome: str, talk_s: float
) -> None:
    party = centre.customers[key] if key else None
    phone = party.phones[0] if party else None
    remote = {
        "number": phone.number if phone else "+421911222333",
        "display": phone.display if phone else "+421 911 222 333",
        "raw": "0911222333",
        "name": None,
        "kind": "e164",
        "dialled": None,
    }
    call_id = f"01KAAA00000000000000000{number:03d}"
    made = record(
        call_id,
        uniqueid=f"177.{number}",
        linkedid=f"177.{number}",
        started_at=text(at),
        answered_at=text(at) if talk_s else None,
        ended_at=text(at + timedelta(seconds=talk_s)),
        talk_s=talk_s,
        outcome=outcome,
        remote=remote,
        customer_id=party.id if party else None,
        match="one" if party else "none",
    )
    for leg in made["legs"]:
        leg.update(rang_at=text(at), answered_at=made["answered_at"], ended_at=made["ended_at"], talk_s=talk_s)
        leg["result"] = "answered" if talk_s else "missed"
    await centre.store.save_calls([made], now=at)
