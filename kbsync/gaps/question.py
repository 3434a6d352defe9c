"""What the customer asked: from all customer turns, without what is only manners, mail furniture or slot values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from kbsync.conversations.model import Conversation
from kbsync.gaps.chatter import chatter, key
from kbsync.gaps.sentences import telling
from kbsync.gaps.slots import spoken

_WORDS: Final = 120


class Question(msgspec.Struct, frozen=True):
    """What one conversation asked.

    `text` is what the encoders read, `asked` the most question-like sentence for people to read, with slot values
    as placeholders. Both are empty when the customer said nothing that states a problem.
    """

    id: str
    text: str
    asked: str


def extract(conversation: Conversation) -> Question:
    """Return what the customer asked in all turns, or an empty question."""
    return ask(conversation.id, telling(conversation))


def extract_all(conversations: Sequence[Conversation]) -> list[Question]:
    """Return what each customer asked; sentences that stand beside anything at this desk are dropped too.

    A conversation that says nothing else keeps them.
    """
    told = [telling(conversation) for conversation in conversations]
    idle = chatter(told)
    return [
        ask(conversation.id, sentences, idle)
        for conversation, sentences in zip(conversations, told, strict=True)
    ]


def ask(number: str, sentences: list[str], idle: frozenset[str] = frozenset()) -> Question:
    """Return the question that the telling sentences of a conversation put; `idle` ones count only alone."""
    few = [sentence for sentence in sentences if key(sentence) not in idle] if idle else sentences
    kept = _first_words(few or sentences)
    return Question(id=number, text=" ".join(spoken(sentence) for sentence in kept), asked=_most_asking(kept))


def _first_words(sentences: list[str]) -> list[str]:
    """Keep whole sentences until the word limit: the problem is told early, the details later."""
    kept: list[str] = []
    words = 0
    for sentence in sentences:
        count = max(len(sentence.split()), len(sentence) // 12)
        if kept and words + count > _WORDS:
            break
        kept.append(sentence if count <= _WORDS else _shortened(sentence))
        words += count
    return kept


def _shortened(sentence: str) -> str:
    return " ".join(sentence.split()[:_WORDS])[: _WORDS * 12]


def _most_asking(sentences: list[str]) -> str:
    """Return the first sentence with a question mark that has some length, else the first one."""
    questions = [sentence for sentence in sentences if "?" in sentence and len(sentence) >= 12]  # noqa: PLR2004 - shorter asks back
    return (questions or sentences or [""])[0]
