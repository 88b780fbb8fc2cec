"""Removes data whose time is over, once a day in the service and by `ctiserver purge`; each removal stands in the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from crm_store.errors import StoreError
from crm_store.retention import KeepRule, KeptData, OldData
from crm_store.store import CrmStore
from ctiserver.settings import Settings
from pbx.asterisk.ami_journal import journal_day, journal_files

logger = structlog.get_logger(__name__)

#: A start is busy enough without it.
FIRST_AFTER_S = 60.0
EVERY_S = 86_400.0
#: When the database does not answer.
AGAIN_AFTER_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """What a rule removed, or in a dry run would remove."""

    rule: KeepRule
    old: OldData


class Retention:
    """The rules of `[retention]` and `[journal]`, applied."""

    def __init__(
        self,
        store: CrmStore,
        rules: Iterable[KeepRule],
        *,
        journal: Path | None,
        pbxs: Iterable[str],
        clock: Callable[[], datetime],
    ) -> None:
        """`pbxs`: whose journals lie in the folder `journal` (None: there is none)."""
        self._store = store
        self._rules = list(rules)
        self._journal = journal
        self._pbxs = list(pbxs)
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            try:
                await self.purge()
            except (StoreError, OSError) as error:
                logger.warning("old data not removed yet", reason=str(error))
                await asyncio.sleep(AGAIN_AFTER_S)
            else:
                await asyncio.sleep(EVERY_S)

    async def purge(self, *, dry_run: bool = False) -> list[Purged]:
        """Apply each rule that has an end; what was removed, rule by rule."""
        now = self._clock()
        done: list[Purged] = []
        for rule in self._rules:
            before = rule.before(now)
            if before is None:
                continue
            if rule.data is KeptData.JOURNAL:
                old = await self._purge_journal(rule, before, now, dry_run=dry_run)
            elif dry_run:
                old = await self._store.old_data(rule.data, before)
            else:
                old = await self._store.remove_old(rule, now=now)
            if old.count and not dry_run:
                logger.info("old data removed", data=rule.data.value, count=old.count, keep_days=rule.days)
            done.append(Purged(rule=rule, old=old))
        return done

    async def _purge_journal(self, rule: KeepRule, before: datetime, now: datetime, *, dry_run: bool) -> OldData:
        """Whole files, by the day in their names."""
        folder = self._journal
        files = (
            [file for pbx in self._pbxs for file in journal_files(folder, pbx)] if _exists(folder) and folder else []
        )
        old = [file for file in files if journal_day(file) < before.date()]
        days = [datetime.combine(journal_day(file), datetime.min.time(), tzinfo=UTC) for file in old]
        found = OldData(
            data=rule.data,
            before=before,
            count=len(old),
            oldest=min(days, default=None),
            newest=max(days, default=None),
        )
        if old and not dry_run:
            for file in old:
                file.unlink(missing_ok=True)
            await self._store.add_to_ledger([found.proof(rule, now=now)])
        return found


def _exists(folder: Path | None) -> bool:
    return folder is not None and folder.is_dir()


def build_retention(settings: Settings, store: CrmStore, clock: Callable[[], datetime]) -> Retention:
    """As the configuration says."""
    rules = [
        *settings.retention.rules(),
        KeepRule(data=KeptData.JOURNAL, days=settings.journal.keep_days),
    ]
    return Retention(store, rules, journal=settings.journal.directory, pbxs=settings.pbx, clock=clock)
