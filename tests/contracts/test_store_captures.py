"""What a store promises about a captured line: note, outcome and task together, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm_store.errors import InvalidInput, VersionConflict
from crm_store.store import CrmStore
from crm_store.tasks import CaptureInput, TaskFilter, TaskInput
from tests.contracts.examples import JAN, NOW, at, call, customer

TASK = TaskInput(kind="callback", title="call back", due_at=at(60), owner="eva", call_ids=("A",))
LINE = CaptureInput(line="call back at 10", note=None, version=None, disposition="callback", task=TASK)


async def count(store: CrmStore) -> int:
    return len((await store.tasks(TaskFilter(), cursor=None, limit=50)).items)


async def test_note_outcome_and_task_are_written_together(store: CrmStore) -> None:
    jan = await customer(store, "Ján", JAN)
    await store.save_calls([call("A")], now=NOW)
    saved = await store.save_capture("A", LINE, user="eva", now=NOW)
    assert (saved.note.text, saved.note.disposition, saved.note.version) == ("call back at 10", "callback", 1)
    assert saved.made
    assert saved.task is not None
    assert (saved.task.kind, saved.task.due_at, saved.task.call_ids) == ("callback", at(60), ("A",))
    assert (saved.task.owner, saved.task.customer_id) == ("eva", jan)
    assert await store.call_note("A") == saved.note


async def test_a_repeat_makes_no_second_task_and_no_new_version(store: CrmStore) -> None:
    first = await store.save_capture("A", LINE, user="eva", now=NOW)
    again = await store.save_capture("A", LINE, user="eva", now=at(1))
    assert (again.note, again.task, again.made) == (first.note, first.task, False)
    assert await count(store) == 1


async def test_another_time_moves_the_task_while_it_is_open(store: CrmStore) -> None:
    first = await store.save_capture("A", LINE, user="eva", now=NOW)
    assert first.task is not None
    later = replace(LINE, task=replace(TASK, due_at=at(120)))
    moved = await store.save_capture("A", later, user="eva", now=at(1))
    assert moved.task is not None
    assert (moved.task.id, moved.task.due_at, moved.made) == (first.task.id, at(120), False)
    done = await store.update_task(first.task.id, TaskInput(state="done"), user="eva", now=at(2), version=None)
    assert (await store.save_capture("A", LINE, user="eva", now=at(3))).task == done


async def test_other_words_another_person_and_another_call_are_other_tasks(store: CrmStore) -> None:
    await store.save_capture("A", LINE, user="eva", now=NOW)
    await store.save_capture("A", replace(LINE, task=replace(TASK, title="send it")), user="eva", now=NOW)
    await store.save_capture("A", LINE, user="jan", now=NOW)
    await store.save_capture("B", replace(LINE, task=replace(TASK, call_ids=("B",))), user="eva", now=NOW)
    assert await count(store) == 4


async def test_a_line_is_added_to_the_note_and_a_given_note_replaces_it(store: CrmStore) -> None:
    await store.save_note("A", "angry", user="eva", now=NOW)
    added = await store.save_capture("A", replace(LINE, task=None), user="eva", now=NOW)
    assert (added.note.text, added.task) == ("angry\ncall back at 10", None)
    whole = replace(LINE, note="call back at 10\n", version=added.note.version, disposition=None)
    assert (await store.save_capture("A", whole, user="eva", now=NOW)).note.text == "call back at 10\n"


async def test_nothing_is_written_when_somebody_else_changed_the_note_or_the_task_is_refused(store: CrmStore) -> None:
    await store.save_note("A", "theirs", user="jan", now=NOW)
    with pytest.raises(VersionConflict):
        await store.save_capture("A", replace(LINE, note="mine", version=0), user="eva", now=NOW)
    with pytest.raises(InvalidInput):
        await store.save_capture("A", replace(LINE, task=replace(TASK, customer_id=77)), user="eva", now=NOW)
    note = await store.call_note("A")
    assert (note.text, note.disposition, await count(store)) == ("theirs", None, 0)
