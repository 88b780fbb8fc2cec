"""One question of the access table: this route, asked by this person or program, about this one's object."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.security.matrix import FILTERS, NAMED_IN_BODY, TOPIC, Row
from tests.security.office import NEWS, Office
from web.pages_shell import KIT

_USERS = {"mine": "eva", "foreign": "jan"}

#: What is sent with a write, so that nothing but the right to do it can refuse it. A new write without a line here fails.
BODIES: dict[tuple[str, str], Callable[[Office], Awaitable[dict[str, Any]]]] = {}


def _sends(method: str, path: str, **body: Any) -> None:
    async def made(office: Office) -> dict[str, Any]:
        return {name: await value(office) if callable(value) else value for name, value in body.items()}

    BODIES[method, path] = made


_sends("PATCH", "/api/v1/me", language="sk")
_sends("POST", "/api/v1/calls", to="+421905123456")
_sends("PUT", "/api/v1/calls/{call_id}/note", text="x")
_sends("PUT", "/api/v1/calls/{call_id}/disposition", code="solved")
_sends("POST", "/api/v1/calls/{call_id}/capture", text="call back tomorrow #vip")
_sends("POST", "/api/v1/capture/preview", text="call back tomorrow")
_sends("POST", "/api/v1/calls/{call_id}/finish")
_sends("PUT", "/api/v1/calls/{call_id}/effort", keys=4, clicks=0)
_sends("PUT", "/api/v1/calls/{call_id}/customer", customer_id=Office.customer)
_sends("POST", "/api/v1/calls/{call_id}/tasks", title="x")
_sends("POST", "/api/v1/calls/{call_id}/hangup")
_sends("POST", "/api/v1/customers", name="x")
_sends("PATCH", "/api/v1/customers/{customer_id}", name="x")
_sends("DELETE", "/api/v1/customers/{customer_id}")
_sends("POST", "/api/v1/customers/{customer_id}/merge", other_id=Office.customer)
_sends("POST", "/api/v1/activities", text="x", customer_id=Office.customer)
_sends("POST", "/api/v1/tasks", title="x")
_sends("PATCH", "/api/v1/tasks/{task_id}", title="x")
_sends("POST", "/api/v1/agents/{name}/pause", reason="lunch")
_sends("POST", "/api/v1/agents/{name}/unpause")
_sends("POST", "/api/v1/agents/{name}/login", queue="600")
_sends("POST", "/api/v1/agents/{name}/logout", queue="600")
_sends("POST", "/login")
_sends("POST", "/logout")
_sends("POST", "/setup")


async def ask(office: Office, column: str, row: Row) -> tuple[str, str]:
    """Status (or close code) and body of the answer."""
    headers = await who_asks(office, column)
    if row.method == TOPIC:
        return await _listen(office, headers, row), ""
    if row.path == "/ws":
        return await _handshake(office, headers), ""
    url, data = await address_of(office, row), await _body(office, row)
    if row.path == "/logout":
        del office.signed_in[column]
    if data is not None:
        headers = {**headers, "Content-Type": "application/json"}
    answer = await office.http.request(row.method, url, headers=headers, data=data, allow_redirects=False)
    return str(answer.status), await answer.text()


async def who_asks(office: Office, column: str) -> dict[str, str]:
    """The headers of this column: who signed in stays so until they sign out."""
    if column not in office.signed_in:
        user, _, scope = column.partition(":")
        if scope:
            office.signed_in[column] = await office.desk.token(user, scope)
        else:
            office.signed_in[column] = {"Origin": office.origin} if user == "anonymous" else await office.session(user)
    return office.signed_in[column]


async def _handshake(office: Office, headers: Mapping[str, str]) -> str:
    """101 when the socket greets; else the close code or the status."""
    try:
        async with office.socket(headers) as socket:
            await socket.recv()
            return "101"
    except InvalidStatus as refused:
        return str(refused.response.status_code)
    except ConnectionClosed as closed:
        return str(closed.rcvd.code if closed.rcvd else 1006)


async def _listen(office: Office, headers: Mapping[str, str], row: Row) -> str:
    """`sent` or `none`: does news about this one's object come to who asked for the topic? Or the code that ends it."""
    try:
        async with office.socket(headers) as socket:
            await socket.send(json.dumps({"type": "subscribe", "topics": [row.path]}))
            await _until(socket, "snapshot")
            office.publish_news(row.path, _USERS.get(row.whose, "eva"))
            await socket.send(json.dumps({"type": "ping"}))
            return "sent" if NEWS in await _until(socket, "pong") else "none"
    except InvalidStatus as refused:
        return str(refused.response.status_code)
    except ConnectionClosed as closed:
        return str(closed.rcvd.code if closed.rcvd else 1006)


async def _until(socket: ClientConnection, kind: str) -> str:
    """Everything up to the first frame of this kind."""
    heard = ""
    while f'"type":"{kind}"' not in heard:
        heard += str(await socket.recv())
    return heard


async def address_of(office: Office, row: Row) -> str:
    """An address of this row, with an object of the right owner."""
    kit = office.server.app[KIT]
    owner = _USERS.get(row.whose)
    makers: Mapping[str, Callable[[], Awaitable[object]]] = {
        "call_id": lambda: office.call_of(owner),
        "task_id": lambda: office.task_of(owner),
        "request_id": lambda: office.dial_request_of(owner or ""),
        "customer_id": office.customer,
    }
    fixed = {"name": owner or "", "code": "sk", "version": kit.static.version, "path": "icon.svg"}
    path = row.path
    if path.startswith("/texts/"):
        return next(iter(kit.texts.values())).url
    for name, make in makers.items():
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", str(await make()))
    for name, value in fixed.items():
        path = path.replace(f"{{{name}}}", value)
    return path + await _query(office, row, owner)


async def _query(office: Office, row: Row, owner: str | None) -> str:
    if row.path == "/api/v1/activities" and row.method == "GET":
        return f"?customer_id={await office.customer()}"
    if row.path == "/api/v1/lookup":
        return "?number=%2B421905123456"
    parameter = FILTERS.get((row.method, row.path))
    return f"?{parameter}={owner}" if parameter and owner else ""


async def _body(office: Office, row: Row) -> str | None:
    if row.method == "GET":
        return None
    if (row.method, row.path) in NAMED_IN_BODY:
        await office.dialled_long_ago()
    made = await BODIES[row.method, row.path](office)
    named, owner = NAMED_IN_BODY.get((row.method, row.path)), _USERS.get(row.whose)
    return json.dumps(made | ({named: owner} if named and owner else {}))
