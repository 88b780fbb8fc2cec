"""When a pop appears, changes and disappears, and on whose screen.

One pop per agent and call; `pop.show` once per offer at the agent whose device is offered the call, at nobody else.
Every event carries the whole call, so each is handled the same way: compare each agent's leg with what that screen shows.
A missed or repeated event therefore heals itself with the next one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm_store.activities import CallRecord
from crm_store.caller_lookup import CallerMatch, MatchKind
from pbx.call_events import CallEnded, CallEvent, CallLegEnded
from pbx.calls import Call, CallLeg, CallState, Direction
from screenpop import offers
from screenpop.screen_pop import (
    PopLabels,
    PopNote,
    PopPhase,
    RetractReason,
    ScreenPop,
    is_withheld,
    pop_call,
    pop_id_of,
    remote_of,
)

PAINTED_WITHIN_S = 3.0
UNSAVED_KEPT_S = 3600.0
MAX_UNSAVED = 8  # per agent; the oldest unfinished wrap-up makes room

_WITHHELD = CallerMatch(kind=MatchKind.WITHHELD, reason=None, cards=())
_INTERNAL = CallerMatch(kind=MatchKind.INTERNAL, reason=None, cards=())
_NOBODY = CallerMatch(kind=MatchKind.NONE, reason=None, cards=())


@dataclass(frozen=True, slots=True)
class PopMessage:
    """Publish `data` as `kind` on the user's pops topic."""

    user: str
    kind: str  # pop.show, pop.update, pop.retract
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NotPainted:
    """The agent's screen did not confirm the pop in time: mark it on the board, try a notification."""

    user: str
    pop_id: str
    call_id: str
    offer: int


@dataclass(slots=True)
class _LiveCall:
    """What is known about a call beyond the PBX; kept while the call runs or a screen shows it."""

    call: Call
    record: CallRecord | None = None  # None: to be described again when a screen needs it
    match: CallerMatch | None = None
    note: PopNote | None = None
    over: bool = False


@dataclass(slots=True)
class _Shown:
    """One agent's pop as that screen has it."""

    pop: ScreenPop
    live: _LiveCall
    leg_id: int
    shown_at: float
    visible: bool = True  # False after a retract; kept while the call runs, to count its offers
    talked: bool = False
    save_asked: bool = False  # saved while still talking: done as soon as the talk ends
    painted: bool = False
    reported: bool = False
    keep_until: float = 0.0  # in wrap-up


