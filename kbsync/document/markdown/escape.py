"""Escaping: which characters of plain text would read as markup, and where.

Each pattern is the smallest that is safe without knowing the rest of the file: `[` is always escaped,
because a link definition may stand anywhere.
"""

from __future__ import annotations

import re
import string
from operator import methodcaller
from typing import Final

from kbsync.document.markdown.rules import MATH

DOLLAR: Final = "\ufdd0"
"""Stands for a `$` of plain text until the whole paragraph is known; a noncharacter of Unicode."""

RAW_LINE_END: Final = "\ufdd1"
"""Stands for a line end inside an inline tag until the paragraph's lines are tidied."""

PUNCTUATION: Final = frozenset(string.punctuation)

_SPECIAL: Final = re.compile("[\\\\`*_~\\[\\]<&$\n\r\t\xa0\ufdd0\ufdd1\x00]")
_ESCAPE: Final = re.compile(
    r"""
      `  | \[ | \] | \$ | \n | \r | \t | \xa0 | \ufdd0 | \ufdd1 | \x00
    | \\ (?= [!-/:-@\[-`{-~\xa0\n\r\t\ufdd0\ufdd1] | \s* $ )
    | \* (?: (?<! \s \* ) | (?<= ^ \s \* ) | (?! \s ) | (?= \s* $ ) )
    | _  (?: (?<! [^\W_] _ ) | (?! [^\W_] ) )
    | ~  (?: (?= ~ ) | (?<= ~~ ) )
    | <  (?= [A-Za-z/!?] )
    | &  (?= \#? \w+ ; )
    | http (?<! [^\s*_~(] http ) s? (?= ://\S )
    | www  (?<! [^\s*_~(] www ) (?= \.[^\s.] )
    """,
    re.VERBOSE,
)
"""Every branch opens with a literal, and looks back from behind it: so the search skips other characters fast."""

_ENTITIES: Final = {"\xa0": "&nbsp;", "\ufdd0": "&#xFDD0;", "\ufdd1": "&#xFDD1;", "\x00": "\ufffd"}

_LINE: Final = re.compile(
    r"""
    (?: (?P<back> \#{1,6} (?=[ \t]|$) | [-+*] (?=[ \t]|$) | > | =+ [ ]* $ | [-:|] [-:|\ \t]* $ )
      | (?P<digits> \d{1,9} ) (?P<dot> [.)] ) (?=[ \t]|$)
    )
    """,
    re.VERBOSE,
)
_STRIP: Final = methodcaller("strip", " \t")
_CLOSING: Final = re.compile(r"(?:(?<=[ \t])|^)#(?=#*$)")
_BLOCK_TAG: Final = re.compile(
    r"<(?:[!?]|(?:script|pre|style|textarea)(?![\w-])|/?(?:address|article|aside|base|basefont|blockquote|body|caption|center"
    r"|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset"
    r"|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p"
    r"|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?![\w-]))",
    re.IGNORECASE,
)


def escape(text: str, *, in_link: bool = False) -> str:
    """Return plain text so that it reads as itself; `$` is `DOLLAR` until `settle`."""
    if _SPECIAL.search(text) is None and "://" not in text and "www" not in text:
        return text

    def escaped(found: re.Match[str]) -> str:
        char = found[0]
        if char in _ENTITIES:
            return _ENTITIES[char]
        if char == "]":
            return "\\]" if in_link else "]"
        if char == "$":
            return DOLLAR
        if char in "\n\r\t":
            return _blank(char, found)
        if len(char) > 1:
            return char if in_link else f"{char}\\"
        return f"\\{char}"

    return _ESCAPE.sub(escaped, text)


def _blank(char: str, found: re.Match[str]) -> str:
    """Return a tab or line end as it may stand in running text: a single line end is a space."""
    text, at = found.string, found.start()
    if char == "\n" and "\n" not in (text[at - 1 : at], text[at + 1 : at + 2]):
        return " "
    at_edge = not at or at + 1 == len(text)
    return f"&#{ord(char)};" if at_edge or char != "\t" else char


