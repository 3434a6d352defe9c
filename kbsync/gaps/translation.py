"""Articles that answer a topic, but in another language than the one it is asked in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kbsync.conversations.model import Conversation
from kbsync.gaps.given import Addresses, Given, given
from kbsync.gaps.model import HelpText

_SHARE: Final = 0.2


def untranslated(shelf: Sequence[HelpText], written: Sequence[str], language: str) -> list[HelpText]:
    """Return the articles that exist, but not in this language; `written[i]` is the language of text `i`."""
    here = {text.id for text, code in zip(shelf, written, strict=True) if code == language}
    return [text for text in shelf if text.id not in here]


def answered_elsewhere(members: Sequence[Conversation], candidates: Sequence[HelpText]) -> HelpText | None:
    """Return the article of another language that teammates or Fin gave to at least a fifth of the members."""
    found = given(members, Addresses(candidates))
    if not found:
        return None
    most = max(found, key=_times)
    return most.article if _times(most) >= _SHARE * len(members) else None


def _times(found: Given) -> int:
    return max(found.resolved + found.failed, found.sent)
