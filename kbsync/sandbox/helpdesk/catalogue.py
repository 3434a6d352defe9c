"""What is asked and how it is said: the data files beside this module, read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import msgspec
from ruamel.yaml import YAML

Language: TypeAlias = Literal["en", "fr", "de"]
Shape: TypeAlias = Literal["steady", "growing", "dying", "monthly"]

THEMES: Final = (
    "setup",
    "running",
    "keeping",
    "writing",
    "insight",
    "unanswered_money",
    "unanswered_systems",
    "unanswered_operations",
)


class Voice(msgspec.Struct, frozen=True):
    """How one language speaks about a topic; `short` and `followups` may be empty, `steps` are the answer's."""

    problems: tuple[str, ...]
    short: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    followups: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


class Topic(msgspec.Struct, frozen=True):
    """One thing that customers ask about.

    `articles` are the ids of the articles that answer it and `languages` those in which one of them exists; both
    are empty where the help center has none. `size` is its number of conversations among 1,930, `french` the
    share asked in French.
    """

    id: str
    name: str
    covered: bool
    articles: tuple[str, ...]
    languages: frozenset[str]
    size: int
    shape: Shape
    french: float
    tags: tuple[str, ...]
    voices: Mapping[Language, Voice]


class Manners(msgspec.Struct, frozen=True):
    """What a language says around a question and its answer, by occasion."""

    phrases: Mapping[str, tuple[str, ...]]

    def __getitem__(self, occasion: str) -> tuple[str, ...]:
        """Return the phrases of an occasion; a language may have none."""
        return self.phrases.get(occasion, ())


@cache
def topics() -> Mapping[str, Topic]:
    """Return all topics by id."""
    return MappingProxyType({topic.id: topic for theme in THEMES for topic in _theme(theme)})


@cache
def manners(language: Language) -> Manners:
    """Return what is said around a question in a language."""
    return Manners({occasion: _lines(text) for occasion, text in document("manners")[language].items()})


@cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """Return English words with others that people say instead."""
    return {word: tuple(others.split("|")) for word, others in document("manners")["synonyms"].items()}


@cache
def noise() -> Mapping[str, tuple[str, ...]]:
    """Return the messages that belong to no topic by language, and under `replies` what teammates say to them."""
    return {key: _lines(text) for key, text in document("noise").items()}


@cache
def document(name: str) -> Mapping[str, Any]:
    """Return a data file."""
    text = files("kbsync.sandbox.helpdesk").joinpath("data", f"{name}.yaml").read_text("utf-8")
    return MappingProxyType(YAML(typ="safe").load(text))


def _theme(theme: str) -> Iterator[Topic]:
    table = document("articles")
    for id, entry in document(theme).items():
        articles = tuple(table["answered"].get(id, "").split())
        french = not set(articles).isdisjoint(table["french"].split())
        yield Topic(
            id=id,
            name=entry["name"],
            covered=bool(articles),
            articles=articles,
            languages=frozenset(("en", "fr") if french else ("en",) if articles else ()),
            size=entry["size"],
            shape=entry["shape"],
            french=entry.get("french", 0.0),
            tags=tuple(entry["tags"].split(", ")),
            voices=_voices(entry),
        )


def _voices(entry: Mapping[str, Any]) -> Mapping[Language, Voice]:
    english = Voice(
        problems=_lines(entry["problems"]),
        short=_lines(entry["short"]),
        details=_lines(entry["details"]),
        followups=_lines(entry["followups"]),
        steps=_lines(entry["steps"]),
    )
    voices: dict[Language, Voice] = {"en": english}
    if "fr" in entry:
        voices["fr"] = Voice(_lines(entry["fr"]), steps=_lines(entry["fr_steps"]))
    if "de" in entry:
        voices["de"] = Voice(_lines(entry["de"]), steps=english.steps)
    return voices


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.replace("\\n", "\n") for line in text.splitlines() if line)
