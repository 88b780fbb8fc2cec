"""The flight recorder: the raw AMI bytes of one PBX, appended to files that `replay` can read.

`append` writes at once, so what a browser was told is in the kernel before it was told; a thread makes it durable in groups. A file is
a capture: a reconnect shows as another greeting. Files are named `PBX-YYYY-MM-DD-NNNN.ami` by UTC day.
"""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import structlog

logger = structlog.get_logger(__name__)

SYNC_GROUP_S = 0.05
MAX_FILE = 256 << 20
MAX_HELD = 8 << 20  # bytes kept in memory while the disk refuses them
_READ_CHUNK = 1 << 16


class Journal:
    """Append-only, rotating by day and size. A full disk costs recording, never the telephone link."""

    def __init__(self, directory: Path, pbx: str, *, max_file: int = MAX_FILE) -> None:
        self.lost_bytes = 0  # the disk refused them and memory was full, too
        self._directory = directory
        self._pbx = pbx
        self._max_file = max_file
        self._file: int | None = None
        self._day: date | None = None
        self._size = 0
        self._held = bytearray()
        self._failing = False
        # Only the syncing thread closes files: a descriptor must not vanish under its fsync.
        self._retired: deque[int] = deque()
        self._dirty = threading.Event()
        self._stopping = threading.Event()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._syncer = threading.Thread(target=self._sync_in_groups, name=f"journal-{pbx}", daemon=True)
        self._syncer.start()

    @property
    def failing(self) -> bool:
        """The disk refuses our bytes now."""
        return self._failing

    def append(self, data: bytes, at: float) -> None:
        """Write the bytes received at that time (epoch seconds). Raises nothing for the disk's sake."""
        if len(self._held) + len(data) > MAX_HELD:
            self.lost_bytes += len(data)
        else:
            self._held += data
        try:
            self._write_held(self._file_for(datetime.fromtimestamp(at, UTC).date()))
        except OSError as error:
            if not self._failing:
                logger.error("journal_failed", pbx=self._pbx, error=str(error))  # noqa: TRY400 - the sentence says all
            self._failing = True
            return
        if self._failing:
            logger.warning("journal_writes_again", pbx=self._pbx, lost_bytes=self.lost_bytes)
            self._failing = False
        if not self._dirty.is_set():
            self._dirty.set()

    def close(self) -> None:
        """Make everything durable and stop; may wait for the disk."""
        self._retire()
        self._stopping.set()
        self._dirty.set()
        self._syncer.join()

    def _write_held(self, file: int) -> None:
        while self._held:
            written = os.write(file, self._held)
            self._size += written
            del self._held[:written]

    def _file_for(self, day: date) -> int:
        if self._file is not None and day == self._day and self._size < self._max_file:
            return self._file
        newest = [file for file in journal_files(self._directory, self._pbx) if f"-{day}-" in file.name]
        number = int(newest[-1].stem[-4:]) if newest else 1
        if newest and newest[-1].stat().st_size >= self._max_file:
            number += 1
        path = self._directory / f"{self._pbx}-{day}-{number:04d}.ami"
        opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._retire()
        self._file, self._day, self._size = opened, day, os.fstat(opened).st_size
        return opened

    def _retire(self) -> None:
        if self._file is not None:
            self._retired.append(self._file)
            self._file = None
            self._dirty.set()

    def _sync_in_groups(self) -> None:
        while True:
            self._dirty.wait()
            self._stopping.wait(SYNC_GROUP_S)
            self._dirty.clear()
            stopping = self._stopping.is_set()
            file = self._file
            if file is not None:
                self._sync(file)
            while self._retired:
                retired = self._retired.popleft()
                self._sync(retired)
                os.close(retired)
            if stopping:
                return

    def _sync(self, file: int) -> None:
        try:
            os.fsync(file)
        except OSError as error:
            logger.error("journal_sync_failed", pbx=self._pbx, error=str(error))  # noqa: TRY400 - the sentence says all


def journal_files(directory: Path, pbx: str) -> list[Path]:
    """The PBX's files, oldest first."""
    name = re.compile(rf"{re.escape(pbx)}-[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}-[0-9]{{4}}\.ami")
    return sorted(file for file in directory.iterdir() if name.fullmatch(file.name))


def journal_day(file: Path) -> date:
    """The UTC day whose bytes the file holds."""
    return date.fromisoformat(file.stem[-15:-5])


def read_journal(directory: Path, pbx: str, *, since: date | None = None) -> Iterator[bytes]:
    """The recorded bytes from that day on, as one capture."""
    for file in journal_files(directory, pbx):
        if since is None or journal_day(file) >= since:
            with file.open("rb") as recorded:
                while chunk := recorded.read(_READ_CHUNK):
                    yield chunk
