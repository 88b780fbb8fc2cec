"""What we may ask of a PBX: the port that `web` calls and `pbx/asterisk/ami_commands.py` implements.

Commands never change our state: their results come back as ordinary events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Originate:
    """Ring the agent's phone, then dial `number`. Channel, context and variables come from the configuration, never from a user."""

    channel_id: str  # becomes the Uniqueid of the agent's leg: [a-z0-9-]{1,64}
    agent: str  # account name: one Originate at a time per agent
    endpoint: str  # PJSIP/1001
    extension: str  # 1001
    number: str  # what the dialplan gets: digits, optionally a leading "+"; already through the dialling rules


class PbxCommands(Protocol):
    """Raises PbxNotConnected (nothing sent), PbxRefused, PbxResultUnknown (sent, answer lost), ControlsOff (observer mode)."""

    @property
    def controls(self) -> bool:
        """False in observer mode."""
        ...

    async def originate(self, request: Originate) -> None:
        """Return when the PBX accepted the request. Never sent twice, whatever breaks."""
        ...

    async def hang_up(self, channel_or_uniqueid: str) -> None:
        """Hang up one channel."""
        ...

    async def pause_member(self, interface: str, *, reason: str, queue: str | None = None) -> None:
        """Pause the member in one queue, or in all."""
        ...

    async def unpause_member(self, interface: str, *, queue: str | None = None) -> None:
        """Unpause the member in one queue, or in all."""
        ...

    async def add_member(self, queue: str, interface: str, *, name: str, state_interface: str | None = None) -> None:
        """Log the member in to the queue."""
        ...

    async def remove_member(self, queue: str, interface: str) -> None:
        """Log the member out of the queue."""
        ...
