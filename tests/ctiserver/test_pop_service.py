"""Looking callers up for their pops: a store that is away for a while costs the card only for that while."""

import asyncio
from typing import Any

import pytest

from crm_store.call_log import CallNumbering, call_parties
from crm_store.caller_lookup import CallerMatch, MatchKind, MatchReason
from crm_store.errors import StoreUnavailable
from crm_store.phone_numbers import NumberProfile
from ctiserver.pop_service import LOOKUP_RETRY_S, PopService
from screenpop.popper import Popper
from tests.screenpop.phone_calls import PhoneCall

CARD = {"id": 5, "name": "Ján Kováč", "phones": []}
ONE = CallerMatch(kind=MatchKind.ONE, reason=MatchReason.EXACT, cards=(CARD,))
PROFILE = NumberProfile(region="SK")


class Store:
    """Knows everybody, when it is there."""

    def __init__(self) -> None:
        self.away = False
        self.asked = 0

    async def find_caller(self, _number: Any) -> CallerMatch:
        self.asked += 1
        if self.away:
            raise StoreUnavailable("away")
        return ONE


class Screens:
    """What was published to whom."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def publish(self, _topic: str, kind: str, data: dict[str, Any]) -> None:
        self.told.append((kind, data))

    def customers(self) -> list[list[int]]:
        return [[card["id"] for card in data["customers"]] for _, data in self.told]


class Desk:
    def __init__(self) -> None:
        self.now = 1_795_300_000.0
        self.store, self.screens = Store(), Screens()
        numbering = {"main": CallNumbering(incoming=PROFILE, own=PROFILE)}
        popper = Popper(lambda call: call_parties(call, numbering[call.pbx]))
        self.pops = PopService(
            popper,
            self.screens,  # type: ignore[arg-type]
            self.store,  # type: ignore[arg-type]
            numbering,
            on_match=lambda call_id, match: None,
            on_unpainted=lambda user, call_id: None,
            clock=lambda: self.now,
        )

    async def settled(self) -> None:
        """Every look-up has been answered."""
        while self.pops.held()["pop_tasks"]:  # noqa: ASYNC110 - the store answers at once
            await asyncio.sleep(0)


@pytest.fixture
async def desk() -> Desk:
    return Desk()


async def restored_talk(desk: Desk) -> PhoneCall:
    """After our restart a talk goes on, of which nothing is told until it ends; the store does not answer."""
    call = PhoneCall()
    for event in (call.starts(), call.rings("eva"), call.answers("eva")):
        assert event
    desk.store.away = True
    desk.pops.restore([call.call])
    await desk.settled()
    assert desk.screens.customers() == [[]]
    return call


async def test_a_talk_without_events_gets_its_card_when_the_store_is_back(desk: Desk) -> None:
    await restored_talk(desk)
    desk.store.away = False
    desk.now += LOOKUP_RETRY_S
    desk.pops.retry_lookups()
    await desk.settled()
    assert desk.screens.customers() == [[], [5]]
    desk.now += LOOKUP_RETRY_S
    desk.pops.retry_lookups()
    await desk.settled()
    assert desk.store.asked == 2


async def test_while_the_store_is_away_it_is_asked_now_and_then(desk: Desk) -> None:
    await restored_talk(desk)
    for _ in range(10):
        desk.now += LOOKUP_RETRY_S / 5
        desk.pops.retry_lookups()
        await desk.settled()
    assert desk.store.asked == 3


async def test_nobody_asks_for_a_call_that_is_over(desk: Desk) -> None:
    call = await restored_talk(desk)
    desk.pops.apply(call.ends())
    desk.now += LOOKUP_RETRY_S
    desk.pops.retry_lookups()
    await desk.settled()
    assert desk.store.asked == 1
