"""`ctiserver serve` as operators run it, for what only a process of its own can tell: its memory and how fast it starts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.contacts import REGION
from tests.bench.processes import PartFailed
from tests.bench.service_probe import private_kb

_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.002
_CONFIGURATION = """\
[server]
listen = "127.0.0.1:{port}"
[database]
url = "sqlite:///{database}"
[numbers]
default_region = "{region}"
[journal]
directory = "{folder}/journal"
[pbx.main]
host = "127.0.0.1"
port = {ami_port}
username = "cti"
secret = "bench"
"""


class Served:
    """`with Served(database, ami_port) as service:` has been listening for a moment; `took_s` from the start, `cpu_s` of its CPU."""

    def __init__(self, database: Path, ami_port: int) -> None:
        self.port = _free_port()
        self._config = database.parent / "ctiserver.toml"
        self._config.write_text(
            _CONFIGURATION.format(
                port=self.port, database=database, region=REGION, folder=database.parent, ami_port=ami_port
            ),
            encoding="utf-8",
        )
        self._log = database.parent / "log"

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self.started = time.perf_counter()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ctiserver", "serve", "--config", str(self._config)], stderr=log, stdout=log
            )
        try:
            while not _listens(self.port):
                if self._process.poll() is not None or time.perf_counter() - self.started > _WITHIN_S:
                    raise PartFailed(f"ctiserver does not listen: {self._log.read_text(errors='replace')[-2000:]}")
                time.sleep(_LOOK_EVERY_S)
            self.took_s = time.perf_counter() - self.started
            self.cpu_s = _cpu_seconds(self._process.pid)
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def private_kb(self) -> float:
        """Memory that only it has."""
        return private_kb(self._process.pid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _cpu_seconds(pid: int) -> float:
    fields = Path("/proc", str(pid), "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
