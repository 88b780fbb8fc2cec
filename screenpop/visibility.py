"""What of each push frame a user may see: the access policy of pages and API, applied to push."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from crm_store.access import AccessPolicy, Permission, Principal


class PushVisibility:
    """Callable as the `visible` of the push server. `queues_of` tells the queues (pbx, name) that an agent serves."""

    def __init__(self, policy: AccessPolicy, queues_of: Callable[[str], Collection[tuple[str, str]]]) -> None:
        self._policy = policy
        self._queues_of = queues_of

    def __call__(self, user: Principal, kind: str, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """`data` as this user may see it; None when nothing of it concerns them."""
        if kind in ("pop.show", "pop.update"):
            return self._policy.visible(user.role, "pop", data)
        if kind == "queue.update":
            return data if self._serves(user, data) else None
        if kind in ("task.due", "task.update"):
            return self._policy.visible(user.role, "task", data)
        if kind == "snapshot":
            return self._snapshot(user, data)
        return data

    def _snapshot(self, user: Principal, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            **data,
            "pops": [self._policy.visible(user.role, "pop", pop) for pop in data["pops"]],
            "queues": [queue for queue in data["queues"] if self._serves(user, queue)],
        }

    def _serves(self, user: Principal, queue: Mapping[str, Any]) -> bool:
        return user.may(Permission.BOARD) or (queue["pbx"], queue["name"]) in self._queues_of(user.name)
