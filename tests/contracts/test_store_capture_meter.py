"""What a store promises about efforts, and about each agent's talks with what became of them."""

from __future__ import annotations

from datetime import datetime

from crm_store.capture_meter import AgentTalk, Effort
from crm_store.store import CrmStore
from crm_store.tasks import TaskInput
from tests.contracts.examples import NOW, at, call, leg

LATER = at(60)


def effort(call_id: str = "A", user: str = "eva", *, keys: int = 4, wrap_up_s: float | None = 8.0) -> Effort:
    return Effort(call_id=call_id, user=user, keys=keys, clicks=1, wrap_up_s=wrap_up_s, saved_at=at(5))


async def talks(store: CrmStore, agent: str | None = None, until: datetime = LATER) -> list[AgentTalk]:
    return await store.agent_talks(since=NOW, until=until, agent=agent)


async def test_a_talk_is_captured_by_a_note_an_outcome_or_a_task_of_that_agent(store: CrmStore) -> None:
    calls = [call(name, minute=minute, legs=[leg("eva")]) for minute, name in enumerate("NOTXJ")]
    await store.save_calls(calls, now=NOW)
    await store.save_note("N", "asks for the invoice", user="eva", now=NOW)
    await store.save_disposition("O", "solved", user="eva", now=NOW)
    for user, call_id in (("eva", "T"), ("jan", "J")):
        await store.create_task(TaskInput(title="Send it", call_ids=(call_id,)), user=user, now=NOW)
    await store.save_note("X", "", user="eva", now=NOW)
    found = {talk.call_id: talk.captured for talk in await talks(store, "eva")}
    assert found == {"N": True, "O": True, "T": True, "X": False, "J": False}


async def test_each_agent_who_talked_has_a_talk_with_their_own_effort(store: CrmStore) -> None:
    legs = [leg("eva"), leg("jan", endpoint="PJSIP/1002"), leg("zoe", endpoint="PJSIP/1003", result="missed")]
    await store.save_calls([call("A", legs=legs)], now=NOW)
    await store.save_effort(effort())
    found = {talk.agent: (talk.keys, talk.clicks, talk.wrap_up_s) for talk in await talks(store)}
    assert found == {"eva": (4, 1, 8.0), "jan": (None, None, None)}
    assert [talk.agent for talk in await talks(store, "jan")] == ["jan"]


async def test_two_legs_of_one_agent_are_one_talk(store: CrmStore) -> None:
    await store.save_calls([call("A", legs=[leg("eva"), leg("eva", endpoint="PJSIP/991001")])], now=NOW)
    assert len(await talks(store)) == 1


async def test_colleagues_talking_and_calls_that_go_on_are_not_counted(store: CrmStore) -> None:
    internal = call("I", direction="internal", legs=[leg("eva")])
    going_on = call("G", state="talking", ended_at=None, legs=[leg("eva")])
    await store.save_calls([internal, going_on], now=NOW)
    assert await talks(store) == []


async def test_the_last_effort_counts_and_may_come_before_its_call(store: CrmStore) -> None:
    await store.save_effort(effort(keys=9, wrap_up_s=None))
    await store.save_effort(effort(keys=3))
    assert await talks(store) == []
    await store.save_calls([call("A", legs=[leg("eva")])], now=NOW)
    assert [(talk.keys, talk.wrap_up_s) for talk in await talks(store)] == [(3, 8.0)]


async def test_the_period_is_that_of_the_calls_beginning_newest_first(store: CrmStore) -> None:
    await store.save_calls(
        [call(name, minute=minute, legs=[leg("eva")]) for minute, name in ((0, "A"), (5, "B"), (9, "C"))], now=NOW
    )
    assert [talk.call_id for talk in await talks(store, until=at(9))] == ["B", "A"]


async def test_the_effort_of_a_consultation_goes_with_its_record(store: CrmStore) -> None:
    await store.save_calls([call("A", legs=[leg("eva")]), call("C", legs=[leg("eva")])], now=NOW)
    await store.save_effort(effort("C"))
    await store.fold_call("C", "A")
    await store.save_calls([call("C", legs=[leg("eva")])], now=NOW)
    assert [(talk.call_id, talk.keys) for talk in await talks(store)] == [("C", None), ("A", None)]
