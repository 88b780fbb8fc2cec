"""When a pop appears, changes and disappears, and on whose screen.

One pop per agent and call; `pop.show` once per offer at the agent whose device is offered the call, at nobody else.
Every event carries the whole call, so each is handled the same way: compare each agent's leg with what that screen shows.
A missed or repeated event therefore heals itself with the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm_store.caller_lookup import CallerMatch, MatchKind
from pbx.call_events import CallDropped, CallEnded, CallEvent, CallLegEnded
from pbx.calls import Call, CallLeg, Direction
from screenpop import offers
from screenpop.screen_pop import (
    Parties,
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
from screenpop.shown_pops import LiveCall, ShownPop, ShownPops

PAINTED_WITHIN_S = 3.0

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


class Popper:
    """Turns call events into pops. `describe` makes the parties of a call; `internal_pops` is PBX → "off" | "strip" (default strip)."""

    def __init__(
        self,
        describe: Callable[[Call], Parties],
        *,
        labels: PopLabels | None = None,
        internal_pops: Mapping[str, str] | None = None,
    ) -> None:
        self._describe = describe
        self._labels = labels or PopLabels()
        self._internal_pops = internal_pops or {}
        self._shown = ShownPops()

    # --- what happens -------------------------------------------------------------------------------------------------

    def apply(self, event: CallEvent, now: float) -> list[PopMessage]:
        """What screens must be told about this event. `now` is our own clock (epoch seconds)."""
        call: Call | None = getattr(event, "call", None)
        if call is None:
            return []
        if isinstance(event, CallDropped):
            return self._drop(call)
        winner = event.winner if isinstance(event, CallLegEnded) else None
        messages = self._follow(call, now, winner)
        if isinstance(event, CallEnded):
            self._shown.finish(call.id)
        return messages

    def restore(
        self, calls: Iterable[Call], now: float, dismissed: Mapping[tuple[str, str], int] | None = None
    ) -> list[PopMessage]:
        """After our own restart: show what rings and talks now, with the same pop ids and offers as before.

        `dismissed`: call and agent → the leg whose pop the agent closed. It stays closed.
        """
        messages = [message for call in calls for message in self._follow(call, now, None)]
        closed = set()
        for (call_id, user), leg_id in (dismissed or {}).items():
            shown = self._shown.get(pop_id_of(call_id, user))
            if shown is not None and shown.leg_id <= leg_id:
                self._shown.hide(shown)
                closed.add(shown.pop.pop_id)
        return [message for message in messages if message.data["pop_id"] not in closed]

    def matched(self, call_id: str, match: CallerMatch, *, number: str | None = None) -> list[PopMessage]:
        """The caller look-up is done. `number`, when given, must still be the caller's: a late answer for another is dropped."""
        live = self._shown.call(call_id)
        if live is None or (number is not None and number != self._parties(live)["remote"].get("number")):
            return []
        live.match = match
        return self._refresh(live)

    def noted(self, call_id: str, note: PopNote) -> list[PopMessage]:
        """Somebody wrote on the call: every screen that shows it gets the text. Writing on takes back an early `saved`."""
        live = self._shown.call(call_id)
        if live is None:
            return []
        live.note = note
        for shown in self._shown.of_call(call_id):
            shown.save_asked = False
        return self._refresh(live)

    def dismiss(self, user: str, pop_id: str) -> list[PopMessage]:
        """The agent closed the pop: it stays closed, also after a reload, until the call is offered to them again."""
        shown = self._visible(user, pop_id)
        return [self._retract(shown, RetractReason.DISMISSED)] if shown is not None else []

    def leg_in_hand(self, user: str, pop_id: str) -> tuple[str, int] | None:
        """Call and leg of a pop that our restart would show again; None for one that is gone or only waits to be saved."""
        shown = self._visible(user, pop_id)
        return (shown.live.call.id, shown.leg_id) if shown is not None and not shown.waits_for_save else None

    def saved(self, user: str, call_id: str) -> list[PopMessage]:
        """The agent saved and finished. While the call still runs this takes effect when the talk ends."""
        shown = self._visible(user, pop_id_of(call_id, user))
        if shown is None:
            return []
        if not shown.waits_for_save:
            shown.save_asked = True
            return []
        return [self._retract(shown, RetractReason.SAVED)]

    def painted(self, user: str, pop_id: str, now: float) -> float | None:
        """Receipt from the screen: seconds from show to painted, the first time it comes."""
        shown = self._visible(user, pop_id)
        if shown is None or shown.painted:
            return None
        self._shown.painted(shown)
        return max(0.0, now - shown.shown_at)

    def tick(self, now: float) -> list[PopMessage | NotPainted]:
        """Call about once a second: pops that no screen confirmed, and unsaved ones whose hour is over."""
        late: list[PopMessage | NotPainted] = [
            NotPainted(shown.pop.user, shown.pop.pop_id, shown.live.call.id, shown.pop.offer)
            for shown in self._shown.not_painted_since(now - PAINTED_WITHIN_S)
        ]
        return late + [self._retract(shown, RetractReason.DISMISSED) for shown in self._shown.unsaved_too_long(now)]

    def held(self) -> dict[str, int]:
        """How many pops and calls are kept in memory."""
        return self._shown.held()

    # --- what is shown ------------------------------------------------------------------------------------------------

    def snapshot(self, user: str) -> list[dict[str, Any]]:
        """The pops on this user's screens, oldest offer first."""
        return [shown.pop.to_json() for shown in self._shown.visible(user)]

    def unpainted(self, user: str) -> bool:
        """True while a pop of this user was reported as not painted: a browser that is connected but asleep."""
        return any(shown.reported and not shown.painted for shown in self._shown.visible(user))

    def _visible(self, user: str, pop_id: str) -> ShownPop | None:
        """The user's own pop, if it is on the screen."""
        shown = self._shown.get(pop_id)
        return shown if shown is not None and shown.pop.user == user and shown.visible else None

    # --- following a call ---------------------------------------------------------------------------------------------

    def _follow(self, call: Call, now: float, winner: CallLeg | None) -> list[PopMessage]:
        live = self._shown.remember(call)
        if live is None:
            return []
        if call.direction is Direction.INTERNAL and self._internal_pops.get(call.pbx, "strip") == "off":
            return []
        legs = offers.legs_on_screens(call)
        messages: list[PopMessage] = []
        for user, leg in legs.items():
            shown = self._shown.get(pop_id_of(call.id, user))
            if shown is not None:
                messages += self._change(shown, leg, now, winner)
            elif not offers.is_over(call, leg):
                messages += self._show(live, user, leg, now, offer=_offers_before(call, leg) + 1)
        for shown in self._shown.of_call(call.id):
            # The phone changed hands while it rang (the latest sign-in wins), or it forwards the call.
            if shown.pop.user not in legs and shown.visible and not shown.waits_for_save:
                messages.append(self._retract(shown, offers.reason_without_leg(call, shown.pop.user)))
        return messages

    def _show(self, live: LiveCall, user: str, leg: CallLeg, now: float, *, offer: int) -> list[PopMessage]:
        pop = self._render(live, leg, user=user, offer=offer, phase=offers.phase_of(live.call, leg))
        before = self._shown.get(pop.pop_id)
        wrapped = before.pop if before is not None and before.waits_for_save else None
        self._shown.add(ShownPop(pop, live, leg.leg_id, now, wrapped=wrapped))
        return [PopMessage(user, "pop.show", pop.to_json())]

    def _drop(self, call: Call) -> list[PopMessage]:
        """A consultation became part of the customer's call: what it showed gives way to the customer's card."""
        shown_on = [shown for shown in self._shown.of_call(call.id) if shown.visible]
        messages = [self._retract(shown, RetractReason.TRANSFERRED) for shown in shown_on]
        self._shown.finish(call.id)
        return messages

    def _change(self, shown: ShownPop, leg: CallLeg, now: float, winner: CallLeg | None) -> list[PopMessage]:
        call = shown.live.call
        if leg.leg_id != shown.leg_id:
            # Somebody who picks their own ringing call up at another phone was not offered it again.
            same_offer = leg.rang_at is None and shown.visible and not shown.waits_for_save
            if not offers.is_over(call, leg) and not same_offer:
                return self._show(shown.live, shown.pop.user, leg, now, offer=shown.pop.offer + 1)
            shown.leg_id = leg.leg_id
        if not shown.visible:
            return []
        if shown.waits_for_save:
            return self._refresh_one(shown)
        if offers.is_over(call, leg):
            return self._end(shown, leg, now, winner)
        if offers.is_lost(call, leg):
            return []
        return self._update(shown, self._render_again(shown, leg, offers.phase_of(call, leg)))

    def _end(self, shown: ShownPop, leg: CallLeg, now: float, winner: CallLeg | None) -> list[PopMessage]:
        if offers.has_talked(shown.live.call, leg):
            return self._wrap_up(shown, self._render_again(shown, leg, PopPhase.WRAP_UP), now)
        if shown.wrapped is not None:
            return self._wrap_up(shown, replace(shown.wrapped, offer=shown.pop.offer), now)
        reason = offers.retract_reason(shown.live.call, leg)
        if reason is None:
            return []
        if reason is RetractReason.ANSWERED_ELSEWHERE:
            winner = winner or offers.winner_of(shown.live.call, leg)
            return [self._retract(shown, reason, by=winner.agent if winner else None)]
        return [self._retract(shown, reason)]

    def _wrap_up(self, shown: ShownPop, pop: ScreenPop, now: float) -> list[PopMessage]:
        messages = self._update(shown, pop) + self._refresh_one(shown)
        if shown.save_asked:
            return [*messages, self._retract(shown, RetractReason.SAVED)]
        pushed_out = self._shown.wrapped_up(shown, now)
        return messages + [self._retract(other, RetractReason.DISMISSED) for other in pushed_out]

    # --- changing what is shown ---------------------------------------------------------------------------------------

    def _refresh(self, live: LiveCall) -> list[PopMessage]:
        shown_on = [shown for shown in self._shown.of_call(live.call.id) if shown.visible]
        return [message for shown in shown_on for message in self._refresh_one(shown)]

    def _refresh_one(self, shown: ShownPop) -> list[PopMessage]:
        """Caller, customers and note as known now; the rest stays as it was, which is how a finished talk is kept."""
        live, call = shown.live, shown.pop.call
        now: dict[str, Any] = {"remote": remote_of(live.call, self._parties(live), self._labels)}
        if live.note is not None:
            now |= {"note": live.note.text, "note_version": live.note.version, "disposition": live.note.disposition}
        match = self._match(live)
        if match == shown.pop.match and all(call[key] == value for key, value in now.items()):
            return []
        return self._update(shown, replace(shown.pop, call={**call, **now}, match=match))

    def _update(self, shown: ShownPop, pop: ScreenPop) -> list[PopMessage]:
        if pop == shown.pop:
            return []
        shown.pop = pop
        return [PopMessage(pop.user, "pop.update", pop.to_json())]

    def _retract(self, shown: ShownPop, reason: RetractReason, by: str | None = None) -> PopMessage:
        self._shown.hide(shown)
        pop = shown.pop
        data = {
            "pop_id": pop.pop_id,
            "offer": pop.offer,
            "call_id": shown.live.call.id,
            "reason": reason.value,
            "by": by,
        }
        return PopMessage(pop.user, "pop.retract", data)

    # --- the pop itself -----------------------------------------------------------------------------------------------

    def _render_again(self, shown: ShownPop, leg: CallLeg, phase: PopPhase) -> ScreenPop:
        return self._render(shown.live, leg, user=shown.pop.user, offer=shown.pop.offer, phase=phase)

    def _render(self, live: LiveCall, leg: CallLeg, *, user: str, offer: int, phase: PopPhase) -> ScreenPop:
        return ScreenPop(
            pop_id=pop_id_of(live.call.id, user),
            user=user,
            offer=offer,
            phase=phase,
            call=pop_call(live.call, leg, self._parties(live), self._labels, phase=phase, note=live.note),
            match=self._match(live),
        )

    def _parties(self, live: LiveCall) -> Parties:
        if live.parties is None:
            live.parties = self._describe(live.call)
        return live.parties

    def _match(self, live: LiveCall) -> CallerMatch | None:
        if live.call.direction is Direction.INTERNAL:
            return _INTERNAL
        parties = self._parties(live)
        if is_withheld(parties):
            return _WITHHELD
        if live.match is None and parties["remote"].get("number") is None:
            return _NOBODY  # nothing to look up
        return live.match


def _offers_before(call: Call, leg: CallLeg) -> int:
    """How often this call was offered to this agent before `leg`: only after our restart more than 0."""
    return sum(1 for other in call.legs[: leg.leg_id] if other.agent == leg.agent)
