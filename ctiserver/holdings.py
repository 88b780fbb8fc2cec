"""How much the service holds in memory, by kind: what an operator sees growing long before memory runs out.

docs/metrics.md says of each kind what it is and how many there may be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ctiserver.call_log_service import CallLogService
from ctiserver.ledger_service import LedgerService
from ctiserver.pbx_links import PbxLink
from ctiserver.pop_service import PopService
from ctiserver.seats import Seats
from screenpop.local_broker import LocalBroker
from screenpop.websocket.server import PushServer
from web.click_to_dial import ClickToDial


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """The parts that hold something; asked when somebody wants the metrics, never on the way of a call."""

    links: Mapping[str, PbxLink]
    pops: PopService
    call_log: CallLogService
    ledger: LedgerService
    push: PushServer
    broker: LocalBroker
    dialler: ClickToDial
    seats: Seats
    writes_waiting: Callable[[], int]
    failures_remembered: Callable[[], int]  # accounts and addresses with wrong passwords

    def of_links(self) -> dict[tuple[str, str], int]:
        """(PBX, kind) → how many."""
        found: dict[tuple[str, str], int] = {}
        for name, link in self.links.items():
            held = {
                **link.pump.state.held(),
                "events_held_back": link.pump.held_back,
                "answers_awaited": link.client.unanswered,
            }
            found |= {(name, kind): count for kind, count in held.items()}
        return found

    def of_all(self) -> dict[str, int]:
        """Kind → how many."""
        return {
            **self.pops.held(),
            **self.call_log.held(),
            **self.dialler.held(),
            "cards_shown": self.ledger.shown_cards,
            "sessions": self.seats.signed_in,
            "subscriptions": self.broker.subscriptions,
            "writes": self.writes_waiting(),
            "sign_in_failures": self.failures_remembered(),
        }

    def buffered(self) -> dict[str, int]:
        """Bytes for browsers, by what they wait for."""
        return self.push.buffered()

    @staticmethod
    def tasks() -> int:
        """Everything that runs on the event loop, requests and sockets included."""
        return len(asyncio.all_tasks())
