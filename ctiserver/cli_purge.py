"""`purge`: what is older than the configuration allows goes now, or in a dry run is only counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crm_store.sql import SqlStore
from ctiserver.cli_output import say
from ctiserver.cli_store import with_store
from ctiserver.retention import Purged, build_retention
from ctiserver.settings import Settings
from web.views import rfc3339


def run_purge(settings: Settings, *, dry_run: bool, as_json: bool) -> None:
    """One line for each kind of data that has an end."""

    async def work(store: SqlStore) -> list[Purged]:
        return await build_retention(settings, store, lambda: datetime.now(UTC)).purge(dry_run=dry_run)

    done = with_store(settings, work)
    text = "\n".join(_line(one, dry_run=dry_run) for one in done) or "Everything is kept for ever: see [retention]."
    say({"dry_run": dry_run, "items": [_shown(one) for one in done]}, text, as_json=as_json)


def _line(one: Purged, *, dry_run: bool) -> str:
    old = one.old
    told = f"{one.rule.data.value}: {old.count} older than {one.rule.days} days"
    if not old.count or old.oldest is None or old.newest is None:
        return told
    return f"{told} ({old.oldest:%Y-%m-%d} to {old.newest:%Y-%m-%d}) {'would go' if dry_run else 'removed'}"


def _shown(one: Purged) -> dict[str, Any]:
    return {
        "data": one.rule.data.value,
        "keep_days": one.rule.days,
        "before": rfc3339(one.old.before),
        "count": one.old.count,
        "oldest": rfc3339(one.old.oldest),
        "newest": rfc3339(one.old.newest),
    }
