"""TLS by ourselves: a renewed certificate is shown to whoever comes next, open sockets stay, a broken one is never taken."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import structlog
from aiohttp import web

from ctiserver import certificate as module
from ctiserver.certificate import SOON_S, Certificate, CertificateUnusable, load
from tests.ctiserver.own_ca import NAME, commands, make_authority, make_certificate, run_in

DAY_S = 86_400.0


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority and a certificate."""
    folder = tmp_path_factory.mktemp("office")
    make_authority(folder)
    make_certificate(folder)
    return folder


@pytest.fixture
def files(office: Path, tmp_path: Path) -> tuple[Path, Path]:
    for name in ("ca.crt", "ca.key", "cti.crt", "cti.key"):
        shutil.copy(office / name, tmp_path / name)
    return tmp_path / "cti.crt", tmp_path / "cti.key"


def trusting(folder: Path) -> ssl.SSLContext:
    """A client that trusts the office's authority and nobody else."""
    return ssl.create_default_context(cafile=str(folder / "ca.crt"))


async def shown(url: str, folder: Path) -> bytes:
    """The certificate that a new connection gets, after checking it."""
    _, writer = await asyncio.open_connection(
        "127.0.0.1", int(url.rpartition(":")[2]), ssl=trusting(folder), server_hostname=NAME
    )
    found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    assert isinstance(found, bytes)
    return found


class Served:
    """A websocket that echoes, behind the certificate."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        self.url = ""

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/ws", self._echo)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self.certificate.context).start()
        self.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _echo(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket


@pytest.fixture
async def served(files: tuple[Path, Path]) -> AsyncIterator[Served]:
    server = Served(Certificate(*files))
    runner = await server.start()
    yield server
    await runner.cleanup()


async def echoes(socket: aiohttp.ClientWebSocketResponse) -> bool:
    await socket.send_str("still here")
    return bool(await socket.receive_str(timeout=5) == "still here")


async def test_a_renewed_certificate_is_for_new_connections_and_open_sockets_stay(
    served: Served, files: tuple[Path, Path]
) -> None:
    folder = files[0].parent
    before = await shown(served.url, folder)
    headers = {"Host": NAME}
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(
            f"{served.url}/ws", ssl=trusting(folder), server_hostname=NAME, headers=headers
        ) as socket,
    ):  # fmt: skip
        assert await echoes(socket)
        make_certificate(folder)
        assert await shown(served.url, folder) == before
        assert served.certificate.reload()
        after = await shown(served.url, folder)
        assert after != before
        assert await echoes(socket)
    assert ssl.DER_cert_to_PEM_cert(after) == (folder / "cti.crt").read_text()


async def test_it_is_found_without_being_told(
    served: Served, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    found, loop, reload = asyncio.Event(), asyncio.get_running_loop(), Certificate.reload

    def reload_and_tell(certificate: Certificate) -> bool:
        taken = reload(certificate)
        if taken:  # between the two files that openssl writes it may be refused once
            loop.call_soon_threadsafe(found.set)
        return taken

    monkeypatch.setattr(Certificate, "reload", reload_and_tell)
    before = await shown(served.url, files[0].parent)
    watching = asyncio.create_task(served.certificate.watch())
    try:
        await asyncio.to_thread(make_certificate, files[0].parent)
        await asyncio.wait_for(found.wait(), 10)
    finally:
        watching.cancel()
        await asyncio.wait({watching})
    assert await shown(served.url, files[0].parent) != before


def broken(folder: Path, how: str) -> str:
    """Break the files; the words that the reason has to have."""
    match how:
        case "the key of another certificate":
            run_in(folder, "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out cti.key")
            return "is not the key of"
        case "half a file":
            (folder / "cti.crt").write_bytes((folder / "cti.crt").read_bytes()[:300])
            return "PEM"
        case "no certificate at all":
            (folder / "cti.crt").write_text("hello")
            return "PEM"
        case "a date that is over":
            run_in(folder, "openssl req -new -key cti.key -subj /CN=cti.lan -out request")
            run_in(folder, "openssl x509 -req -in request -CA ca.crt -CAkey ca.key -days -1 -out cti.crt")
            return "expired"
        case "a key with a passphrase":
            run_in(folder, "openssl ec -in cti.key -aes128 -passout pass:secret -out locked && mv locked cti.key")
            return "without a passphrase"
        case _:
            (folder / "cti.key").unlink()
            return "cannot be read"


WAYS = [
    *("the key of another certificate", "half a file", "no certificate at all"),
    *("a date that is over", "a key with a passphrase", "no key"),
]


@pytest.mark.parametrize("how", WAYS)
async def test_a_broken_one_is_told_and_the_old_one_stays(served: Served, files: tuple[Path, Path], how: str) -> None:
    folder = files[0].parent
    before = await shown(served.url, folder)
    words = broken(folder, how)
    with structlog.testing.capture_logs() as logs:
        assert not served.certificate.reload()
    (line,) = logs
    assert (line["log_level"], line["event"]) == ("error", "certificate not reloaded, the old one stays")
    assert words in line["reason"]
    assert str(folder) in line["reason"]
    assert await shown(served.url, folder) == before
    make_certificate(folder)
    assert served.certificate.reload()
    assert await shown(served.url, folder) != before


@pytest.mark.parametrize("how", WAYS)
def test_a_broken_one_stops_the_start(files: tuple[Path, Path], how: str) -> None:
    words = broken(files[0].parent, how)
    with pytest.raises(CertificateUnusable, match=words):
        Certificate(*files)


def test_a_chain_behind_the_certificate_is_allowed(files: tuple[Path, Path]) -> None:
    chain = files[0].with_name("fullchain.pem")
    chain.write_bytes(files[0].read_bytes() + (files[0].parent / "ca.crt").read_bytes())
    _, expires_at = load(chain, files[1])
    assert expires_at == pytest.approx(time.time() + 820 * DAY_S, abs=DAY_S)


async def test_its_end_is_told_in_time_once_a_day(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.0)
    now = [0.0]
    certificate = Certificate(*files, clock=lambda: now[0])
    watching = asyncio.create_task(certificate.watch())
    try:
        with structlog.testing.capture_logs() as logs:
            for days_left in (SOON_S / DAY_S + 1, 10.0, 9.5, 8.0):
                now[0] = certificate.expires_at - days_left * DAY_S
                for _ in range(5):
                    await asyncio.sleep(0)
    finally:
        watching.cancel()
    told = [line for line in logs if line["event"] == "certificate expires soon"]
    assert [line["days_left"] for line in told] == [10.0, 8.0]


def test_a_file_that_is_being_replaced_is_looked_at_again(files: tuple[Path, Path]) -> None:
    certificate = Certificate(*files)
    os.rename(files[0], files[0].with_suffix(".old"))
    assert certificate._look() is None


def test_the_office_s_authority_vouches_for_nobody_else(files: tuple[Path, Path]) -> None:
    run_in(files[0].parent, commands()[1].replace(NAME, "www.example.com"))
    checked = subprocess.run(
        ["openssl", "verify", "-CAfile", "ca.crt", "cti.crt"], cwd=files[0].parent, capture_output=True, check=False
    )
    assert checked.returncode != 0
    assert b"permitted subtree violation" in checked.stderr
