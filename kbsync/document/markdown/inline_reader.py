"""Inline tokens to running text: one small function per token."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from markdown_it.token import Token

from kbsync.document.blocks import (
    Align,
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
    Text,
    Underline,
)
from kbsync.document.formats import Links
from kbsync.document.markdown.parser import MAX_DEPTH
from kbsync.errors import DocumentError

Wrapper: TypeAlias = type[Strong | Emphasis | Strike | Underline | Superscript | Subscript]

TAGS: Final[Mapping[str, Wrapper]] = MappingProxyType(
    {
        "strong": Strong,
        "b": Strong,
        "em": Emphasis,
        "i": Emphasis,
        "s": Strike,
        "u": Underline,
        "sup": Superscript,
        "sub": Subscript,
    }
)
"""Inline HTML that has a node of its own; everything else stays as it is written."""

_TAG: Final = re.compile(r"<(/?)(strong|b|em|i|s|u|sup|sub)>|<br ?/?>")
_ESCAPED: Final = re.compile(r"\\(.)")
_ESCAPES: Final = MappingProxyType({"n": "\n", "r": "\r", "s": " ", "0": "\0", ".": ""})

MAX_TAGS: Final = 50
"""A tag nested deeper than this stays raw HTML."""

SOFT: Final = SoftBreak()
HARD: Final = LineBreak()


class Open:
    """A wrapper whose end is not read yet: what it will become, and what stood before it."""

    __slots__ = ("before", "raw", "token", "wrap")

    def __init__(self, token: Token, wrap: Any, raw: str, before: list[Inline]) -> None:
        self.token = token
        self.wrap = wrap
        self.raw = raw
        self.before = before


class InlineReader:
    """Reads the children of one inline token."""

    __slots__ = ("links", "opened", "out")

    def __init__(self, links: Links) -> None:
        self.links = links
        self.out: list[Inline] = []
        self.opened: list[Open] = []

    def read(self, tokens: Sequence[Token]) -> tuple[Inline, ...]:
        """Return the tokens as running text."""
        for token in tokens:
            _TOKENS[token.type](self, token)
        while self.opened:
            self.reopen()
        return tuple(self.out)

    def open(self, token: Token, wrap: Any, raw: str = "") -> None:
        """Begin a wrapper."""
        if len(self.opened) >= MAX_DEPTH:
            raise DocumentError("emphasis, links or tags are nested too deep", hint="nest them less")
        self.opened.append(Open(token, wrap, raw, self.out))
        self.out = []

    def close(self) -> tuple[Open, tuple[Inline, ...]]:
        """End the innermost wrapper that Markdown opened; tags left open inside are none."""
        while self.opened[-1].raw:
            self.reopen()
        opened = self.opened.pop()
        children, self.out = tuple(self.out), opened.before
        return opened, children

    def reopen(self) -> None:
        """Take the innermost tag for what it is: raw HTML without an end."""
        opened = self.opened.pop()
        opened.before.append(OpaqueInline("html", opened.raw))
        opened.before.extend(self.out)
        self.out = opened.before


def _text(reader: InlineReader, token: Token) -> None:
    if token.content:
        reader.out.append(Text(token.content))


def _soft_break(reader: InlineReader, _token: Token) -> None:
    reader.out.append(SOFT)


def _line_break(reader: InlineReader, _token: Token) -> None:
    reader.out.append(HARD)


def _code(reader: InlineReader, token: Token) -> None:
    raw = token.meta.get("attributes") if token.meta else None
    reader.out.append(_opaque(token.content, raw) if raw else Code(token.content))


def _opaque(content: str, attributes: re.Match[str]) -> OpaqueInline:
    raw = unescaped(content) if attributes["escaped"] else content
    return OpaqueInline(attributes[1], raw, html.unescape(attributes["text"] or ""))  # type: ignore[arg-type]  # the pattern lists the origins


def unescaped(text: str) -> str:
    """Undo `escaped`: the spelling of raw text that a code span cannot hold."""
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), text)


def _math(reader: InlineReader, token: Token) -> None:
    reader.out.append(Math(token.content))


def _footnote(reader: InlineReader, token: Token) -> None:
    reader.out.append(FootnoteRef(token.meta["label"]))


def _strong(reader: InlineReader, token: Token) -> None:
    reader.open(token, Strong)


def _emphasis(reader: InlineReader, token: Token) -> None:
    reader.open(token, Emphasis)


def _strike(reader: InlineReader, token: Token) -> None:
    reader.open(token, Strike)


def _close(reader: InlineReader, _token: Token) -> None:
    opened, children = reader.close()
    reader.out.append(opened.wrap(children))


def _link(reader: InlineReader, token: Token) -> None:
    reader.open(token, Link)


def _link_end(reader: InlineReader, token: Token) -> None:
    opened, children = reader.close()
    attrs = opened.token.attrs
    if opened.token.markup == "linkify":
        children = _as_bare(children)
    reader.out.append(Link(reader.links.read(str(attrs["href"])), children, str(attrs.get("title", ""))))
    attributes = token.meta.get("attributes") if token.meta else None
    if attributes:
        reader.out.append(Text(attributes[0]))


def _as_bare(children: tuple[Inline, ...]) -> tuple[Inline, ...]:
    """Return an address's text as two nodes, which is how a bare address is told from one in `<>`.

    Canon joins neighbouring text, so this is no difference between documents; it lets the writer
    leave a bare address bare.
    """
    address = children[0].text  # type: ignore[union-attr]  # the rule made one text
    return (Text(address[:4]), Text(address[4:]))


def is_bare(link: Link) -> bool:
    """Return whether a link was read from a bare address."""
    match link.children:
        case (Text("http" | "www."), Text(_)) if not link.title:
            return True
    return False


def _image(reader: InlineReader, token: Token) -> None:
    attrs = token.attrs
    sizes = image_attributes(token)
    image = Image(
        reader.links.read(str(attrs["src"])),
        _alt(token.children or ()),
        str(attrs.get("title", "")),
        _number(sizes.get("width")),
        _number(sizes.get("height")),
    )
    reader.out.append(image)


def image_attributes(token: Token) -> dict[str, str]:
    """Return what stands in braces behind an image."""
    found = token.meta.get("attributes") if token.meta else None
    return dict(pair.split("=") for pair in found[1].split(" ")) if found else {}


def figure_align(token: Token) -> Align | None:
    """Return the alignment behind an image that is a block of its own."""
    return image_attributes(token).get("align")  # type: ignore[return-value]  # the pattern lists the values


def _number(value: str | None) -> int | None:
    return int(value) if value else None


def _alt(tokens: Sequence[Token]) -> str:
    return "".join(_ALT[token.type](token) for token in tokens if token.type in _ALT)


_ALT: Final[Mapping[str, Callable[[Token], str]]] = MappingProxyType(
    {
        "text": lambda token: token.content,
        "text_special": lambda token: token.content,
        "code_inline": lambda token: token.content,
        "html_inline": lambda token: token.content,
        "math_inline": lambda token: f"${token.content}$",
        "softbreak": lambda _: "\n",
        "hardbreak": lambda _: "\n",
        "image": lambda token: _alt(token.children or ()),
    }
)


def _html(reader: InlineReader, token: Token) -> None:
    found = _TAG.fullmatch(token.content)
    if token.content == "<!-- -->":
        return
    if found is None:
        reader.out.append(OpaqueInline("html", token.content))
    elif found[2] is None:
        reader.out.append(HARD)
    elif not found[1] and len(reader.opened) < MAX_TAGS:
        reader.open(token, TAGS[found[2]], token.content)
    elif reader.opened and reader.opened[-1].raw == f"<{found[2]}>":
        opened = reader.opened.pop()
        children, reader.out = tuple(reader.out), opened.before
        reader.out.append(opened.wrap(children))
    else:
        reader.out.append(OpaqueInline("html", token.content))


_TOKENS: Final[Mapping[str, Callable[[InlineReader, Token], None]]] = MappingProxyType(
    {
        "text": _text,
        "text_special": _text,
        "softbreak": _soft_break,
        "hardbreak": _line_break,
        "code_inline": _code,
        "math_inline": _math,
        "footnote_ref": _footnote,
        "strong_open": _strong,
        "strong_close": _close,
        "em_open": _emphasis,
        "em_close": _close,
        "s_open": _strike,
        "s_close": _close,
        "link_open": _link,
        "link_close": _link_end,
        "image": _image,
        "html_inline": _html,
    }
)


def read_inlines(tokens: Sequence[Token], links: Links) -> tuple[Inline, ...]:
    """Return inline tokens as running text."""
    if len(tokens) == 1 and tokens[0].type == "text":
        return (Text(tokens[0].content),) if tokens[0].content else ()
    return InlineReader(links).read(tokens)