def settle(text: str, *, has_math: bool) -> str:
    """Return running text with its `DOLLAR`s as `$`, escaped where they would make a formula."""
    if DOLLAR not in text:
        return text
    plain = text.replace(DOLLAR, "$")
    if has_math or "$$" in plain or MATH.search(plain):
        return text.replace(DOLLAR, "\\$")
    return plain


def guard_lines(text: str) -> str:
    """Return a paragraph so that none of its lines begins another block, is blank, or ends in a break."""
    lines = _tidy(text) if "\n" in text else [text.strip(" \t")]
    return guard_edges("\n".join(map(_guarded, lines))).replace(RAW_LINE_END, "\n")


def _tidy(text: str) -> list[str]:
    lines = [line for line in map(_STRIP, text.split("\n")) if line]
    if lines and text.rstrip(" \t").endswith("\n") and ends_in_break(lines[-1]):
        lines[-1] = f"{lines[-1][:-1]}<br>"
    return lines


def ends_in_break(line: str) -> bool:
    """Return whether a line ends in the backslash of a hard break."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _guarded(line: str) -> str:
    found = _LINE.match(line)
    if found is None:
        return line
    if found["digits"]:
        return f"{found['digits']}\\{line[found.start('dot') :]}"
    return f"\\{line}"


def guard_edges(text: str) -> str:
    """Return one-line text with white space that parsers strip as entities at both ends."""
    if text and text[0].isspace():
        text = f"&#{ord(text[0])};{text[1:]}"
    if text and text[-1].isspace():
        text = f"{text[:-1]}&#{ord(text[-1])};"
    return text


def guard_closing(text: str) -> str:
    """Return a heading's text without a closing sequence of `#`."""
    return _CLOSING.sub(r"\\#", text) if text.endswith("#") else text


def begins_block(raw: str) -> bool:
    """Return whether inline HTML at the start of a line would be an HTML block (CommonMark 4.6)."""
    return _BLOCK_TAG.match(raw) is not None


def address(href: str) -> str:
    """Return a link's address as a link destination (CommonMark 6.3)."""
    plain = _DESTINATION.sub(lambda found: f"\\{found[0]}", href).replace("\n", "%0A").replace("\r", "%0D")
    if not href or _NEEDS_BRACKETS.search(href) or not _balanced(href):
        return "<" + plain.replace("<", "\\<").replace(">", "\\>") + ">"
    return plain


_DESTINATION: Final = re.compile(r"\\(?=[!-/:-@\[-`{-~]|$)|&(?=#?\w+;)")
_NEEDS_BRACKETS: Final = re.compile(r"[\x00-\x20\x7f]|^<|\s")


def _balanced(href: str) -> bool:
    if "(" not in href and ")" not in href:
        return True
    depth = 0
    for char in href:
        depth += (char == "(") - (char == ")")
        if not 0 <= depth <= 30:  # noqa: PLR2004  # parsers give up at 32 levels
            return False
    return depth == 0


def title(text: str) -> str:
    """Return ` "title"`, or nothing for an empty title."""
    if not text:
        return ""
    safe = _TITLE.sub(lambda found: f"\\{found[0]}", text).replace("\n", "&#10;").replace("\r", "&#13;")
    return f' "{safe}"'


_TITLE: Final = re.compile(r"\\(?=[!-/:-@\[-`{-~]|$)|&(?=#?\w+;)|\"")


def code_span(text: str) -> str:
    """Return inline code; line ends are spaces, as they are read."""
    if not text:
        return ""
    text = text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    if "`" not in text and text[0] != " ":
        return f"`{text}`"
    runs = {len(run) for run in _TICKS.findall(text)}
    size = 1
    while size in runs:
        size += 1
    pad = " " if text[0] == "`" or text[-1] == "`" or (text[0] == text[-1] == " " and text.strip(" ")) else ""
    return f"{'`' * size}{pad}{text}{pad}{'`' * size}"


_TICKS: Final = re.compile(r"`+")
