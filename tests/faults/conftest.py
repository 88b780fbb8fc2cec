"""Every test of this folder takes `fault` and says what it injected, expected and found."""

from collections.abc import Iterator

import pytest

from tests.faults.found import Faults


@pytest.fixture
def fault(record_property: object, capsys: pytest.CaptureFixture[str]) -> Iterator[Faults]:
    def show(row: str) -> None:
        with capsys.disabled():
            print(f"\n{row}")

    faults = Faults(show, record_property)  # type: ignore[arg-type]
    yield faults
    assert faults.failed == []
