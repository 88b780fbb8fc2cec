"""ETag and If-Match."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from web.answers import expected_version, json_answer
from web.problems import Problem


@pytest.mark.parametrize(
    ("given", "version"), [('"3"', 3), ('W/"3"', 3), (' "12" ', 12), ("*", None), (None, None)], ids=str
)
def test_if_match(given: str | None, version: int | None) -> None:
    request = make_mocked_request("PUT", "/", headers={"If-Match": given} if given else {})
    assert expected_version(request) == version


@pytest.mark.parametrize("given", ["3", '"a"', '"1", "2"', '"' + "9" * 30 + '"'])
def test_an_if_match_of_somebody_else(given: str) -> None:
    with pytest.raises(Problem):
        expected_version(make_mocked_request("PUT", "/", headers={"If-Match": given}))


def test_the_version_is_the_etag() -> None:
    assert json_answer({}, version=7).headers["ETag"] == '"7"'
    assert "ETag" not in json_answer({}).headers
