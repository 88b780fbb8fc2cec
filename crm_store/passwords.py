"""Passwords: a hash that takes memory and time to guess, and a plain sentence when one is too weak.

Hashing takes some tens of milliseconds and 19 MiB: call it in a thread, a few at once at most.
"""

from __future__ import annotations

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crm_store.errors import InvalidInput

SHORTEST = 8
LONGEST = 128

# OWASP's least parameters for Argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

_COMMON = frozenset(
    """
    12345678 123456789 1234567890 0123456789 0987654321 87654321 11111111 00000000 12341234 11223344 88888888
    password password1 password12 password123 passw0rd p@ssw0rd p@ssword qwertyui qwerty123 qwertyuiop qwerty12345
    asdfghjkl asdf1234 zxcvbnm1 1q2w3e4r 1q2w3e4r5t 1qaz2wsx qazwsxedc abcd1234 abc12345 abcdefgh a1b2c3d4 aa123456
    iloveyou sunshine princess football baseball superman trustno1 whatever welcome1 welcome123 letmein1 changeme
    changeme1 administrator admin123 admin1234 adminadmin asterisk asterisk1 freepbx1 callcenter callcentre supervisor
    supervisor1 agent123 agent1234 secret123 test1234 testtest internet computer michelle jennifer starwars dragon123
    heslo123 heslo1234 hesloheslo haslo123 haslo1234 ctiserver ctiserver1
    """.split()  # noqa: SIM905
)


def password_problem(password: str, *, user: str = "") -> str | None:
    """A sentence that says what is wrong with a new password; None when it will do."""
    if len(password) < SHORTEST:
        return f"The password needs at least {SHORTEST} characters; a few words in a row are easy to remember."
    if len(password) > LONGEST:
        return f"The password may have at most {LONGEST} characters."
    folded = password.casefold()
    if folded in _COMMON or len(set(folded)) < 3:
        return "This password is one of the first that anybody would try. Take a few words in a row instead."
    if user and folded == user.casefold():
        return "The password must not be the name of the account."
    return None


def hash_password(password: str, *, user: str = "") -> str:
    """The hash to store. Raises InvalidInput (field `password`) for a password that is too weak."""
    problem = password_problem(password, user=user)
    if problem:
        raise InvalidInput("password", problem)
    return _HASHER.hash(password)


def verify_password(password: str, stored: str | None) -> bool:
    """Is this the password? Takes equally long for an account that does not exist or has none (`stored` None)."""
    known = stored is not None
    try:
        matches = _HASHER.verify(stored if stored is not None else _dummy_hash(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return matches and known


def needs_rehash(stored: str) -> bool:
    """True when the hash was made with weaker parameters than today's: hash again at this sign-in."""
    try:
        return _HASHER.check_needs_rehash(stored)
    except InvalidHashError:
        return True


@lru_cache(maxsize=1)
def _dummy_hash() -> str:
    return _HASHER.hash("nobody has this password")
