"""The values around one AMI link: how to reach it, how it is, and what its stream consists of."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from pbx.asterisk.ami_events import ParseProblem
from pbx.events import PbxEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiConfig:
    """How to reach one PBX. `observe`: whatever could change the PBX is refused by the link itself, too."""

    name: str
    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    tls: ssl.SSLContext | None = None
    ping_interval_s: float = 5.0
    queue_size: int = 200_000
    backoff_first_s: float = 0.5
    backoff_max_s: float = 60.0  # between refused logins
    reconnect_max_s: float = 10.0  # between attempts to reach a PBX that is away
    connect_timeout_s: float = 10.0
    observe: bool = False


class LinkState(StrEnum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    REFUSED_LOGIN = "refused_login"
    LOST = "lost"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """`reason`: a sentence for people, None while all is well. `booted`: the PBX said FullyBooted on this connection."""

    state: LinkState
    since: float
    last_rx: float | None = None
    reason: str | None = None
    banner: str | None = None
    booted: bool = False


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Logged in. Everything that follows belongs to this connection."""

    banner: str
    at: float


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The connection is over; what happens between this and the next LinkUp is never told."""

    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class EventBatch:
    """What one read from the socket brought, in order; `at` is its arrival."""

    events: Sequence[PbxEvent | ParseProblem]
    at: float


@dataclass(frozen=True, slots=True)
class QueueOverflow:
    """The reader fell behind: `lost` events were not queued and the link is cut; a LinkDown follows."""

    lost: int
    at: float


LinkItem: TypeAlias = LinkUp | LinkDown | EventBatch | QueueOverflow


@dataclass(frozen=True, slots=True)
class Response:
    """The PBX's answer to an action that it accepted."""

    message: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BootInfo:
    """Which run of Asterisk we talk to. `started` is CoreStatus' own local time: good to compare, not to convert."""

    started: str
    version: str | None
    system_name: str | None


def tls_context(tls_ca: str = "") -> ssl.SSLContext:
    """TLS that verifies the PBX's certificate and host name, by the given CA file or else the system's."""
    return ssl.create_default_context(cafile=tls_ca or None)
