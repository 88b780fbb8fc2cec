"""The ledger is written beside the work: no pop waits for it, and no entry is lost by a stop or by an absent database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crm_store.errors import InvalidInput, StoreUnavailable
from crm_store.ledger import LedgerEntry, LedgerFilter, LedgerKind
from crm_store.parties import PartyInput, PhoneInput
from ctiserver.ledger_service import LedgerService
from pbx.simulator import SimulatorServer
from screenpop.popper import PopMessage
from tests.ctiserver.small_office import CALLER, browser, office, other_process, ring, running, until
from tests.pbx.folding import RECORDINGS, fold

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Book:
    """A store that keeps what it is given; while it is away, whoever writes hears so."""

    def __init__(self) -> None:
        self.entries: list[LedgerEntry] = []
        self.away = False
        self.refuses = False
        self.tried = asyncio.Event()

    async def add_to_ledger(self, entries: Sequence[LedgerEntry]) -> None:
        self.tried.set()
        if self.away:
            raise StoreUnavailable("away")
        if self.refuses:
            raise InvalidInput("kind", "refused")
        self.entries += entries

    async def ledger(self, where: LedgerFilter, *, cursor: str | None, limit: int) -> Any:
        raise NotImplementedError


def service(book: Book, **changes: Any) -> LedgerService:
    sits = {"PJSIP/1009": "sofia", "PJSIP/1001": "eva"}
    return LedgerService(book, clock=lambda: NOW, account_at=sits.get, **changes)


def entry(kind: LedgerKind = LedgerKind.SEARCHED, user: str = "eva", **fields: Any) -> LedgerEntry:
    return LedgerEntry(kind=kind, at=NOW, user=user, **fields)


def note(call_id: str, user: str = "eva") -> LedgerEntry:
    return entry(LedgerKind.CHANGED, user, call_id=call_id, detail={"what": "note"})


def pop(kind: str, *customers: int, user: str = "eva") -> PopMessage:
    data = {"pop_id": f"A-{user}", "call": {"id": "A"}, "customers": [{"id": one} for one in customers]}
    return PopMessage(user, kind, data)


async def written(ledger: LedgerService, book: Book) -> list[LedgerEntry]:
    await ledger.close(within_s=5)
    return book.entries


async def test_entries_are_written_together_and_in_order() -> None:
    book = Book()
    ledger = service(book)
    for call_id in ("A", "B", "C"):
        ledger.add(entry(call_id=call_id))
    assert ledger.waiting == 3
    worker = asyncio.create_task(ledger.run())
    await ledger.flush()
    worker.cancel()
    assert [one.call_id for one in book.entries] == ["A", "B", "C"]
    assert ledger.waiting == 0


async def test_while_the_database_is_away_entries_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctiserver.ledger_service._RETRY_S", 0.01)
    book = Book()
    book.away = True
    ledger = service(book)
    worker = asyncio.create_task(ledger.run())
    ledger.add(entry(call_id="A"))
    await book.tried.wait()
    ledger.add(entry(call_id="B"))
    book.away = False
    await ledger.flush()
    worker.cancel()
    assert [one.call_id for one in book.entries] == ["A", "B"]


async def test_what_is_too_much_to_wait_is_counted() -> None:
    book = Book()
    ledger = service(book, most_waiting=2)
    for _ in range(5):
        ledger.add(entry())
    assert len(await written(ledger, book)) == 2
    assert ledger.lost == 3


async def test_entries_that_the_store_refuses_keep_no_later_ones_out() -> None:
    book = Book()
    ledger = service(book)
    book.refuses = True
    ledger.add(entry(call_id="A"))
    assert await written(ledger, book) == []
    book.refuses = False
    ledger.add(entry(call_id="B"))
    assert [one.call_id for one in await written(ledger, book)] == ["B"]


async def test_a_stop_does_not_wait_for_ever() -> None:
    book = Book()
    book.away = True
    ledger = service(book)
    ledger.add(entry())
    await ledger.close(within_s=0.01)
    assert ledger.waiting == 1


async def test_a_pop_with_cards_says_who_saw_which_by_which_call() -> None:
    book = Book()
    ledger = service(book)
    for message in (pop("pop.show"), pop("pop.update", 5), pop("pop.update", 5), pop("pop.show", 5, user="jan")):
        ledger.pop(message)
    ledger.pop(PopMessage("eva", "pop.retract", {"pop_id": "A-eva"}))
    ledger.pop(pop("pop.show", 5))
    found = await written(ledger, book)
    assert [(one.kind.value, one.user, one.customer_id, one.call_id) for one in found] == [
        ("card_shown", "eva", 5, "A"),
        ("card_shown", "jan", 5, "A"),
        ("card_shown", "eva", 5, "A"),
    ]


async def test_a_note_counts_once_until_its_writer_writes_elsewhere() -> None:
    book = Book()
    ledger = service(book)
    for one in (note("A"), note("A"), note("A", "jan"), note("B"), note("A")):
        ledger.add(one)
    found = await written(ledger, book)
    assert [(one.user, one.call_id) for one in found] == [("eva", "A"), ("jan", "A"), ("eva", "B"), ("eva", "A")]


async def test_who_listens_in_on_whom() -> None:
    book = Book()
    ledger = service(book)
    folded = fold((RECORDINGS / "asterisk22" / "spied_on.ami").read_bytes())
    for event in folded.told:
        ledger.apply(event)
    (found,) = await written(ledger, book)
    (call,) = folded.calls
    assert (found.kind, found.user, found.call_id) == (LedgerKind.LISTENED, "sofia", call)
    assert found.detail == {"by": "PJSIP/1009", "on": "PJSIP/1001"}


async def test_a_stop_of_the_service_loses_no_entry(tmp_path: Path) -> None:
    async with SimulatorServer(office()) as pbx:
        async with running(pbx, tmp_path) as service, browser(service) as eva, eva.live() as socket:
            jan = PartyInput(name="Ján", phones=(PhoneInput(raw=CALLER),))
            customer_id = (await service.store.create_party(jan, user="eva", now=NOW)).party.id
            await until(socket, "snapshot")
            ring(pbx)
            shown = await until(socket, "pop.show")
            assert [card["id"] for card in shown["customers"]] == [customer_id]
            assert (await eva.ask("GET", "/ledger"))[0] == 403
        store = await other_process(tmp_path)
        page = await store.ledger(LedgerFilter(customer_id=customer_id), cursor=None, limit=10)
        refused = await store.ledger(LedgerFilter(kind=LedgerKind.REFUSED), cursor=None, limit=10)
        await store.close()
    (found,) = page.items
    assert (found.kind, found.user, found.call_id) == (LedgerKind.CARD_SHOWN, "eva", shown["call"]["id"])
    assert [one.user for one in refused.items] == ["eva"]
