"""Frames written by hand are what RFC 6455 says."""

from __future__ import annotations

import pytest

from screenpop.websocket.socket import text_frame


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_text_frame_is_final_unmasked_and_says_its_length(length: int, header: bytes) -> None:
    assert text_frame(b"x" * length) == header + b"x" * length
