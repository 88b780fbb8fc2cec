"""The HTML pages: routes, static files, language switch, and the pages that the back end asks for (sign-in again, errors)."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from web.auth import Handler, public
from web.deps import DEPS, PAGES
from web.i18n import load_languages
from web.pages_calls import call_page, calls_page
from web.pages_customers import (
    customer_page,
    customers_page,
    edit_customer_page,
    new_customer_page,
    timeline_part,
)
from web.pages_filters import setup_templates
from web.pages_home import home_page
from web.pages_ledger import ledger_page
from web.pages_live import live_page
from web.pages_lost import lost_page
from web.pages_shell import KIT, build_kit
from web.pages_sign_in import Pages, login_page, set_up_page
from web.pages_tasks import tasks_page

_YEAR_S = 31_536_000
_FOR_EVER = {"Cache-Control": f"public, max-age={_YEAR_S}, immutable", "X-Content-Type-Options": "nosniff"}

_ROUTES: tuple[tuple[str, Handler], ...] = (
    ("/", home_page),
    ("/login", login_page),
    ("/setup", set_up_page),
    ("/customers", customers_page),
    ("/customers/new", new_customer_page),
    (r"/customers/{customer_id:\d{1,15}}", customer_page),
    (r"/customers/{customer_id:\d{1,15}}/edit", edit_customer_page),
    (r"/customers/{customer_id:\d{1,15}}/timeline", timeline_part),
    ("/calls", calls_page),
    (r"/calls/{call_id:[0-9A-Za-z-]{1,64}}", call_page),
    ("/tasks", tasks_page),
    ("/lost", lost_page),
    ("/live", live_page),
    ("/ledger", ledger_page),
)


def setup_pages(app: web.Application) -> None:
    """Add every page, the static files and the renderer under `PAGES`. `app[DEPS]` must be there."""
    ui = app[DEPS].ui
    languages = load_languages(
        ui.languages, default=ui.default_language, territory=ui.territory, time_zone=ui.time_zone
    )
    app[KIT] = build_kit(languages)
    app[PAGES] = Pages()
    setup_templates(app)
    app.router.add_get("/static/{version}/{path:.+}", static_file)
    app.router.add_get("/texts/{name}", texts_module)
    app.router.add_get("/language/{code:[a-z]{2,3}}", choose_language)
    for path, handler in _ROUTES:
        app.router.add_get(path, handler)


@public
async def static_file(request: web.Request) -> web.StreamResponse:
    """One of our own files; only names known at start can be asked for."""
    static = request.app[KIT].static
    path = static.paths.get(request.match_info["path"])
    if path is None:
        raise web.HTTPNotFound
    current = request.match_info["version"] == static.version
    return web.FileResponse(path, headers=_FOR_EVER if current else {"Cache-Control": "no-cache"})


@public
async def texts_module(request: web.Request) -> web.Response:
    """A language's texts for the browser, as an ES module."""
    for texts in request.app[KIT].texts.values():
        if texts.url == request.path:
            return web.Response(body=texts.body, content_type="text/javascript", charset="utf-8", headers=_FOR_EVER)
    raise web.HTTPNotFound


@public
async def choose_language(request: web.Request) -> web.Response:
    """Remember the language in this browser and go back."""
    code = request.match_info["code"]
    response = web.Response(status=303, headers={"Location": safe_path(request.query.get("next", "/"))})
    if code in request.app[KIT].languages.offered:
        response.set_cookie(
            "cti-language", code, max_age=_YEAR_S, path="/", samesite="Lax", secure=request.secure, httponly=True
        )
    return response


def safe_path(target: str) -> str:
    """A path on this server; anything that could leave it becomes the home page."""
    parts = urlsplit(target)
    local = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return target if local and target.isprintable() and "\\" not in target else "/"
