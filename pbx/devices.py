"""Whose channel is it? Trunks, phones and queue members by the patterns of the configuration.

A channel is a trunk's, a phone's, or neither. Never told by number length or context.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase

_HEX_SUFFIX = re.compile(r"-[0-9a-f]{8,}(;[12])?$")


class DeviceKind(Enum):
    TRUNK = "trunk"
    PHONE = "phone"
    LOCAL = "local"
    OTHER = "other"


def endpoint_of(channel_name: str) -> str:
    """The device behind a channel name: `PJSIP/desk-7-0000001a` is `PJSIP/desk-7`."""
    return _HEX_SUFFIX.sub("", channel_name)


@dataclass(slots=True)
class DevicePlan:
    """The `[pbx.*]` patterns plus the endpoints of agent accounts.

    `owners` maps endpoint → account name and changes when accounts or sign-ins change ("phone I sit at");
    `extensions` endpoint → the account's extension, where it is not what follows the slash (a WebRTC twin `PJSIP/991001`).
    """

    trunks: tuple[str, ...]
    phones: tuple[str, ...]
    members: tuple[re.Pattern[str], ...]
    owners: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)
    _kinds: dict[str, DeviceKind] = field(default_factory=dict, repr=False)
    # Of the queues' members, asked for again with each look at a queue.
    _members: dict[str, str | None] = field(default_factory=dict, repr=False)

    def set_owners(self, owners: Mapping[str, str], extensions: Mapping[str, str] | None = None) -> None:
        """Replace the account endpoints."""
        self.owners = dict(owners)
        self.extensions = dict(extensions or {})
        self._kinds.clear()

    def kind(self, channel_name: str) -> DeviceKind:
        """Trunk wins over phone; Local channels are neither."""
        endpoint = endpoint_of(channel_name)
        known = self._kinds.get(endpoint)
        if known is None:
            known = self._kind_of_endpoint(endpoint)
            if not endpoint.startswith("Local/"):  # their names are unbounded
                self._kinds[endpoint] = known
        return known

    def _kind_of_endpoint(self, endpoint: str) -> DeviceKind:
        if endpoint.startswith("Local/"):
            return DeviceKind.LOCAL
        if any(fnmatchcase(endpoint, pattern) for pattern in self.trunks):
            return DeviceKind.TRUNK
        if endpoint in self.owners or any(fnmatchcase(endpoint, pattern) for pattern in self.phones):
            return DeviceKind.PHONE
        return DeviceKind.OTHER

    def owner(self, endpoint: str) -> str | None:
        """The account whose phone this is."""
        return self.owners.get(endpoint)

    def owner_of_extension(self, extension: str | None) -> str | None:
        """The account that is known by this extension."""
        return next((owner for device, owner in self.owners.items() if self.extension_of(device) == extension), None)

    def extension_of(self, endpoint: str) -> str:
        """The extension people know this phone by."""
        return self.extensions.get(endpoint) or extension_of_endpoint(endpoint)

    def extension_of_seat(self, interface: str) -> str | None:
        """`extension_of_member` for a member of a queue: there are not many, and they are asked for often."""
        if interface not in self._members:
            self._members[interface] = self.extension_of_member(interface)
        return self._members[interface]

    def extension_of_member(self, interface: str) -> str | None:
        """`Local/1001@from-queue/n` → `1001`, by the configured expressions."""
        for pattern in self.members:
            found = pattern.search(interface) or pattern.search(f"{interface}/n")
            if found:
                return found.group("extension")
        return None


def extension_of_endpoint(endpoint: str) -> str:
    """What follows the slash: `PJSIP/1001` → `1001`."""
    return endpoint.partition("/")[2] or endpoint
