"""The rows of the list answers: a channel, a queue, who waits in it."""

from __future__ import annotations

from pbx.simulator.ami_wire import lines
from pbx.simulator.channels import SimChannel
from pbx.simulator.lines import QueueLine


def channel_row(channel: SimChannel, now: float) -> str:
    """One row of CoreShowChannels."""
    minutes, seconds = divmod(int(now - channel.born_at), 60)
    own = (
        ("Application", channel.application),
        ("ApplicationData", channel.app_data),
        ("Duration", f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"),
        ("BridgeId", channel.bridge.uniqueid if channel.bridge else ""),
    )
    return channel.snapshot() + lines(own)


def queue_row(line: QueueLine) -> str:
    """One QueueParams row of QueueStatus."""
    return lines(
        (
            ("Queue", line.plan.name),
            ("Max", 0),
            ("Strategy", line.plan.strategy),
            ("Calls", len(line.entries)),
            ("Holdtime", line.hold_time_s),
            ("TalkTime", line.talk_time_s),
            ("Completed", line.completed),
            ("Abandoned", line.abandoned),
            ("ServiceLevel", 0),
            ("ServicelevelPerf", "0.0"),
            ("ServicelevelPerf2", "0.0"),
            ("Weight", 0),
        )
    )


def entry_row(line: QueueLine, channel: SimChannel, position: int, wait_s: int) -> str:
    """One QueueEntry row of QueueStatus. Here names are not escaped, and unset ones are `unknown` without brackets (P18, P19)."""
    return lines(
        (
            ("Queue", line.plan.name),
            ("Position", position),
            ("Channel", channel.name),
            ("Uniqueid", channel.uniqueid),
            ("CallerIDNum", channel.number or "unknown"),
            ("CallerIDName", channel.caller_name or "unknown"),
            ("ConnectedLineNum", channel.connected_number or "unknown"),
            ("ConnectedLineName", channel.connected_name or "unknown"),
            ("Wait", wait_s),
            ("Priority", 0),
        )
    )


def summary_row(line: QueueLine) -> str:
    """One row of QueueSummary."""
    longest = max((int(line.switch.now) - int(entry.joined_at) for entry in line.entries), default=0)
    return lines(
        (
            ("Queue", line.plan.name),
            ("LoggedIn", len(line.members)),
            ("Available", sum(1 for member in line.members if member.free)),
            ("Callers", len(line.entries)),
            ("HoldTime", line.hold_time_s),
            ("TalkTime", line.talk_time_s),
            ("LongestHoldTime", longest),
        )
    )
