"""Attachments: file names that carry a path, and keep it through Confluence."""

from __future__ import annotations

import hashlib
import html
import re
from typing import Final

PREFIX: Final = "kbsync."
_PLAIN: Final = re.compile(r"[A-Za-z0-9.-]")
_FILE: Final = re.compile(r"<ri:attachment\b[^>]*?\bri:filename\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_CODE: Final = re.compile(r"(__|_-|_x[0-9a-f]{2})")


def file_name(path: str) -> str:
    """Return the flat attachment name of a path under the content root.

    `/` becomes `_-`, `_` becomes `__`, any other byte that is not a letter, digit, dot or dash `_x` and two
    hexadecimal digits; the prefix tells it from what people upload.
    """
    return PREFIX + "".join(map(_coded, path))


def path_of(name: str) -> str | None:
    """Return the path an attachment name carries, None for a file that a person uploaded."""
    if not name.startswith(PREFIX):
        return None
    parts = _CODE.split(name.removeprefix(PREFIX))
    data = b"".join(map(_decoded, parts))
    try:
        path = data.decode()
    except UnicodeDecodeError:
        return None
    safe = path and all(part not in {"", ".", ".."} for part in path.split("/"))
    return path if safe and file_name(path) == name else None


def named(body: str) -> list[str]:
    """Return the attachment names a storage body speaks of, each once."""
    found = (html.unescape(double or single) for double, single in _FILE.findall(body))
    return list(dict.fromkeys(found))


def comment(data: bytes) -> str:
    """Return the attachment comment by which the same bytes are not sent again; Confluence keeps no digest."""
    return f"kbsync sha256:{hashlib.sha256(data).hexdigest()}"


def _coded(char: str) -> str:
    if char == "/":
        return "_-"
    if char == "_":
        return "__"
    if _PLAIN.match(char):
        return char
    return "".join(f"_x{byte:02x}" for byte in char.encode())


def _decoded(part: str) -> bytes:
    if part == "_-":
        return b"/"
    if part == "__":
        return b"_"
    if part.startswith("_x"):
        return bytes.fromhex(part[2:])
    return part.encode()
