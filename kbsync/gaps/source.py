"""Where the analysis takes conversations from: a list, a file, or a window of the store, always as a stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import pyarrow as pa

from kbsync.conversations.model import Conversation
from kbsync.conversations.store import Store

KNOWN: Final = pa.schema([("id", pa.string()), ("digest", pa.string())])
"""Conversations that are known, each by its id and the digest of its document."""


class Document(NamedTuple):
    """A conversation as it is stored: its id, its JSON, and a digest of that ("" where nothing is kept by it)."""

    id: str
    json: bytes
    digest: str = ""


class Source(Protocol):
    """Where conversations come from."""

    def documents(self, known: pa.Table) -> Iterator[Document]:
        """Yield those that are not `known` in this form, oldest first."""
        ...

    def present(self) -> pa.Table:
        """Return id and digest of all there are."""
        ...


class Listed:
    """Conversations one after the other, as a file or a program gives them; nothing of them is known beforehand."""

    def __init__(self, conversations: Iterable[Conversation]) -> None:
        self._conversations = conversations

    def documents(self, known: pa.Table) -> Iterator[Document]:  # noqa: ARG002 - the source's signature
        """Yield all, once."""
        return (Document(c.id, _encoded(c)) for c in self._conversations)

    def present(self) -> pa.Table:
        """Return nothing: what has no digest cannot be known again."""
        return KNOWN.empty_table()


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


def _encoded(conversation: Conversation) -> bytes:
    """Return the JSON; halves of characters, which no file can hold, become question marks."""
    try:
        return msgspec.json.encode(conversation)
    except UnicodeEncodeError:
        whole: Any = msgspec.to_builtins(conversation)
        return json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace")
