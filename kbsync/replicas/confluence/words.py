"""The words of a storage body: what survives Confluence's rewriting."""

from __future__ import annotations

import html
import re
from typing import Final

_HIDDEN: Final = re.compile(r"<!\[CDATA\[|\]\]>")
_TAG: Final = re.compile(r"<[^>]*>")


def words(body: str) -> list[str]:
    """Return the words, without markup."""
    return html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", body))).split()
