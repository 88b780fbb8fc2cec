"""How fast passwords may be guessed: a growing delay per account and a bucket per address. Nobody is locked out for good.

Pure: time comes in as seconds. Unknown accounts are throttled like known ones, so the answer tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

_FREE_FAILURES = 3
_LONGEST_DELAY_S = 60.0
_FORGET_AFTER_S = 900.0
_BUCKET_SIZE = 20.0
_REFILL_PER_S = 0.2
_MOST_KEYS = 10_000


@dataclass(slots=True)
class _Failures:
    count: int
    last_at: float


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class LoginThrottle:
    """Ask `wait_s` before verifying a password; tell `failed` or `succeeded` after."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Failures] = {}
        self._addresses: dict[str, _Bucket] = {}
        self.failures = 0  # ever, for the metrics

    @property
    def remembered(self) -> int:
        """Accounts and addresses whose failures are remembered."""
        return len(self._accounts) + len(self._addresses)

    def wait_s(self, account: str, address: str, now: float) -> float:
        """Seconds until the next attempt is looked at; 0 when it may be tried now."""
        return max(self._account_wait(account, now), self._address_wait(address, now))

    def failed(self, account: str, address: str, now: float) -> None:
        """A wrong password (or an unknown account)."""
        self.failures += 1
        known = self._accounts.get(account)
        count = known.count + 1 if known and now - known.last_at < _FORGET_AFTER_S else 1
        self._accounts[account] = _Failures(count, now)
        self._addresses[address] = _Bucket(max(self._tokens(address, now) - 1.0, 0.0), now)
        self._forget(now)

    def succeeded(self, account: str) -> None:
        """The right password: the account's delay starts anew. The address keeps its failures."""
        self._accounts.pop(account, None)

    def _account_wait(self, account: str, now: float) -> float:
        known = self._accounts.get(account)
        if known is None or known.count < _FREE_FAILURES or now - known.last_at >= _FORGET_AFTER_S:
            return 0.0
        delay = min(2.0 ** min(known.count - _FREE_FAILURES, 10), _LONGEST_DELAY_S)
        return max(known.last_at + delay - now, 0.0)

    def _address_wait(self, address: str, now: float) -> float:
        missing = 1.0 - self._tokens(address, now)
        return max(missing / _REFILL_PER_S, 0.0)

    def _tokens(self, address: str, now: float) -> float:
        bucket = self._addresses.get(address)
        return _BUCKET_SIZE if bucket is None else min(bucket.tokens + (now - bucket.at) * _REFILL_PER_S, _BUCKET_SIZE)

    def _forget(self, now: float) -> None:
        """Bound the memory that strangers can make us use."""
        if len(self._accounts) > _MOST_KEYS:
            self._accounts = dict(sorted(self._accounts.items(), key=lambda item: item[1].last_at)[_MOST_KEYS // 2 :])
        if len(self._addresses) > _MOST_KEYS:
            self._addresses = {
                key: one for key, one in self._addresses.items() if self._tokens(key, now) < _BUCKET_SIZE
            }
