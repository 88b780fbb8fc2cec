"""Where controls exist."""

from __future__ import annotations

from dataclasses import replace

from tests.web.desk import Desk, PbxStub


def test_one_pbx_may_be_observed_while_another_is_controlled(desk: Desk) -> None:
    deps = replace(desk.deps, commands={"main": PbxStub(), "branch": PbxStub(controls=False)})
    assert deps.controls("main")
    assert not deps.controls("branch")
    assert deps.controls()
    assert not deps.controls("unknown")


def test_without_any_pbx_there_is_nothing_to_control(desk: Desk) -> None:
    assert not replace(desk.deps, commands={}).controls()
