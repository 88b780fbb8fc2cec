"""Every page in every language: complete, escaped, numbers isolated, nothing inline, controls only where they are allowed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp_jinja2
import jinja2
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from crm_store.access import AccessPolicy
from crm_store.accounts import Role
from crm_store.store import CrmStore
from tests.browser.centre import HOSTILE_NAME, Centre, make_centre
from tests.web.page_reading import Page, stray_numbers
from web.app import create_app
from web.auth import new_session

LANGUAGES = ("en", "he", "ar", "pl", "sk")
CALL = "/calls/01KAAA00000000000000000002"
Client = TestClient[web.Request, web.Application]
Open = Callable[..., Awaitable[Page]]


def paths(centre: Centre) -> list[str]:
    hostile, dana = centre.customers["hostile"].id, centre.customers["dana"].id
    return [
        "/",
        f"/?customer={hostile}",
        "/customers",
        "/customers?q=ko",
        "/customers?q=nobody-here",
        f"/customers/{hostile}",
        f"/customers/{dana}",
        f"/customers/{hostile}/edit",
        "/customers/new?number=%2B421911222333&name=%3Cb%3E",
        "/calls",
        "/calls?direction=outbound&number=%2B421",
        CALL,
        "/calls/01KAAA00000000000000000003",
        "/tasks",
        "/tasks?state=done",
        "/tasks?kind=callback",
        "/lost",
        "/lost?state=done",
        "/lost?whose=mine",
    ]


async def open_as(
    client: Client, centre: Centre, path: str, *, user: str = "eva", language: str = "en", status: int = 200
) -> Page:
    cookie, session = new_session(user, None, now=centre.deps.clock())
    await centre.store.create_session(session)
    headers = {"Cookie": f"cti={cookie}; cti-language={language}"}
    response = await client.get(path, headers=headers, allow_redirects=False)
    assert response.status == status, (path, response.status)
    return Page(await response.text())


def strict(app: web.Application) -> web.Application:
    aiohttp_jinja2.get_env(app).undefined = jinja2.StrictUndefined
    return app


@pytest.fixture
async def centre(store: CrmStore) -> AsyncIterator[Centre]:
    made = await make_centre(store)
    yield made
    await made.stop()


@pytest.fixture
async def client(centre: Centre, aiohttp_client: Any) -> Client:
    made: Client = await aiohttp_client(strict(create_app(centre.deps)))
    return made


@pytest.mark.parametrize("language", LANGUAGES)
async def test_pages_are_complete_and_isolate_every_number(centre: Centre, client: Client, language: str) -> None:
    direction = "rtl" if language in ("he", "ar") else "ltr"
    for path in paths(centre):
        page = await open_as(client, centre, path, language=language)
        html = page.of("html")[0].attributes
        assert (html["dir"], (html["lang"] or "")[:2]) == (direction, language)
        assert stray_numbers(page) == [], path


@pytest.mark.parametrize("language", LANGUAGES)
async def test_supervisors_pages_too(centre: Centre, client: Client, language: str) -> None:
    for path in ("/", "/calls", "/tasks?owner=eva", "/live"):
        page = await open_as(client, centre, path, user="sofia", language=language)
        assert stray_numbers(page) == [], path
        assert any(one.attributes.get("href") == "/live" for one in page.of("a"))


async def test_the_crawler_finds_a_number_that_is_not_isolated() -> None:
    assert stray_numbers(Page("<p>Call +421 905 123 456 now</p>")) == ["Call +421 905 123 456 now"]
    assert stray_numbers(Page('<p dir="ltr">+421905123456</p>')) == ["+421905123456"]
    for stray in ("jan.kovac@example.com", "PJSIP/1001", "1002"):
        assert stray_numbers(Page(f"<p><bdi>{stray}</bdi></p>")) == [stray]
    assert stray_numbers(Page('<p>x <bdi dir="ltr">+421 905 123 456</bdi></p>')) == []


async def test_hostile_names_are_shown_as_they_are_and_make_no_element(centre: Centre, client: Client) -> None:
    customer_id = centre.customers["hostile"].id
    for path in ("/", "/customers", f"/customers/{customer_id}", "/calls", CALL, "/tasks"):
        page = await open_as(client, centre, path)
        assert '<img src=x onerror="document.title=1">' in page.text, path
        assert page.of("img") == []
        assert page.of("b") == []
        assert page.with_attribute("onerror") == []
    form = await open_as(client, centre, f"/customers/{customer_id}/edit")
    assert [one.attributes["value"] for one in form.of("input") if one.attributes.get("id") == "f-name"] == [
        centre.customers["hostile"].name
    ]
    assert centre.customers["hostile"].name == HOSTILE_NAME.strip()


async def test_nothing_is_inline_and_nothing_comes_from_elsewhere(centre: Centre, client: Client) -> None:
    for path in [*paths(centre), "/login", "/setup?token=x"]:
        if path in ("/login", "/setup?token=x"):
            page = Page(await (await client.get(path)).text())
        else:
            page = await open_as(client, centre, path)
        assert page.of("style") == []
        assert page.with_attribute("style") == []
        assert all(one.attributes.get("src") for one in page.of("script"))
        assert not [name for one in page.elements for name in one.attributes if name.startswith("on")]
        addresses = [one.attributes.get(name) or "" for one in page.elements for name in ("src", "href")]
        assert not [one for one in addresses if re.match(r"(https?:)?//|javascript:|data:", one)]


async def test_static_files_of_a_page_exist_and_are_kept_for_ever(centre: Centre, client: Client) -> None:
    page = await open_as(client, centre, "/")
    links = {
        address.partition("#")[0]
        for one in page.elements
        for name in ("src", "href", "data-worker", "data-texts")
        if (address := one.attributes.get(name) or "").startswith(("/static/", "/texts/"))
    }
    assert len(links) > 20
    for link in links:
        response = await client.get(link)
        assert response.status == 200, link
        assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/static/x/../pages.py", "/static/x/%2e%2e/pages.py", "/static/x/js/none.js", "/texts/xx.js"]
)
async def test_only_known_files_are_served(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_every_picture_that_is_used_is_in_the_sprite(centre: Centre, client: Client) -> None:
    sprite = centre_static(client, "vendor/tabler/icons.svg")
    have = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    used: set[str] = set()
    for path in paths(centre):
        page = await open_as(client, centre, path)
        used |= {(one.attributes["href"] or "").partition("#")[2] for one in page.of("use")}
    browser_code = "".join(centre_static(client, name) for name in kit_names(client) if name.startswith("js/"))
    used |= set(re.findall(r'icon\("([\w-]+)"\)', browser_code)) | set(
        re.findall(r'\w+: "((?:phone|bell|circle)[\w-]*)"', browser_code)
    )
    assert used <= have


def kit_names(client: Client) -> list[str]:
    from web.pages_shell import KIT

    assert client.app is not None
    return list(client.app[KIT].static.paths)


def centre_static(client: Client, name: str) -> str:
    from web.pages_shell import KIT

    assert client.app is not None
    return client.app[KIT].static.paths[name].read_text(encoding="utf-8")


async def test_a_part_of_a_page_comes_without_the_frame(centre: Centre, client: Client) -> None:
    cookie, session = new_session("eva", None, now=centre.deps.clock())
    await centre.store.create_session(session)
    headers = {"Cookie": f"cti={cookie}", "X-Part": "1"}
    for path in (
        "/?part=tasks",
        "/?part=calls",
        "/customers?q=ko",
        f"/customers/{centre.customers['jan'].id}",
        "/calls",
        "/tasks",
    ):
        page = Page(await (await client.get(path, headers=headers)).text())
        assert page.of("html") == []
        assert page.elements, path


async def test_timelines_and_lists_go_on_where_they_stopped(centre: Centre, client: Client) -> None:
    jan = centre.customers["jan"].id
    for number in range(40):
        await centre.store.add_activity(
            kind="note", text=f"note number {number:02}", customer_id=jan, user="eva", at=centre.deps.clock()
        )
    page = await open_as(client, centre, f"/customers/{jan}")
    (more,) = [one.attributes["href"] or "" for one in page.of("a") if "data-more" in one.attributes]
    older = await open_as(client, centre, more)
    seen = set(re.findall(r"note number \d\d", page.text)) | set(re.findall(r"note number \d\d", older.text))
    assert len(seen) == 40


async def test_foreign_calls_and_missing_records_are_not_found(centre: Centre, client: Client) -> None:
    await open_as(client, centre, "/calls/01KAAA00000000000000000000", user="jan", status=404)
    await open_as(client, centre, "/calls/01KAAA00000000000000000999", status=404)
    await open_as(client, centre, "/customers/999999", status=404)


async def test_agents_have_no_board(centre: Centre, client: Client) -> None:
    page = await open_as(client, centre, "/live", status=403)
    assert "role" in page.text


async def test_who_is_not_signed_in_is_asked_to(client: Client) -> None:
    response = await client.get("/customers?q=x", allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, "/login?next=%2Fcustomers%3Fq%3Dx")


# --- observer mode, hidden fields ------------------------------------------------------------------------------------------


async def test_observer_mode_has_no_control_in_any_page(store: CrmStore, aiohttp_client: Any) -> None:
    centre = await make_centre(store, controls=False)
    client = await aiohttp_client(strict(create_app(centre.deps)))
    for path in [*paths(centre), "/live"]:
        page = await open_as(client, centre, path, user="sofia" if path == "/live" else "eva")
        for attribute in ("data-dial", "data-my-state", "data-call", "data-hang-up"):
            if not (attribute == "data-call" and "/customers/new" in path):
                assert [
                    one
                    for one in page.with_attribute(attribute)
                    if one.tag == "button" and "data-new-task" not in one.attributes
                ] == []
        assert not [one for one in page.of("form") if one.attributes.get("id") == "dial-form"]
        assert page.of("body")[0].attributes["data-controls"] == "off"
    await centre.stop()


async def test_hidden_fields_are_absent_and_break_no_page(store: CrmStore, aiohttp_client: Any) -> None:
    customer = ["phones", "emails", "note", "tags", "name", "company", "language", "external_id", "created_at"]
    call = ["note", "disposition", "remote.number", "remote.name", "wait_s"]
    policy = AccessPolicy({Role.AGENT: {"customer": customer, "call": call, "task": ["number"]}})
    centre = await make_centre(store, access=policy)
    client = await aiohttp_client(create_app(centre.deps))
    for path in paths(centre):
        page = await open_as(client, centre, path)
        for secret in ("+421 907 000 111", "Bold & Sons", "jan.kovac@example.com", "Prefers calls", "Ján Kováč"):
            assert secret not in page.html, (path, secret)
    await centre.stop()


# --- language, theme, sign-in ------------------------------------------------------------------------------------------------


async def test_the_language_switch_remembers_and_goes_back(client: Client) -> None:
    response = await client.get("/language/he?next=/customers%3Fq%3Dx", allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, "/customers?q=x")
    assert "cti-language=he" in response.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/\n/x", ""]
)
async def test_the_language_switch_leads_nowhere_else(client: Client, target: str) -> None:
    response = await client.get("/language/he", params={"next": target}, allow_redirects=False)
    assert response.headers["Location"] == "/"


async def test_a_language_that_is_not_offered_is_not_remembered(client: Client) -> None:
    assert "Set-Cookie" not in (await client.get("/language/fr", allow_redirects=False)).headers


@pytest.mark.parametrize("language", LANGUAGES)
async def test_pages_before_sign_in(client: Client, language: str) -> None:
    for path in ("/login", "/setup?token=abc"):
        page = Page(await (await client.get(path, headers={"Accept-Language": language})).text())
        assert (page.of("html")[0].attributes["lang"] or "").startswith(language)
        fields = {one.attributes.get("name"): one.attributes for one in page.of("input")}
        assert fields["csrf"]["value"]
        assert fields["password"]["autocomplete"] in ("current-password", "new-password")
        assert {one.attributes.get("lang") for one in page.of("a")} >= set(LANGUAGES)


async def test_a_wrong_password_says_so_in_the_persons_language(client: Client) -> None:
    headers = {"Accept-Language": "sk", "Origin": str(client.make_url("")).rstrip("/")}
    form = Page(await (await client.get("/login")).text())
    csrf = next(one.attributes["value"] for one in form.of("input") if one.attributes.get("name") == "csrf")
    data = {"user": '"><b>eva', "password": "wrong", "phone": "", "csrf": csrf, "next": "/tasks"}
    response = await client.post("/login", data=data, headers=headers)
    page = Page(await response.text())
    assert response.status == 401
    assert "Používateľ alebo heslo nie je správne." in page.text
    values = {one.attributes.get("name"): one.attributes.get("value") for one in page.of("input")}
    assert (values["user"], values["next"], values.get("password")) == ('"><b>eva', "/tasks", None)


async def test_plain_http_from_another_machine_gets_a_page_that_says_why(client: Client) -> None:
    response = await client.get("/login", headers={"Host": "cti.example.com:8080"})
    page = Page(await response.text())
    assert response.status == 403
    assert "No sign-in over plain HTTP" in page.text
    assert "ssh -L 8080:127.0.0.1:8080 cti.example.com" in page.text
    assert page.of("form") == []


async def test_the_error_page_says_what_it_means(client: Client) -> None:
    response = await client.get("/nothing", headers={"Accept-Language": "he"})
    assert response.status == 404
    assert "לא נמצא" in await response.text()
