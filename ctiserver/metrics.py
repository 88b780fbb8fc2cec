"""What the service counts, for Prometheus. docs/metrics.md has a line for each name."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from ctiserver.conditions import Conditions
from ctiserver.dispatcher import Dispatcher
from ctiserver.holdings import Holdings
from ctiserver.loop_lag import LoopLag
from pbx.call_events import CallEnded, CallEvent, CallOffered, PbxConnected, PbxLost, PbxResynced

#: By the labels' values; a tuple of any length.
_Values: TypeAlias = Mapping[Any, float]

#: What the counters follow. It is told after the pops, so a pop's delay includes the hand-over to the sockets.
KINDS = (CallOffered, CallEnded, PbxConnected, PbxLost, PbxResynced)
_DELAYS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_LINK_STATES = ("connected", "connecting", "resyncing", "booting", "refused_login", "lost", "stopped")


class ServiceMetrics(Collector):
    """Reads the parts of the service when it is asked; follows call events for what nobody else counts."""

    def __init__(
        self,
        conditions: Conditions,
        dispatcher: Dispatcher,
        holdings: Holdings,
        loop_lag: LoopLag,
        *,
        commits: Callable[[], tuple[int, float]],
        sign_in_failures: Callable[[], int],
        version: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._conditions = conditions
        self._links = conditions.links
        self._call_log = conditions.call_log
        self._ledger = conditions.ledger
        self._certificate = conditions.certificate
        self._dispatcher = dispatcher
        self._push = holdings.push
        self._holdings = holdings
        self._loop_lag = loop_lag
        self._commits = commits
        self._sign_in_failures = sign_in_failures
        self._version = version
        self._clock = clock
        self._losses: Counter[str] = Counter()
        self._resyncs: Counter[str] = Counter()
        self._resync_s: dict[str, float] = {}
        self._linked_at: dict[str, float] = {}
        self._gap_s: Counter[str] = Counter()
        self._ended: Counter[tuple[str, str, str]] = Counter()
        self._estimated: Counter[str] = Counter()
        self._dials: Counter[str] = Counter()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        help_text = "From the PBX's event to the pop handed to the agent's sockets"
        self._pop_delay = Histogram("cti_pop_delay_seconds", help_text, registry=self._registry, buckets=_DELAYS_S)

    def text(self) -> bytes:
        """All of it, in Prometheus' text form."""
        return generate_latest(self._registry)

    # --- what happens -------------------------------------------------------------------------------------------------

    def apply(self, event: CallEvent) -> None:
        """Count it."""
        match event:
            case CallOffered(at=at):
                if at is not None:
                    self._pop_delay.observe(max(0.0, self._clock() - at))
            case CallEnded(call=call):
                self._ended[call.pbx, call.direction.value, str(call.outcome or "unknown")] += 1
                self._estimated[call.pbx] += call.estimated
            case PbxConnected(pbx=pbx):
                self._linked_at[pbx] = self._clock()
            case PbxLost(pbx=pbx):
                self._losses[pbx] += 1
            case PbxResynced(pbx=pbx, gap_from=since, gap_to=until):
                self._resyncs[pbx] += 1
                if pbx in self._linked_at:
                    self._resync_s[pbx] = self._clock() - self._linked_at.pop(pbx)
                if since is not None and until is not None:
                    self._gap_s[pbx] += int(max(0.0, until - since))
            case _:
                return

    def dialled(self, result: str) -> None:
        """A click-to-dial came to this end."""
        self._dials[result] += 1

    # --- what is asked ------------------------------------------------------------------------------------------------

    def collect(self) -> Iterator[Metric]:
        """All but the histogram, which has its own."""
        yield _gauge("cti_build_info", "Always 1; the version is a label", ["version"], {(self._version,): 1})
        yield from self._of_links()
        yield from self._of_calls()
        yield from self._of_storage()
        yield from self._of_people()
        yield from self._of_process()

    def _of_links(self) -> Iterator[Metric]:
        states = {name: link.status()["state"] for name, link in self._links.items()}
        shown = {(name, state): float(state == now) for name, now in states.items() for state in _LINK_STATES}
        yield _gauge("cti_pbx_state", "1 for the state of the link, else 0", ["pbx", "state"], shown)
        heard = {name: link.client.status.last_rx for name, link in self._links.items()}
        ages = {(name,): self._clock() - at for name, at in heard.items() if at}
        yield _gauge("cti_pbx_last_event_age_seconds", "Since the last byte from the PBX", ["pbx"], ages)
        for name, text, counted in (
            ("cti_pbx_link_losses", "Links that were lost", self._losses),
            ("cti_pbx_resyncs", "Times that the live view was read anew", self._resyncs),
            ("cti_pbx_gap_seconds", "Time without a connection", self._gap_s),
        ):
            yield _counter(name, text, ["pbx"], {(pbx,): counted[pbx] for pbx in self._links})
        took = {(name,): value for name, value in self._resync_s.items()}
        yield _gauge("cti_pbx_resync_seconds", "How long the last resync took", ["pbx"], took)
        open_calls = {(name,): len(link.pump.state.open_calls()) for name, link in self._links.items()}
        yield _gauge("cti_calls_open", "Calls going on", ["pbx"], open_calls)

    def _of_calls(self) -> Iterator[Metric]:
        yield _counter("cti_calls_ended", "Finished calls", ["pbx", "direction", "outcome"], self._ended)
        estimated = {(pbx,): self._estimated[pbx] for pbx in self._links}
        yield _counter("cti_calls_estimated", "Finished calls with a time that was not seen", ["pbx"], estimated)
        yield _counter("cti_dials", "Click-to-dials by how they ended", ["result"], _keyed(self._dials))
        yield _counter("cti_events_dispatched", "Call events", [], {(): self._dispatcher.dispatched})
        yield _counter("cti_followers_failed", "Bugs: call events not taken", [], {(): self._dispatcher.failures})
        text = "What the PBX said that could not be, by kind"
        yield _counter("cti_anomalies", text, ["kind"], _keyed(self._dispatcher.anomalies))

    def _of_storage(self) -> Iterator[Metric]:
        yield _gauge("cti_records_waiting", "Calls not written yet", [], {(): self._call_log.waiting})
        since = self._call_log.failing_since
        failing_s = self._clock() - since.timestamp() if since is not None else 0.0
        yield _gauge("cti_records_failing_seconds", "How long the database has taken no records", [], {(): failing_s})
        yield _gauge(
            "cti_ledger_waiting", "Entries of the access ledger not written yet", [], {(): self._ledger.waiting}
        )
        yield _counter("cti_ledger_lost", "Entries of the access ledger that are lost", [], {(): self._ledger.lost})
        commits, seconds = self._commits()
        yield _counter("cti_database_commits", "Transactions written", [], {(): commits})
        yield _counter("cti_database_commit_seconds", "Time they took together", [], {(): seconds})
        journals = {(name,): link.journal for name, link in self._links.items() if link.journal is not None}
        failing = {key: float(journal.failing) for key, journal in journals.items()}
        yield _gauge("cti_journal_failing", "1 while the flight recorder cannot write", ["pbx"], failing)
        lost = {key: journal.lost_bytes for key, journal in journals.items()}
        yield _counter("cti_journal_lost_bytes", "Bytes of AMI that were not recorded", ["pbx"], lost)
        yield _gauge("cti_disk_free_bytes", "Room left, by use", ["folder"], _keyed(self._conditions.free()))

    def _of_people(self) -> Iterator[Metric]:
        yield _gauge("cti_push_sockets", "Open push sockets", [], {(): self._push.connections})
        yield _gauge("cti_push_streams", "Push streams, also those that may be resumed", [], {(): self._push.streams})
        closed = {(str(int(code)),): count for code, count in self._push.closed.items()}
        yield _counter("cti_push_closed", "Push sockets closed by the server, by close code", ["code"], closed)
        yield _counter("cti_sign_in_failures", "Wrong passwords", [], {(): self._sign_in_failures()})
        if self._certificate is not None:
            end = {(): self._certificate.expires_at}
            yield _gauge("cti_certificate_expires_timestamp_seconds", "End of our certificate", [], end)

    def _of_process(self) -> Iterator[Metric]:
        """What grows, and what holds the loop."""
        yield _gauge("cti_tasks", "Tasks on the event loop", [], {(): self._holdings.tasks()})
        text = "Things held in memory for a PBX, by kind"
        yield _gauge("cti_pbx_held", text, ["pbx", "kind"], self._holdings.of_links())
        yield _gauge("cti_held", "Things held in memory, by kind", ["kind"], _keyed(self._holdings.of_all()))
        buffered = _keyed(self._holdings.buffered())
        yield _gauge("cti_push_buffer_bytes", "Held for browsers, by what it waits for", ["kind"], buffered)
        figures = self._loop_lag.figures
        lag = HistogramMetricFamily("cti_loop_lag_seconds", "By how much the event loop was late")
        lag.add_metric([], figures.buckets(), figures.sum_s)
        yield lag
        longest = {(): self._loop_lag.longest_s}
        yield _gauge("cti_loop_lag_longest_seconds", "The longest lag of the last one to two minutes", [], longest)
        yield _counter("cti_loop_blocked", "Times that our own code held the event loop", [], {(): figures.blocked})
        text = "Times that the machine gave the event loop no processor"
        yield _counter("cti_loop_starved", text, [], {(): figures.starved})


def _keyed(figures: Mapping[str, float]) -> dict[tuple[str, ...], float]:
    return {(key,): value for key, value in figures.items()}


def _gauge(name: str, text: str, labels: list[str], values: _Values) -> Metric:
    metric = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        metric.add_metric(key, value)
    return metric


def _counter(name: str, text: str, labels: list[str], values: _Values) -> Metric:
    metric = CounterMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        metric.add_metric(key, value)
    return metric
