"""What every page shares: the frame, who looks at it, its language, and the static files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

import aiohttp_jinja2
import orjson
from aiohttp import web

from crm_store.access import Permission, Principal
from crm_store.accounts import Role
from crm_store.activities import DISPOSITIONS
from web.deps import PRINCIPAL, deps_of, principal_of
from web.i18n import Language, Languages
from web.pages_words import N_, WORDS, all_words

STATIC_FOLDER = Path(__file__).parent / "static"

DUE_PRESETS = (
    ("2h", N_("In 2 hours")),
    ("tomorrow", N_("Tomorrow 10:00")),
    ("workday", N_("Next working day")),
    ("week", N_("In a week")),
)
PAUSE_REASONS = tuple((code, WORDS["pause_reason"][code]) for code in ("break", "lunch", "meeting", "office"))
#: The presets of due times look so many days ahead for one on which somebody works.
_REST_DAYS_AHEAD = 45
#: Title, then rows of keys and what they do.
_Section: TypeAlias = tuple[str, Sequence[tuple[tuple[str, ...], str]]]

SHORTCUTS: tuple[_Section, ...] = (
    (
        N_("During a call, from any page"),
        (
            (("Alt+N",), N_("Note of the call")),
            (("Enter",), N_("In a note: make what is shown below it")),
            (("Alt+1", "…", "Alt+5"), N_("Outcome")),
            (("Ctrl+Enter",), N_("Save and finish")),
            (("Alt+T",), N_("Task from this call")),
            (("Alt+O",), N_("Open the customer")),
            (("Alt+D",), N_("Call this customer")),
            (("Alt+Q",), N_("Hang up")),
            (("Alt+↑", "Alt+↓"), N_("Other call")),
            (("1", "…", "9"), N_("Choose among several customers")),
        ),
    ),
    (
        N_("Everywhere"),
        (
            (("Alt+S", "1…"), N_("My state")),
            (("/", "Ctrl+K"), N_("Search customers")),
            ((".",), N_("Copy the link of the row or page")),
            (("?",), N_("This list")),
            (("Esc",), N_("Close the topmost thing; a note is never lost")),
        ),
    ),
    (
        N_("In lists"),
        (
            (("J", "↓"), N_("Next row")),
            (("K", "↑"), N_("Previous row")),
            (("Enter",), N_("Open the row")),
            (("X",), N_("Complete the task")),
            (("D",), N_("Call this number")),
            (("Space",), N_("Select the row")),
            (("A",), N_("Select all rows, or none")),
            (("S", "1…5"), N_("Put the task off")),
            (("H",), N_("Hand the task over")),
            (("N",), N_("New in this list")),
            (("E",), N_("Edit")),
        ),
    ),
)
_GO_TO = N_("Go to a page")
_AGENT_ROWS: _Section = (
    N_("In the list of agents"),
    ((("P",), N_("Pause this agent")), (("R",), N_("Unpause this agent"))),
)
#: Page, label, the letter that follows G, and who may.
_NAVIGATION = (
    ("/", N_("Home"), "H", None),
    ("/customers", N_("Customers"), "U", Permission.CRM_READ),
    ("/calls", N_("Calls"), "L", Permission.CALLS_READ),
    ("/tasks", N_("Tasks"), "T", Permission.CRM_READ),
    ("/lost", N_("Lost calls"), "B", Permission.CRM_READ),
    ("/live", N_("Live queues"), "Q", Permission.BOARD),
    ("/ledger", N_("Access log"), "A", Permission.LEDGER),
)


@dataclass(frozen=True)
class StaticFiles:
    """The files of `static/`, served under a version that is a hash of them all: cached for ever, never stale."""

    paths: Mapping[str, Path]
    version: str

    @classmethod
    def of(cls, folder: Path = STATIC_FOLDER) -> StaticFiles:
        """Read and hash the folder once, at start."""
        paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
        digest = hashlib.sha256()
        for name, path in paths.items():
            digest.update(name.encode() + b"\0" + path.read_bytes())
        return cls(paths=paths, version=digest.hexdigest()[:12])

    def url(self, name: str) -> str:
        """The address of one file; a name that is not there is our own mistake."""
        if name not in self.paths:
            raise LookupError(f"no static file {name}")
        return f"/static/{self.version}/{name}"


@dataclass(frozen=True)
class BrowserTexts:
    """One language's texts as an ES module, and its address."""

    body: bytes
    url: str


@dataclass(frozen=True)
class PageKit:
    """What the page handlers need beside the back end."""

    languages: Languages
    static: StaticFiles
    texts: Mapping[str, BrowserTexts] = field(default_factory=dict)


KIT: web.AppKey[PageKit] = web.AppKey("page_kit", PageKit)


@dataclass(frozen=True)
class Viewer:
    """Who looks at the page, in the words the templates use."""

    name: str
    display_name: str
    role: str
    csrf: str
    phone_label: str | None  # the phone this person sits at
    controls: bool  # False in observer mode: no dial, pause or hang-up control exists
    has_state: bool
    may_read_customers: bool
    may_write_customers: bool
    sees_all_calls: bool
    sees_all_tasks: bool
    sees_board: bool
    sees_ledger: bool


