"""Telling systemd how we are: ready, alive, stopping (sd_notify(3)). Without systemd nothing is said."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping


class ServiceManager:
    """Built from the environment that systemd gives to a service of `Type=notify`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the null byte of Linux's abstract names.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        for_us = environment.get("WATCHDOG_PID") in (None, "", str(os.getpid()))
        self._watchdog_s = int(environment.get("WATCHDOG_USEC") or 0) / 1e6 if for_us else 0.0

    def tell(self, *lines: str) -> None:
        """`READY=1`, `STOPPING=1`, `STATUS=…`. A manager that is gone is no reason to stop."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
            try:
                link.sendto("\n".join(lines).encode(), self._address)
            except OSError:
                return

    async def beat(self) -> None:
        """Until cancelled, from the loop that does the work: when that hangs, the beats end and systemd starts us anew."""
        while self._address and self._watchdog_s:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self._watchdog_s / 3)
