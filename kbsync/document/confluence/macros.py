"""Storage format macros to blocks: one row per macro name; a macro without a row stays opaque."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kbsync.document.blocks import (
    Block,
    Callout,
    CalloutKind,
    CodeBlock,
    Collapsible,
    Embed,
    Inline,
    MathBlock,
    Text,
)
from kbsync.document.markup.elements import Element, content
from kbsync.document.markup.reading import BlockRow, InlineRow, Reader, collapse, span
from kbsync.document.video import share_url

IMPORTANT_COLOUR: Final = "#EAE6FF"
"""The purple of Confluence Cloud's note panel, which storage format has no macro for."""

CALLOUT_MACROS: Final = MappingProxyType[str, CalloutKind](
    {"info": "note", "tip": "tip", "panel": "important", "note": "warning", "warning": "caution"}
)
"""Macro by what it looks like: info is blue, tip green, note yellow, warning red; a purple panel is important."""

MATH_TITLE: Final = "Formula"
"""A code macro in LaTeX with this title holds a formula."""

_BODY = ("ac:rich-text-body",)


def parameters(macro: Element) -> dict[str, str]:
    """Return a macro's plain parameters by name, in order; elements inside give their `ri:value`."""
    found: dict[str, str] = {}
    for child in macro.children:
        if child.tag == "ac:parameter":
            url = child.find("ri:url")
            value = content(child) if url is None else url.get("ri:value")
            found.setdefault(child.get("ac:name"), value)
    return found


def _is_plain(macro: Element) -> bool:
    return all(
        not child.children or all(each.tag == "#text" for each in child.children)
        for child in macro.children
        if child.tag == "ac:parameter"
    )


def _code(reader: Reader, macro: Element) -> Block:
    body = macro.find("ac:plain-text-body")
    if not _is_plain(macro):
        return reader.opaque(macro)
    options = parameters(macro)
    language = options.pop("language", "")
    text = content(body).rstrip("\n") if body else ""
    if language == "latex" and options == {"title": MATH_TITLE}:
        return MathBlock(text, span(macro))
    return CodeBlock(text, language, tuple(options.items()), span(macro))


def _noformat(reader: Reader, macro: Element) -> Block:
    body = macro.find("ac:plain-text-body")
    if not _is_plain(macro) or parameters(macro):
        return reader.opaque(macro)
    text = content(body).rstrip("\n") if body else ""
    return CodeBlock(text, options=(("macro", "noformat"),), source=span(macro))


def _callout(reader: Reader, macro: Element) -> Block:
    body = macro.find(*_BODY)
    named = parameters(macro)
    kind = CALLOUT_MACROS[macro.tag.removeprefix("macro:")]
    if kind == "important" and named.get("bgColor", "").upper() != IMPORTANT_COLOUR:
        kind = "note"  # another panel: the lens keeps its colours
    blocks = reader.inside(body.children) if body else ()
    return Callout(kind, blocks, collapse(named.get("title", "")).strip(" "), span(macro))


def _expand(reader: Reader, macro: Element) -> Block:
    body = macro.find(*_BODY)
    title = collapse(parameters(macro).get("title", "")).strip(" ")
    blocks = reader.inside(body.children) if body else ()
    return Collapsible((Text(title),) if title else (), blocks, span(macro))


def _section(reader: Reader, macro: Element) -> Block | tuple[Block, ...]:
    """Return the blocks in a macro that only says where they stand; the lens keeps the macro around them."""
    body = macro.find(*_BODY)
    if body is None or parameters(macro).get("hidden") == "true":
        return reader.opaque(macro)
    return reader.document(body.children)


def _widget(reader: Reader, macro: Element) -> Block:
    named = parameters(macro)
    href = share_url((named.get("url") or named.get("src") or "").strip())
    return Embed(href, span(macro)) if href else reader.opaque(macro)


def _shows(*names: str) -> InlineRow:
    """Return the row of a macro in running text of which readers see one parameter."""

    def row(reader: Reader, macro: Element) -> Inline:
        named = parameters(macro)
        seen = next((named[name] for name in names if named.get(name)), "")
        return reader.opaque_inline(macro, collapse(seen))

    return row


_BLOCK_ROWS: Mapping[str, BlockRow] = {
    "macro:code": _code,
    "macro:noformat": _noformat,
    **{f"macro:{name}": _callout for name in CALLOUT_MACROS},
    "macro:expand": _expand,
    **dict.fromkeys(("macro:section", "macro:column", "macro:excerpt"), _section),
    "macro:widget": _widget,
    "macro:iframe": _widget,
}
BLOCKS: Final = MappingProxyType(_BLOCK_ROWS)
"""What a macro is among blocks."""

_INLINE_ROWS: Mapping[str, InlineRow] = {
    "macro:status": _shows("title", "colour"),
    "macro:anchor": _shows(),
    "macro:jira": _shows("key"),
}
INLINES: Final = MappingProxyType(_INLINE_ROWS)
"""What a macro is in running text; these never stand as blocks."""
