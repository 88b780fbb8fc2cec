"""Screen-pops at work: looks callers up once for each call, tells the screens, takes their receipts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, NamedTuple

import structlog

from crm_store.access import Principal
from crm_store.activities import CallNote, DismissedPop
from crm_store.call_log import CallNumbering, remote_number
from crm_store.caller_lookup import CallerMatch, MatchKind, MatchReason
from crm_store.errors import StoreError
from crm_store.phone_numbers import PhoneNumber
from crm_store.store import CrmStore
from pbx.call_events import CallDropped, CallEnded, CallEvent
from pbx.calls import Call, Direction
from screenpop import topics
from screenpop.broker import Broker
from screenpop.popper import NotPainted, PopMessage, Popper
from screenpop.screen_pop import PopNote

logger = structlog.get_logger(__name__)

#: A pop waits so long for its card; then the bare number is shown and the card follows.
CARD_BUDGET_S = 0.15
#: A look-up that takes longer is given up for now: the pop shows the bare number, the record is matched when written.
LOOKUP_TIMEOUT_S = 2.0
TICK_S = 0.5
#: So long after a look-up that was given up the next one is tried, for as long as the call lives.
LOOKUP_RETRY_S = 5.0


class _Asked(NamedTuple):
    """Who was looked up: the caller as the PBX tells it, and the number that makes."""

    caller: tuple[str | None, bool, Direction]
    number: str | None


class PopService:
    """Follows call events; the API's and the push socket's door to the pops."""

    def __init__(
        self,
        popper: Popper,
        broker: Broker,
        store: CrmStore,
        numbering: Mapping[str, CallNumbering],
        *,
        on_match: Callable[[str, CallerMatch], None],
        on_unpainted: Callable[[str, str | None], None],
        on_published: Callable[[PopMessage], None] = lambda message: None,
        clicked_customer: Callable[[str], int | None] = lambda channel_id: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._popper = popper
        self._broker = broker
        self._store = store
        self._numbering = numbering
        self._on_match = on_match
        self._on_unpainted = on_unpainted
        self._on_published = on_published
        self._clicked_customer = clicked_customer
        self._clock = clock
        # What was looked up for each living call: a changed number is looked up again.
        self._asked: dict[str, _Asked] = {}
        # Calls whose look-up was given up, and when it is tried again: a talk may have no further event that would.
        self._given_up: dict[str, tuple[float, Call]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # Events of calls whose card is being read.
        self._held: dict[str, list[CallEvent]] = {}
        self.painted_s: list[float] = []

    def held(self) -> dict[str, int]:
        """How many things are kept in memory, by kind."""
        return {
            **self._popper.held(),
            "lookups": len(self._asked) + len(self._given_up),
            "pop_events": sum(len(events) for events in self._held.values()),
            "pop_tasks": len(self._tasks),
        }

    # --- call events ---------------------------------------------------------------------------------------------------

    def apply(self, event: CallEvent) -> None:
        """Prepare the card at the first event, show it when a phone rings."""
        call: Call | None = getattr(event, "call", None)
        if call is None:
            return
        over = isinstance(event, CallEnded | CallDropped)
        if not over:
            self._look_up(call)
        held = self._held.get(call.id)
        if held is not None:
            held.append(event)
        else:
            self._publish(self._popper.apply(event, self._clock()))
        if over:
            self._asked.pop(call.id, None)
            self._given_up.pop(call.id, None)

    def _release(self, call_id: str, match: CallerMatch | None = None, number: str | None = None) -> None:
        """The card is there, or its time is up: tell what was held, with the card in it."""
        messages = [
            message for event in self._held.pop(call_id, ()) for message in self._popper.apply(event, self._clock())
        ]
        if match is not None:
            messages += self._popper.matched(call_id, match, number=number)
        self._publish(_merged(messages))

    def restore(self, calls: Iterable[Call], dismissed: Iterable[DismissedPop] = ()) -> None:
        """After our own restart: what rings and talks is on the screens again, unless the agent had closed it."""
        for call in calls:
            self._look_up(call)
        closed = {(one.call_id, one.user): one.leg for one in dismissed}
        self._publish(self._popper.restore(calls, self._clock(), closed))

    def _look_up(self, call: Call) -> None:
        if call.direction is Direction.INTERNAL:
            return
        caller = (call.remote_raw, call.remote_restricted, call.direction)
        asked = self._asked.get(call.id)
        if asked is not None and asked.caller == caller:
            return  # nearly every event of a call
        self._given_up.pop(call.id, None)
        number = remote_number(call, self._numbering[call.pbx])
        self._asked[call.id] = _Asked(caller, number.number)
        if asked is not None and asked.number == number.number:
            return
        loop = asyncio.get_running_loop()
        if call.id not in self._held:
            self._held[call.id] = []
            loop.call_later(CARD_BUDGET_S, self._release, call.id)
        clicked = self._clicked_customer(call.click_to_dial) if call.click_to_dial else None
        self._in_background(self._find(call, number, clicked))

    async def _find(self, call: Call, number: PhoneNumber, clicked: int | None) -> None:
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT_S):
                # Who was clicked is meant, whoever else has that number.
                match = await (self._store.find_caller(number) if clicked is None else self._known(clicked))
        except (StoreError, TimeoutError) as error:
            logger.warning("caller not looked up", call_id=call.id, reason=str(error) or "timeout")
            # The call's next event tries again, or the time does.
            if self._asked.pop(call.id, None) is not None:
                self._given_up[call.id] = (self._clock() + LOOKUP_RETRY_S, call)
            self._release(call.id)
            return
        asked = self._asked.get(call.id)
        if asked is None or asked.number != number.number:
            return
        self._on_match(call.id, match)
        self._release(call.id, match, number.number)

    async def _known(self, customer_id: int) -> CallerMatch:
        card = await self._store.card(customer_id)
        return CallerMatch(kind=MatchKind.ONE, reason=MatchReason.EXACT, cards=(card,))

    def _publish(self, messages: Iterable[PopMessage]) -> None:
        for message in messages:
            self._broker.publish(topics.pops(message.user), message.kind, message.data)
            self._on_published(message)
            if message.kind == "pop.retract" and not self._popper.unpainted(message.user):
                self._on_unpainted(message.user, None)

    # --- from the API --------------------------------------------------------------------------------------------------

    def has_pop(self, user: str, call_id: str) -> bool:
        """The call is on this user's screen."""
        return any(pop["call"]["id"] == call_id for pop in self._popper.snapshot(user))

    def saved(self, user: str, call_id: str) -> None:
        """The user finished this call's wrap-up."""
        self._publish(self._popper.saved(user, call_id))

    def note_changed(self, user: str, note: CallNote) -> None:
        """Every screen that shows the call gets the text."""
        self._publish(
            self._popper.noted(
                note.call_id, PopNote(text=note.text, disposition=note.disposition, version=note.version)
            )
        )

    def customer_changed(self, call_id: str, customer_id: int | None) -> None:
        """Somebody said who is calling: the card follows."""
        self._in_background(self._show_customer(call_id, customer_id))

    async def _show_customer(self, call_id: str, customer_id: int | None) -> None:
        match = CallerMatch(kind=MatchKind.NONE, reason=None, cards=())
        if customer_id is not None:
            try:
                match = await self._known(customer_id)
            except StoreError as error:
                logger.warning("card not read", call_id=call_id, reason=str(error))
                return
        self._publish(self._popper.matched(call_id, match))

    # --- from the push socket ------------------------------------------------------------------------------------------

    def snapshot(self, user: str) -> list[dict[str, Any]]:
        """The pops on this user's screens."""
        return self._popper.snapshot(user)

    def painted(self, user: Principal, pop_id: str) -> None:
        """Receipt from the browser."""
        seconds = self._popper.painted(user.name, pop_id, self._clock())
        if seconds is not None:
            self.painted_s.append(seconds)
            del self.painted_s[:-1000]
        if not self._popper.unpainted(user.name):
            self._on_unpainted(user.name, None)

    def dismiss(self, user: Principal, pop_id: str) -> None:
        """The agent closed the pop."""
        leg = self._popper.leg_in_hand(user.name, pop_id)
        self._publish(self._popper.dismiss(user.name, pop_id))
        if leg is not None:
            self._in_background(self._keep_dismissal(DismissedPop(call_id=leg[0], user=user.name, leg=leg[1])))

    async def _keep_dismissal(self, pop: DismissedPop) -> None:
        try:
            await self._store.dismiss_pop(pop)
        except StoreError as error:
            logger.warning("dismissed pop comes back after a restart", call_id=pop.call_id, reason=str(error))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- time ----------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled: pops nobody painted, wrap-ups whose hour is over, look-ups to try again."""
        while True:
            await asyncio.sleep(TICK_S)
            self.retry_lookups()
            for item in self._popper.tick(self._clock()):
                if isinstance(item, NotPainted):
                    logger.info("pop not painted in time", user=item.user, call_id=item.call_id)
                    self._on_unpainted(item.user, item.call_id)
                else:
                    self._publish([item])

    def retry_lookups(self) -> None:
        """Ask once more for the callers whose look-up was given up long enough ago."""
        now = self._clock()
        for call in [call for at, call in self._given_up.values() if at <= now]:
            self._look_up(call)


def _merged(messages: list[PopMessage]) -> list[PopMessage]:
    """A pop that is shown and changed in one breath is shown as it is then."""
    shown: dict[str, int] = {}
    merged: list[PopMessage] = []
    for message in messages:
        pop_id = message.data["pop_id"]
        if message.kind == "pop.update" and pop_id in shown:
            merged[shown[pop_id]] = PopMessage(message.user, "pop.show", message.data)
            continue
        shown.pop(pop_id, None)
        if message.kind == "pop.show":
            shown[pop_id] = len(merged)
        merged.append(message)
    return merged
