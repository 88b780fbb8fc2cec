"""Passwords are hashed slowly, checked in equal time, and weak ones are refused with a sentence."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from crm_store.errors import InvalidInput
from crm_store.passwords import hash_password, needs_rehash, password_problem, verify_password

GOOD = "three blind mice"


def test_the_right_password_opens_and_a_wrong_one_does_not() -> None:
    stored = hash_password(GOOD)
    assert verify_password(GOOD, stored)
    assert not verify_password("three blind rats", stored)


def test_the_hash_says_nothing_and_differs_each_time() -> None:
    assert GOOD not in hash_password(GOOD)
    assert hash_password(GOOD) != hash_password(GOOD)


def test_the_hash_costs_what_owasp_asks_for() -> None:
    assert hash_password(GOOD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_nobody_signs_in_without_a_stored_password() -> None:
    assert not verify_password("nobody has this password", None)
    assert not verify_password("", None)


def test_a_damaged_hash_opens_nothing() -> None:
    assert not verify_password(GOOD, "not a hash")
    assert needs_rehash("not a hash")


def test_a_cheaper_hash_is_made_anew() -> None:
    assert needs_rehash(PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(GOOD))
    assert not needs_rehash(hash_password(GOOD))


def test_an_endless_password_is_not_hashed() -> None:
    assert not verify_password("x" * 10_000_000, hash_password(GOOD))


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "at least 8"),
        ("x" * 129, "at most 128"),
        ("Password123", "first that anybody would try"),
        ("ababababab", "first that anybody would try"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password: str, words: str) -> None:
    assert words in (password_problem(password) or "")
    with pytest.raises(InvalidInput, match=words) as refused:
        hash_password(password)
    assert refused.value.field == "password"


def test_the_accounts_name_is_no_password() -> None:
    assert password_problem("eva.novakova", user="Eva.Novakova")
    assert password_problem("eva.novakova") is None


@pytest.mark.parametrize("password", [GOOD, "x1y2z3w4" * 16, "סיסמה ארוכה", "šéf kúpil koňa"])
def test_long_and_foreign_passwords_will_do(password: str) -> None:
    assert verify_password(password, hash_password(password))
