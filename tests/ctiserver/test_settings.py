"""The configuration: what may be written, what overrides it, and the sentence for each mistake."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_store.accounts import Role
from crm_store.phone_numbers import NumberProfile
from ctiserver.settings import Settings, SettingsError, load_settings, require_pbx
from pbx.devices import DeviceKind

EXAMPLE = Path(__file__).parents[2] / "config" / "ctiserver.example.toml"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CTI_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def load(folder: Path, text: str) -> Settings:
    file = folder / "cti.toml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(folder, text)
    return str(refused.value)


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_example_loads() -> None:
    settings = load_settings(EXAMPLE)
    assert settings.pbx["main"].port == 5038
    assert settings.queue_label("600") == "Support"


def keys(model: Any, data: dict[str, Any], path: str = "") -> dict[str, bool]:
    """Every key of the settings → is it in the data?"""
    found: dict[str, bool] = {}
    for name, field in model.model_fields.items():
        inner = getattr(field.annotation, "__args__", (field.annotation,))[-1]
        value = data.get(name)
        if hasattr(inner, "model_fields"):
            section = next(iter(value.values())) if value and inner is not field.annotation else value
            found |= keys(inner, section or {}, f"{path}{name}.")
        else:
            found[f"{path}{name}"] = name in data
    return found


def test_the_example_shows_every_key() -> None:
    import tomllib

    assert [name for name, shown in keys(Settings, tomllib.loads(EXAMPLE.read_text())).items() if not shown] == []


def test_the_documentation_explains_every_key() -> None:
    text = (EXAMPLE.parents[1] / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert [name for name in keys(Settings, {}) if f"`{name.rpartition('.')[2]}`" not in text] == []


def test_the_file_is_found_by_argument_then_variable_then_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ctiserver.toml", "variable.toml", "argument.toml"):
        (tmp_path / name).write_text(f'[queues.600]\nlabel = "{name}"\n')
    assert load_settings(None).queue_label("600") == "ctiserver.toml"
    monkeypatch.setenv("CTI_CONFIG", "variable.toml")
    assert load_settings(None).queue_label("600") == "variable.toml"
    assert load_settings(tmp_path / "argument.toml").queue_label("600") == "argument.toml"


def test_no_file_is_an_error_that_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no configuration file .*nowhere\.toml.*ctiserver init"):
        load_settings(tmp_path / "nowhere.toml")


def test_where_no_file_is_needed_there_is_one_pbx_with_the_defaults() -> None:
    settings = load_settings(None, required=False)
    assert list(settings.pbx) == ["main"]
    with pytest.raises(SettingsError):
        load_settings(Path("asked-for.toml"), required=False)


def test_a_damaged_file_names_file_and_line(tmp_path: Path) -> None:
    assert "cti.toml is not TOML" in refusal(tmp_path, "[server\n")
    assert "line 1" in refusal(tmp_path, "[server\n")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path)


# --- mistakes ---------------------------------------------------------------------------------------------------------

MISTAKES = [
    ("[server]\nlisen = 1", "unknown key server.lisen (did you mean listen?)"),
    ("[sever]\nlisten = 1", "unknown key sever (did you mean server?)"),
    ("[pbx.main]\nusernam = 'x'", "unknown key pbx.main.usernam (did you mean username?)"),
    ("[pbx.main.incoming]\nregon = 'SK'", "unknown key pbx.main.incoming.regon (did you mean region?)"),
    ("[queues.600]\nzzz = 1", "unknown key queues.600.zzz"),
    ("[server]\nlisten = '8080'", "server.listen: write HOST:PORT"),
    ("[server]\nlisten = '127.0.0.1:99999'", "server.listen: write HOST:PORT"),
    ("[server]\npublic_url = 'cti.example.com'", "server.public_url: write the address people type"),
    ("[server]\ntls_certificate = 'none.pem'\ntls_key = 'none.key'", "server.tls_certificate: there is no file"),
    ("[server]\ntls_certificate = 'cti.toml'", "server: tls_certificate and tls_key come together: tls_key is missing"),
    ("[server]\ntls_key = 'cti.toml'", "tls_certificate is missing"),
    ("[server]\ntrusted_proxies = ['proxy']", "server.trusted_proxies.0: 'proxy' is not an address or network"),
    ("[database]\nurl = 'postgresql://x'", "database.url: write sqlite:///FILE"),
    ("[database]\nurl = 'sqlite:///:memory:'", "database.url: write sqlite:///FILE"),
    ("[ui]\nlanguages = ['xx']", "ui.languages.0: 'xx' is none of en, he"),
    ("[ui]\nlanguages = ['he']\ndefault_language = 'en'", "ui: default_language 'en' is not in languages"),
    ("[ui]\ntime_zone = 'Bratislava'", "ui.time_zone: 'Bratislava' is not a time zone"),
    ("[ui]\ntime_zone = '../etc'", "ui.time_zone: '../etc' is not a time zone"),
    ("[hours]\nopen = ['mon-fri 8-16']", "hours.open.0: 'mon-fri 8-16' is not opening hours"),
    ("[hours]\nopen = ['pon 08:00-16:00']", "hours.open.0: 'pon 08:00-16:00': 'pon' is none of mon, tue"),
    ("[hours]\nclosed = ['Christmas']", "hours.closed.0: 'Christmas' is no day"),
    ("[hours]\nclosed = [20261224]", "hours.closed.0: 20261224 is no day"),
    ("[hours]\nholiday = true", "unknown key hours.holiday (did you mean holidays?)"),
    ("[queues.600.hours]\nopen = ['mon']", "queues.600.hours.open.0: 'mon' is not opening hours"),
    ("[dids.'+421255501234'.hours]\nclosd = []", 'unknown key dids."+421255501234".hours.closd (did you mean closed?)'),
    ("[lost_calls]\nclaim_s = 0", "lost_calls.claim_s: "),
    ("[numbers]\ndefault_region = 'Slovakia'", "numbers.default_region: 'Slovakia' is not a region"),
    ("[pbx.main]\nport = 0", "pbx.main.port: "),
    ("[pbx.'a b']\nport = 1", "the name of a PBX has letters, digits, - and _ only"),
    ("[pbx.main]\nmode = 'readonly'", "pbx.main.mode: Input should be 'control' or 'observe'"),
    ("[pbx.main]\ntrunks = ['']", "pbx.main.trunks.0: a pattern is neither empty"),
    ("[pbx.main]\nphones = ['PJSIP/[0-9']", "pbx.main.phones.0: 'PJSIP/[0-9' has a bracket without its partner"),
    ("[pbx.main]\nmembers = ['(']", "pbx.main.members.0: '(' is not a regular expression"),
    ("[pbx.main]\nmembers = ['PJSIP/(.*)']", "write (?P<extension>…)"),
    ("[pbx.main]\nsecret_file = 'none'", "pbx.main.secret_file: there is no file"),
    ("[pbx.main]\nsecret = 'x'\nsecret_file = 'cti.toml'", "pbx.main: give secret or secret_file, not both"),
    ("[pbx.main]\ntls_ca = 'none'", "pbx.main.tls_ca: there is no file"),
    ("[pbx.main]\noriginate_channel = 'PJSIP/1001'", "pbx.main.originate_channel: write one channel with {extension}"),
    ("[pbx.main]\noriginate_channel = 'PJSIP/{extension}&SIP/x'", "pbx.main.originate_channel: write one channel"),
    ("[pbx.main]\noriginate_channel = '{extension'", "pbx.main.originate_channel: "),
    ("[pbx.main]\noriginate_context = 'a,b'", "pbx.main.originate_context: 'a,b' is not the name of a context"),
    ("[pbx.main]\noriginate_variables = {'a b' = '1'}", "'a b' is not the name of a channel variable"),
    ('[pbx.main]\noriginate_variables = {A = "1\\r\\nAction: X"}', "the value of A has a line break"),
    ("[pbx.main]\noriginate_timeout_s = 0", "pbx.main.originate_timeout_s: "),
    ("[pbx.main]\ninternal_pops = 'on'", "pbx.main.internal_pops: "),
    ('[pbx.main]\nhost = "a\\nb"', "pbx.main.host: has a line break"),
    ("[pbx.main.incoming]\nformat = 'plus'", "pbx.main.incoming.format: "),
    ("[pbx.main.dial]\nprefix = '9w'", "pbx.main.dial.prefix: '9w' is not a dialling prefix"),
    ("[pbx.main.dial]\nallow_countries = ['Germany']", "pbx.main.dial.allow_countries.0: 'Germany' is not a region"),
    ("[pbx.main.dial]\nblock_types = ['premium']", "pbx.main.dial.block_types.0: 'premium' is none of premium_rate"),
    ("[pbx.main.dial]\nmax_per_minute = 0", "pbx.main.dial.max_per_minute: "),
    ("[queues.600]\nwrap_up_s = -1", "queues.600.wrap_up_s: "),
    ("[dids.'+421 2']\nlabl = 'x'", 'unknown key dids."+421 2".labl (did you mean label?)'),
    ("[journal]\nkeep_days = 0", "journal.keep_days: "),
    ("[server]\npublic_url = 'https://cti.example.com/cti'", "server.public_url: write the address people type"),
    ("[pbx.main.incoming]\nadd_prefix = 'x'", "pbx.main.incoming.add_prefix: 'x' is not the beginning of a number"),
    ("pbx = 1", "pbx: "),
    ("[access]\nhidden = {boss = []}", "access.hidden.boss"),
    ("[access]\nhidden = {agent = ['external_id']}", "access: 'external_id': write RESOURCE.FIELD"),
]


@pytest.mark.parametrize(("text", "sentence"), MISTAKES, ids=[text.replace("\n", " ") for text, _ in MISTAKES])
def test_a_mistake_is_told_with_key_and_file(tmp_path: Path, text: str, sentence: str) -> None:
    told = refusal(tmp_path, text)
    assert sentence in told
    assert f"{tmp_path / 'cti.toml'}: " in told


def test_public_url_and_proxies_that_are_right(tmp_path: Path) -> None:
    server = load(
        tmp_path, "[server]\npublic_url = 'https://cti.example.com/'\ntrusted_proxies = ['10.0.0.0/24']"
    ).server
    assert (server.public_url, server.trusted_proxies) == ("https://cti.example.com", ("10.0.0.0/24",))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    assert len(refusal(tmp_path, "[server]\nlisten = 1\nlisen = 2\n[sever]\n").splitlines()) == 3


# --- environment ------------------------------------------------------------------------------------------------------


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "CTI_SERVER__LISTEN": "[::1]:0",
        "CTI_SERVER__ALLOW_PLAIN_HTTP": "true",
        "CTI_PBX__BRNO__SECRET": "from outside",
        "CTI_PBX__BRNO__PORT": "5039",
        "CTI_PBX__BRNO__QUEUES": "600, 601",
        "CTI_PBX__BRNO__TRUNKS": '["PJSIP/t,1"]',
        "CTI_PBX__BRNO__INCOMING__REGION": "CZ",
        "CTI_QUEUES__600__LABEL": "Help",
        "CTI_JOURNAL__DIRECTORY": "",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load(tmp_path, "[server]\nlisten = '0.0.0.0:80'\n[pbx.Brno]\nsecret = 'x'\nhost = '10.0.0.9'")
    pbx = settings.pbx["Brno"]
    assert (settings.server.host, settings.server.port, settings.server.allow_plain_http) == ("::1", 0, True)
    assert (pbx.host, pbx.port, pbx.secret.get_secret_value()) == ("10.0.0.9", 5039, "from outside")
    assert (pbx.queues, pbx.trunks, pbx.incoming.region) == (("600", "601"), ("PJSIP/t,1",), "CZ")
    assert (settings.queue_label("600"), settings.journal.directory) == ("Help", None)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("CTI_SERVER__LISEN", "x", "environment variable CTI_SERVER__LISEN: unknown key server.lisen"),
        ("CTI_SEVER__LISTEN", "x", "unknown section in the environment variable CTI_SEVER__LISTEN"),
        ("CTI_SERVER__LISTEN", "x", "environment variable CTI_SERVER__LISTEN: server.listen: write HOST:PORT"),
        ("CTI_UI__LANGUAGES", "[1", "environment variable CTI_UI__LANGUAGES: ui.languages.0: "),
        ("CTI_PBX__MAIN__PORT", "x", "environment variable CTI_PBX__MAIN__PORT: pbx.main.port: "),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert sentence in refusal(tmp_path, "[pbx.main]\nsecret = 'x'")


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_the_secret_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ami-secret").write_text("hush\n")
    settings = load(tmp_path, "[pbx.main]\nsecret_file = 'ami-secret'")
    assert settings.pbx["main"].secret.get_secret_value() == "hush"
    require_pbx(settings)


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "ami-secret").write_text("hush")
    settings = load(tmp_path, "[pbx.a]\nsecret_file = 'ami-secret'\n[pbx.b]\nsecret = 'hush'")
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize("text", ["secret = ['hush']", "sekret = 'hush'", "secret = 'hush'\nport = 'hush'"])
def test_a_mistake_does_not_repeat_the_secret(tmp_path: Path, text: str) -> None:
    assert "hush" not in refusal(tmp_path, f"[pbx.main]\n{text}")


@pytest.mark.parametrize("contents", [b"\xff\xfe", b""])
def test_a_secret_file_that_holds_no_secret_is_not_shown_and_not_enough(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "ami-secret").write_bytes(contents)
    with pytest.raises(SettingsError):
        require_pbx(load(tmp_path, "[pbx.main]\nsecret_file = 'ami-secret'"))


def test_a_pbx_without_secret_cannot_be_served(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"pbx\.brno: secret or secret_file is missing"):
        require_pbx(load(tmp_path, "[pbx.brno]"))
    with pytest.raises(SettingsError, match=r"no \[pbx\.NAME\] section"):
        require_pbx(load(tmp_path, ""))


# --- what the rest of the server asks ---------------------------------------------------------------------------------


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("")
    settings = load(tmp_path, "[server]\ntls_certificate = 'cert.pem'\ntls_key = 'cert.pem'")
    assert settings.database.file == tmp_path / "var" / "cti.db"
    assert settings.journal.directory == tmp_path / "var" / "journal"
    assert settings.server.tls_key == tmp_path / "cert.pem"


def test_absolute_paths_stay(tmp_path: Path) -> None:
    settings = load(tmp_path, "[database]\nurl = 'sqlite+aiosqlite:////srv/cti.db'\n[journal]\ndirectory = '/srv/j'")
    assert (settings.database.url, settings.journal.directory) == ("sqlite:////srv/cti.db", Path("/srv/j"))


def test_the_patterns_tell_trunks_from_phones(tmp_path: Path) -> None:
    plan = load(tmp_path, "[pbx.main]\ntrunks = ['PJSIP/gw*']").pbx["main"].device_plan()
    assert plan.kind("PJSIP/gw-1-00000001") is DeviceKind.TRUNK
    assert plan.kind("PJSIP/1001-00000002") is DeviceKind.PHONE
    assert plan.extension_of_member("Local/1001@from-queue/n") == "1001"


def test_number_profiles_of_trunks_and_phones(tmp_path: Path) -> None:
    pbx = load(
        tmp_path,
        "[pbx.main]\nextensions = ['100']\n[pbx.main.incoming]\nformat = 'e164_noplus'\nstrip_prefix = '0'\n"
        "[pbx.main.dial]\nprefix = '9'",
    ).pbx["main"]
    office = frozenset({"100"})
    assert pbx.incoming_profile("CZ") == NumberProfile(
        region="CZ", format="e164_noplus", strip_prefix="0", extensions=office
    )
    assert pbx.own_profile("CZ") == NumberProfile(region="CZ", strip_prefix="9", extensions=office)


def test_the_trunks_own_region_wins_over_the_default(tmp_path: Path) -> None:
    pbx = load(tmp_path, "[pbx.main.incoming]\nregion = 'PL'").pbx["main"]
    assert (pbx.incoming_profile("SK").region, pbx.own_profile("SK").region) == ("PL", "PL")


def test_queues_and_dids_have_labels_or_their_own_names(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "[queues.600]\nlabel = 'Support'\nwrap_up_s = 5\n[dids.'+4212']\nlabel = 'Shop'\n[wrap_up]\ndefault_s = 30",
    )
    assert (settings.queue_label("600"), settings.queue_label("601")) == ("Support", "601")
    assert (settings.queue("600").wrap_up_s, settings.queue("601").wrap_up_s) == (5, 30)
    assert (settings.queue("601").service_level_s, settings.queue("601").short_abandon_s) == (20, 5)
    assert (settings.did_label("+4212"), settings.did_label("+4213"), settings.did_label(None)) == ("Shop", None, None)


def test_hidden_fields_by_role_and_resource(tmp_path: Path) -> None:
    hidden = "['customer.external_id', 'customer.note', 'call.remote.number']"
    access = load(tmp_path, f"[access]\nhidden = {{agent = {hidden}}}").access
    assert access.hidden_fields() == {
        Role.AGENT: {"customer": ("external_id", "note"), "call": ("remote.number",)},
    }


# --- opening hours ----------------------------------------------------------------------------------------------------------


def test_without_hours_nobody_knows_who_is_there(tmp_path: Path) -> None:
    plan = load(tmp_path, "[queues.600]\nlabel = 'Support'").opening_plan()
    assert plan.hours(queue="600", did=None) is None


def test_queues_and_dialled_numbers_say_only_what_is_different(tmp_path: Path) -> None:
    plan = load(
        tmp_path,
        """
        [hours]
        open = ["mon-fri 08:00-16:30"]
        holidays = true
        closed = [2026-12-31]
        [queues.night.hours]
        open = ["mon-sun 00:00-24:00"]
        [queues.600.hours]
        closed = []
        [dids."+421255501234".hours]
        holidays = false
        """,
    ).opening_plan()
    assert plan.general is not None
    days = [datetime(2026, 12, day, 10, 0, tzinfo=ZoneInfo("Europe/Bratislava")) for day in (23, 24, 31)]

    def open_on(**of: str | None) -> list[bool]:
        hours = plan.hours(**{"queue": None, "did": None, **of})
        assert hours is not None
        return [hours.is_open(day) for day in days]

    assert open_on() == [True, False, False]
    assert open_on(queue="night") == [True, False, False]
    assert open_on(queue="600") == [True, False, True]
    assert open_on(did="+421255501234") == [True, True, False]
    night = plan.hours(queue="night", did=None)
    assert night is not None
    assert night.is_open(datetime(2026, 12, 23, 3, 0, tzinfo=ZoneInfo("Europe/Bratislava")))


def test_hours_may_stand_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTI_HOURS__OPEN", "mon-fri 08:00-16:30,sat 09:00-12:00")
    monkeypatch.setenv("CTI_HOURS__CLOSED", "2026-12-24")
    hours = load(tmp_path, "").hours
    assert hours.open == ("mon-fri 08:00-16:30", "sat 09:00-12:00")
    assert hours.closed == (date(2026, 12, 24),)


def test_no_start_waits_for_the_calendar_of_holidays(tmp_path: Path) -> None:
    load(tmp_path, "[hours]\nopen = ['mon-fri 08:00-16:30']\nholidays = true")
    code = "import sys; from pathlib import Path; from ctiserver.settings import load_settings; "
    code += f"load_settings(Path({str(tmp_path / 'cti.toml')!r})).opening_plan(); sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
