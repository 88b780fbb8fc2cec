"""The sections of the configuration (docs/configuration.md) as typed values, with what each key may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from crm_store.accounts import Role
from crm_store.opening_hours import OpeningPlan
from crm_store.phone_numbers import NumberProfile
from crm_store.retention import KeepRule, KeptData
from ctiserver.settings_hours import HoursOverride, HoursSettings
from ctiserver.settings_types import (
    AddedPrefix,
    BlockType,
    ChannelPattern,
    ChannelTemplate,
    ConfigFile,
    ConfigPath,
    DatabaseUrl,
    DialplanName,
    DialPrefix,
    FromText,
    Language,
    Listen,
    MemberPattern,
    Network,
    OneLine,
    PublicUrl,
    Region,
    SectionName,
    TimeZone,
    Variables,
)
from pbx.devices import DevicePlan

Seconds = Annotated[float, Field(ge=0, le=86_400)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ServerSettings(_Section):
    """`[server]`: where the web listens and how people reach it."""

    listen: Listen = "127.0.0.1:8080"
    public_url: PublicUrl = ""
    tls_certificate: ConfigFile = None
    tls_key: ConfigFile = None
    allow_plain_http: bool = False
    trusted_proxies: Annotated[tuple[Network, ...], FromText] = ()

    @model_validator(mode="after")
    def _certificate_and_key_come_together(self) -> ServerSettings:
        if (self.tls_certificate is None) != (self.tls_key is None):
            missing = "tls_key" if self.tls_key is None else "tls_certificate"
            raise ValueError(f"tls_certificate and tls_key come together: {missing} is missing")
        return self

    @property
    def host(self) -> str:
        """The address to listen on, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on; 0 is any free one."""
        return int(self.listen.rpartition(":")[2])


class DatabaseSettings(_Section):
    """`[database]`."""

    url: DatabaseUrl = Field(default="sqlite:///var/cti.db", validate_default=True)

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return Path(self.url.removeprefix("sqlite:///"))


class UiSettings(_Section):
    """`[ui]`: languages, dates and first weekday."""

    languages: Annotated[tuple[Language, ...], FromText] = ("en", "he", "ar", "pl", "sk")
    default_language: Language = "en"
    territory: Region = "SK"
    time_zone: TimeZone = "Europe/Bratislava"

    @model_validator(mode="after")
    def _default_is_offered(self) -> UiSettings:
        if self.default_language not in self.languages:
            raise ValueError(f"default_language {self.default_language!r} is not in languages")
        return self


class NumbersSettings(_Section):
    """`[numbers]`: where numbers typed without a country belong."""

    default_region: Region = "SK"

    def profile(self) -> NumberProfile:
        """How people here type numbers."""
        return NumberProfile(region=self.default_region)


class IncomingSettings(_Section):
    """`[pbx.*.incoming]`: how the trunk writes callers' numbers."""

    region: Region | None = None
    format: Literal["auto", "e164", "e164_noplus", "national"] = "auto"
    strip_prefix: OneLine = ""
    add_prefix: AddedPrefix = ""


class DialSettings(_Section):
    """`[pbx.*.dial]`: how we write numbers to the dialplan, and which we refuse."""

    format: Literal["e164", "e164_noplus", "international", "national"] = "e164"
    prefix: DialPrefix = ""
    allow_countries: Annotated[tuple[Region, ...], FromText] = ()
    block_types: Annotated[tuple[BlockType, ...], FromText] = ("premium_rate", "satellite", "unknown")
    max_per_minute: int = Field(default=10, ge=1)
    max_per_day: int = Field(default=500, ge=1)


