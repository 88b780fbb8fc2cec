"""Every page of every role in every language: all of it translated, every number isolated, the direction right.

Two nets. With the real catalogues nothing may stay in English. With a made-up language whose every text is between brackets,
whatever is outside brackets and is no data was never given to the catalogues at all.
"""

from __future__ import annotations

import functools
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

import web.pages as pages_module
from crm_store.errors import StoreUnavailable
from crm_store.store import CrmStore
from tests.browser.centre import Centre, make_centre
from tests.web.desk import Desk, make_desk
from tests.web.every_code import EVERYTHING, add_every_code
from tests.web.made_up_language import bracketed, outside_brackets
from tests.web.page_reading import Element, Page, stray_numbers
from web.app import create_app
from web.auth import new_session
from web.i18n import load_languages, read_catalog
from web.pages_shell import SHORTCUTS

LANGUAGES = ("en", "he", "ar", "pl", "sk")
Client = TestClient[web.Request, web.Application]

#: Where data stands: names, free text, numbers, times, keys, addresses, what a person typed.
_DATA_TAGS = {"bdi", "kbd", "time", "pre", "textarea", "script", "style", "blockquote"}
#: Lists whose entries are people, queues and languages.
_LISTS_OF_DATA = {"agent", "owner", "user", "queue", "f-language"}
_ATTRIBUTES = ("aria-label", "title", "placeholder", "data-label", "alt", "data-words")


def paths(centre: Centre) -> dict[str, tuple[str, ...]]:
    """Every route of pages for each role (who may not see it gets an error page, also to be read), and more for one."""
    hostile, jan = centre.customers["hostile"].id, centre.customers["jan"].id
    routes = (
        "/",
        "/customers",
        "/customers/new?number=%2B421911222333",
        f"/customers/{jan}",
        f"/customers/{jan}/edit",
        f"/customers/{jan}/timeline",
        "/calls",
        f"/calls/{EVERYTHING}",
        "/tasks",
        "/lost",
        "/live",
        "/ledger",
    )
    variants = (
        f"/?customer={jan}",
        "/customers?q=ko&kind=customer",
        "/customers?q=nobody-here",
        "/customers?q=%2B421999999999",
        f"/customers/{hostile}",
        "/calls?direction=outbound&number=%2B4219999",
        "/calls/01KAAA00000000000000000000",
        "/calls/01KAAA00000000000000000003",
        "/tasks?state=done&kind=todo",
        "/lost?state=done",
        "/nothing-here",
        "/customers/999999",
    )
    return {"eva": (*routes, *variants), "sofia": routes, "root": (*routes, "/ledger?customer=999999")}


class Reader:
    """A browser of one person that reads pages without showing them."""

    def __init__(self, client: Client, centre: Centre | Desk, language: str) -> None:
        self._client, self._centre, self._language = client, centre, language
        self._cookies: dict[str, str] = {}

    async def read(self, path: str, user: str | None = None, **headers: str) -> Page:
        if user and user not in self._cookies:
            cookie, session = new_session(user, None, now=self._centre.deps.clock())
            await self._centre.store.create_session(session)
            self._cookies[user] = f"cti={cookie}; "
        cookie = self._cookies.get(user or "", "") + f"cti-language={self._language}"
        response = await self._client.get(path, headers={"Cookie": cookie, **headers}, allow_redirects=False)
        assert response.status in (200, 403, 404, 500, 503), (path, response.status)
        return Page(await response.text())


@pytest.fixture
async def centre(store: CrmStore) -> AsyncIterator[Centre]:
    made = await make_centre(store)
    await add_every_code(made)
    yield made
    await made.stop()


async def pages(centre: Centre, client: Client, language: str) -> AsyncIterator[tuple[str, Page]]:
    """Every page of everybody, signed in or not."""
    reader = Reader(client, centre, language)
    for user, own in paths(centre).items():
        for path in own:
            yield f"{user} {path}", await reader.read(path, user)
    for path in ("/login", "/setup?token=x"):
        yield path, await reader.read(path)
    yield "plain HTTP", await reader.read("/login", Host="cti.example.com:8080")


def shown(page: Page) -> list[str]:
    """What the page says itself, as texts and in attributes: no data."""
    said = [" ".join(data.split()) for data, chain in page.texts if not is_data(chain)]
    for element in page.elements:
        for name in _ATTRIBUTES:
            value = element.attributes.get(name)
            if value and name == "data-words":
                said += orjson.loads(value).values()
            elif value and not (name == "title" and element.tag == "a" and value.isalnum()):
                said.append(value)
    return said


def is_data(chain: tuple[Element, ...]) -> bool:
    """Names, free text, numbers, times, keys; and the lists of people, queues and languages."""
    names = {element.attributes.get("id") for element in chain if element.tag == "select"}
    return (
        any(element.tag in _DATA_TAGS or element.attributes.get("dir") == "auto" for element in chain)
        or any("hreflang" in element.attributes for element in chain)
        or bool(names & _LISTS_OF_DATA and chain[-1].attributes.get("value"))
    )


