"""What Intercom does to a body on its way in.

The rules follow developers.intercom.com/docs/guides/help-center/supported-html where practice agrees with
it, and what people have seen come back where it does not (nested lists, callouts and third-level headings
are kept). Nothing here is shared with kbsync's own converters: this is what judges them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from kbsync.sandbox.intercom import markup
from kbsync.sandbox.intercom.markup import Node, element, opening
from kbsync.sandbox.intercom.problems import Refusal

SPACER = '<p class="no-margin"></p>'
DEEPEST_HEADING = 3
"""The editor has three heading levels."""

_SAFE_SCHEMES = frozenset({"", "http", "https", "mailto", "tel"})
_RENAMED = {"strong": "b", "em": "i", "b": "b", "i": "i", "code": "code"}
_VIDEO_HOSTS = (
    "youtube.com",
    "youtube-nocookie.com",
    "youtu.be",
    "wistia.com",
    "wistia.net",
    "vimeo.com",
    "loom.com",
    "vidyard.com",
    "streamio.com",
)


@dataclass(frozen=True, slots=True)
class Habits:
    """Where reports of the real service contradict each other: what this one does."""

    callouts: bool = True
    collapsibles: bool = True
    nested_lists: bool = True
    cell_styles: bool = True


@dataclass(slots=True)
class Mutator:
    """Rewrites one body. `images` maps posted addresses to re-hosted ones, `new_id` names a heading."""

    images: Mapping[str, str]
    new_id: Callable[[], str]
    habits: Habits = field(default_factory=Habits)
    shift: int = 0

    def rewrite(self, body: str) -> str:
        """Return what will be stored; raises Refusal for what fails the whole request."""
        root = markup.parse(body)
        self.shift = _shift(root)
        try:
            return "".join(self._blocks(root))
        except RecursionError as error:
            raise _bad("body is nested too deeply") from error

    def _blocks(self, parent: Node, *, spaced: bool = True, align: str = "") -> list[str]:
        """Return the blocks of a container: runs of text become paragraphs, space between tags empty ones."""
        out: list[str] = []
        run: list[str | Node] = []
        for child in markup.children(parent):
            if isinstance(child, str) or markup.is_inline(child):
                run.append(child)
                continue
            out += self._run(run, align, between=spaced and bool(out))
            run = []
            out += self._block(child, align)
        return out + self._run(run, align)

    def _run(self, run: list[str | Node], align: str, *, between: bool = False) -> list[str]:
        if all(isinstance(piece, str) and markup.is_blank(piece) for piece in run):
            return [SPACER] if run and between else []
        return [_paragraph(self._line(run).strip(" \t\r\n"), align)]

    def _block(self, node: Node, align: str) -> list[str]:
        return self._BLOCKS.get(markup.tag(node), Mutator._unknown)(self, node, align)

    def _line(self, pieces: list[str | Node]) -> str:
        """Return inline content: known marks kept, all others give way to their text."""
        return "".join(markup.text(p) if isinstance(p, str) else self._mark(p) for p in pieces)

    def _mark(self, node: Node) -> str:
        name, inner = markup.tag(node), self._line(list(markup.children(node)))
        if name == "br":
            return "<br>"
        if name in _RENAMED:
            return element(_RENAMED[name], inner)
        href = _href(node)
        if name == "a" and href:
            return element("a", inner, href=href, target="_blank", class_="intercom-content-link")
        return inner

    def _unknown(self, node: Node, align: str) -> list[str]:
        """Take the container away and keep what is in it."""
        return self._blocks(node, align=markup.alignment(node) or align)

    def _p(self, node: Node, align: str) -> list[str]:
        blocks = self._blocks(node, spaced=False, align=markup.alignment(node) or align)
        return blocks or [_paragraph("", markup.alignment(node))]

    def _heading(self, node: Node, align: str) -> list[str]:
        level = min(int(node.tag[1]) - self.shift, DEEPEST_HEADING)
        return self._heading_at(level, node, align)

    def _heading_at(self, level: int, node: Node, align: str = "") -> list[str]:
        line = [piece for piece in markup.children(node) if isinstance(piece, str) or markup.is_inline(piece)]
        others = list(node.iter("img"))
        content = self._line(line).strip()
        align = markup.alignment(node) or align
        out = [element(f"h{level}", content, class_=align, id=self.new_id())] if content else []
        return out + [self._container(image, "") for image in others]

    def _img(self, node: Node, align: str) -> list[str]:
        return [self._container(node, align)]

    def _a(self, node: Node, align: str) -> list[str]:
        """Place a button or a linked image in a container of its own."""
        href = _href(node)
        if markup.is_button(node) and href:
            label = self._line(list(markup.children(node)))
            button = element("a", label, class_="intercom-h2b-button", target="_blank", href=href)
            return [_contained(button, align)]
        images = list(node.iter("img"))
        if href and len(images) == 1 and markup.is_blank("".join(node.itertext())):
            linked = element("a", self._image(images[0]), target="_blank", href=href)
            return [_contained(linked, align)]
        return self._unknown(node, align)

    def _container(self, node: Node, align: str) -> str:
        return _contained(self._image(node), align)

    def _image(self, node: Node) -> str:
        width, height = (_number(node.get(side)) for side in ("width", "height"))
        return opening(
            "img",
            src=self.images[node.get("src") or ""],
            alt=node.get("alt"),
            width=width,
            height=height,
            style="height: auto;" if width else None,
        )

    def _div(self, node: Node, align: str) -> list[str]:
        names = markup.classes(node)
        if "intercom-interblocks-callout" in names and self.habits.callouts:
            style = markup.styles(node, "background-color", "border-color")
            content = "".join(self._blocks(node)) or SPACER
            return [element("div", content, class_="intercom-interblocks-callout", style=style)]
        return self._unknown(node, align)

    def _list(self, node: Node, align: str) -> list[str]:
        del align
        items = [self._item(item) for item in node if markup.tag(item) == "li"]
        if not any(items):
            raise _bad("A list must have at least one list item that is not empty")
        content = "".join(element("li", item or SPACER) for item in items)
        return [element(markup.tag(node), content)]

    def _item(self, node: Node) -> str:
        if node.find(".//table") is not None:
            raise _bad("A list item can't contain a table")
        nested = node.find(".//ul") is not None or node.find(".//ol") is not None
        if nested and not self.habits.nested_lists:
            raise _bad("Nested lists are not supported")
        return "".join(self._blocks(node, spaced=False))

    def _pre(self, node: Node, align: str) -> list[str]:
        del align
        return [element("pre", element("code", markup.text("".join(node.itertext()))))]

    def _hr(self, node: Node, align: str) -> list[str]:
        del node, align
        return ["<hr>"]

    def _table(self, node: Node, align: str) -> list[str]:
        del align
        if node.find(".//table") is not None:
            raise _bad("Tables can't be nested")
        rows = [self._cells(row) for row in node.iter("tr")]
        if not any(rows):
            raise _bad("A table must have at least one row with a cell")
        body = element("tbody", "".join(element("tr", row) for row in rows if row))
        table = element("table", body, role="presentation")
        return [element("div", table, class_="intercom-interblocks-table-container")]

    def _cells(self, row: Node) -> str:
        return "".join(self._cell(cell) for cell in row if markup.tag(cell) in {"td", "th"})

    def _cell(self, node: Node) -> str:
        kept = markup.styles(node, "background-color", "width") if self.habits.cell_styles else ""
        spans = {side: _number(node.get(side)) for side in ("colspan", "rowspan")}
        return element("td", "".join(self._blocks(node)) or SPACER, style=kept.rstrip(";"), **spans)

    def _iframe(self, node: Node, align: str) -> list[str]:
        del align
        src = _embed(node.get("src") or "")
        flags = ' frameborder="0" webkitallowfullscreen mozallowfullscreen allowfullscreen></iframe>'
        return [element("div", opening("iframe", src=src)[:-1] + flags, class_="intercom-h2b-video")]

    def _details(self, node: Node, align: str) -> list[str]:
        if not self.habits.collapsibles:
            return self._unknown(node, align)
        summary = node.find("summary")
        title = "" if summary is None else "".join(self._summary(summary))
        if summary is not None:
            node.remove(summary)
        content = "".join(self._blocks(node)) or SPACER
        section = element("div", content, class_="collapsible-section-content")
        return [element("details", element("summary", title) + section)]

    def _summary(self, node: Node) -> list[str]:
        """The title of a collapsible section is a heading of the second level, whatever was sent."""
        inner = next((child for child in node if markup.tag(child) in markup.HEADINGS), node)
        return self._heading_at(2, inner)

    def _dl(self, node: Node, align: str) -> list[str]:
        del node, align
        raise _bad("Description lists are not supported")

    _BLOCKS: ClassVar[Mapping[str, Callable[[Mutator, Node, str], list[str]]]] = {
        **dict.fromkeys(markup.HEADINGS, _heading),
        "p": _p,
        "img": _img,
        "a": _a,
        "div": _div,
        "ul": _list,
        "ol": _list,
        "pre": _pre,
        "hr": _hr,
        "table": _table,
        "iframe": _iframe,
        "details": _details,
        "dl": _dl,
    }


def image_sources(body: str) -> list[str]:
    """Return the address of every image in a posted body, each once."""
    return list(dict.fromkeys(node.get("src") or "" for node in markup.parse(body).iter("img")))


def _shift(root: Node) -> int:
    """Return by how many levels all headings move up, so that the highest is of the first level.

    Titles of collapsible sections take no part.
    """
    headings = [node for node in root.iter(*markup.HEADINGS) if not _in_summary(node)]
    return min((int(node.tag[1]) for node in headings), default=1) - 1


def _in_summary(node: Node) -> bool:
    return any(markup.tag(parent) == "summary" for parent in node.iterancestors())


def _bad(message: str) -> Refusal:
    return Refusal(400, "parameter_invalid", message, "body")


def _paragraph(content: str, align: str) -> str:
    return element("p", content, class_=f"{align} no-margin".strip())


def _contained(content: str, align: str) -> str:
    return element("div", content, class_=f"intercom-container {align}".strip())


def _href(node: Node) -> str:
    """Return a link's address, "" where following it could run a script."""
    href = (node.get("href") or "").strip()
    try:
        return href if urlsplit(href).scheme.lower() in _SAFE_SCHEMES else ""
    except ValueError:
        return ""


def _number(value: str | None) -> str | None:
    digits = (value or "").removesuffix("px")
    return digits if digits.isascii() and digits.isdigit() else None


def _embed(address: str) -> str:
    """Return the player's address of a video; raises Refusal for any other frame."""
    try:
        parts = urlsplit(f"https:{address}" if address.startswith("//") else address)
        host = (parts.hostname or "").lower()
    except ValueError as error:
        raise _bad(f"iframe source is not supported: {address}") from error
    known = any(f".{host}".endswith(f".{name}") for name in _VIDEO_HOSTS)
    if not known or parts.scheme not in {"http", "https"}:
        raise _bad(f"iframe source is not supported: {address}")
    if "youtu" in host and not parts.path.startswith("/embed/"):
        video = parts.path.strip("/") if host == "youtu.be" else parse_qs(parts.query).get("v", [""])[0]
        return f"https://www.youtube.com/embed/{video}?rel=0"
    return address.replace("loom.com/share/", "loom.com/embed/")