def build_kit(languages: Languages, *, static: StaticFiles | None = None) -> PageKit:
    """Texts for every offered language, compiled once."""
    texts: dict[str, BrowserTexts] = {}
    for code, language in languages.offered.items():
        body = {**language.browser_texts(), "words": all_words(language)}
        module = b"export default " + orjson.dumps(body) + b";\n"
        texts[code] = BrowserTexts(module, f"/texts/{code}.{hashlib.sha256(module).hexdigest()[:12]}.js")
    return PageKit(languages=languages, static=static or StaticFiles.of(), texts=texts)


def language_of(request: web.Request) -> Language:
    """The cookie of this browser, else the account's, else what the browser accepts, else the default."""
    who = request.get(PRINCIPAL)
    chosen = (request.cookies.get("cti-language"), who.language if who else None)
    return request.app[KIT].languages.best(chosen, request.headers.get("Accept-Language", ""))


def viewer_of(request: web.Request) -> Viewer:
    """The signed-in person, as the templates see them."""
    who = principal_of(request)
    deps = deps_of(request)
    return Viewer(
        name=who.name,
        display_name=who.display_name,
        role=who.role.value,
        csrf=who.csrf or "",
        phone_label=_phone_label(who),
        controls=deps.controls() and who.may(Permission.DIAL),
        has_state=who.role is Role.AGENT or who.sits_at is not None,
        may_read_customers=who.may(Permission.CRM_READ),
        may_write_customers=who.may(Permission.CRM_WRITE),
        sees_all_calls=who.may(Permission.CALLS_READ_ALL),
        sees_all_tasks=who.may(Permission.TASKS_ALL),
        sees_board=who.may(Permission.BOARD),
        sees_ledger=who.may(Permission.LEDGER),
    )


def render(request: web.Request, template: str, context: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """A page for a signed-in person, or a part of one."""
    viewer = viewer_of(request)
    language = language_of(request)
    kit = request.app[KIT]
    now = deps_of(request).clock()
    navigation = [
        {"href": href, "label": language.gettext(label), "key": key, "current": _is_current(request.path, href)}
        for href, label, key, permission in _NAVIGATION
        if permission is None or principal_of(request).may(permission)
    ]
    shell = {
        **_common(request, language),
        "viewer": viewer,
        "texts_url": kit.texts[language.code].url,
        "modules": [
            name.removeprefix("js/") for name in kit.static.paths if re.fullmatch(r"js/(?!alone|worker)\w+\.js", name)
        ],
        "navigation": navigation,
        "dispositions": DISPOSITIONS,
        "due_presets": _translated(language, DUE_PRESETS),
        "pause_reasons": _translated(language, PAUSE_REASONS),
        "shortcuts": _shortcuts(language, viewer, navigation),
        "version": deps_of(request).version,
        "queue_labels": {queue["name"]: queue["label"] for queue in deps_of(request).board.queues(now.timestamp())},
        "did_labels": deps_of(request).did_labels,
        "people": {agent["name"]: agent["display_name"] for agent in deps_of(request).board.agents()},
        "rest_days": _rest_days(deps_of(request).rest_day, language.local(now).date()),
        "now": now,
        "card_is_page": False,
    }
    response = aiohttp_jinja2.render_template(template, request, {**shell, **context}, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def render_alone(request: web.Request, template: str, context: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """A page outside the frame: sign-in, set-up, errors."""
    page = {**_common(request, language_of(request)), **context}
    response = aiohttp_jinja2.render_template(template, request, page, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def wants_part(request: web.Request) -> bool:
    """The browser refreshes a part of the page that it already has."""
    return request.headers.get("X-Part") == "1"


def _common(request: web.Request, language: Language) -> dict[str, Any]:
    kit = request.app[KIT]
    theme = request.cookies.get("cti-theme", "")
    return {
        "language": language,
        "languages": list(kit.languages.offered.values()),
        "theme": theme if theme in ("light", "dark") else None,
        "static": kit.static.url,
        "icons": kit.static.url("vendor/tabler/icons.svg"),
        "language_link": lambda code: f"/language/{code}?" + urlencode({"next": _return_path(request)}),
    }


def _shortcuts(language: Language, viewer: Viewer, navigation: Iterable[Mapping[str, Any]]) -> list[_Section]:
    """The list of shortcuts: only what this person can do."""
    sections = (*SHORTCUTS, _AGENT_ROWS) if viewer.sees_board and viewer.controls else SHORTCUTS
    shown: list[_Section] = [
        (language.gettext(title), [(keys, language.gettext(does)) for keys, does in rows]) for title, rows in sections
    ]
    return [*shown, (language.gettext(_GO_TO), [(("G", one["key"]), one["label"]) for one in navigation])]


def _return_path(request: web.Request) -> str:
    """Where the language switch comes back to: a page, not the answer to a form."""
    return request.path_qs if request.method == "GET" and not wants_part(request) else request.path


def _is_current(path: str, href: str) -> bool:
    return path == href if href == "/" else path == href or path.startswith(f"{href}/")


def _phone_label(who: Principal) -> str | None:
    if who.sits_at is None:
        return None
    return who.extension if who.extension and who.phone is None else who.sits_at.rpartition("/")[2]


def _rest_days(is_rest_day: Callable[[date], bool], today: date) -> list[str]:
    """Which of the coming days are holidays or closed; the browser knows the weekends."""
    coming = (today + timedelta(days=ahead) for ahead in range(_REST_DAYS_AHEAD))
    return [day.isoformat() for day in coming if is_rest_day(day)]


def _translated(language: Language, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(code, language.gettext(text)) for code, text in pairs]
