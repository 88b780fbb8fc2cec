"""`db`, `user`, `token` and `import customers` on a real SQLite file."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from crm_store.ledger import LedgerFilter
from crm_store.passwords import verify_password
from tests.ctiserver.cli_run import Outcome, in_store, run

PASSWORD = "three blind mice"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CTI_CONFIG", raising=False)
    (tmp_path / "ctiserver.toml").write_text("[pbx.main]\nsecret = 'hush'\n")
    return tmp_path


# --- db ---------------------------------------------------------------------------------------------------------------


def test_upgrade_makes_folder_and_database_for_the_owner_only(folder: Path) -> None:
    done = run("db", "upgrade", "--json")
    assert done.code == 0
    assert done.json["before"] is None
    assert (folder / "var").stat().st_mode & 0o077 == 0
    assert (folder / "var" / "cti.db").stat().st_mode & 0o077 == 0


def test_changes_of_accounts_stand_in_the_ledger_without_secrets() -> None:
    run("user", "add", "eva", "--role", "agent", "--password-stdin", stdin=PASSWORD)
    run("user", "passwd", "eva", "--password-stdin", stdin=PASSWORD + " again")
    token = run("token", "add", "--user", "eva", "--scope", "crm.read").out.strip()
    entries = in_store(lambda store: store.ledger(LedgerFilter(), cursor=None, limit=10)).items
    assert [(one.kind.value, one.user, one.detail["account"], one.detail["what"]) for one in entries] == [
        ("account_changed", None, "eva", what) for what in ("token", "password", "added")
    ]
    assert [secret for secret in (PASSWORD, token) if secret in repr(entries)] == []


def test_upgrade_again_changes_nothing() -> None:
    first = run("db", "upgrade", "--json").json["current"]
    assert run("db", "upgrade", "--json").json == {"before": first, "current": first}
    assert "already" in run("db", "upgrade").out


def test_current_fails_until_the_schema_is_there() -> None:
    run("db", "upgrade")
    assert run("db", "current", "--json").json["ok"] is True
    Path("var/cti.db").unlink()
    missing = run("db", "current")
    assert missing.code == 1
    assert "ctiserver db upgrade" in missing.err


def test_a_backup_is_a_database_of_its_own() -> None:
    run("db", "upgrade")
    run("user", "add", "eva", "--role", "agent", "--password-stdin", stdin=PASSWORD + "\n")
    done = run("db", "backup", "copy.db", "--json")
    assert done.code == 0
    with sqlite3.connect("copy.db") as copy:
        assert copy.execute("select count(*) from accounts").fetchone() == (1,)
    copy.close()


def test_a_backup_does_not_overwrite() -> None:
    run("db", "upgrade")
    Path("copy.db").write_text("mine")
    failed = run("db", "backup", "copy.db")
    assert failed.code == 1
    assert "exists already" in failed.err
    assert Path("copy.db").read_text() == "mine"


def test_a_database_in_an_impossible_place_is_a_sentence(folder: Path) -> None:
    (folder / "ctiserver.toml").write_text("[database]\nurl = 'sqlite:///ctiserver.toml/cti.db'\n")
    failed = run("db", "upgrade")
    assert failed.code == 1
    assert "cannot be made" in failed.err


def test_a_file_that_is_no_database_is_a_sentence(folder: Path) -> None:
    (folder / "var").mkdir()
    (folder / "var" / "cti.db").write_text("this is no database, but long enough to be looked at " * 50)
    failed = run("user", "list")
    assert failed.code == 1
    assert "Traceback" not in failed.err


# --- user and token ---------------------------------------------------------------------------------------------------


def add_eva(*more: str) -> Outcome:
    return run("user", "add", "eva", "--role", "agent", *more, "--password-stdin", stdin=PASSWORD + "\n")


def test_an_agent_with_two_phones() -> None:
    done = add_eva("--endpoint", "PJSIP/1001", "--endpoint", "PJSIP/991001", "--extension", "1001",
                   "--display-name", "Eva Malá")  # fmt: skip
    assert done.code == 0
    account = in_store(lambda store: store.account("eva"))
    assert (account.endpoints, account.extension) == (("PJSIP/1001", "PJSIP/991001"), "1001")
    assert (account.display_name, account.role, account.active) == ("Eva Malá", "agent", True)
    assert verify_password(PASSWORD, account.password_hash)


def test_the_password_is_nowhere_in_the_output_or_the_file() -> None:
    done = add_eva("--json")
    assert PASSWORD not in done.out + done.err
    assert PASSWORD.encode() not in Path("var/cti.db").read_bytes()


def test_an_account_is_not_added_twice() -> None:
    add_eva()
    again = add_eva()
    assert again.code == 1
    assert "user passwd" in again.err


@pytest.mark.parametrize(
    ("name", "options", "stdin", "words"),
    [
        ("eva", [], "short\n", "at least 8 characters"),
        ("eva", [], "password123\n", "first that anybody would try"),
        ("e v a", [], PASSWORD, "a-z, 0-9"),
        ("eva", ["--endpoint", "1001"], PASSWORD, "a channel like PJSIP/1001"),
        ("eva", ["--endpoint", "PJSIP/1001&PJSIP/0900"], PASSWORD, "a channel like PJSIP/1001"),
        ("eva", ["--extension", "10 01"], PASSWORD, "an internal number"),
        ("eva", ["--role", "boss"], PASSWORD, "boss"),
    ],
)
def test_a_bad_account_is_refused(name: str, options: list[str], stdin: str, words: str) -> None:
    failed = run("user", "add", name, "--role", "agent", *options, "--password-stdin", stdin=stdin)
    assert failed.code == 2
    assert words in failed.err


def test_without_terminal_the_password_comes_from_stdin_by_request_only() -> None:
    failed = run("user", "add", "eva", "--role", "agent", stdin=PASSWORD)
    assert failed.code == 2
    assert "--password-stdin" in failed.err


def test_accounts_are_listed() -> None:
    assert "no accounts" in run("user", "list").out
    add_eva("--endpoint", "PJSIP/1001", "--extension", "1001")
    assert run("user", "list", "--json").json["items"][0]["endpoints"] == ["PJSIP/1001"]
    assert run("user", "list").out.split() == ["eva", "agent", "1001", "PJSIP/1001"]


def test_a_new_password_replaces_the_old() -> None:
    add_eva()
    done = run("user", "passwd", "eva", "--password-stdin", stdin="four small birds\n")
    assert done.code == 0
    stored = in_store(lambda store: store.account("eva")).password_hash
    assert verify_password("four small birds", stored)
    assert not verify_password(PASSWORD, stored)


def test_nobody_has_no_password() -> None:
    run("db", "upgrade")
    failed = run("user", "passwd", "nobody", "--password-stdin", stdin=PASSWORD)
    assert failed.code == 1
    assert "Traceback" not in failed.err


def test_a_token_is_printed_once_and_kept_as_a_hash() -> None:
    add_eva()
    done = run("token", "add", "--user", "eva", "--scope", "calls.read", "--scope", "crm.read")
    token = done.out.strip()
    kept = in_store(lambda store: store.token(hashlib.sha256(token.encode()).hexdigest()))
    assert kept is not None
    assert (kept.user, kept.scopes) == ("eva", ("calls.read", "crm.read"))
    assert token.encode() not in Path("var/cti.db").read_bytes()


def test_a_token_without_scopes_may_all_but_administer() -> None:
    add_eva()
    scopes = run("token", "add", "--user", "eva", "--json").json["scopes"]
    assert scopes == ["calls.read", "calls.dial", "crm.read", "crm.write", "queues.read"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--user", "eva", "--scope", "everything"], 2, "calls.read"),
        (["--user", "nobody", "--scope", "calls.read"], 1, "nobody"),
    ],
)
def test_a_bad_token_is_refused(options: list[str], code: int, words: str) -> None:
    add_eva()
    failed = run("token", "add", *options)
    assert failed.code == code
    assert words in failed.err


# --- import -----------------------------------------------------------------------------------------------------------


def csv_file(text: str, encoding: str = "utf-8") -> Path:
    file = Path("customers.csv")
    file.write_text(text, encoding=encoding)
    return file


def imported(text: str, *options: str) -> dict[str, Any]:
    done = run("import", "customers", csv_file(text), *options, "--json")
    assert done.code == 0, done.err
    found: dict[str, Any] = done.json
    return found


def numbers_of(name: str) -> set[str]:
    page = in_store(lambda store: store.parties(name, kind=None, cursor=None, limit=10))
    return {phone.number for party in page.items for phone in party.phones}


def test_customers_are_created_and_found_by_number() -> None:
    report = imported("name;phone;external_id\nJán Kováč;0905 123 456;C-1\nEva Malá;+420777123456;C-2\n")
    assert (report["created"], report["updated"], report["rejected"]) == (2, 0, [])
    assert numbers_of("Kováč") == {"+421905123456"}


def test_the_external_id_finds_a_customer_again() -> None:
    imported("name,phone,external_id\nJán Kováč,0905123456,C-1\n")
    report = imported("name,phone,external_id\nJán Kováč ml.,0905123457,C-1\n")
    assert (report["created"], report["updated"]) == (0, 1)
    assert numbers_of("Kováč ml.") == {"+421905123457"}


def test_name_and_number_find_a_customer_again_and_keep_other_numbers() -> None:
    imported("name,phone,phone2\nJán Kováč,0905123456,0905123457\n")
    report = imported("name,phone,note\nján  kováč,+421905123456,VIP\n")
    assert (report["created"], report["updated"]) == (0, 1)
    assert numbers_of("Kováč") == {"+421905123456", "+421905123457"}


def test_another_name_at_the_same_number_is_another_customer() -> None:
    imported("name,phone\nJán Kováč,0905123456\n")
    assert imported("name,phone\nEva Kováčová,0905123456\n")["created"] == 1


def test_rejects_are_told_with_their_lines_and_keep_nobody_out() -> None:
    report = imported("name,phone\nEva,abc\nJán,0905123456\nIvo,0905123457,surplus\n")
    assert (report["created"], [reject["line"] for reject in report["rejected"]]) == (1, [2, 4])
    shown = run("import", "customers", "customers.csv").out
    assert "line 2: phone: 'abc' is not a telephone number." in shown
    assert "0 created, 1 updated, 2 rejected." in shown


def test_what_the_store_refuses_is_a_reject_too() -> None:
    report = imported(f"name,phone\n{'x' * 5000},0905123456\nJán,0905123457\n")
    assert (report["created"], [reject["line"] for reject in report["rejected"]]) == (1, [2])


def test_a_dry_run_says_what_would_happen_and_changes_nothing() -> None:
    imported("name,phone,external_id\nJán,0905123456,C-1\n")
    text = (
        "name,phone,external_id\nJán,0905123456,C-1\nEva,0905123457,C-2\nEva,0905123458,C-2\nIvo,0905123459,\nX,abc,\n"
    )
    report = imported(text, "--dry-run")
    assert (report["created"], report["updated"], len(report["rejected"]), report["dry_run"]) == (2, 2, 1, True)
    assert numbers_of("Eva") == set()
    again = imported(text)
    assert (again["created"], again["updated"]) == (2, 2)


def test_the_region_is_for_numbers_without_a_country() -> None:
    imported("name,phone\nJiří,777123456\n", "--region", "CZ")
    assert numbers_of("Jiří") == {"+420777123456"}


def test_the_encoding_may_be_said() -> None:
    file = csv_file("name;phone\nŠťastný;0905123456\n", encoding="cp1250")
    assert run("import", "customers", file).code == 2
    assert run("import", "customers", file, "--encoding", "cp1250").code == 0
    assert numbers_of("Šťastný") == {"+421905123456"}


@pytest.mark.parametrize(
    ("text", "options", "code", "words"),
    [
        ("shoe size\n38\n", [], 2, "names no column that we know"),
        ("name,phone\nEva,abc\n", [], 1, "Nothing was imported"),
        ("name\nEva\n", ["--region", "Slovakia"], 2, "two capital letters"),
        ("name\nEva\n", ["--encoding", "klingon"], 2, "no encoding klingon"),
    ],
)
def test_a_file_that_cannot_be_imported(text: str, options: list[str], code: int, words: str) -> None:
    failed = run("import", "customers", csv_file(text), *options)
    assert failed.code == code
    assert words in failed.err


def test_a_missing_file_is_a_sentence() -> None:
    failed = run("import", "customers", "nowhere.csv")
    assert failed.code == 2
    assert "nowhere.csv" in failed.err


def test_columns_that_mean_nothing_are_named() -> None:
    done = run("import", "customers", csv_file("name,shoe size\nEva,38\n"))
    assert "shoe size" in done.err
