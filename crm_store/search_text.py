"""What people type into a search field, and what it is compared with: case, accents and points folded away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LONGEST_QUERY = 200
_MOST_TERMS = 8
_FEWEST_DIGITS = 3

# Letters that Unicode does not take apart, and signs that people type in two ways.
_FOLDED = str.maketrans(
    {
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ø": "o",
        "ħ": "h",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ى": "ي",
        "ة": "ه",
        "ـ": "",
        "׳": "'",
        "’": "'",
        "״": '"',
        "“": '"',
        "”": '"',
        "„": '"',
        "־": "-",
        "–": "-",
    }
)
_UNSEEN = frozenset({"Mn", "Me", "Cf", "Cc", "Cs"})
_NUMBER = re.compile(r"\+?[\d\s()./+-]+")


def fold(text: str) -> str:
    """The text without case, accents, Hebrew or Arabic points, invisible signs and doubled spaces."""
    # Mathematical and other fancy capitals become capitals only when they are taken apart.
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    seen = "".join(_plain(ch) for ch in parts)
    return " ".join(seen.translate(_FOLDED).split())


def document(texts: Iterable[str], numbers: Iterable[str]) -> str:
    """What one customer can be found by: a folded line per text, and the bare digits of each number."""
    lines = [fold(text) for text in texts]
    digits = [_digits(number) for number in numbers]
    return "\n".join(dict.fromkeys(line for line in [*lines, *digits] if line))


def terms(query: str) -> tuple[str, ...]:
    """The fragments that must all occur in a document. A number may be typed with spaces, +, 00 or a leading 0."""
    folded = fold(query[:_LONGEST_QUERY])
    if not folded:
        return ()
    if _is_number(folded):
        return (_number_fragment(folded),)
    words = dict.fromkeys(folded.split())
    return tuple(_number_fragment(word) if _is_number(word) else word for word in words)[:_MOST_TERMS]


def _plain(ch: str) -> str:
    if ch.isascii() and ch.isprintable():
        return ch
    if ch.isspace():
        return " "
    category = unicodedata.category(ch)
    if category == "Nd":  # ٣ is 3
        return str(unicodedata.decimal(ch))
    return "" if category in _UNSEEN else ch


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and len(_digits(text)) >= _FEWEST_DIGITS


def _number_fragment(text: str) -> str:
    """0905… and 00421… end like +421905…, without their zeros; "+44 (0)20" has a zero that is never dialled."""
    digits = _digits(text.replace("(0)", ""))
    without_zeros = digits.lstrip("0")
    return without_zeros if len(without_zeros) >= _FEWEST_DIGITS else digits


def _digits(text: str) -> str:
    return "".join(ch for ch in text if "0" <= ch <= "9")
