"""Databases that earlier versions left behind with calls open (see databases/README.md).

`python -m tests.crm_store.sql.old_databases`, run before a new migration is written, keeps one of today's schema.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory

from crm_store.sql import migrate
from crm_store.sql.schema import HEAD

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


def keep(folder: Path = FOLDER) -> Path:
    """Bring the newest kept database to today's schema and keep that, too; returns its file."""
    newest = sorted(folder.glob("*.db.gz"))[-1].name.partition(".")[0]
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "cti.db")
        truth = unpack(newest, file)
        asyncio.run(migrate.upgrade(f"sqlite:///{file}"))
        kept = folder / f"{HEAD}.db.gz"
        kept.write_bytes(gzip.compress(file.read_bytes(), mtime=0))
    text = json.dumps({**truth, "schema": HEAD}, ensure_ascii=False, indent=1)
    kept.with_name(f"{HEAD}.truth.json").write_text(text + "\n", encoding="utf-8")
    return kept


if __name__ == "__main__":
    print(keep())
