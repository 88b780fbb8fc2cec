"""The whole CrmStore port on one SQLite file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from crm_store.errors import StoreUnavailable
from crm_store.phone_numbers import NumberProfile
from crm_store.sql.accounts import SqlAccounts
from crm_store.sql.activities import SqlActivities
from crm_store.sql.call_history import SqlCallHistory
from crm_store.sql.calls import SqlCalls
from crm_store.sql.capture_meter import SqlCaptureMeter
from crm_store.sql.captures import SqlCaptures
from crm_store.sql.database import Database
from crm_store.sql.engine import check_directory, database_file
from crm_store.sql.ledger import SqlLedger
from crm_store.sql.lookup import SqlCallerLookup
from crm_store.sql.migrate import check_revision, revision, upgrade
from crm_store.sql.parties import SqlParties
from crm_store.sql.person import SqlPerson
from crm_store.sql.retention import SqlRetention
from crm_store.sql.tasks import SqlTasks


def utc_now() -> datetime:
    return datetime.now(UTC)


class SqlStore(
    SqlCallerLookup,
    SqlCalls,
    SqlCallHistory,
    SqlParties,
    SqlActivities,
    SqlTasks,
    SqlCaptures,
    SqlCaptureMeter,
    SqlAccounts,
    SqlLedger,
    SqlRetention,
    SqlPerson,
):
    """Everything the product keeps. Built by `open_store`, ended by `close`."""

    async def ready(self) -> None:
        """Raise StoreUnavailable unless the database answers, can be written and has our schema."""
        check_revision(await self._database.read(revision))
        if not self._database.writable:
            raise StoreUnavailable("The store cannot write any more.")

    def commits(self) -> tuple[int, float]:
        """How many transactions were written, and the seconds they took together."""
        return self._database.commits

    def writes_waiting(self) -> int:
        """Writes that were asked for and not begun."""
        return self._database.writes_waiting

    async def close(self) -> None:
        """Finish every write that was asked for, then let go of the file."""
        await self._database.close()


async def open_store(
    url: str, *, numbers: NumberProfile, migrate: bool = False, clock: Callable[[], datetime] = utc_now
) -> SqlStore:
    """Open the database; `numbers` says how numbers without a country are meant, `migrate` brings the schema up first."""
    file = database_file(url)
    check_directory(file)
    if migrate:
        await upgrade(url)
    elif not file.exists():
        raise StoreUnavailable(f"There is no database at {file}: run `ctiserver db upgrade`.")
    database = await Database.open(file)
    try:
        check_revision(await database.read(revision))
    except BaseException:
        await database.close()
        raise
    return SqlStore(database, numbers, clock)
