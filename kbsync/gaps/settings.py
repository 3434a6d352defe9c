"""What a user can set about the gap analysis; everything else follows from the data."""

from __future__ import annotations

import msgspec

from kbsync.gaps.spread import Workers


class GapSettings(msgspec.Struct, frozen=True):
    """The `[gaps]` table, resolved.

    `encoder` is `auto`, `tfidf`, `semantic`, or a sentence-transformers name or folder. `min_topic_size` is the
    number of conversations below which a group counts as singles. `default_locale` stands for articles and
    conversations whose language cannot be told. `sample` is how many conversations are compared with each other
    at once, `part` how many a worker holds; both bound the memory.
    """

    encoder: str = "auto"
    min_topic_size: int = 3
    default_locale: str = "en"
    seed: int = 0
    sample: int = 100_000
    part: int = 10_000
    workers: Workers = Workers()
