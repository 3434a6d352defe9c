"""Articles that answer a topic, but in another language than the one it is asked in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Final

from kbsync.conversations.model import Conversation
from kbsync.gaps.model import HelpText

_SHARE: Final = 0.2
_SHORTEST: Final = 5


def untranslated(shelf: Sequence[HelpText], written: Sequence[str], language: str) -> list[HelpText]:
    """Return the articles that exist, but not in this language; `written[i]` is the language of text `i`."""
    here = {text.id for text, code in zip(shelf, written, strict=True) if code == language}
    return [text for text in shelf if text.id not in here]


def answered_elsewhere(members: Sequence[Conversation], candidates: Sequence[HelpText]) -> HelpText | None:
    """Return the article of another language that teammates or Fin gave to at least a fifth of the members."""
    given = Counter(number for member in members for number in _given(member, candidates))
    if not given:
        return None
    number, times = min(given.items(), key=lambda item: (-item[1], item[0]))
    return candidates[number] if times >= _SHARE * len(members) else None


def _given(member: Conversation, candidates: Sequence[HelpText]) -> Iterable[int]:
    said = [message.text for message in member.messages if message.role != "customer" and "/" in message.text]
    links = " ".join((*said, *(member.fin.sources if member.fin else ()))).lower()
    if not links:
        return ()
    return [
        number for number, text in enumerate(candidates) if any(name in links for name in _link_names(text))
    ]


def _link_names(text: HelpText) -> set[str]:
    stem = PurePosixPath(text.path).name.split(".", 1)[0].lower()
    return {name for name in (stem, text.id.lower()) if len(name) >= _SHORTEST}
