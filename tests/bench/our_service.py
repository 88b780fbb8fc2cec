"""The real service in a process of its own, as `ctiserver serve` runs it, beside the benchmark's telephone system."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from ctiserver.lifecycle import running_service
from ctiserver.log_setup import set_up_logs
from ctiserver.settings import Settings
from tests.bench.contacts import REGION
from tests.bench.processes import Mailbox, cpu_seconds


async def run(mailbox: Mailbox, ami_port: int, database: Path, sections: dict[str, Any]) -> None:
    """Answers its port when it is live; then ("cpu",) with its CPU seconds."""
    set_up_logs(level="ERROR")
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    settings = Settings(**_settings(ami_port, database, sections))
    async with running_service(settings) as service:
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


def _settings(ami_port: int, database: Path, sections: dict[str, Any]) -> dict[str, Any]:
    return {
        "server": {"listen": "127.0.0.1:0", **sections.get("server", {})},
        "database": {"url": f"sqlite:///{database}"},
        "numbers": {"default_region": REGION},
        "pbx": {"main": {"host": "127.0.0.1", "port": ami_port, "username": "cti", "secret": "bench"}},
        "journal": {"directory": str(database.parent / "journal")},
    }
