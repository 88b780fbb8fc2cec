"""The channel snapshot: its usual shape is read at once, any other one by its headers, and both the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.asterisk import ami_channels
from pbx.asterisk.ami_channels import DEST, PLAIN, channel, channel_or_none
from pbx.asterisk.ami_headers import BadHeader
from pbx.events import Channel, ChannelState
from tests.fakes.ami_server import event, snapshot

VALUES = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=20)


def read(pairs: list[tuple[str, str]], kind: ami_channels.Snapshot = PLAIN) -> Channel | None:
    return channel_or_none(event("X", *pairs)[:-4].decode(), kind)


@given(VALUES, VALUES, VALUES, VALUES)
def test_usual_shape_and_any_other_order_are_read_the_same(number: str, name: str, context: str, exten: str) -> None:
    headers = {"CallerIDNum": number, "CallerIDName": name, "Context": context, "Exten": exten}
    usual = snapshot("PJSIP/1001-00000001", "1.1", **headers)
    other = [usual[0], *reversed(usual[1:-1]), usual[-1]]
    assert read(usual) == read(other)


def test_same_bytes_are_the_same_object() -> None:
    usual = snapshot("PJSIP/1001-00000001", "1.1")
    assert read(usual) is read([("Timestamp", "1"), *usual, ("Queue", "600")])


def test_cache_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami_channels, "_CACHED", 10)
    ami_channels._cache.clear()
    for number in range(25):
        read(snapshot("PJSIP/1001-00000001", f"1.{number}"))
    assert len(ami_channels._cache) == 5


def test_prefixes_do_not_mix() -> None:
    both = [*snapshot("PJSIP/a-00000001", "1.1"), *snapshot("PJSIP/b-00000002", "1.2", prefix="Dest", ChannelState=5)]
    ours, dest = read(both), read(both, DEST)
    assert ours is not None
    assert dest is not None
    assert (ours.name, ours.state) == ("PJSIP/a-00000001", ChannelState.UP)
    assert (dest.name, dest.uniqueid, dest.state) == ("PJSIP/b-00000002", "1.2", ChannelState.RINGING)


@pytest.mark.parametrize("name", ["none", "<none>", "<unknown>", ""])
def test_p19_no_channel(name: str) -> None:
    assert read([("Channel", name)]) is None
    assert read(snapshot(name, "1.1")) is None
    assert read([]) is None


def test_channel_that_must_be_there() -> None:
    with pytest.raises(BadHeader, match="DestChannel is missing"):
        channel(event("X", *snapshot("PJSIP/a-00000001", "1.1")).decode(), DEST)
    with pytest.raises(BadHeader, match="Linkedid is missing"):
        channel(event("X", *snapshot("PJSIP/a-00000001", "1.1")[:-1]).decode())
    with pytest.raises(BadHeader, match="DestUniqueid is missing"):
        channel(event("X", *snapshot("PJSIP/a-00000001", "", prefix="Dest")).decode(), DEST)
