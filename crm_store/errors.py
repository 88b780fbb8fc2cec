"""What can go wrong in the store.

StoreError
├── NotFound        no such row, or not visible
├── VersionConflict somebody else changed it since you read it (HTTP 412)
│   ├── AlreadyClaimed  a colleague has it in hand; `by` names the account (HTTP 409)
│   └── AlreadyDone     there is nothing left to do (HTTP 409)
├── InvalidInput    a value is not acceptable; `field` names it
└── StoreUnavailable the database cannot be reached or is locked
"""

from __future__ import annotations


class StoreError(Exception):
    """The store failed; `str()` is a sentence for people."""


class NotFound(StoreError):
    """There is no such record."""


class VersionConflict(StoreError):
    """Somebody else changed this record since you read it."""


class AlreadyClaimed(VersionConflict):
    """A colleague has this in hand."""

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} is on it already.")
        self.by = by


class AlreadyDone(VersionConflict):
    """This is done already."""


class InvalidInput(StoreError):
    """A value is not acceptable."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class StoreUnavailable(StoreError):
    """The database cannot be reached."""
