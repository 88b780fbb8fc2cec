"""The supervisor's board: queues, agents, staleness, at most one update a second."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pbx.agents import AgentState, AgentStatus
from pbx.call_events import AgentStateChanged, PbxConnected, PbxLost, PbxResynced, QueueChanged
from pbx.calls import CallId
from pbx.events import PbxName
from pbx.queues import QueueCaller, QueueStatus
from tests.web.desk import ACCOUNTS, NOW
from web.queue_board import QueueBoard

T = NOW.timestamp()
MAIN = PbxName("main")
RESYNCED = PbxResynced(at=T, pbx=MAIN, gap_from=None, gap_to=None, missed_calls=None)


def queue(*joined: float | None, name: str = "600", talking: int = 0, pbx: str = "main") -> QueueChanged:
    callers = tuple(
        QueueCaller(call_id=CallId(f"call{position}"), position=position, joined_at=at)
        for position, at in enumerate(joined, start=1)
    )
    return QueueChanged(
        at=T, queue=QueueStatus(pbx=pbx, name=name, callers=callers, agents={"ready": 2}, talking=talking)
    )


def agent(
    name: str = "eva", state: AgentState = AgentState.READY, *queues: str, pbx: str = "main"
) -> AgentStateChanged:
    status = AgentStatus(
        name=name, endpoint="PJSIP/1001", state=state, since=T, reason=None, queues=queues or ("600",), call_id=None
    )
    return AgentStateChanged(at=T, pbx=PbxName(pbx), agent=status)


def board(*events: object) -> QueueBoard:
    made = QueueBoard({"600": "Support"})
    made.set_accounts(ACCOUNTS)
    made.apply(RESYNCED)
    for event in events:
        made.apply(event)  # type: ignore[arg-type]
    return made


def test_who_waits_and_the_longest_wait() -> None:
    (shown,) = board(queue(T - 30, T - 5, talking=3)).queues(T)
    assert (shown["label"], shown["waiting"], shown["longest_wait_s"], shown["talking"]) == ("Support", 2, 30.0, 3)
    assert shown["callers"][0] == {"call_id": "call1", "position": 1, "joined_at": "2026-03-02T08:59:30Z"}
    assert shown["agents"] == {"ready": 2}


def test_a_queue_that_is_gone_after_a_resync_is_taken_from_the_screens() -> None:
    shown = board(queue(), queue(name="sales"), queue(name="600", pbx="branch"))
    shown.changes(T)
    shown.apply(replace(RESYNCED, queues=frozenset({"600"})))
    assert [(one["pbx"], one["name"]) for one in shown.queues(T)] == [("branch", "600"), ("main", "600")]
    told = [data for topic, kind, data in shown.changes(T + 1) if kind == "queue.update" and data.get("removed")]
    assert told == [{"pbx": "main", "name": "sales", "removed": True}]


def test_nobody_waits_is_not_zero_seconds() -> None:
    assert board(queue()).queues(T)[0]["longest_wait_s"] is None


def test_a_wait_that_began_unknown_is_unknown() -> None:
    (shown,) = board(queue(None)).queues(T)
    assert (shown["waiting"], shown["longest_wait_s"]) == (1, None)


def test_a_queue_without_label_shows_its_name() -> None:
    assert board(queue(name="700")).queues(T)[0]["label"] == "700"


def test_an_agent_has_a_name_for_people() -> None:
    shown = board(agent()).agents(only="eva")[0]
    assert (shown["display_name"], shown["state"], shown["queues"], shown["since"]) == (
        "Eva Nováková",
        "ready",
        ["600"],
        "2026-03-02T09:00:00Z",
    )


def test_a_phone_without_account_is_shown_by_its_endpoint() -> None:
    shown = board(agent("PJSIP/1077")).agents(only="PJSIP/1077")[0]
    assert shown["display_name"] == "PJSIP/1077"


def test_an_agent_of_whom_no_pbx_spoke_is_offline() -> None:
    shown = {one["name"]: (one["state"], one["pbx"]) for one in board(agent("eva")).agents()}
    assert shown == {"eva": ("ready", "main"), "jan": ("offline", None)}


def test_nothing_is_certain_while_the_link_is_down() -> None:
    lost = board(queue(T - 5), agent(), PbxLost(at=T, pbx=MAIN))
    assert lost.queues(T)[0]["stale"]
    assert lost.agents(only="eva")[0]["stale"]
    lost.apply(PbxConnected(at=T, pbx=MAIN))
    assert lost.queues(T)[0]["stale"]  # what we know is still from before
    lost.apply(RESYNCED)
    assert not lost.queues(T)[0]["stale"]


def test_another_pbx_is_not_stale_for_it() -> None:
    branch = replace(RESYNCED, pbx=PbxName("branch"))
    both = board(queue(), branch, queue(name="700", pbx="branch"), PbxLost(at=T, pbx=MAIN))
    assert {one["name"]: one["stale"] for one in both.queues(T)} == {"600": True, "700": False}


def test_changes_once_a_second_per_key() -> None:
    moving = board(queue(T - 1), queue(name="700"))
    moving.changes(T)
    moving.apply(queue(T - 1, T))
    moving.apply(queue())
    moving.apply(queue(T))
    assert moving.changes(T + 0.5) == []
    (change,) = moving.changes(T + 1.0)
    assert (change[0], change[1], change[2]["waiting"]) == ("queues", "queue.update", 1)
    assert moving.changes(T + 9.0) == []


def test_changes_may_be_asked_for_a_few_at_a_time() -> None:
    hall = board(queue(), agent("eva"), agent("jan"))
    hall.changes(T)
    for event in (queue(T), agent("eva", AgentState.PAUSED), agent("jan", AgentState.PAUSED)):
        hall.apply(event)
    parts = [{data["name"] for _, _, data in hall.changes(T + 1, enough=1)} for _ in range(3)]
    assert parts == [{"600"}, {"eva"}, {"jan"}]
    assert hall.changes(T + 1, enough=1) == []


def test_the_first_change_does_not_wait() -> None:
    assert len(board(queue()).changes(T)) > 0


def test_an_agents_change_goes_to_the_board_and_to_the_agent() -> None:
    moving = board(agent())
    moving.changes(T)
    moving.apply(agent(state=AgentState.TALKING))
    assert [(topic, kind) for topic, kind, _ in moving.changes(T + 1)] == [
        ("agents", "agent.update"),
        ("agent:eva", "agent.update"),
    ]


def test_a_lost_link_is_told_for_everything_of_that_pbx() -> None:
    lost = board(queue(), queue(name="700"), agent())
    lost.changes(T)
    lost.apply(PbxLost(at=T, pbx=MAIN))
    told = lost.changes(T + 1)
    assert [topic for topic, _, _ in told] == ["queues", "queues", "agents", "agent:eva"]
    assert all(data["stale"] for _, _, data in told)


def test_a_sleeping_browser_and_an_unpainted_pop_are_marked() -> None:
    marked = board(agent())
    marked.changes(T)
    marked.set_browser("eva", "connected")
    marked.set_unpainted("eva", "call1")
    shown = marked.changes(T + 1)[0][2]
    assert (shown["browser"], shown["unpainted_call_id"]) == ("connected", "call1")
    marked.set_unpainted("eva", None)
    assert marked.changes(T + 2)[0][2]["unpainted_call_id"] is None
    marked.set_browser("eva", "connected")
    assert marked.changes(T + 3) == []


def test_the_browser_of_an_agent_without_pbx_is_told_too() -> None:
    silent = board()
    silent.changes(T)
    silent.set_browser("jan", "connected")
    assert silent.changes(T + 1)[0][2]["browser"] == "connected"
    silent.set_browser("sofia", "connected")  # no agent: nothing to show
    assert silent.changes(T + 2) == []


def test_a_changed_account_is_told() -> None:
    renamed = board(agent())
    renamed.changes(T)
    renamed.set_accounts([replace(ACCOUNTS[0], display_name="Eva K."), *ACCOUNTS[1:]])
    assert [data["display_name"] for topic, _, data in renamed.changes(T + 1) if topic == "agents"] == ["Eva K."]


def test_where_an_agent_works() -> None:
    seen = board(agent("eva", AgentState.READY, "600", "601"), queue(), agent("jan", AgentState.READY, "601"))
    assert seen.pbx_of("eva") == "main"
    assert seen.pbx_of("ghost") is None
    assert seen.served_by("eva") == {("main", "600"), ("main", "601")}
    assert seen.has_queue("main", "600")
    assert not seen.has_queue("main", "999")
    assert not seen.has_queue("branch", "600")


def test_the_usual_queues_are_remembered_after_logging_out() -> None:
    left = board(agent("eva", AgentState.READY, "600", "601"))
    left.apply(AgentStateChanged(at=T, pbx=MAIN, agent=replace(agent().agent, queues=(), state=AgentState.OFFLINE)))
    assert left.usual_queues("main", "eva") == ("600", "601")
    assert left.usual_queues("branch", "eva") == ()
    assert left.usual_queues("main", "jan") == ()


def test_of_two_pbxs_an_agent_belongs_to_the_one_where_they_work() -> None:
    """Every PBX knows the phones of all accounts, and tells those that it does not have as offline."""
    nowhere = replace(agent("eva", AgentState.OFFLINE).agent, queues=())
    both = board()
    both.apply(AgentStateChanged(at=T, pbx=MAIN, agent=nowhere))
    both.apply(AgentStateChanged(at=T, pbx=PbxName("branch"), agent=nowhere))
    assert both.pbx_of("eva") == "main", "nothing tells them apart"
    both.apply(AgentStateChanged(at=T, pbx=PbxName("branch"), agent=replace(nowhere, state=AgentState.TALKING)))
    assert both.pbx_of("eva") == "branch"
    both.apply(AgentStateChanged(at=T, pbx=PbxName("branch"), agent=replace(nowhere, queues=("600",))))
    both.apply(AgentStateChanged(at=T, pbx=PbxName("branch"), agent=nowhere))
    assert both.pbx_of("eva") == "branch", "their queues were there"
    assert both.served_by("eva") == frozenset()


def test_one_agent_is_shown_as_among_all_and_nobody_else_is_made_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = board(agent("eva"), agent("PJSIP/1077"), agent("eva", AgentState.OFFLINE, pbx="branch"))
    everybody = shown.agents()
    alone = {name: shown.agents(only=name) for name in {one["name"] for one in everybody} | {"nobody"}}
    assert alone == {name: [one for one in everybody if one["name"] == name] for name in alone}
    assert len(alone["eva"]) == 2
    made: list[str] = []

    def note(_self: QueueBoard, _pbx: str, status: AgentStatus) -> dict[str, str]:
        made.append(status.name)
        return {"display_name": status.name}

    monkeypatch.setattr(QueueBoard, "_agent_json", note)
    shown.agents(only="PJSIP/1077")
    assert made == ["PJSIP/1077"]
