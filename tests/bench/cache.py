"""What the benchmarks need and the repository is too small for: made once, kept outside the checkout in $CTI_TEST_CACHE."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tests.asterisk import install
from tests.asterisk.bulk import bulk_capture

CALLS = 1000


class NotPossibleHere(Exception):
    """A benchmark needs something that this machine does not have; the message says what."""


def folder() -> Path:
    """The benchmarks' part of the tests' cache."""
    made = install.folder().parent / "bench"
    made.mkdir(parents=True, exist_ok=True)
    return made


def real_capture() -> bytes:
    """Every event (read = all) of a thousand queue calls through a real Asterisk. Raises NotPossibleHere."""
    file = folder() / f"queue-calls-{CALLS}.ami"
    if not file.exists():
        _record(file)
    return file.read_bytes()


def _record(file: Path) -> None:
    if install.available() is not None and os.geteuid() != 0:
        raise NotPossibleHere(f"The capture of {CALLS} queue calls is not there. {install.available()}")
    print(f"Recording {CALLS} queue calls from a real Asterisk (once, about two minutes) ...", flush=True)
    try:
        install.ensure_asterisk()
    except (install.InstallError, OSError) as error:
        raise NotPossibleHere(str(error)) from error
    part = file.with_suffix(".part")
    asyncio.run(bulk_capture(part, CALLS, user="recorder"))
    part.rename(file)
