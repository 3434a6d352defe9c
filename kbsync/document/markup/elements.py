"""A light tree over markup in which every piece knows its character offsets in the raw text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from kbsync.errors import DocumentError

TEXT = "#text"
ROOT = "#root"
MAX_DEPTH = 100
"""Elements may nest this deep; the readers are recursive and refuse what is deeper."""

_ATTRIBUTE = re.compile(r"""([^\s=/"'<>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?""")
_UNSEEN = frozenset(["ac:parameter", "script", "style"])
BLANK = " \t\n\r\f"


class Element(msgspec.Struct, gc=False, eq=False):
    """A tag with its children, or (`tag` is TEXT) a run of decoded characters.

    `start` and `end` are character offsets of the whole element, `attributes` is the source between the
    tag's name and its `>`.
    """

    tag: str
    start: int
    end: int
    attributes: str = ""
    text: str = ""
    children: Sequence[Element] = ()
    parsed: dict[str, str] | None = None

    @staticmethod
    def decode(text: str) -> str:
        """Return the value of an attribute with its references resolved."""
        return text

    def get(self, name: str, default: str = "") -> str:
        """Return the decoded value of the attribute; the first of equal names counts, as in HTML."""
        if not self.attributes:
            return default
        if self.parsed is None:
            self.parsed = self._parse()
        return self.parsed.get(name, default)

    def _parse(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, double, single, bare in _ATTRIBUTE.findall(self.attributes):
            found.setdefault(name.lower(), self.decode(double or single or bare))
        return found

    def find(self, *tags: str) -> Element | None:
        """Return the first child with one of these tags."""
        return next((child for child in self.children if child.tag in tags), None)

    def is_blank(self) -> bool:
        """Tell whether this is a run of white space."""
        return self.tag == TEXT and not self.text.strip(BLANK)


def content(element: Element) -> str:
    """Return all characters readers see inside the element; `br` counts as a newline."""
    if element.tag == TEXT:
        return element.text
    if element.tag == "br":
        return "\n"
    return "".join([content(child) for child in element.children if child.tag not in _UNSEEN])


def sole(children: Iterable[Element]) -> Element | None:
    """Return the one child that is not white space, None if there are none or several."""
    found: Element | None = None
    for child in children:
        if child.is_blank():
            continue
        if found is not None:
            return None
        found = child
    return found


def walk(element: Element) -> Iterable[Element]:
    """Yield every element below, in document order."""
    for child in element.children:
        yield child
        yield from walk(child)


def too_deep(raw: str, start: int) -> DocumentError:
    """Return the refusal of an element that stands deeper than MAX_DEPTH."""
    line = raw.count("\n", 0, start) + 1
    return DocumentError(
        f"line {line}: elements are nested more than {MAX_DEPTH} deep",
        hint="take some of the nesting away",
        line_number=line,
    )
