"""What is on whose screen now: the popper's memory, by pop, by user and by call. Bounded, forgets what is over."""

from __future__ import annotations

from dataclasses import dataclass

from crm_store.caller_lookup import CallerMatch
from pbx.calls import Call, CallState, Direction
from screenpop.screen_pop import Parties, PopNote, PopPhase, ScreenPop

UNSAVED_KEPT_S = 3600.0
MAX_UNSAVED = 8  # per agent; the oldest unfinished wrap-up makes room


@dataclass(slots=True)
class LiveCall:
    """What is known about a call beyond the PBX; kept while the call runs or a screen shows it."""

    call: Call
    parties: Parties | None = None  # None: to be described (again) when a screen needs it
    match: CallerMatch | None = None
    note: PopNote | None = None
    over: bool = False


@dataclass(slots=True)
class ShownPop:
    """One agent's pop as that screen has it."""

    pop: ScreenPop
    live: LiveCall
    leg_id: int
    shown_at: float
    visible: bool = True  # False after a retract; kept while the call runs, to count its offers
    wrapped: ScreenPop | None = None  # the unfinished wrap-up of an earlier talk, while the call is offered again
    save_asked: bool = False  # saved while still talking: done as soon as the talk ends
    painted: bool = False
    reported: bool = False
    keep_until: float = 0.0  # in wrap-up

    @property
    def waits_for_save(self) -> bool:
        return self.visible and self.pop.phase is PopPhase.WRAP_UP


class ShownPops:
    """All pops of all agents."""

    def __init__(self) -> None:
        self._calls: dict[str, LiveCall] = {}
        self._pops: dict[str, ShownPop] = {}
        self._by_user: dict[str, dict[str, ShownPop]] = {}
        self._by_call: dict[str, dict[str, ShownPop]] = {}
        self._unpainted: dict[str, ShownPop] = {}

    def held(self) -> dict[str, int]:
        """How many are kept in memory: pops, also those that left the screen of a running call, and their calls."""
        return {"pops": len(self._pops), "pop_calls": len(self._calls)}

    # --- calls --------------------------------------------------------------------------------------------------------

    def call(self, call_id: str) -> LiveCall | None:
        return self._calls.get(call_id)

    def remember(self, call: Call) -> LiveCall | None:
        """The call as it is now; None when it is over and no screen shows it."""
        live = self._calls.get(call.id)
        if live is None:
            if call.state is CallState.ENDED:
                return None
            live = self._calls[call.id] = LiveCall(call)
        elif _caller_of(live.call) != _caller_of(call):
            live.match = None  # another number: what was found belongs to somebody else
            live.parties = None
        elif _named(live.call) != _named(call):
            live.parties = None
        live.call = call
        return live

    def finish(self, call_id: str) -> None:
        """The record is final: keep only what a screen still shows."""
        live = self._calls.get(call_id)
        if live is None:
            return
        live.over = True
        for shown in self.of_call(call_id):
            if not shown.visible:
                self._forget(shown)
        if call_id not in self._by_call:
            self._calls.pop(call_id, None)

    # --- pops ---------------------------------------------------------------------------------------------------------

    def get(self, pop_id: str) -> ShownPop | None:
        return self._pops.get(pop_id)

    def visible(self, user: str) -> list[ShownPop]:
        """This user's pops, oldest offer first."""
        return [shown for shown in self._by_user.get(user, {}).values() if shown.visible]

    def of_call(self, call_id: str) -> list[ShownPop]:
        return list(self._by_call.get(call_id, {}).values())

    def add(self, shown: ShownPop) -> None:
        """A new offer: last among the user's pops, waiting to be painted."""
        pop_id, call_id = shown.pop.pop_id, shown.live.call.id
        self._pops[pop_id] = self._unpainted[pop_id] = shown
        self._by_call.setdefault(call_id, {})[pop_id] = shown
        mine = self._by_user.setdefault(shown.pop.user, {})
        mine.pop(pop_id, None)
        mine[pop_id] = shown

    def hide(self, shown: ShownPop) -> None:
        """It is no longer on the screen."""
        shown.visible = False
        self._unpainted.pop(shown.pop.pop_id, None)
        if shown.live.over:
            self._forget(shown)

    def _forget(self, shown: ShownPop) -> None:
        pop_id, user, call_id = shown.pop.pop_id, shown.pop.user, shown.live.call.id
        for index, key in ((self._by_user, user), (self._by_call, call_id)):
            if index.get(key, {}).pop(pop_id, None) is not None and not index[key]:
                del index[key]
        self._pops.pop(pop_id, None)
        if call_id not in self._by_call:
            self._calls.pop(call_id, None)

    # --- receipts and unfinished wrap-ups -------------------------------------------------------------------------------

    def painted(self, shown: ShownPop) -> None:
        shown.painted = True
        self._unpainted.pop(shown.pop.pop_id, None)

    def not_painted_since(self, at: float) -> list[ShownPop]:
        """Pops shown at or before `at` without a receipt. Each is reported once."""
        late = [shown for shown in self._unpainted.values() if shown.shown_at <= at]
        for shown in late:
            del self._unpainted[shown.pop.pop_id]
            shown.reported = True
        return late

    def wrapped_up(self, shown: ShownPop, now: float) -> list[ShownPop]:
        """It now waits to be saved. Returns the oldest that must make room."""
        self._unpainted.pop(shown.pop.pop_id, None)
        shown.keep_until = now + UNSAVED_KEPT_S
        waiting = [other for other in self.visible(shown.pop.user) if other.waits_for_save]
        return waiting[:-MAX_UNSAVED]

    def unsaved_too_long(self, now: float) -> list[ShownPop]:
        """Wrap-ups whose hour is over."""
        return [shown for shown in self._pops.values() if shown.waits_for_save and shown.keep_until <= now]


def _caller_of(call: Call) -> tuple[str | None, bool, Direction]:
    return call.remote_raw, call.remote_restricted, call.direction


def _named(call: Call) -> tuple[str | None, str | None, str | None]:
    """What else the description of the parties is made of."""
    return call.remote_name, call.did_raw, call.dialled_raw
