"""The query language of `POST /conversations/search`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from html import unescape
from typing import Any, Final, TypeAlias

from kbsync.sandbox.intercom.problems import Refusal, invalid
from kbsync.sandbox.store import Doc

MAX_FILTERS: Final = 15
MAX_LEVELS: Final = 2
Condition: TypeAlias = Callable[[Doc], bool]

_DATES: Final = (
    "created_at updated_at waiting_since snoozed_until statistics.first_contact_reply_at "
    "statistics.first_assignment_at statistics.first_admin_reply_at statistics.first_close_at "
    "statistics.last_assignment_at statistics.last_assignment_admin_reply_at statistics.last_contact_reply_at "
    "statistics.last_admin_reply_at statistics.last_close_at conversation_rating.requested_at "
    "conversation_rating.replied_at"
).split()
_INTEGERS: Final = (
    "admin_assignee_id team_assignee_id statistics.time_to_assignment statistics.time_to_admin_reply "
    "statistics.time_to_first_close statistics.time_to_last_close statistics.median_time_to_reply "
    "statistics.count_reopens statistics.count_assignments statistics.count_conversation_parts "
    "conversation_rating.score ai_agent.rating"
).split()
_BOOLEANS: Final = ("open", "read", "ai_agent_participated")
_STRINGS: Final = (
    "id state priority source.type source.id source.delivered_as source.subject source.body source.author.id "
    "source.author.type source.author.name source.author.email source.url contact_ids teammate_ids tag_ids "
    "channel_initiated statistics.last_closed_by_id conversation_rating.remark conversation_rating.contact_id "
    "conversation_rating.admin_d ai_agent.resolution_state ai_agent.last_answer_type ai_agent.rating_remark "
    "ai_agent.source_type ai_agent.source_title"
).split()
NUMBERS: Final = frozenset((*_DATES, *_INTEGERS))
FIELDS: Final = NUMBERS | {*_BOOLEANS, *_STRINGS}
"""What can be searched for; `conversation_rating.admin_d` is spelt as Intercom spells it."""

_PATHS: Final = {
    "conversation_rating.score": "conversation_rating.rating",
    "conversation_rating.requested_at": "conversation_rating.created_at",
    "conversation_rating.replied_at": "conversation_rating.updated_at",
    "conversation_rating.contact_id": "conversation_rating.contact.id",
    "conversation_rating.admin_d": "conversation_rating.teammate.id",
    "channel_initiated": "channel.initial",
}
_LISTS: Final = {
    "contact_ids": ("contacts", "contacts"),
    "teammate_ids": ("teammates", "teammates"),
    "tag_ids": ("tags", "tags"),
}
_WORD = re.compile(r"\w+")
_TAG = re.compile(r"<[^>]*>")


def compiled(query: dict[str, Any], level: int = 0) -> Condition:
    """Return the condition a query states.

    Raises Refusal (400) for unknown fields and operators, more than 15 filters in a group, and groups
    nested more than two deep.
    """
    if query.get("operator") in ("AND", "OR") and isinstance(query.get("value"), list):
        return _group(query, level)
    return _filter(query)


def _group(query: dict[str, Any], level: int) -> Condition:
    if level >= MAX_LEVELS:
        raise invalid(f"Filters can't be nested more than {MAX_LEVELS} levels deep", "query")
    filters = query["value"]
    if not filters or len(filters) > MAX_FILTERS:
        raise invalid(f"A group must have 1 to {MAX_FILTERS} filters", "query")
    if not all(isinstance(entry, dict) for entry in filters):
        raise Refusal(400, "type_mismatch", "A filter must be an object", "query")
    conditions = [compiled(entry, level + 1) for entry in filters]
    combine = all if query["operator"] == "AND" else any
    return lambda doc: combine(condition(doc) for condition in conditions)


def _filter(query: dict[str, Any]) -> Condition:
    field, name, value = query.get("field"), query.get("operator"), query.get("value")
    if field not in FIELDS:
        raise invalid(f"Invalid search field: {field}", "query.field")
    if name not in _OPERATORS:
        raise invalid(f"Invalid search operator: {name}", "query.operator")
    if (name in ("IN", "NIN")) != isinstance(value, list):
        raise invalid(f"{name} does not go with this value", "query.value")
    wanted = [_typed(field, entry) for entry in value] if isinstance(value, list) else _typed(field, value)
    if name in ("<", ">") and field not in NUMBERS:
        raise invalid(f"{name} does not go with {field}", "query.operator")
    judge = _OPERATORS[name]
    return lambda doc: judge(values(doc, field), wanted)


def _typed(field: str, value: Any) -> Any:
    """Return a value of the field's type; numbers may be sent as text."""
    if value is None:
        return None
    try:
        if field in NUMBERS:
            return int(value)
    except (TypeError, ValueError) as error:
        raise Refusal(400, "type_mismatch", f"{field} needs a number", "query.value") from error
    if field in _BOOLEANS:
        return str(value).lower() == "true"
    return str(value).lower()


def values(doc: Doc, field: str) -> list[Any]:
    """Return what a conversation holds under a field: [None] for nothing, several for lists and words."""
    if field in _LISTS:
        outer, inner = _LISTS[field]
        return [str(entry["id"]).lower() for entry in (doc.get(outer) or {}).get(inner, [])] or [None]
    value: Any = doc
    for step in _PATHS.get(field, field).split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if field == "source.body":
        return _WORD.findall(unescape(_TAG.sub(" ", value or "")).lower()) or [None]
    return [value.lower() if isinstance(value, str) else value]


def _any(test: Callable[[Any, Any], bool]) -> Callable[[list[Any], Any], bool]:
    return lambda found, wanted: any(value is not None and test(value, wanted) for value in found)


def _none(test: Callable[[Any, Any], bool]) -> Callable[[list[Any], Any], bool]:
    return lambda found, wanted: not any(value is not None and test(value, wanted) for value in found)


def _equal(found: list[Any], wanted: Any) -> bool:
    return wanted in found


_OPERATORS: Final[dict[str, Callable[[list[Any], Any], bool]]] = {
    "=": _equal,
    "!=": lambda found, wanted: wanted not in found,
    "IN": lambda found, wanted: any(value in wanted for value in found),
    "NIN": lambda found, wanted: all(value not in wanted for value in found),
    ">": _any(operator.ge),  # documented as "greater (or equal) than"
    "<": _any(operator.le),
    "~": _any(lambda value, wanted: str(wanted) in str(value)),
    "!~": _none(lambda value, wanted: str(wanted) in str(value)),
    "^": _any(lambda value, wanted: str(value).startswith(str(wanted))),
    "$": _any(lambda value, wanted: str(value).endswith(str(wanted))),
}
