"""The link to the telephone system breaks, freezes, is refused, or leads to one that has just begun anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import structlog

from crm_store.activities import CallRecord
from ctiserver.ami_config import ami_config
from ctiserver.event_pump import EventPump
from ctiserver.pbx_rights import CONTROLS, READS
from ctiserver.wiring import Service
from pbx.errors import PbxError
from pbx.simulator import CallerPlan, QueuePlan, SimulatorServer
from pbx.simulator.flows import FOREVER_S, Flow
from pbx.simulator.lines import Member, QueueLine
from tests.fakes.ami_server import FakeAmiServer, snapshot
from tests.fakes.cut_proxy import CutProxy
from tests.faults.found import Faults, Found
from tests.faults.stage import all_live, all_read, centre, gaps, link_to, settled, supervisor, until
from tests.pbx.simulator.streams import office

TALKS_ON, ENDS_IN_GAP, ONLY_IN_GAP = (f"+44770090030{number}" for number in range(3))


@contextmanager
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def quicker(monkeypatch: pytest.MonkeyPatch, **values: float) -> None:
    """The same link with shorter intervals."""
    monkeypatch.setattr("ctiserver.pbx_links.ami_config", lambda name, pbx: replace(ami_config(name, pbx), **values))


# --- cut --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "gap_s",
    [
        1.0,
        pytest.param(60.0, marks=[pytest.mark.long, pytest.mark.timeout(200)]),
        pytest.param(600.0, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
async def test_a_cut_link(tmp_path: Path, gap_s: float, fault: Faults) -> None:
    async with SimulatorServer(office()) as pbx, CutProxy(pbx.host, pbx.port) as link:
        section = {**link_to(pbx), "port": link.port}
        async with centre(tmp_path, {"main": section}) as service:
            pump = service.pumps["main"]
            _direct(pbx, "1005", TALKS_ON, talk_s=FOREVER_S)
            _direct(pbx, "1006", ENDS_IN_GAP, talk_s=0.7 + gap_s / 2)
            await until(lambda: [str(call.state) for call in pump.state.open_calls()] == ["talking"] * 2)
            before = {call.remote_raw: call.id for call in pump.state.open_calls()}
            began = time.time()
            link.cut()
            await pbx.play("queue_answered", Flow(caller=CallerPlan(number=ONLY_IN_GAP), ring_s=0.1, talk_s=0.1))
            await asyncio.sleep(gap_s)
            link.heal()
            await until(lambda: pump.live.is_set(), within_s=30)
            ended = time.time()
            await asyncio.sleep(1.0)  # what ends right after a gap may have been asked for in it
            pbx.hang_up(TALKS_ON)
            found = await settled(service)
    by_number = {str(one["remote"]["raw"]): one for one in found}
    wrong = list(_judged_after_cut(by_number, before))
    (gap,) = gaps(tmp_path)
    if gap.since > began or gap.until < ended - 1.0:
        wrong.append("the gap does not cover the time without connection")
    if gap.missed_calls != 1:
        wrong.append(f"the gap counts {gap.missed_calls} missed calls")
    fault(
        "R3",
        f"TCP reset in mid-call, back after {gap_s:.0f} s; one call goes on, one ends, one is born and dead in it",
        "same records; the ended one closed and estimated; the third counted in the gap",
        Found(
            lost=len({TALKS_ON, ENDS_IN_GAP} - by_number.keys()),
            doubled=len(found) - len(by_number),
            wrong=tuple(wrong),
            estimated=sum(one["estimated"] for one in found),
            gap_s=gap.seconds,
            more=f"{gap.missed_calls} missed in the gap",
        ),
    )


def _direct(pbx: SimulatorServer, extension: str, number: str, *, talk_s: float) -> None:
    caller = CallerPlan(number=number)
    pbx.start_flow("direct_caller_hangs_up", Flow(caller=caller, extension=extension, ring_s=0.1, talk_s=talk_s))


def _judged_after_cut(by_number: dict[str, CallRecord], before: dict[str | None, Any]) -> Iterator[str]:
    if {number: by_number[number]["id"] for number in by_number if number in before} != before:
        yield "a call goes on under another id"
    if by_number[TALKS_ON]["estimated"] or by_number[TALKS_ON]["outcome"] != "answered":
        yield f"the call that went on is {by_number[TALKS_ON]}"
    gone = by_number[ENDS_IN_GAP]
    if (gone["estimated"], gone["ended_by"], gone["outcome"]) != (True, "unknown", "answered"):
        yield f"the call that ended in the gap is {gone}"
    if ONLY_IN_GAP in by_number:
        yield "nobody can have seen the third call"


# --- half-open --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ping_s", [0.5, pytest.param(None, marks=[pytest.mark.long, pytest.mark.timeout(60)], id="as configured")]
)
async def test_a_peer_that_went_silent(
    tmp_path: Path, ping_s: float | None, fault: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ping_s is not None:
        quicker(monkeypatch, ping_interval_s=ping_s)
    async with FakeAmiServer() as pbx, centre(tmp_path, {"main": link_to(pbx)}) as service:
        with logged() as lines:
            client, pump = service.links["main"].client, service.pumps["main"]
            await asyncio.sleep(client.config.ping_interval_s * 0.9)
            began = time.monotonic()
            pbx.go_silent()
            asked = asyncio.create_task(_dial(service))
            await until(lambda: not pump.live.is_set(), within_s=30)
            seen_s = time.monotonic() - began
            await until(lambda: pump.live.is_set(), within_s=30)
            back_s = time.monotonic() - began
            state = await asked
        originates = len(pbx.of("Originate"))
    wrong = [] if state == "unknown" else [f"the click-to-dial under way says {state}"]
    limit_s = 15.0 if ping_s is None else 4 * ping_s + 3.0
    if back_s > limit_s:
        wrong.append(f"logged in again after {back_s:.1f} s")
    if not any(line["event"] == "ami_lost" and "silent" in line["reason"] for line in lines):
        wrong.append("no alarm that says why")
    fault(
        "R4",
        f"half-open link: the peer is silent, no FIN; ping every {client.config.ping_interval_s:g} s",
        f"alarm, new login within {limit_s:g} s; nothing sent twice",
        Found(
            doubled=max(0, originates - 1),
            wrong=tuple(wrong),
            more=f"found after {seen_s:.1f} s, logged in after {back_s:.1f} s, {originates} Originates",
        ),
    )


async def _dial(service: Service, agent: str = "eva") -> str:
    """The state of one click-to-dial once it is over."""
    try:
        request = await service.dialler.dial(
            user=agent, agent=agent, endpoint="PJSIP/1001", extension="1001", pbx="main", typed="+442079460999"
        )
    except PbxError as error:
        return type(error).__name__
    return str(request.state)


# --- begun anew -------------------------------------------------------------------------------------------------------


async def test_asterisk_begins_anew_and_counts_from_the_start(tmp_path: Path, fault: Faults) -> None:
    """The same Uniqueids come again: the counter starts at 0, and the clock may have been set back."""
    async with FakeAmiServer() as pbx, centre(tmp_path, {"main": link_to(pbx)}) as service:
        pump = service.pumps["main"]
        pbx.answers["Ping"] = lambda action: pbx.response(action, Ping="Pong", Timestamp=f"{time.time():.6f}")
        await _rings(pbx, "+447700900401", at=time.time())
        await until(lambda: len(pump.state.open_calls()) == 1)
        await service.call_log.flush()
        await pbx.send_event("Shutdown", Shutdown="Uncleanly", Restart="True")
        await pbx.refuse_connections()
        await until(lambda: not pump.live.is_set())
        pbx.started = ("2026-11-22", "03:00:00")
        await pbx.accept_connections()
        await all_live(service)
        await _rings(pbx, "+447700900402", at=time.time())
        for channel in ("PJSIP/1001-00000002", "PJSIP/trunk-a-00000001"):
            number = channel[-1]
            headers = snapshot(channel, f"1795295646.{number}", Linkedid="1795295646.1")
            await pbx.send_event("Hangup", *headers, Timestamp=time.time(), Cause=16)
        await all_read(service)
        found = await settled(service)
    ends = [(one["remote"]["raw"], one["ended_by"], one["estimated"]) for one in found]
    expected = [("+447700900401", "system", True), ("+447700900402", "unknown", False)]
    wrong = (
        [] if [end[0::2] for end in ends] == [end[0::2] for end in expected] and ends[0] == expected[0] else [str(ends)]
    )
    fault(
        "R5",
        "Asterisk restarts in mid-call; its new calls have the same Uniqueids",
        "the old call closed by the system, estimated; the new one separate",
        Found(
            lost=2 - len(found),
            doubled=len(found) - len({one["id"] for one in found}),
            wrong=tuple(wrong),
            estimated=sum(one["estimated"] for one in found),
            gap_s=gaps(tmp_path)[0].seconds,
        ),
    )


async def _rings(pbx: FakeAmiServer, number: str, *, at: float) -> None:
    caller = snapshot("PJSIP/trunk-a-00000001", "1795295646.1", ChannelState=4, CallerIDNum=number)
    phone = {"ChannelState": 5, "Linkedid": "1795295646.1"}
    await pbx.send_event("Newchannel", *caller, Timestamp=at)
    await pbx.send_event("Newchannel", *snapshot("PJSIP/1001-00000002", "1795295646.2", **phone), Timestamp=at + 0.1)
    dest = snapshot("PJSIP/1001-00000002", "1795295646.2", prefix="Dest", **phone)
    await pbx.send_event("DialBegin", *caller, *dest, Timestamp=at + 0.2)


async def test_queues_and_members_changed_while_we_were_away(tmp_path: Path, fault: Faults) -> None:
    simulator = office()
    async with SimulatorServer(simulator) as pbx, CutProxy(pbx.host, pbx.port) as link:
        section = {**link_to(pbx), "port": link.port}
        async with centre(tmp_path, {"main": section}) as service:
            pump = service.pumps["main"]
            link.cut()
            await until(lambda: not pump.live.is_set())
            _reload(simulator)
            link.heal()
            await all_live(service)
            await asyncio.sleep(0.3)  # the board is told in rounds
            shown = {
                (seat.queue, seat.interface): (seat.paused, seat.paused_reason or "")
                for agent in pump.state.agents()
                for seat in pump.state.seats_of(agent.name)
            }
            board = await _queues_shown(service)
    truth = {
        (line.plan.name, member.interface): (member.paused, member.paused_reason)
        for line in simulator.queues.values()
        for member in line.members
    }
    wrong = [f"{seat}: {shown.get(seat)} for {truth.get(seat)}" for seat in truth.keys() | shown.keys()
             if shown.get(seat) != truth.get(seat)]  # fmt: skip
    if board != set(simulator.queues):
        wrong.append(f"the board has the queues {sorted(board)} for {sorted(simulator.queues)}")
    fault("R6", "a queue added, one removed, members added, removed and paused while the link is cut",
          "live view equals QueueStatus", Found(wrong=tuple(wrong), gap_s=gaps(tmp_path)[0].seconds))  # fmt: skip


def _reload(simulator: Any) -> None:
    """What `queue reload all` and two colleagues may do in a minute."""
    queues = simulator.queues
    del queues["nobody"]
    queues["added"] = QueueLine(QueuePlan(name="added", did="+442079460139", members=()), simulator.switch)
    line = queues["support"]
    line.remove(line.members[0])
    line.pause(line.members[0], paused=True, reason="lunch")
    added = Member(queue="added", name="Emil Five", interface="PJSIP/1005", state_interface="PJSIP/1005",
                   endpoint="PJSIP/1005", login_time=0, membership="dynamic")  # fmt: skip
    queues["added"].add(added)


async def _queues_shown(service: Service) -> set[str]:
    """The queues of the board, as the API gives them to a supervisor."""
    async with supervisor(service) as http, http.get(f"{service.url}/api/v1/queues") as answer:
        return {queue["name"] for queue in (await answer.json())["items"]}


# --- refused ----------------------------------------------------------------------------------------------------------


async def test_a_wrong_secret_then_the_right_one(tmp_path: Path, fault: Faults) -> None:
    async with FakeAmiServer(secret="new") as pbx:
        with logged() as lines:
            attempts: list[float] = []
            async with centre(tmp_path, {"main": {**link_to(pbx), "secret": "old"}}, live=False) as service:
                for number in range(3):
                    await pbx.login_attempts(number + 1)
                    attempts.append(time.monotonic())
                status = service.links["main"].status()
                pbx.secret = "old"
                await all_live(service)
        refused = [line for line in lines if line["event"] == "ami_login_refused"]
    waits = [later - earlier for earlier, later in pairwise(attempts)]
    wrong = [] if status["state"] == "refused_login" and "Authentication failed" in status["reason"] else [str(status)]
    if len(refused) != 3 or any(line["log_level"] != "error" for line in refused):
        wrong.append(f"{len(refused)} alarms for three attempts")
    if not (waits[0] >= 0.25 and waits[1] >= 2 * waits[0] / 2):
        wrong.append(f"attempts {waits} s apart")
    fault(
        "R7",
        "wrong AMI secret, corrected on the PBX after three attempts",
        "one attempt for each step of the back-off, an alarm for each, recovery without a restart",
        Found(wrong=tuple(wrong), more=f"attempts {', '.join(f'{wait:.1f}' for wait in waits)} s apart"),
    )


# --- rights and a long start ------------------------------------------------------------------------------------------

_CALLER = snapshot("PJSIP/trunk-a-00000001", "1.1", CallerIDNum="+447700900501", Exten="+442079460130")
_QUEUE = ("QueueParams", [("Queue", "support"), ("Max", "0"), ("Calls", "1"), ("Completed", "0"), ("Abandoned", "0")])
_WAITS = ("QueueEntry", [("Queue", "support"), ("Position", "1"), ("Channel", "PJSIP/trunk-a-00000001"),
                         ("Uniqueid", "1.1"), ("Wait", "30")])  # fmt: skip
_ALLOWED = (*READS, *CONTROLS)


@pytest.mark.parametrize(
    ("missing", "allowed"),
    [
        ("read = system", _ALLOWED),
        ("read = call", _ALLOWED),
        ("read = agent", _ALLOWED),
        ("write = agent", tuple(action for action in _ALLOWED if not action.startswith("Queue") or action in READS)),
        ("write = originate", tuple(action for action in _ALLOWED if action != "Originate")),
        ("write = reporting", ("QueueStatus", *CONTROLS)),
    ],
)
async def test_a_class_that_the_user_lacks_is_named(
    tmp_path: Path, missing: str, allowed: tuple[str, ...], fault: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctiserver.pbx_links.EventPump", partial(EventPump, self_check_s=0.3))
    monkeypatch.setattr("ctiserver.pbx_rights._BOOTED_S", 0.2)
    async with FakeAmiServer() as pbx:
        pbx.fully_booted = missing != "read = system"
        pbx.answers["ListCommands"] = lambda action: pbx.response(action, **dict.fromkeys(allowed, "(Priv: all)"))
        with logged() as lines:
            async with centre(tmp_path, {"main": link_to(pbx)}) as service:
                await _somebody_calls(pbx, service, missing)
                link = service.links["main"]
                await until(lambda: missing in str(link.status()["reason"]), what=f"{link.status()}")
                await until(lambda: any(line["event"] == "rights missing" for line in lines))
        said = [line for line in lines if line["event"] == "rights missing" and missing in line["reason"]]
    wrong = () if said and all(line["log_level"] == "error" for line in said) else ("no alarm",)
    fault("R8", f"the AMI user lacks {missing}", "named in the log and beside the link's state",
          Found(wrong=wrong, more=said[0]["reason"] if said else ""))  # fmt: skip


async def _somebody_calls(pbx: FakeAmiServer, service: Service, missing: str) -> None:
    """A caller whom the PBX lists as waiting; of the class that is missing there is no event."""
    if missing == "read = agent":
        await pbx.send_event("Newchannel", *_CALLER, Timestamp=time.time())
        await until(lambda: len(service.pumps["main"].state.open_calls()) == 1)
    if missing in ("read = agent", "read = call"):
        pbx.channels = [[*_CALLER, ("Duration", "00:00:30"), ("BridgeId", ""), ("Application", "Queue")]]
        pbx.queue_rows = [_QUEUE, _WAITS]


async def test_a_pbx_that_stays_in_boot(tmp_path: Path, fault: Faults) -> None:
    async with FakeAmiServer() as pbx:
        pbx.fully_booted = False
        async with centre(tmp_path, {"main": link_to(pbx)}) as service:
            booting, empty = service.links["main"].status(), await _queues_shown(service)
            pbx.queue_rows = [_QUEUE]
            await pbx.send_event("FullyBooted", Uptime=40, LastReload=40, Status="Fully Booted")
            await until(lambda: service.links["main"].status()["state"] == "connected")
            await all_live(service)
            await until_shown(service, {"support"})
            ready = service.links["main"].status()
    wrong = [] if booting["state"] == "booting" and "starting" in booting["reason"] else [f"while booting: {booting}"]
    if empty or (ready["state"], ready["reason"]) != ("connected", None):
        wrong.append(f"queues while booting: {empty}; then {ready}")
    fault("R30", "Asterisk answers, and says FullyBooted only later", 'says "booting"; no queues before it is up',
          Found(wrong=tuple(wrong), more=booting["reason"]))  # fmt: skip


async def until_shown(service: Service, queues: set[str]) -> None:
    async def shown() -> bool:
        return await _queues_shown(service) == queues

    await until(shown)
