"""The figures of the capture meter, with literal talks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from crm_store.capture_meter import AgentTalk, by_agent, by_day, figures, without_record

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def talk(
    call_id: str = "A",
    *,
    agent: str = "eva",
    captured: bool = True,
    keys: int | None = None,
    wrap_up_s: float | None = None,
    at: datetime = NOW,
) -> AgentTalk:
    clicks = None if keys is None else 0
    return AgentTalk(
        call_id=call_id, agent=agent, at=at, captured=captured, keys=keys, clicks=clicks, wrap_up_s=wrap_up_s
    )


def test_the_capture_rate_is_the_share_of_talks_that_somebody_wrote_something_about() -> None:
    found = figures([talk(), talk(), talk(), talk(captured=False)])
    assert (found.talks, found.captured, found.rate) == (4, 3, 0.75)


def test_nothing_to_tell_of_is_none_and_never_zero() -> None:
    found = figures([])
    assert (found.rate, found.keys, found.wrap_up_s) == (None, None, None)
    unmeasured = figures([talk()])
    assert (unmeasured.rate, unmeasured.keys, unmeasured.measured) == (1.0, None, 0)


def test_keys_and_wrap_up_are_medians_of_what_was_measured() -> None:
    found = figures([talk(keys=2, wrap_up_s=4.0), talk(keys=3), talk(keys=40, wrap_up_s=90.0), talk()])
    assert (found.measured, found.keys, found.clicks, found.wrap_up_s) == (3, 3.0, 0.0, 47.0)


def test_a_day_begins_at_the_local_midnight() -> None:
    late, early = datetime(2026, 3, 1, 22, 30, tzinfo=UTC), datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    days = by_day([talk(at=late), talk(at=early), talk(at=early)], ZoneInfo("Europe/Bratislava"))
    assert [(day, found.talks) for day, found in days] == [(date(2026, 3, 2), 2), (date(2026, 3, 1), 1)]


def test_each_agent_has_figures_of_their_own() -> None:
    agents = by_agent([talk(agent="jan", captured=False), talk(agent="eva"), talk(agent="eva")])
    assert [(name, found.talks, found.rate) for name, found in agents] == [("eva", 2, 1.0), ("jan", 1, 0.0)]


def test_what_nobody_wrote_about_is_listed_newest_first() -> None:
    old, new = talk("OLD", captured=False), talk("NEW", captured=False, at=NOW + timedelta(hours=1))
    assert [one.call_id for one in without_record([old, talk("DONE"), new], 5)] == ["NEW", "OLD"]
    assert [one.call_id for one in without_record([old, new], 1)] == ["NEW"]


@given(
    st.lists(st.builds(talk, captured=st.booleans(), keys=st.none() | st.integers(0, 50), agent=st.sampled_from("ab")))
)
def test_agents_and_days_share_out_all_talks(talks: list[AgentTalk]) -> None:
    whole = figures(talks)
    for parts in (by_agent(talks), by_day(talks, UTC)):
        assert sum(found.talks for _, found in parts) == whole.talks
        assert sum(found.captured for _, found in parts) == whole.captured
        assert sum(found.measured for _, found in parts) == whole.measured
    assert whole.rate is None or 0 <= whole.rate <= 1
