"""An Asterisk that is not there: an AMI server over TCP that plays a small call centre for the demo, training, load and tests.

`cast` people and queues · `timeline` discrete events · `switch` channels, bridges, devices · `lines` queues ·
`legs`, `direct_calls`, `queue_calls`, `outgoing_calls` the stories · `office` who calls when · `actions` answers ·
`server` TCP · `load` thousands of calls a second.
"""

from pbx.simulator.cast import AgentPlan, CallerPlan, QueuePlan
from pbx.simulator.office import Simulator
from pbx.simulator.server import SimulatorServer

__all__ = ["AgentPlan", "CallerPlan", "QueuePlan", "Simulator", "SimulatorServer"]
