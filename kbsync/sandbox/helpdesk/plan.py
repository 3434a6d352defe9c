"""Who asks what and when, before a word is written; nothing here depends on the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate
from random import Random
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from kbsync.sandbox.helpdesk.catalogue import Language, Shape, Topic, topics

SEED: Final = 7
COUNT: Final = 2_000
WEEKS: Final = 12
NOISE: Final = 0.04

Style: TypeAlias = Literal["plain", "short", "polite", "rambling", "angry", "misspelt", "mail", "chatty"]
STYLES: Final[tuple[Style, ...]] = get_args(Style)

_WEEK: Final = 7 * 86_400
_HOUR: Final = 3_600
_GERMAN: Final = 0.05
_FRENCH_NOISE: Final = 0.1
_STYLE_WEIGHTS: Final = (26, 16, 14, 9, 9, 9, 11, 6)
_FIRST_ID: Final = 215_468_100_230_417
_SHAPES: Final[Mapping[Shape, tuple[float, ...]]] = {
    "steady": (1.0,) * WEEKS,
    "growing": tuple(0.25 + 0.2 * week for week in range(WEEKS)),
    "dying": tuple(2.4 - 0.2 * week for week in range(WEEKS)),
    "monthly": tuple(3.0 if week % 4 == 0 else 0.6 for week in range(WEEKS)),
}


class Ticket(msgspec.Struct, frozen=True):
    """One conversation to be: its topic, None for noise, and its age in seconds when the clock is asked."""

    id: str
    topic: str | None
    language: Language
    style: Style
    age: float


@cache
def tickets(seed: int, count: int) -> Mapping[str, Ticket]:
    """Return so many tickets by id, the oldest first; ids are numbers that grow with time."""
    chance = Random(f"{seed}/{count}")  # noqa: S311  a repeatable sandbox
    drawn = sorted(_drawn(count, chance), key=lambda ticket: -ticket.age)
    ids = accumulate((chance.randrange(40_000, 90_000_000) for _ in drawn), initial=_FIRST_ID)
    return {
        str(id): msgspec.structs.replace(ticket, id=str(id)) for id, ticket in zip(ids, drawn, strict=False)
    }


def sizes(count: int) -> Counter[str]:
    """Share `count` conversations out among the topics by largest remainder; what is left over is noise."""
    known = topics()
    exact = {id: topic.size * count * (1 - NOISE) / _total() for id, topic in known.items()}
    shares = Counter({id: int(share) for id, share in exact.items()})
    left = int(count * (1 - NOISE)) - shares.total()
    shares.update(sorted(exact, key=lambda id: shares[id] - exact[id])[:left])
    return shares


@cache
def _total() -> int:
    return sum(topic.size for topic in topics().values())


def _drawn(count: int, chance: Random) -> Iterator[Ticket]:
    shares = sizes(count)
    for id, size in shares.items():
        topic = topics()[id]
        for _ in range(size):
            yield _ticket(id, _language(topic, chance), topic.shape, chance)
    for _ in range(count - shares.total()):
        yield _ticket(None, "fr" if chance.random() < _FRENCH_NOISE else "en", "steady", chance)


def _ticket(topic: str | None, language: Language, shape: Shape, chance: Random) -> Ticket:
    (style,) = chance.choices(STYLES, _STYLE_WEIGHTS)
    (week,) = chance.choices(range(WEEKS), _SHAPES[shape])
    age = (WEEKS - week - chance.random()) * _WEEK
    return Ticket(id="", topic=topic, language=language, style=style, age=max(age, _HOUR))


def _language(topic: Topic, chance: Random) -> Language:
    draw = chance.random()
    if draw < topic.french:
        return "fr"
    return "de" if "de" in topic.voices and draw > 1 - _GERMAN else "en"
