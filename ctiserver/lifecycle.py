"""Starts everything in order, keeps it running, and stops it within five seconds without losing anything."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import structlog
from aiohttp import web

from crm_store.phone_numbers import NumberProfile
from crm_store.sql import open_store, service_lock
from ctiserver.certificate import Certificate, CertificateUnusable
from ctiserver.settings import Settings, SettingsError
from ctiserver.systemd import ServiceManager
from ctiserver.wiring import Service, build_service
from web.sign_in import set_up_link

logger = structlog.get_logger(__name__)

#: SIGTERM: everything is written and closed within this time.
DRAIN_S = 5.0
_FLUSH_S = 2.0
_RELEASE_S = 1.0
_LEDGER_S = 1.0
_STDERR = 2
#: The thread that writes to the database gives way to the event loop after this time: Python's own 5 ms is felt in each pop.
#: Not less than the way from the ring to the screen takes, or it is the pop that has to give way in between.
_THREAD_TURN_S = 0.0005


async def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT. Returns the exit code."""
    # A loop that hangs beats no more; systemd then sends SIGABRT, and the log says where each thread was.
    faulthandler.enable(_STDERR)
    stop = asyncio.Event()
    manager = ServiceManager(os.environ)
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    try:
        async with running_service(settings) as service:
            loop.add_signal_handler(signal.SIGHUP, _reload, service)
            await _say_where(service)
            await _until(stop, manager)
            logger.info("stopping")
    finally:
        for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(signal_number)
    return 0


async def _until(stop: asyncio.Event, manager: ServiceManager) -> None:
    manager.tell("READY=1")
    beating = asyncio.create_task(manager.beat(), name="watchdog")
    await stop.wait()
    beating.cancel()
    manager.tell("STOPPING=1")


def _reload(service: Service) -> None:
    """SIGHUP: the certificate. The configuration is read at the start only."""
    if service.certificate is not None:
        service.certificate.reload()


async def _say_where(service: Service) -> None:
    logger.info("listening", url=service.url)
    link = await set_up_link(service.store, service.settings.server.public_url or service.url)
    if link is not None:
        logger.warning("no account yet: open this link once to create the first administrator", url=link)


@contextlib.asynccontextmanager
async def running_service(settings: Settings, *, migrate: bool = False) -> AsyncIterator[Service]:
    """The whole service, listening. `migrate`: bring the database to the current schema first (demo, tests)."""
    with service_lock(settings.database.url):
        async with _running(settings, migrate=migrate) as service:
            yield service


@contextlib.asynccontextmanager
async def _running(settings: Settings, *, migrate: bool) -> AsyncIterator[Service]:
    sys.setswitchinterval(_THREAD_TURN_S)
    store = await open_store(
        settings.database.url, migrate=migrate, numbers=NumberProfile(region=settings.numbers.default_region)
    )
    try:
        service = build_service(settings, store, _certificate(settings))
        await _restore(service)
        runner = web.AppRunner(service.app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await _listen(service, runner, settings)
            async with _workers(service):
                yield service
                await _drain(service)
        finally:
            await runner.cleanup()
            await service.ledger.close(within_s=_LEDGER_S)
            service.close_journals()
    finally:
        await store.close()


async def _listen(service: Service, runner: web.AppRunner, settings: Settings) -> None:
    tls = service.certificate.context if service.certificate is not None else None
    site = web.TCPSite(runner, settings.server.host, settings.server.port, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    service.listening(port)


def _certificate(settings: Settings) -> Certificate | None:
    if settings.server.tls_certificate is None or settings.server.tls_key is None:
        return None
    try:
        return Certificate(settings.server.tls_certificate, settings.server.tls_key)
    except CertificateUnusable as error:
        raise SettingsError(f"server.tls_certificate: {error}") from None


async def _restore(service: Service) -> None:
    """What was open when we stopped; the first snapshot of each PBX continues or closes it."""
    await service.seats.reload()
    await service.restore_calls()


@contextlib.asynccontextmanager
async def _workers(service: Service) -> AsyncIterator[None]:
    """Every worker in one group: if one dies of a bug, the process ends loudly and is started anew."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(worker, name=name) for name, worker in service.workers()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _drain(service: Service) -> None:
    """Stop listening to the PBX, write what waits, tell the browsers to come back."""
    started = datetime.now(UTC)
    await service.push.close_all()
    for link in service.links.values():
        try:
            await asyncio.wait_for(link.wrap_up.release(), _RELEASE_S)
        except TimeoutError:
            logger.warning("pauses not released; they are at the next start", pbx=link.name)
        await link.pump.stop()
    try:
        await asyncio.wait_for(service.call_log.flush(), _FLUSH_S)
    except TimeoutError:
        logger.warning("call records could not be written before stopping", waiting=service.call_log.waiting)
    logger.info("drained", seconds=(datetime.now(UTC) - started).total_seconds())
