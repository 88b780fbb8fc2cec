"""Which phones' SIP calls belong to which caller's: by the number shown to the phone, the time and the place."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable

from tests.asterisk.plan import extension_of
from tests.asterisk.siplog import SipCall

# How long after its reason a phone is told to stop ringing, and devices of one colleague ring apart.
SOON_S = 0.6


class Pool:
    """The SIP calls of those who were called; each is taken by one caller."""

    def __init__(self, calls: Iterable[SipCall]) -> None:
        self._by_shown: dict[str, list[SipCall]] = defaultdict(list)
        self._by_dialled: dict[str, list[SipCall]] = defaultdict(list)
        for call in calls:
            if call.kind == "answering":
                self._by_shown[call.number].append(call)
                self._by_dialled[call.dialled].append(call)
        self._taken: set[str] = set()

    def phones(
        self,
        caller: SipCall,
        endpoints: Collection[str] | None = None,
        *,
        since: float = 0,
        until: float = math.inf,
    ) -> list[SipCall]:
        """Take the phones that were rung for this caller, of these endpoints (None: of any) and in that time."""
        extensions = None if endpoints is None else set(map(extension_of, endpoints))
        # A colleague's phone shows the extension, whatever device was used; the far end of a call of ours what we dialled.
        far = caller.kind == "answering" and caller.party.startswith("trunk")
        shown = {caller.number, caller.asserted or caller.number, extension_of(caller.party)}
        shown = {caller.dialled} if far else shown
        found = [
            call
            for number in shown
            for call in self._by_shown[number]
            if not call.party.startswith("trunk") and (extensions is None or extension_of(call.party) in extensions)
        ]
        return self._take([call for call in found if since <= call.invited_at <= until and during(call, caller)])

    def far_ends(self, caller: SipCall, number: str) -> list[SipCall]:
        """Take what the operator got for a number while this caller's call was up."""
        found = [call for call in self._by_dialled[number] if call.party.startswith("trunk")]
        return self._take([call for call in found if during(call, caller)])

    def at_once(self, endpoint: str, at: float) -> list[SipCall]:
        """Take what rang a phone at that moment, whatever number it was shown."""
        calls = [call for calls in self._by_shown.values() for call in calls]
        return self._take([call for call in calls if call.party == endpoint and 0 <= call.invited_at - at < SOON_S])

    def rest(self) -> list[SipCall]:
        """What nobody has taken: the PBX called by itself."""
        return [call for calls in self._by_shown.values() for call in calls if call.call_id not in self._taken]

    def _take(self, calls: list[SipCall]) -> list[SipCall]:
        free = sorted((call for call in calls if call.call_id not in self._taken), key=lambda call: call.invited_at)
        self._taken.update(call.call_id for call in free)
        return free


def during(inner: SipCall, outer: SipCall) -> bool:
    """Whether a call began while the other was up.

    A busy machine lets the caller write the INVITE into its log after the phone it rings has written its own.
    """
    return outer.invited_at - SOON_S <= inner.invited_at <= outer.end + 0.2


def rang_along(other: SipCall, phone: SipCall) -> bool:
    """Whether two devices of one colleague rang at once."""
    return extension_of(other.party) == extension_of(phone.party) and abs(other.invited_at - phone.invited_at) < SOON_S
