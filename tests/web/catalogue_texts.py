"""Every text of the pages that is to be translated, as Babel finds it in templates, browser code and Python."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from babel.messages.extract import extract_from_dir

Message: TypeAlias = str | tuple[str, str]

_METHODS = [("templates/**.html", "jinja2"), ("static/js/**.js", "javascript"), ("**.py", "python")]
_OPTIONS = {"templates/**.html": {"extensions": "jinja2.ext.i18n"}, "static/js/**.js": {"jsx": "False"}}
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "t": None, "tn": (1, 2), "parts": None}


def texts(folder: Path) -> dict[Message, str]:
    """Each text (plurals as pairs) and a file that has it."""
    found: dict[Message, str] = {}
    for file, _line, message, _comments, _context in extract_from_dir(folder, _METHODS, _OPTIONS, _KEYWORDS):
        found.setdefault(message if isinstance(message, str) else (message[0], message[1]), file)
    return found
