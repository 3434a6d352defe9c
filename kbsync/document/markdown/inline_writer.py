"""Running text to Markdown: one small function per node."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec
from markdown_it.common.html_re import HTML_TAG_RE

from kbsync.document.blocks import (
    Code,
    Emphasis,
    FootnoteRef,
    Image,
    Inline,
    LineBreak,
    Link,
    Math,
    OpaqueInline,
    SoftBreak,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Target,
    Text,
    Underline,
)
from kbsync.document.formats import Links, Loss
from kbsync.document.markdown import escape
from kbsync.document.markdown.inline_reader import is_bare
from kbsync.document.markdown.rules import MATH, bare_end
from kbsync.document.video import is_video

MARKERS: Final[Mapping[type, tuple[str, ...]]] = MappingProxyType(
    {Strong: ("**", "__"), Emphasis: ("*", "_"), Strike: ("~~",)}
)
TAGS: Final[Mapping[type, str]] = MappingProxyType(
    {Strong: "strong", Emphasis: "em", Strike: "s", Underline: "u", Superscript: "sup", Subscript: "sub"}
)

SEPARATOR: Final = "<!-- -->"
"""Parts what would run into one; the reader passes over it."""

_HEADS: Final[Mapping[type, str]] = MappingProxyType({Link: "[", Math: "$", OpaqueInline: "`"})
_TAKE_ATTRIBUTES: Final = frozenset({Code, Image, Link, OpaqueInline, Math})

_AUTOLINK: Final = re.compile(
    r"(?!javascript:|vbscript:|file:|data:)[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^<>\x00-\x20\x7f]*", re.IGNORECASE
)
_MAIL: Final = re.compile(r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+")
_KNOWN_TAG: Final = re.compile(r"<(/?)(strong|b|em|i|s|u|sup|sub)>|<br ?/?>")
_WORD_END: Final = re.compile(r"[\s<]")
_LABEL: Final = re.compile(r"[\s\]\[^]+")


class _Piece(msgspec.Struct, gc=False):
    """A rendered inline; for a wrapper `text` is what stands inside."""

    node: Inline
    text: str

    def head(self) -> str:
        """Return the character that will stand first, or one like it."""
        if not self.text:
            return _HEADS.get(type(self.node), "")
        if type(self.node) in MARKERS and not self.text[0].isspace():
            return MARKERS[type(self.node)][0][0]
        return "<" if type(self.node) in TAGS else self.text[0]


class InlineWriter:
    """Writes running text; `one_line` for cells and summaries, where a line end would end them."""

    __slots__ = ("deepest", "depth", "in_link", "links", "losses", "math", "one_line", "tags")

    def __init__(self, links: Links, losses: dict[Loss, None]) -> None:
        self.links = links
        self.losses = losses
        self.one_line = False
        self.in_link = False
        self.depth = self.deepest = 0
        self.math = False
        self.tags: set[str] = set()

    def write(self, inlines: Sequence[Inline], *, one_line: bool = False, in_link: bool = False) -> str:
        """Return running text, not yet safe at its line starts."""
        if len(inlines) == 1 and type(inlines[0]) is Text:
            return escape.settle(escape.escape(inlines[0].text, in_link=in_link), has_math=False)
        self.one_line, self.in_link, self.math = one_line, in_link, False
        self.tags = {each.raw for each in inlines if type(each) is OpaqueInline}
        text = self.join(inlines, "", "")
        return escape.settle(text, has_math=self.math)

    def join(self, inlines: Sequence[Inline], before: str, after: str) -> str:
        """Return the inlines one behind the other, each written for its neighbours."""
        pieces = [
            _Piece(node, text)
            for node in _merged(inlines)
            if (text := _RENDER[type(node)](self, node)) or type(node) in _HEADS
        ]
        out = before
        for at, piece in enumerate(pieces):
            kind, text = type(piece.node), piece.text
            if kind is Text:
                text = _behind(pieces[at - 1].node, text) if at else text
            elif kind in _PLACED:
                text = _PLACED[kind](self, piece, out, pieces[at + 1 : at + 2], after)
            elif text[0] == "`":
                text = _parted(out, text)
            if out[-1:] == "!" and text[:1] == "[":
                out = f"{out[:-1]}\\!"
            out += text
        return out[len(before) :]

    def lose(self, code: str, message: str) -> None:
        """Note that something could not be held."""
        self.losses[Loss(code, message)] = None

    def target(self, target: Target, what: str) -> str | None:
        """Return a target's address, and note when it has none."""
        address = self.links.write(target)
        if address is None:
            self.lose(f"{what}-target", f"a {what} has no address here yet")
        return address


