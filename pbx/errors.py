"""What can go wrong between us and a PBX.

PbxError
├── PbxNotConnected   the link is down: nothing was sent
├── PbxRefused        the PBX answered Error
├── PbxResultUnknown  the link broke after sending: it may or may not have happened; never retried
├── ControlsOff       observer mode: we send nothing that changes the PBX
└── DialRefused       our own dialling rules say no
"""

from __future__ import annotations


class PbxError(Exception):
    """Something between us and the PBX failed; `str()` is a sentence for people."""


class PbxNotConnected(PbxError):
    """The telephone link is down; nothing was sent."""


class PbxRefused(PbxError):
    """The PBX refused the command; the message is Asterisk's own."""


class PbxResultUnknown(PbxError):
    """The link broke after the command was sent; it is not sent again."""


class ControlsOff(PbxError):
    """This PBX is only observed (mode = "observe"): commands are off."""


class DialRefused(PbxError):
    """Our dialling rules refuse the number. `code` is stable: invalid, blocked_type, blocked_country, too_many, too_many_today, feature."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
