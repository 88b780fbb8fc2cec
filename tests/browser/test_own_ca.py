"""A network without a public name (docs/https.md): its commands as they stand there, then what browsers give to HTTPS only."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page, async_playwright, expect

from ctiserver.certificate import Certificate
from tests.browser.centre import PASSWORD, Centre
from tests.browser.conftest import ARGUMENTS, CHROMIUM, live
from tests.ctiserver.own_ca import ADDRESS, NAME, commands, make_authority, make_certificate, run_in
from web.app import create_app

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

#: No DNS here either: the browser is told where the name is, as a hosts file would.
RULES = f"--host-resolver-rules=MAP {NAME} 127.0.0.1,MAP {ADDRESS} 127.0.0.1"
HANDLED = "tel:+421905123456;ext=7"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority's folder; it is also the home of a workstation that trusts it."""
    if shutil.which("certutil") is None:
        pytest.fail("certutil is missing; as root: apt-get install libnss3-tools")
    folder = tmp_path_factory.mktemp("office")
    make_authority(folder)
    make_certificate(folder)
    run_in(folder, "mkdir -p ~/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -N --empty-password")
    run_in(folder, commands()[2])
    return folder


@pytest_asyncio.fixture(loop_scope="session")
async def workstation(office: Path) -> AsyncIterator[Page]:
    """A browser in that home. What it trusts is what the commands made it trust."""
    environment = {**os.environ, "HOME": str(office)}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, RULES], env=environment, headless=True
        )
        yield await browser.new_page()
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session", params=[NAME])
async def url(centre: Centre, office: Path, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The centre over HTTPS, with the certificate of the recipe and that name as its public address."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"https://{request.param}:{listener.getsockname()[1]}"
    centre.origins.allowed.add(url)
    runner = web.AppRunner(create_app(replace(centre.deps, public_url=url)), access_log=None)
    await runner.setup()
    certificate = Certificate(office / "cti.crt", office / "cti.key")
    await web.SockSite(runner, listener, ssl_context=certificate.context).start()
    yield url
    await runner.cleanup()


async def sign_in(page: Page, url: str) -> None:
    await page.goto(f"{url}/login")
    await page.locator("#user").fill("eva")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("button[type=submit]").click()
    await live(page)


@pytest.mark.parametrize("url", [NAME, ADDRESS], ids=["by name", "by address, without DNS"], indirect=True)
async def test_all_that_needs_https_works_by_the_recipe(url: str, workstation: Page) -> None:
    await sign_in(workstation, url)  # live: the socket brought the snapshot
    assert await workstation.evaluate("isSecureContext")
    await workstation.context.grant_permissions(["notifications"], origin=url)
    assert await workstation.evaluate("Notification.requestPermission()") == "granted"
    assert await workstation.evaluate("new Notification('Incoming call').title") == "Incoming call"
    session = next(one for one in await workstation.context.cookies(url) if one["name"].startswith("__Host-"))
    assert session["secure"]
    # Without a secure page this would raise; with one Chromium asks the user in its address bar.
    assert (
        await workstation.evaluate("navigator.registerProtocolHandler('tel', `${location.origin}/?dial=%s`) ?? null")
        is None
    )


async def test_the_page_offers_to_open_tel_links_and_puts_the_number_into_the_field(
    centre: Centre, url: str, workstation: Page
) -> None:
    await sign_in(workstation, url)
    await workstation.evaluate(
        "navigator.registerProtocolHandler = (scheme, target) => { window.asked = [scheme, target]; }"
    )
    await workstation.locator("#user-menu summary").click()
    await workstation.locator("#take-tel").click()
    assert await workstation.evaluate("window.asked") == ["tel", f"{url}/?dial=%s"]

    target = (await workstation.evaluate("window.asked"))[1]
    handed = await workstation.evaluate(
        "([target, link]) => target.replace('%s', encodeURIComponent(link))", [target, HANDLED]
    )
    await workstation.goto(handed)
    await live(workstation)
    await expect(workstation.locator("#dial-form input[name=to]")).to_have_value("+421905123456")
    assert workstation.url == f"{url}/"
    assert centre.pbx.asked == []  # opening a link dials nothing


async def test_who_does_not_trust_the_authority_is_not_let_through(url: str, tmp_path: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, RULES], env={**os.environ, "HOME": str(tmp_path)}
        )
        page = await browser.new_page()
        with pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"):
            await page.goto(url)
        await browser.close()


async def test_over_plain_http_from_elsewhere_the_page_says_why_not(centre: Centre, workstation: Page) -> None:
    url = centre.url.replace("127.0.0.1", NAME)
    await workstation.goto(f"{url}/login")
    assert not await workstation.evaluate("isSecureContext")
    await expect(workstation.locator("h1")).to_have_text("No sign-in over plain HTTP")
    await expect(workstation.locator("main")).to_contain_text("tls_certificate")
    assert await workstation.locator("#password").count() == 0
