"""Single calls by name, exact to the second: for tests and for showing one thing at a time.

Names are those of the recordings in tests/recordings. Spans are seconds and can be changed by the keyword arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pbx.simulator.cast import AgentPlan, CallerPlan, Reaction
from pbx.simulator.direct_calls import Behaviour, inbound_direct, internal
from pbx.simulator.office import DIRECT_DID, Simulator
from pbx.simulator.outgoing_calls import Remote, outbound
from pbx.simulator.timeline import Script

FOREVER_S = 3600.0
JAN = CallerPlan(number="+447700900123", name="Ján Kováč")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What one played call needs to know; every field has a value that suits a test."""

    caller: CallerPlan = JAN
    extension: str = "1001"  # direct, internal (who calls) and outbound calls
    others: tuple[str, ...] = ("1002", "1003")  # ring group, and who is called internally
    queue: str = ""  # "": the first queue of the needed kind
    second_queue: str = ""  # where the call goes on after the first one's timeout
    number: str = "+442079460999"  # outbound: what is dialled
    ring_s: float = 0.2  # until the phone reacts
    ring_limit_s: float = 0.4  # Dial's own timeout
    talk_s: float = 0.3
    wait_s: float = 0.3  # until the caller gives up, or the queue


def flow_script(simulator: Simulator, name: str, flow: Flow) -> Script:
    """The script of a named flow; KeyError when there is no such flow."""
    return _FLOWS[name](simulator, flow)


def flow_names() -> tuple[str, ...]:
    """Every flow that can be played."""
    return tuple(_FLOWS)


def _behaviour(
    flow: Flow,
    reactions: Mapping[str, Reaction] | Reaction = Reaction.ANSWER,
    *,
    agent_ends: bool = False,
    gives_up: bool = False,
    holds: tuple[tuple[float, float], ...] = (),
) -> Behaviour:
    """One reaction for all phones, or one by extension (others let it ring)."""

    def react(agent: AgentPlan) -> tuple[Reaction, float]:
        if isinstance(reactions, Reaction):
            return reactions, flow.ring_s
        return reactions.get(agent.extension, Reaction.IGNORE), flow.ring_s

    patience_s = flow.wait_s if gives_up else FOREVER_S
    return Behaviour(react=react, gives_up_after_s=patience_s, talk_s=flow.talk_s, agent_ends=agent_ends, holds=holds)


def _direct(
    simulator: Simulator,
    flow: Flow,
    reaction: Reaction = Reaction.ANSWER,
    *,
    agent_ends: bool = False,
    gives_up: bool = False,
    caller: CallerPlan | None = None,
    holds: tuple[tuple[float, float], ...] = (),
) -> Script:
    agent = simulator.agents[flow.extension]
    behaviour = _behaviour(flow, reaction, agent_ends=agent_ends, gives_up=gives_up, holds=holds)
    did = DIRECT_DID(int(flow.extension[-2:]))
    limit_s = FOREVER_S if reaction is Reaction.ANSWER or gives_up else flow.ring_limit_s
    return inbound_direct(simulator.switch, (agent,), caller or flow.caller, did, behaviour, ring_s=limit_s)


def _group(
    simulator: Simulator, flow: Flow, reactions: Mapping[str, Reaction] | Reaction, *, gives_up: bool = False
) -> Script:
    agents = [simulator.agents[extension] for extension in (flow.extension, *flow.others)]
    behaviour = _behaviour(flow, reactions, gives_up=gives_up)
    return inbound_direct(simulator.switch, agents, flow.caller, DIRECT_DID(20), behaviour, ring_s=flow.ring_limit_s)


def _queue(
    simulator: Simulator,
    flow: Flow,
    reactions: Mapping[str, Reaction] | Reaction = Reaction.ANSWER,
    *,
    strategy: str = "rrmemory",
    freepbx: bool = False,
    agent_ends: bool = False,
    gives_up: bool = False,
    limit_s: float | None = None,
) -> Script:
    queue = flow.queue or _queue_of(simulator, strategy=strategy, freepbx=freepbx)
    behaviour = _behaviour(flow, reactions, agent_ends=agent_ends, gives_up=gives_up)
    call = simulator.queue_call(flow.caller, [queue], behaviour)
    call.answer_delay_s, call.first_limit_s = 0.05, limit_s
    return call.script()


def _queue_of(simulator: Simulator, *, strategy: str, freepbx: bool) -> str:
    plans = (line.plan for line in simulator.queues.values())
    return next(plan.name for plan in plans if plan.freepbx == freepbx and (freepbx or plan.strategy == strategy))


def _nobody(simulator: Simulator) -> str:
    return next(name for name, line in simulator.queues.items() if not line.members)


def _queue_second_member(simulator: Simulator, flow: Flow, first: Reaction) -> Script:
    """The first member of the rotation does not take it, all others would."""
    queue = flow.queue or _queue_of(simulator, strategy="rrmemory", freepbx=False)
    members = simulator.queues[queue].plan.members
    reactions = dict.fromkeys(members[1:], Reaction.ANSWER) | {members[0]: first}
    return _queue(simulator, flow, reactions, agent_ends=True)


