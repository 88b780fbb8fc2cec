"""The whole service against the simulated PBX: one agent, one queue, calls that ring until the test says so."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from crm_store.accounts import Account, ApiToken, Role
from crm_store.phone_numbers import NumberProfile
from crm_store.sql import open_store
from crm_store.store import CrmStore
from ctiserver.lifecycle import running_service
from ctiserver.settings import Settings
from ctiserver.wiring import Service
from pbx.simulator import AgentPlan, CallerPlan, QueuePlan, Simulator, SimulatorServer
from pbx.simulator.flows import FOREVER_S, Flow
from web.auth import new_session, token_hash

CALLER = "+421905123456"
EVA = Account(
    name="eva",
    display_name="Eva",
    role=Role.AGENT,
    endpoints=("PJSIP/1001",),
    extension="1001",
    language=None,
    password_hash=None,
    active=True,
)


def office() -> Simulator:
    """Eva serves the queue 600; her phone rings and her talks last until the test hurries them."""
    return Simulator(
        agents=(AgentPlan(extension="1001", name="Eva", talks_s=(FOREVER_S, FOREVER_S), holds=0.0),),
        queues=(QueuePlan(name="600", did="+421255501234", members=("1001",), ring_s=FOREVER_S),),
    )


def ring(pbx: SimulatorServer) -> None:
    """A customer calls the queue and Eva's phone rings."""
    pbx.start_flow("queue_answered", Flow(caller=CallerPlan(number=CALLER), extension="1001", ring_s=FOREVER_S))


@dataclass
class Program:
    """A program of Eva's: the API and the live socket by a bearer token, or the socket of her browser by its cookie."""

    service: Service
    http: aiohttp.ClientSession

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and answer of one request to the API."""
        async with self.http.request(method, f"{self.service.url}/api/v1{path}", json=body) as answer:
            return answer.status, await answer.json() if answer.content_length else None

    def live(self) -> Any:
        """The live socket."""
        return self.http.ws_connect(f"{self.service.url}/ws", headers={"Origin": self.service.url})


async def until(socket: aiohttp.ClientWebSocketResponse, kind: str) -> Any:
    """The data of the next frame of this kind."""
    while True:
        frame = await socket.receive_json(timeout=10)
        if frame["type"] == kind:
            return frame["data"]


@asynccontextmanager
async def running(pbx: SimulatorServer, folder: Path) -> AsyncIterator[Service]:
    """The service on the database of this folder, connected to the PBX; a later one finds what an earlier one wrote."""
    url = f"sqlite:///{folder / 'cti.db'}"
    store = await open_store(url, numbers=NumberProfile(region="SK"), migrate=True)
    await store.save_account(EVA)
    await store.close()
    link = {"host": pbx.host, "port": pbx.port, "username": pbx.username, "secret": pbx.secret}
    settings = Settings(
        server={"listen": "127.0.0.1:0"},  # type: ignore[arg-type]
        database={"url": url},  # type: ignore[arg-type]
        numbers={"default_region": "SK"},  # type: ignore[arg-type]
        pbx={"main": link},  # type: ignore[dict-item]
        journal={"directory": ""},  # type: ignore[arg-type]
    )
    async with running_service(settings) as service:
        await service.links["main"].pump.live.wait()
        yield service


@asynccontextmanager
async def program(service: Service) -> AsyncIterator[Program]:
    """By a fresh token of Eva's."""
    secret = secrets.token_hex(16)
    token = ApiToken(token_hash=token_hash(secret), user="eva", scopes=("admin",), created_at=datetime.now(UTC))
    await service.store.save_token(token)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {secret}"}) as http:
        yield Program(service, http)


@asynccontextmanager
async def browser(service: Service) -> AsyncIterator[Program]:
    """By a fresh sign-in of Eva's."""
    cookie, session = new_session("eva", None, now=datetime.now(UTC))
    await service.store.create_session(session)
    headers = {"Cookie": f"cti={cookie}", "X-CSRF-Token": session.csrf}
    async with aiohttp.ClientSession(headers=headers) as http:
        yield Program(service, http)


async def other_process(folder: Path) -> CrmStore:
    """The store as `ctiserver user …` opens it beside the running service."""
    return await open_store(f"sqlite:///{folder / 'cti.db'}", numbers=NumberProfile(region="SK"))
