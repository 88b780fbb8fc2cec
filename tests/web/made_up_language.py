"""A language whose every text stands between brackets: what is outside them was never given to the catalogues."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.pofile import write_po

from web.i18n import read_catalog

_WORD = re.compile(r"[^\W\d_]{2,}")
_KEY = re.compile(r"\((?:(?:Alt|Ctrl)\+\w+|Esc|G? ?[A-Z])\)")


def bracketed(folder: Path) -> None:
    """A made-up Polish, into `folder`: every text of the catalogues between brackets."""
    catalogue = read_catalog("pl")
    assert catalogue is not None
    for message in catalogue:
        if message.id and isinstance(message.id, str):
            message.string = f"⟦{message.id}⟧"
        elif message.id:
            message.string = tuple(f"⟦{message.id[0]}⟧" for _ in message.string)
    path = folder / "pl" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, catalogue)


def outside_brackets(text: str) -> list[str]:
    """The words between the brackets' ends."""
    depth, kept = 0, ""
    for character in text:
        depth += {"⟦": 1, "⟧": -1}.get(character, 0)
        kept += " " if depth or character in "⟦⟧" else character
    return _WORD.findall(_KEY.sub("", kept))
