"""What a user can set about the gap analysis; everything else follows from the data."""

from __future__ import annotations

from typing import Final

import msgspec

from kbsync.gaps.spread import HERE, Workers

#: What the interpreter and its libraries take, and each conversation of the sample and of a part, in bytes: estimates,
#: which `tests/benchmarks/gaps_scale.py` is there to replace.
_IDLE: Final = 500_000_000
_A_SAMPLED: Final = 25_000
_A_READ: Final = 50_000
_MOST_SAMPLED, _LEAST_SAMPLED = 100_000, 2_000
_MOST_READ, _LEAST_READ = 4_000, 500


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
    part: int = 4_000
    workers: Workers = HERE


def within(settings: GapSettings, memory: int, processes: int) -> GapSettings:
    """Return the settings with sample and parts as large as so many bytes allow to so many processes."""
    sample = (memory - _IDLE) // _A_SAMPLED
    part = (memory // max(processes, 1) - _IDLE) // _A_READ
    return msgspec.structs.replace(
        settings,
        sample=min(max(sample, _LEAST_SAMPLED), _MOST_SAMPLED),
        part=min(max(part, _LEAST_READ), _MOST_READ),
    )
