"""Labels and small writings of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crm_store.tasks import Task
from web.i18n import load_languages
from web.pages import safe_path
from web.pages_filters import duration, tel, tel_display
from web.pages_tasks import grouped
from web.pages_words import word

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)  # a Wednesday
SLOVAK = load_languages(["sk"], default="sk", territory="SK", time_zone="Europe/Bratislava").default


def task(number: int, due: datetime | None, state: str = "open") -> Task:
    return Task(
        id=number,
        version=1,
        kind="todo",
        title=str(number),
        state=state,
        due_at=due,
        owner=None,
        customer_id=None,
        customer_name=None,
        number=None,
        call_ids=(),
        claimed_by=None,
        claimed_at=None,
        handed_by=None,
        attempts=(),
        first_lost_at=None,
        last_lost_at=None,
        recall_s=None,
        created_at=NOW,
        done_at=None,
        done_by=None,
    )


def test_tasks_are_grouped_by_the_day_they_are_due() -> None:
    tasks = [
        task(1, NOW - timedelta(hours=1)),
        task(2, NOW + timedelta(hours=3)),
        task(3, NOW + timedelta(days=4)),  # Sunday, the last day of a Slovak week
        task(4, NOW + timedelta(days=5)),
        task(5, None),
        task(6, NOW - timedelta(days=9), state="done"),
    ]
    groups = grouped(tasks, NOW, SLOVAK)
    assert [(late, [one.id for one in items]) for _title, late, items in groups] == [
        (True, [1]),
        (False, [2]),
        (False, [3]),
        (False, [4]),
        (False, [5]),
        (False, [6]),
    ]
    assert groups[0][0] == "Po termíne"


def test_a_code_without_a_label_is_shown_as_it_is() -> None:
    assert word(SLOVAK, "activity_kind", "site_visit") == "site visit"
    assert word(SLOVAK, "outcome", None) == ""


def test_numbers_are_grouped_and_isolated() -> None:
    assert tel_display("+421905123456") == "+421 905 123 456"
    assert tel_display("101") == "101"
    assert tel_display("+") == "+"
    assert tel_display(None) == ""
    assert tel("<1>") == '<bdi dir="ltr" class="tel">&lt;1&gt;</bdi>'


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.9, "0:59"), (252, "4:12"), (3723, "1:02:03"), (None, "")]
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize("target", ["/", "/customers?q=a%20b", "/calls/01K"])
def test_own_paths_are_safe(target: str) -> None:
    assert safe_path(target) == target