async def test_the_crawler_reads_every_route_of_pages(centre: Centre, aiohttp_client: Any) -> None:
    client = await aiohttp_client(create_app(centre.deps))
    read = {path.partition("?")[0] for own in paths(centre).values() for path in own} | {"/login", "/setup"}
    helpers = {"static_file", "texts_module", "choose_language"}
    for route in client.app.router.routes():
        if route.method == "GET" and route.handler.__module__.startswith("web.pages"):
            pattern = route.resource.get_info().get("pattern") or re.compile(re.escape(route.resource.canonical))
            assert route.handler.__name__ in helpers or any(pattern.fullmatch(path) for path in read), route


@pytest.mark.parametrize("language", LANGUAGES)
async def test_empty_pages_say_what_to_do(store: CrmStore, aiohttp_client: Any, language: str) -> None:
    desk = await make_desk(store)
    reader = Reader(await aiohttp_client(create_app(desk.deps)), desk, language)
    found = load_languages([language], default=language, territory="SK", time_zone="UTC").default
    for user, path, sentence in (
        ("eva", "/", "When a call is answered, the customer's card opens here by itself."),
        ("eva", "/customers", "Import a CSV file, or create the first customer here."),
        ("eva", "/customers?q=nobody", "Try fewer letters, or a part of the number."),
        ("eva", "/calls", "Calls appear here by themselves, as soon as the telephone rings."),
        ("eva", "/calls?direction=outbound", "No call fits this selection."),
        (
            "eva",
            "/tasks",
            "Create one with N, or from a call with Alt+T. A lost call makes a call-back task by itself.",
        ),
        ("sofia", "/live", "Nobody is waiting."),
        (
            "root",
            "/ledger",
            "Whoever sees, searches, exports or changes something is written down here by itself.",
        ),
    ):
        assert found.gettext(sentence) in shown(await reader.read(path, user)), path


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_error_page_says_in_the_language_what_it_means(
    store: CrmStore, aiohttp_client: Any, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    desk = await make_desk(store)
    reader = Reader(await aiohttp_client(create_app(desk.deps)), desk, language)
    found = load_languages([language], default=language, territory="SK", time_zone="UTC").default
    sentences = {
        "/nothing": "There is nothing at this address, or it no longer exists.",
        "/ledger": "Your role does not include this page.",
        "/customers": "The service cannot reach its database or the telephone system. Try again in a moment.",
        "/tasks": "The service could not answer. It is noted in its log.",
    }
    monkeypatch.setattr(store, "parties", failing(StoreUnavailable("locked")))
    monkeypatch.setattr(store, "tasks", failing(RuntimeError("a fault of ours")))
    for path, sentence in sentences.items():
        assert found.gettext(sentence) in shown(await reader.read(path, "eva")), path


def failing(error: Exception) -> Callable[..., Awaitable[None]]:
    async def fail(*_arguments: Any, **_named: Any) -> None:
        raise error

    return fail


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_overlay_lists_the_same_keys_in_every_language(
    centre: Centre, aiohttp_client: Any, language: str
) -> None:
    client = await aiohttp_client(create_app(centre.deps))
    page = await Reader(client, centre, language).read("/live", "sofia")
    found = load_languages([language], default=language, territory="SK", time_zone="UTC").default
    said = shown(page)
    for title, rows in SHORTCUTS:
        assert found.gettext(title) in said
        assert {found.gettext(does) for _keys, does in rows} <= set(said)
    keys = [data for data, chain in page.texts if chain and chain[-1].tag == "kbd"]
    assert {key for _title, rows in SHORTCUTS for shown_keys, _does in rows for key in shown_keys} <= set(keys)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_is_in_its_language_and_isolates_every_number(
    centre: Centre, aiohttp_client: Any, language: str
) -> None:
    client = await aiohttp_client(create_app(centre.deps))
    catalogue = read_catalog(language)
    english = {
        message.id for message in catalogue or () if isinstance(message.id, str) and message.string != message.id
    } - {""}
    direction = "rtl" if language in ("he", "ar") else "ltr"
    wrong: dict[str, list[str]] = {}
    count = 0
    async for name, page in pages(centre, client, language):
        count += 1
        for html in page.of("html"):  # a further page of a list has none
            assert html.attributes["dir"] == direction, name
            assert re.match(rf"{language}-[A-Z]{{2}}$", html.attributes["lang"] or ""), name
        found = [said for said in shown(page) if said in english] + stray_numbers(page)
        if found:
            wrong[name] = found
    assert not wrong
    assert count > 45


async def test_no_text_was_forgotten_when_the_pages_were_written(
    centre: Centre, aiohttp_client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bracketed(tmp_path)
    monkeypatch.setattr(pages_module, "load_languages", functools.partial(load_languages, folder=tmp_path))
    client = await aiohttp_client(create_app(centre.deps))
    wrong: dict[str, list[str]] = {}
    data = [party.name for party in centre.customers.values()] + ["słowacki"]  # a title, and what a customer speaks
    async for name, page in pages(centre, client, "pl"):
        said = functools.reduce(lambda text, one: text.replace(one, ""), data, " ".join(shown(page)))
        found = outside_brackets(said)
        if found:
            wrong[name] = found
    assert not wrong
