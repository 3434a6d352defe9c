"""Phrases as the data files write them: `{this|that}` is one of the two, `<slot>` is filled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

ALTERNATION: Final = re.compile(r"\{([^{}|]*(?:\|[^{}|]*)+)\}")
SLOT: Final = re.compile(r"<([a-z]+)>")
_NEIGHBOURS: Final = "qwertyuiop asdfghjkl zxcvbnm"
_GAP = re.compile(r" (?= )| (?=[,;.](?: |$))")
_ASKS = re.compile(
    r"(?:how|where|what|which|who|why|when|can|could|may|is|are|do|does|did|will|would|should|has|have you)\b",
    re.IGNORECASE,
)
_PLAIN_WORD = re.compile(r"(?<![\w`/.<-])[a-z]{4,}(?![\w`/.<-])")


def phrase(text: str, slots: Mapping[str, Sequence[str]], chance: Random) -> str:
    """Choose one of each alternation, then one filling of each slot; a slot that is not known stays."""
    chosen = ALTERNATION.sub(lambda match: chance.choice(match[1].split("|")), text)
    filled = SLOT.sub(lambda match: chance.choice(slots.get(match[1], (match[0],))), chosen)
    return _GAP.sub("", filled)


def sentence(text: str) -> str:
    """Return the text with a question mark or a full stop, unless it ends in punctuation."""
    if text.endswith((".", "!", "?", ":", "…", ",")):
        return text
    return f"{text}?" if _ASKS.match(text) and "?" not in text else f"{text}."


def reworded(text: str, others: Mapping[str, Sequence[str]], share: float, chance: Random) -> str:
    """Return the text with a share of the words that have others replaced by one; `a` and `an` follow."""

    def other(match: re.Match[str]) -> str:
        if chance.random() >= share:
            return match[0]
        word = chance.choice(others[match["word"].lower()])
        word = word.capitalize() if match["word"][0].isupper() and word.islower() else word
        article = {"": "", "a": "a ", "A": "A "}[(match["article"] or "")[:1]]
        return f"{article.rstrip()}n {word}" if article and word[0].lower() in "aeio" else article + word

    words = "|".join(sorted(map(re.escape, others), key=len, reverse=True))
    pattern = rf"(?<![\w/.`<-])(?:(?P<article>an?) )?(?P<word>{words})(?![\w/.`>-])"
    return re.sub(pattern, other, text, flags=re.IGNORECASE)


def misspelt(text: str, rate: float, chance: Random) -> str:
    """Return the text with a share of its ordinary words mistyped; names, numbers and code stay."""
    return _PLAIN_WORD.sub(
        lambda match: _slip(match[0], chance) if chance.random() < rate else match[0], text
    )


def _slip(word: str, chance: Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    match chance.randrange(4):
        case 0:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case 1:
            return word[:at] + word[at + 1 :]
        case 2:
            return word[:at] + word[at] + word[at:]
        case _:
            return word[:at] + _beside(word[at]) + word[at + 1 :]


def _beside(letter: str) -> str:
    """Return a letter that lies beside another one on the keyboard."""
    place = _NEIGHBOURS.index(letter)
    left, right = _NEIGHBOURS[place - 1 : place], _NEIGHBOURS[place + 1 : place + 2]
    return right if right.strip() else left
