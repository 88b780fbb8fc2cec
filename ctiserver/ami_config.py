"""From a `[pbx.*]` section to how its AMI is reached."""

from __future__ import annotations

import ssl

from ctiserver.settings import PbxSettings, SettingsError
from pbx.asterisk.ami_link import AmiConfig, tls_context

#: A half-open link is found after three and a half of these at the latest, and we are logged in again within 15 s.
_PING_S = 4.0


def ami_config(name: str, pbx: PbxSettings) -> AmiConfig:
    """How to log in to this PBX. Raises SettingsError when its `tls_ca` is no certificate."""
    return AmiConfig(
        name=name,
        host=pbx.host,
        port=pbx.port,
        username=pbx.username,
        secret=pbx.secret.get_secret_value(),
        tls=_tls(name, pbx) if pbx.tls else None,
        ping_interval_s=_PING_S,
        observe=pbx.mode == "observe",
    )


def _tls(name: str, pbx: PbxSettings) -> ssl.SSLContext:
    try:
        return tls_context(str(pbx.tls_ca or ""))
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(f"pbx.{name}.tls_ca: {pbx.tls_ca} is not a certificate in PEM form: {error}") from None
