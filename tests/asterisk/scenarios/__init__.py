"""Flows of telephony.md 1.5, each played by SIPp against a real Asterisk: `SCENARIOS[name].play(lab)`."""

from tests.asterisk.scenarios import (
    freepbx,
    inbound,
    other,
    outbound,
    parking,
    queues,
    supervision,
    transfer_keys,
    transfers,
)
from tests.asterisk.scenarios.lab import SCENARIOS, Lab, Scenario

__all__ = [
    "SCENARIOS",
    "Lab",
    "Scenario",
    "freepbx",
    "inbound",
    "other",
    "outbound",
    "parking",
    "queues",
    "supervision",
    "transfer_keys",
    "transfers",
]
