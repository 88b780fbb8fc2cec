"""What one writes in an afternoon from five READMEs: panoramisk, aiosqlite, phonenumbers, json and aiohttp on the default loop.

It does for a ring what our service does up to the screen (who is it, the card, the push), and nothing else: no journal, no
records, no states. It reads the same database.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiosqlite
import phonenumbers
from aiohttp import WSMsgType, web
from panoramisk import Manager

from tests.bench.contacts import REGION
from tests.bench.processes import Mailbox, cpu_seconds


async def run(mailbox: Mailbox, ami_port: int, database: Path) -> None:
    """Answers its port when it is logged in; then ("cpu",) with its CPU seconds."""
    sockets: dict[str, web.WebSocketResponse] = {}
    async with aiosqlite.connect(f"file:{database}?mode=ro", uri=True) as db:
        db.row_factory = aiosqlite.Row
        manager = Manager(
            host="127.0.0.1", port=ami_port, username="cti", secret="bench", loop=asyncio.get_running_loop()
        )

        @manager.register_event("DialBegin")  # type: ignore[untyped-decorator]
        async def ring(_manager: Manager, event: Any) -> None:
            number = phonenumbers.format_number(
                phonenumbers.parse(event["CallerIDNum"], REGION), phonenumbers.PhoneNumberFormat.E164
            )
            customers = await _cards(db, number)
            pop = {"call": {"remote": {"number": number}, "queue": event["Context"]}, "customers": customers}
            socket = sockets.get(event["DestCallerIDNum"])
            if socket is not None:
                await socket.send_str(json.dumps({"v": 1, "type": "pop.show", "data": pop}))

        async def handle(request: web.Request) -> web.WebSocketResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            sockets[request.query["extension"]] = socket
            await socket.send_json({"type": "hello"})
            async for message in socket:
                if message.type == WSMsgType.ERROR:
                    break
            return socket

        app = web.Application()
        app.add_routes([web.get("/ws", handle)])
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        await manager.connect()
        mailbox.answer(runner.addresses[0][1])
        async for message in mailbox.received():
            match message:
                case ("cpu",):
                    mailbox.answer(cpu_seconds())
        manager.close()
        await runner.cleanup()


async def _cards(db: aiosqlite.Connection, number: str) -> list[dict[str, Any]]:
    """Six awaits: the party, its numbers, e-mails, notes, calls and open tasks."""
    parties = await db.execute_fetchall(
        "SELECT p.* FROM party_phones AS n JOIN parties AS p ON p.id = n.party_id WHERE n.number = ? LIMIT 1", (number,)
    )
    cards = []
    for party in parties:
        key = (party["id"],)
        phones = await db.execute_fetchall("SELECT * FROM party_phones WHERE party_id = ? ORDER BY position", key)
        emails = await db.execute_fetchall("SELECT * FROM party_emails WHERE party_id = ? ORDER BY position", key)
        notes = await db.execute_fetchall(
            "SELECT * FROM activities WHERE customer_id = ? ORDER BY at DESC LIMIT 3", key
        )
        calls = await db.execute_fetchall(
            "SELECT at, direction, outcome, queue FROM calls WHERE customer_id = ? ORDER BY at DESC LIMIT 3", key
        )
        tasks = await db.execute_fetchall("SELECT * FROM tasks WHERE customer_id = ? AND state = 'open' LIMIT 5", key)
        parts = {"phones": phones, "emails": emails, "notes": notes, "calls": calls, "open_tasks": tasks}
        cards.append({**dict(party), **{name: [dict(row) for row in rows] for name, rows in parts.items()}})
    return cards
