"""Collapsibles and rich tables: HTML tags on lines of their own with Markdown between them.

    <details>                         <table>
    <summary>Title</summary>          <tr>
                                      <td colspan="2">
    Body
                                      Body
    </details>
                                      </td>
                                      </tr>
                                      </table>

CommonMark reads each group of tags as one HTML block (4.6, condition 6) and what stands between as
Markdown. Here the groups are taken apart, matched, and folded into nodes. A group with a tag that has no
partner, or with text where none belongs, stays the HTML block it was.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from kbsync.document.blocks import (
    Block,
    Cell,
    Collapsible,
    Inline,
    OpaqueBlock,
    Paragraph,
    Row,
    SoftBreak,
    Span,
    Table,
    Text,
)

STARTS: Final = re.compile(r"[ ]{0,3}</?(?:details|table|thead|tbody|tr|th|td)\b", re.IGNORECASE)

_TAG: Final = re.compile(
    r"<(?P<close>/?)(?P<name>details|table|thead|tbody|tr|th|td)(?P<attrs>(?:\s+[\w-]+(?:=(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?)*)\s*>"
    r"(?:\s*<summary>(?P<summary>.*?)</summary>)?",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(r"([\w-]+)(?:=(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_PARENTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "thead": frozenset({"table"}),
        "tbody": frozenset({"table"}),
        "tr": frozenset({"table", "thead", "tbody"}),
        "th": frozenset({"tr"}),
        "td": frozenset({"tr"}),
    }
)
_HOLDS_BLOCKS: Final = frozenset({"details", "td", "th"})
_ROUNDS: Final = 8
_DEEPEST: Final = 40

Item: TypeAlias = "Block | Group"


@dataclass(slots=True)
class Tag:
    """One tag of a group: its name, its attributes, and a summary behind `<details>`."""

    name: str
    close: bool
    attrs: Mapping[str, str]
    summary: str | None
    start: int
    end: int


@dataclass(slots=True)
class Group:
    """One HTML block that consists of tags, and of text inside `<details>`."""

    raw: str
    source: Span
    parts: list[Tag | str]
    starts: Sequence[int] = ()

    def place(self, at: int) -> int | None:
        """Return where the character `at` of `raw` stands in the text, None when that is not known."""
        if not self.starts:
            return None
        line = self.raw.count("\n", 0, at) if len(self.starts) > 1 else 0
        return self.starts[line] + at - (self.raw.rfind("\n", 0, at) + 1 if line else 0)


@dataclass(slots=True)
class _Frame:
    tag: Tag
    begin: int | None
    items: list[Any] = field(default_factory=list)


def group(raw: str, source: Span, starts: Sequence[int]) -> Group | None:
    """Return an HTML block as a group of tags, or None when it is not made of such tags.

    `starts` is where each line of `raw` begins in the text; where all line ends are one character the
    first is enough, and where lines have a prefix there are none.
    """
    parts: list[Tag | str] = []
    at = 0
    for found in _TAG.finditer(raw):
        if not _between(raw[at : found.start()], parts):
            return None
        parts.append(_tag(found))
        at = found.end()
    if not parts or not _between(raw[at:], parts):
        return None
    return Group(raw, source, parts, starts)


def _between(text: str, parts: list[Tag | str]) -> bool:
    if text.strip():
        parts.append(text)
    return "<" not in text


def _tag(found: re.Match[str]) -> Tag:
    attrs = {
        name.lower(): html.unescape(double or single or bare)
        for name, double, single, bare in _ATTRIBUTE.findall(found["attrs"])
    }
    return Tag(
        found["name"].lower(), bool(found["close"]), attrs, found["summary"], found.start(), found.end()
    )


def fold(items: Sequence[Item], summary: Callable[[str], tuple[Inline, ...]]) -> tuple[Block, ...]:
    """Return the blocks with all groups folded; `summary` reads a summary's text."""
    sound = _sound(items)
    folder = _Folder(summary)
    for item in items:
        if not isinstance(item, Group):
            folder.add(item)
        elif id(item) in sound:
            folder.take(item)
        else:
            folder.add(OpaqueBlock("html", item.raw.rstrip("\n"), source=item.source))
    return tuple(folder.items)


def _sound(items: Sequence[Item]) -> set[int]:
    """Return the groups whose tags all have their partner, after taking out those that break others."""
    sound = {id(item) for item in items if isinstance(item, Group)}
    for _ in range(_ROUNDS):
        broken = _broken(items, sound)
        if not broken:
            return sound
        sound -= broken
    return set()


