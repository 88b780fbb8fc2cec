"""How long to wait before the next attempt (D9, D10)."""

import random

from pbx.asterisk.ami_backoff import Backoff


class NoJitter(random.Random):
    """Always the longest wait."""

    def random(self) -> float:
        return 1.0


def test_waits_double_up_to_a_limit_and_begin_again_after_a_good_link() -> None:
    backoff = Backoff(0.5, 60.0, 10.0, NoJitter())
    assert [backoff.away() for _ in range(6)] == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    backoff.reset()
    assert backoff.away() == 0.5


def test_refused_logins_wait_longer() -> None:
    backoff = Backoff(0.5, 60.0, 10.0, NoJitter())
    assert [backoff.refused() for _ in range(5)] == [0.5, 2.0, 8.0, 32.0, 60.0]
    assert backoff.away() == 10.0


def test_waits_of_two_pbxs_differ() -> None:
    waits = {Backoff(0.5, 60.0, 10.0, random.Random(seed)).away() for seed in range(20)}
    assert len(waits) == 20
    assert all(0.25 <= wait <= 0.5 for wait in waits)
