"""What the commands have in common: options, and the configuration that they name."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctiserver.cli_output import CommandFailed

if TYPE_CHECKING:
    from ctiserver.settings import Settings

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", show_default=False, help="Configuration; else $CTI_CONFIG, else ./ctiserver.toml."
    ),
]
UnusedConfigOption = Annotated[Path | None, typer.Option("--config", metavar="FILE", hidden=True)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class ReplayFormat(StrEnum):
    JSONL = "jsonl"
    TABLE = "table"


def read_settings(config: Path | None, *, required: bool = True) -> Settings:
    """The configuration. Until a server sets up its own logs, nothing is logged: failures are told in a sentence."""
    from ctiserver.log_setup import set_up_logs
    from ctiserver.settings import SettingsError, load_settings

    set_up_logs(level="CRITICAL")

    try:
        return load_settings(config, required=required)
    except SettingsError as error:
        raise CommandFailed(str(error), code=2) from None


def settings_for_pbx(config: Path | None) -> Settings:
    """A configuration that names a PBX and its secret."""
    from ctiserver.settings import SettingsError, require_pbx

    settings = read_settings(config)
    try:
        require_pbx(settings)
    except SettingsError as error:
        raise CommandFailed(str(error), code=2) from None
    return settings
