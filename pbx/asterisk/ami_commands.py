"""`PbxCommands` over AMI: dial, hang up, pause, log members in and out. Nothing is ever sent twice."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from pbx.asterisk.ami_client import AmiClient
from pbx.commands import Originate
from pbx.errors import ControlsOff, PbxNotConnected, PbxRefused
from pbx.events import OriginateResponse

logger = structlog.get_logger(__name__)

_NUMBER = re.compile(r"\+?[0-9*#]{1,20}")
_CHANNEL_ID = re.compile(r"[a-z0-9-]{1,64}")
_EXTENSION = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ENDPOINT = re.compile(r"[A-Za-z0-9]{1,16}/[A-Za-z0-9_.@+-]{1,128}")
_ANSWER_MARGIN_S = 2.0  # after Asterisk's own Timeout its OriginateResponse is on the way


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPlan:
    """The `originate_*` keys of a `[pbx.*]` section: everything of an Originate but the number is the administrator's."""

    channel: str = "PJSIP/{extension}"
    context: str = "from-internal"
    variables: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 30.0
    caller_id: str = "CTI <{extension}>"  # what the agent's own phone shows; to the dialplan it is the agent's call


class AmiCommands:
    """One PBX's commands. Values are checked here once more, whatever the callers did: AMI is the PBX's root shell (T1, T2)."""

    def __init__(
        self,
        client: AmiClient,
        plan: DialPlan,
        *,
        timeout_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._plan = plan
        self._timeout_s = timeout_s
        self._clock = clock
        # Account name → (channel id, until when) of the Originate whose phone may still be ringing.
        self._dialling: dict[str, tuple[str, float]] = {}
        client.on_originate_response = self._originate_ended

    @property
    def controls(self) -> bool:
        """False in observer mode."""
        return not self._client.config.observe

    async def originate(self, request: Originate) -> None:
        """Ring the agent's phone, then dial. Raises PbxRefused while the agent's last one still rings."""
        self._need_controls()
        fields = self._originate_fields(request)
        self._take_turn(request)
        try:
            await self._client.action(fields, timeout_s=self._timeout_s)
        except (PbxRefused, PbxNotConnected):
            self._release(request.agent, request.channel_id)
            raise
        # On PbxResultUnknown the phone may be ringing: the turn ends with the timeout.
        logger.info(
            "originate_accepted", pbx=self._client.config.name, agent=request.agent, channel_id=request.channel_id
        )

    def _originate_fields(self, request: Originate) -> dict[str, Any]:
        _check(_CHANNEL_ID, request.channel_id, "The request's id")
        _check(_EXTENSION, request.extension, "The agent's extension")
        _check(_ENDPOINT, request.endpoint, "The agent's phone")
        _check(_NUMBER, request.number, "The number")
        names = {"extension": request.extension, "endpoint": request.endpoint}
        fields: dict[str, Any] = {
            "Action": "Originate",
            "ActionID": request.channel_id,
            "ChannelId": request.channel_id,
            "Channel": self._plan.channel.format(**names),
            "Context": self._plan.context,
            "Exten": request.number,
            "Priority": "1",
            "CallerID": self._plan.caller_id.format(**names),
            "Timeout": str(int(self._plan.timeout_s * 1000)),
            "Async": "true",
        }
        if self._plan.variables:
            fields["Variable"] = [f"{name}={value}" for name, value in self._plan.variables.items()]
        return fields

    def _take_turn(self, request: Originate) -> None:
        now = self._clock()
        _, until = self._dialling.get(request.agent, ("", 0.0))
        if until > now:
            raise PbxRefused("Your phone is already being called; answer it or wait a moment.")
        until = now + self._plan.timeout_s + _ANSWER_MARGIN_S
        self._dialling[request.agent] = (request.channel_id, until)

    def _originate_ended(self, result: OriginateResponse) -> None:
        for agent, (channel_id, _) in list(self._dialling.items()):
            if channel_id in (result.action_id, result.uniqueid):
                self._release(agent, channel_id)

    def _release(self, agent: str, channel_id: str) -> None:
        if self._dialling.get(agent, ("", 0.0))[0] == channel_id:
            del self._dialling[agent]

    async def hang_up(self, channel_or_uniqueid: str) -> None:
        """Hang up one channel. Asterisk takes a name or a Uniqueid; what begins with a slash it takes as a pattern for many."""
        if channel_or_uniqueid.startswith("/") or not channel_or_uniqueid:
            raise PbxRefused("This is not the name of a channel. Nothing was sent.")
        await self._send({"Action": "Hangup", "Channel": channel_or_uniqueid, "Cause": "16"})

    async def pause_member(self, interface: str, *, reason: str, queue: str | None = None) -> None:
        """Pause the member in one queue, or in all."""
        await self._send(
            {"Action": "QueuePause", "Interface": interface, "Paused": "true", "Reason": reason, **_in_queue(queue)}
        )

    async def unpause_member(self, interface: str, *, queue: str | None = None) -> None:
        """Unpause the member in one queue, or in all."""
        await self._send({"Action": "QueuePause", "Interface": interface, "Paused": "false", **_in_queue(queue)})

    async def add_member(self, queue: str, interface: str, *, name: str, state_interface: str | None = None) -> None:
        """Log the member in to the queue."""
        state = {"StateInterface": state_interface} if state_interface else {}
        await self._send(
            {"Action": "QueueAdd", "Queue": queue, "Interface": interface, "MemberName": name, "Penalty": "0", **state}
        )

    async def remove_member(self, queue: str, interface: str) -> None:
        """Log the member out of the queue."""
        await self._send({"Action": "QueueRemove", "Queue": queue, "Interface": interface})

    async def _send(self, fields: Mapping[str, str]) -> None:
        self._need_controls()
        await self._client.action(fields, timeout_s=self._timeout_s)

    def _need_controls(self) -> None:
        if not self.controls:
            raise ControlsOff("This telephone system is only observed; commands are off.")


def _in_queue(queue: str | None) -> dict[str, str]:
    return {} if queue is None else {"Queue": queue}


def _check(pattern: re.Pattern[str], value: str, what: str) -> None:
    if not pattern.fullmatch(value):
        raise PbxRefused(f"{what} is not something that can be dialled. Nothing was sent.")
