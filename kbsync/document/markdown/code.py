"""Info strings of code fences, and definitions of links: the small print of Markdown.

An info string is a language and options: `python title="a.py" {1,3} linenos`. Options keep their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from markdown_it.common.utils import unescapeAll

Options = tuple[tuple[str, str], ...]

RAW_INFO: Final = re.compile(r"\{=(confluence|intercom|html|markdown)( \.escaped)?\}")
NO_LANGUAGE: Final = "{}"

_WORD: Final = re.compile(r"\{[^}\s]*\}|[^\s=]+=(?:\"[^\"]*\"|'[^']*')|\S+")
_OPTION_FIRST: Final = re.compile(r"\{[\d,\s-]+\}|[^\s=]+=.*", re.DOTALL)
_SPECIAL: Final = re.compile(r"[\\&\"'`{}=\s]|[\x00-\x1f]")
_PLAIN_VALUE: Final = re.compile(r"[^\s\"'=`&\\]+")


def read_info(info: str) -> tuple[str, Options]:
    """Return language and options of an info string."""
    words = _WORD.findall(info)
    language = ""
    if words and not _OPTION_FIRST.fullmatch(words[0]):
        language = unescapeAll(words.pop(0))
    return "" if language == NO_LANGUAGE else language, tuple(map(_option, words))


def _option(word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if not equals or word.startswith("{"):
        return unescapeAll(word), ""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return unescapeAll(key), unescapeAll(value)


def write_info(language: str, options: Iterable[tuple[str, str]]) -> str:
    """Return the info string that `read_info` reads as this language and these options."""
    words = [_escaped_word(language)] if language else []
    words += [_written_option(key, value) for key, value in options]
    if words and not language and not _OPTION_FIRST.fullmatch(words[0]):
        words.insert(0, NO_LANGUAGE)
    return " ".join(words)


def _written_option(key: str, value: str) -> str:
    if not value:
        return key if re.fullmatch(r"\{[^}\s&\\]*\}", key) else _escaped_word(key)
    if _PLAIN_VALUE.fullmatch(value):
        return f"{_escaped_word(key)}={value}"
    quoted = "".join(f"&#{ord(char)};" if char in '"&\\`\n\r\t' else char for char in value)
    return f'{_escaped_word(key)}="{quoted}"'


def _escaped_word(word: str) -> str:
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", word)


def definition(meta: Mapping[str, Any]) -> str:
    """Return a link's definition on one line, for one that stood inside another block."""
    title = str(meta["title"]).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "&#10;")
    behind = f' "{title}"' if title else ""
    address = str(meta["url"]).replace("\\", "\\\\").replace("<", "\\<").replace(">", "\\>")
    return f"[{meta['label']}]: <{address}>{behind}"
