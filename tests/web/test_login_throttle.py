"""How fast passwords may be guessed."""

from __future__ import annotations

from web.login_throttle import LoginThrottle


def failing(times: int, *, account: str = "eva", address: str = "10.0.0.1", now: float = 0.0) -> LoginThrottle:
    throttle = LoginThrottle()
    for _ in range(times):
        throttle.failed(account, address, now)
    return throttle


def test_the_first_tries_are_free() -> None:
    assert failing(2).wait_s("eva", "10.0.0.1", 0.0) == 0


def test_the_delay_doubles() -> None:
    assert [failing(times).wait_s("eva", "10.0.0.2", 0.0) for times in (3, 4, 5, 6)] == [1, 2, 4, 8]


def test_the_delay_has_an_end() -> None:
    assert failing(40).wait_s("eva", "10.0.0.2", 0.0) == 60
    assert failing(40).wait_s("eva", "10.0.0.2", 60.0) == 0


def test_another_account_is_not_delayed() -> None:
    assert failing(5).wait_s("jan", "10.0.0.2", 0.0) == 0


def test_the_right_password_ends_the_delay() -> None:
    throttle = failing(5)
    throttle.succeeded("eva")
    assert throttle.wait_s("eva", "10.0.0.2", 0.0) == 0


def test_one_address_may_not_try_many_accounts() -> None:
    throttle = LoginThrottle()
    for number in range(20):
        throttle.failed(f"user{number}", "10.0.0.1", 0.0)
    assert throttle.wait_s("eva", "10.0.0.1", 0.0) > 0
    assert throttle.wait_s("eva", "10.0.0.9", 0.0) == 0
    assert throttle.wait_s("eva", "10.0.0.1", 5.0) == 0


def test_after_a_quiet_time_all_is_forgotten() -> None:
    assert failing(10).wait_s("eva", "10.0.0.2", 901.0) == 0


def test_strangers_cannot_make_us_remember_everything() -> None:
    throttle = LoginThrottle()
    for number in range(25_000):
        throttle.failed(f"user{number}", f"10.{number % 200}.{number // 200}.1", float(number) / 100)
    assert len(throttle._accounts) <= 10_001
    assert len(throttle._addresses) <= 10_001
