"""The steps of config/Containerfile without a container engine: `python -m tests.container_steps` (root, a Debian mirror).

Each step runs in a copy of a bare Debian folder; then the command of the last line serves there, as its user, against the
simulated telephone system. Ends with 0 when /readyz says ok and SIGTERM ends it well.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from pbx.simulator import SimulatorServer
from tests.asterisk import install
from tests.ctiserver.small_office import office

ROOT = Path(__file__).parents[1]
FILE = ROOT / "config" / "Containerfile"
#: What a container engine gives the steps for reaching the outside; names only, the values are this machine's.
PASSED_ON = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL")
#: This machine's authorities, where no step writes.
AUTHORITIES = "/outside-authorities.pem"


@dataclass
class Image:
    """A folder that grows by steps."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    workdir: str = "/"
    command: str = ""

    def take(self, word: str, rest: str) -> None:
        """One line of the Containerfile."""
        match word:
            case "FROM" | "VOLUME" | "STOPSIGNAL":
                return
            case "RUN":
                subprocess.run(self.inside(rest), check=True, stdout=subprocess.DEVNULL)
            case "COPY":
                *sources, target = shlex.split(rest)
                for source in sources:
                    self._copy(ROOT / source, self.folder / target.lstrip("/"), into=target.endswith("/"))
            case "ENV":
                name, _, value = rest.partition("=")
                self.environment[name] = value
            case "USER":
                self.user = rest
            case "WORKDIR":
                self.workdir = rest
            case "CMD":
                self.command = rest
            case _:
                raise ValueError(f"{FILE.name}: {word} is not known here")

    def _copy(self, source: Path, target: Path, *, into: bool) -> None:
        target = target / source.name if into else target
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)

    def inside(self, command: str, **more: str) -> list[str]:
        """The command line that runs this in the folder, with mounts of its own that end with it."""
        outer = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        if "PIP_CERT" in os.environ:
            outer["PIP_CERT"] = AUTHORITIES
        given = {
            "PATH": "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            **outer,
            **self.environment,
            **more,
        }
        mounts = 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$@"'
        who = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        return [
            *("unshare", "--mount", "--propagation", "private", "sh", "-ec", mounts, "sh", str(self.folder)),
            *("/usr/bin/env", "-i", *(f"{name}={value}" for name, value in given.items())),
            *(who if self.user != "root" else ()),
            *("sh", "-ec", f"cd {self.workdir} && {command}"),
        ]


def bare_debian() -> Path:
    """What `FROM debian:bookworm-slim` stands for, made once by debootstrap."""
    folder = install.folder().parent / "debian-12-bare"
    if not folder.exists():
        if os.geteuid() != 0:
            raise install.InstallError("Making a Debian folder needs root.")
        install._ensure_debootstrap("bookworm")
        folder.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
        half.chmod(0o755)
        install._run("debootstrap", "--variant=minbase", "bookworm", str(half), install._mirror())
        half.rename(folder)
    return folder


def steps() -> list[tuple[str, str]]:
    """(WORD, the rest of the line), without comments."""
    text = FILE.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def build(folder: Path) -> Image:
    """Every step, one after the other."""
    image = Image(folder)
    for word, rest in steps():
        print(f"{word} {rest}"[:110], flush=True)
        image.take(word, rest)
    return image


async def serves(image: Image) -> None:
    """Raises unless it becomes ready and ends well."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with SimulatorServer(office()) as pbx:
        settings = image.folder / "etc/ctiserver/ctiserver.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(
            f"[server]\nlisten = '127.0.0.1:{port}'\n[pbx.main]\nhost = '{pbx.host}'\nport = {pbx.port}\n"
            f"username = '{pbx.username}'\n"
        )
        process = await asyncio.create_subprocess_exec(
            *image.inside(image.command, CTI_PBX__MAIN__SECRET=pbx.secret), start_new_session=True
        )
        try:
            await asyncio.wait_for(_ready(f"http://127.0.0.1:{port}/readyz"), 60)
            process.send_signal(signal.SIGTERM)
            code = await asyncio.wait_for(process.wait(), 10)
        finally:
            if process.returncode is None:
                process.kill()
    if code != 0:
        raise RuntimeError(f"it ended with {code}")


async def _ready(url: str) -> None:
    while True:
        try:
            body = await asyncio.to_thread(_get, url)
        except urllib.error.URLError:
            body = {}
        if body.get("status") in ("ok", "degraded") and not body["reasons"]:
            return
        await asyncio.sleep(0.3)


def _get(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=5) as answer:
        found: dict[str, object] = json.load(answer)
        return found


def main() -> int:
    """Copy the bare folder, run the steps, serve."""
    try:
        bare = bare_debian()
    except install.InstallError as error:
        print(error, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="container-", dir=bare.parent) as scratch:
        folder = Path(scratch) / "root"
        subprocess.run(["cp", "--archive", "--reflink=auto", bare, folder], check=True)
        shutil.copyfile("/etc/resolv.conf", folder / "etc/resolv.conf")
        if certificates := os.environ.get("PIP_CERT"):
            shutil.copyfile(certificates, folder / AUTHORITIES.lstrip("/"))
        asyncio.run(serves(build(folder)))
    print("The container's steps make a service that is ready and ends well.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
