"""One real Asterisk for a test: `async with RealAsterisk() as pbx:` gives a running one and leaves nothing behind."""

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.asterisk.install import ensure_asterisk
from tests.asterisk.pbx_config import SECRET, Network, write_config
from tests.asterisk.plan import ANNOUNCEMENT
from tests.asterisk.sipp_scenarios import SOUND

AMI_PORT = 5038
READY_TIMEOUT_S = 60.0
SILENCE = b"\xff" * 80_000
_SERIAL = itertools.count(1)


class RealAsterisk:
    """A real Asterisk on loopback addresses of its own.

    AMI is at `ami_host:ami_port` for the users `cti` (the sample's rights), `filtered` (the sample's allow-list with
    QUEUESTATUS and VoiceMail), `observer` and `recorder` (everything), all with the password `secret`.
    Phones and callers (sipp.py) write their logs to `log_dir`, from which truth.py reads what really happened.
    """

    ami_port = AMI_PORT
    secret = SECRET

    def __init__(self, *, shape: str = "plain", systemname: str = "", version: int = 22, keep: bool = False) -> None:
        self.root = ensure_asterisk(version)
        # The SIPp of Debian with Asterisk 16 is too old.
        self.sipp_root = ensure_asterisk(22)
        self.inside = f"/srv/cti-{os.getpid()}-{next(_SERIAL)}"
        self.run_dir = self.root / self.inside.lstrip("/")
        self.log_dir = self.sipp_root / self.inside.lstrip("/") / "sip"
        self._shape = shape
        self._systemname = systemname
        self._keep = keep
        self._process: asyncio.subprocess.Process | None = None

    @property
    def ami_host(self) -> str:
        """The loopback address of this Asterisk, for AMI and for SIP."""
        return self.network.pbx

    async def __aenter__(self) -> Self:
        self._claim, self.network = _claim_network()
        try:
            self._prepare()
            await self.start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def start(self) -> None:
        """Start the process and wait until AMI says FullyBooted; also after `kill()`."""
        self._process = await spawn(self.root, "asterisk", "-C", f"{self.inside}/etc/asterisk.conf", "-f", "-n")
        await self.wait_ready()

    async def wait_ready(self) -> None:
        """Return when Asterisk is fully booted; raise with its own words when it is not in time."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while not await self._is_booted():
                    if self._process is None or self._process.returncode is not None:
                        raise RuntimeError(f"Asterisk ended while starting:\n{self.messages()}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise RuntimeError(f"Asterisk was not ready in {READY_TIMEOUT_S:.0f} s:\n{self.messages()}") from None

    async def cli(self, command: str) -> str:
        """What `asterisk -rx COMMAND` prints."""
        config = f"{self.inside}/etc/asterisk.conf"
        process = await spawn(self.root, "asterisk", "-C", config, "-rx", command, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        return output.decode(errors="replace")

    async def restart(self) -> None:
        """`core restart now`: every call is hung up, AMI clients are cut off; returns when the new one is ready."""
        starts = self._starts()
        await self.cli("core restart now")
        async with asyncio.timeout(READY_TIMEOUT_S):
            # The old one still answers for about a second: only its own log tells the new one's first line.
            while self._starts() == starts:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await self.wait_ready()

    async def kill(self) -> None:
        """SIGKILL: the link breaks without a word. `start()` brings it up again."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
        (self.run_dir / "run" / "asterisk.ctl").unlink(missing_ok=True)

    def cpu_s(self) -> float:
        """CPU time of the Asterisk process so far."""
        if self._process is None:
            raise RuntimeError("start() comes first")
        # setpriv and chroot become what they run: the process is Asterisk itself.
        fields = Path("/proc", str(self._process.pid), "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def messages(self) -> str:
        """The last lines of Asterisk's own log, for a failure's report."""
        log = self.run_dir / "log" / "messages"
        return log.read_text(errors="replace")[-3000:] if log.exists() else "(no log)"

    def _starts(self) -> int:
        log = self.run_dir / "log" / "messages"
        return log.read_text(errors="replace").count("modules will be loaded")

    def _prepare(self) -> None:
        _sweep(self.run_dir.parent)
        for folder in ("etc", "db", "spool/voicemail", "run", "log", "moh"):
            (self.run_dir / folder).mkdir(parents=True)
        self.log_dir.mkdir(parents=True)
        # Without its own name in there Asterisk would ask the network for it at every start.
        _write_once(self.root / "etc/hosts", f"127.0.0.1 localhost {socket.gethostname()}\n".encode())
        _write_once(self.sipp_root / SOUND.lstrip("/"), SILENCE)
        # What an agent, or a colleague's mobile, hears before the caller: three seconds.
        _write_once(self.root / f"{ANNOUNCEMENT.lstrip('/')}.ulaw", SILENCE[:24_000])
        (self.run_dir / "moh" / "silence.ulaw").write_bytes(SILENCE)
        write_config(
            self.run_dir / "etc", self.network, inside=self.inside, shape=self._shape, systemname=self._systemname
        )

    async def _is_booted(self) -> bool:
        """Whether AMI is open and the CLI answers: AMI opens a little before the rest is loaded."""
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(self.ami_host, self.ami_port)
            writer.close()
            return "fully booted" in await self.cli("core waitfullybooted")
        return False

    async def _close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(5):
                    await self._process.wait()
            except TimeoutError:
                await self.kill()
        if not self._keep:
            shutil.rmtree(self.run_dir, ignore_errors=True)
            shutil.rmtree(self.log_dir.parent, ignore_errors=True)
        self._claim.close()


async def spawn(root: Path, *command: str, stdout: int = asyncio.subprocess.DEVNULL) -> asyncio.subprocess.Process:
    """Run a command inside the Asterisk folder; it dies with us even when we are killed."""
    return await asyncio.create_subprocess_exec(
        *("setpriv", "--pdeathsig", "KILL", "chroot", str(root), *command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC", "HOME": "/root", "TERM": "dumb"},
        start_new_session=True,
    )


def _write_once(path: Path, content: bytes) -> None:
    """Write a file that all runs share, unless it is there: another one may be reading it."""
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def _sweep(folder: Path) -> None:
    """Remove what runs that were killed have left behind."""
    for left in folder.glob("cti-*"):
        if not Path("/proc", left.name.split("-")[1]).exists():
            shutil.rmtree(left, ignore_errors=True)


def _claim_network() -> tuple[socket.socket, Network]:
    """The first free 127.77.N.x: a bound socket is the claim, and it ends with our process."""
    for number in range(1, 255):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((f"127.77.{number}.254", 5060))
        except OSError:
            claim.close()
        else:
            return claim, Network(number)
    raise RuntimeError("No free network 127.77.N.x: more than 250 test Asterisks are running")
