"""`db …`, and how every command reaches the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from crm_store.errors import InvalidInput, NotFound, StoreError
from crm_store.phone_numbers import NumberProfile
from crm_store.sql import SqlStore, backup, current, open_store, restore, upgrade
from ctiserver.cli_output import USAGE, CommandFailed, say
from ctiserver.settings import Settings

T = TypeVar("T")


def with_store(
    settings: Settings, work: Callable[[SqlStore], Awaitable[T]], *, numbers: NumberProfile | None = None
) -> T:
    """What `work` returns. A database that is not there yet is made; an old one is not changed behind the server's back."""
    make_folder(settings)
    return run_store(_with_store(settings.database.url, numbers or settings.numbers.profile(), work))


def run_store(work: Awaitable[T]) -> T:
    """Run it; the store's errors become failures of the command."""

    async def run() -> T:
        return await work

    try:
        return asyncio.run(run())
    except InvalidInput as error:
        raise CommandFailed(f"{error.field}: {error}", code=USAGE) from None
    except NotFound as error:
        raise CommandFailed(str(error)) from None
    except StoreError as error:
        raise CommandFailed(str(error)) from None


def make_folder(settings: Settings) -> None:
    """The folder of the database, for its owner only."""
    folder = settings.database.file.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"database.url: {folder} cannot be made: {error.strerror}") from None


def upgrade_database(settings: Settings, *, as_json: bool) -> None:
    """Create or migrate."""
    make_folder(settings)
    before, _ = run_store(current(settings.database.url))
    run_store(upgrade(settings.database.url))
    after, _ = run_store(current(settings.database.url))
    text = (
        f"The schema is {after} already."
        if before == after
        else f"The schema is {after} now (before: {before or 'none'})."
    )
    say({"before": before, "current": after}, text, as_json=as_json)


def show_revision(settings: Settings, *, as_json: bool) -> None:
    """Where the database is, and where it should be."""
    found, needed = run_store(current(settings.database.url))
    text = f"The schema is {found or 'none'}; this version needs {needed}."
    say({"current": found, "needed": needed, "ok": found == needed}, text, as_json=as_json)
    if found != needed:
        raise CommandFailed("Run `ctiserver db upgrade`.")


def backup_database(settings: Settings, file: Path, *, as_json: bool) -> None:
    """An online copy."""
    run_store(backup(settings.database.url, file))
    size = file.stat().st_size
    say({"file": str(file), "bytes": size}, f"{file}: {size} bytes.", as_json=as_json)


def restore_database(settings: Settings, file: Path, *, as_json: bool) -> None:
    """A backup in the database's place."""
    make_folder(settings)
    done = run_store(restore(settings.database.url, file, now=datetime.now(UTC)))
    _, needed = run_store(current(settings.database.url))
    text = f"{settings.database.file} is {file} now: schema {done.revision}, {done.calls} calls."
    if done.kept is not None:
        text += f"\nWhat was there before is {done.kept}."
    if done.revision != needed:
        text += "\nRun `ctiserver db upgrade` before the start."
    data = {"file": str(settings.database.file), "current": done.revision, "needed": needed, "calls": done.calls}
    say({**data, "kept": str(done.kept) if done.kept else None}, text, as_json=as_json)


async def _with_store(url: str, numbers: NumberProfile, work: Callable[[SqlStore], Awaitable[T]]) -> T:
    found, _ = await current(url)
    store = await open_store(url, numbers=numbers, migrate=found is None)
    try:
        return await work(store)
    finally:
        await store.close()
