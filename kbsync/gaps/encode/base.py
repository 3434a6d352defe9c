"""What every encoder is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kbsync.gaps.arrays import Vectors


class Encoder(Protocol):
    """Texts in, unit rows out.

    `name` identifies model and settings: equal names give equal vectors, so vectors may be cached under it.
    """

    @property
    def name(self) -> str:
        """The encoder's lasting name."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text, float32; a text without any known part gives a row of zeros."""
        ...


class VectorCache(Protocol):
    """Remembers vectors by encoder name and content."""

    def load(self, encoder: str, texts: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors that are known, by text."""
        ...

    def save(self, encoder: str, vectors: dict[str, Vectors]) -> None:
        """Keep the vectors of these texts."""
        ...
