"""`init`: a first configuration, and what Asterisk's administrator has to add for it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from ctiserver.cli_output import USAGE, CommandFailed, say

_CONFIGURATION = """\
# Written by `ctiserver init`. Every key: docs/configuration.md and config/ctiserver.example.toml.
# It holds the AMI secret: keep it readable for the service only.

[server]
listen = "127.0.0.1:8080"
public_url = ""                         # how people reach it: "https://cti.example.com"

[database]
url = "sqlite:///var/cti.db"            # relative to this file

[ui]
languages = ["en", "he", "ar", "pl", "sk"]
default_language = "en"
territory = "{region}"
time_zone = "{time_zone}"

[numbers]
default_region = "{region}"             # where numbers without a country belong

[pbx.main]
host = "{host}"
port = 5038
username = "cti"
secret = "{secret}"
mode = "{mode}"                         # "observe": nothing is ever sent that changes the PBX
trunks = ["PJSIP/trunk*"]               # channel names of your outside lines; "pjsip show endpoints" lists them
phones = ["PJSIP/[0-9]*"]               # channel names of your colleagues' phones
originate_channel = "PJSIP/{{extension}}" # FreePBX: "Local/{{extension}}@originate-skipvm"
originate_context = "from-internal"

[journal]
directory = "var/journal"               # the raw AMI of the last days, for `ctiserver replay`; "": off
keep_days = 30
"""

_USER_LINES = """\
[cti]
secret = {secret}
deny = 0.0.0.0/0.0.0.0
permit = {permit}/255.255.255.255      ; the machine that runs ctiserver
read = system,call,agent,user
write = {write}
writetimeout = 5000"""

_ALLOW_LIST = """\
; A full queue, an empty queue and voicemail are told only in the class dialplan, which is very talkative.
; Asterisk 18.26, 20.11, 21.6, 22.1 and later send just these lines of it. It is an allow-list: what is not named is
; not sent. Older versions: leave it out, the rest works without it.
;read = system,call,agent,user,dialplan
"""

_TEXT = """\
{file} is written. Next:

1. On plain Asterisk add this to /etc/asterisk/manager.conf (enabled = yes, bindaddr = 127.0.0.1 or a private address),
   then "asterisk -rx 'manager reload'":

[general]
timestampevents = yes

{user}

   On FreePBX add the same to /etc/asterisk/manager_custom.conf instead, then "fwconsole reload":

[general](+)
timestampevents = yes

{user}

   For either, under the user, if you like:

{allow}
2. ctiserver check --config {file}
3. ctiserver db upgrade --config {file}
4. ctiserver serve --config {file}"""


def write_configuration(file: Path, *, host: str, region: str, observe: bool, as_json: bool) -> None:
    """Write `file` (never over another) and print the manager user with the least rights."""
    _check(host, region)
    secret = secrets.token_hex(24)
    mode = "observe" if observe else "control"
    text = _CONFIGURATION.format(host=host, region=region, secret=secret, mode=mode, time_zone=_time_zone())
    _write_private(file, text)
    user = _USER_LINES.format(secret=secret, permit=_permit(host), write=_write_classes(observe=observe))
    allow = _ALLOW_LIST + "\n".join(_event_filters()) + "\n"
    say(
        {"file": str(file), "mode": mode, "manager_user": user, "event_filters": _event_filters()},
        _TEXT.format(file=file, user=user, allow=allow),
        as_json=as_json,
    )


def _write_classes(*, observe: bool) -> str:
    """Observer mode asks for lists only; control mode also dials, hangs up and pauses."""
    return "reporting" if observe else "originate,reporting,agent,call"


def _event_filters() -> list[str]:
    """One commented line for each event that we read: the table of parsers is the list of subscriptions."""
    from pbx.asterisk.ami_events import PARSERS, WANTED_APPLICATIONS, WANTED_VARIABLES

    special = {
        "Newexten": [
            f"eventfilter(name(Newexten),header(Application),method(exact)) = {name}" for name in WANTED_APPLICATIONS
        ],
        "VarSet": [f"eventfilter(name(VarSet),header(Variable),method(exact)) = {name}" for name in WANTED_VARIABLES],
    }
    names = sorted(name.decode("ascii") for name in PARSERS)
    return [f";{line}" for name in names for line in special.get(name, [f"eventfilter(name({name})) ="])]


def _check(host: str, region: str) -> None:
    import phonenumbers

    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise CommandFailed(f'--region {region!r}: write two capital letters, for example "SK".', code=USAGE)
    if not host.replace(".", "").replace("-", "").replace(":", "").isalnum():
        raise CommandFailed(f"--host {host!r}: write a name or an address.", code=USAGE)


def _permit(host: str) -> str:
    return "127.0.0.1" if host in {"127.0.0.1", "localhost", "::1"} else "ADDRESS-OF-THIS-MACHINE"


def _time_zone() -> str:
    """The machine's, where it says so."""
    zone = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    return zone if zone and '"' not in zone else "UTC"


def _write_private(file: Path, text: str) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandFailed(f"{file} exists already; it is not overwritten.") from None
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}", code=USAGE) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