def _behind(node: Inline, text: str) -> str:
    """Return text that stands behind another inline: no attributes of it, and no footnote's definition."""
    if (text[0] == "{" and type(node) in _TAKE_ATTRIBUTES) or (text[0] == ":" and type(node) is FootnoteRef):
        return f"\\{text}"
    return text


def _parted(out: str, text: str) -> str:
    """Return code that does not run into the code before it."""
    if text.startswith("`") and out.endswith("`") and not out.endswith("\\`"):
        return f"{SEPARATOR}{text}"
    return text


def _merged(inlines: Sequence[Inline]) -> list[Inline]:
    out: list[Inline] = []
    for inline in inlines:
        last = out[-1] if out else None
        kind = type(inline)
        if (kind is Text or kind is Code) and type(last) is kind:
            out[-1] = kind(last.text + inline.text)  # type: ignore[union-attr]  # both have text
        else:
            out.append(inline)
    return out


# --- nodes that do not look at their neighbours ---------------------------------------------------


def _text(writer: InlineWriter, node: Text) -> str:
    return escape.escape(node.text, in_link=writer.in_link)


def _code(_writer: InlineWriter, node: Code) -> str:
    return escape.code_span(node.text)


def _line_break(writer: InlineWriter, _node: LineBreak) -> str:
    return "<br>" if writer.one_line else "\\\n"


def _soft_break(writer: InlineWriter, _node: SoftBreak) -> str:
    return " " if writer.one_line else "\n"


def _footnote(_writer: InlineWriter, node: FootnoteRef) -> str:
    return f"[^{footnote_label(node.label)}]"


def footnote_label(label: str) -> str:
    """Return a label as footnotes can have it: without white space and brackets."""
    return _LABEL.sub("-", label) or "-"


def _inside(writer: InlineWriter, node: Any) -> str:
    writer.depth += 1
    writer.deepest = max(writer.deepest, writer.depth)
    inner = writer.join(node.children, "*", "*")
    writer.depth -= 1
    return inner


def _nothing(_writer: InlineWriter, _node: Inline) -> str:
    return ""


def _image(writer: InlineWriter, node: Image) -> str:
    return image(writer, node, "")


def image(writer: InlineWriter, node: Image, align: str) -> str:
    """Return an image with its size, and its alignment where it is a block of its own."""
    address = writer.target(node.target, "image")
    alt = escape.escape(node.alt.replace("\n", " "), in_link=True)
    if address is None:
        return alt
    sizes = [f"{name}={value}" for name, value in (("width", node.width), ("height", node.height)) if value]
    if align:
        sizes.append(f"align={align}")
    behind = f"{{{' '.join(sizes)}}}" if sizes else ""
    return f"![{alt}]({escape.address(address)}{escape.title(node.title)}){behind}"


# --- nodes that do --------------------------------------------------------------------------------


def _wrapped(writer: InlineWriter, piece: _Piece, out: str, following: Sequence[_Piece], after: str) -> str:
    lead, core, trail = _trimmed(piece.text)
    if not core:
        return piece.text
    before = lead[-1:] or out[-1:]
    behind = trail[:1] or (following[0].head() if following else after)
    kind = type(piece.node)
    for marker in MARKERS.get(kind, ()):
        if _fits(marker, core, before, behind, nested=writer.depth > 0):
            return f"{lead}{marker}{core}{marker}{trail}"
    tag = TAGS[kind]
    return f"{lead}<{tag}>{core}</{tag}>{trail}"


