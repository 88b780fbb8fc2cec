"""Certificates by the very commands of docs/https.md, so that the page is true."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "https.md"
NAME, ADDRESS = "cti.lan", "192.168.1.10"


def commands() -> tuple[str, str, str]:
    """Of the page: the authority, the certificate, the browser that trusts it."""
    authority, certificate, trust = re.findall(r"^```sh\n(.+?)\n```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    return authority, certificate, trust


def run_in(folder: Path, command: str, *, home: Path | None = None) -> None:
    """As somebody would who stands in that folder and pastes the line."""
    environment = {**os.environ, "HOME": str(home or folder)}
    done = subprocess.run(["sh", "-ec", command], cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def make_authority(folder: Path) -> None:
    """ca.key and ca.crt."""
    run_in(folder, commands()[0])


def make_certificate(folder: Path) -> None:
    """cti.key and cti.crt, in place of those that were there."""
    run_in(folder, commands()[1])
