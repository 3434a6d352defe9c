"""What a user can set about the gap analysis; everything else follows from the data."""

from __future__ import annotations

import msgspec


class GapSettings(msgspec.Struct, frozen=True):
    """The `[gaps]` table, resolved.

    `encoder` is `auto`, `tfidf`, `semantic`, or a sentence-transformers name or folder. `min_topic_size` is the
    number of conversations below which a group counts as singles. `default_locale` stands for articles and
    conversations whose language cannot be told. `sample` bounds memory: beyond so many distinct questions the
    topics are found on an evenly spread sample and the rest is assigned.
    """

    encoder: str = "auto"
    min_topic_size: int = 3
    default_locale: str = "en"
    sample: int = 100_000
    seed: int = 0
