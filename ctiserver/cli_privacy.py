"""The commands for data that has to go, or to be handed over: `purge`, `person export`, `person erase`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ctiserver.cli_options import ConfigOption, JsonOption, read_settings

person = typer.Typer(help="Everything about one person: a copy, or its erasure.", no_args_is_help=True)

WhoArgument = Annotated[
    str,
    typer.Argument(metavar="NUMBER|ID", show_default=False, help="A telephone number, or a customer's id: 5 or #5."),
]


def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; change nothing.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Remove what is older than the configuration allows, as the server does every day."""
    from ctiserver.cli_purge import run_purge

    run_purge(read_settings(config), dry_run=dry_run, as_json=as_json)


@person.command("export")
def person_export(
    who: WhoArgument,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, show_default=False, help="A new file; else stdout.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Print everything that is stored of one person as JSON, the journals' messages about them included."""
    from ctiserver.cli_person import export_person

    export_person(read_settings(config), who, output=output)


@person.command("erase")
def person_erase(
    who: WhoArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it, only say what there is.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Erase one person everywhere: records, numbers, notes, tasks, journals; calls stay without them."""
    from ctiserver.cli_person import erase_person

    erase_person(read_settings(config), who, sure=yes, as_json=as_json)
