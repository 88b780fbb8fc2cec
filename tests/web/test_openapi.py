"""`openapi.json` is valid and describes every route."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.web.conftest import Client
from web.app import TABLES
from web.openapi import openapi_document


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document(TABLES, version="1.2.3")


def test_it_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_route_is_in_it(document: dict[str, Any]) -> None:
    described = sum(len(operations) for operations in document["paths"].values())
    assert described == sum(len(table.routes) for table in TABLES)
    assert "/api/v1/calls/{call_id}/note" in document["paths"]


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [one["operationId"] for operations in document["paths"].values() for one in operations.values()]
    assert len(ids) == len(set(ids))


def test_a_write_says_what_it_takes_and_which_scope_it_needs(document: dict[str, Any]) -> None:
    dial = document["paths"]["/api/v1/calls"]["post"]
    assert dial["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/DialBody")
    assert {"token": ["admin", "calls.dial"]} in dial["security"]
    assert [one["name"] for one in dial["parameters"]] == ["Idempotency-Key"]
    assert document["components"]["schemas"]["DialBody"]["additionalProperties"] is False


def test_a_list_says_its_filters(document: dict[str, Any]) -> None:
    names = {one["name"] for one in document["paths"]["/api/v1/calls"]["get"]["parameters"]}
    assert {"since", "until", "agent", "queue", "customer_id", "cursor", "limit"} <= names


def test_the_lookup_knows_basic(document: dict[str, Any]) -> None:
    lookup = document["paths"]["/api/v1/lookup"]["get"]
    assert {"basic": []} in lookup["security"]
    assert set(lookup["responses"]["200"]["content"]) == {"application/json", "text/plain"}


async def test_it_is_served(client: Client, document: dict[str, Any]) -> None:
    answer = await client.get("/api/openapi.json")
    assert await answer.json() == document


def test_every_status_is_named_and_there_is_no_default(document: dict[str, Any]) -> None:
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert not any("default" in one["responses"] for one in operations)
    dial = set(document["paths"]["/api/v1/calls"]["post"]["responses"])
    assert dial == {"202", "400", "401", "403", "404", "409", "413", "415", "422", "429", "502", "503", "504"}
    assert "412" in document["paths"]["/api/v1/tasks/{task_id}"]["patch"]["responses"]


async def test_an_address_that_is_too_long_is_answered_as_the_document_says(
    client: Client, document: dict[str, Any]
) -> None:
    answer = await client.get("/api/v1/calls?cursor=" + "x" * 9000)
    documented = document["paths"]["/api/v1/calls"]["get"]["responses"][str(answer.status)]
    assert (answer.status, answer.content_type in documented["content"]) == (400, True)
