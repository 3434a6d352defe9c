"""What leaves the analysis carries no personal data: its words are redacted with what the records know."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kbsync.conversations.model import Conversation
from kbsync.conversations.redact import redact
from kbsync.gaps.model import Analysis, TopicVerdict


def private(analysis: Analysis, conversations: Mapping[str, Conversation]) -> Analysis:
    """Return the analysis with question, label and keywords redacted, also of the people of typical members."""
    topics = [_private(topic, conversations) for topic in analysis.topics]
    return msgspec.structs.replace(analysis, topics=topics)


def _private(topic: TopicVerdict, conversations: Mapping[str, Conversation]) -> TopicVerdict:
    typical = [conversations[id] for id in topic.representatives if id in conversations]
    people = tuple({person for found in typical for person in found.people})
    return msgspec.structs.replace(
        topic,
        label=redact(topic.label, people),
        question=redact(topic.question, people),
        keywords=[word for word in topic.keywords if redact(word, people) == word],
    )
