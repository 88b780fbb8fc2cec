"""Reads the configuration file; whatever is wrong with it is told in sentences that name key and file."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ctiserver.settings_sections import DidSettings, PbxSettings, QueueSettings, Settings
from ctiserver.settings_types import base_folder

__all__ = [
    "DEFAULT_FILE",
    "DidSettings",
    "PbxSettings",
    "QueueSettings",
    "Settings",
    "SettingsError",
    "load_settings",
    "require_pbx",
]

DEFAULT_FILE = Path("ctiserver.toml")
_PREFIX = "CTI_"


class SettingsError(Exception):
    """The configuration cannot be used; `str()` has one sentence a line, each with key and file."""


def load_settings(path: Path | None = None, *, required: bool = True) -> Settings:
    """The configuration of `path`, else $CTI_CONFIG, else ./ctiserver.toml. Raises SettingsError.

    With `required` false, no file at all (and none asked for) means the defaults and one PBX `main`.
    """
    asked = path or (Path(os.environ["CTI_CONFIG"]) if os.environ.get("CTI_CONFIG") else None)
    file = (asked or DEFAULT_FILE).absolute()
    if asked is None and not required and not file.exists():
        return _validated({"pbx": {"main": {}}}, file, from_file=False)
    return _validated(_read(file), file, from_file=True)


def require_pbx(settings: Settings) -> None:
    """Raise SettingsError unless every PBX can be logged in to."""
    if not settings.pbx:
        raise SettingsError("There is no [pbx.NAME] section: nothing to connect to.")
    for name, pbx in settings.pbx.items():
        if not pbx.secret.get_secret_value():
            raise SettingsError(
                f"pbx.{name}: secret or secret_file is missing (or {_PREFIX}PBX__{name.upper()}__SECRET)."
            )


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        raise SettingsError(f"There is no configuration file {file}. `ctiserver init` writes one.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML: {error}") from None
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from None


def _validated(data: dict[str, Any], file: Path, *, from_file: bool) -> Settings:
    source = str(file) if from_file else "defaults"
    stray = [f"unknown section in the environment variable {name}" for name in _stray_variables()]
    token = base_folder.set(file.parent)
    try:
        settings = Settings(**data)
    except ValidationError as error:
        raise SettingsError("\n".join(stray + _sentences(error, source))) from None
    except OSError as error:
        raise SettingsError(f"{source}: {error.filename} cannot be read: {error.strerror}") from None
    finally:
        base_folder.reset(token)
    if stray:
        raise SettingsError("\n".join(stray))
    return settings


def _stray_variables() -> list[str]:
    known = {f"{_PREFIX}{section}".upper() for section in Settings.model_fields}
    return sorted(
        name
        for name in os.environ
        if name.upper().startswith(_PREFIX) and "__" in name and name.upper().partition("__")[0] not in known
    )


def _sentences(error: ValidationError, source: str) -> list[str]:
    # Nothing of the values: a secret may stand under a misspelt key.
    return [_sentence(detail["loc"], detail["type"], detail["msg"], source) for detail in error.errors()]


def _sentence(location: Sequence[int | str], kind: str, message: str, source: str) -> str:
    place = ".".join(_quoted(str(step)) for step in location)
    origin = _variable(location) or source
    if kind == "extra_forbidden":
        return f"{origin}: unknown key {place}{_suggestion(location)}"
    plain = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return f"{origin}: {place}: {plain}"


def _quoted(step: str) -> str:
    return step if step.replace("_", "").replace("-", "").isalnum() else f'"{step}"'


def _variable(location: Sequence[int | str]) -> str | None:
    """The environment variable that set this key, if one did."""
    for length in range(len(location), 1, -1):
        wanted = _PREFIX + "__".join(str(step) for step in location[:length]).upper()
        for name in os.environ:
            if name.upper() == wanted:
                return f"environment variable {name}"
    return None


def _suggestion(location: Sequence[int | str]) -> str:
    close = difflib.get_close_matches(str(location[-1]), _keys_beside(location), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _keys_beside(location: Sequence[int | str]) -> Iterable[str]:
    """The keys that the section of a misspelt key has."""
    model: type[BaseModel] = Settings
    steps = iter(location[:-1])
    for step in steps:
        annotation: Any = model.model_fields[str(step)].annotation
        if get_origin(annotation) is dict:  # [pbx.NAME], [queues.NAME]: the name is no key
            next(steps, None)
            annotation = get_args(annotation)[1]
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return ()
        model = annotation
    return model.model_fields