class Popper:
    """Turns call events into pops. `describe` makes the call record; `internal_pops` is PBX → "off" | "strip" (default strip)."""

    def __init__(
        self,
        describe: Callable[[Call], CallRecord],
        *,
        labels: PopLabels | None = None,
        internal_pops: Mapping[str, str] | None = None,
    ) -> None:
        self._describe = describe
        self._labels = labels or PopLabels()
        self._internal_pops = internal_pops or {}
        self._calls: dict[str, _LiveCall] = {}
        self._pops: dict[str, _Shown] = {}
        self._by_user: dict[str, dict[str, _Shown]] = {}
        self._by_call: dict[str, dict[str, _Shown]] = {}
        self._unpainted: dict[str, _Shown] = {}
        self._unsaved: deque[tuple[float, str]] = deque()  # (keep until, pop_id), oldest first

    # --- what happens -------------------------------------------------------------------------------------------------

    def apply(self, event: CallEvent, now: float) -> list[PopMessage]:
        """What screens must be told about this event. `now` is our own clock (epoch seconds)."""
        call: Call | None = getattr(event, "call", None)
        if call is None:
            return []
        winner = event.winner if isinstance(event, CallLegEnded) else None
        messages = self._follow(call, now, winner)
        if isinstance(event, CallEnded):
            self._finish(call)
        return messages

    def restore(self, calls: Iterable[Call], now: float) -> list[PopMessage]:
        """After our own restart: show what rings and talks now, with the same pop ids and offers as before."""
        messages: list[PopMessage] = []
        for call in calls:
            messages += self._follow(call, now, None)
        return messages

    def matched(self, call_id: str, match: CallerMatch, *, number: str | None = None) -> list[PopMessage]:
        """The caller look-up is done. `number`, when given, must still be the caller's: a late answer for another is dropped."""
        live = self._calls.get(call_id)
        if live is None or (number is not None and number != self._record(live)["remote"].get("number")):
            return []
        live.match = match
        return self._refresh(live)

    def noted(self, call_id: str, note: PopNote) -> list[PopMessage]:
        """Somebody wrote on the call: every screen that shows it gets the text. Writing on takes back an early `saved`."""
        live = self._calls.get(call_id)
        if live is None:
            return []
        live.note = note
        for shown in self._by_call.get(call_id, {}).values():
            shown.save_asked = False
        return self._refresh(live)

    def dismiss(self, user: str, pop_id: str) -> list[PopMessage]:
        """The agent closed the pop: it stays closed, also after a reload, until the call is offered to them again."""
        shown = self._by_user.get(user, {}).get(pop_id)
        if shown is None or not shown.visible:
            return []
        return [self._retract(shown, RetractReason.DISMISSED)]

    def saved(self, user: str, call_id: str) -> list[PopMessage]:
        """The agent saved and finished. While the call still runs this takes effect when the talk ends."""
        shown = self._pops.get(pop_id_of(call_id, user))
        if shown is None or not shown.visible:
            return []
        if shown.pop.phase is not PopPhase.WRAP_UP:
            shown.save_asked = True
            return []
        return [self._retract(shown, RetractReason.SAVED)]

    def painted(self, user: str, pop_id: str, now: float) -> float | None:
        """Receipt from the screen: seconds from show to painted, the first time it comes."""
        shown = self._by_user.get(user, {}).get(pop_id)
        if shown is None or shown.painted:
            return None
        shown.painted = True
        self._unpainted.pop(pop_id, None)
        return max(0.0, now - shown.shown_at)

    def tick(self, now: float) -> list[PopMessage | NotPainted]:
        """Call about once a second: pops that no screen confirmed, and unsaved ones whose hour is over."""
        late: list[PopMessage | NotPainted] = []
        for shown in [shown for shown in self._unpainted.values() if now - shown.shown_at >= PAINTED_WITHIN_S]:
            del self._unpainted[shown.pop.pop_id]
            shown.reported = True
            late.append(NotPainted(shown.pop.user, shown.pop.pop_id, shown.pop.call["id"], shown.pop.offer))
        while self._unsaved and self._unsaved[0][0] <= now:
            unsaved = self._pops.get(self._unsaved.popleft()[1])
            if unsaved is not None and _waits_for_save(unsaved) and unsaved.keep_until <= now:
                late.append(self._retract(unsaved, RetractReason.DISMISSED))
        return late

    # --- what is shown ------------------------------------------------------------------------------------------------

    def snapshot(self, user: str) -> list[dict[str, Any]]:
        """The pops on this user's screens, oldest offer first."""
        return [shown.pop.to_json() for shown in self._by_user.get(user, {}).values() if shown.visible]

    def unpainted(self, user: str) -> bool:
        """True while a pop of this user was reported as not painted: a browser that is connected but asleep."""
        return any(s.visible and s.reported and not s.painted for s in self._by_user.get(user, {}).values())

    # --- following a call ---------------------------------------------------------------------------------------------

    def _follow(self, call: Call, now: float, winner: CallLeg | None) -> list[PopMessage]:
        live = self._remember(call)
        if live is None:
            return []
        if call.direction is Direction.INTERNAL and self._internal_pops.get(call.pbx, "strip") == "off":
            return []
        legs = offers.legs_on_screens(call)
        messages: list[PopMessage] = []
        for user, leg in legs.items():
            shown = self._pops.get(pop_id_of(call.id, user))
            if shown is None:
                if not offers.is_over(call, leg):
                    messages.append(self._show(live, user, leg, now, offer=_offers_before(call, leg) + 1))
            else:
                messages += self._change(shown, leg, now, winner)
        for shown in list(self._by_call.get(call.id, {}).values()):
            if shown.pop.user not in legs and shown.visible and not shown.talked:
                messages.append(self._retract(shown, RetractReason.UNAVAILABLE))
        return messages

    def _remember(self, call: Call) -> _LiveCall | None:
        """None: the call is over and no screen shows it."""
        live = self._calls.get(call.id)
        if live is None:
            if call.state is CallState.ENDED:
                return None
            live = self._calls[call.id] = _LiveCall(call)
        elif _caller_of(live.call) != _caller_of(call):
            live.match = None  # another number: what was found belongs to somebody else
        live.call, live.record = call, None
        return live

    def _record(self, live: _LiveCall) -> CallRecord:
        if live.record is None:
            live.record = self._describe(live.call)
        return live.record

    def _show(self, live: _LiveCall, user: str, leg: CallLeg, now: float, *, offer: int) -> PopMessage:
        pop_id = pop_id_of(live.call.id, user)
        pop = self._render(live, leg, user=user, offer=offer, phase=offers.phase_of(leg))
        shown = _Shown(pop, live, leg.leg_id, now)
        before = self._pops.get(pop_id)
        shown.talked = before is not None and before.talked
        self._pops[pop_id] = self._unpainted[pop_id] = shown
        self._by_call.setdefault(live.call.id, {})[pop_id] = shown
        mine = self._by_user.setdefault(user, {})
        mine.pop(pop_id, None)  # a new offer goes to the end
        mine[pop_id] = shown
        return PopMessage(user, "pop.show", pop.to_json())

    def _change(self, shown: _Shown, leg: CallLeg, now: float, winner: CallLeg | None) -> list[PopMessage]:
        call = shown.live.call
        if leg.leg_id != shown.leg_id:
            # Somebody who picks their own ringing call up at another phone was not offered it again.
            same_offer = leg.rang_at is None and shown.visible and shown.pop.phase is not PopPhase.WRAP_UP
            if not offers.is_over(call, leg) and not same_offer:
                return [self._show(shown.live, shown.pop.user, leg, now, offer=shown.pop.offer + 1)]
            if shown.pop.phase is not PopPhase.WRAP_UP:
                shown.leg_id = leg.leg_id
        if not shown.visible:
            return []
        if shown.pop.phase is PopPhase.WRAP_UP:
            return self._refresh_one(shown)
        if not offers.is_over(call, leg):
            if offers.is_lost(call, leg):
                return []
            return self._update(shown, self._render_again(shown, leg, offers.phase_of(leg)))
        return self._end(shown, leg, now, winner)

    def _end(self, shown: _Shown, leg: CallLeg, now: float, winner: CallLeg | None) -> list[PopMessage]:
        shown.talked = shown.talked or offers.has_talked(leg)
        if shown.talked:
            return self._wrap_up(shown, leg, now)
        reason = offers.retract_reason(shown.live.call, leg)
        if reason is None:
            return []
        if reason is RetractReason.ANSWERED_ELSEWHERE:
            winner = winner or offers.winner_of(shown.live.call, leg)
            return [self._retract(shown, reason, by=winner.agent if winner else None)]
        return [self._retract(shown, reason)]

    def _wrap_up(self, shown: _Shown, leg: CallLeg, now: float) -> list[PopMessage]:
        messages = self._update(shown, self._render_again(shown, leg, PopPhase.WRAP_UP))
        if shown.save_asked:
            return [*messages, self._retract(shown, RetractReason.SAVED)]
        self._unpainted.pop(shown.pop.pop_id, None)
        shown.keep_until = now + UNSAVED_KEPT_S
        self._unsaved.append((shown.keep_until, shown.pop.pop_id))
        unsaved = [other for other in self._by_user[shown.pop.user].values() if _waits_for_save(other)]
        return messages + [self._retract(other, RetractReason.DISMISSED) for other in unsaved[:-MAX_UNSAVED]]

    def _finish(self, call: Call) -> None:
        """The record is final: remember only what a screen still shows."""
        live = self._calls.get(call.id)
        if live is None:
            return
        live.over = True
        for shown in list(self._by_call.get(call.id, {}).values()):
            if not shown.visible:
                self._forget(shown)
        if call.id not in self._by_call:
            self._calls.pop(call.id, None)

    # --- changing what is shown ---------------------------------------------------------------------------------------

    def _refresh(self, live: _LiveCall) -> list[PopMessage]:
        messages: list[PopMessage] = []
        for shown in self._by_call.get(live.call.id, {}).values():
            if shown.visible:
                messages += self._refresh_one(shown)
        return messages

    def _refresh_one(self, shown: _Shown) -> list[PopMessage]:
        """Caller, customers and note as known now; the rest stays as it was, which is how a finished talk is kept."""
        live = shown.live
        call = dict(shown.pop.call)
        call["remote"] = remote_of(live.call, self._record(live), self._labels)
        if live.note is not None:
            call |= {"note": live.note.text, "note_version": live.note.version, "disposition": live.note.disposition}
        return self._update(shown, replace(shown.pop, call=call, match=self._match(live)))

    def _update(self, shown: _Shown, pop: ScreenPop) -> list[PopMessage]:
        if pop == shown.pop:
            return []
        shown.pop = pop
        return [PopMessage(pop.user, "pop.update", pop.to_json())]

    def _retract(self, shown: _Shown, reason: RetractReason, by: str | None = None) -> PopMessage:
        shown.visible = False
        pop, call_id = shown.pop, shown.pop.call["id"]
        self._unpainted.pop(pop.pop_id, None)
        if shown.live.over:
            self._forget(shown)
        data = {"pop_id": pop.pop_id, "offer": pop.offer, "call_id": call_id, "reason": reason.value, "by": by}
        return PopMessage(pop.user, "pop.retract", data)

    def _forget(self, shown: _Shown) -> None:
        pop_id, user, call_id = shown.pop.pop_id, shown.pop.user, shown.pop.call["id"]
        for index, key in ((self._by_user, user), (self._by_call, call_id)):
            if index.get(key, {}).pop(pop_id, None) is not None and not index[key]:
                del index[key]
        self._pops.pop(pop_id, None)
        if call_id not in self._by_call and shown.live.over:
            self._calls.pop(call_id, None)

    def _render_again(self, shown: _Shown, leg: CallLeg, phase: PopPhase) -> ScreenPop:
        return self._render(shown.live, leg, user=shown.pop.user, offer=shown.pop.offer, phase=phase)

    def _render(self, live: _LiveCall, leg: CallLeg, *, user: str, offer: int, phase: PopPhase) -> ScreenPop:
        ended = phase is PopPhase.WRAP_UP
        return ScreenPop(
            pop_id=pop_id_of(live.call.id, user),
            user=user,
            offer=offer,
            phase=phase,
            call=pop_call(live.call, leg, self._record(live), self._labels, ended=ended, note=live.note),
            match=self._match(live),
        )

    def _match(self, live: _LiveCall) -> CallerMatch | None:
        if live.call.direction is Direction.INTERNAL:
            return _INTERNAL
        record = self._record(live)
        if is_withheld(record):
            return _WITHHELD
        if live.match is None and record["remote"].get("number") is None:
            return _NOBODY  # nothing to look up
        return live.match


def _offers_before(call: Call, leg: CallLeg) -> int:
    """How often this call was offered to this agent before `leg`: only after our restart more than 0."""
    return sum(1 for other in call.legs[: leg.leg_id] if other.agent == leg.agent)


def _waits_for_save(shown: _Shown) -> bool:
    return shown.visible and shown.pop.phase is PopPhase.WRAP_UP


def _caller_of(call: Call) -> tuple[str | None, bool, Direction]:
    return call.remote_raw, call.remote_restricted, call.direction
