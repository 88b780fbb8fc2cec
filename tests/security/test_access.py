"""T12: nobody reaches what is not theirs: every route × who asks × whose object.

The rows come from the routes: a route that `access.txt` does not know fails here.
"""

from __future__ import annotations

import pytest

from tests.security.asking import ask, who_asks
from tests.security.matrix import COLUMNS, expected, line_of, rows_of
from tests.security.office import SECRET, Office

TABLE = expected()


async def test_every_route_has_its_rows_and_no_row_is_left_over(office: Office) -> None:
    """A new route, or a new kind of object in an address, is a decision about who gets it."""
    needed = set(rows_of(office.server.app))
    assert sorted(needed - TABLE.keys()) == [], "python -m tests.security.matrix prints the lines to fill in"
    assert sorted(TABLE.keys() - needed) == []


@pytest.mark.timeout(300)
async def test_everybody_gets_exactly_what_the_table_says_and_the_agent_never_a_colleagues_secret(
    office: Office,
) -> None:
    await office.call_of("jan")
    await office.task_of("jan")
    wrong: list[str] = []
    leaked: list[str] = []
    for row, answers in sorted(TABLE.items()):
        given: dict[str, str] = {}
        for column in COLUMNS:
            given[column], text = await ask(office, column, row)
            if column.startswith("eva") and SECRET in text:
                leaked.append(f"{column}: {row.method} {row.path} {row.whose}")
        if given != answers:
            wrong += [f"told:  {line_of(row, given)}", f"table: {line_of(row, answers)}"]
    assert wrong == []
    assert leaked == []


async def test_a_token_reads_on_pages_only_what_its_scopes_open(office: Office) -> None:
    """The desktop is open to every token: it shows calls and tasks only with the scope for them."""
    await office.call_of("eva", remote={**office.a_remote, "name": "Caller of eva"})
    await office.task_of("eva")
    seen: dict[str, tuple[bool, bool]] = {}
    for scope in ("calls.read", "calls.dial", "crm.read", "queues.read"):
        answer = await office.http.get("/", headers=await who_asks(office, f"eva:{scope}"))
        text = await answer.text()
        seen[scope] = ("Caller of eva" in text, "Send the offer" in text)
    nothing = (False, False)
    assert seen == {
        "calls.read": (True, False),
        "calls.dial": nothing,
        "crm.read": (False, True),
        "queues.read": nothing,
    }
