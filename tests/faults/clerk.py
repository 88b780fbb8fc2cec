"""A clerk who writes tasks through the API without a pause, whatever happens to the service, and remembers what was acknowledged."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp

from crm_store.accounts import ApiToken
from crm_store.store import CrmStore
from crm_store.tasks import TaskFilter
from tests.asterisk.served import ServedProcess
from web.auth import token_hash

#: While nobody listens the clerk tries again so often.
_AWAY_S = 0.05


class Clerk:
    """Each title is sent once: an answer 201 is a promise, a broken connection is none."""

    def __init__(self, ours: ServedProcess, secret: str) -> None:
        self._ours = ours
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._sent = 0
        self.acknowledged: set[str] = set()

    async def work(self) -> None:
        """Until cancelled."""
        async with aiohttp.ClientSession(headers=self._headers) as http:
            while True:
                title = f"Task {self._sent}"
                self._sent += 1
                try:
                    async with http.post(f"{self._ours.url()}/api/v1/tasks", json={"title": title}) as answer:
                        if answer.status == 201:
                            self.acknowledged.add(title)
                except aiohttp.ClientError:
                    await asyncio.sleep(_AWAY_S)

    async def differences(self) -> list[str]:
        """What was acknowledged and is not there, and what is there twice."""
        times = Counter(await _titles(self._ours.store))
        lost = sorted(self.acknowledged - times.keys())
        twice = sorted(title for title, count in times.items() if title.startswith("Task ") and count > 1)
        return [f"{title!r} was acknowledged and is lost" for title in lost] + [
            f"{title!r} is twice" for title in twice
        ]


async def _titles(store: CrmStore) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.tasks(TaskFilter(kind="todo"), cursor=cursor, limit=200)
        found += [task.title for task in page.items]
        cursor = page.next
        if cursor is None:
            return found


@asynccontextmanager
async def clerk_at_work(ours: ServedProcess, user: str) -> AsyncIterator[Clerk]:
    """The clerk works beside what happens in the block; `user` is whose name the tasks get."""
    secret = secrets.token_hex(16)
    token = ApiToken(token_hash=token_hash(secret), user=user, scopes=("crm.write",), created_at=datetime.now(UTC))
    await ours.store.save_token(token)
    clerk = Clerk(ours, secret)
    work = asyncio.create_task(clerk.work())
    try:
        yield clerk
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        if not work.cancelled():
            work.result()  # a mistake of the clerk's own
