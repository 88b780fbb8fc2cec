"""How templates write things: numbers in left-to-right isolates, times in the page's language, codes as labels."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp_jinja2
import jinja2
import orjson
from aiohttp import web
from babel import Locale, UnknownLocaleError
from jinja2.runtime import Context
from markupsafe import Markup, escape

from crm_store.phone_numbers import grouped
from web.i18n import Language
from web.pages_words import word

TEMPLATE_FOLDER = Path(__file__).parent / "templates"
LOST_CALL_TITLE = "Call back"  # as the store writes it; ": queue" may follow
_TONES = {"answered": "ok", "voicemail": "info", "failed": "bad", "invalid": "bad"}
_WARNING_OUTCOMES = {
    "abandoned",
    "queue_timeout",
    "queue_empty",
    "queue_full",
    "no_answer",
    "busy",
    "rejected",
    "cancelled",
}


def setup_templates(app: web.Application) -> None:
    """The jinja2 environment: autoescape on, texts by gettext, numbers in LTR isolates."""
    env = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(TEMPLATE_FOLDER),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        filters={name: _absent_as_nothing(filter_) for name, filter_ in _FILTERS.items()},
    )
    env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]


def tel(value: object) -> Markup:
    """A number, address or code in its own left-to-right isolate: in Hebrew text it stays readable."""
    return Markup('<bdi dir="ltr" class="tel">{}</bdi>').format("" if value is None else value)


def tel_display(number: str | None) -> str:
    """E.164 grouped for reading: +421 905 123 456."""
    return grouped(number) if number else ""


def duration(seconds: float | None) -> str:
    """4:12, or 1:02:03."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def parse_time(value: str | datetime) -> datetime:
    """RFC 3339 as the API writes it, or a time already parsed."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


@jinja2.pass_context
def _gettext(context: Context, message: str) -> str:
    return _language(context).gettext(message)


@jinja2.pass_context
def _ngettext(context: Context, one: str, many: str, count: int) -> str:
    return _language(context).ngettext(one, many, count)


def _language(context: Context) -> Language:
    language = context["language"]
    if not isinstance(language, Language):
        raise TypeError("the page has no language")
    return language


def _with_time(method: Callable[[Language, datetime], str]) -> Callable[[Context, str | datetime], str]:
    @jinja2.pass_context
    def shown(context: Context, at: str | datetime) -> str:
        return method(_language(context), parse_time(at))

    return shown


@jinja2.pass_context
def _short(context: Context, at: str | datetime) -> str:
    return _language(context).short(parse_time(at), context["now"])


@jinja2.pass_context
def _person(context: Context, name: str) -> str:
    """A colleague as the others know them; an endpoint or a deleted account stays as it is."""
    return str(context["people"].get(name, name))


@jinja2.pass_context
def _word(context: Context, code: str | None, kind: str) -> str:
    return word(_language(context), kind, code)


@jinja2.pass_context
def _late(context: Context, task: Mapping[str, Any]) -> bool:
    due = task["due_at"]
    return bool(task["state"] == "open" and due and parse_time(due) < context["now"])


@jinja2.pass_context
def _waited(context: Context, task: Mapping[str, Any]) -> float:
    """Seconds since the first lost call."""
    return float(max((context["now"] - parse_time(task["lost_since"])).total_seconds(), 0.0))


@jinja2.pass_context
def _lost_lines(context: Context, task: Mapping[str, Any]) -> list[Markup]:
    """Where the lost calls came in: queues, else the numbers that were dialled; by their labels, the last first."""
    found = [
        Markup("<bdi>{}</bdi>").format(_queue_label(context, one["queue"]))
        if one.get("queue")
        else _did_label(context, one["did"])
        for one in reversed(task["attempts"])
        if one.get("queue") or one.get("did")
    ]
    return list(dict.fromkeys(found))


@jinja2.pass_context
def _did_label(context: Context, did: str) -> Markup:
    label = context["did_labels"].get(did)
    return Markup("<bdi>{}</bdi>").format(label) if label else tel(tel_display(did))


@jinja2.pass_context
def _task_title(context: Context, task: Mapping[str, Any]) -> str:
    """Tasks that the service makes itself are titled in English in the store."""
    language, title = _language(context), str(task["title"])
    if task["kind"] != "callback":
        return title
    if title == LOST_CALL_TITLE:
        return word(language, "task_kind", "callback")
    if title.startswith(f"{LOST_CALL_TITLE}: "):
        queue = title.removeprefix(f"{LOST_CALL_TITLE}: ")
        return language.gettext("Call back: %(queue)s") % {"queue": context["queue_labels"].get(queue, queue)}
    return title


@jinja2.pass_context
def _queue_label(context: Context, queue: str) -> str:
    return str(context["queue_labels"].get(queue, queue))


@jinja2.pass_context
def _call_agents(context: Context, call: Mapping[str, Any]) -> list[str]:
    """Who talked, else whose phones rang; each once."""
    legs = call.get("legs") or []
    talked = [leg for leg in legs if leg.get("talk_s")] or legs
    names = (leg["agent"] or leg["extension"] or leg["endpoint"] for leg in talked)
    return [_person(context, name) for name in dict.fromkeys(names)]


@jinja2.pass_context
def _language_name(context: Context, code: str) -> str:
    try:
        name = Locale.parse(code.replace("-", "_")).get_language_name(_language(context).locale)
    except (ValueError, UnknownLocaleError):
        name = None
    return name or code


def call_phones(call: Mapping[str, Any]) -> list[dict[str, str]]:
    """The other party's number as a choice for dialling; none for a withheld caller."""
    remote = call.get("remote") or {}
    number = remote.get("number")
    return [{"number": number, "display": remote.get("display") or number, "label": ""}] if number else []


