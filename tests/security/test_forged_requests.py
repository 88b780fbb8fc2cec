"""Attacks by other sites and by frames: forged writes, the live socket from elsewhere, reads that change something, hidden frames."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.security.asking import address_of, ask, who_asks
from tests.security.matrix import TOPIC, Row, expected
from tests.security.office import Office

#: What every browser session and every look at somebody's card may write.
BESIDE = ("sessions", "api_tokens", "ledger")
READS = [row for row in sorted(expected()) if row.method == "GET" and row.whose in ("any", "mine", "shared")]


def content(database: Path) -> dict[str, list[object]]:
    """Every row of every table but those that a read may write."""
    connection = sqlite3.connect(database)
    try:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = [name for name in names if not name.startswith(("sqlite_", *BESIDE))]
        return {name: connection.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall() for name in tables}
    finally:
        connection.close()


async def test_no_read_changes_anything(office: Office, tmp_path: Path) -> None:
    """T10: a link, a picture or a prefetch of another site sends a GET with the cookie; so no GET may do anything."""
    addresses = [await address_of(office, row) for row in READS if row.path != "/ws"]
    headers = await who_asks(office, "root")
    before, asked = content(tmp_path / "cti.db"), list(office.desk.pbx.asked)
    for address in addresses:
        await office.http.get(address, headers=headers, allow_redirects=False)
    assert content(tmp_path / "cti.db") == before
    assert office.desk.pbx.asked == asked


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"X-HTTP-Method-Override": "GET"},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "A" * 32},
        {"X-CSRF-Token": "\u00e9" * 32},
    ],
    ids=str,
)
async def test_what_another_site_can_send_with_the_cookie_is_refused(office: Office, headers: dict[str, str]) -> None:
    """T10: the visitor's browser adds the cookie; everything else is the other site's."""
    cookie = (await office.session("eva"))["Cookie"]
    body = json.dumps({"to": "+421905123456"})
    answer = await office.http.post("/api/v1/calls", data=body, headers={"Cookie": cookie, **headers})
    assert answer.status == 403
    assert office.desk.pbx.asked == []


async def test_the_token_of_one_session_is_none_for_another(office: Office) -> None:
    """T10: an attacker has an account too, and a token of their own."""
    mine, theirs = await office.session("jan"), await office.session("eva")
    forged = {**theirs, "X-CSRF-Token": mine["X-CSRF-Token"]}
    assert (await office.http.post("/api/v1/tasks", json={"title": "x"}, headers=forged)).status == 403


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "{own}.evil.example",
        "http://evil.example/{own}",
        "http://127.0.0.1",
        "https://127.0.0.1:{port}",
        "http://user@127.0.0.1:{port}",
        "http://127.0.0.1:{port}/",
        "http://127.0.0.2:{port}",
        "file://",
    ],
)
async def test_a_page_of_elsewhere_cannot_open_the_live_socket(office: Office, origin: str) -> None:
    """T8: cross-site hijacking of the websocket, with the visitor's own cookie."""
    foreign = origin.format(own=office.origin, port=office.server.port)
    headers = {**await office.session("eva"), "Origin": foreign}
    status, _ = await ask_socket(office, headers)
    assert status == 403


async def ask_socket(office: Office, headers: dict[str, str]) -> tuple[int, str]:
    """The handshake by hand: a client library would not send such an Origin."""
    handshake = {
        **headers,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    async with office.http.get("/ws", headers=handshake) as answer:
        return answer.status, "" if answer.status == 101 else await answer.text()


async def test_the_handshake_by_hand_opens_with_our_own_origin(office: Office) -> None:
    """T8: so the refusals above are for the Origin."""
    status, _ = await ask_socket(office, await office.session("eva"))
    assert status == 101


async def test_no_answer_can_be_framed_or_mistaken_for_another_type(office: Office) -> None:
    """T31, T13: every route's answer, allowed or refused, says so; nothing inline runs."""
    without: list[str] = []
    for row in sorted(expected()):
        if row.method == TOPIC or row.path == "/ws":
            continue
        for column in ("anonymous", "eva"):
            url, method = await address_of(office, row), row.method if row.method == "GET" else "GET"
            answer = await office.http.request(
                method, url, headers=await who_asks(office, column), allow_redirects=False
            )
            policy = answer.headers.get("Content-Security-Policy", "")
            framed = "frame-ancestors 'none'" in policy and answer.headers.get("X-Frame-Options") == "DENY"
            inline = "unsafe" in policy or "default-src 'none'" not in policy or "object-src 'none'" not in policy
            typed = answer.headers.get("X-Content-Type-Options") == "nosniff"
            opener = answer.headers.get("Cross-Origin-Opener-Policy") == "same-origin"
            if not (framed and typed and opener) or inline:
                without.append(f"{column}: {row.method} {row.path} → {answer.status}")
    assert without == []


async def test_writes_are_refused_by_the_same_rules_whatever_the_route(office: Office) -> None:
    """T10: every write of the table, with the cookie of an admin and no token."""
    office.signed_in["root"] = {"Cookie": (await office.session("root"))["Cookie"]}
    writes: list[Row] = [row for row in sorted(expected()) if row.method not in ("GET", TOPIC)]
    forms = ("/login", "/setup")
    passed = [row for row in writes if row.path not in forms and (await ask(office, "root", row))[0] != "403"]
    assert passed == []