class PbxSettings(_Section):
    """`[pbx.NAME]`: one Asterisk."""

    host: OneLine = "127.0.0.1"
    port: int = Field(default=5038, ge=1, le=65535)
    tls: bool = False
    tls_ca: ConfigFile = None
    username: OneLine = "cti"
    secret: SecretStr = SecretStr("")
    secret_file: ConfigFile = None
    mode: Literal["control", "observe"] = "control"
    trunks: Annotated[tuple[ChannelPattern, ...], FromText] = ("PJSIP/trunk*",)
    phones: Annotated[tuple[ChannelPattern, ...], FromText] = ("PJSIP/[0-9]*",)
    members: tuple[MemberPattern, ...] = (r"^Local/(?P<extension>\d+)@from-queue/n$", r"^PJSIP/(?P<extension>\d+)$")
    extensions: Annotated[tuple[OneLine, ...], FromText] = ()
    originate_channel: ChannelTemplate = "PJSIP/{extension}"
    originate_context: DialplanName = "from-internal"
    originate_variables: Variables = Field(default_factory=dict)
    originate_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 30.0
    queues: Annotated[tuple[OneLine, ...], FromText] = ()
    internal_pops: Literal["off", "strip"] = "strip"
    incoming: IncomingSettings = IncomingSettings()
    dial: DialSettings = DialSettings()

    @model_validator(mode="after")
    def _one_secret_from_one_place(self) -> PbxSettings:
        if self.secret_file is None:
            return self
        if self.secret.get_secret_value():
            raise ValueError("give secret or secret_file, not both")
        text = self.secret_file.read_text(encoding="utf-8").strip()
        object.__setattr__(self, "secret", SecretStr(text))  # frozen for everybody else
        return self

    def device_plan(self) -> DevicePlan:
        """Whose channel is it: the patterns of this PBX, without the accounts' endpoints."""
        members = tuple(re.compile(pattern) for pattern in self.members)
        return DevicePlan(trunks=self.trunks, phones=self.phones, members=members)

    def incoming_profile(self, default_region: str) -> NumberProfile:
        """How this PBX's trunks write callers' numbers."""
        return NumberProfile(
            region=self.incoming.region or default_region,
            format=self.incoming.format,
            strip_prefix=self.incoming.strip_prefix,
            add_prefix=self.incoming.add_prefix,
            extensions=frozenset(self.extensions),
        )

    def own_profile(self, default_region: str) -> NumberProfile:
        """How this PBX's phones dial: people's way of writing, with the outside-line prefix of the dialplan."""
        region = self.incoming.region or default_region
        return NumberProfile(region=region, strip_prefix=self.dial.prefix, extensions=frozenset(self.extensions))


class QueueSettings(_Section):
    """`[queues.NAME]`. `wrap_up_s` None: the default of `[wrap_up]`."""

    label: OneLine = ""
    wrap_up_s: Seconds | None = None
    service_level_s: Seconds = 20.0
    short_abandon_s: Seconds = 5.0
    hours: HoursOverride = HoursOverride()


class DidSettings(_Section):
    """`[dids."+421…"]`: what the number that the customer dialled stands for."""

    label: OneLine = ""
    hours: HoursOverride = HoursOverride()


class LostCallSettings(_Section):
    """`[lost_calls]`: who takes one and does not call gives it back after `claim_s`."""

    claim_s: Annotated[float, Field(ge=30, le=86_400)] = 600.0


class WrapUpSettings(_Section):
    """`[wrap_up]`."""

    default_s: Seconds = 0.0
    pause_members: bool = False


class JournalSettings(_Section):
    """`[journal]`: the raw AMI of the last days. No directory: off."""

    directory: ConfigPath = Field(default="var/journal", validate_default=True)
    keep_days: int = Field(default=30, ge=1)


Days = Annotated[int, Field(ge=0, le=36_500)]


class RetentionSettings(_Section):
    """`[retention]`: days that each kind of data is kept; 0: for ever. The journal has its own section."""

    calls_days: Days = 0
    notes_days: Days = 0
    pops_days: Days = 180
    ledger_days: Days = 730

    def rules(self) -> list[KeepRule]:
        """One for each kind."""
        return [
            KeepRule(data=KeptData.CALLS, days=self.calls_days),
            KeepRule(data=KeptData.NOTES, days=self.notes_days),
            KeepRule(data=KeptData.POPS, days=self.pops_days),
            KeepRule(data=KeptData.LEDGER, days=self.ledger_days),
        ]