def _trimmed(text: str) -> tuple[str, str, str]:
    """Return what a wrapper holds, with the blanks and breaks at its ends, which stand better outside."""
    core = text.lstrip(" \n")
    lead, trail = text[: len(text) - len(core)], ""
    while True:
        bare = core.rstrip(" \n")
        trail = core[len(bare) :] + trail
        if not trail.startswith("\n") or not escape.ends_in_break(bare):
            return lead, bare, trail
        core, trail = bare[:-1], f"\\{trail}"


def _fits(marker: str, core: str, before: str, behind: str, *, nested: bool) -> bool:
    """Return whether the marker opens before `core` and closes behind it (CommonMark 6.2)."""
    char = marker[0]
    if char in {before, behind, core[0], core[-1]} or core[0].isspace() or core[-1].isspace():
        return False
    if char == "_" and (before == "$" or not (_soft(before) and _soft(behind))):
        return False  # a formula that one touches is none
    if not nested:
        return (core[0].isalnum() or _soft(before)) and (core[-1].isalnum() or _soft(behind))
    return _opens_only(before, core[0]) and _opens_only(behind, core[-1])


def _soft(char: str) -> bool:
    return not char or char.isspace() or char in escape.PUNCTUATION


def _opens_only(outer: str, inner: str) -> bool:
    if not outer or outer.isspace():
        return True
    return outer in escape.PUNCTUATION and inner.isalnum()


def _math(writer: InlineWriter, piece: _Piece, out: str, following: Sequence[_Piece], after: str) -> str:
    tex = piece.node.tex  # type: ignore[union-attr]  # rows are typed by their key
    writer.math = True
    before, behind = out[-1:], following[0].head() if following else after
    for spelled, clear in ((f"${tex}$", _clear(before) and _clear(behind)), (f"$`{tex}`$", True)):
        found = MATH.fullmatch(spelled)
        if clear and found and tex in {found["plain"], found["ticked"]} and "\n" not in tex:
            return spelled
    writer.lose("math", "a formula is written as code, because it holds characters that end a formula")
    return escape.code_span(tex)


def _clear(char: str) -> bool:
    return not char or not (char.isalnum() or char in "_$" or char == escape.DOLLAR)


def _opaque(writer: InlineWriter, piece: _Piece, out: str, following: Sequence[_Piece], _after: str) -> str:
    node: OpaqueInline = piece.node  # type: ignore[assignment]  # rows are typed by their key
    if node.origin == "html" and not node.text and _stays_inline(writer, node.raw, out, following):
        return node.raw.replace("\n", escape.RAW_LINE_END)
    return _parted(out, raw_span(node))


def _stays_inline(writer: InlineWriter, raw: str, out: str, following: Sequence[_Piece]) -> bool:
    """Return whether Markdown takes the text for one inline tag that is no node of its own."""
    found = HTML_TAG_RE.match(raw)
    if found is None or found.end() != len(raw) or raw == SEPARATOR or (writer.one_line and "\n" in raw):
        return False
    if known := _KNOWN_TAG.fullmatch(raw):
        partner = f"<{'' if known[1] else '/'}{known[2]}>"
        if known[2] is None or writer.depth or writer.in_link or partner in writer.tags:
            return False
    before = out.rstrip(" \t")
    if before and before[-1] != "\n":
        return True
    alone = "\n" not in raw and (not following or isinstance(following[0].node, SoftBreak | LineBreak))
    return not escape.begins_block(raw) and (bool(before) or not alone)


def raw_span(node: OpaqueInline) -> str:
    """Return something only one system understands as code with Pandoc's raw attribute."""
    raw, escaped = node.raw, ""
    if not raw or raw != raw.strip(" ") or _UNSPANNABLE.search(raw):
        raw, escaped = escape_raw(raw), " .escaped"
    text = _QUOTED.sub(lambda found: f"&#{ord(found[0])};", node.text)
    shown = f' text="{text}"' if text else ""
    return f"{escape.code_span(raw)}{{={node.origin}{escaped}{shown}}}"


