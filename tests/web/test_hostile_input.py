"""Whatever a client sends, no route answers with a defect of ours."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from crm_store.parties import PartyInput
from crm_store.tasks import TaskInput
from tests.web.conftest import Client
from tests.web.desk import NOW, Desk, record
from tests.web.test_app import ROUTES, url_of
from web.openapi import ApiRoute

NASTY: list[Any] = [
    "", "a\0b", "%", "_", "\\", "'", '"', "x" * 199, "<script>", "\u202e", "+" * 64, "0" * 64, "1e5", "9" * 30,
    0, -1, 2**53, 2**63, 1.5, True, None, [], {}, [None], [{"number": "\0"}], [{"number": "+421905123456"}] * 3,
    "2026-03-02T10:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "NaN",
]  # fmt: skip
TEXTS = [one for one in NASTY if isinstance(one, str)]
USUAL_TEXTS = ("text", "name", "title", "number", "to", "search")


@pytest.mark.parametrize(
    "route", [one for one in ROUTES if one.takes is not None], ids=lambda route: f"{route.method} {route.path}"
)
async def test_no_input_is_a_defect(route: ApiRoute, desk: Desk, client: Client) -> None:
    await desk.store.save_calls([record()], now=NOW)
    customer = (await desk.store.create_party(PartyInput(name="x"), user="eva", now=NOW)).party.id
    task = (await desk.store.create_task(TaskInput(title="x", kind="todo"), user="eva", now=NOW)).id
    url = url_of(route).replace("/999", f"/{customer if 'customers' in route.path else task}")
    headers = await desk.token("root")
    chance = random.Random(route.path)
    for _ in range(40):
        sent = _some_fields(route, chance, customer)
        if route.method == "GET":
            answer = await client.get(url, params={name: str(value) for name, value in sent.items()}, headers=headers)
        else:
            answer = await client.request(
                route.method, url, data=json.dumps(sent), headers={**headers, "Content-Type": "application/json"}
            )
        assert answer.status < 500, sent


def _some_fields(route: ApiRoute, chance: random.Random, customer: int) -> dict[str, Any]:
    assert route.takes is not None
    names = list(route.takes.model_fields)
    sent = {name: chance.choice(NASTY) for name in chance.sample(names, chance.randint(0, min(3, len(names))))}
    sent |= {name: chance.choice(TEXTS) for name in USUAL_TEXTS if name in names and chance.random() < 0.7}
    if "customer_id" in names and chance.random() < 0.7:
        sent["customer_id"] = customer
    return sent
