"""The folder with a real Asterisk and SIPp: found in the cache, or made once by debootstrap.

`python -m tests.asterisk.install [22|16]` makes it. It lives outside the checkout, in $CTI_TEST_CACHE.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path("/usr/share/debootstrap/scripts")


@dataclass(frozen=True, slots=True)
class Release:
    """A Debian suite that has the wanted Asterisk, and what to install of it."""

    suite: str
    packages: str


RELEASES = {
    22: Release("forky", "ca-certificates,asterisk,asterisk-core-sounds-en,sip-tester"),
    # Its own SIPp is too old (no -min_rtp_port): phones and callers run from the folder of 22.
    16: Release("bullseye", "ca-certificates,asterisk,asterisk-core-sounds-en,asterisk-voicemail"),
}


class InstallError(RuntimeError):
    """The Asterisk folder cannot be made here; the message says why."""


def folder(version: int = 22) -> Path:
    """Where the Asterisk folder is, or would be."""
    cache = os.environ.get("CTI_TEST_CACHE")
    base = Path(cache).expanduser() if cache else Path.home() / ".cache" / "ctiserver-tests"
    return base / f"asterisk-{version}"


def available(version: int = 22) -> str | None:
    """None when a real Asterisk can run here now, else a sentence that says what is missing."""
    if os.geteuid() != 0:
        return "Running the real Asterisk needs root (it starts in a chroot)."
    for tool in ("chroot", "setpriv"):
        if shutil.which(tool) is None:
            return f"The command {tool} is missing."
    if not (folder(version) / "usr/sbin/asterisk").exists():
        return f"There is no Asterisk {version} folder; `python -m tests.asterisk.install {version}` makes it."
    return None


def ensure_asterisk(version: int = 22) -> Path:
    """The Asterisk folder, made first when it is not there (some minutes, root, the machine's Debian mirror)."""
    target = folder(version)
    if not (target / "usr/sbin/asterisk").exists():
        _build(version, target)
    if reason := available(version):
        raise InstallError(reason)
    return target


def _build(version: int, target: Path) -> None:
    """Build beside the target and rename: a half-made folder is never taken for a whole one."""
    if os.geteuid() != 0:
        raise InstallError("Making the Asterisk folder needs root: debootstrap unpacks in a chroot.")
    release = RELEASES[version]
    _ensure_debootstrap(release.suite)
    target.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    try:
        building.chmod(0o755)
        options = ("--variant=minbase", f"--include={release.packages}")
        _run("debootstrap", *options, release.suite, str(building), _mirror())
        for package in building.glob("var/cache/apt/archives/*.deb"):
            package.unlink()
        building.rename(target)
    except OSError:
        # Another process was faster: its folder is as good as ours.
        if not target.exists():
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _ensure_debootstrap(suite: str) -> None:
    """Install debootstrap when missing, and teach an older one the newer suite."""
    if shutil.which("debootstrap") is None:
        _run("apt-get", "update")
        _run("apt-get", "install", "-y", "--no-install-recommends", "debootstrap")
    if not (SCRIPTS / suite).exists():
        (SCRIPTS / suite).symlink_to("sid")


def _mirror() -> str:
    """The Debian mirror that this machine's apt is configured with."""
    listing = _run("apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL)", "Identifier: Packages")
    for line in listing.splitlines():
        uri, _, label = line.partition(" ")
        if label == "Debian":
            return uri
    raise InstallError("apt has no Debian mirror configured (apt-get indextargets names none with label Debian).")


def _run(*command: str) -> str:
    """Run a command; when it fails, raise with the end of what it said."""
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if result.returncode != 0:
        said = (result.stdout + result.stderr).strip()[-1500:]
        raise InstallError(f"`{' '.join(command)}` failed with {result.returncode}:\n{said}")
    return result.stdout


if __name__ == "__main__":
    try:
        print(ensure_asterisk(int(sys.argv[1]) if len(sys.argv) > 1 else 22))
    except InstallError as error:
        sys.exit(str(error))
