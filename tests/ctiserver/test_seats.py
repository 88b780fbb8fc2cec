"""Whose phone is it: accounts' own endpoints, and whoever signed in there last."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crm_store.accounts import Account, Role, Session
from ctiserver.seats import Seats, seats
from web.queue_board import QueueBoard

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def account(name: str, *endpoints: str, extension: str | None = None, active: bool = True) -> Account:
    return Account(
        name=name,
        display_name=name,
        role=Role.AGENT,
        endpoints=endpoints,
        extension=extension,
        language=None,
        password_hash=None,
        active=active,
    )


def session(user: str, phone: str | None, minute: int) -> Session:
    at = NOON + timedelta(minutes=minute)
    return Session(
        token_hash=user,
        user=user,
        phone=phone,
        csrf="x",
        created_at=at,
        last_seen_at=at,
        expires_at=at + timedelta(hours=8),
    )


def test_a_phone_belongs_to_its_account() -> None:
    owners, extensions = seats([account("eva", "PJSIP/1001", "PJSIP/991001", extension="1001")], [])
    assert owners == {"PJSIP/1001": "eva", "PJSIP/991001": "eva"}
    assert extensions == {"PJSIP/1001": "1001", "PJSIP/991001": "1001"}


def test_the_latest_sign_in_at_a_phone_wins() -> None:
    accounts = [account("eva", "PJSIP/1001"), account("jan", "PJSIP/1002"), account("rut")]
    owners, _ = seats(
        accounts, [session("rut", "PJSIP/1001", 5), session("jan", "PJSIP/1001", 3), session("eva", None, 9)]
    )
    assert owners == {"PJSIP/1001": "rut", "PJSIP/1002": "jan"}


def test_disabled_accounts_sit_nowhere() -> None:
    accounts = [account("eva", "PJSIP/1001", active=False), account("jan", "PJSIP/1001")]
    owners, _ = seats(accounts, [session("eva", "PJSIP/1001", 1)])
    assert owners == {"PJSIP/1001": "jan"}


# --- what changed ---------------------------------------------------------------------------------------------------------


class Kept:
    """A store of two accounts, each signed in once."""

    def __init__(self) -> None:
        self.people = {name: account(name, f"PJSIP/{name}") for name in ("eva", "jan")}
        self.signed_in = [session("eva", None, 1), session("jan", None, 2)]

    async def accounts(self) -> list[Account]:
        return list(self.people.values())

    async def live_sessions(self, *, now: datetime) -> list[Session]:
        return self.signed_in


class Phones:
    """A PBX state that counts how often it is told whose phones are whose."""

    def __init__(self) -> None:
        self.told = 0

    def set_owners(self, owners: dict[str, str], extensions: dict[str, str]) -> None:
        self.told += 1


@pytest.mark.parametrize(
    "change",
    [
        {"role": Role.SUPERVISOR},
        {"password_hash": "another"},
        {"endpoints": ("PJSIP/1009",)},
        {"active": False},
        {"extension": "1009"},
    ],
)
async def test_an_account_that_is_not_what_it_was_is_named(change: dict[str, object]) -> None:
    kept, changed = Kept(), list[str]()
    people = Seats(kept, [], QueueBoard(), {}, lambda: NOON, on_changed=changed.append)  # type: ignore[arg-type]
    await people.reload()
    await people.reload()
    assert changed == []
    kept.people["eva"] = replace(kept.people["eva"], **change)  # type: ignore[arg-type]
    await people.reload()
    assert changed == ["eva"]


async def test_who_is_gone_or_lost_a_sign_in_is_named_a_new_sign_in_is_not() -> None:
    kept, changed = Kept(), list[str]()
    people = Seats(kept, [], QueueBoard(), {}, lambda: NOON, on_changed=changed.append)  # type: ignore[arg-type]
    await people.reload()
    kept.signed_in.append(replace(session("eva", None, 3), token_hash="second"))
    await people.reload()
    assert changed == []
    kept.signed_in = kept.signed_in[1:]
    await people.reload()
    assert changed == ["eva"]
    del kept.people["jan"]
    await people.reload()
    assert changed == ["eva", "jan"]


async def test_the_telephone_systems_are_told_only_when_a_phone_changed_hands() -> None:
    kept, phones = Kept(), Phones()
    people = Seats(kept, [phones], QueueBoard(), {}, lambda: NOON, on_changed=lambda name: None)  # type: ignore[arg-type, list-item]
    for _ in range(3):
        await people.reload()
    assert phones.told == 1
    kept.signed_in.append(session("jan", "PJSIP/eva", 3))
    await people.reload()
    assert phones.told == 2
