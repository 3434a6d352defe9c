"""Our own markdown-it rules: formulas, attributes behind links, images and code, and bare addresses.

Formulas follow Pandoc's `tex_math_dollars`, a little stricter, because help articles speak of prices more
than of formulas; GitHub's code-like spelling of them is read too. Attributes follow Pandoc's
`link_attributes` and `raw_attribute`; what is no such attribute stays text. Bare addresses are GFM 6.9
without mail addresses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

MATH: Final = re.compile(
    r"\$`(?P<ticked>[^`\n]+)`\$|(?<![\w$])\$(?![\s$`])(?P<plain>(?:[^$\\\n]|\\.)+)(?<![\s\\])\$(?![\w$])"
)
SIZE: Final = r"(?:(?:width|height)=\d{1,5}|align=(?:left|center|right|justify))"
IMAGE_ATTRIBUTES: Final = re.compile(rf"\{{({SIZE}(?: {SIZE})*)\}}")
LINK_ATTRIBUTES: Final = re.compile(r"\{\.(button|embed)(?: align=(left|center|right|justify))?\}")
RAW_ATTRIBUTE: Final = re.compile(
    r"\{=(confluence|intercom|html|markdown)(?P<escaped> \.escaped)?(?: text=\"(?P<text>[^\"\n]*)\")?\}"
)
BARE: Final = re.compile(r"(?<![^\s*_~(])(?:https?://|www\.(?=[^\s.]))[^\s<]+")

_HOST: Final = re.compile(r"(?:https?://)?(?:[\w-]+\.)*[\w-]+")
_TRAILING: Final = re.compile(r"(?:[?!.,:*_~'\"\[\]]+|&\w+;|;)$")


def math_inline(state: StateInline, silent: bool) -> bool:
    """Read `$tex$` and ``$`tex`$``."""
    if state.src[state.pos] != "$":
        return False
    found = MATH.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = found["ticked"] or found["plain"]
        token.markup = "$"
    state.pos = found.end()
    return True


def math_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read `$$ tex $$` over lines that are not blank and belong to one container."""
    begin = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith("$$", begin) or state.is_code_block(start):
        return False
    text = state.src[begin + 2 : state.eMarks[start]].rstrip()
    parts = [text]
    line = start
    while not text.endswith("$$"):
        line += 1
        if line >= end or state.isEmpty(line) or state.sCount[line] < state.blkIndent:
            return False
        text = state.getLines(line, line + 1, state.blkIndent, False).rstrip()
        parts.append(text)
    tex = "\n".join(parts)[:-2]
    if "$$" in tex or not tex.strip():
        return False
    if silent:
        return True
    state.line = line + 1
    token = state.push("math_block", "math", 0)
    token.content = tex
    token.markup = "$$"
    token.map = [start, state.line]
    return True


def closable(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """Return the rule for links or images, tried only where a `]` follows: without one it looks far ahead."""

    def tried(state: StateInline, silent: bool) -> bool:
        last = state.cache.get(_LAST_CLOSING)
        if last is None:
            last = state.cache[_LAST_CLOSING] = state.src.rfind("]")
        return state.pos < last and rule(state, silent)

    return tried


_LAST_CLOSING: Final = -1
"""A key of the parser's cache that no position has."""


def attributes(state: StateInline, silent: bool) -> bool:
    """Read `{width=400}` behind an image, `{.button}` behind a link, `{=confluence}` behind code."""
    if state.src[state.pos] != "{" or state.pending or silent or not state.tokens:
        return False
    token = state.tokens[-1]
    pattern = _ATTRIBUTES_OF.get(token.type)
    if pattern is None or token.meta.get("attributes"):
        return False
    found = pattern.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    token.meta = {**token.meta, "attributes": found}
    state.pos = found.end()
    return True


_ATTRIBUTES_OF: Final = {
    "image": IMAGE_ATTRIBUTES,
    "link_close": LINK_ATTRIBUTES,
    "code_inline": RAW_ATTRIBUTE,
}


def bare_addresses(state: StateCore) -> None:
    """Turn bare addresses in text into links, outside of links."""
    for inline in state.tokens:
        if inline.type == "inline" and ("://" in inline.content or "www." in inline.content):
            inline.children = _linked(inline.children or [])


def _linked(tokens: list[Token]) -> list[Token]:
    out: list[Token] = []
    inside = 0
    for token in tokens:
        if token.type in {"link_open", "link_close"}:
            inside += token.nesting
        if token.type == "text" and not inside:
            _split(token, out)
        else:
            out.append(token)
    return out


def _split(token: Token, out: list[Token]) -> None:
    text, done = token.content, 0
    after_escape = bool(out) and out[-1].type == "text_special"
    for found in BARE.finditer(text):
        end = bare_end(found[0])
        if not end or (after_escape and not found.start()):
            continue
        address = found[0][:end]
        if found.start() > done:
            out.append(_text(text[done : found.start()], token.level))
        out.extend(_link(address, token.level))
        done = found.start() + end
    if not done:
        out.append(token)
    elif done < len(text):
        out.append(_text(text[done:], token.level))


def bare_end(address: str) -> int:
    """Return how much of a match of `BARE` belongs to the address, 0 for none (GFM 6.9)."""
    host = _HOST.match(address)
    if host is None or "_" in "".join(host[0].rpartition("://")[2].split(".")[-2:]):
        return 0
    end = len(address)
    surplus = address.count(")") - address.count("(")
    while end:
        if address[end - 1] == ")":
            if surplus <= 0:
                break
            surplus -= 1
            end -= 1
        elif found := _TRAILING.search(address, max(0, end - 40), end):
            end = found.start()
        else:
            break
    return end if end >= host.end() else 0


def _text(content: str, level: int) -> Token:
    return Token("text", "", 0, content=content, level=level)


def _link(address: str, level: int) -> tuple[Token, Token, Token]:
    href = "http://" + address if address.startswith("www.") else address
    return (
        Token("link_open", "a", 1, attrs={"href": href}, level=level, markup="linkify", info="auto"),
        _text(address, level + 1),
        Token("link_close", "a", -1, level=level, markup="linkify", info="auto"),
    )
