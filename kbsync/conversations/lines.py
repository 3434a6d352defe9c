"""Conversations as JSON Lines: what `import` and `--conversations` read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from kbsync.conversations.model import Conversation, Fin, Message, Role
from kbsync.errors import ConversationError

_ROLES: frozenset[str] = frozenset(get_args(Role))
_RATINGS = range(1, 6)
_TIMES = range(-2_208_988_800, 253_370_764_800)
"""Epoch seconds of the years 1900 to 9998, in which every calendar can reckon."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no conversation, by its number from 1, and why."""

    number: int
    reason: str


def read(path: Path) -> Iterator[Conversation | BadLine]:
    """Yield the conversations of a file, and what each unusable line lacks.

    Bytes that are not UTF-8 are replaced. Raises ConversationError when the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            yield from parse(lines)
    except OSError as error:
        raise ConversationError(
            f"cannot be read: {error.strerror}", where=str(path), hint="check the path"
        ) from error


def kept(found: Iterable[Conversation | BadLine], bad: list[BadLine]) -> Iterator[Conversation]:
    """Yield the conversations and collect the bad lines."""
    for each in found:
        if isinstance(each, BadLine):
            bad.append(each)
        else:
            yield each


def parse(lines: Iterable[str]) -> Iterator[Conversation | BadLine]:
    """Yield the conversations of JSON lines; empty lines are passed over."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield conversation(_decoded(line))
            except RecursionError:
                yield BadLine(number, "it nests too deeply")
            except (ValueError, TypeError) as error:
                yield BadLine(number, str(error))


def _decoded(line: str) -> Any:
    """Return the value of a JSON line; halves of characters, which no file can hold, become question marks."""
    data = json.loads(line)
    if "\\ud" in line.lower():
        data = json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
    return data


def conversation(data: Any) -> Conversation:
    """Return the conversation a JSON object describes. Raises ValueError naming the field."""
    if not isinstance(data, dict):
        msg = "it is not a JSON object"
        raise ValueError(msg)  # noqa: TRY004  a wrong line, not a wrong program
    return Conversation(
        id=_id(data.get("id")),
        created_at=_required_time(data.get("created_at")),
        messages=tuple(_message(m) for m in _list(data, "messages")),
        closed_at=_time(data.get("closed_at"), "closed_at"),
        rating=_rating(data.get("rating")),
        reopens=_count(data.get("reopens"), "reopens") or 0,
        handling_seconds=_count(data.get("handling_seconds"), "handling_seconds"),
        tags=tuple(str(tag) for tag in _list(data, "tags")),
        locale=data["locale"] if isinstance(data.get("locale"), str) else None,
        fin=_fin(data.get("fin")),
        contact=str(data.get("contact") or ""),
        people=tuple(str(p) for p in _list(data, "people")),
    )


def _id(value: Any) -> str:
    if value is None or isinstance(value, dict | list | bool) or not str(value):
        msg = "it has no id"
        raise ValueError(msg)
    return str(value)


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        msg = f"{key} is not a list"
        raise ValueError(msg)  # noqa: TRY004  a wrong line, not a wrong program
    return value


def _message(data: Any) -> Message:
    if not isinstance(data, dict) or data.get("role") not in _ROLES:
        msg = "a message has no role of customer, teammate or bot"
        raise ValueError(msg)
    return Message(data["role"], str(data.get("text") or ""), _time(data.get("at"), "at"))


def _required_time(value: Any) -> float:
    time = _time(value, "created_at")
    if time is None:
        msg = "it has no created_at"
        raise ValueError(msg)
    return time


def _time(value: Any, key: str) -> float | None:
    """Return epoch seconds of a number or an ISO 8601 text; a time without a zone is UTC."""
    if value is None:
        return None
    seconds = _seconds(value)
    if seconds is not None and _TIMES.start <= seconds < _TIMES.stop:
        return seconds
    msg = f"{key} is neither epoch seconds nor an ISO 8601 time"
    raise ValueError(msg)


def _seconds(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(min(value, _TIMES.stop)) if value == value else None  # noqa: PLR0124  NaN
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _rating(value: Any) -> int | None:
    number = _count(value, "rating")
    if number is not None and number not in _RATINGS:
        msg = "rating is not 1 to 5"
        raise ValueError(msg)
    return number


def _count(value: Any, key: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value < 0:  # noqa: PLR0124  NaN
        msg = f"{key} is not a number"
        raise ValueError(msg)
    return int(min(value, 10**12))


def _fin(value: Any) -> Fin | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        msg = "fin is not an object"
        raise ValueError(msg)  # noqa: TRY004  a wrong line, not a wrong program
    return Fin(str(value.get("resolution") or ""), tuple(str(s) for s in _list(value, "sources")))
