"""The container file and compose.yaml fit the product; `python -m tests.container_steps` (make long) runs the steps."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ctiserver.settings import load_settings
from tests.container_steps import ROOT, Image, steps

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
RUNS_NOTHING = {"FROM", "ENV", "USER", "WORKDIR", "VOLUME", "STOPSIGNAL", "CMD"}


def test_every_package_of_the_product_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = [shlex.split(rest)[:-1] for word, rest in steps() if word == "COPY"]
    sources = {source for found in copied for source in found}
    assert set(packages) <= sources
    assert [source for source in sorted(sources) if not (ROOT / source).exists()] == []


def test_its_steps_are_ones_that_the_long_test_can_run(tmp_path: Path) -> None:
    image = Image(tmp_path)
    for word, rest in steps():
        if word in RUNS_NOTHING:
            image.take(word, rest)
    assert {word for word, _ in steps()} == RUNS_NOTHING | {"RUN", "COPY"}
    assert (image.user, image.command) == ("ctiserver", "ctiserver db upgrade && exec ctiserver serve")


def test_what_container_and_compose_set_are_keys_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = Image(tmp_path)
    for word, rest in steps():
        if word == "ENV":
            image.take(word, rest)
    (tmp_path / "secret").write_text("hush")
    given = {**image.environment, **COMPOSE["services"]["ctiserver"]["environment"]}
    assert given["CTI_PBX__MAIN__SECRET_FILE"] == "/run/secrets/ami-secret"
    given["CTI_PBX__MAIN__SECRET_FILE"] = str(tmp_path / "secret")
    for name, value in given.items():
        if name.startswith("CTI_") and name != "CTI_CONFIG":
            monkeypatch.setenv(name, value)
    (tmp_path / "ctiserver.toml").write_text("[pbx.main]\nhost = '192.168.1.5'\n")
    settings = load_settings(tmp_path / "ctiserver.toml")
    assert settings.database.file == Path("/var/lib/ctiserver/cti.db")
    assert settings.pbx["main"].secret.get_secret_value() == "hush"


def test_compose_runs_the_service_behind_the_proxy_and_asterisk_only_when_asked() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"ctiserver", "proxy", "asterisk"}
    assert services["asterisk"]["profiles"] == ["asterisk"]
    assert (ROOT / services["ctiserver"]["build"]["dockerfile"]).is_file()
    assert services["ctiserver"]["read_only"]
    assert services["ctiserver"]["cap_drop"] == ["ALL"]
    mounts = [mount.split(":")[0] for one in services.values() for mount in one.get("volumes", ())]
    samples = [ROOT / mount for mount in mounts if mount.startswith("./config")]
    assert samples
    assert all(path.is_file() for path in samples)
    named = {mount for mount in mounts if not mount.startswith((".", "/"))}
    assert named == set(COMPOSE["volumes"])
