"""What a store promises about tasks: one call-back per person, closed by a later talk, taken by one agent at a time."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from crm_store.errors import AlreadyClaimed, AlreadyDone, InvalidInput, NotFound, VersionConflict
from crm_store.lost_calls import Talk
from crm_store.store import CrmStore
from crm_store.tasks import DayCounts, LostCall, LostWay, Task, TaskFilter, TaskInput
from tests.contracts.examples import EVA, JAN, NOW, WITHHELD, at, call, customer, leg, remote, text


def talk(customer_id: int | None, number: str | None, *, since: datetime) -> Talk:
    return Talk(call_id="T", customer_id=customer_id, number=number, user="eva", since=since)


def lost(call_id: str, number: str = JAN, *, when: datetime = NOW, **changed: object) -> LostCall:
    fields = {"customer_id": None, "queue": "support", "owner": None, **changed}
    return LostCall(call_id=call_id, number=number, at=when, **fields)  # type: ignore[arg-type]


async def open_tasks(store: CrmStore) -> list[Task]:
    return list((await store.tasks(TaskFilter(state="open"), cursor=None, limit=50)).items)


async def test_a_task_comes_back_as_it_was_given(store: CrmStore) -> None:
    jan = await customer(store, "Ján")
    fields = TaskInput(title="send the offer", due_at=at(60), owner="eva", customer_id=jan, number="0905 123 456")
    task = await store.create_task(fields, user="jan", now=NOW)
    assert task == await store.task(task.id)
    assert (task.kind, task.title, task.state, task.version) == ("todo", "send the offer", "open", 1)
    assert (task.due_at, task.owner, task.customer_id, task.customer_name) == (at(60), "eva", jan, "Ján")
    assert (task.number, task.call_ids, task.claimed_by, task.created_at) == (JAN, (), None, NOW)


async def test_a_task_of_a_call_belongs_to_the_calls_customer(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    await store.save_calls([call("A")], now=NOW)
    task = await store.create_task(TaskInput(title="ask again", call_ids=("A",)), user="eva", now=NOW)
    assert (task.customer_id, task.call_ids) == (jan, ("A",))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (TaskInput(), "title"),
        (TaskInput(title="x" * 201), "title"),
        (TaskInput(title="x", kind="party"), "kind"),
        (TaskInput(title="x", state="half"), "state"),
        (TaskInput(title="x", customer_id=77), "customer_id"),
        (TaskInput(title="x", clear=frozenset({"title"})), "clear"),
    ],
)
async def test_bad_input_is_refused_by_the_name_of_its_field(store: CrmStore, fields: TaskInput, named: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await store.create_task(fields, user="eva", now=NOW)
    assert refused.value.field == named


async def test_an_unknown_task_is_not_found(store: CrmStore) -> None:
    with pytest.raises(NotFound):
        await store.task(77)
    with pytest.raises(NotFound):
        await store.update_task(77, TaskInput(title="x"), user="eva", now=NOW, version=None)


async def test_an_edit_changes_only_what_it_names_and_clears_what_it_says(store: CrmStore) -> None:
    task = await store.create_task(TaskInput(title="ask", due_at=at(1), owner="eva"), user="eva", now=NOW)
    edit = TaskInput(title="ask again", clear=frozenset({"due_at", "owner"}))
    edited = await store.update_task(task.id, edit, user="eva", now=NOW, version=1)
    assert (edited.title, edited.due_at, edited.owner, edited.version) == ("ask again", None, None, 2)
    with pytest.raises(VersionConflict):
        await store.update_task(task.id, TaskInput(title="x"), user="jan", now=NOW, version=1)


async def test_finishing_a_task_says_who_and_when_and_stands_in_the_timeline(store: CrmStore) -> None:
    jan = await customer(store, "Ján")
    task = await store.create_task(TaskInput(title="send the offer", customer_id=jan), user="eva", now=NOW)
    done = await store.update_task(task.id, TaskInput(state="done"), user="eva", now=at(5), version=None)
    assert (done.state, done.done_at, done.done_by) == ("done", at(5), "eva")
    (activity,) = (await store.timeline(jan, cursor=None, limit=10)).items
    assert (activity.kind, activity.text, activity.agent, activity.at) == ("task_done", "send the offer", "eva", at(5))
    again = await store.update_task(task.id, TaskInput(state="open"), user="eva", now=at(6), version=None)
    assert (again.state, again.done_at, again.done_by) == ("open", None, None)


async def test_one_agent_at_a_time_takes_a_task(store: CrmStore) -> None:
    task = await store.note_lost_call(lost("A"), now=NOW)
    await store.update_task(task.id, TaskInput(claimed_by="eva"), user="eva", now=NOW, version=None)
    with pytest.raises(VersionConflict):
        await store.update_task(task.id, TaskInput(claimed_by="jan"), user="jan", now=NOW, version=None)
    free = TaskInput(clear=frozenset({"claimed_by"}))
    await store.update_task(task.id, free, user="eva", now=NOW, version=None)
    taken = await store.update_task(task.id, TaskInput(claimed_by="jan"), user="jan", now=NOW, version=None)
    assert taken.claimed_by == "jan"


async def test_tasks_come_by_due_time_undated_last_page_by_page(store: CrmStore) -> None:
    for title, due in (("d", None), ("b", at(2)), ("a", at(1)), ("c", at(2)), ("e", None)):
        await store.create_task(TaskInput(title=title, due_at=due), user="eva", now=NOW)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = await store.tasks(TaskFilter(), cursor=cursor, limit=2)
        seen += [task.title for task in page.items]
        cursor = page.next
    assert cursor is None
    assert seen == ["a", "b", "c", "d", "e"]


async def test_tasks_are_filtered(store: CrmStore) -> None:
    jan = await customer(store, "Ján")
    await store.create_task(TaskInput(title="eva's", owner="eva", due_at=at(5)), user="eva", now=NOW)
    await store.create_task(TaskInput(title="jan's", owner="jan", kind="callback"), user="eva", now=NOW)
    await store.create_task(TaskInput(title="anybody's", customer_id=jan, state="done"), user="eva", now=NOW)

    async def titles(**where: object) -> list[str]:
        page = await store.tasks(TaskFilter(**where), cursor=None, limit=10)  # type: ignore[arg-type]
        return [task.title for task in page.items]

    assert await titles(owner="eva") == ["eva's", "anybody's"]
    assert await titles(state="open") == ["eva's", "jan's"]
    assert await titles(kind="callback") == ["jan's"]
    assert await titles(customer_id=jan) == ["anybody's"]
    assert await titles(due_before=at(6)) == ["eva's"]
    assert await titles(due_before=at(5)) == []


async def test_a_lost_call_makes_one_call_back_per_person(store: CrmStore) -> None:
    first = await store.note_lost_call(lost("A"), now=at(1))
    assert (first.kind, first.state, first.number, first.call_ids) == ("callback", "open", JAN, ("A",))
    assert (first.due_at, first.customer_id, first.owner) == (NOW, None, None)
    again = await store.note_lost_call(lost("B", when=at(5)), now=at(6))
    assert (again.id, again.call_ids) == (first.id, ("A", "B"))
    other = await store.note_lost_call(lost("C", EVA), now=at(7))
    assert other.id != first.id


async def test_two_hundred_lost_calls_at_once_are_all_kept(store: CrmStore) -> None:
    lost_calls = [lost(f"C{n:03}", when=at(n)) for n in range(200)]
    tasks = await asyncio.gather(*(store.note_lost_call(each, now=NOW) for each in lost_calls))
    assert len({task.id for task in tasks}) == 1
    task = await store.task(tasks[0].id)
    assert task.call_ids == tuple(each.call_id for each in lost_calls)
    assert task.version == 200


async def test_the_same_lost_call_counts_once_even_after_the_call_back(store: CrmStore) -> None:
    task = await store.note_lost_call(lost("A"), now=NOW)
    await store.update_task(task.id, TaskInput(state="done"), user="eva", now=NOW, version=None)
    same = await store.note_lost_call(lost("A"), now=NOW)
    assert (same.id, same.state) == (task.id, "done")
    assert await open_tasks(store) == []


async def test_a_known_callers_lost_calls_from_two_numbers_are_one_call_back(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN, EVA)
    await store.note_lost_call(lost("A", customer_id=jan), now=NOW)
    task = await store.note_lost_call(lost("B", EVA), now=NOW)
    assert (task.customer_id, task.call_ids) == (jan, ("A", "B"))


async def test_who_missed_a_direct_call_owns_the_call_back_until_somebody_else_misses_one(store: CrmStore) -> None:
    first = await store.note_lost_call(lost("A", owner="eva", queue=None), now=NOW)
    assert first.owner == "eva"
    assert (await store.note_lost_call(lost("B", owner="eva", queue=None), now=NOW)).owner == "eva"
    assert (await store.note_lost_call(lost("C"), now=NOW)).owner is None


async def test_a_promised_call_back_stays_beside_those_of_lost_calls(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    promised = await store.create_task(
        TaskInput(kind="callback", title="Friday", customer_id=jan, due_at=at(5000)), user="eva", now=NOW
    )
    missed = await store.note_lost_call(lost("A"), now=NOW)
    assert missed.id != promised.id
    closed = await store.close_callbacks([talk(jan, JAN, since=at(1))], now=at(2))
    assert [task.id for task in closed] == [missed.id]
    assert [task.id for task in await open_tasks(store)] == [promised.id]


async def test_a_later_talk_closes_the_call_back(store: CrmStore) -> None:
    await store.note_lost_call(lost("A"), now=NOW)
    assert await store.close_callbacks([talk(None, EVA, since=at(1))], now=at(2)) == []
    (closed,) = await store.close_callbacks([talk(None, JAN, since=at(1))], now=at(2))
    assert (closed.state, closed.done_by, closed.done_at) == ("done", "eva", at(2))
    assert await open_tasks(store) == []


async def test_of_many_talks_at_once_each_closes_its_own_persons_call_back(store: CrmStore) -> None:
    await store.note_lost_call(lost("A"), now=NOW)
    await store.note_lost_call(lost("B", EVA), now=NOW)
    closed = await store.close_callbacks(
        [talk(None, "+421905000000", since=at(1)), talk(None, EVA, since=at(1)), talk(77, None, since=at(1))], now=at(2)
    )
    assert [task.call_ids for task in closed] == [("B",)]
    assert [task.call_ids for task in await open_tasks(store)] == [("A",)]


async def test_a_talk_with_a_merged_customer_closes_the_call_back_of_the_kept_one(store: CrmStore) -> None:
    kept, other = await customer(store, "Ján", JAN), await customer(store, "Janko", EVA)
    missed = await store.note_lost_call(lost("A"), now=NOW)
    await store.merge_parties(kept, other, user="eva", now=NOW)
    (closed,) = await store.close_callbacks([talk(other, None, since=at(1))], now=at(2))
    assert closed.id == missed.id


async def test_no_talk_closes_nothing(store: CrmStore) -> None:
    await store.note_lost_call(lost("A"), now=NOW)
    assert await store.close_callbacks([], now=at(2)) == []


async def test_a_talk_that_began_before_the_call_was_lost_closes_nothing(store: CrmStore) -> None:
    await store.note_lost_call(lost("A", when=at(3)), now=at(3))
    assert await store.close_callbacks([talk(None, JAN, since=at(1))], now=at(4)) == []
    assert len(await open_tasks(store)) == 1


async def test_a_talk_with_nobody_known_closes_nothing(store: CrmStore) -> None:
    await store.note_lost_call(lost("A"), now=NOW)
    assert await store.close_callbacks([talk(None, None, since=at(1))], now=at(2)) == []


async def test_a_number_that_gets_a_customer_takes_its_call_back_along(store: CrmStore) -> None:
    task = await store.note_lost_call(lost("A"), now=NOW)
    jan = await customer(store, "Ján", JAN)
    moved = await store.task(task.id)
    assert (moved.customer_id, moved.customer_name) == (jan, "Ján")
    assert (await store.note_lost_call(lost("B"), now=NOW)).id == task.id


async def test_a_call_back_that_finds_its_customers_other_one_joins_it(store: CrmStore) -> None:
    jan = await customer(store, "Ján", EVA)
    first = await store.note_lost_call(lost("A", EVA), now=NOW)
    await store.save_calls([call("B")], now=NOW)
    await store.note_lost_call(lost("B", when=at(4)), now=at(4))
    await store.set_call_customer("B", jan, user="eva", now=at(5))
    (task,) = await open_tasks(store)
    assert (task.id, task.customer_id, task.call_ids) == (first.id, jan, ("A", "B"))
    # The later of the two lost calls counts.
    assert await store.close_callbacks([talk(jan, None, since=at(2))], now=at(6)) == []


async def test_a_withheld_lost_call_leaves_no_digits(store: CrmStore) -> None:
    jan = await customer(store, "Ján")
    await store.save_calls([call("A", remote=WITHHELD)], now=NOW)
    await store.set_call_customer("A", jan, user="eva", now=NOW)
    task = await store.note_lost_call(lost("A"), now=NOW)
    assert (task.customer_id, task.number) == (jan, None)


async def test_a_caller_without_number_and_customer_cannot_be_called_back(store: CrmStore) -> None:
    await store.save_calls([call("A", remote=WITHHELD)], now=NOW)
    for each in (lost("A"), lost("B", "")):
        with pytest.raises(InvalidInput) as refused:
            await store.note_lost_call(each, now=NOW)
        assert refused.value.field == "number"
    assert await open_tasks(store) == []


# --- attempts, claims, recall ---------------------------------------------------------------------------------------------------


async def test_five_attempts_of_one_person_in_five_ways_are_one_call_back(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN, EVA)
    ways = [
        (JAN, LostWay.ABANDONED, "support"),
        (EVA, LostWay.VOICEMAIL, "support"),
        (JAN, LostWay.AFTER_HOURS, None),
        (EVA, LostWay.MISSED, None),
        (JAN, LostWay.FULL, "sales"),
    ]
    for minute, (number, way, queue) in enumerate(ways):
        await store.note_lost_call(lost(f"C{minute}", number, when=at(minute), way=way, queue=queue), now=at(minute))
    (task,) = await open_tasks(store)
    assert (task.customer_id, task.number) == (jan, JAN)
    assert [(one.at, one.way, one.queue) for one in task.attempts] == [
        (at(minute), way.value, queue) for minute, (_, way, queue) in enumerate(ways)
    ]
    assert (task.first_lost_at, task.last_lost_at, task.recall_s) == (at(0), at(4), None)
    by_queue = [len((await store.tasks(TaskFilter(queue=name), cursor=None, limit=9)).items) for name in ("sales", "x")]
    assert by_queue == [1, 0]


async def test_a_lost_call_is_due_when_it_says_and_a_new_attempt_never_puts_it_off(store: CrmStore) -> None:
    task = await store.note_lost_call(lost("A", due_at=at(600)), now=NOW)
    assert task.due_at == at(600)
    assert (await store.note_lost_call(lost("B", due_at=at(700)), now=NOW)).due_at == at(600)
    await store.update_task(task.id, TaskInput(due_at=at(2000)), user="eva", now=NOW, version=None)
    assert (await store.note_lost_call(lost("C", when=at(9)), now=at(9))).due_at == at(9)


async def test_the_recall_time_is_from_the_first_lost_call_to_the_talk(store: CrmStore) -> None:
    await store.note_lost_call(lost("A", when=at(0)), now=NOW)
    await store.note_lost_call(lost("B", when=at(5)), now=NOW)
    (closed,) = await store.close_callbacks([talk(None, JAN, since=at(12))], now=at(15))
    assert closed.recall_s == 12 * 60
    again = await store.update_task(closed.id, TaskInput(state="open"), user="eva", now=at(16), version=None)
    assert again.recall_s is None


async def test_of_two_who_press_at_once_one_has_it_and_the_other_hears_who(store: CrmStore) -> None:
    task = await store.note_lost_call(lost("A"), now=NOW)
    results = await asyncio.gather(
        *(store.claim_task(task.id, user=user, now=at(1)) for user in ("eva", "jan")), return_exceptions=True
    )
    (claimed,) = [one for one in results if isinstance(one, Task)]
    (refused,) = [one for one in results if isinstance(one, AlreadyClaimed)]
    assert claimed.claimed_by == refused.by
    assert claimed.claimed_at == at(1)
    assert (await store.claim_task(task.id, user=refused.by, now=at(2))).claimed_by == refused.by


async def test_nobody_claims_what_is_done_or_not_there(store: CrmStore) -> None:
    task = await store.note_lost_call(lost("A"), now=NOW)
    await store.close_callbacks([talk(None, JAN, since=at(1))], now=at(1))
    with pytest.raises(AlreadyDone):
        await store.claim_task(task.id, user="eva", now=at(2))
    with pytest.raises(NotFound):
        await store.claim_task(77, user="eva", now=at(2))


async def test_only_who_has_it_gives_it_back(store: CrmStore) -> None:
    task = await store.note_lost_call(lost("A"), now=NOW)
    await store.claim_task(task.id, user="eva", now=NOW)
    assert await store.release_task(task.id, user="jan") is None
    freed = await store.release_task(task.id, user="eva")
    assert freed is not None
    assert (freed.claimed_by, freed.claimed_at) == (None, None)
    assert await store.release_task(task.id, user="eva") is None


async def test_claims_without_a_call_are_given_back_after_a_time(store: CrmStore) -> None:
    ids = [(await store.note_lost_call(lost(str(n), f"+42190511100{n}"), now=NOW)).id for n in range(3)]
    promised = await store.create_task(TaskInput(kind="callback", title="Friday"), user="eva", now=NOW)
    for task_id, minute in ((ids[0], 0), (ids[1], 0), (ids[2], 9), (promised.id, 0)):
        await store.claim_task(task_id, user="eva", now=at(minute))
    freed = await store.release_claims(at(5), busy=[ids[1]])
    assert [task.id for task in freed] == [ids[0]]
    assert await store.release_claims(at(5), busy=[ids[1]]) == []


async def test_a_talk_with_the_number_of_a_call_back_closes_it_though_only_a_person_knew_whose_it_was(
    store: CrmStore,
) -> None:
    jan = await customer(store, "Ján", EVA)
    await store.save_calls([call("A", outcome="abandoned")], now=NOW)
    await store.note_lost_call(lost("A"), now=NOW)
    await store.set_call_customer("A", jan, user="eva", now=NOW)
    (closed,) = await store.close_callbacks([talk(None, JAN, since=at(1))], now=at(2))
    assert closed.customer_id == jan


async def test_a_talk_closes_when_somebody_says_later_who_it_was(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    await store.note_lost_call(lost("A"), now=NOW)
    spoken = call("B", minute=3, remote=remote(EVA), answered_at=text(at(4)), legs=[leg("eva", minute=4)])
    await store.save_calls([spoken], now=at(5))
    assert len(await open_tasks(store)) == 1
    await store.set_call_customer("B", jan, user="eva", now=at(6))
    assert await open_tasks(store) == []
    (closed,) = (await store.tasks(TaskFilter(state="done"), cursor=None, limit=9)).items
    assert (closed.done_by, closed.done_at, closed.recall_s) == ("eva", at(4), 240)


async def test_who_was_said_while_it_rang_counts_for_the_talk(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    await store.note_lost_call(lost("A"), now=NOW)
    await store.save_calls([call("B", minute=3, remote=remote(EVA), state="ringing", outcome=None)], now=at(3))
    await store.set_call_customer("B", jan, user="eva", now=at(3))
    spoken = Talk(call_id="B", customer_id=None, number=EVA, user="eva", since=at(4))
    assert len(await store.close_callbacks([spoken], now=at(4))) == 1


# --- reminders, hand-over, the day ----------------------------------------------------------------------------------------------


async def due(store: CrmStore, *users: str, minute: int) -> list[str]:
    return [task.title for task in await store.due_reminders(users, now=at(minute), limit=10)]


async def test_a_reminder_is_told_once_for_each_due_time(store: CrmStore) -> None:
    task = await store.create_task(TaskInput(title="ask", owner="eva", due_at=at(5)), user="eva", now=NOW)
    await store.create_task(TaskInput(title="jan's", owner="jan", due_at=at(4)), user="eva", now=NOW)
    await store.create_task(TaskInput(title="team's", due_at=at(6)), user="eva", now=NOW)
    assert await store.next_due(NOW) == at(4)
    assert await due(store, "eva", minute=4) == []
    assert await due(store, "eva", minute=7) == ["ask", "team's"]
    await store.reminded(await store.due_reminders(["eva"], now=at(7), limit=10))
    assert await due(store, "eva", minute=8) == []
    assert await due(store, "jan", minute=8) == ["jan's"]
    await store.update_task(task.id, TaskInput(due_at=at(20)), user="eva", now=at(9), version=None)
    assert await due(store, "eva", minute=19) == []
    assert await due(store, "eva", minute=20) == ["ask"]


async def test_nothing_is_told_of_what_is_done_or_was_put_off_meanwhile(store: CrmStore) -> None:
    task = await store.create_task(TaskInput(title="ask", owner="eva", due_at=at(5)), user="eva", now=NOW)
    (told,) = await store.due_reminders(["eva"], now=at(6), limit=10)
    await store.update_task(task.id, TaskInput(due_at=at(9)), user="eva", now=at(6), version=None)
    await store.reminded([told])
    assert await due(store, "eva", minute=10) == ["ask"]
    await store.update_task(task.id, TaskInput(state="done"), user="eva", now=at(10), version=None)
    assert await due(store, "eva", minute=11) == []
    assert await store.next_due(at(1)) is None


async def test_who_hands_a_task_over_stands_in_it(store: CrmStore) -> None:
    task = await store.create_task(TaskInput(title="ask", owner="eva"), user="eva", now=NOW)
    handed = await store.update_task(task.id, TaskInput(owner="jan"), user="eva", now=NOW, version=None)
    assert (handed.owner, handed.handed_by) == ("jan", "eva")
    back = await store.update_task(task.id, TaskInput(owner="eva"), user="eva", now=NOW, version=None)
    assert (back.owner, back.handed_by) == ("eva", None)


async def test_tasks_of_mine_are_those_i_own_or_claimed(store: CrmStore) -> None:
    task = await store.note_lost_call(lost("A"), now=NOW)
    await store.create_task(TaskInput(title="mine", owner="eva"), user="eva", now=NOW)
    mine = TaskFilter(mine="eva")
    assert [one.title for one in (await store.tasks(mine, cursor=None, limit=9)).items] == ["mine"]
    await store.claim_task(task.id, user="eva", now=NOW)
    assert len((await store.tasks(mine, cursor=None, limit=9)).items) == 2
    assert len((await store.tasks(TaskFilter(mine="eva", lost=True), cursor=None, limit=9)).items) == 1
    assert len((await store.tasks(TaskFilter(mine="eva", lost=False), cursor=None, limit=9)).items) == 1


async def test_the_day_of_an_agent_in_numbers(store: CrmStore) -> None:
    await store.save_calls(
        [
            call("A", minute=1, legs=[leg("eva")]),
            call("B", minute=2, legs=[leg("eva", result="missed"), leg("eva")]),
            call("C", minute=3, legs=[leg("eva", result="missed"), leg("jan")]),
            call("D", minute=-60, legs=[leg("eva")]),
        ],
        now=at(5),
    )
    await store.note_lost_call(lost("L"), now=at(1))
    await store.close_callbacks([talk(None, JAN, since=at(6))], now=at(6))
    task = await store.create_task(TaskInput(title="ask", owner="eva"), user="eva", now=NOW)
    await store.update_task(task.id, TaskInput(state="done"), user="eva", now=at(7), version=None)
    assert await store.day_counts("eva", since=NOW) == DayCounts(answered=2, missed=1, reached=1, done=1)
    assert await store.day_counts("jan", since=NOW) == DayCounts(answered=1, missed=0, reached=0, done=0)
