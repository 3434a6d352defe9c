"""The one markdown-it instance, set up for help articles.

CommonMark with GFM tables, strikethrough and bare addresses, footnotes where they stand, formulas and
attributes. Addresses stay as they are written: what they name is for `Links` to say.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.rules_inline import image, link
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from kbsync.document.markdown import rules
from kbsync.errors import DocumentError

MAX_DEPTH: Final = 64
"""Block tokens may nest this deep: 64 quotes, or 32 lists."""

MAX_LENGTH: Final = 5_000_000
"""Characters of a body; Confluence takes no more than 5 MB."""

MAX_BRACKETS: Final = 100_000
"""Square brackets of a body; each may be a link, and reading hostile ones takes long."""


def _as_written(address: str) -> str:
    return address


def _build() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_DEPTH, "inline_definitions": True})
    parser.enable(["table", "strikethrough"])
    parser.use(partial(footnote_plugin, inline=False, move_to_end=False))
    parser.block.ruler.before("fence", "math_block", rules.math_block)
    parser.inline.ruler.before("escape", "math_inline", rules.math_inline)
    parser.inline.ruler.after("html_inline", "attributes", rules.attributes)
    parser.inline.ruler.at("link", rules.closable(link))
    parser.inline.ruler.at("image", rules.closable(image))
    parser.core.ruler.after("inline", "bare_addresses", rules.bare_addresses)
    parser.normalizeLink = _as_written  # type: ignore[method-assign,assignment]  # the documented way to change it
    parser.normalizeLinkText = _as_written  # type: ignore[method-assign,assignment]  # likewise
    return parser


PARSER: Final = _build()


def _too_much(text: str, at: int, message: str) -> DocumentError:
    line = text.count("\n", 0, at) + 1
    return DocumentError(message, hint="split the article", line_number=line)


def parse(text: str) -> list[Token]:
    """Return the block tokens of a body.

    Raises:
        DocumentError: the body is too large to be an article; with the line where it gets so.

    """
    if len(text) > MAX_LENGTH:
        raise _too_much(text, MAX_LENGTH, f"the body is longer than {MAX_LENGTH} characters")
    if text.count("[") > MAX_BRACKETS:
        last = next(islice(re.finditer(r"\[", text), MAX_BRACKETS, None)).start()
        raise _too_much(text, last, f"there are more than {MAX_BRACKETS} square brackets")
    return PARSER.parse(text, {})


def parse_inline(text: str) -> list[Token]:
    """Return the inline tokens of one line of text."""
    env: dict[str, Any] = {}
    return PARSER.parseInline(text, env)[0].children or []
