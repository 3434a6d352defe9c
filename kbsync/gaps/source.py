"""Where the analysis takes conversations from: a list, a file, or a window of the store, always as a stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
import pyarrow as pa

from kbsync.conversations.lines import BadLine, kept, read
from kbsync.conversations.model import Conversation
from kbsync.conversations.store import Store
from kbsync.gaps.parts import Document

KNOWN: Final = pa.schema([("id", pa.string()), ("digest", pa.string())])
"""Conversations that are known, each by its id and the digest of its document."""


class Source(Protocol):
    """Where conversations come from."""

    def documents(self, known: pa.Table) -> Iterator[Document]:
        """Yield those that are not `known` in this form, oldest first."""
        ...

    def present(self) -> pa.Table:
        """Return id and digest of all there are."""
        ...


class Shelved(Source, Protocol):
    """A source that can also be asked for single conversations."""

    def all(self) -> Iterable[Conversation]:
        """Yield all conversations."""
        ...

    def get(self, ids: Iterable[str]) -> dict[str, Conversation]:
        """Return the conversations with these ids, as far as there are."""
        ...

    def span(self) -> tuple[float, float] | None:
        """Return when the first and the last were created, in epoch seconds; None where there is none."""
        ...


class Listed:
    """Conversations one after the other, as a program gives them; nothing of them is known beforehand."""

    def __init__(self, conversations: Iterable[Conversation]) -> None:
        self._given = conversations

    def documents(self, known: pa.Table) -> Iterator[Document]:  # noqa: ARG002 - the source's signature
        """Yield all, once."""
        return (Document(c.id, _encoded(c)) for c in self.all())

    def all(self) -> Iterable[Conversation]:
        """Yield all."""
        return self._given

    def present(self) -> pa.Table:
        """Return nothing: what has no digest cannot be known again."""
        return KNOWN.empty_table()


class Lines(Listed):
    """A file of JSON lines, read again whenever it is asked; `bad` are the lines of the last reading that are none."""

    def __init__(self, path: Path) -> None:
        self.bad = list[BadLine]()
        self._path = path

    def all(self) -> Iterator[Conversation]:
        """Yield what is a conversation."""
        self.bad.clear()
        return kept(read(self._path), self.bad)

    def get(self, ids: Iterable[str]) -> dict[str, Conversation]:
        """Return the conversations with these ids, of two with one id the last."""
        wanted = frozenset(ids)
        return {c.id: c for c in self.all() if c.id in wanted} if wanted else {}

    def span(self) -> tuple[float, float] | None:
        """Return when the first and the last were created."""
        times = [c.created_at for c in self.all()]
        return (min(times), max(times)) if times else None


class Window:
    """What the store holds of conversations closed (else created) at or after a moment."""

    def __init__(self, store: Store, since: float) -> None:
        self._store = store
        self._since = since

    def documents(self, known: pa.Table) -> Iterator[Document]:
        """Yield what is new or changed."""
        return (Document(*row) for row in self._store.documents(self._since, known))

    def present(self) -> pa.Table:
        """Return what is in the window."""
        return self._store.present(self._since).cast(KNOWN)

    def all(self) -> Iterable[Conversation]:
        """Yield all in the window."""
        return self._store.all(self._since)

    def get(self, ids: Iterable[str]) -> dict[str, Conversation]:
        """Return the conversations with these ids."""
        return self._store.get(ids)

    def span(self) -> tuple[float, float] | None:
        """Return when the first and the last were created."""
        return self._store.span(self._since)


def _encoded(conversation: Conversation) -> bytes:
    """Return the JSON; halves of characters, which no file can hold, become question marks."""
    try:
        return msgspec.json.encode(conversation)
    except UnicodeEncodeError:
        whole: Any = msgspec.to_builtins(conversation)
        return json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace")
