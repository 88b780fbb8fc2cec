"""SIPp phones, callers and the operator's far end, each a process whose SIP log truth.py reads.

    async with RealAsterisk() as pbx, AgentPhone(pbx, "1001", Answering(after_ms=500)):
        await Caller(pbx, DID(30), number="+447700900123", name="Ján Kováč", behaviour=Calling(hangup_ms=3000)).call()
    for truth in read_truth(pbx.log_dir): ...

Leaving `async with` of a phone stops it at once; a caller's `call()` returns when its calls are over.
"""

import asyncio
import itertools
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.asterisk.pbx import RealAsterisk, spawn
from tests.asterisk.plan import BANK_PHONES
from tests.asterisk.siplog import BANK
from tests.asterisk.sipp_scenarios import Answering, Calling, answering_scenario, calling_scenario

_SERIAL = itertools.count(1)
# Two ports each for sound; a phone has its own address, so only callers of one address must differ.
_RTP_PORTS = itertools.cycle(range(20_000, 60_000, 200))


class Sipp:
    """One SIPp process inside the Asterisk folder, with its scenario and its log in `pbx.log_dir`."""

    def __init__(self, pbx: RealAsterisk, party: str, kind: str, address: str, scenario: str) -> None:
        # The log's name says whose it is: `1001.answering.7.log`, `trunk-a.calling.8.log`.
        self.pbx = pbx
        self.address = address
        self._stem = f"{party}.{kind}.{next(_SERIAL)}"
        self._scenario = scenario
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> Path:
        """Every SIP message it sent and got, with times."""
        return self.pbx.log_dir / f"{self._stem}.log"

    async def _start(self, port: int, *options: str) -> asyncio.subprocess.Process:
        inside = f"{self.pbx.inside}/sip/{self._stem}"
        (self.pbx.log_dir / f"{self._stem}.xml").write_text(self._scenario, encoding="utf-8")
        self._process = await spawn(
            self.pbx.sipp_root,
            *("sipp", f"{self.pbx.ami_host}:5060", "-sf", f"{inside}.xml", "-i", self.address, "-p", str(port)),
            *("-mi", self.address, "-min_rtp_port", str(rtp := next(_RTP_PORTS)), "-max_rtp_port", str(rtp + 199)),
            *("-trace_msg", "-message_file", f"{inside}.log", "-trace_err", "-error_file", f"{inside}.err"),
            *("-nostdin", "-timer_resol", "5", *options),
        )
        return self._process

    async def stop(self) -> None:
        """End the process; a call that is still up stays for the PBX to notice."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def errors(self) -> str:
        """What SIPp complained about, for a failure's report."""
        errors = self.log.with_suffix(".err")
        return errors.read_text(errors="replace")[-2000:] if errors.exists() else ""


class _Called(Sipp):
    """Waits for calls on the SIP port of its own address, any number of them at once."""

    async def __aenter__(self) -> Self:
        process = await self._start(5060, "-aa")
        await _listening(self.address, process)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


class AgentPhone(_Called):
    """The phone of an extension (or its twin, 991001), which treats every call the same way."""

    def __init__(self, pbx: RealAsterisk, endpoint: str, behaviour: Answering = Answering()) -> None:  # noqa: B008
        super().__init__(pbx, endpoint, "answering", pbx.network.phone(endpoint), answering_scenario(behaviour))


class TrunkUas(_Called):
    """The operator behind a trunk, for calls that the PBX sends out: answers, busy, declined, unknown number."""

    def __init__(self, pbx: RealAsterisk, trunk: str = "trunk-a", behaviour: Answering = Answering()) -> None:  # noqa: B008
        super().__init__(pbx, trunk, "answering", pbx.network.trunk(trunk), answering_scenario(behaviour))


class PhoneBank(_Called):
    """All forty phones of the queue `busyline` (2001 to 2040) in one process, for load."""

    def __init__(self, pbx: RealAsterisk, behaviour: Answering = Answering()) -> None:  # noqa: B008
        address = pbx.network.phone(BANK_PHONES[0])
        super().__init__(pbx, BANK, "answering", address, answering_scenario(behaviour))


class Caller(Sipp):
    """Calls a number, once or often: from outside (`source` a trunk) or from a colleague's phone (`source` an extension).

    With several `numbers` each call takes the next one. `rate` is calls a second.
    """

    def __init__(
        self,
        pbx: RealAsterisk,
        dialled: str,
        *,
        number: str | list[str] = "+447700900123",
        name: str = "",
        host: str = "",
        source: str = "trunk-a",
        behaviour: Calling = Calling(),  # noqa: B008
        count: int = 1,
        rate: float = 10,
    ) -> None:
        trunk = source.startswith("trunk")
        address = pbx.network.trunk(source) if trunk else pbx.network.phone(source)
        super().__init__(pbx, source, "calling", address, calling_scenario(behaviour))
        numbers = [number] if isinstance(number, str) else number
        users = numbers if trunk else [source]
        shown = quoted(name)
        lines = [f"{shown};{user};{host or address};{dialled};" for user in users]
        self._csv = "SEQUENTIAL\n" + "\n".join(lines) + "\n"
        self._count = count
        self._rate = rate

    async def call(self, *, timeout_s: float = 60) -> None:
        """Make the calls and return when the last one is over; raise when SIPp saw something unexpected."""
        await self.dial()
        await self.finished(timeout_s=timeout_s)

    async def dial(self) -> None:
        """Start calling and return at once."""
        (self.pbx.log_dir / f"{self._stem}.csv").write_text(self._csv, encoding="utf-8")
        inf = ("-inf", f"{self.pbx.inside}/sip/{self._stem}.csv")
        load = ("-m", str(self._count), "-r", str(max(1, round(self._rate * 10))), "-rp", "10000", "-l", "4000")
        # Asterisk's own sound has the ports from 10000 on, on every address.
        port = 6_000 + int(self._stem.rsplit(".", 1)[1]) % 3_900
        await self._start(port, *inf, *load)

    async def finished(self, *, timeout_s: float = 60) -> None:
        """Wait for the end of the calls that `dial()` started."""
        if self._process is None:
            raise RuntimeError("dial() comes first")
        try:
            async with asyncio.timeout(timeout_s):
                status = await self._process.wait()
        finally:
            await self.stop()
        if status != 0:
            raise RuntimeError(f"SIPp {self._stem} ended with {status}:\n{self.errors()}")


def quoted(name: str) -> str:
    """A display name as a SIP quoted string; empty stays empty."""
    if not name:
        return ""
    if set(name) & set(";[]\n"):
        raise ValueError("SIPp's lists cannot carry ; [ ] in a name")
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


async def _listening(address: str, process: asyncio.subprocess.Process) -> None:
    """Return when SIPp has bound its port: before that a call would be refused."""
    wanted = f"{_hex_address(address)}:{5060:04X}"
    async with asyncio.timeout(60):
        while wanted not in _bound_ports():
            if process.returncode is not None:
                raise RuntimeError(f"SIPp on {address} ended with {process.returncode} before it listened")
            await asyncio.sleep(0.02)


def _bound_ports() -> str:
    return Path("/proc/net/udp").read_text()


def _hex_address(address: str) -> str:
    """The address as /proc/net/udp writes it: bytes backwards on a little-endian machine."""
    return "".join(f"{int(part):02X}" for part in reversed(address.split(".")))
