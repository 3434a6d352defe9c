"""The turns of a conversation: assistant, customer and teammates until it is closed."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

import msgspec

from kbsync.conversations.model import Fin, Message, Role
from kbsync.sandbox.helpdesk.catalogue import Topic, Voice, noise
from kbsync.sandbox.helpdesk.plan import Ticket
from kbsync.sandbox.helpdesk.writer import Writer

HELP_CENTER: Final = "https://help.kbsync.example"
_ELSEWHERE: Final = ("install", "first-sync", "connect-intercom", "verdicts", "images")


class Turn(msgspec.Struct, frozen=True):
    """One message before it has a time."""

    role: Role
    text: str


class Dialogue(msgspec.Struct, frozen=True):
    """All turns of one conversation, how often it was reopened, and what the assistant did."""

    turns: tuple[Turn, ...]
    reopens: int = 0
    fin: Fin | None = None

    def timed(self, start: float, seconds: float, chance: Random) -> tuple[Message, ...]:
        """Spread the turns over a time in seconds; the first stands at its start."""
        steps = sorted(chance.random() for _ in self.turns[1:])
        times = [start, *(start + int(step * seconds) for step in steps)]
        return tuple(
            Message(turn.role, turn.text, float(at)) for turn, at in zip(self.turns, times, strict=True)
        )


def idle(ticket: Ticket, writer: Writer) -> Dialogue:
    """Return a conversation about nothing that concerns kbsync."""
    said = [Turn("customer", writer.say(noise()[ticket.language]))]
    if writer.happens(0.45):
        said.append(Turn("teammate", writer.say(noise()["replies"])))
    return Dialogue(tuple(said))


def asked(topic: Topic, ticket: Ticket, writer: Writer) -> Dialogue:
    """Return a conversation about a topic, resolved by the assistant or by a teammate."""
    return _Desk(topic, ticket, writer).conversation()


class _Desk:
    """The help desk at work on one conversation."""

    def __init__(self, topic: Topic, ticket: Ticket, writer: Writer) -> None:
        self._topic = topic
        self._ticket = ticket
        self._writer = writer
        self._voice: Voice = topic.voices[ticket.language]
        self._turns: list[Turn] = []
        self._reopens = 0

    def conversation(self) -> Dialogue:
        for text in self._writer.opening(self._voice):
            self._customer(text)
        self._identify()
        fin = self._assistant()
        if fin is None or fin.resolution not in ("assumed_resolution", "confirmed_resolution"):
            self._people()
        elif fin.resolution == "confirmed_resolution":
            self._customer(self._writer.manner("thanks"))
        return Dialogue(tuple(self._turns), self._reopens, fin)

    def _customer(self, text: str) -> None:
        self._turns += [Turn("customer", text)] if text else []

    def _identify(self) -> None:
        """Let the assistant ask for an address, which most people give."""
        if self._ticket.language == "en" and self._writer.happens(0.2):
            self._turns.append(Turn("bot", self._writer.manner("bot_prompts")))
            if self._writer.happens(0.75):
                self._customer(self._writer.manner("email_reply"))

    def _assistant(self) -> Fin | None:
        """Let the assistant answer from the articles it has; without a fitting one it cannot resolve much."""
        if self._ticket.language != "en" or not self._writer.happens(0.28):
            return None
        if not self._topic.covered and self._writer.happens(0.5):
            self._turns.append(Turn("bot", self._writer.manner("bot_handover")))
            return Fin("escalated")
        sources = tuple(f"{HELP_CENTER}/en/articles/{slug}" for slug in self._sources())
        self._turns.append(Turn("bot", f"{self._writer.manner('bot_answers')}\n{sources[0]}"))
        states = ("confirmed_resolution", "assumed_resolution", "escalated", "negative_feedback")
        weights = (25, 30, 30, 15) if self._topic.covered else (1, 8, 60, 31)
        (state,) = self._writer.chance.choices(states, weights)
        return Fin(state, sources)

    def _sources(self) -> Sequence[str]:
        return self._topic.articles or (self._writer.chance.choice(_ELSEWHERE),)

    def _people(self) -> None:
        """Let teammates ask back, answer, and answer again where it did not help."""
        if self._ticket.language == "en" and self._writer.happens(0.16):
            self._teammate(self._writer.manner("intros"), self._writer.manner("queries"))
            self._customer(self._writer.manner("query_replies"))
        self._answer()
        if self._writer.happens(0.4):
            self._customer(self._writer.say(self._voice.followups))
            self._teammate(*self._writer.some(self._voice.steps, 1, 1), self._writer.manner("outros"))
        if self._writer.happens(0.4):
            self._customer(self._writer.manner("thanks"))
        if self._writer.happens(0.07 if self._topic.covered else 0.13):
            self._reopens += 1
            self._customer(self._writer.manner("still"))
            self._answer()

    def _answer(self) -> None:
        """Give most of the steps in their order, as a list or as prose."""
        writer = self._writer
        steps = writer.some(self._voice.steps, len(self._voice.steps), min(2, len(self._voice.steps)))
        shape = writer.chance.choice(("numbers", "dashes", "prose"))
        if shape == "numbers":
            body = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
        else:
            body = "\n".join(f"- {step}" for step in steps) if shape == "dashes" else " ".join(steps)
        self._teammate(
            writer.manner("intros"), *writer.maybe("leads", 0.5), body, *writer.maybe("outros", 0.6)
        )

    def _teammate(self, *parts: str) -> None:
        self._turns.append(Turn("teammate", "\n\n".join(part for part in parts if part)))
