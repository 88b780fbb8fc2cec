"""A value that was made quickly is the same value."""

from dataclasses import FrozenInstanceError, dataclass

import pytest

from pbx.quick_values import quick


@dataclass(frozen=True, slots=True)
class Seat:
    name: str
    number: int = 1


def test_what_comes_out_is_the_frozen_class_itself() -> None:
    made = quick(Seat)("eva", number=2)
    assert type(made) is Seat
    assert made == Seat("eva", 2)
    assert hash(made) == hash(Seat("eva", 2))
    with pytest.raises(FrozenInstanceError):
        made.number = 3  # type: ignore[misc]


def test_defaults_and_missing_arguments_are_those_of_the_class() -> None:
    assert quick(Seat)("eva") == Seat("eva", 1)
    with pytest.raises(TypeError):
        quick(Seat)()  # type: ignore[call-arg]
