"""A record that goes into the store and comes back is the same call."""

import pytest

from crm_store.call_log import call_record
from ctiserver.stored_calls import call_of_record
from tests.pbx.folding import NUMBERING, RECORDINGS, fold

NAMES = (
    "queue_answered",
    "queue_second_member",
    "direct_withheld",
    "outbound_answered",
    "internal_answered",
    "queue_timeout",
)


@pytest.mark.parametrize("name", NAMES)
def test_there_and_back(name: str) -> None:
    folded = fold((RECORDINGS / "asterisk22" / f"{name}.ami").read_bytes())
    for record in folded.records:
        back = call_record(call_of_record(record), NUMBERING, agents=False)
        assert back == record
