"""One service for each database: a lock beside the file that ends with its process, whatever kills it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crm_store.errors import StoreUnavailable
from crm_store.sql.engine import check_directory, database_file


@contextmanager
def service_lock(url: str) -> Iterator[None]:
    """Hold it while serving, and while the file is replaced. Raises StoreUnavailable while somebody else does.

    Two services on one file would write every call twice. Commands that only read or write rows do not need it.
    """
    file = database_file(url)
    check_directory(file)
    path = file.with_name(file.name + ".lock")
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be written: {error.strerror}.") from error
    try:
        give_to_owner(path)
        _take(lock, file)
        yield
    finally:
        os.close(lock)


def give_to_owner(path: Path) -> None:
    """What root makes beside the database belongs to whom the folder belongs to, or the service could not open it."""
    if os.geteuid() == 0:
        folder = path.absolute().parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)


def _take(lock: int, file: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise StoreUnavailable(f"A ctiserver (process {holder}) is running with {file}: stop it first.") from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
