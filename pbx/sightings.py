"""Which living channel does an event name, and to which call does it belong as far as birth tells?"""

from __future__ import annotations

from pbx import events as ami
from pbx.call_book import CallBook
from pbx.channels import LiveChannel
from pbx.devices import DeviceKind
from pbx.openings import Openings


class Sightings:
    """Looks channels up; meets those that were born while nobody looked."""

    def __init__(self, book: CallBook, openings: Openings) -> None:
        self._book = book
        self._openings = openings
        self._graph = book.graph

    def join_by_linkedid(self, channel: LiveChannel) -> None:
        """A dialled channel is born with its caller's Linkedid; DialBegin confirms it."""
        call = self._book.call_of(self._graph.get(channel.linkedid)) or self._book.by_key(channel.linkedid)
        if call is not None and not call.ended and not channel.apart:
            self._book.attach(channel, call)

    def see(self, seen: ami.Channel, at: float | None) -> LiveChannel | None:
        """The living channel that an event names; one never seen before joined while we were not looking."""
        channel = self._graph.get(seen.uniqueid)
        if channel is not None:
            self._graph.refresh(channel, seen)
            if channel.call_key is None:
                self.join_by_linkedid(channel)  # born before its caller was told (P1)
            return channel
        if self._graph.buried(seen.uniqueid):
            return None
        channel = self._graph.add(seen)
        self.join_by_linkedid(channel)
        if channel.call_key is None and (seen.linkedid == seen.uniqueid or channel.kind is DeviceKind.TRUNK):
            call = self._openings.open_root(channel, seen, None)
            call.estimated = True
            call.did_raw = None  # its Exten is the dialplan's by now
        return channel
