"""A caller is parked: waits in a holding bridge until somebody fetches the call, it comes back, or they hang up.

The bridge tells when, not ParkedCall and its kin: those come from a thread of their own and may be early or late (P2).
"""

from __future__ import annotations

from pbx import events as ami
from pbx.call_book import CallBook
from pbx.channels import LiveChannel
from pbx.live_call import LiveCall
from pbx.transfers import Transfers

_HOLDING = "holding_bridge"
_PARKING = "parking"


def is_holding(event: ami.BridgeEnter) -> bool:
    """Who is in such a bridge hears music and nobody else."""
    return event.technology == _HOLDING


class Parking:
    """Follows callers into the parking lot and out of it."""

    def __init__(self, book: CallBook, transfers: Transfers) -> None:
        self._book = book
        self._transfers = transfers

    def entered(self, event: ami.BridgeEnter, channel: LiveChannel, at: float | None) -> None:
        """BridgeEnter of a holding bridge: parked, if it is a parking lot's; else an agent stands by for the next call."""
        self._book.graph.hold(event.bridge)
        call = self._book.call_of(channel)
        if call is None:
            return
        if event.bridge_type != _PARKING:
            self._stands_by(call, channel, at)
            return
        if not self._stands_for_remote(call, channel):
            return
        self._transfers.parked(call)
        call.parked.start(at)
        self._book.touch(call, at)

    def left(self, channel: LiveChannel, at: float | None) -> None:
        """BridgeLeave of the parking lot's bridge."""
        call = self._book.call_of(channel)
        if (
            call is not None
            and call.parked.running
            and channel.bridge is None
            and self._stands_for_remote(call, channel)
        ):
            call.parked.stop(at)
            self._book.touch(call, at)

    def _stands_by(self, call: LiveCall, channel: LiveChannel, at: float | None) -> None:
        """app_agent_pool: the line of an agent stays open between calls, and belongs to none of them then (A42)."""
        leg = call.leg_of_channel(channel.uniqueid)
        if leg is not None and leg.talk.ever and not leg.is_caller:
            self._book.release(channel, call, at)

    def _stands_for_remote(self, call: LiveCall, channel: LiveChannel) -> bool:
        """The remote party, or a Local half that leads to it (FreePBX)."""
        return call.is_remote(channel.uniqueid) or call.leg_of_channel(channel.uniqueid) is None
