"""G1 and G2: AMI bytes → typed events → a handler (and the call tracker), in bulk, by CPU time, against panoramisk.

All read the same capture in chunks of 64 kB, interleaved in one process; only the CPU time of the reading counts.
"""

from __future__ import annotations

import gc
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from pbx.asterisk.ami_decoder import AmiDecoder
from pbx.asterisk.ami_events import WANTED, parse
from pbx.devices import DevicePlan
from pbx.events import PbxName
from pbx.pbx_state import PbxState
from tests.bench.cache import real_capture
from tests.bench.figures import Figure, compared

CHUNK = 1 << 16


def run(rounds: int) -> Iterator[Figure]:
    """Figures in events of the stream per CPU second."""
    capture = real_capture()
    chunks = [capture[start : start + CHUNK] for start in range(0, len(capture), CHUNK)]
    events = capture.count(b"\r\nEvent: ")
    ways: dict[str, Callable[[Sequence[bytes]], int]] = {
        "ours": _ours, "tracked": _tracked, "lazy": _lazy, "panoramisk": _panoramisk,
    }  # fmt: skip
    rates: dict[str, list[float]] = {name: [] for name in ways}
    handled: dict[str, int] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            started = time.process_time()
            handled[name] = way(chunks)
            rates[name].append(events / (time.process_time() - started))
    if not handled["ours"] == handled["tracked"] == handled["lazy"] or handled["panoramisk"] < events:
        raise AssertionError(f"not every event reached its handler: {handled} of {events}")
    yield compared("G1", f"AMI parse, typed event, dispatch ({events:,} events)", rates["ours"], rates["panoramisk"],
                   unit="ev/cpu-s", against="panoramisk", at_least=4.0)  # fmt: skip
    yield compared("G1", "the same against a lazy parser that makes dicts", rates["ours"], rates["lazy"],
                   unit="ev/cpu-s", against="lazy", at_least=0.8)  # fmt: skip
    yield compared("G2", "the same with the call tracker", rates["tracked"], rates["panoramisk"],
                   unit="ev/cpu-s", against="panoramisk", at_least=3.0)  # fmt: skip


class _Handler:
    """Where events arrive; counts them, like everybody's here."""

    __slots__ = ("handled",)

    def __init__(self) -> None:
        self.handled = 0

    def __call__(self, *_event: object) -> None:
        self.handled += 1


def _ours(chunks: Sequence[bytes]) -> int:
    decoder, handle = AmiDecoder(WANTED), _Handler()
    for chunk in chunks:
        for message in decoder.feed(chunk):
            if not message.answer:
                event = parse(message)
                if event is not None:
                    handle(event)
    return handle.handled


def _tracked(chunks: Sequence[bytes]) -> int:
    decoder = AmiDecoder(WANTED)
    plan = DevicePlan(trunks=("PJSIP/trunk*",), phones=("PJSIP/[0-9]*",), members=())
    state = PbxState(PbxName("main"), plan)
    handled = 0
    for chunk in chunks:
        for message in decoder.feed(chunk):
            if not message.answer:
                event = parse(message)
                if event is not None:
                    state.apply(event, event.at or 0.0)
                    handled += 1
    return handled


def _lazy(chunks: Sequence[bytes]) -> int:
    """The least that gives every wanted event's headers: split, look at the name, make a dict of the wanted ones."""
    wanted, handle, rest = WANTED, _Handler(), b""
    for chunk in chunks:
        blocks = (rest + chunk).split(b"\r\n\r\n")
        rest = blocks.pop()
        for block in blocks:
            if block[:7] != b"Event: ":
                continue
            lines = wanted.get(block[7 : block.find(b"\r\n", 7)])
            if lines is None or (lines and not any(line in block for line in lines)):
                continue
            event = {}
            for line in block.split(b"\r\n"):
                key, _, value = line.partition(b": ")
                event[key] = value
            handle(event)
    return handle.handled


def _panoramisk(chunks: Sequence[bytes]) -> int:
    """Its protocol and its dispatch to one `*` handler, without a socket."""
    manager = Manager()
    handle = _Handler()
    manager.register_event("*", handle)
    protocol = AMIProtocol()
    protocol.queue, protocol.responses, protocol.factory = deque(), {}, manager
    protocol.version, protocol.encoding, protocol.log = None, "utf8", logging.getLogger("tests.bench.panoramisk")
    for chunk in chunks:
        protocol.data_received(chunk)
    return handle.handled
