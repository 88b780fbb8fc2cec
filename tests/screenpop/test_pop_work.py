"""What a pop costs: the parties of a call are described once, and again only when they are others."""

from pbx.calls import Call
from screenpop.popper import PopMessage, Popper
from screenpop.screen_pop import Parties, PopNote
from tests.screenpop.phone_calls import START, PhoneCall, describe


class Desk:
    """A popper that notes which calls it had described."""

    def __init__(self) -> None:
        self.described: list[str | None] = []
        self.popper = Popper(self._describe)

    def _describe(self, call: Call) -> Parties:
        self.described.append(call.remote_raw)
        return describe(call)


def test_a_call_is_described_once_however_often_it_changes() -> None:
    desk, call = Desk(), PhoneCall()
    for event in (call.starts(), call.rings("eva"), call.changes(), call.answers("eva"), call.later(9).changes()):
        desk.popper.apply(event, START)
    assert desk.described == ["+421905123456"]


def test_a_name_that_is_told_later_is_on_the_screen() -> None:
    desk, call = Desk(), PhoneCall(name=None)
    desk.popper.apply(call.rings("eva"), START)
    (told,) = desk.popper.apply(call.changes(remote_name="Ján Kováč"), START)
    assert told.data["call"]["remote"]["name"] == "Ján Kováč"


def test_a_number_that_turns_out_to_be_withheld_leaves_the_screen() -> None:
    desk, call = Desk(), PhoneCall()
    desk.popper.apply(call.rings("eva"), START)
    (told,) = desk.popper.apply(call.changes(remote_raw=None, remote_name=None, remote_restricted=True), START)
    assert (told.data["call"]["remote"]["number"], told.data["match"]) == (None, "withheld")


def test_in_wrap_up_only_what_is_news_is_told() -> None:
    desk, call = Desk(), PhoneCall()
    for event in (call.rings("eva"), call.answers("eva"), call.ends()):
        desk.popper.apply(event, START)
    assert desk.popper.apply(call.changes(hangup_cause=16), START) == []
    note = PopNote(text="call again", disposition=None, version=1)
    (told,) = desk.popper.noted(call.call.id, note)
    assert isinstance(told, PopMessage)
    assert told.data["call"]["note"] == "call again"
    assert desk.popper.noted(call.call.id, note) == []
