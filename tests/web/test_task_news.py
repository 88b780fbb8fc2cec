"""Who hears of a task."""

from __future__ import annotations

from typing import Any

from crm_store.tasks import TaskInput
from tests.web.desk import NOW, Desk
from web.task_news import people_of, tell_tasks


async def test_the_teams_task_is_told_to_everybody_and_an_owned_one_to_its_people(desk: Desk) -> None:
    team = await desk.store.create_task(TaskInput(title="team's"), user="eva", now=NOW)
    mine = await desk.store.create_task(TaskInput(title="mine", owner="eva"), user="eva", now=NOW)
    assert people_of(team, desk.board) == {"eva", "jan"}
    assert people_of(mine, desk.board) == {"eva"}
    claimed = await desk.store.claim_task(mine.id, user="jan", now=NOW)
    assert people_of(claimed, desk.board) == {"eva", "jan"}


async def test_supervisors_and_whose_it_was_hear_too(desk: Desk) -> None:
    heard: list[tuple[str, str, int]] = []

    def publish(topic: str, kind: str, data: dict[str, Any]) -> None:
        heard.append((topic, kind, data["id"]))

    task = await desk.store.create_task(TaskInput(title="ask", owner="jan"), user="eva", now=NOW)
    tell_tasks(publish, desk.board, [task], also=("eva", None))
    assert heard == [(f"tasks:{name}", "task.update", task.id) for name in ("eva", "jan", "root", "sofia")]