class AccessSettings(_Section):
    """`[access]`: fields that a role never gets, in pages, API and push: `hidden = {agent = ["customer.external_id"]}`."""

    hidden: dict[Role, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fields_have_a_resource(self) -> AccessSettings:
        for name in (name for names in self.hidden.values() for name in names):
            if name.partition(".")[0] not in _RESOURCES or not name.partition(".")[2]:
                raise ValueError(f"{name!r}: write RESOURCE.FIELD, RESOURCE one of {', '.join(_RESOURCES)}")
        return self

    def hidden_fields(self) -> dict[Role, dict[str, tuple[str, ...]]]:
        """Role → resource → field names, as crm_store.access.AccessPolicy takes them."""
        return {role: _by_resource(names) for role, names in self.hidden.items()}


_RESOURCES = ("customer", "call", "task", "activity", "pop", "match")


def _by_resource(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        resource, _, field = name.partition(".")
        found[resource] = (*found.get(resource, ()), field)
    return found


class Settings(BaseSettings):
    """Everything an operator can set. `ctiserver.settings.load_settings` reads it."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, env_prefix="CTI_", env_nested_delimiter="__"
    )

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    ui: UiSettings = UiSettings()
    numbers: NumbersSettings = NumbersSettings()
    pbx: dict[SectionName, PbxSettings] = Field(default_factory=dict)
    queues: dict[str, QueueSettings] = Field(default_factory=dict)
    dids: dict[str, DidSettings] = Field(default_factory=dict)
    hours: HoursSettings = HoursSettings()
    lost_calls: LostCallSettings = LostCallSettings()
    wrap_up: WrapUpSettings = WrapUpSettings()
    journal: JournalSettings = Field(default_factory=JournalSettings)
    retention: RetentionSettings = RetentionSettings()
    access: AccessSettings = AccessSettings()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file; there are no other sources."""
        known = init_settings.init_kwargs if isinstance(init_settings, InitSettingsSource) else {}
        return _Environment(settings_cls, known), init_settings

    def number_profile(self) -> NumberProfile:
        """How people here type numbers."""
        return self.numbers.profile()

    def queue(self, name: str) -> QueueSettings:
        """The settings of a queue, whether or not it has a section: label and wrap-up filled in."""
        section = self.queues.get(name, QueueSettings())
        wrap_up_s = self.wrap_up.default_s if section.wrap_up_s is None else section.wrap_up_s
        return section.model_copy(update={"label": section.label or name, "wrap_up_s": wrap_up_s})

    def opening_plan(self) -> OpeningPlan:
        """When somebody is there, by dialled number and queue."""
        zone, territory = ZoneInfo(self.ui.time_zone), self.ui.territory
        queues = {name: section.hours.over(self.hours) for name, section in self.queues.items()}
        dids = {did: section.hours.over(self.hours) for did, section in self.dids.items()}
        return OpeningPlan(
            general=self.hours.opening(zone, territory),
            queues={name: hours for name, one in queues.items() if one and (hours := one.opening(zone, territory))},
            dids={did: hours for did, one in dids.items() if one and (hours := one.opening(zone, territory))},
        )

    def queue_label(self, name: str) -> str:
        """What people call the queue."""
        return self.queue(name).label

    def did_label(self, did: str | None) -> str | None:
        """What the dialled number stands for; None when the configuration does not say."""
        section = self.dids.get(did) if did is not None else None
        return section.label or None if section else None


class _Environment(EnvSettingsSource):
    """`CTI_PBX__MAIN__SECRET` and the like; names of sections keep the spelling of the file."""

    def __init__(self, settings_cls: type[BaseSettings], known: Mapping[str, Any]) -> None:
        self._known = known
        super().__init__(settings_cls)

    def decode_complex_value(self, field_name: str, field: Any, value: Any) -> Any:
        """JSON, or else the text itself: the validators say what is wrong with it and name the key."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value

    def __call__(self) -> dict[str, Any]:
        """What the environment says, in the file's spelling of section names."""
        return {name: self._spelled(name, value) for name, value in super().__call__().items()}

    def _spelled(self, section: str, value: Any) -> Any:
        written = self._known.get(section)
        if not isinstance(value, dict) or not isinstance(written, dict):
            return value
        spelling = {key.casefold(): key for key in written}
        return {spelling.get(key, key): inner for key, inner in value.items()}
