"""Click-to-dial: ring the agent's phone, then the customer; what became of each request, in plain sentences.

What happened to a request whose answer was lost is not known: it becomes `unknown`, is never sent again, and is resolved if its call
shows up after the link is back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from pbx.call_events import CallEvent, OriginateFinished, PbxLost
from pbx.calls import Call
from pbx.commands import Originate, PbxCommands
from pbx.errors import ControlsOff, DialRefused, PbxNotConnected, PbxRefused, PbxResultUnknown
from screenpop import topics
from web.dial_requests import SENTENCES, DialRequest, DialState, advance, silent, with_state

log = structlog.get_logger(__name__)

DOUBLE_CLICK = timedelta(seconds=3)
_SILENCE_MEANS_UNKNOWN = timedelta(seconds=90)  # longer than any originate timeout
_KEPT = timedelta(hours=2)  # requests, and the Idempotency-Keys that name them


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPlan:
    """The dialling rules of one PBX, as wiring builds them from `pbx/dial_rules.py`."""

    #: typed number → what the dialplan gets; raises DialRefused
    dial_string: Callable[[str], str]
    #: (agent, typed number, now): raises DialRefused("too_many"); emergency numbers pass
    check_rate: Callable[[str, str, datetime], None]


class ClickToDial:
    """The service behind `POST /calls`; fed with the call events by the dispatcher."""

    def __init__(
        self,
        *,
        commands: Mapping[str, PbxCommands],
        rules: Mapping[str, DialPlan],
        publish: Callable[[str, str, dict[str, Any]], None],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._commands = commands
        self._rules = rules
        self._publish = publish
        self._clock = clock
        self._new_id = new_id
        self._requests: dict[str, DialRequest] = {}
        self._open: set[str] = set()  # ids of requests that are not final
        self._latest: dict[str, str] = {}  # agent → id
        self._keys: dict[tuple[str, str], str] = {}  # (user, Idempotency-Key) → id
        self._forgotten_at: datetime | None = None

    def held(self) -> dict[str, int]:
        """How many requests are kept in memory, and how many of them are not over."""
        return {"dial_requests": len(self._requests), "dial_requests_open": len(self._open)}

    async def dial(
        self,
        *,
        user: str,
        agent: str,
        endpoint: str,
        extension: str,
        pbx: str,
        typed: str,
        customer_id: int | None = None,
        task_id: int | None = None,
        idempotency_key: str | None = None,
    ) -> DialRequest:
        """Ask the PBX once. A double click, or the same Idempotency-Key, returns the first request.

        Raises ControlsOff, DialRefused (nothing was dialled) and PbxNotConnected (nothing was sent; may be tried again).
        """
        now = self._clock()
        self._forget(now)
        number = self._rules[pbx].dial_string(typed)
        same = self._same(user, agent, number, idempotency_key, now)
        if same is not None:
            return same
        if not self._commands[pbx].controls:
            raise ControlsOff("This telephone system is only observed: dialling is off.")
        if self._busy(agent):
            raise DialRefused("already_dialling", "A call is already being set up on this phone.")
        self._rules[pbx].check_rate(agent, typed, now)
        request = self._begin(
            DialRequest(
                id=self._new_id(),
                user=user,
                agent=agent,
                pbx=pbx,
                endpoint=endpoint,
                typed=typed,
                number=number,
                customer_id=customer_id,
                state=DialState.DIALING,
                code="dialing",
                detail=SENTENCES["dialing"],
                call_id=None,
                at=now,
                task_id=task_id,
            ),
            idempotency_key,
        )
        return await self._originate(request, extension)

    async def _originate(self, request: DialRequest, extension: str) -> DialRequest:
        try:
            await self._commands[request.pbx].originate(
                Originate(
                    channel_id=request.id,
                    agent=request.agent,
                    endpoint=request.endpoint,
                    extension=extension,
                    number=request.number,
                )
            )
        except (PbxNotConnected, ControlsOff):
            self._drop(request)
            raise
        except PbxRefused as error:
            self._change(with_state(self._requests[request.id], DialState.REFUSED, "refused", str(error) or None))
        except PbxResultUnknown:
            # It may have rung meanwhile: never overwrite what an event already told.
            current = self._requests[request.id]
            if current.state is DialState.DIALING:
                self._change(with_state(current, DialState.UNKNOWN, "link_lost"))
        log.info("dial requested", request=request.id, user=request.user, agent=request.agent, pbx=request.pbx)
        # The phone may ring already; the answer says what was asked, or that it came to nothing. The rest comes by events.
        current = self._requests[request.id]
        return current if current.final else request

    def apply(self, event: CallEvent) -> list[DialRequest]:
        """Follow the PBX; returns (and publishes) the requests that changed."""
        concerned = self._concerned(event)
        if not concerned:
            return []  # nearly every event of a call centre
        changed = [(before, advance(before, event)) for before in concerned]
        return [self._change(after) for before, after in changed if after != before]

    def tick(self) -> list[DialRequest]:
        """Requests of which nothing was heard for too long become unknown. Call every few seconds."""
        oldest = self._clock() - _SILENCE_MEANS_UNKNOWN
        unheard = [one for one in self._open_requests() if one.state is DialState.DIALING and one.at < oldest]
        return [self._change(silent(request)) for request in unheard]

    def request(self, request_id: str) -> DialRequest | None:
        """One request of the last hour."""
        return self._requests.get(request_id)

    def requests_of(self, user: str) -> list[dict[str, Any]]:
        """What a fresh screen of this user shows: requests that are not over."""
        return [one.to_json() for one in self._open_requests() if user in (one.user, one.agent)]

    def calling_for(self) -> set[int]:
        """The tasks that somebody is dialling or talking for now."""
        return {one.task_id for one in self._open_requests() if one.task_id is not None}

    def customer_of(self, channel_id: str) -> int | None:
        """The customer whose number was clicked: the call record belongs to them, whoever else has that number."""
        request = self._requests.get(channel_id)
        return request.customer_id if request else None

    # --- inside -------------------------------------------------------------------------------------------------------------

    def _concerned(self, event: CallEvent) -> list[DialRequest]:
        if isinstance(event, PbxLost):
            return self._open_requests()
        call: Call | None = getattr(event, "call", None)
        channel_id = event.channel_id if isinstance(event, OriginateFinished) else call.click_to_dial if call else None
        request = self._requests.get(channel_id or "")
        return [request] if request else []

    def _open_requests(self) -> list[DialRequest]:
        return sorted((self._requests[key] for key in self._open), key=lambda one: one.at)

    def _same(
        self, user: str, agent: str, number: str, idempotency_key: str | None, now: datetime
    ) -> DialRequest | None:
        known = self._requests.get(self._keys.get((user, idempotency_key or ""), ""))
        if known is not None:
            if (known.agent, known.number) != (agent, number):
                raise DialRefused("idempotency_mismatch", "This Idempotency-Key was used for another call.")
            return known
        latest = self._requests.get(self._latest.get(agent, ""))
        return latest if latest and latest.number == number and now - latest.at < DOUBLE_CLICK else None

    def _busy(self, agent: str) -> bool:
        latest = self._requests.get(self._latest.get(agent, ""))
        return latest is not None and latest.state in (DialState.DIALING, DialState.AGENT_RINGING)

    def _begin(self, request: DialRequest, idempotency_key: str | None) -> DialRequest:
        self._latest[request.agent] = request.id
        if idempotency_key:
            self._keys[request.user, idempotency_key] = request.id
        return self._change(request)

    def _drop(self, request: DialRequest) -> None:
        """Nothing was sent: the same click may be tried again."""
        self._change(with_state(request, DialState.FAILED, "failed"))
        del self._requests[request.id]
        self._keys = {key: kept for key, kept in self._keys.items() if kept != request.id}

    def _change(self, request: DialRequest) -> DialRequest:
        self._requests[request.id] = request
        if request.final:
            self._open.discard(request.id)
        else:
            self._open.add(request.id)
        for user in dict.fromkeys((request.user, request.agent)):
            self._publish(topics.requests(user), "request.update", request.to_json())
        return request

    def _forget(self, now: datetime) -> None:
        """Once a minute at most: what is old and over."""
        if self._forgotten_at is not None and now - self._forgotten_at < timedelta(minutes=1):
            return
        self._forgotten_at = now
        self._requests = {key: one for key, one in self._requests.items() if now - one.at < _KEPT or not one.final}
        self._keys = {key: kept for key, kept in self._keys.items() if kept in self._requests}
