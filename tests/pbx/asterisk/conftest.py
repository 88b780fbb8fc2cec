"""One fake PBX and one client that talks to it, for the link's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.ami_server import FakeAmiServer
from tests.pbx.asterisk.link import Link


@pytest.fixture
async def pbx() -> AsyncIterator[FakeAmiServer]:
    async with FakeAmiServer() as server:
        yield server


@pytest.fixture
async def link(pbx: FakeAmiServer) -> AsyncIterator[Link]:
    """A client that is logged in."""
    async with Link(pbx) as client:
        await client.up()
        yield client
