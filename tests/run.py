"""Runs the tests with whatever this machine has: `python -m tests.run [--long] [pytest options]`.

As root it installs what the real parts need (Chromium, debootstrap, the Asterisk folder); otherwise it runs what is
there and says what was left out. With CI=true a missing part is a failure.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from tests.asterisk import install

# libatomic1 is for Playwright's own driver, libnss3-tools makes the browser trust an authority.
# Most of the time goes by while phones ring: several tests at once cost little more than one. What is long runs alone.
WORKERS = ("-n", "5", "--dist", "worksteal")
CHROMIUM_PACKAGES = ("chromium", "fonts-noto-core", "fonts-dejavu-core", "libatomic1", "libnss3-tools")
ASTERISK_PACKAGES = ("debootstrap", "iproute2", "util-linux")


@dataclass(frozen=True, slots=True)
class Part:
    """Something outside Python that the tests of one marker need. `missing` says what is not there, or None."""

    marker: str
    name: str
    missing: Callable[[], str | None]
    prepare: Callable[[], None]


def main(arguments: list[str]) -> int:
    """Prepare, say what is left out, and hand over to pytest, whose last line is the last one here."""
    wants_long = "--long" in arguments
    left_out = [part for part in PARTS if _unavailable(part)]
    if left_out and os.environ.get("CI") == "true":
        names = ", ".join(part.name for part in left_out)
        print(f"FAILED: CI=true and missing here: {names}", file=sys.stderr)
        return 1
    expression = " and ".join(["long" if wants_long else "not long", *(f"not {part.marker}" for part in left_out)])
    options = [argument for argument in arguments if argument != "--long"]
    if not wants_long and not any(option.startswith("-n") for option in options):
        options = [*WORKERS, *options]
    sys.stdout.flush()
    return subprocess.run([sys.executable, "-m", "pytest", "-m", expression, *options], check=False).returncode


def _unavailable(part: Part) -> bool:
    """Whether the part is missing even after preparing it, with the reason told."""
    if part.missing() is not None and os.geteuid() == 0:
        print(f"Preparing {part.name} ...", flush=True)
        try:
            part.prepare()
        except (subprocess.CalledProcessError, RuntimeError, OSError) as error:
            print(f"{part.name} could not be prepared: {error}", flush=True)
    reason = part.missing()
    if reason is not None:
        print(f"LEFT OUT: tests with {part.name}. {reason}", flush=True)
    return reason is not None


def _chromium_missing() -> str | None:
    if shutil.which("chromium") is None or shutil.which("certutil") is None:
        return f"There is no chromium (or no certutil); as root: apt-get install {' '.join(CHROMIUM_PACKAGES)}"
    driver = subprocess.run([sys.executable, "-m", "playwright", "--version"], capture_output=True, check=False)
    if driver.returncode != 0:
        return f"Playwright does not start: {driver.stderr.decode(errors='replace').strip()[-200:]}"
    return None


def _apt_install(*packages: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("apt-get", "update", "-q"), ("apt-get", "install", "-qy", "--no-install-recommends", *packages)):
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def _prepare_asterisk() -> None:
    _apt_install(*ASTERISK_PACKAGES)
    install.ensure_asterisk()


PARTS = (
    Part("browser", "a browser (Chromium)", _chromium_missing, lambda: _apt_install(*CHROMIUM_PACKAGES)),
    Part("asterisk", "a real Asterisk and SIPp", install.available, _prepare_asterisk),
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
