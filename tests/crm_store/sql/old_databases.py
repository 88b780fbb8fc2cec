"""Databases that earlier versions left behind with calls open (see databases/README.md)."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory

from crm_store.sql import migrate

FOLDER = Path(__file__).parent / "databases"


def revisions() -> list[str]:
    """Every schema there ever was, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def unpack(revision: str, file: Path) -> dict[str, Any]:
    """Write that database to `file`; returns what its version said about it."""
    file.write_bytes(gzip.decompress((FOLDER / f"{revision}.db.gz").read_bytes()))
    truth: dict[str, Any] = json.loads((FOLDER / f"{revision}.truth.json").read_text(encoding="utf-8"))
    return truth