def _queue_ringall(simulator: Simulator, flow: Flow) -> Script:
    queue = flow.queue or _queue_of(simulator, strategy="ringall", freepbx=False)
    return _queue(simulator, flow, _one_answers(simulator, flow, queue), strategy="ringall", agent_ends=True)


def _queue_local(simulator: Simulator, flow: Flow) -> Script:
    queue = flow.queue or _queue_of(simulator, strategy="ringall", freepbx=True)
    return _queue(simulator, flow, _one_answers(simulator, flow, queue), freepbx=True)


def _one_answers(simulator: Simulator, flow: Flow, queue: str) -> dict[str, Reaction]:
    """One member wins, a colleague from `others` where there is one; the others let it ring."""
    members = simulator.queues[queue].plan.members
    return {next((member for member in members if member in flow.others), members[0]): Reaction.ANSWER}


def _queue_second(simulator: Simulator, flow: Flow) -> Script:
    """The first queue times out, the second answers."""
    plain = [line.plan.name for line in simulator.queues.values() if not line.plan.freepbx]
    names = [flow.queue or plain[0], flow.second_queue or plain[1]]
    last = simulator.queues[names[1]].plan.members
    first = simulator.queues[names[0]].plan.members
    reactions = {extension: Reaction.ANSWER for extension in last if extension not in first}
    call = simulator.queue_call(flow.caller, names, _behaviour(flow, reactions, agent_ends=True))
    call.answer_delay_s, call.first_limit_s = 0.05, flow.wait_s
    return call.script()


def _outbound(
    simulator: Simulator, flow: Flow, remote: Remote, *, agent_ends: bool = True, gives_up: bool = False
) -> Script:
    behaviour = _behaviour(flow, agent_ends=agent_ends, gives_up=gives_up)
    return outbound(simulator.switch, simulator.agents[flow.extension], flow.number, remote, behaviour)


def _internal(simulator: Simulator, flow: Flow) -> Script:
    source, target = simulator.agents[flow.extension], simulator.agents[flow.others[0]]
    return internal(simulator.switch, source, target, _behaviour(flow))


def _remote(flow: Flow, reaction: Reaction, cause: int = 17) -> Remote:
    return Remote(reaction=reaction, after_s=flow.ring_s, cause=cause)


_FLOWS: dict[str, Callable[[Simulator, Flow], Script]] = {
    "direct_agent_hangs_up": lambda s, f: _direct(s, f, agent_ends=True),
    "direct_caller_hangs_up": lambda s, f: _direct(s, f),
    "direct_missed": lambda s, f: _direct(s, f, Reaction.IGNORE),
    "direct_declined": lambda s, f: _direct(s, f, Reaction.DECLINE),
    "direct_busy": lambda s, f: _direct(s, f, Reaction.BUSY),
    "direct_caller_gives_up": lambda s, f: _direct(s, f, Reaction.IGNORE, gives_up=True),
    "direct_withheld": lambda s, f: _direct(s, f, agent_ends=True, caller=CallerPlan(number=None)),
    "hold_and_resume": lambda s, f: _direct(s, f, holds=((f.talk_s / 5, f.talk_s / 5),) * 2),
    "ring_group_answered": lambda s, f: _group(s, f, {f.others[0]: Reaction.ANSWER}),
    "ring_group_nobody": lambda s, f: _group(s, f, Reaction.IGNORE),
    "ring_group_busy": lambda s, f: _group(s, f, Reaction.BUSY),
    "ring_group_caller_gives_up": lambda s, f: _group(s, f, Reaction.IGNORE, gives_up=True),
    "queue_answered": lambda s, f: _queue(s, f),
    "queue_answered_agent_hangs_up": lambda s, f: _queue(s, f, agent_ends=True),
    "queue_local_kept": _queue_local,
    "queue_abandoned_unrung": lambda s, f: _queue(s, replace(f, queue=f.queue or _nobody(s)), gives_up=True),
    "queue_abandoned_ringing": lambda s, f: _queue(s, f, Reaction.IGNORE, gives_up=True),
    "queue_timeout": lambda s, f: _queue(s, f, Reaction.IGNORE, limit_s=f.wait_s),
    "queue_second_member": lambda s, f: _queue_second_member(s, f, Reaction.IGNORE),
    "queue_member_rejects": lambda s, f: _queue_second_member(s, f, Reaction.DECLINE),
    "queue_ringall": _queue_ringall,
    "queue_timeout_second_queue": _queue_second,
    "internal_answered": _internal,
    "outbound_answered": lambda s, f: _outbound(s, f, _remote(f, Reaction.ANSWER)),
    "outbound_far_end_hangs_up": lambda s, f: _outbound(s, f, _remote(f, Reaction.ANSWER), agent_ends=False),
    "outbound_busy": lambda s, f: _outbound(s, f, _remote(f, Reaction.BUSY)),
    "outbound_no_answer": lambda s, f: _outbound(s, f, _remote(f, Reaction.DECLINE, cause=19)),
    "outbound_invalid": lambda s, f: _outbound(s, f, _remote(f, Reaction.DECLINE, cause=1)),
    "outbound_rejected": lambda s, f: _outbound(s, f, _remote(f, Reaction.DECLINE, cause=21)),
    "outbound_cancelled": lambda s, f: _outbound(s, f, _remote(f, Reaction.IGNORE), gives_up=True),
}
