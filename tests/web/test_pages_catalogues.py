"""The catalogues are complete: no text of the pages stays English, none has other places to fill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from crm_store.accounts import Role
from crm_store.activities import DISPOSITIONS
from crm_store.parties import PARTY_KINDS, PHONE_LABELS
from pbx.agents import AgentState
from pbx.calls import CallOutcome, CallState, Direction, EndedBy, LegResult, QueueResult, TransferKind
from screenpop.screen_pop import PopPhase
from tests.web.catalogue_texts import texts
from web.dial_requests import SENTENCES, DialState
from web.i18n import read_catalog
from web.pages_words import WORDS

WEB = Path(__file__).parents[2] / "web"
TEXTS = texts(WEB)
LANGUAGES = ("he", "ar", "pl", "sk")
_PLACES = re.compile(r"%\((\w+)\)s")


def catalogue(code: str) -> Catalog:
    found = read_catalog(code)
    assert found is not None
    return found


def places(text: str) -> list[str]:
    return sorted(_PLACES.findall(text))


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


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
def test_translations_have_the_same_places_to_fill(code: str) -> None:
    for message in catalogue(code):
        if not message.id:
            continue
        wanted = places(message.id if isinstance(message.id, str) else message.id[0])
        for form in forms(message):
            assert places(form) == wanted, form


@pytest.mark.parametrize("code", LANGUAGES)
def test_plurals_have_all_forms(code: str) -> None:
    found = catalogue(code)
    for message in found:
        if message.pluralizable:
            assert len(message.string) == found.num_plurals


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
