"""What can go wrong between us and a screen.

PushError
├── BadFrame    the client sent something that is not in the protocol (docs/push.md)
├── NotAllowed  this user or token may not have that: HTTP 403, close code 4403
└── SignedOut   the session or token is no longer valid: HTTP 401, close code 4401
"""

from __future__ import annotations


class PushError(Exception):
    """The push connection failed; `str()` is a sentence for people."""


class BadFrame(PushError):
    """A frame is not in the protocol. `code` is stable: not_json, not_an_object, unknown_type, bad_field."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotAllowed(PushError):
    """This user or token may not have that."""


class SignedOut(PushError):
    """The session or token is no longer valid: sign in again."""
