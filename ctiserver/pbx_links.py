"""Everything that belongs to one configured PBX: its link, journal, state, commands and dialling rules."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from ctiserver.ami_config import ami_config
from ctiserver.dispatcher import Dispatcher
from ctiserver.event_pump import EventPump
from ctiserver.pbx_rights import NOT_BOOTED, PbxRights
from ctiserver.settings import PbxSettings, Settings
from ctiserver.wrap_up_pauses import WrapUpPauses
from pbx.asterisk.ami_client import AmiClient
from pbx.asterisk.ami_commands import AmiCommands
from pbx.asterisk.ami_commands import DialPlan as OriginatePlan
from pbx.asterisk.ami_journal import Journal
from pbx.asterisk.ami_link import LinkState
from pbx.call_events import AgentStateChanged, PbxResynced
from pbx.commands import Originate, PbxCommands
from pbx.devices import DeviceKind
from pbx.dial_rules import DialRules, RateLimit, dial_string
from pbx.errors import ControlsOff, PbxNotConnected, PbxRefused
from pbx.events import PbxName
from pbx.pbx_state import PbxState
from web.click_to_dial import DialPlan
from web.views import rfc3339


class TrackedCommands(AmiCommands):
    """Commands that know the calls: the number asked for before the PBX is asked, and the living channel to hang up."""

    def __init__(self, client: AmiClient, plan: OriginatePlan, state: PbxState) -> None:
        super().__init__(client, plan)
        self._state = state

    async def originate(self, request: Originate) -> None:
        """As the port says."""
        self._state.expect_originate(request.channel_id, request.number)
        try:
            await super().originate(request)
        except (ControlsOff, PbxNotConnected, PbxRefused):
            self._state.forget_originate(request.channel_id)
            raise

    async def hang_up(self, channel_or_uniqueid: str) -> None:
        """The root of a call may be gone (an optimised Local channel): then whoever is left of it is hung up."""
        await super().hang_up(self._state.living_channel(channel_or_uniqueid) or channel_or_uniqueid)


@dataclass(slots=True, kw_only=True)
class PbxLink:
    """One PBX of the configuration, wired."""

    name: str
    mode: str
    client: AmiClient
    pump: EventPump
    commands: PbxCommands
    dial_plan: DialPlan
    wrap_up: WrapUpPauses
    rights: PbxRights
    journal: Journal | None

    def status(self) -> dict[str, Any]:
        """For pages, push and /readyz: connected only when what we show equals the PBX."""
        link = self.client.status
        state, reason = str(link.state), link.reason
        if link.state is LinkState.CONNECTED:
            reason = self.rights.missing
            if not self.pump.live.is_set():
                state = "resyncing"
            elif not link.booted:
                state, reason = "booting", NOT_BOOTED
        return {
            "name": self.name,
            "state": state,
            "since": rfc3339(datetime.fromtimestamp(link.since, UTC)),
            "reason": reason,
            "mode": self.mode,
        }

    def is_phone(self, endpoint: str) -> bool:
        """May an agent sit there?"""
        return self.pump.state.device_kind(endpoint) is DeviceKind.PHONE

    def close(self) -> None:
        """After the last byte was journalled."""
        if self.journal is not None:
            self.journal.close()


def build_link(name: str, pbx: PbxSettings, settings: Settings, dispatcher: Dispatcher) -> PbxLink:
    """Nothing is connected yet."""
    journal = Journal(settings.journal.directory, name) if settings.journal.directory is not None else None
    client = AmiClient(ami_config(name, pbx), on_raw=_recorder(journal))
    state = PbxState(
        PbxName(name),
        pbx.device_plan(),
        wrap_up_s=lru_cache(lambda queue: settings.queue(queue or "").wrap_up_s or 0.0),  # asked at the end of each leg
        queues=pbx.queues,
    )
    plan = OriginatePlan(
        channel=pbx.originate_channel,
        context=pbx.originate_context,
        variables=pbx.originate_variables,
        timeout_s=pbx.originate_timeout_s,
    )
    commands = TrackedCommands(client, plan, state)
    wrap_up = WrapUpPauses(state, commands, pause=settings.wrap_up.pause_members)
    dispatcher.follow(f"wrap-up-{name}", wrap_up.apply, (AgentStateChanged, PbxResynced))
    rights = PbxRights(client, state)
    return PbxLink(
        name=name,
        mode=pbx.mode,
        client=client,
        pump=EventPump(client, state, dispatcher, on_self_check=rights.compare),
        commands=commands,
        wrap_up=wrap_up,
        rights=rights,
        dial_plan=build_dial_plan(pbx, settings, state),
        journal=journal,
    )


def _recorder(journal: Journal | None) -> Callable[[bytes], None] | None:
    if journal is None:
        return None
    return lambda data: journal.append(data, time.time())


def build_dial_plan(pbx: PbxSettings, settings: Settings, state: PbxState) -> DialPlan:
    """Number rules and the limits per agent, as click-to-dial asks for them."""
    rules = DialRules(
        format=pbx.dial.format,
        prefix=pbx.dial.prefix,
        region=pbx.incoming.region or settings.numbers.default_region,
        allow_countries=frozenset(pbx.dial.allow_countries),
        block_types=frozenset(pbx.dial.block_types),
        max_per_minute=pbx.dial.max_per_minute,
        max_per_day=pbx.dial.max_per_day,
    )
    limit = RateLimit(rules.max_per_minute, rules.max_per_day)

    def known_extensions() -> frozenset[str]:
        return state.extensions() | frozenset(pbx.extensions)

    def check_rate(agent: str, number: str, now: datetime) -> None:
        if not dial_string(number, rules, extensions=known_extensions()).emergency:
            limit.take(agent, now.timestamp())

    return DialPlan(
        dial_string=lambda typed: dial_string(typed, rules, extensions=known_extensions()).number_to_pbx,
        check_rate=check_rate,
    )
