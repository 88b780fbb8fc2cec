"""The commands of `ctiserver`. Each imports what it needs when it runs, so that `--help` is quick.

Exit codes: 0 ok, 1 failure, 2 usage or configuration, 3 not reachable.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ctiserver import cli_privacy
from ctiserver.cli_options import (
    ConfigOption,
    JsonOption,
    NameArgument,
    ReplayFormat,
    Role,
    UnusedConfigOption,
    read_settings,
    settings_for_pbx,
)
from ctiserver.cli_output import CommandFailed, complain

app = typer.Typer(
    name="ctiserver",
    help="Who is calling, before hello: screen-pops, call records and a customer card for Asterisk contact centres.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_db = typer.Typer(help="The database: schema and backup.", no_args_is_help=True)
_user = typer.Typer(help="Accounts of agents, supervisors and administrators.", no_args_is_help=True)
_token = typer.Typer(help="API tokens.", no_args_is_help=True)
_import = typer.Typer(help="Bring data in.", no_args_is_help=True)
app.add_typer(_db, name="db")
app.add_typer(_user, name="user")
app.add_typer(_token, name="token")
app.add_typer(_import, name="import")
app.command()(cli_privacy.purge)
app.add_typer(cli_privacy.person, name="person")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit code; what went wrong is one sentence on stderr."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="ctiserver")
    except CommandFailed as failure:
        complain(str(failure))
        sys.exit(failure.code)
    except BrokenPipeError:
        # Whoever read our output has had enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


# --- the server -------------------------------------------------------------------------------------------------------


@app.command()
def demo(
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Port 0 takes a free one.")] = "127.0.0.1:8080",
    calls_per_minute: Annotated[float, typer.Option(metavar="N", min=0.1, max=600, help="How busy it is.")] = 12.0,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", file_okay=False, show_default=False, help="Keep the database there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON with address and logins.")] = False,
    _config: UnusedConfigOption = None,
) -> None:
    """Try it without a telephone system: a simulated call centre rings within seconds."""
    from ctiserver.demo import run_demo
    from ctiserver.log_setup import set_up_logs

    set_up_logs(level="WARNING")
    raise typer.Exit(
        _run_loop(run_demo(listen=listen, calls_per_minute=calls_per_minute, data=data, json_output=as_json))
    )


@app.command()
def serve(
    config: ConfigOption = None,
    log_level: Annotated[str, typer.Option(help="DEBUG shows callers' numbers and names.")] = "INFO",
) -> None:
    """Run the server until SIGTERM or Ctrl-C."""
    from crm_store.errors import StoreError
    from ctiserver import heap
    from ctiserver.cli_store import make_folder
    from ctiserver.lifecycle import serve as run_server
    from ctiserver.log_setup import set_up_logs
    from ctiserver.settings import SettingsError

    heap.keep_small()
    settings = settings_for_pbx(config)
    set_up_logs(level=log_level.upper())
    make_folder(settings)
    try:
        code = _run_loop(run_server(settings))
    except SettingsError as error:
        raise CommandFailed(str(error), code=2) from None
    except StoreError as error:
        raise CommandFailed(str(error)) from None
    except OSError as error:
        raise CommandFailed(f"{settings.server.listen}: {error.strerror or error}") from None
    raise typer.Exit(code)


def _run_loop(work: Coroutine[Any, Any, int]) -> int:
    """On uvloop where the platform has it."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return int(uvloop.run(work))


# --- setting up -------------------------------------------------------------------------------------------------------


@app.command()
def init(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", show_default="./ctiserver.toml")] = None,
    observe: Annotated[bool, typer.Option("--observe", help="Only watch the PBX: no dialling, no pausing.")] = False,
    host: Annotated[str, typer.Option(metavar="HOST", help="Where Asterisk is.")] = "127.0.0.1",
    region: Annotated[str, typer.Option(metavar="XX", help="Your country.")] = "SK",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Write a configuration and print the lines for Asterisk's manager.conf (and FreePBX)."""
    from ctiserver.cli_init import write_configuration

    chosen = file or config or Path("ctiserver.toml")
    write_configuration(chosen, host=host, region=region, observe=observe, as_json=as_json)


@app.command()
def check(
    config: ConfigOption = None,
    watch: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="How long to listen for events.")] = 3.0,
    as_json: JsonOption = False,
) -> None:
    """Check configuration, database, migrations, AMI login, rights, queues and ports: one line each."""
    from ctiserver.cli_check import run_checks

    raise typer.Exit(asyncio.run(run_checks(read_settings(config), watch_s=watch, as_json=as_json)))


@app.command()
def version(as_json: JsonOption = False, _config: UnusedConfigOption = None) -> None:
    """Print the version."""
    from ctiserver import __version__
    from ctiserver.cli_output import say

    say({"version": __version__}, __version__, as_json=as_json)


# --- captures ---------------------------------------------------------------------------------------------------------


@app.command()
def replay(
    captures: Annotated[list[str], typer.Argument(metavar="[NAME=]CAPTURE...", show_default=False)],
    output: Annotated[
        ReplayFormat, typer.Option("--format", help="jsonl: one record a line; table: a timeline of each call's legs.")
    ] = ReplayFormat.JSONL,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="CALL_ID",
            show_default=False,
            help="What each event did to one call, and why; its id, the beginning of it, or its Uniqueid.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
    config: ConfigOption = None,
) -> None:
    """Fold raw AMI captures into call records, by the same code as the live service, without a database."""
    from ctiserver.cli_replay import run_replay

    settings = read_settings(config, required=False)
    table = output is ReplayFormat.TABLE and not as_json
    run_replay(captures, settings, table=table, explained=explain, as_json=as_json)


