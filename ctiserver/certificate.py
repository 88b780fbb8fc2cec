"""The certificate that browsers are shown: read anew when its files change, and never replaced by one that does not work.

New handshakes get the newest certificate; sockets that are open stay open. A certificate counts as good when a client that trusts
it finishes a handshake with it: that finds a key of another certificate, a broken chain and a date that is over.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import structlog

logger = structlog.get_logger(__name__)

#: How often the files are looked at; a change is taken when they were the same twice: programs write two files, one by one.
LOOK_EVERY_S = 2.0
#: From then on it is said once a day.
SOON_S = 14 * 86_400.0
_DAY_S = 86_400.0

_Look = tuple[tuple[int, int, int], ...] | None


class CertificateUnusable(Exception):
    """These files make no working certificate; `str()` says why."""


class Certificate:
    """Give `context` to the listener, run `watch`, call `reload` on SIGHUP. Raises CertificateUnusable when made from bad files."""

    def __init__(self, certificate: Path, key: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._certificate = certificate
        self._key = key
        self._clock = clock
        self._seen = self._look()
        self._newest, self.expires_at = load(certificate, key)
        self._told_at = 0.0
        # Only its callback is used: it hands each handshake the newest certificate.
        self.context = _server_context()
        self.context.load_cert_chain(certificate, key, password=_no_passphrase)
        self.context.sni_callback = self._choose

    def _choose(self, handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        handshake.context = self._newest

    def reload(self) -> bool:
        """Take the files as they are now. False: they do not work, and the old certificate stays."""
        self._seen = self._look()
        try:
            self._newest, self.expires_at = load(self._certificate, self._key)
        except CertificateUnusable as error:
            # The sentence says all; a traceback would only hide it.
            logger.error(  # noqa: TRY400
                "certificate not reloaded, the old one stays",
                file=str(self._certificate),
                key=str(self._key),
                reason=str(error),
                days_left=self._days_left(),
            )
            return False
        logger.info("certificate reloaded", file=str(self._certificate), days_left=self._days_left())
        self._told_at = 0.0
        return True

    async def watch(self) -> None:
        """Until cancelled: reload what changed, and warn in time before the end."""
        before = self._seen
        while True:
            self._warn_in_time()
            await asyncio.sleep(LOOK_EVERY_S)
            now = self._look()
            if now == before and now != self._seen:
                await asyncio.to_thread(self.reload)
            before = now

    def _look(self) -> _Look:
        try:
            found = [os.stat(path) for path in (self._certificate, self._key)]
        except OSError:  # in the middle of being replaced, or gone
            return None
        return tuple((one.st_ino, one.st_mtime_ns, one.st_size) for one in found)

    def _warn_in_time(self) -> None:
        now = self._clock()
        if self.expires_at - now < SOON_S and now - self._told_at >= _DAY_S:
            self._told_at = now
            logger.warning("certificate expires soon", file=str(self._certificate), days_left=self._days_left())

    def _days_left(self) -> float:
        return round((self.expires_at - self._clock()) / _DAY_S, 1)


def load(certificate: Path, key: Path) -> tuple[ssl.SSLContext, float]:
    """A context that shows this certificate, and when it ends (epoch seconds). Raises CertificateUnusable."""
    context = _server_context()
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
        leaf = ssl.PEM_cert_to_DER_cert(_first_certificate(certificate))
        shown = _shown_to_who_trusts(leaf, context)
    except ssl.SSLError as error:
        raise CertificateUnusable(_why(error, certificate, key)) from None
    except OSError as error:
        raise CertificateUnusable(f"{error.filename or certificate} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise CertificateUnusable(f"{certificate} is not a certificate in PEM form: {error}") from None
    return context, float(ssl.cert_time_to_seconds(str(shown["notAfter"])))


def _server_context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _no_passphrase() -> str:
    """A service has nobody to ask: without this OpenSSL would ask on the terminal."""
    return "-"


def _first_certificate(file: Path) -> str:
    """The server's own; what follows is the chain."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    text = file.read_text(encoding="ascii", errors="replace")
    start, stop = text.find(begin), text.find(end)
    if start < 0 or stop < 0:
        raise ValueError("there is no BEGIN CERTIFICATE in it")
    return text[start : stop + len(end)]


def _shown_to_who_trusts(leaf: bytes, server: ssl.SSLContext) -> dict[str, object]:
    """What a client sees in a handshake in memory; it trusts this very certificate and nothing else."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(cadata=leaf)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(to_client, to_server), server.wrap_bio(to_server, to_client, server_side=True))
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass  # it is the other's turn
    return dict(ends[0].getpeercert() or {})


def _why(error: ssl.SSLError, certificate: Path, key: Path) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{certificate} is not valid now: {error.verify_message}"
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"{key} is not the key of {certificate}"
    return f"{certificate} and {key} are not a certificate and its key in PEM form without a passphrase: {error.reason}"
