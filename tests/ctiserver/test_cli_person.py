"""`person export` and `person erase`: afterwards not one byte of the person is in the database or in a journal."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import orjson
import pytest

from crm_store.ledger import LedgerEntry, LedgerFilter, LedgerKind
from crm_store.parties import PartyInput
from crm_store.sql import SqlStore
from crm_store.tasks import LostCall, TaskInput
from pbx.simulator import SimulatorServer
from tests.contracts.examples import EVA, JAN, NOW, call, customer, leg, remote
from tests.ctiserver.cli_run import in_store, run
from tests.ctiserver.small_office import browser, office, ring, running, until

#: What nobody may find afterwards. "Xq…" are long words, so that no other text has three of their letters in a row.
SECRETS = (
    "Xqzjwv Kwxyzq",
    "905123456",
    "905 123 456",
    "xqzjwv@example.com",
    "zxqv note",
    "zxqv task",
    "zxqv visit",
    "qxzvtag",
)
JOURNAL = (
    b"Asterisk Call Manager/9.0.0\r\nEvent: Newchannel\r\nCallerIDNum: 0905123456\r\nCallerIDName: Xqzjwv Kwxyzq\r\n\r\n"
    b"Event: DialBegin\r\nConnectedLineNum: +421905123456\r\nDestCallerIDName: XQZJWV KWXYZQ\r\n\r\n"
    b"Event: Newchannel\r\nCallerIDNum: 0905999888\r\nCallerIDName: Eva\r\n\r\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CTI_CONFIG", raising=False)
    (tmp_path / "ctiserver.toml").write_text("[pbx.main]\nsecret = 'hush'\n")
    journal = tmp_path / "var" / "journal"
    journal.mkdir(parents=True)
    (journal / "main-2026-11-21-0001.ami").write_bytes(JOURNAL)
    run("db", "upgrade")
    return tmp_path


async def fill(store: SqlStore) -> int:
    """A person in every table, changed now and then, so that older versions of rows were left in the file."""
    jan = await customer(store, "Xqzjwv", JAN, emails=("xqzjwv@example.com",), note="zxqv note", tags=("qxzvtag",))
    eva = await customer(store, "Eva", EVA, note="knows Xqzjwv Kwxyzq, 0905 123 456")
    for name in ("Xqzjwv K.", "Xqzjwv Kwxyzq"):
        await store.update_party(jan, PartyInput(name=name), user="eva", now=NOW, version=None)
    person = remote(name="Xqzjwv Kwxyzq")
    await store.save_calls([call(f"A{number}", minute=number, remote=person) for number in range(50)], now=NOW)
    forwarded = call("E", remote=remote(EVA), legs=[{**leg("eva"), "via": JAN}], customer_id=eva)
    await store.save_calls([forwarded], now=NOW)
    for text in ("zxqv note, the first of them", "zxqv note"):
        await store.save_note("A1", text, user="eva", now=NOW)
    await store.add_activity(kind="visit", text="zxqv visit", customer_id=jan, user="eva", at=NOW)
    await store.create_task(TaskInput(title="zxqv task", customer_id=jan), user="eva", now=NOW)
    lost = LostCall(call_id="A2", customer_id=jan, number=JAN, queue=None, at=NOW, owner=None)
    await store.note_lost_call(lost, now=NOW)
    await store.add_to_ledger([LedgerEntry(kind=LedgerKind.CARD_OPENED, at=NOW, user="eva", customer_id=jan)])
    return jan


def bytes_of(folder: Path) -> bytes:
    """Everything in the files: database, its log, journals."""
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def found_in(folder: Path) -> list[str]:
    everything = bytes_of(folder / "var").lower()
    return [secret for secret in SECRETS if secret.lower().encode() in everything]


def test_without_yes_it_says_what_there_is_and_erases_nothing(folder: Path) -> None:
    jan = in_store(fill)
    before = bytes_of(folder / "var" / "journal")
    told = run("person", "erase", str(jan), "--json").json
    assert told == {
        "erased": False, "customer_ids": [jan], "customers": 1, "calls": 50, "notes": 1, "tasks": 2, "activities": 1,
        "mentions": 2, "journal": 4, "shared_numbers": 0,
    }  # fmt: skip
    assert "again with --yes" in run("person", "erase", JAN).out
    assert bytes_of(folder / "var" / "journal") == before
    assert in_store(lambda store: store.party(jan)).name == "Xqzjwv Kwxyzq"


@pytest.mark.parametrize("asked", ["ID", "#ID", "0905 123 456", "+421905123456"])
def test_not_one_byte_of_an_erased_person_is_left(folder: Path, asked: str) -> None:
    jan = in_store(fill)
    assert found_in(folder) == list(SECRETS)
    counted = run("person", "erase", jan, "--json").json
    told = run("person", "erase", asked.replace("ID", str(jan)), "--yes", "--json")
    assert (told.code, told.json) == (0, {**counted, "erased": True})
    assert found_in(folder) == []
    assert b"0905999888" in bytes_of(folder / "var" / "journal")
    # In the index of fragments, too: it has pieces of three letters.
    assert b"xqzjwv" not in bytes_of(folder / "var").lower()


def test_everything_else_stays(folder: Path) -> None:
    jan = in_store(fill)
    run("person", "erase", jan, "--yes")
    assert "no customer" in run("person", "erase", jan, "--yes").err

    async def look(store: SqlStore) -> tuple[str, str | None, list[str]]:
        parties = await store.parties("Eva", kind=None, cursor=None, limit=5)
        entries = await store.ledger(LedgerFilter(customer_id=jan), cursor=None, limit=5)
        record = await store.call("A1")
        assert record["talk_s"] == 8.5
        return parties.items[0].note, record["note"], [one.kind.value for one in entries.items]

    assert in_store(look) == ("knows [erased], [erased]", None, ["person_erased", "card_opened"])


def test_the_file_of_a_person_is_for_the_owner_only_and_has_everything(folder: Path) -> None:
    jan = in_store(fill)
    done = run("person", "export", JAN, "--output", "jan.json")
    assert done.code == 0
    assert stat.S_IMODE((folder / "jan.json").stat().st_mode) == 0o600
    text = (folder / "jan.json").read_text(encoding="utf-8")
    assert [secret for secret in SECRETS if secret not in text and secret != "905 123 456"] == []
    told = orjson.loads(text)
    assert (told["names"], told["numbers"], len(told["calls"])) == (
        ["Xqzjwv Kwxyzq", "xqzjwv@example.com"],
        [JAN],
        50,
    )
    assert [one["message"].splitlines()[0] for one in told["journal"]][1:] == ["Event: DialBegin"]
    assert "Eva" not in "".join(one["message"] for one in told["journal"])
    entries = in_store(lambda store: store.ledger(LedgerFilter(customer_id=jan), cursor=None, limit=5)).items
    assert (entries[0].kind, entries[0].detail) == (LedgerKind.PERSON_EXPORTED, {"calls": 50, "journal": 2})


def test_a_file_is_never_overwritten(folder: Path) -> None:
    in_store(fill)
    (folder / "jan.json").write_text("mine")
    refused = run("person", "export", JAN, "--output", "jan.json")
    assert (refused.code, (folder / "jan.json").read_text()) == (1, "mine")


def test_without_a_file_it_is_printed(folder: Path) -> None:
    in_store(fill)
    assert orjson.loads(run("person", "export", JAN).out)["numbers"] == [JAN]


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ("77", 1, "no customer 77"),
        ("+421900000000", 1, "Nothing is stored"),
        ("nobody", 2, "give a number"),
        ("*7", 1, "Nothing is stored"),
    ],
)
def test_nobody_is_a_sentence(asked: str, code: int, said: str) -> None:
    for command in ("export", "erase"):
        refused = run("person", command, asked)
        assert refused.code == code
        assert said in refused.err


def test_who_is_in_a_call_is_erased_afterwards(folder: Path) -> None:
    async def talking(store: SqlStore) -> None:
        await store.save_calls([call("A", state="talking", ended_at=None, outcome=None)], now=NOW)

    in_store(talking)
    refused = run("person", "erase", JAN, "--yes")
    assert refused.code == 1
    assert "is running" in refused.err
    assert b"0905123456" in bytes_of(folder / "var" / "journal")


async def test_it_works_beside_a_running_service(folder: Path, tmp_path: Path) -> None:
    async with SimulatorServer(office()) as pbx, running(pbx, tmp_path) as service:
        (tmp_path / "ctiserver.toml").write_text(
            f"[pbx.main]\nsecret = 'hush'\n[database]\nurl = 'sqlite:///{tmp_path / 'cti.db'}'\n"
        )
        await customer(service.store, "Xqzjwv Kwxyzq", EVA, note="zxqv note")
        told = await asyncio.to_thread(run, "person", "erase", EVA, "--yes", "--json")
        assert told.code == 0, told.err
        everything = bytes_of(tmp_path).lower()
        assert [word for word in (b"xqzjwv", b"zxqv", b"905999888") if word in everything] == []
        async with browser(service) as eva, eva.live() as socket:
            await until(socket, "snapshot")
            ring(pbx)
            assert (await until(socket, "pop.show"))["customers"] == []
