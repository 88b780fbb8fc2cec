"""Memory that was needed for a moment goes back to the system, whichever thread needed it."""

from __future__ import annotations

import asyncio
import sys

import pytest

from ctiserver import heap

_HASHING = """
import sys
import threading
from pathlib import Path

from crm_store.passwords import hash_password
from ctiserver import heap


def private_kb():
    return sum(int(line.split()[1]) for line in Path("/proc/self/smaps_rollup").open() if line.startswith("Private_Dirty"))


kept_small = sys.argv[1] == "small" and heap.keep_small()
before = private_kb()


def sign_in():
    for _ in range(3):
        hash_password("three words long")


threads = [threading.Thread(target=sign_in) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(int(kept_small), private_kb() - before)
"""


async def _grown(how: str) -> tuple[bool, int]:
    """Whether the heap was told, and by how many kilobytes twelve sign-ins, four at once, made the process larger."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _HASHING, how, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    kept_small, kilobytes = told.split()
    return kept_small == b"1", int(kilobytes)


async def test_sign_ins_leave_no_holes_in_the_heaps_of_their_threads() -> None:
    _, usual = await _grown("usual")
    kept_small, small = await _grown("small")
    if kept_small:  # glibc
        assert usual > 19 * 1024
        assert small < 2 * 1024


async def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctiserver.heap.ctypes.CDLL", lambda _name: object())
    assert heap.keep_small() is False
