"""Attacks on the way: old TLS, a cookie that leaves HTTPS, a link to the PBX that somebody else answers."""

from __future__ import annotations

import asyncio
import ssl
import warnings
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from crm_store.store import CrmStore
from ctiserver.certificate import Certificate
from tests.fakes.ami_server import FakeAmiServer
from tests.pbx.asterisk.link import Link
from tests.pbx.asterisk.test_ami_client import status_says
from tests.web.desk import make_desk
from web.app import create_app

TLS = Path(__file__).parents[1] / "fakes" / "tls"


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(TLS / "certificate.pem"))
    context.check_hostname = False
    return context


@pytest.fixture
async def port(store: CrmStore, aiohttp_server: Any) -> int:
    """The application over HTTPS, as the service listens."""
    certificate = Certificate(TLS / "certificate.pem", TLS / "key.pem")
    server = await aiohttp_server(create_app((await make_desk(store)).deps), ssl=certificate.context)
    assert isinstance(server.port, int)
    return server.port


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
async def test_tls_before_1_2_is_refused(port: int, version: str) -> None:
    """T26: whoever is in the middle would ask for the oldest version that both know."""
    context = client_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion[version]
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", port, ssl=context)
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client_context())
    assert writer.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")
    writer.close()


async def test_over_https_every_answer_asks_for_https_and_every_cookie_stays_there(port: int) -> None:
    """T26, T9: HSTS on every answer; cookies are Secure, of this host alone, and no script's."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client_context())) as http:
        for path in ("/login", "/api/v1/me", "/healthz", "/nothing"):
            answer = await http.get(f"https://127.0.0.1:{port}{path}", allow_redirects=False)
            assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
            for cookie in answer.cookies.values():
                assert cookie.key.startswith("__Host-")
                assert (cookie["secure"], cookie["httponly"], cookie["path"]) == (True, True, "/")
                assert cookie["domain"] == ""


async def test_who_cannot_prove_to_be_the_pbx_gets_no_login() -> None:
    """T27: an AMI listener with another certificate gets neither name nor secret."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    async with FakeAmiServer(tls=context) as impostor, Link(impostor, tls=ssl.create_default_context()) as link:
        await status_says(link, "is not trusted")
        assert impostor.actions == []
        assert b"secret" not in impostor.raw
