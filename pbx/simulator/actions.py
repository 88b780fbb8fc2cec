"""What the PBX answers to each AMI action, in Asterisk's own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from pbx.simulator.action_rows import channel_row, entry_row, queue_row, summary_row
from pbx.simulator.ami_wire import lines, list_end, list_item, response
from pbx.simulator.lines import Member, QueueLine
from pbx.simulator.office import Simulator
from pbx.simulator.outgoing_calls import OriginateOrder

VERSION = "22.10.1"
ALL_WRITE = frozenset({"originate", "reporting", "agent", "call"})
_DIALLED = re.compile(r"\+?[0-9]{3,}|\*[0-9]+")
_CALLER_ID = re.compile(r'"?(?P<name>[^"<]*?)"?\s*<(?P<number>[^>]*)>')
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "y": True, "t": True}

Headers: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answering:
    """One logged-in manager: what it may write, and the simulator it talks to."""

    simulator: Simulator
    write: frozenset[str]

    def answer(self, headers: Headers) -> list[bytes]:
        """The blocks that answer one action, in order. Login and Logoff are the session's business."""
        name, action_id = headers.get("action", ""), headers.get("actionid")
        known = _ACTIONS.get(name.lower())
        if known is None and name.lower() not in _UNSUPPORTED:
            text = f"Invalid/unknown command: {name}. Use Action: ListCommands to show available commands."
            return [error(action_id, text if name else "Missing action in request")]
        if known is None or not known.allowed(self.write):
            return [error(action_id, "Permission denied")]
        return known.run(self, headers, action_id)


def error(action_id: str | None, message: str) -> bytes:
    """`Response: Error` with Asterisk's sentence."""
    return response(False, action_id, (("Message", message),))


def success(action_id: str | None, message: str) -> bytes:
    """`Response: Success` with Asterisk's sentence."""
    return response(True, action_id, (("Message", message),))


@dataclass(frozen=True, slots=True)
class _Action:
    run: Callable[[Answering, Headers, str | None], list[bytes]]
    name: str
    summary: str
    classes: tuple[str, ...] = ()  # any one of them suffices; () needs none

    def allowed(self, write: frozenset[str]) -> bool:
        return not self.classes or bool(write & set(self.classes))


# --- state ------------------------------------------------------------------------------------------------------------


