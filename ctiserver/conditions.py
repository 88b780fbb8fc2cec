"""What is not as it should be beside links and database: for /readyz, with a sentence for operators."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from ctiserver.call_log_service import CallLogService
from ctiserver.certificate import SOON_S, Certificate
from ctiserver.ledger_service import LedgerService
from ctiserver.pbx_links import PbxLink
from web.health import Reason, Trouble
from web.views import rfc3339

#: A day of a busy centre's journal and records. Below it there is time to act, and reason to.
LOW_BYTES = 512 << 20
#: The ledger's entries wait a moment in any case.
_LEDGER_WAITS = 500


class Conditions:
    """The parts of the service that can be in trouble; `troubles` asks them."""

    def __init__(
        self,
        *,
        folders: Mapping[str, Path],
        call_log: CallLogService,
        ledger: LedgerService,
        links: Mapping[str, PbxLink],
        certificate: Certificate | None,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`folders`: what lies on disks that may fill, by name."""
        self.folders = folders
        self.call_log = call_log
        self.ledger = ledger
        self.links = links
        self.certificate = certificate
        self._free_bytes = free_bytes
        self._clock = clock

    def troubles(self) -> list[Trouble]:
        """All of them, the worst first."""
        return [*self._records(), *self._journals(), *self._disks(), *self._end_of_certificate()]

    def free(self) -> dict[str, int]:
        """Bytes left, by the folder's name; without what cannot be asked."""
        found = {}
        for name, folder in self.folders.items():
            try:
                found[name] = self._free_bytes(folder)
            except OSError:  # gone, or not made yet: whoever writes there complains
                continue
        return found

    def _records(self) -> Iterator[Trouble]:
        since = self.call_log.failing_since
        if since is not None:
            detail = f"The database takes no writes: the newest state of {self.call_log.waiting} calls waits in memory."
            yield Trouble(reason=Reason.RECORDS_WAITING, detail=detail, since=rfc3339(since))
        if self.ledger.waiting > _LEDGER_WAITS or self.ledger.lost:
            detail = f"{self.ledger.waiting} entries of the access ledger wait for the database, {self.ledger.lost} are lost."
            yield Trouble(reason=Reason.LEDGER_WAITING, detail=detail)

    def _journals(self) -> Iterator[Trouble]:
        for name, link in self.links.items():
            if link.journal is not None and link.journal.failing:
                detail = f"The flight recorder cannot write; {link.journal.lost_bytes} bytes are lost so far."
                yield Trouble(reason=Reason.JOURNAL_FAILING, detail=detail, pbx=name)

    def _disks(self) -> Iterator[Trouble]:
        for name, free in self.free().items():
            if free < LOW_BYTES:
                detail = f"{free >> 20} MB are left for the {name} in {self.folders[name]}."
                yield Trouble(reason=Reason.DISK_NEARLY_FULL, detail=detail)

    def _end_of_certificate(self) -> Iterator[Trouble]:
        if self.certificate is not None and self.certificate.expires_at - self._clock() < SOON_S:
            end = datetime.fromtimestamp(self.certificate.expires_at, UTC)
            yield Trouble(reason=Reason.CERTIFICATE_EXPIRES, detail=f"The certificate ends at {rfc3339(end)}.")