def escape_raw(raw: str) -> str:
    """Return raw text in the spelling that `escaped` marks; the reader's `unescaped` undoes it."""
    plain = raw.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\0")
    if plain.startswith(" "):
        plain = f"\\s{plain[1:]}"
    if plain.endswith(" "):
        plain = f"{plain[:-1]}\\s"
    return plain or "\\."


_UNSPANNABLE: Final = re.compile(r"[\n\r\0]")
_QUOTED: Final = re.compile(r"[\"&\[\]\n\r|`\0]")


def _link(writer: InlineWriter, piece: _Piece, out: str, following: Sequence[_Piece], after: str) -> str:
    node: Link = piece.node  # type: ignore[assignment]  # rows are typed by their key
    if writer.in_link:
        writer.lose("nested-link", "a link inside a link is only text")
        return writer.join(node.children, out[-1:], after)
    address = writer.target(node.target, "link")
    if address is None:
        return writer.join(node.children, out[-1:], after)
    shown = _shown(node)
    if shown is not None and not node.title:
        short = _short(address, shown, is_bare(node), out, following, after)
        if short:
            return short
    return labelled(writer, node.children, address, node.title)


def labelled(writer: InlineWriter, children: Sequence[Inline], address: str, title: str = "") -> str:
    """Return `[text](address "title")`."""
    depth, writer.in_link, writer.depth = writer.depth, True, 0
    text = writer.join(children, "[", "]")
    writer.in_link, writer.depth = False, depth
    return f"[{text}]({escape.address(address)}{escape.title(title)})"


def _shown(node: Link) -> str | None:
    if any(type(child) is not Text for child in node.children):
        return None
    return "".join(child.text for child in node.children)  # type: ignore[union-attr]  # all are text


def _short(address: str, shown: str, bare: bool, out: str, following: Sequence[_Piece], after: str) -> str:
    """Return an address that shows itself: bare, or in `<>`."""
    if bare and address in {shown, f"http://{shown}"} and _stays_bare(shown, out, following, after):
        return shown
    if address == shown and _AUTOLINK.fullmatch(shown):
        return f"<{shown}>"
    if address == f"mailto:{shown}" and _MAIL.fullmatch(shown):
        return f"<{shown}>"
    return ""


def _stays_bare(shown: str, out: str, following: Sequence[_Piece], after: str) -> bool:
    if (out and out[-1] not in " \n(") or (is_video(shown) and not out and not following):
        return False
    if any(char in "*_~`[]\\&{}$|" for char in shown) and not _QUIET.fullmatch(shown):
        return False
    rest = following[0].text if following and type(following[0].node) is Text else ""
    if (
        not rest
        and (following or after)
        and not (following and isinstance(following[0].node, SoftBreak | LineBreak))
    ):
        return False
    return bare_end(shown + _WORD_END.split(rest, maxsplit=1)[0]) == len(shown)


_QUIET: Final = re.compile(r"(?:[^*_~`\[\]\\&{}$|]|(?<=[^\W_])_(?=[^\W_])|&(?!#?\w+;))+")

_RENDER: Final[Mapping[type, Callable[[InlineWriter, Any], str]]] = MappingProxyType(
    {
        Text: _text,
        Code: _code,
        LineBreak: _line_break,
        SoftBreak: _soft_break,
        FootnoteRef: _footnote,
        Image: _image,
        Strong: _inside,
        Emphasis: _inside,
        Strike: _inside,
        Underline: _inside,
        Superscript: _inside,
        Subscript: _inside,
        Math: _nothing,
        OpaqueInline: _nothing,
        Link: _nothing,
    }
)

_PLACED: Final[Mapping[type, Callable[[InlineWriter, _Piece, str, Sequence[_Piece], str], str]]] = (
    MappingProxyType(
        {
            Strong: _wrapped,
            Emphasis: _wrapped,
            Strike: _wrapped,
            Underline: _wrapped,
            Superscript: _wrapped,
            Subscript: _wrapped,
            Math: _math,
            OpaqueInline: _opaque,
            Link: _link,
        }
    )
)