def _dial_choices(phones: Iterable[Mapping[str, Any]]) -> str:
    return orjson.dumps(
        [{"number": one["number"], "display": one["display"], "label": one["label"]} for one in phones]
    ).decode()


def _tone(outcome: str) -> str:
    return "warn" if outcome in _WARNING_OUTCOMES else _TONES.get(outcome, "")


def _initials(name: str) -> str:
    words = [part for part in re.findall(r"[^\W\d_]+", name) if part]
    return "".join(part[0] for part in (words[:1] + words[-1:] if len(words) > 1 else words[:1])).upper()


def _urlencode(value: str | Mapping[str, Any]) -> str:
    return (
        quote(value, safe="")
        if isinstance(value, str)
        else urlencode({k: v for k, v in value.items() if v not in (None, "")})
    )


def _looks_like_number(text: str) -> bool:
    return sum(character.isdigit() for character in text) >= 5 and not re.search(r"[^\W\d_]", text)


def _absent_as_nothing(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A field that is hidden from this role is absent: what is made of it is nothing."""

    @functools.wraps(filter_)
    def shown(*arguments: Any) -> Any:
        hidden = any(isinstance(argument, jinja2.Undefined) for argument in arguments)
        return "" if hidden else filter_(*arguments)

    return shown


_FILTERS: dict[str, Callable[..., Any]] = {
    "tel": tel,
    "tel_display": tel_display,
    "duration": duration,
    "iso": lambda at: parse_time(at).astimezone(UTC).isoformat().replace("+00:00", "Z"),
    "clock": _with_time(Language.time),
    "day": _with_time(Language.date),
    "moment": _with_time(Language.moment),
    "short": _short,
    "person": _person,
    "people_json": lambda people: orjson.dumps(people).decode(),
    "word": _word,
    "late": _late,
    "waited": _waited,
    "lost_lines": _lost_lines,
    "did_label": _did_label,
    "task_title": _task_title,
    "queue_label": _queue_label,
    "call_agents": _call_agents,
    "call_phones": call_phones,
    "language_name": _language_name,
    "dial_choices": _dial_choices,
    "tone": _tone,
    "initials": _initials,
    "urlencode": _urlencode,
    "looks_like_number": _looks_like_number,
    "tojson_attr": lambda value: escape(orjson.dumps({k: str(v) for k, v in value.items()}).decode()),
}
