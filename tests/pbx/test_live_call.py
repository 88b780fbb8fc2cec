"""A living call's state, where no event of this version leads to it yet."""

from pbx.calls import CallId, CallState
from pbx.events import PbxName, Uniqueid
from pbx.live_call import LiveCall


def test_a_parked_call_is_parked_and_counts_its_time() -> None:
    call = LiveCall(CallId("x"), PbxName("main"), Uniqueid("1.1"), Uniqueid("1.1"), 1000.0)
    call.parked.start(1010.0)
    call.last_at = 1015.0
    assert (call.state, call.value().parked_s) == (CallState.PARKED, 5.0)
