"""How text becomes markup that says exactly that text, and which addresses are never written."""

from __future__ import annotations

import re

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_UNSAFE = re.compile(r"(?:javascript|data|vbscript):", re.IGNORECASE)
_FILE = re.compile(
    r"(?:\.{1,2}/[^\s]*|(?!//|[A-Za-z][A-Za-z0-9+.-]*:)[^?#]*\.(?:md|markdown|mdx)(?:[?#].*)?)", re.DOTALL
)
_IGNORED = re.compile("[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060\ufeff]+")


def escape_text(text: str) -> str:
    """Return the text for a place between tags."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text


def escape_attribute(text: str) -> str:
    """Return the text for a place between double quotes; line ends survive attribute normalisation."""
    text = escape_text(text)
    if '"' in text:
        text = text.replace('"', "&quot;")
    if "\n" in text or "\t" in text or "\r" in text:
        text = text.replace("\n", "&#10;").replace("\t", "&#9;").replace("\r", "&#13;")
    return text


def without_illegal(raw: str) -> str:
    """Return the markup without the characters XML 1.0 section 2.2 (Char) has no place for."""
    return _ILLEGAL.sub("", raw) if _ILLEGAL.search(raw) else raw


def is_unsafe(address: str) -> bool:
    """Tell whether a browser would run the address; browsers ignore white space and controls in schemes."""
    return _UNSAFE.match(_IGNORED.sub("", address)) is not None


def is_file_path(address: str) -> bool:
    """Tell whether an address leads to a Markdown file or a place beside it: to nothing on the web."""
    return _FILE.fullmatch(address) is not None
