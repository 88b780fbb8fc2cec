"""The catalogues are complete and safe: no text of the pages stays English, none has other places, spaces, keys or markup.

Every rule is broken once on purpose in `test_the_rules_find_what_they_are_for`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from gettext import c2py
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.plurals import PLURALS

from crm_store.accounts import Role
from crm_store.activities import DISPOSITIONS
from crm_store.parties import PARTY_KINDS, PHONE_LABELS
from pbx.agents import AgentState
from pbx.calls import CallOutcome, CallState, Direction, EndedBy, LegResult, QueueResult, TransferKind
from screenpop.screen_pop import PopPhase
from tests.web.catalogue_texts import texts
from web.dial_requests import SENTENCES, DialState
from web.i18n import load_languages, read_catalog
from web.pages_words import WORDS

WEB = Path(__file__).parents[2] / "web"
TEXTS = texts(WEB)
LANGUAGES = ("he", "ar", "pl", "sk")
NUMBERS = (0, 1, 2, 3, 5, 11, 21, 22, 100, 101)
#: How many different wordings these numbers need at least: Arabic writes one like eleven, Hebrew two like many.
FORMS_APART = {"he": 2, "ar": 4, "pl": 3, "sk": 3}
_KEYS = re.compile(r"\b(?:Alt|Ctrl|Control|Shift|Enter|Esc|Tab)\b(?:\+\w+)?|(?<=\w )[A-HJ-Z]\b")
_NAMES = re.compile(
    r"\b(?:nginx|Caddy|Apache|websocket|HTTP|SSH|CSV|API|JavaScript|Asterisk|PJSIP|TLS|SSO|ctiserver)(?=\b|[a-z])"
)
_BIDI = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

#: What a translation shares with the English: each rule takes the trait out of a text.
RULES: dict[str, Callable[[str], object]] = {
    "places": lambda text: sorted(re.findall(r"%\((\w+)\)s", text)),
    "percent signs": lambda text: re.sub(r"%\(\w+\)s", "", text).count("%"),
    "spaces at the ends": lambda text: (text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]),
    "doubled spaces": lambda text: "  " in text,
    "markup": lambda text: sorted(re.findall(r"<[^>]*>?|&\w+;|&#\w+;", text)),
    "keys": lambda text: sorted(_KEYS.findall(text)),
    "names": lambda text: sorted(_NAMES.findall(text)),
    "bidi controls": lambda text: _BIDI.findall(text),
    "line breaks": lambda text: text.count("\n"),
}


def catalogue(code: str) -> Catalog:
    found = read_catalog(code)
    assert found is not None
    return found


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def faults(message: Message) -> list[str]:
    """The rules that a translation breaks, each form by itself."""
    english = message.id if isinstance(message.id, str) else message.id[0]
    return [name for form in forms(message) for name, traits in RULES.items() if traits(form) != traits(english)]


def test_the_extraction_finds_what_the_browser_code_says() -> None:
    said = {
        text
        for file in (WEB / "static" / "js").glob("*.js")
        for text in re.findall(r'\b(?:t|tn|parts)\(\s*"((?:[^"\\]|\\.)+)"', file.read_text(encoding="utf-8"))
    }
    known = {part for text in TEXTS for part in ([text] if isinstance(text, str) else text)}
    assert len(said) > 80
    assert said <= known


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_text_is_translated(code: str) -> None:
    found = catalogue(code)
    missing = [text for text in TEXTS if (message := found.get(text)) is None or not all(forms(message))]
    assert missing == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_translation_is_left_over(code: str) -> None:
    assert [message.id for message in catalogue(code) if message.id and message.id not in TEXTS] == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_nothing_is_doubtful_or_obsolete(code: str) -> None:
    found = catalogue(code)
    assert [message.id for message in found if message.id and message.fuzzy] == []
    assert list(found.obsolete) == []
    assert not found.fuzzy


@pytest.mark.parametrize("code", LANGUAGES)
def test_translations_break_no_rule(code: str) -> None:
    assert [(message.id, fault) for message in catalogue(code) if message.id for fault in faults(message)] == []


@pytest.mark.parametrize(
    ("english", "translation", "fault"),
    [
        ("Call %(name)s", "Volať %(nazov)s", "places"),
        ("Call %(name)s", "Volať", "places"),
        ("50 %", "50 %%", "percent signs"),
        ("Save", "Uložiť ", "spaces at the ends"),
        ("Save", "<b>Uložiť</b>", "markup"),
        ("Save", "Uložiť &amp; zavrieť", "markup"),
        ("From a call with Alt+T", "Z hovoru cez Ctrl+T", "keys"),
        ("Task with N, or by hand", "Úloha cez M", "keys"),
        ("Let nginx do it", "Nech to urobí engine x", "names"),
        ("Save", "\u202bUložiť\u202c", "bidi controls"),
        ("Save", "Uložiť\u200f", "bidi controls"),
        ("Wait", "Počkajte\nchvíľu", "line breaks"),
    ],
)
def test_the_rules_find_what_they_are_for(english: str, translation: str, fault: str) -> None:
    assert fault in faults(Message(english, translation))


@pytest.mark.parametrize("code", LANGUAGES)
def test_plurals_have_the_forms_of_the_language(code: str) -> None:
    """The head says what Babel knows of the language, in other words perhaps, and every plural has that many forms."""
    found = catalogue(code)
    number, rule = PLURALS[code]
    assert found.num_plurals == number
    said, known = c2py(found.plural_expr), c2py(rule)
    assert [said(count) for count in range(1000)] == [known(count) for count in range(1000)]
    plural = [message for message in found if message.pluralizable]
    assert len(plural) >= 4
    assert all(len(message.string) == number for message in plural)


def filled(count: int) -> dict[str, object]:
    """What stands in the places of a text that counts."""
    return {"num": count, "time": "noon"}


@pytest.mark.parametrize("code", LANGUAGES)
def test_plurals_read_well_with_every_kind_of_number(code: str) -> None:
    """The server and the browser choose the same form for a number, it says the number, and unlike numbers differ."""
    language = load_languages([code], default=code, territory="SK", time_zone="UTC").default
    texts_, table = language.browser_texts()["messages"], language.browser_texts()["plurals"]
    for one, many in (text for text in TEXTS if isinstance(text, tuple)):
        shown = {count: language.ngettext(one, many, count) % filled(count) for count in NUMBERS}
        for count, text in shown.items():
            assert text == texts_[one][table[language.locale.plural_form(count)]] % filled(count)
            assert re.findall(r"\d+", text) == [str(count)], text
            assert text not in (one % filled(count), many % filled(count))
        if one != many:  # with "waiting" the word stays the same in some languages
            assert len({text.replace(str(count), "#") for count, text in shown.items()}) >= FORMS_APART[code], shown


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("phase", [phase.value for phase in PopPhase]),
        ("agent_state", [state.value for state in AgentState]),
        ("disposition", list(DISPOSITIONS)),
        ("outcome", [outcome.value for outcome in CallOutcome]),
        ("leg_result", [result.value for result in LegResult]),
        ("queue_result", [result.value for result in QueueResult]),
        ("transfer_kind", [kind.value for kind in TransferKind]),
        ("direction", [direction.value for direction in Direction]),
        ("call_state", [state.value for state in CallState]),
        ("ended_by", [by.value for by in EndedBy]),
        ("party_kind", list(PARTY_KINDS)),
        ("phone_label", list(PHONE_LABELS)),
        ("role", [role.value for role in Role]),
        ("dial", [*(state.value for state in DialState), *SENTENCES]),
    ],
)
def test_every_code_has_a_label(kind: str, codes: list[str]) -> None:
    assert set(codes) <= set(WORDS[kind])
