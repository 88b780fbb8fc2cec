"""Pages for people who are not signed in: sign-in, first start, why not over plain HTTP, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from web.auth import form_csrf, public, set_form_csrf, sign_in_allowed
from web.deps import PRINCIPAL, deps_of
from web.pages_shell import language_of, render_alone
from web.pages_words import N_, WORDS
from web.problems import Problem
from web.sign_in import phones_to_sit_at

_TITLES: Mapping[int, str] = {
    401: N_("Please sign in"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    503: N_("Not available at the moment"),
}
_SENTENCES: Mapping[int, str] = {
    401: N_("You are signed out."),
    403: N_("Your role does not include this page."),
    404: N_("There is nothing at this address, or it no longer exists."),
    503: N_("The service cannot reach its database or the telephone system. Try again in a moment."),
}


_OTHER_TITLE = N_("Something went wrong")
_OTHER_SENTENCE = N_("The service could not answer. It is noted in its log.")


@public
async def login_page(request: web.Request) -> web.Response:
    """The sign-in form; who is signed in already goes home."""
    if not sign_in_allowed(request):
        return await Pages().plain_http(request)
    if request.get(PRINCIPAL) is not None:
        raise web.HTTPSeeOther("/")
    context = {
        "user": "",
        "phone": "",
        "next": request.query.get("next", ""),
        "failure": None,
        "phones": phones_to_sit_at(deps_of(request)),
        "phone_refused": False,
    }
    return _form(request, "sign_in.html", context)


@public
async def set_up_page(request: web.Request) -> web.Response:
    """The first administrator, by the one-time link of the terminal."""
    if not sign_in_allowed(request):
        return await Pages().plain_http(request)
    context = {"token": request.query.get("token", ""), "user": "", "display_name": "", "failure": None}
    return _form(request, "set_up.html", context)


class Pages:
    """The pages that the back end asks for (the port `PageRenderer`)."""

    async def login(self, request: web.Request, failure: Problem, *, own_phones: Sequence[str] = ()) -> web.Response:
        """The sign-in page again, with the reason."""
        posted = await request.post()
        context = {
            "user": _text(posted.get("user")),
            "phone": _text(posted.get("phone")),
            "next": _text(posted.get("next")),
            "failure": _sentence(request, failure),
            "phones": phones_to_sit_at(deps_of(request), own_phones),
            "phone_refused": failure.code == "unknown_phone",
        }
        return _form(request, "sign_in.html", context, failure=failure)

    async def set_up(self, request: web.Request, failure: Problem) -> web.Response:
        """The first-admin page again, with the reason."""
        posted = await request.post()
        context = {
            "token": _text(posted.get("token")),
            "user": _text(posted.get("user")),
            "display_name": _text(posted.get("display_name")),
            "failure": _sentence(request, failure),
        }
        return _form(request, "set_up.html", context, failure=failure)

    async def plain_http(self, request: web.Request) -> web.Response:
        """Why there is no sign-in over plain HTTP from another machine, and how to get TLS."""
        host, _, port = request.host.partition(":")
        return render_alone(request, "plain_http.html", {"host": host, "port": port or "80"}, status=403)

    async def error(self, request: web.Request, problem: Problem) -> web.Response:
        """The error page for people: what it means, never what broke inside."""
        language = language_of(request)
        context = {
            "title": language.gettext(_TITLES.get(problem.status, _OTHER_TITLE)),
            "sentence": language.gettext(_SENTENCES.get(problem.status, _OTHER_SENTENCE)),
        }
        return render_alone(request, "error.html", context, status=problem.status)


def _form(
    request: web.Request, template: str, context: Mapping[str, Any], *, failure: Problem | None = None
) -> web.Response:
    csrf = form_csrf(request)
    response = render_alone(request, template, {**context, "csrf": csrf}, status=failure.status if failure else 200)
    for name, value in (failure.headers if failure else {}).items():
        response.headers[name] = value
    set_form_csrf(request, response, csrf)
    return response


def _sentence(request: web.Request, failure: Problem) -> str:
    known = WORDS["problem"].get(failure.code)
    return language_of(request).gettext(known) if known else failure.detail


def _text(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""
