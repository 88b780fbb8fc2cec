"""The unit's side of the service: what systemd is told and when, SIGHUP, SIGTERM, and a unit file that systemd accepts."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from crm_store.sql import upgrade
from ctiserver.systemd import ServiceManager
from pbx.simulator import SimulatorServer
from tests.ctiserver.own_ca import NAME, make_authority, make_certificate
from tests.ctiserver.small_office import office

UNIT = Path(__file__).parents[2] / "config" / "ctiserver.service"


class Notices:
    """What would be systemd's end of NOTIFY_SOCKET."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.address = str(path)

    async def until(self, wanted: str) -> list[str]:
        """Everything told up to this line."""
        told: list[str] = []
        while wanted not in told:
            data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.socket, 4096), 20)
            told += data.decode().splitlines()
        return told


@pytest.fixture
def notices(tmp_path: Path) -> Iterator[Notices]:
    found = Notices(tmp_path / "notify")
    yield found
    found.socket.close()


@asynccontextmanager
async def served(
    folder: Path, notices: Notices, pbx: SimulatorServer, port: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`ctiserver serve` over TLS, as systemd would run it."""
    make_authority(folder)
    make_certificate(folder)
    (folder / "secret").write_text(pbx.secret)
    (folder / "cti.toml").write_text(
        f"[server]\nlisten = '127.0.0.1:{port}'\ntls_certificate = 'cti.crt'\ntls_key = 'cti.key'\n"
        f"[database]\nurl = 'sqlite:///cti.db'\n[journal]\ndirectory = ''\n"
        f"[pbx.main]\nhost = '{pbx.host}'\nport = {pbx.port}\nusername = '{pbx.username}'\n"
    )
    await upgrade(f"sqlite:///{folder / 'cti.db'}")
    environment = {
        **os.environ,
        "CTI_CONFIG": str(folder / "cti.toml"),
        "CTI_PBX__MAIN__SECRET_FILE": str(folder / "secret"),
        "NOTIFY_SOCKET": notices.address,
        "WATCHDOG_USEC": "300000",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ctiserver", "serve", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def certificate_at(port: int, folder: Path) -> bytes:
    trust = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=NAME)
    found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    assert isinstance(found, bytes)
    return found


async def test_ready_alive_reloaded_stopped(tmp_path: Path, notices: Notices) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with SimulatorServer(office()) as pbx, served(tmp_path, notices, pbx, port) as process:
        assert process.stderr is not None
        assert (await notices.until("READY=1")) == ["READY=1"]
        before = await certificate_at(port, tmp_path)  # ready means: it listens
        assert await notices.until("WATCHDOG=1")
        assert await notices.until("WATCHDOG=1")

        await asyncio.to_thread(make_certificate, tmp_path)
        process.send_signal(signal.SIGHUP)
        while b"certificate reloaded" not in await asyncio.wait_for(process.stderr.readline(), 10):
            pass
        assert await certificate_at(port, tmp_path) != before

        process.send_signal(signal.SIGTERM)
        assert "STOPPING=1" in await notices.until("STOPPING=1")
        await process.stderr.read()
        assert await process.wait() == 0


async def test_what_the_watchdog_ends_says_where_it_was(tmp_path: Path, notices: Notices) -> None:
    async with SimulatorServer(office()) as pbx, served(tmp_path, notices, pbx, 0) as process:
        await notices.until("READY=1")
        process.send_signal(signal.SIGABRT)  # what WatchdogSignal= sends
        assert process.stderr is not None
        said = (await process.stderr.read()).decode()
        assert await process.wait() == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in said
    assert "asyncio/runners.py" in said


async def test_without_systemd_nothing_is_said() -> None:
    manager = ServiceManager({})
    manager.tell("READY=1")
    await manager.beat()  # returns: there is nobody to tell


async def test_a_watchdog_of_another_process_is_not_ours(notices: Notices) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": notices.address, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"})
    await manager.beat()
    manager.tell("READY=1")
    assert await notices.until("READY=1") == ["READY=1"]


def test_a_manager_that_is_gone_is_no_reason_to_stop(tmp_path: Path) -> None:
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).tell("READY=1")


async def test_an_abstract_address() -> None:
    name = f"cti-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name)
        ServiceManager({"NOTIFY_SOCKET": "@" + name}).tell("READY=1", "STATUS=fine")
        assert listener.recv(100) == b"READY=1\nSTATUS=fine"


def setting(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_unit_says_what_the_service_does() -> None:
    assert setting("Type") == ["notify"]
    assert setting("ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert int(setting("WatchdogSec")[0]) >= 10
    assert int(setting("TimeoutStopSec")[0]) > 5
    assert setting("LoadCredential") == ["ami-secret:/etc/ctiserver/ami-secret"]
    assert "CTI_PBX__MAIN__SECRET_FILE=%d/ami-secret" in setting("Environment")


@pytest.mark.long  # needs systemd-analyze, which a bare machine has not
def test_systemd_accepts_the_unit_and_finds_it_hardened(tmp_path: Path) -> None:
    unit = tmp_path / "ctiserver.service"
    text = UNIT.read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/ctiserver/bin/ctiserver", "/bin/true"))  # it is not installed here
    checked = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", unit], capture_output=True, text=True, check=True
    )
    exposure = re.search(r"exposure level for ctiserver.service: ([0-9.]+)", judged.stdout)
    assert exposure is not None
    assert float(exposure[1]) < 2.0
