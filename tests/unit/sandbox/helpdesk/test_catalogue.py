"""The data files that conversations are made of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from kbsync import resources
from kbsync.replicas.files import frontmatter
from kbsync.sandbox.helpdesk.catalogue import document, manners, noise, topics
from kbsync.sandbox.helpdesk.people import person
from kbsync.sandbox.helpdesk.phrases import ALTERNATION, SLOT, misspelt, phrase, reworded, sentence
from kbsync.sandbox.helpdesk.plan import sizes
from kbsync.sandbox.helpdesk.writer import slots

_LITERAL = {"slug", "id"}


def articles() -> dict[str, set[str]]:
    """Return the published articles of the help center by id, with their languages."""
    found: dict[str, set[str]] = {}
    for path in resources.folder("content").rglob("*.md"):
        if path.name.startswith("_") or "_drafts" in path.parts:
            continue
        name = path.name.split(".")
        base = path.with_name(f"{name[0]}.md")
        page = frontmatter.split(base.read_text("utf-8"), base.name)
        keys = frontmatter.load(page.front, base.name)
        if keys.get("state") == "published":
            found.setdefault(str(keys["id"]), set()).add(name[1] if len(name) > 2 else "en")
    return found


def phrases() -> Iterator[str]:
    for topic in topics().values():
        for voice in topic.voices.values():
            yield from (
                *voice.problems,
                *voice.short,
                *voice.details,
                *voice.followups,
                *voice.steps,
            )
    for language in ("en", "fr", "de"):
        for said in manners(language).phrases.values():
            yield from said
    for messages in noise().values():
        yield from messages


def plain(text: str) -> str:
    """Return a phrase with the first of each alternation, in lower case without punctuation."""
    first = ALTERNATION.sub(lambda match: match[1].split("|")[0], text)
    return " ".join(re.findall(r"\w+", first.lower()))


def test_a_third_of_the_topics_has_no_article() -> None:
    """The help center answers about two thirds of what is asked."""
    covered = Counter(topic.covered for topic in topics().values())

    assert covered[True] >= 28
    assert 14 <= covered[False] <= 16
    assert 0.27 <= covered[False] / covered.total() <= 0.4


def test_every_article_that_answers_a_topic_exists() -> None:
    """The table names published articles of the help center that travels with the package, in their languages."""
    known = articles()
    table = document("articles")

    assert {id for topic in topics().values() for id in topic.articles} <= set(known)
    assert {id for id in table["french"].split() if "fr" not in known.get(id, ())} == set()
    assert set(table["answered"]) <= set(topics())


def test_every_topic_is_told_in_many_ways() -> None:
    """Twelve problem statements or more in English, three in French where it is asked in French."""
    for id, topic in topics().items():
        english = topic.voices["en"]
        assert len(english.problems) >= 12, id
        assert len(english.short) >= 2, id
        assert len(english.details) >= 2, id
        assert len(english.steps) >= 2, id
        assert bool(topic.french) == ("fr" in topic.voices), id
        if topic.french:
            assert len(topic.voices["fr"].problems) >= 3, id
            assert len(topic.voices["fr"].steps) >= 2, id


def test_no_two_topics_share_a_problem_statement() -> None:
    """What is said about one topic is said about no other."""
    told = Counter(
        plain(text)
        for topic in topics().values()
        for voice in topic.voices.values()
        for text in voice.problems
    )

    assert [text for text, times in told.items() if times > 1] == []


def test_every_slot_is_known() -> None:
    """A slot that nothing fills is a mistake in a data file."""
    known = set(slots("en", person(1, "en", 1), "Robin")) | _LITERAL

    assert {slot for text in phrases() for slot in SLOT.findall(text)} <= known


def test_braces_are_balanced() -> None:
    """After all alternations are chosen no brace is left, except in code."""
    chance = Random(1)
    for text in phrases():
        rest = re.sub(r"\{=intercom\}|\{dc\.phone\}|`[^`]*`", "", phrase(text, {}, chance))
        assert not re.search(r"[{}|]", rest.replace(" | ", "")), text


@pytest.mark.parametrize("count", [10, 100, 2_000])
def test_sizes_add_up(count: int) -> None:
    """The topics share all but the noise."""
    assert sizes(count).total() == int(count * 0.96)


def test_typing_errors_leave_names_numbers_and_code() -> None:
    """Only ordinary words in lower case are mistyped."""
    text = "Ask Olivia about `kbsync sync` on 2024 at a.b@fennel.example or KB401"

    assert misspelt(text, 1.0, Random(3)).startswith("Ask Olivia ")
    assert "`kbsync sync` on 2024 at a.b@fennel.example or KB401" in misspelt(text, 1.0, Random(3))
    assert misspelt("nothing arrives today", 1.0, Random(3)) != "nothing arrives today"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It stopped", "It stopped."),
        ("Where is it", "Where is it?"),
        ("Where is it? I looked", "Where is it? I looked."),
        ("Stop!", "Stop!"),
    ],
)
def test_a_sentence_ends(text: str, expected: str) -> None:
    """Questions end in a question mark, all else in a full stop."""
    assert sentence(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Delete an article", "Delete a page"),
        ("A page is here", "An article is here"),
        ("Article of ours", "Page of ours"),
        ("see article.md, `article` and subarticle", "see article.md, `article` and subarticle"),
    ],
)
def test_words_are_exchanged_with_their_article(text: str, expected: str) -> None:
    """A synonym keeps the capital letter, `a` becomes `an` where it must, code and paths stay."""
    others = {"article": ["page"], "page": ["article"]}

    assert reworded(text, others, 1.0, Random(1)) == expected
    assert reworded(text, others, 0.0, Random(1)) == text
