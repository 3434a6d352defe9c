"""The one markdown-it instance, set up for help articles.

CommonMark with GFM tables, strikethrough and bare addresses, footnotes where they stand, formulas and
attributes. Addresses stay as they are written: what they name is for `Links` to say.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from kbsync.document.markdown import rules

MAX_DEPTH: Final = 64
"""Block tokens may nest this deep: 64 quotes, or 32 lists."""


def _as_written(address: str) -> str:
    return address


def _build() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_DEPTH, "inline_definitions": True})
    parser.enable(["table", "strikethrough"])
    parser.use(partial(footnote_plugin, inline=False, move_to_end=False))
    parser.block.ruler.before("fence", "math_block", rules.math_block)
    parser.inline.ruler.before("escape", "math_inline", rules.math_inline)
    parser.inline.ruler.after("html_inline", "attributes", rules.attributes)
    parser.core.ruler.after("inline", "bare_addresses", rules.bare_addresses)
    parser.normalizeLink = _as_written  # type: ignore[method-assign]  # the documented way to change it
    parser.normalizeLinkText = _as_written  # type: ignore[method-assign]  # likewise
    return parser


PARSER: Final = _build()


def parse(text: str) -> list[Token]:
    """Return the block tokens of a body."""
    return PARSER.parse(text, {})


def parse_inline(text: str) -> list[Token]:
    """Return the inline tokens of one line of text."""
    env: dict[str, Any] = {}
    return PARSER.parseInline(text, env)[0].children or []