def _ping(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    return [response(True, action_id, (("Ping", "Pong"), ("Timestamp", f"{who.simulator.switch.now:.6f}")))]


def _core_settings(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    own = (
        ("AMIversion", "11.0.0"),
        ("AsteriskVersion", VERSION),
        ("SystemName", ""),
        ("CoreMaxCalls", 0),
        ("CoreMaxLoadAvg", "0.000000"),
        ("CoreRunUser", ""),
        ("CoreRunGroup", ""),
        ("CoreMaxFilehandles", 0),
        ("CoreRealTimeEnabled", "No"),
        ("CoreCDRenabled", "No"),
        ("CoreHTTPenabled", "No"),
        ("SoundsSearchCustomDir", "No"),
    )
    return [response(True, action_id, own)]


def _core_status(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    started = datetime.fromtimestamp(who.simulator.started_at, UTC)
    date, time = started.strftime("%Y-%m-%d"), started.strftime("%H:%M:%S")
    switch = who.simulator.switch
    own = (
        ("CoreStartupDate", date),
        ("CoreStartupTime", time),
        ("CoreReloadDate", date),
        ("CoreReloadTime", time),
        ("CoreCurrentCalls", len(switch.channels)),
        ("CoreProcessedCalls", switch.processed_calls),
    )
    return [response(True, action_id, own)]


def _core_show_channels(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    switch = who.simulator.switch
    rows = [
        list_item("CoreShowChannel", action_id, channel_row(channel, switch.now), id_first=True)
        for channel in reversed(switch.channels.values())
    ]
    return [
        _list_start(action_id, "Channels will follow"),
        *rows,
        list_end("CoreShowChannelsComplete", action_id, len(rows)),
    ]


def _queue_status(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    rows: list[bytes] = []
    for line in _wanted(who, headers):
        rows.append(list_item("QueueParams", action_id, queue_row(line), id_first=False))
        wanted = headers.get("member", "")
        members = [member for member in line.members if wanted in ("", member.interface)]
        rows += [list_item("QueueMember", action_id, member.list_body(), id_first=False) for member in members]
        for position, entry in enumerate(line.entries, start=1):
            wait_s = int(line.switch.now) - int(entry.joined_at)
            rows.append(
                list_item("QueueEntry", action_id, entry_row(line, entry.channel, position, wait_s), id_first=False)
            )
    return [
        _list_start(action_id, "Queue status will follow"),
        *rows,
        list_end("QueueStatusComplete", action_id, len(rows)),
    ]


def _queue_summary(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    rows = [list_item("QueueSummary", action_id, summary_row(line), id_first=False) for line in _wanted(who, headers)]
    return [
        _list_start(action_id, "Queue summary will follow"),
        *rows,
        list_end("QueueSummaryComplete", action_id, len(rows)),
    ]


def _device_state_list(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    switch = who.simulator.switch
    rows = [
        list_item(
            "DeviceStateChange",
            action_id,
            lines((("Device", endpoint), ("State", switch.device_state(endpoint)))),
            id_first=True,
        )
        for endpoint in switch.extensions
    ]
    return [
        _list_start(action_id, "Device State Changes will follow"),
        *rows,
        list_end("DeviceStateListComplete", action_id, len(rows)),
    ]


def _list_commands(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    """Only what this manager may use: this is how rights can be checked."""
    own = [
        (action.name, f"{action.summary}  (Priv: {','.join((*action.classes, 'all')) if action.classes else '<none>'})")
        for action in _ACTIONS.values()
        if action.allowed(who.write)
    ]
    return [response(True, action_id, own)]


# --- queue members ----------------------------------------------------------------------------------------------------


def _queue_pause(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    interface, paused = headers.get("interface", ""), headers.get("paused", "")
    if not interface or not paused:
        return [error(action_id, "Need 'Interface' and 'Paused' parameters.")]
    seats = [
        (line, member) for line in _wanted(who, headers) for member in line.members if member.interface == interface
    ]
    if not seats:
        return [error(action_id, "Interface not found")]
    pausing = _WORDS.get(paused.lower(), False)
    for line, member in seats:
        line.pause(member, paused=pausing, reason=headers.get("reason", ""))
    return [success(action_id, f"Interface {'paused' if pausing else 'unpaused'} successfully")]


def _queue_add(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    queue, interface = headers.get("queue", ""), headers.get("interface", "")
    if not queue:
        return [error(action_id, "'Queue' not specified.")]
    if not interface:
        return [error(action_id, "'Interface' not specified.")]
    line = who.simulator.queues.get(queue)
    if line is None:
        return [error(action_id, "Unable to add interface to queue: No such queue")]
    if any(member.interface == interface for member in line.members):
        return [error(action_id, "Unable to add interface: Already there")]
    line.add(
        Member(
            queue=queue,
            name=headers.get("membername") or interface,
            interface=interface,
            state_interface=headers.get("stateinterface") or interface,
            endpoint=_endpoint_of(interface),
            login_time=int(who.simulator.switch.now),
            membership="dynamic",
            paused=_WORDS.get(headers.get("paused", "").lower(), False),
        )
    )
    return [success(action_id, "Added interface to queue")]


def _queue_remove(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    queue, interface = headers.get("queue", ""), headers.get("interface", "")
    if not queue or not interface:
        return [error(action_id, "Need 'Queue' and 'Interface' parameters.")]
    line = who.simulator.queues.get(queue)
    if line is None:
        return [error(action_id, "Unable to remove interface from queue: No such queue")]
    member = next((member for member in line.members if member.interface == interface), None)
    if member is None:
        return [error(action_id, "Unable to remove interface: Not there")]
    line.remove(member)
    return [success(action_id, "Removed interface from queue")]


# --- calls ------------------------------------------------------------------------------------------------------------


def _originate(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    """Played for phones of our agents, always asynchronous."""
    channel, number = headers.get("channel", ""), headers.get("exten", "")
    if not channel:
        return [error(action_id, "Channel not specified")]
    agent = who.simulator.agents.get(_endpoint_of(channel).partition("/")[2])
    if agent is None or not _DIALLED.fullmatch(number):
        return [error(action_id, "Extension does not exist.")]
    caller_id = _CALLER_ID.fullmatch(headers.get("callerid", ""))
    timeout = headers.get("timeout", "30000")
    who.simulator.order(
        OriginateOrder(
            action_id=action_id or "",
            agent=agent,
            number=number,
            context=headers.get("context", "from-internal"),
            timeout_s=int(timeout) / 1000 if timeout.isdecimal() else 30.0,
            channel_id=headers.get("channelid") or None,
            caller_number=(caller_id["number"] if caller_id else headers.get("callerid")) or None,
            caller_name=(caller_id["name"] or None) if caller_id else None,
        )
    )
    return [success(action_id, "Originate successfully queued")]


def _hangup(who: Answering, headers: Headers, action_id: str | None) -> list[bytes]:
    wanted = headers.get("channel", "")
    if not wanted:
        return [error(action_id, "No channel specified")]
    switch = who.simulator.switch
    channel = next((found for found in switch.channels.values() if wanted in (found.name, found.uniqueid)), None)
    if channel is None or channel.story is None:
        return [error(action_id, "No such channel")]
    switch.timeline.hang_up(channel.story, channel)
    return [success(action_id, "Channel Hungup")]


# --- small things -----------------------------------------------------------------------------------------------------


def _wanted(who: Answering, headers: Headers) -> Sequence[QueueLine]:
    queue = headers.get("queue", "")
    return [line for name, line in who.simulator.queues.items() if queue in ("", name)]


def _list_start(action_id: str | None, message: str) -> bytes:
    return response(True, action_id, (("EventList", "start"), ("Message", message)))


def _endpoint_of(interface: str) -> str:
    """The phone behind a member: `Local/1001@from-queue/n` is PJSIP/1001 here."""
    extension = interface.partition("/")[2].partition("@")[0].partition("/")[0]
    return f"PJSIP/{extension}"


_ACTIONS = {
    action.name.lower(): action
    for action in (
        _Action(_core_settings, "CoreSettings", "Show PBX core settings (version etc).", ("system", "reporting")),
        _Action(_core_show_channels, "CoreShowChannels", "List currently active channels.", ("system", "reporting")),
        _Action(_core_status, "CoreStatus", "Show PBX core status variables.", ("system", "reporting")),
        _Action(_device_state_list, "DeviceStateList", "List the current known device states.", ("call", "reporting")),
        _Action(_hangup, "Hangup", "Hangup channel.", ("system", "call")),
        _Action(_list_commands, "ListCommands", "List available manager commands."),
        _Action(_originate, "Originate", "Originate a call.", ("originate",)),
        _Action(_ping, "Ping", "Keepalive command."),
        _Action(_queue_add, "QueueAdd", "Add interface to queue.", ("agent",)),
        _Action(_queue_pause, "QueuePause", "Makes a queue member temporarily unavailable.", ("agent",)),
        _Action(_queue_remove, "QueueRemove", "Remove interface from queue.", ("agent",)),
        _Action(_queue_status, "QueueStatus", "Show queue status."),
        _Action(_queue_summary, "QueueSummary", "Show queue summary."),
    )
}
# Known to Asterisk, never allowed here.
_UNSUPPORTED = frozenset(
    {"command", "redirect", "atxfer", "blindtransfer", "getvar", "setvar", "dbput", "updateconfig"}
)
