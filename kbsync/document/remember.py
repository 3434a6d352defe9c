"""A format that remembers what it read lately: one sync reads the same body up to eight times."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from kbsync.document.blocks import Document, Target
from kbsync.document.formats import PLAIN, Format, Links

LIMIT: Final = 1_000_000
"""Characters of raw text that one format remembers."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A document, and every address it was read with beside what that named."""

    document: Document
    named: tuple[tuple[str, Target], ...]

    def holds(self, links: Links) -> bool:
        return all(links.read(address) == target for address, target in self.named)


class _Tracing:
    """Links that note what they were asked."""

    def __init__(self, links: Links) -> None:
        self.links = links
        self.named: list[tuple[str, Target]] = []

    def read(self, address: str) -> Target:
        target = self.links.read(address)
        self.named.append((address, target))
        return target

    def write(self, target: Target) -> str | None:
        return self.links.write(target)


class _Memory:
    def __init__(self, read: Callable[[str, Links], Document], limit: int) -> None:
        self._reader = read
        self._limit = limit
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Read] = OrderedDict()
        self._length = 0

    def read(self, raw: str, links: Links = PLAIN) -> Document:
        known = self._known.get(raw)
        if known is not None and known.holds(links):
            return known.document
        tracing = _Tracing(links)
        document = self._reader(raw, tracing)
        self._keep(raw, _Read(document, tuple(tracing.named)))
        return document

    def _keep(self, raw: str, read: _Read) -> None:
        with self._lock:
            if self._known.pop(raw, None) is None:
                self._length += len(raw)
            self._known[raw] = read
            while self._length > self._limit:
                oldest, _ = self._known.popitem(last=False)
                self._length -= len(oldest)


def remembered(fmt: Format, limit: int = LIMIT) -> Format:
    """Return the format with a reader that does not read again what it read a moment ago.

    A body is read anew where any of its addresses names something else by now.
    """
    return replace(fmt, read=_Memory(fmt.read, limit).read)
