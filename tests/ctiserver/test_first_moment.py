"""What an agent does in the first milliseconds of a call works: its record is awaited, not missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbx.simulator import SimulatorServer
from tests.ctiserver.small_office import CALLER, office, program, ring, running, until


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "", None, 200),
        ("PUT", "/note", {"text": "in a hurry"}, 200),
        ("PUT", "/disposition", {"code": "order"}, 200),
        ("PUT", "/customer", {"customer_id": None}, 200),
        ("POST", "/tasks", {"title": "look it up"}, 201),
    ],
)
async def test_as_soon_as_the_pop_is_there_its_call_can_be_worked_on(
    tmp_path: Path, method: str, path: str, body: object, status: int
) -> None:
    async with SimulatorServer(office()) as pbx, running(pbx, tmp_path) as service, program(service) as eva:
        async with eva.live() as socket:
            await until(socket, "snapshot")
            ring(pbx)
            pop = await until(socket, "pop.show")
            answered, said = await eva.ask(method, f"/calls/{pop['call']['id']}{path}", body)
        assert (answered, said if answered != status else "") == (status, "")
        if path == "/tasks":
            assert said["number"] == CALLER
