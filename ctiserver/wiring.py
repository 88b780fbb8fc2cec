"""Builds every object of the service, once, in the order of their dependencies."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from aiohttp import web

from crm_store.access import AccessPolicy
from crm_store.call_log import CallLog, CallNumbering, call_parties
from crm_store.opening_hours import ClosedDay, closed_days
from crm_store.sql import SqlStore
from crm_store.store import CrmStore
from ctiserver import __version__
from ctiserver.board_service import BoardService
from ctiserver.call_lines import log_ended
from ctiserver.call_log_service import CallLogService
from ctiserver.calm_collector import CalmCollector
from ctiserver.certificate import Certificate
from ctiserver.conditions import Conditions
from ctiserver.dispatcher import ABOUT_CALLS, Dispatcher
from ctiserver.event_pump import EventPump
from ctiserver.holdings import Holdings
from ctiserver.ledger_service import LedgerService
from ctiserver.loop_lag import LoopLag
from ctiserver.metrics import KINDS, ServiceMetrics
from ctiserver.pbx_links import PbxLink, build_link
from ctiserver.pop_service import PopService
from ctiserver.retention import build_retention
from ctiserver.seats import Seats
from ctiserver.settings import PbxSettings, Settings
from ctiserver.snapshots import Snapshots
from ctiserver.stored_calls import call_of_record
from ctiserver.task_service import TaskService
from pbx.call_events import (
    AgentStateChanged,
    CallEnded,
    CallSpied,
    OriginateFinished,
    PbxConnected,
    PbxLost,
    PbxResynced,
    QueueChanged,
)
from pbx.openings import CLICK_TO_DIAL_PREFIX
from screenpop import topics
from screenpop.local_broker import LocalBroker
from screenpop.popper import Popper
from screenpop.screen_pop import PopLabels
from screenpop.visibility import PushVisibility
from screenpop.websocket.server import PushServer
from web.app import create_app
from web.auth import authenticate
from web.click_to_dial import ClickToDial
from web.deps import UiSettings, WebDeps
from web.queue_board import QueueBoard
from web.sign_in import THROTTLE

_REQUESTS_EVERY_S = 5.0
#: Names of this machine for itself: pages opened by any of them may open the push socket.
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Service:
    """Everything that runs, for `lifecycle` to start and stop."""

    settings: Settings
    store: CrmStore
    app: web.Application
    push: PushServer
    links: Mapping[str, PbxLink]
    dispatcher: Dispatcher
    call_log: CallLogService
    ledger: LedgerService
    pops: PopService
    board: BoardService
    tasks: TaskService
    dialler: ClickToDial
    seats: Seats
    loop_lag: LoopLag
    certificate: Certificate | None  # of ours; None: plain HTTP, or a proxy has one
    origins: set[str] = field(default_factory=set)
    url: str = ""

    @property
    def pumps(self) -> dict[str, EventPump]:
        """One for each PBX."""
        return {name: link.pump for name, link in self.links.items()}

    def listening(self, port: int) -> None:
        """The port is known now (port 0 is allowed): so is our address, and whose pages may open the push socket."""
        scheme = "https" if self.settings.server.tls_certificate is not None else "http"
        host = self.settings.server.host
        shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host  # noqa: S104
        self.url = f"{scheme}://{shown}:{port}"
        if self.settings.server.public_url:
            self.origins.add(self.settings.server.public_url.rstrip("/"))
            return
        names = _LOOPBACK if shown in _LOOPBACK else (shown,)
        self.origins.update(f"{scheme}://{name}:{port}" for name in names)

    async def restore_calls(self) -> None:
        """Open calls of the store, back in the trackers and on the screens."""
        dismissed = await self.store.dismissed_pops()
        for name, link in self.links.items():
            calls = [call_of_record(record) for record in await self.store.open_calls(name)]
            written = await self.store.last_written(name)
            link.pump.state.restore(calls, written.timestamp() if written is not None else None)
            self.pops.restore(calls, dismissed)

    def workers(self) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        """What has to run as long as the service does."""
        return [
            *((f"pump-{name}", pump.run()) for name, pump in self.pumps.items()),
            *((f"wrap-up-{name}", link.wrap_up.run()) for name, link in self.links.items()),
            *((f"rights-{name}", link.rights.run()) for name, link in self.links.items()),
            ("call-log", self.call_log.run()),
            ("ledger", self.ledger.run()),
            ("retention", build_retention(self.settings, self.store, _utc_now).run()),
            ("pops", self.pops.run()),
            ("board", self.board.run()),
            ("tasks", self.tasks.run()),
            ("collector", CalmCollector(lambda: not any(p.state.unfinished() for p in self.pumps.values())).run()),
            ("seats", self.seats.run()),
            ("loop-lag", self.loop_lag.run()),
            ("click-to-dial", self._watch_requests()),
            *([("certificate", self.certificate.watch())] if self.certificate is not None else []),
        ]

    async def _watch_requests(self) -> None:
        """A click-to-dial of which nothing is heard any more becomes `unknown`."""
        while True:
            await asyncio.sleep(_REQUESTS_EVERY_S)
            self.dialler.tick()

    def close_journals(self) -> None:
        """After the last byte."""
        for link in self.links.values():
            link.close()


def build_service(settings: Settings, store: SqlStore, certificate: Certificate | None = None) -> Service:
    """The object graph. Nothing runs yet."""
    broker = LocalBroker(_utc_now)
    dispatcher = Dispatcher()
    links = {name: build_link(name, pbx, settings, dispatcher) for name, pbx in settings.pbx.items()}
    numbering = {name: _numbering(pbx, settings.numbers.default_region) for name, pbx in settings.pbx.items()}
    board = QueueBoard({name: settings.queue_label(name) for name in settings.queues})
    access = AccessPolicy(settings.access.hidden_fields())

    def pbx_status() -> list[dict[str, Any]]:
        return [link.status() for link in links.values()]

    dialler = ClickToDial(
        commands={name: link.commands for name, link in links.items()},
        rules={name: link.dial_plan for name, link in links.items()},
        publish=lambda topic, kind, data: _tell_dial(broker, metrics, tasks, topic, kind, data),
        clock=_utc_now,
        new_id=lambda: CLICK_TO_DIAL_PREFIX + secrets.token_hex(12),
    )
    people: dict[str, str] = {}
    call_log = CallLogService(
        _call_log(settings, numbering),
        store,
        clock=_utc_now,
        on_tasks=lambda changed: tasks.changed(changed),
        on_note=lambda note: pops.note_changed(note.updated_by or "", note),
    )
    ledger = LedgerService(store, clock=_utc_now, account_at=lambda endpoint: seats.account_at(endpoint))
    pops = PopService(
        _popper(settings, numbering, people),
        broker,
        store,
        numbering,
        on_match=call_log.matched,
        on_unpainted=board.set_unpainted,
        on_published=ledger.pop,
        clicked_customer=dialler.customer_of,
    )
    origins: set[str] = set()
    push = PushServer(
        broker,
        Snapshots(pops, board, dialler, pbx_status),
        authenticate,
        allowed_origins=origins,
        actions=pops,
        visible=PushVisibility(access, board.served_by),
        version=__version__,
        clock=_utc_now,
    )
    board_service = BoardService(board, broker, pbx_status, push.connected)
    rest_day = closed_days(settings.hours.closed, territory=settings.ui.territory)
    tasks = _tasks(settings, board, broker, store, dialler, rest_day)
    seats = Seats(store, [link.pump.state for link in links.values()], board, people, _utc_now, on_changed=push.recheck)
    conditions = Conditions(
        folders=_folders(settings), call_log=call_log, ledger=ledger, links=links, certificate=certificate
    )
    holdings = Holdings(
        links=links,
        pops=pops,
        call_log=call_log,
        ledger=ledger,
        push=push,
        broker=broker,
        dialler=dialler,
        seats=seats,
        writes_waiting=store.writes_waiting,
        failures_remembered=lambda: app[THROTTLE].remembered,
    )
    loop_lag = LoopLag()
    metrics = _metrics(conditions, dispatcher, holdings, loop_lag, store, lambda: app[THROTTLE].failures)
    for name, follower, kinds in (
        ("pops", pops.apply, ABOUT_CALLS),
        ("call-log", call_log.apply, (*ABOUT_CALLS, PbxResynced)),
        ("ledger", ledger.apply, (CallSpied,)),
        ("click-to-dial", dialler.apply, (*ABOUT_CALLS, OriginateFinished, PbxLost)),
        ("board", board_service.apply, (QueueChanged, AgentStateChanged, PbxLost, PbxConnected, PbxResynced)),
        ("metrics", metrics.apply, KINDS),
        ("call-lines", log_ended, (CallEnded,)),
    ):
        dispatcher.follow(name, follower, kinds)
    app = create_app(
        WebDeps(
            store=store,
            access=access,
            ui=_ui(settings),
            numbers=settings.number_profile(),
            public_url=settings.server.public_url,
            listen=settings.server.listen,
            allow_plain_http=settings.server.allow_plain_http,
            trusted_proxies=settings.server.trusted_proxies,
            commands={name: link.commands for name, link in links.items()},
            member_interfaces=lambda pbx, agent: links[pbx].pump.state.interfaces_of(agent),
            is_phone=lambda endpoint: any(link.is_phone(endpoint) for link in links.values()),
            dialler=dialler,
            board=board,
            pops=pops,
            push=push.handle,
            push_status=lambda: {"state": "ok", "sockets": push.connections},
            troubles=conditions.troubles,
            figures=metrics.text,
            publish=broker.publish,
            ledger=ledger.add,
            pbx_status=pbx_status,
            call_stored=call_log.stored,
            on_accounts_changed=seats.reload,
            on_session_ended=push.close_sessions_of,
            did_labels={did: section.label for did, section in settings.dids.items()},
            rest_day=rest_day,
            clock=_utc_now,
            version=__version__,
        )
    )
    return Service(
        settings=settings,
        store=store,
        app=app,
        push=push,
        links=links,
        dispatcher=dispatcher,
        call_log=call_log,
        ledger=ledger,
        pops=pops,
        board=board_service,
        tasks=tasks,
        dialler=dialler,
        seats=seats,
        loop_lag=loop_lag,
        certificate=certificate,
        origins=origins,
    )


def _metrics(
    conditions: Conditions,
    dispatcher: Dispatcher,
    holdings: Holdings,
    loop_lag: LoopLag,
    store: SqlStore,
    failures: Callable[[], int],
) -> ServiceMetrics:
    return ServiceMetrics(
        conditions,
        dispatcher,
        holdings,
        loop_lag,
        commits=store.commits,
        sign_in_failures=failures,
        version=__version__,
    )


def _tell_dial(
    broker: LocalBroker, metrics: ServiceMetrics, tasks: TaskService, topic: str, kind: str, data: dict[str, Any]
) -> None:
    broker.publish(topic, kind, data)
    if data.get("final") and topic == topics.requests(data["agent"]):  # who asked for it is told, too
        metrics.dialled(str(data.get("state")))
        tasks.dial_ended(data)


def _tasks(
    settings: Settings,
    board: QueueBoard,
    broker: LocalBroker,
    store: SqlStore,
    dialler: ClickToDial,
    rest_day: ClosedDay,
) -> TaskService:
    claim_s = settings.lost_calls.claim_s
    return TaskService(
        board, broker, store, calling=dialler.calling_for, claim_s=claim_s, rest_day=rest_day, clock=_utc_now
    )


def _call_log(settings: Settings, numbering: Mapping[str, CallNumbering]) -> CallLog:
    short_abandon_s = lru_cache(lambda queue: settings.queue(queue or "").short_abandon_s)
    return CallLog(numbering, short_abandon_s=short_abandon_s, hours=settings.opening_plan())


def _folders(settings: Settings) -> dict[str, Path]:
    """What lies on disks that may fill."""
    folders = {"database": settings.database.file.parent}
    if settings.journal.directory is not None:
        folders["journal"] = settings.journal.directory
    return folders


def _popper(settings: Settings, numbering: Mapping[str, CallNumbering], people: Mapping[str, str]) -> Popper:
    return Popper(
        lambda call: call_parties(call, numbering[call.pbx]),
        labels=PopLabels(
            queues={name: settings.queue_label(name) for name in settings.queues},
            dids={did: section.label for did, section in settings.dids.items()},
            people=people,
        ),
        internal_pops={name: pbx.internal_pops for name, pbx in settings.pbx.items()},
    )


def _numbering(pbx: PbxSettings, region: str) -> CallNumbering:
    return CallNumbering(incoming=pbx.incoming_profile(region), own=pbx.own_profile(region))


def _ui(settings: Settings) -> UiSettings:
    ui = settings.ui
    return UiSettings(
        languages=ui.languages,
        default_language=ui.default_language,
        territory=ui.territory,
        time_zone=ui.time_zone,
    )
