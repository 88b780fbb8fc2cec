"""Who hears of a task: its people at once, so that a colleague sees who has it in hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from crm_store.tasks import Task
from screenpop import topics
from web.queue_board import QueueBoard
from web.views import task_json

Publish = Callable[[str, str, dict[str, Any]], None]


def tell_tasks(publish: Publish, board: QueueBoard, tasks: Iterable[Task], *, also: Iterable[str | None] = ()) -> None:
    """These tasks are as they are now: to everybody who may see them. `also`: whose they were before."""
    before = {name for name in also if name}
    for task in tasks:
        shown = task_json(task)
        for user in sorted(people_of(task, board) | board.supervisors() | before):
            publish(topics.tasks(user), "task.update", shown)


def people_of(task: Task, board: QueueBoard) -> set[str]:
    """Who may do it: its owner and whoever claimed it; what has no owner is every agent's."""
    return board.agent_names() if task.owner is None else {task.owner, task.claimed_by or task.owner}
