"""What the customer writes first: a problem, its circumstances, and a manner of writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from kbsync.sandbox.helpdesk.catalogue import Language, Voice, document, manners, synonyms, topics
from kbsync.sandbox.helpdesk.people import Person
from kbsync.sandbox.helpdesk.phrases import misspelt, phrase, reworded, sentence
from kbsync.sandbox.helpdesk.plan import Style, Ticket

_SECOND_QUESTION: Final = 0.06
_INTRODUCED: Final = 0.12
_OTHER_WORDS: Final = 0.4
_TYPOS: Final[Mapping[Style, float]] = {"misspelt": 0.22, "short": 0.06, "angry": 0.03, "chatty": 0.05}


class Writer:
    """One customer with one ticket; every call goes on with the same run of chance."""

    def __init__(self, ticket: Ticket, person: Person, agent: str, chance: Random) -> None:
        self.ticket = ticket
        self.chance = chance
        self._manners = manners(ticket.language)
        self._slots = slots(ticket.language, person, agent)
        self._person = person

    def say(self, phrases: Sequence[str]) -> str:
        """Return one of the phrases, or "" where the language has none."""
        return phrase(self.chance.choice(phrases), self._slots, self.chance) if phrases else ""

    def some(self, phrases: Sequence[str], most: int, least: int = 0) -> list[str]:
        """Return some different phrases in the order of their list."""
        number = min(self.chance.randint(least, most), len(phrases))
        chosen = sorted(self.chance.sample(range(len(phrases)), number))
        return [phrase(phrases[each], self._slots, self.chance) for each in chosen]

    def happens(self, share: float) -> bool:
        """Tell whether this is one of a share of cases."""
        return self.chance.random() < share

    def manner(self, occasion: str) -> str:
        """Return what is said on an occasion."""
        return self.say(self._manners[occasion])

    def maybe(self, occasion: str, share: float) -> list[str]:
        """Return what is said on an occasion, in a share of cases."""
        said = self.manner(occasion) if self.happens(share) else ""
        return [said] if said else []

    def opening(self, voice: Voice) -> list[str]:
        """Return the messages with which the customer begins, in the ticket's style."""
        return self._chat(voice) if self.ticket.style == "chatty" else [self._message(voice)]

    def _typed(self, text: str) -> str:
        """Return a text as the hands of the style type it."""
        if self.ticket.style in ("misspelt", "short"):
            text = text.lower()
        return misspelt(text, _TYPOS.get(self.ticket.style, 0.0), self.chance)

    def _message(self, voice: Voice) -> str:
        match self.ticket.style:
            case "short":
                return self._short(voice)
            case "polite":
                return self._polite(voice)
            case "rambling":
                return self._rambling(voice)
            case "angry":
                return self._angry(voice)
            case "mail":
                return self._mail(voice)
            case _:
                return self._plain(voice)

    def _problem(self, voice: Voice) -> str:
        return self._own_words(sentence(self.say(voice.problems)))

    def _own_words(self, text: str) -> str:
        return reworded(text, synonyms(), _OTHER_WORDS, self.chance) if self.ticket.language == "en" else text

    def _core(self, voice: Voice) -> list[str]:
        """Return the problem among its circumstances, and sometimes a second question about something else."""
        problem = self._problem(voice)
        parts = [
            *self.maybe("contexts", 0.3),
            problem,
            *self.some(voice.details, 2),
            *self._more(voice, 0.35),
        ]
        if not problem.endswith("?"):
            parts += self.maybe("asks", 0.55)
        return parts + self._second_question()

    def _more(self, voice: Voice, share: float) -> list[str]:
        """Return, in a share of cases, a further thing that the customer noticed or wants about the same topic."""
        return [self._problem(voice)] if self.happens(share) else []

    def _second_question(self) -> list[str]:
        if self.ticket.language != "en" or not self.happens(_SECOND_QUESTION):
            return []
        other = self.chance.choice([topic for id, topic in topics().items() if id != self.ticket.topic])
        return [self.manner("links"), self._problem(other.voices["en"])]

    def _plain(self, voice: Voice) -> str:
        body = self._typed(" ".join(self._core(voice)))
        before = [*self.maybe("greetings", 0.6), *self.maybe("introductions", _INTRODUCED)]
        return _joined([*before, body, *self._signed(0.25)], self.chance)

    def _short(self, voice: Voice) -> str:
        own = voice.short if self.happens(0.55) else ()
        return self._typed(self._own_words(self.say(own or voice.problems)).rstrip(".?! "))

    def _polite(self, voice: Voice) -> str:
        body = [*self.maybe("polite_before", 0.7), *self._core(voice), *self.maybe("polite_after", 0.8)]
        return _joined([self.manner("greetings"), " ".join(body), *self._signed(0.7)], self.chance)

    def _rambling(self, voice: Voice) -> str:
        before = self.some(self._manners["ramble_before"], 2, 1) + self.some(self._manners["contexts"], 2)
        after = self.some(voice.details, 3, 1) + self.some(self._manners["ramble_after"], 2, 1)
        told = [" ".join(before), " ".join([self._problem(voice), *self._more(voice, 0.6), *after])]
        return _joined([*self.maybe("greetings", 0.7), *told, *self._signed(0.3)], self.chance)

    def _angry(self, voice: Voice) -> str:
        problem = self._problem(voice).rstrip(".") + self.chance.choice(("!", "!!", "", "!!!"))
        outbursts = self.some(self._manners["angry"], 2, 1)
        parts = [problem, *self.some(voice.details, 1), *outbursts]
        if self.happens(0.5):
            parts = [outbursts[0], problem, *self.some(voice.details, 1), *outbursts[1:]]
        text = self._typed(" ".join(parts))
        return text.upper() if self.happens(0.15) else text

    def _mail(self, voice: Voice) -> str:
        who = self._person
        body = " ".join([*self.maybe("introductions", 0.3), *self._core(voice)])
        signature = [f"{self.manner('closings')}\n{who.name}\n{who.company}\n{who.phone} | {who.email}"]
        tail = [*self.maybe("footers", 0.35), *self.maybe("quoted", 0.55)]
        return "\n\n".join([self.manner("greetings"), body, *signature, *tail])

    def _chat(self, voice: Voice) -> list[str]:
        details = [" ".join(self.some(voice.details, 2, 1))] if voice.details else self.maybe("contexts", 1)
        problem = self._typed(self._problem(voice))
        return [self.manner("greetings"), problem, *details, *self.maybe("asks", 0.4)]

    def _signed(self, share: float) -> list[str]:
        name = self.chance.choice((self._person.first, self._person.name))
        return [f"{closing}\n{name}" for closing in self.maybe("closings", share)]


def slots(language: Language, person: Person, agent: str) -> dict[str, Sequence[str]]:
    """Return what may fill each slot: things anybody writes of, and the data of one customer."""
    pools: dict[str, Sequence[str]] = {
        name: text.split("|") for name, text in document("people")["slots"].items()
    }
    for name in ("day", "month"):
        pools[name] = pools.get(f"{name}_{language}", pools[name])
    digits = "".join(sign for sign in person.account if sign.isdigit())
    return pools | {
        "n": [str(number) for number in range(3, 48)],
        "big": [str(number) for number in range(60, 2_400, 35)],
        "order": [f"#{digits[:6]}", f"KB-{digits[1:]}"],
        "agent": [agent],
        **{name: [getattr(person, name)] for name in ("name", "first", "company", "email", "phone")},
        **{name: [getattr(person, name)] for name in ("account", "card", "iban")},
    }


def _joined(parts: Sequence[str], chance: Random) -> str:
    """Join greeting, body and close with blank lines or on one line, as people do."""
    return chance.choice((" ", "\n\n", "\n\n")).join(part for part in parts if part)
