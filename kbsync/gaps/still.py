"""Foreign text without the characters that steer how other text is shown or spoken."""

from __future__ import annotations

import re

# C0 and C1 controls but tab and line ends, what steers the direction of text (Unicode TR9), halves of characters.
_STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def still(text: str) -> str:
    """Return the text with a replacement mark for each such character."""
    return _STEERING.sub("\ufffd", text)


def one_line(text: object) -> str:
    """Return the text on one line, without such characters."""
    return " ".join(still(str(text)).split())
