"""Whose phone is it: accounts' own endpoints, and whoever signed in there last."""

from datetime import UTC, datetime, timedelta

from crm_store.accounts import Account, Role, Session
from ctiserver.seats import seats

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
