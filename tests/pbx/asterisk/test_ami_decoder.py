"""Bytes → messages: any split of any stream gives the same messages, and garbage ends in a clear error or in nothing."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.asterisk.ami_decoder import MAX_MESSAGE, AmiDecoder, RawMessage, StreamUnreadable
from pbx.asterisk.ami_events import WANTED
from tests.fakes.ami_server import event, message, snapshot

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
HELLO = snapshot("PJSIP/1001-00000001", "1.1", CallerIDName="Ján \U0001f600 עדה")
STREAM = (
    BANNER
    + message(("Response", "Success"), ("ActionID", "a1"), ("Message", "Authentication accepted"))
    + event("Newchannel", *HELLO)
    + event("RTCPSent", ("SSRC", "1"))
    + event("VarSet", *HELLO, ("Variable", "SIPCALLID"), ("Value", "x"))
    + event("VarSet", *HELLO, ("Variable", "QUEUESTATUS"), ("Value", "TIMEOUT"))
    + event("CoreShowChannel", ("ActionID", "a2"), *HELLO)
    + event("Hangup", *HELLO, ("Cause", "16"))
)
KEPT = [b"Response", b"Newchannel", b"VarSet", b"CoreShowChannel", b"Hangup"]


def decode(*chunks: bytes, pending: frozenset[bytes] = frozenset({b"a2"})) -> tuple[AmiDecoder, list[RawMessage]]:
    decoder = AmiDecoder(WANTED, pending=pending)
    return decoder, [raw for chunk in chunks for raw in decoder.feed(chunk)]


def seen(messages: list[RawMessage]) -> list[tuple[bytes, bytes, bool]]:
    return [(raw.name, raw.block, raw.answer) for raw in messages]


def test_banner_events_and_answers_are_told_apart() -> None:
    decoder, messages = decode(STREAM)
    assert decoder.banner == "11.0.0"
    assert [raw.name for raw in messages] == KEPT
    assert [raw.answer for raw in messages] == [True, False, False, True, False]
    assert decoder.events == 6  # wanted or not
    assert decoder.half_message == 0


def test_split_at_every_byte_gives_the_same_messages() -> None:
    whole = seen(decode(STREAM)[1])
    for cut in range(len(STREAM)):
        assert seen(decode(STREAM[:cut], STREAM[cut:])[1]) == whole
    assert seen(decode(*(bytes([byte]) for byte in STREAM))[1]) == whole


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_split_gives_the_same_messages(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[start:end] for start, end in pairwise(edges)]
    assert seen(decode(*chunks)[1]) == seen(decode(STREAM)[1])


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_garbage_raises_nothing(chunks: list[bytes]) -> None:
    decoder, messages = decode(*chunks)
    assert all(raw.answer or raw.name in WANTED for raw in messages)
    assert decoder.half_message <= sum(map(len, chunks))


AMI_LIKE = st.lists(
    st.sampled_from(
        [
            b"Event: ",
            b"Newchannel",
            b"Response: ",
            b"\r\n",
            b"\n",
            b"\r",
            b"\r\n\r\n",
            b": ",
            b"\0",
            b"ActionID: a2",
            BANNER,
        ]
    )
    | st.binary(max_size=5),
    max_size=60,
)


@given(AMI_LIKE, st.integers(1, 9))
@settings(max_examples=300)
def test_what_looks_like_ami_is_cut_the_same_way_in_any_pieces(words: list[bytes], size: int) -> None:
    stream = BANNER + b"".join(words)
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert seen(decode(*pieces)[1]) == seen(decode(stream)[1])


def test_list_row_of_an_action_that_nobody_waits_for_is_not_kept() -> None:
    row = event("CoreShowChannel", ("ActionID", "a3"), *HELLO)
    assert decode(BANNER, row)[1] == []
    assert decode(BANNER, row, pending=frozenset())[1] == []
    assert decode(BANNER, event("QueueParams", ("Queue", "600")))[1] == []
    end = event("QueueParams", ("Queue", "600"), ("ActionID", "a2"))  # Asterisk writes the id last here
    assert [raw.name for raw in decode(BANNER, end)[1]] == [b"QueueParams"]


def test_event_we_subscribe_to_is_never_taken_for_an_answer() -> None:
    """OriginateResponse carries the ActionID of a pending action (D16)."""
    _, messages = decode(BANNER, event("OriginateResponse", ("ActionID", "a2"), ("Response", "Success")))
    assert [raw.answer for raw in messages] == [False]


def test_captures_keep_every_list() -> None:
    decoder = AmiDecoder(WANTED, all_answers=True)
    rows = decoder.feed(BANNER + event("CoreShowChannel", ("ActionID", "nobody's"), *HELLO))
    assert [(raw.name, raw.answer) for raw in rows] == [(b"CoreShowChannel", True)]


def test_one_line_break_too_many_does_not_cost_the_next_message() -> None:
    _, messages = decode(BANNER, b"\r\n" + event("Hangup", *HELLO) + b"\r\n\r\n" + event("Newstate", *HELLO))
    assert [raw.name for raw in messages] == [b"Hangup", b"Newstate"]


def test_what_is_neither_event_nor_response_is_counted() -> None:
    decoder, messages = decode(BANNER, b"Hello: 1\r\n\r\n" + event("Hangup", *HELLO))
    assert [raw.name for raw in messages] == [b"Hangup"]
    assert decoder.unreadable == 1


def test_no_banner_is_known_as_soon_as_the_first_line_is_complete() -> None:
    decoder, _ = decode(b"SSH-2.0-OpenSSH_9.2\r\n")
    assert decoder.begun
    assert decoder.banner is None
    assert decode(b"x" * 300)[0].begun
    assert not decode(b"Asterisk Call Man")[0].begun


def test_stream_that_begins_in_the_middle_is_read() -> None:
    decoder, messages = decode(event("Hangup", *HELLO))
    assert decoder.banner is None
    assert [raw.name for raw in messages] == [b"Hangup"]


def test_half_a_message_at_the_end_is_counted() -> None:
    decoder, messages = decode(BANNER, event("Hangup", *HELLO) + b"Event: New")
    assert [raw.name for raw in messages] == [b"Hangup"]
    assert decoder.half_message == len(b"Event: New")


def test_message_without_an_end_is_given_up_after_a_mebibyte() -> None:
    decoder, _ = decode(BANNER)
    for _ in range(16):
        assert decoder.feed(b"x" * 65_536) == []
    with pytest.raises(StreamUnreadable, match="1048576 bytes"):
        decoder.feed(b"x")
    assert decoder.half_message == 0
    decoder, _ = decode(BANNER, b"Event: Hangup\r\nX: " + b"y" * (MAX_MESSAGE - 100))
    assert [raw.name for raw in decoder.feed(b"\r\n\r\n")] == [b"Hangup"]


def test_first_header_of_a_name_counts() -> None:
    _, messages = decode(BANNER, message(("Response", "Success"), ("ActionID", "a"), ("ActionID", "b"), ("Empty", "")))
    assert messages[0].headers() == {"Response": "Success", "ActionID": "a", "Empty": ""}
    assert repr(messages[0]) == "<RawMessage b'Response' 52 bytes>"
