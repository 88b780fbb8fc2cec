"""`/queues`: all for a supervisor, one's own for an agent."""

from __future__ import annotations

from tests.web.conftest import Client
from tests.web.desk import Desk
from web.view_models import QueueListView


async def test_a_supervisor_sees_all_an_agent_their_own(desk: Desk, client: Client) -> None:
    seen = {}
    for user in ("sofia", "eva"):
        body = await (await client.get("/api/v1/queues", headers=await desk.token(user))).json()
        QueueListView.model_validate(body)
        seen[user] = [(one["name"], one["label"]) for one in body["items"]]
    assert seen == {"sofia": [("601", "Sales"), ("600", "Support")], "eva": [("600", "Support")]}