@app.command()
def record(
    output: Annotated[Path, typer.Option(metavar="FILE", dir_okay=False, show_default=False, help="The capture.")],
    pbx: Annotated[str | None, typer.Option(metavar="NAME", show_default=False, help="Which [pbx.NAME].")] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="N", min=0, show_default=False, help="Stop after so long; else Ctrl-C.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Write the raw AMI bytes of a live PBX to a capture for `replay`."""
    from ctiserver.cli_pbx import run_record

    asyncio.run(run_record(settings_for_pbx(config), output, pbx=pbx, seconds=seconds, as_json=as_json))


@app.command("release-pauses")
def release_pauses(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Unpause the queue members that this service paused."""
    from ctiserver.cli_pbx import run_release_pauses

    asyncio.run(run_release_pauses(settings_for_pbx(config), as_json=as_json))


@app.command()
def watch(
    url: Annotated[str, typer.Argument(metavar="URL", help="https://cti.example.com", show_default=False)],
    token: Annotated[str, typer.Option(envvar="CTI_TOKEN", show_default=False, help="Made by `token add`.")],
    as_json: JsonOption = False,
    _config: UnusedConfigOption = None,
) -> None:
    """Live pops and queues in a terminal."""
    from ctiserver.cli_watch import run_watch

    asyncio.run(run_watch(url, token, as_json=as_json))


# --- the store --------------------------------------------------------------------------------------------------------


@_db.command("upgrade")
def db_upgrade(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Create the database, or bring it to the schema of this version."""
    from ctiserver.cli_store import upgrade_database

    upgrade_database(read_settings(config), as_json=as_json)


@_db.command("current")
def db_current(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Print the schema of the database and the one this version needs; exit code 1 if they differ."""
    from ctiserver.cli_store import show_revision

    show_revision(read_settings(config), as_json=as_json)


@_db.command("backup")
def db_backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, show_default=False)],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Copy the database to a new file while the server runs."""
    from ctiserver.cli_store import backup_database

    backup_database(read_settings(config), file, as_json=as_json)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, show_default=False)],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Copy the database to a new file while the server runs (the same as `db backup`)."""
    db_backup(file, as_json=as_json, config=config)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, show_default=False)],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Put a backup in the database's place, while the server does not run; what was there is kept beside it."""
    from ctiserver.cli_store import restore_database

    restore_database(read_settings(config), file, as_json=as_json)


@_user.command("add")
def user_add(
    name: NameArgument,
    role: Annotated[Role, typer.Option(show_default=False)],
    endpoint: Annotated[
        list[str] | None, typer.Option(metavar="PJSIP/1001", show_default=False, help="A phone; several are allowed.")
    ] = None,
    extension: Annotated[str | None, typer.Option(metavar="1001", show_default=False)] = None,
    display_name: Annotated[str | None, typer.Option(show_default=False, help="What colleagues read.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Add an account."""
    from ctiserver.cli_accounts import add_user, read_password

    settings = read_settings(config)
    password = read_password(name, from_stdin=password_stdin)
    add_user(
        settings, name, role=role.value, endpoints=endpoint or [], extension=extension, display_name=display_name,
        password=password, as_json=as_json,
    )  # fmt: skip


@_user.command("list")
def user_list(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the accounts."""
    from ctiserver.cli_accounts import list_users

    list_users(read_settings(config), as_json=as_json)


@_user.command("passwd")
def user_passwd(
    name: NameArgument,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Set a new password; the account is signed out everywhere."""
    from ctiserver.cli_accounts import change_password, read_password

    settings = read_settings(config)
    change_password(settings, name, password=read_password(name, from_stdin=password_stdin), as_json=as_json)


@_token.command("add")
def token_add(
    user: Annotated[str, typer.Option(metavar="NAME", show_default=False, help="Whose rights it has.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            show_default=False,
            help="calls.read calls.dial crm.read crm.write queues.read admin; repeatable. Without: all but admin.",
        ),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Print a new API token, once."""
    from ctiserver.cli_accounts import add_token

    add_token(read_settings(config), user, scopes=scope or [], as_json=as_json)


@_import.command("customers")
def import_customers(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", dir_okay=False, show_default=False)],
    region: Annotated[
        str | None, typer.Option(metavar="XX", show_default=False, help="Country of numbers without one.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="For example cp1250 or cp1255.")] = "utf-8",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Create and update customers from a CSV file with a header line."""
    from ctiserver.cli_import import run_import

    run_import(read_settings(config), file, region=region, encoding=encoding, dry_run=dry_run, as_json=as_json)


@_import.command("calls")
def import_calls(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", dir_okay=False, show_default=False)],
    pbx: Annotated[
        str | None, typer.Option(metavar="NAME", show_default=False, help="Whose calls; else the only PBX.")
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", show_default=False, help="Where the PBX's clock stands; else [ui] time_zone."),
    ] = None,
    encoding: Annotated[str, typer.Option(help="For example cp1250 or latin-1.")] = "utf-8",
    columns: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", show_default=False, help="The columns of a CSV file of cdr_custom's, in order."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come; change nothing.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Bring in the calls of the past: Master.csv, FreePBX's CDR export, queue_log; several files are read as one history."""
    from ctiserver.cli_import_calls import run_import_calls

    run_import_calls(
        read_settings(config),
        files,
        pbx=pbx,
        time_zone=time_zone,
        encoding=encoding,
        columns=columns,
        dry_run=dry_run,
        as_json=as_json,
    )


if __name__ == "__main__":
    main()
