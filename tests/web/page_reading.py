"""Reads a page as a browser would: its texts with what encloses them, its elements, its attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "use", "wbr"}
#: A phone number, an e-mail address, an endpoint, an extension (those of the tests have four digits, no year among them).
_NUMBER = re.compile(r"\+\d[\d ().-]{5,}\d|\b\d{7,15}\b|[\w.+-]+@[\w-]+\.\w+|\b(?:PJSIP|SIP|Local)/\S+|\b100\d\b")


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]


@dataclass
class Page(HTMLParser):
    """`elements` in order; `texts` with their chain of enclosing elements."""

    html: str
    elements: list[Element] = field(default_factory=list)
    texts: list[tuple[str, tuple[Element, ...]]] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            if self._open.pop().tag == tag:
                return

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((data, tuple(self._open)))

    def of(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def with_attribute(self, name: str) -> list[Element]:
        return [element for element in self.elements if name in element.attributes]

    @property
    def text(self) -> str:
        return " ".join(data.strip() for data, _ in self.texts)


def stray_numbers(page: Page) -> list[str]:
    """Numbers, addresses and extensions in the text that no left-to-right `<bdi>` encloses."""
    return [
        data.strip()
        for data, chain in page.texts
        if _NUMBER.search(data)
        and not any(one.tag == "bdi" and one.attributes.get("dir") == "ltr" for one in chain)
        and not any(one.tag in ("pre", "textarea", "script", "style") for one in chain)
    ]
