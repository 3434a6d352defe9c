"""A resolved support conversation as a value."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Role: TypeAlias = Literal["customer", "teammate", "bot"]


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One turn, as plain text; `at` is epoch seconds."""

    role: Role
    text: str
    at: float | None = None


class Fin(msgspec.Struct, frozen=True, omit_defaults=True):
    """What Intercom's AI agent did: how it ended, and the addresses of the articles it used."""

    resolution: str = ""
    sources: tuple[str, ...] = ()


class Conversation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One conversation; times are epoch seconds, durations seconds, `rating` 1 to 5.

    `people` are exact strings that the conversation's own record carries about its people and companies
    (names, mail addresses, phone numbers): redaction removes them first. `contact` is the contact's id.
    """

    id: str
    created_at: float
    messages: tuple[Message, ...] = ()
    closed_at: float | None = None
    rating: int | None = None
    reopens: int = 0
    handling_seconds: int | None = None
    tags: tuple[str, ...] = ()
    locale: str | None = None
    fin: Fin | None = None
    contact: str = ""
    people: tuple[str, ...] = ()
