"""Calls that come to nothing at the simulated PBX, each in its own way, for the browser tests."""

from __future__ import annotations

from pbx.events import ChannelState
from pbx.simulator import CallerPlan
from pbx.simulator.cast import AgentPlan, Reaction
from pbx.simulator.channels import SimChannel
from pbx.simulator.direct_calls import Behaviour, new_caller
from pbx.simulator.flows import FOREVER_S
from pbx.simulator.queue_calls import QueueCall
from pbx.simulator.switch import Switch
from pbx.simulator.timeline import Script, Sleep
from tests.browser.main_job_desk import Office

_MOMENT_S = 0.05


def _runs(switch: Switch, channel: SimChannel, application: str, data: str) -> None:
    """The dialplan comes to an application."""
    own = f"Extension: {channel.exten}\r\nApplication: {application}\r\nAppData: {data}\r\n"
    switch.tell("Newexten", "dialplan", channel.snapshot() + own)


def _ends(switch: Switch, channel: SimChannel, *, by_caller: bool = False) -> None:
    if by_caller:
        switch.hangup_request(channel)
    switch.soft_hangup_request(channel)
    switch.hang_up(channel, 16)


class _ToTheMailbox(QueueCall):
    """When the queue has given up, the mailbox takes the call."""

    def _end(self, cause: int) -> None:
        _runs(self.switch, self.channel, "VoiceMail", "600@default")
        super()._end(cause)


def to_voicemail(office: Office, number: str, queue: str) -> Script:
    """The queue times out, the caller leaves a message."""

    def ignore(agent: AgentPlan) -> tuple[Reaction, float]:
        return Reaction.IGNORE, FOREVER_S

    behaviour = Behaviour(react=ignore, gives_up_after_s=FOREVER_S, talk_s=0.0)
    lines = [office.queues[queue]]
    call = _ToTheMailbox(office.switch, office.agents, CallerPlan(number=number), lines, behaviour)
    call.answer_delay_s, call.first_limit_s = _MOMENT_S, _MOMENT_S
    return call.script()


def announcement(office: Office, number: str, did: str) -> Script:
    """A recorded voice says when somebody is there; the caller hangs up."""
    switch = office.switch
    channel = new_caller(switch, CallerPlan(number=number), did)
    switch.new_state(channel, ChannelState.UP)
    yield Sleep(_MOMENT_S)
    _ends(switch, channel, by_caller=True)


def refused_by_the_queue(office: Office, number: str, queue: str) -> Script:
    """Nobody serves the queue: it does not even take the caller (JOINEMPTY)."""
    switch = office.switch
    channel = new_caller(switch, CallerPlan(number=number), office.queues[queue].plan.did)
    switch.new_state(channel, ChannelState.UP)
    _runs(switch, channel, "Queue", f"{queue},tT,,,60")
    yield Sleep(_MOMENT_S)
    switch.tell("VarSet", "dialplan", channel.snapshot() + "Variable: QUEUESTATUS\r\nValue: JOINEMPTY\r\n")
    _ends(switch, channel)
