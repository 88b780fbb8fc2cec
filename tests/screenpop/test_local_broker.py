"""The contract of a broker, on the one for a single process."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from screenpop.broker import Broker, Publication
from screenpop.local_broker import LocalBroker, utc_text

AT = datetime(2026, 11, 21, 22, 46, 0, 125_000, tzinfo=UTC)


@pytest.fixture
def broker() -> Broker:
    return LocalBroker(lambda: AT)


def test_who_subscribed_hears_it_before_publish_returns_and_in_order(broker: Broker) -> None:
    heard: list[Publication] = []
    broker.subscribe(["pops:eva", "queues"], heard.append)
    broker.publish("pops:eva", "pop.show", {"n": 1})
    broker.publish("queues", "queue.update", {"n": 2})
    assert [(news.kind, news.data["n"], news.at) for news in heard] == [
        ("pop.show", 1, "2026-11-21T22:46:00.125Z"),
        ("queue.update", 2, "2026-11-21T22:46:00.125Z"),
    ]


def test_nobody_else_hears_it(broker: Broker) -> None:
    heard: list[Publication] = []
    broker.subscribe(["pops:jan"], heard.append)
    broker.publish("pops:eva", "pop.show", {})
    broker.publish("pops:jan", "pop.show", {"n": 1})
    assert [news.data for news in heard] == [{"n": 1}]


def test_after_unsubscribing_nothing_is_heard(broker: Broker) -> None:
    heard: list[Publication] = []
    others: list[Publication] = []
    unsubscribe = broker.subscribe(["queues"], heard.append)
    broker.subscribe(["queues"], others.append)
    assert (broker.listeners("queues"), broker.listeners("pops:eva")) == (2, 0)
    unsubscribe()
    unsubscribe()
    assert broker.listeners("queues") == 1
    broker.publish("queues", "queue.update", {})
    assert (heard, len(others)) == ([], 1)


def test_one_broken_subscriber_does_not_keep_the_news_from_the_others(broker: Broker) -> None:
    heard: list[Publication] = []

    def broken(news: Publication) -> None:
        raise RuntimeError("bug")

    broker.subscribe(["queues"], broken)
    broker.subscribe(["queues"], heard.append)
    broker.publish("queues", "queue.update", {})
    assert len(heard) == 1


def test_who_unsubscribes_while_hearing_disturbs_nobody(broker: Broker) -> None:
    heard: list[Publication] = []
    unsubscribe = broker.subscribe(["queues"], lambda news: unsubscribe())
    broker.subscribe(["queues"], heard.append)
    broker.publish("queues", "queue.update", {})
    assert len(heard) == 1


def test_json_is_made_once_and_times_end_in_z() -> None:
    news = Publication("queues", "queue.update", utc_text(AT), {"since": AT})
    assert orjson.loads(news.encoded) == {"since": "2026-11-21T22:46:00.125000Z"}
    assert news.encoded is news.encoded


def test_newer_state_of_the_same_thing_replaces_older_and_pops_are_never_replaced() -> None:
    def key(kind: str, data: dict[str, object]) -> object:
        return Publication("t", kind, "", data).key

    assert key("queue.update", {"pbx": "a", "name": "600"}) == key("queue.update", {"pbx": "a", "name": "600", "n": 1})
    assert key("queue.update", {"pbx": "a", "name": "600"}) != key("queue.update", {"pbx": "b", "name": "600"})
    assert key("agent.update", {"name": "x"}) != key("pbx.update", {"name": "x"})
    assert [key(kind, {"name": "x"}) for kind in ("pop.show", "pop.update", "pop.retract", "task.due")] == [None] * 4
