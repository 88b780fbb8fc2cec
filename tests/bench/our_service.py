"""The real service in a process of its own, as `ctiserver serve` runs it, beside the benchmark's telephone system."""

from __future__ import annotations

import asyncio
import gc
import logging
from pathlib import Path
from typing import Any

from ctiserver.lifecycle import running_service
from ctiserver.log_setup import set_up_logs
from ctiserver.settings import Settings
from ctiserver.wiring import Service
from tests.bench.contacts import REGION
from tests.bench.processes import Mailbox, cpu_seconds
from tests.bench.service_probe import ServiceProbe, private_kb, settled


async def run(mailbox: Mailbox, ami_port: int, database: Path, sections: dict[str, Any]) -> None:
    """Answers its port when it is live; then what it is asked. Of `sections`, `bench` is ours: {"writes": False} keeps no calls."""
    set_up_logs(level="ERROR")
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    settings = Settings(**_settings(ami_port, database, sections))
    async with running_service(settings) as service:
        if not sections.get("bench", {}).get("writes", True):
            _keep_nothing(service)
        probe = ServiceProbe(service)
        async with asyncio.timeout(30):
            for pump in service.pumps.values():
                await pump.live.wait()
        mailbox.answer(int(service.url.rpartition(":")[2]))
        async for message in mailbox.received():
            match message:
                case ("cpu",):
                    mailbox.answer(cpu_seconds())
                case ("painted",):
                    mailbox.answer(list(service.pops.painted_s))
                case ("watch",):
                    probe.begin()
                    mailbox.answer("watching")
                case ("watched",):
                    mailbox.answer(probe.end())
                case ("settle", within_s):
                    mailbox.answer(await settled(service, within_s=within_s))
                case ("memory",):
                    gc.collect()
                    mailbox.answer(private_kb())
                case ("push",):
                    closed = {code.name: count for code, count in service.push.closed.items()}
                    mailbox.answer((service.push.connections, closed))


def _keep_nothing(service: Service) -> None:
    """Call records and call-backs go nowhere: what a pop costs when nobody writes."""

    async def nothing(*_arguments: object, **_named: object) -> list[object]:
        return []

    for name in ("save_calls", "close_callbacks", "note_lost_call", "fold_call", "save_gap"):
        setattr(service.store, name, nothing)


def _settings(ami_port: int, database: Path, sections: dict[str, Any]) -> dict[str, Any]:
    return {
        "server": {"listen": "127.0.0.1:0", **sections.get("server", {})},
        "database": {"url": f"sqlite:///{database}"},
        "numbers": {"default_region": REGION},
        "pbx": {"main": {"host": "127.0.0.1", "port": ami_port, "username": "cti", "secret": "bench"}},
        "journal": {"directory": str(database.parent / "journal")},
    }
