"""Lines of a queue_log: what happened to callers is read, what is about members is passed over, what is broken is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_store.call_history import QueueEvent
from crm_store.call_history_queue_log import looks_like_queue_log, queue_event
from crm_store.errors import InvalidInput

LATEST = 4e9


def read(text: str) -> QueueEvent | None:
    return queue_event(text, 3, latest=LATEST)


def test_a_caller_joins() -> None:
    assert read("1795325430|1795325430.1|support|NONE|ENTERQUEUE||+447700900145|2") == QueueEvent(
        line=3,
        at=1795325430.0,
        callid="1795325430.1",
        queue="support",
        member=None,
        event="ENTERQUEUE",
        data=("", "+447700900145", "2"),
    )


def test_an_agent_takes_the_call() -> None:
    found = read("1795325431.25|1795325430.1|support|Boris Two|CONNECT|0|1795325431.4|0")
    assert found is not None
    assert (found.at, found.member, found.data) == (1795325431.25, "Boris Two", ("0", "1795325431.4", "0"))


@pytest.mark.parametrize(
    "text",
    [
        "1795325423|NONE|NONE|NONE|QUEUESTART|",
        "1795325443|NONE|leaving|Hana Eight|PAUSE|break",
        "1795325443|MANAGER|600|PJSIP/1001|ADDMEMBER|",
        "1795325449|1795325449.0|NONE|1001|AGENTLOGIN|PJSIP/1001-00000000",
        "1795325449|NONE|NONE|NONE|SOMETHING_NEW|x|y",
    ],
)
def test_what_is_about_members_is_passed_over(text: str) -> None:
    assert read(text) is None
    assert looks_like_queue_log(text) or "_" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1795325430|1795325430.1|support", "is not time|callid"),
        ("now|1795325430.1|support|NONE|ENTERQUEUE||1|1", "'now' is not a time"),
        ("nan|1795325430.1|support|NONE|ENTERQUEUE||1|1", "in the future or before"),
        ("9795325430|1795325430.1|support|NONE|ENTERQUEUE||1|1", "in the future or before"),
        ("1795325430|1795325430.1|support|NONE|<script>|1", "is not a queue_log event"),
        ("1795325430|NONE|support|NONE|ENTERQUEUE||1|1", "without a caller"),
        ("1795325430|1795325430.1|NONE|Eva|CONNECT|1|2|3", "without a caller or a queue"),
        (f"1795325430|{'x' * 200}|support|NONE|ENTERQUEUE||1|1", "is not a callid"),
    ],
)
def test_a_broken_line_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words.replace("|", r"\|")):
        read(text)


@pytest.mark.parametrize("text", ["", "a|b|c|d|e", '"","0905"', "time|callid|queue|member|EVENT"])
def test_other_files_are_no_queue_log(text: str) -> None:
    assert not looks_like_queue_log(text)


@given(st.text(max_size=100))
def test_whatever_the_line_holds_it_is_read_or_refused(text: str) -> None:
    for line in (text, f"1795325430|1795325430.1|support|NONE|ENTERQUEUE|{text}", f"1795325430|{text}"):
        try:
            read(line)
        except InvalidInput:
            continue
