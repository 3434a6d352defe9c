"""From tickets to conversations with times, ratings and the rest of a help desk's record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

import msgspec

from kbsync.conversations.model import Conversation
from kbsync.sandbox.helpdesk import dialogue, people
from kbsync.sandbox.helpdesk.catalogue import Topic, document, topics
from kbsync.sandbox.helpdesk.plan import COUNT, Ticket, tickets
from kbsync.sandbox.helpdesk.writer import Writer

_CUSTOMERS: Final = 0.7
_DAYS: Final = 3
_DAY: Final = 86_400
_HANDLING: Final = 600


def generate(seed: int, now: float, count: int = COUNT) -> list[Conversation]:
    """Return resolved conversations of the twelve weeks before `now`, the oldest first.

    The same seed and count give the same conversations with the same ids; `now` (epoch seconds) moves their times.
    """
    return [_written(ticket, seed, now, count) for ticket in tickets(seed, count).values()]


def lines(conversations: Iterable[Conversation]) -> Iterator[str]:
    """Yield conversations as the JSON lines that `kbsync conversations import` reads."""
    for conversation in conversations:
        yield msgspec.json.encode(conversation).decode() + "\n"


def _written(ticket: Ticket, seed: int, now: float, count: int) -> Conversation:
    chance = Random(f"{seed}/{ticket.id}")  # noqa: S311  a repeatable sandbox
    person = people.person(seed, ticket.language, chance.randrange(1, int(count * _CUSTOMERS) + 2))
    writer = Writer(ticket, person, chance.choice(document("people")["agents"].split()), chance)
    topic = topics()[ticket.topic] if ticket.topic else None
    told = dialogue.asked(topic, ticket, writer) if topic else dialogue.idle(ticket, writer)
    start = float(int(now - ticket.age))
    seconds = min(chance.lognormvariate(9.5, 1.2), _DAYS * _DAY, ticket.age * 0.9)
    closed = float(int(start + seconds) + 1)
    return Conversation(
        id=ticket.id,
        created_at=start,
        messages=told.timed(start, seconds, chance),
        closed_at=closed,
        rating=_rating(topic, chance),
        reopens=told.reopens,
        handling_seconds=_handling(topic, chance),
        tags=topic.tags if topic and _happens(0.45, chance) else (),
        locale=ticket.language if _happens(0.6, chance) else None,
        fin=told.fin,
        contact=person.contact,
        people=person.record,
    )


def _rating(topic: Topic | None, chance: Random) -> int | None:
    """Rate a third of the conversations; where no article helps, worse."""
    if topic is None or _happens(0.67, chance):
        return None
    weights = (4, 6, 15, 35, 40) if topic.covered else (15, 18, 25, 24, 18)
    return chance.choices(range(1, 6), weights)[0]


def _handling(topic: Topic | None, chance: Random) -> int | None:
    """Measure most conversations; where no article can be sent, they take longer."""
    if topic is None or _happens(0.15, chance):
        return None
    return int(chance.lognormvariate(0, 0.6) * _HANDLING * (1 if topic.covered else 1.6)) + 30


def _happens(share: float, chance: Random) -> bool:
    return chance.random() < share
