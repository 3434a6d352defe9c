"""The part of CQL that tools use: space, type, title, text, label, dates, place in the tree.

Dates have minutes, and are read in the time zone of the account ("Advanced searching using CQL",
developer.atlassian.com; github.com/opensearch-project/data-prepper/pull/5629).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kbsync.sandbox.confluence.failure import invalid

Values: TypeAlias = tuple[str, ...]
Holds: TypeAlias = Callable[[str, str, Values], bool]
"""(field, operator, values) on one item."""

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<operator>!=|!~|>=|<=|=|~|>|<|\(|\)|,)|(?P<word>[^\s()=!~<>,"']+))""",
    re.DOTALL,
)
_OPERATORS: Final = frozenset({"=", "!=", "~", "!~", ">", ">=", "<", "<="})
FIELDS: Final = frozenset(
    "space type title text sitesearch label lastmodified created creator contributor id content parent ancestor".split()
)
_DATES: Final = frozenset({"lastmodified", "created"})
_ALIASES: Final = {
    "space.key": "space",
    "space.id": "space",
    "contentid": "id",
    "content": "id",
    "macro": "text",
}
_DATE_FORMS: Final = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
_SHIFT: Final = re.compile(r"([+-]\d+)([yMwdhm])")
_UNITS: Final = {"y": 525_600, "M": 43_200, "w": 10_080, "d": 1_440, "h": 60, "m": 1}


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: a test for one item, and the fields to sort by (name, descending)."""

    matches: Callable[[Holds], bool]
    order: tuple[tuple[str, bool], ...] = ()


def parse(text: str) -> Query:
    """Return the query.

    Raises:
        Refusal: 400 "Could not parse cql" for what this subset, or CQL, does not know.
    """
    reader = _Reader(text)
    matches = reader.any_of() if not reader.at("order") and reader.peek() else lambda _: True
    order = reader.order()
    if reader.peek() is not None:
        raise _unparsable(text)
    return Query(matches, order)


def moment(literal: str, zone: tzinfo, now: datetime) -> datetime:
    """Return the minute that a date literal or `now("-4w")` means, in UTC; raises 400."""
    if literal.lower().startswith("now("):
        return (now + _shift(literal[4:-1].strip("\"'"))).replace(second=0, microsecond=0)
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(literal, form).replace(tzinfo=zone).astimezone(UTC)
        except ValueError:
            continue
    raise invalid(f"Could not parse cql : the date '{literal}' is not valid")


def zone_of(name: str) -> tzinfo:
    """Return a time zone; UTC where the machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def compare(operator: str, left: object, right: object) -> bool:
    """Tell whether two comparable values stand in this relation."""
    tests: dict[str, bool] = {
        "=": left == right,
        "!=": left != right,
        ">": left > right,  # type: ignore[operator]
        ">=": left >= right,  # type: ignore[operator]
        "<": left < right,  # type: ignore[operator]
        "<=": left <= right,  # type: ignore[operator]
    }
    return tests[operator]


def _shift(text: str) -> timedelta:
    if not text:
        return timedelta()
    match = _SHIFT.fullmatch(text)
    if match is None:
        raise invalid(f"Could not parse cql : the period '{text}' is not valid")
    return timedelta(minutes=int(match[1]) * _UNITS[match[2]])


def _unparsable(text: str) -> Exception:
    return invalid(f"Could not parse cql : {text}")


class _Reader:
    """A recursive-descent parser; every method returns a test."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.place = 0

    def peek(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def at(self, word: str) -> bool:
        token = self.peek()
        return token is not None and token.lower() == word

    def next(self) -> str:
        token = self.peek()
        if token is None:
            raise _unparsable(self.text)
        self.place += 1
        return token

    def take(self, word: str) -> bool:
        if self.at(word):
            self.place += 1
            return True
        return False

    def any_of(self) -> Callable[[Holds], bool]:
        tests = [self.all_of()]
        while self.take("or"):
            tests.append(self.all_of())
        return lambda holds: any(test(holds) for test in tests)

    def all_of(self) -> Callable[[Holds], bool]:
        tests = [self.one()]
        while self.take("and"):
            tests.append(self.one())
        return lambda holds: all(test(holds) for test in tests)

    def one(self) -> Callable[[Holds], bool]:
        if self.take("not"):
            test = self.one()
            return lambda holds: not test(holds)
        if self.take("("):
            test = self.any_of()
            if not self.take(")"):
                raise _unparsable(self.text)
            return test
        return self.clause()

    def clause(self) -> Callable[[Holds], bool]:
        field = self.next().lower()
        field = _ALIASES.get(field, field)
        operator = self.operator()
        values = self.list() if operator in {"in", "not in"} else (self.value(),)
        if field not in FIELDS:
            raise invalid(f"Could not parse cql : no field exists with name: {field}")
        return lambda holds: holds(field, operator, values)

    def operator(self) -> str:
        if self.take("not"):
            if self.take("in"):
                return "not in"
            raise _unparsable(self.text)
        operator = self.next().lower()
        if operator != "in" and operator not in _OPERATORS:
            raise _unparsable(self.text)
        return operator

    def list(self) -> Values:
        if not self.take("("):
            raise _unparsable(self.text)
        values = [self.value()]
        while self.take(","):
            values.append(self.value())
        if not self.take(")"):
            raise _unparsable(self.text)
        return tuple(values)

    def value(self) -> str:
        token = self.next()
        if self.at("(") and token.lower() in {"now", "currentuser"}:
            self.next()
            inside = "" if self.at(")") else self.next()
            if not self.take(")"):
                raise _unparsable(self.text)
            return f"{token.lower()}({_unquoted(inside)})"
        return _unquoted(token)

    def order(self) -> tuple[tuple[str, bool], ...]:
        if not self.take("order"):
            return ()
        if not self.take("by"):
            raise _unparsable(self.text)
        fields = [self._ordered()]
        while self.take(","):
            fields.append(self._ordered())
        return tuple(fields)

    def _ordered(self) -> tuple[str, bool]:
        field = self.next().lower()
        descending = self.take("desc")
        if not descending:
            self.take("asc")
        return field, descending


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unparsable(text)
        place = match.end()
        yield match[match.lastgroup or 0]


def _unquoted(token: str) -> str:
    if len(token) > 1 and token[0] == token[-1] and token[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    return token