def _broken(items: Sequence[Item], sound: set[int]) -> set[int]:
    opened: list[tuple[str, int]] = []
    broken: set[int] = set()
    for item in items:
        if isinstance(item, Group) and id(item) in sound:
            for part in item.parts:
                if not _fits(part, opened, id(item), broken):
                    broken.add(id(item))
        elif opened and opened[-1][0] not in _HOLDS_BLOCKS:
            broken.add(opened[-1][1])
    return broken | {group for _, group in opened}


def _fits(part: Tag | str, opened: list[tuple[str, int]], group: int, broken: set[int]) -> bool:
    if isinstance(part, str):
        return bool(opened) and opened[-1][0] == "details"
    if not part.close:
        return _opens(part, opened, group)
    while opened and opened[-1][0] != part.name and any(name == part.name for name, _ in opened):
        broken.add(opened.pop()[1])
    if not opened or opened[-1][0] != part.name:
        return False
    opened.pop()
    return True


def _opens(tag: Tag, opened: list[tuple[str, int]], group: int) -> bool:
    parents = _PARENTS.get(tag.name)
    inside = opened[-1][0] if opened else ""
    if len(opened) >= _DEEPEST or (parents is not None and inside not in parents):
        return False
    if parents is None and inside and inside not in _HOLDS_BLOCKS:
        return False
    if tag.summary is not None and tag.name != "details":
        return False
    opened.append((tag.name, group))
    return True


class _Folder:
    __slots__ = ("frames", "items", "summary")

    def __init__(self, summary: Callable[[str], tuple[Inline, ...]]) -> None:
        self.summary = summary
        self.items: list[Any] = []
        self.frames: list[_Frame] = []

    def add(self, item: Any) -> None:
        (self.frames[-1].items if self.frames else self.items).append(item)

    def take(self, group: Group) -> None:
        for part in group.parts:
            if isinstance(part, str):
                self.add(Paragraph(_literal(part)))
            elif not part.close:
                self.frames.append(_Frame(part, group.place(part.start)))
            else:
                frame = self.frames.pop()
                end = group.place(part.end)
                span = Span(frame.begin, end) if frame.begin is not None and end is not None else Span(0, 0)
                made = _BUILD[frame.tag.name](frame, span, self.summary)
                (self.add if not isinstance(made, list) else self.extend)(made)

    def extend(self, items: list[Any]) -> None:
        for item in items:
            self.add(item)


def _literal(text: str) -> tuple[Inline, ...]:
    """Return text between tags as it shows: CommonMark takes it for HTML, not for Markdown."""
    out: list[Inline] = []
    for line in text.strip().split("\n"):
        out += [Text(html.unescape(line.strip())), SoftBreak()]
    return tuple(out[:-1])


def _details(frame: _Frame, span: Span, summary: Callable[[str], tuple[Inline, ...]]) -> Collapsible:
    return Collapsible(summary(frame.tag.summary or ""), tuple(frame.items), source=span)


def _table(frame: _Frame, span: Span, _summary: object) -> Table:
    return Table(tuple(frame.items), source=span)


def _rows(frame: _Frame, _span: Span, _summary: object) -> list[Any]:
    return frame.items


def _row(frame: _Frame, span: Span, _summary: object) -> Row:
    return Row(tuple(frame.items), source=span)


def _cell(frame: _Frame, span: Span, _summary: object) -> Cell:
    attrs = frame.tag.attrs
    align = attrs.get("align", "").lower()
    return Cell(
        tuple(frame.items),
        header=frame.tag.name == "th",
        align=align if align in {"left", "center", "right", "justify"} else None,  # type: ignore[arg-type]  # one of the four
        colspan=_count(attrs.get("colspan", "")),
        rowspan=_count(attrs.get("rowspan", "")),
        shade=attrs.get("bgcolor", ""),
        source=span,
    )


def _count(value: str) -> int:
    return max(1, int(value)) if value.isascii() and value.isdigit() and len(value) < 5 else 1  # noqa: PLR2004  # HTML caps spans at 1000 and 65534


_BUILD: Final[Mapping[str, Callable[[_Frame, Span, Callable[[str], tuple[Inline, ...]]], Any]]] = (
    MappingProxyType(
        {
            "details": _details,
            "table": _table,
            "thead": _rows,
            "tbody": _rows,
            "tr": _row,
            "td": _cell,
            "th": _cell,
        }
    )
)
