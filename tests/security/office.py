"""An office to be attacked: Eva is the attacker, everything of Jan's carries a mark that she must never see."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import ClientSession, DummyCookieJar
from aiohttp.test_utils import TestServer
from websockets.asyncio.client import connect

from crm_store.access import AccessPolicy, Principal
from crm_store.activities import CallFilter
from crm_store.parties import PartyInput
from crm_store.store import CrmStore
from crm_store.tasks import TaskInput
from screenpop import topics
from screenpop.local_broker import LocalBroker
from screenpop.visibility import PushVisibility
from screenpop.websocket.server import PushServer
from tests.web.desk import Desk, make_desk, record
from web.app import create_app
from web.auth import authenticate

SECRET = "secret of jan"
#: In every piece of news that the attacks publish.
NEWS = "news of the day"


@dataclass
class Screens:
    """What the push server asks of the product."""

    desk: Desk

    def snapshot(self, user: Principal, topics: frozenset[str]) -> Mapping[str, Any]:
        board = self.desk.board
        return {
            "queues": board.queues_for(user, self.desk.now.timestamp()) if "queues" in topics else [],
            "agents": board.agents_for(user) if "agents" in topics else [],
            "requests": self.desk.deps.dialler.requests_of(user.name) if "requests" in topics else [],
        }

    def painted(self, user: Principal, pop_id: str) -> None:
        """The access table asks for none."""

    def dismiss(self, user: Principal, pop_id: str) -> None:
        """The access table asks for none."""


@dataclass
class Office:
    """The desk of the web tests with a real push server, and things that belong to somebody."""

    desk: Desk
    broker: LocalBroker
    push: PushServer
    server: TestServer
    http: ClientSession
    signed_in: dict[str, dict[str, str]] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def store(self) -> CrmStore:
        return self.desk.store

    @property
    def origin(self) -> str:
        return str(self.server.make_url("/").origin())

    async def session(self, user: str) -> dict[str, str]:
        """A signed-in browser on one of our own pages."""
        headers, _ = await self.desk.session(user, "PJSIP/1001" if user == "eva" else None)
        return {**headers, "Origin": self.origin}

    @property
    def every_call(self) -> CallFilter:
        """What a supervisor may list."""
        return CallFilter()

    @property
    def a_remote(self) -> dict[str, Any]:
        """Who called, as a record tells it."""
        remote: dict[str, Any] = record()["remote"]
        return remote

    # --- things that belong to somebody -----------------------------------------------------------------------------------

    async def call_of(self, agent: str | None, **changes: Any) -> str:
        """A call that this agent answered and still talks in; None: a lost call that rang nowhere."""
        number = next(self.numbers)
        call_id = "01KJQ" + "0" * 16 + f"{number:05d}"
        made = record(call_id, agent=agent or "eva", uniqueid=f"177.{number}", linkedid=f"177.{number}")
        made["state"], made["ended_at"] = "talking", None
        if agent is None:
            made |= {"legs": [], "state": "ended", "outcome": "abandoned"}
        for leg in made["legs"]:
            leg["ended_at"] = None
        if agent != "eva":
            made["remote"] = {**made["remote"], "name": SECRET}
        await self.store.save_calls([{**made, **changes}], now=self.desk.now)
        return call_id

    async def task_of(self, owner: str | None) -> int:
        """A task of somebody's, or the team's."""
        title = SECRET if owner == "jan" else "Send the offer"
        wanted = TaskInput(kind="todo", title=title, owner=owner, due_at=self.desk.now)
        return (await self.store.create_task(wanted, user="sofia", now=self.desk.now)).id

    async def customer(self, name: str = "Ján") -> int:
        """Customers belong to everybody."""
        saved = await self.store.create_party(PartyInput(name=name), user="sofia", now=self.desk.now)
        return saved.party.id

    async def dial_request_of(self, agent: str) -> str:
        """A click-to-dial that this agent asked for."""
        await self.dialled_long_ago()
        made = await self.desk.deps.dialler.dial(
            user=agent, agent=agent, endpoint="PJSIP/1002", extension="1002", pbx="main", typed="+421905999888"
        )
        return made.id

    async def dialled_long_ago(self) -> None:
        """Whatever was being dialled is over: nobody's phone is busy."""
        self.desk.later(seconds=100)
        self.desk.deps.dialler.tick()

    # --- the push socket --------------------------------------------------------------------------------------------------

    def socket(self, headers: Mapping[str, str]) -> connect:
        """A handshake with these headers."""
        origin = headers.get("Origin")
        others = {name: value for name, value in headers.items() if name in ("Cookie", "Authorization")}
        return connect(
            str(self.server.make_url("/ws")).replace("http", "ws", 1),
            additional_headers=others | ({"Origin": origin} if origin else {}),
            compression=None,
        )

    def publish_news(self, topic: str, user: str) -> None:
        """Something happened to this user's object of a topic; of shared topics, to a queue or an agent of theirs."""
        queue = {"eva": "600", "jan": "601"}[user]
        news: dict[str, tuple[str, str, dict[str, Any]]] = {
            "pops": (topics.pops(user), "pop.show", {"pop_id": "p1", "call": {}, "customers": []}),
            "requests": (topics.requests(user), "request.update", {"id": "r1"}),
            "tasks": (topics.tasks(user), "task.due", {"id": 1}),
            "agent": (topics.agent(user), "agent.update", {"name": user}),
            "agents": (topics.AGENTS, "agent.update", {"name": user}),
            "queues": (topics.QUEUES, "queue.update", {"pbx": "main", "name": queue}),
            "pbx": (topics.PBX, "pbx.update", {"name": "main"}),
        }
        where, kind, data = news[topic]
        self.broker.publish(where, kind, {**data, "text": NEWS})


@asynccontextmanager
async def open_office(
    store: CrmStore, aiohttp_server: Any, prepare: Callable[[Desk], None] = lambda desk: None
) -> AsyncIterator[Office]:
    """Everybody is at work; nothing has happened yet. `prepare` may change what the application depends on."""
    desk = await make_desk(store)
    broker, screens, origins = LocalBroker(lambda: desk.now), Screens(desk), set[str]()
    push = PushServer(
        broker, screens, authenticate, allowed_origins=origins, actions=screens, version="1.2.3",
        visible=PushVisibility(AccessPolicy(), desk.board.served_by), clock=lambda: desk.now,
    )  # fmt: skip
    desk.deps = replace(desk.deps, push=push.handle, publish=broker.publish, on_session_ended=push.close_sessions_of)
    prepare(desk)
    server = await aiohttp_server(create_app(desk.deps))
    async with ClientSession(server.make_url("/"), cookie_jar=DummyCookieJar()) as http:
        office = Office(desk, broker, push, server, http)
        origins.add(office.origin)
        yield office
        await push.close_all()
