"""Quickly made values are the frozen ones: same class, same equality, no way to change them."""

import copy
import dataclasses
import pickle

import pytest

from pbx import events as ev
from pbx.asterisk import quick_values

NAMES = [name for name in vars(quick_values) if dataclasses.is_dataclass(getattr(ev, name, None))]


@pytest.mark.parametrize("name", NAMES)
def test_quickly_made_is_the_frozen_class(name: str) -> None:
    frozen = getattr(ev, name)
    values = [f"value {number}" for number, _ in enumerate(dataclasses.fields(frozen))]
    ours, usual = getattr(quick_values, name)(*values), frozen(*values)
    assert type(ours) is frozen
    assert ours == usual
    assert hash(ours) == hash(usual)
    assert repr(ours) == repr(usual)
    assert pickle.loads(pickle.dumps(ours)) == copy.copy(ours) == usual
    for field in dataclasses.fields(frozen):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(ours, field.name, "changed")
    with pytest.raises((AttributeError, TypeError)):
        ours.another = "field"


def test_defaults_are_the_same() -> None:
    assert quick_values.Newchannel(1.0, None) == ev.Newchannel(1.0, None)  # type: ignore[arg-type]


def test_all_events_are_made_so() -> None:
    assert len(NAMES) >= 45
