"""Callout kinds as Intercom's five callout colours, and the shades of table cells."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from kbsync.document.blocks import CalloutKind

CALLOUTS: Final = MappingProxyType[CalloutKind, tuple[str, str]](
    {
        "note": ("#e8e8e880", "#73737633"),
        "important": ("#e3e7fa80", "#334bfa33"),
        "tip": ("#d7efdc80", "#1bb15733"),
        "caution": ("#fed9db80", "#fd3a5733"),
        "warning": ("#feedaf80", "#fbc91633"),
    }
)
"""Background and border by kind: gray, blue, green, red, yellow."""

HEADER_SHADE: Final = "#e8e8e880"
"""Intercom tables know no header cells; its editor shades them so."""

FIRST_ROW_SHADE: Final = "#e3e7fa80"
"""The other shade of headers: in a first row it makes header cells, below it only colours."""

_BACKGROUND: Final = re.compile(r"background(?:-color)?\s*:\s*([^;]+)", re.IGNORECASE)
_HEX: Final = re.compile(r"#([0-9a-fA-F]{3,8})")
_RGB: Final = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:\s*[,/]\s*(\d*\.?\d+%?))?\s*\)", re.ASCII)
_NAME: Final = re.compile(r"[a-zA-Z]+")


def background(style: str) -> str:
    """Return the background of a style as `#rrggbb`, `#rrggbbaa` or a colour's name, "" without one."""
    found = _BACKGROUND.search(style)
    if not found:
        return ""
    value = found[1].strip().lower()
    digits = _HEX.fullmatch(value)
    if digits:
        return _long(digits[1])
    rgb = _RGB.fullmatch(value)
    if rgb:
        return _hexadecimal(*rgb.groups())
    return value if _NAME.fullmatch(value) and value != "transparent" else ""


def _long(digits: str) -> str:
    """Return `#rrggbb` or `#rrggbbaa`, "" for what is transparent or no colour."""
    if len(digits) in {3, 4}:
        digits = "".join(digit * 2 for digit in digits)
    return f"#{digits}" if len(digits) in {6, 8} and digits[6:] != "00" else ""


def _hexadecimal(red: str, green: str, blue: str, alpha: str | None) -> str:
    opaque = "#" + "".join(f"{min(int(part[:4]), 255):02x}" for part in (red, green, blue))
    if alpha is None:
        return opaque
    share = float(alpha.rstrip("%") or 0) / (100 if alpha.endswith("%") else 1)
    return _long(f"{opaque[1:]}{round(min(share, 1) * 255):02x}")


def callout_kind(style: str) -> CalloutKind:
    """Return the kind whose colour is nearest to the style's background; note without one."""
    colour = background(style)
    if not colour.startswith("#"):
        return "note"
    return min(CALLOUTS, key=lambda kind: _distance(colour, CALLOUTS[kind][0]))


def _distance(one: str, other: str) -> int:
    return sum((_channel(one, at) - _channel(other, at)) ** 2 for at in (1, 3, 5))


def _channel(colour: str, at: int) -> int:
    return int(colour[at : at + 2], 16)


def callout_style(kind: CalloutKind) -> str:
    """Return the style Intercom's editor gives a callout of this kind."""
    fill, border = CALLOUTS[kind]
    return f"background-color: {fill}; border-color: {border};"
