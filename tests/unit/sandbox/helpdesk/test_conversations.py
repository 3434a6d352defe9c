"""The support conversations a sandbox starts with."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from kbsync.conversations import lines as reading
from kbsync.conversations.model import Conversation
from kbsync.conversations.redact import iban, luhn
from kbsync.sandbox import seed as seeding
from kbsync.sandbox.helpdesk import COUNT, SEED, generate, lines
from kbsync.sandbox.helpdesk.catalogue import topics
from kbsync.sandbox.helpdesk.plan import STYLES, WEEKS, tickets
from kbsync.sandbox.helpdesk.truth import label_of

NOW = 1_790_000_000.0
WEEK = 7 * 86_400


@pytest.fixture(scope="module")
def desk() -> list[Conversation]:
    return generate(SEED, NOW)


def customer(conversation: Conversation) -> str:
    return "\n".join(message.text for message in conversation.messages if message.role == "customer")


def by_topic(desk: list[Conversation]) -> dict[str | None, list[Conversation]]:
    groups = defaultdict[str | None, list[Conversation]](list)
    for conversation in desk:
        groups[label_of(conversation.id)].append(conversation)
    return groups


def per_week(conversations: list[Conversation]) -> list[int]:
    counts = Counter(int((NOW - c.created_at) // WEEK) for c in conversations)
    return [counts[WEEKS - 1 - week] for week in range(WEEKS)]


def test_the_same_seed_and_clock_give_the_same_conversations(desk: list[Conversation]) -> None:
    """Two sandboxes with one seed hold the same conversations to the letter."""
    assert list(lines(desk)) == list(lines(generate(SEED, NOW)))


def test_another_seed_gives_other_conversations(desk: list[Conversation]) -> None:
    """The seed is really used."""
    other = generate(SEED + 1, NOW, 100)

    assert not {customer(c) for c in other} & {customer(c) for c in desk if len(customer(c)) > 80}


def test_a_later_clock_moves_the_times_alone(desk: list[Conversation]) -> None:
    """Ids and texts do not depend on when the sandbox was started."""
    later = generate(SEED, NOW + 5 * WEEK)

    assert [c.id for c in later] == [c.id for c in desk]
    assert [[m.text for m in c.messages] for c in later] == [[m.text for m in c.messages] for c in desk]
    assert {b.created_at - a.created_at for a, b in zip(desk, later, strict=True)} == {5 * WEEK}


@pytest.mark.parametrize("count", [0, 1, 50, 777, COUNT])
def test_as_many_are_made_as_are_asked_for(count: int) -> None:
    """Small desks are possible, each with distinct ids."""
    assert len({c.id for c in generate(SEED, NOW, count)}) == count


def test_ids_are_numbers_that_grow_with_time(desk: list[Conversation]) -> None:
    """An id tells nothing of the topic; a later conversation has a greater one, as at Intercom."""
    assert all(a.id.isdigit() and int(a.id) < int(b.id) for a, b in pairwise(desk))
    assert all(a.created_at <= b.created_at for a, b in pairwise(desk))


def test_all_of_them_were_resolved_in_the_twelve_weeks_before_now(desk: list[Conversation]) -> None:
    """Every conversation is closed, none in the future, and its turns lie between."""
    for conversation in desk:
        assert conversation.closed_at is not None
        times = [message.at for message in conversation.messages if message.at is not None]
        assert len(times) == len(conversation.messages) > 0
        assert NOW - WEEKS * WEEK - 1 <= conversation.created_at == times[0]
        assert [*times, conversation.closed_at, NOW] == sorted([*times, conversation.closed_at, NOW])


def test_topics_are_of_very_different_size(desk: list[Conversation]) -> None:
    """At least 42 topics, the smallest of a few conversations, the largest of more than a hundred."""
    sizes = Counter(label_of(c.id) for c in desk)
    noise = sizes.pop(None)

    assert len(sizes) >= 42
    assert set(sizes) == set(topics())
    assert 5 <= min(sizes.values()) <= 8
    assert 110 <= max(sizes.values()) <= 150
    assert 0.03 <= noise / len(desk) <= 0.05


def test_topics_grow_die_and_come_in_waves(desk: list[Conversation]) -> None:
    """Of the growing topics most fall into the second half, of the dying into the first; invoices every month."""
    groups = by_topic(desk)
    weeks = Counter[str]()
    for id, topic in topics().items():
        counts = per_week(groups[id])
        weeks.update({f"{topic.shape} early": sum(counts[:6]), f"{topic.shape} late": sum(counts[6:])})
    waves = per_week(groups["pricing-invoices"])

    assert weeks["growing late"] > 2 * weeks["growing early"]
    assert weeks["dying early"] > 1.5 * weeks["dying late"]
    assert sum(waves[::4]) > 1.2 * (sum(waves) - sum(waves[::4])) / 3 * 2


def test_every_style_and_language_occurs(desk: list[Conversation]) -> None:
    """Short, polite, rambling, angry, misspelt, mails, chats; some French, a few German."""
    known = tickets(SEED, COUNT)
    styles = Counter(ticket.style for ticket in known.values())
    languages = Counter(ticket.language for ticket in known.values())

    assert set(styles) == set(STYLES)
    assert min(styles.values()) >= 80
    assert 100 <= languages["fr"] <= 250
    assert 10 <= languages["de"] < 60


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("quoted mail", r"^> |-----Original Message-----"),
        ("mobile footer", r"Sent from my|Envoyé de"),
        ("signature", r"regards,\n\S+|Cordialement,\n\S+"),
        ("shouting", r"^[^a-z]{60,}$"),
        ("mail address", r"[\w.]+@[\w-]+\.example"),
        ("telephone", r"\+\d[\d ]{9,}"),
        ("account", r"ACC-\d{7}"),
        ("order", r"#\d{6}\b|KB-\d{6}\b"),
        ("French", r"\b(?:Comment|pouvez-vous|nos) "),
        ("German", r"\b(?:Unsere|nicht|seit) "),
        ("second question", r"One more thing:|And a second question:"),
    ],
)
def test_what_makes_real_mail_hard_occurs(desk: list[Conversation], what: str, pattern: str) -> None:
    """Furniture, personal data and manners stand in what customers write."""
    hits = sum(bool(re.search(pattern, customer(c), re.MULTILINE)) for c in desk)

    assert hits >= 3, what


def test_cards_and_accounts_have_right_check_digits(desk: list[Conversation]) -> None:
    """A redaction that checks numbers by their check digits finds them."""
    text = "\n".join(map(customer, desk))
    cards = re.findall(r"(?<!\d)(?<!\d )4\d{3}(?: \d{4}){3}\b", text)
    accounts = re.findall(r"\b(?:GB|FR|DE)\d\d(?: [A-Z\d]{2,4}){4,6}\b", text)

    assert len(cards) >= 5
    assert all(map(luhn, cards))
    assert len(accounts) >= 3
    assert all(map(iban, accounts))


def test_the_people_of_a_conversation_are_listed(desk: list[Conversation]) -> None:
    """Every mail address of a customer that stands in a text stands in the record too, with name and telephone."""
    for conversation in desk:
        name, _, email, phone = conversation.people
        assert " " in name
        assert any(sign.isdigit() for sign in phone)
        written = {found.lower() for found in re.findall(r"[\w.]+@[\w.-]+\.example", customer(conversation))}
        assert written <= {email, "support@kbsync.example"}


def test_a_contact_is_one_person(desk: list[Conversation]) -> None:
    """Some customers write again; a contact's id always means the same person."""
    records = defaultdict(set)
    for conversation in desk:
        records[conversation.contact].add(conversation.people)

    assert all(len(known) == 1 for known in records.values())
    assert len(records) < len(desk) * 0.8


def test_fifty_conversations_of_a_topic_do_not_share_one_template(desk: list[Conversation]) -> None:
    """Within a topic hardly two first messages are alike."""
    groups = by_topic(desk)
    for id in topics():
        members = groups[id]
        first = {
            " ".join(c.messages[0].text.lower().split()) for c in members if len(c.messages[0].text) > 60
        }
        long = [c for c in members if len(c.messages[0].text) > 60]
        assert len(first) >= 0.9 * len(long), id


def test_answers_of_a_topic_share_steps(desk: list[Conversation]) -> None:
    """A command that solves a topic is named in many of its answers, so that a draft can find it."""
    groups = by_topic(desk)
    answers = ["\n".join(m.text for m in c.messages if m.role == "teammate") for c in groups["conflict-held"]]

    assert sum("kbsync resolve ID" in answer for answer in answers) > 0.3 * len(answers)
    assert len(set(answers)) > 0.8 * len([answer for answer in answers if answer])


def test_the_record_is_filled_as_at_a_help_desk(desk: list[Conversation]) -> None:
    """Ratings, reopens, handling times, tags, locales and the assistant's results occur, and never always."""
    filled = {
        "rating": [c.rating is not None for c in desk],
        "reopens": [c.reopens > 0 for c in desk],
        "handling": [c.handling_seconds is not None for c in desk],
        "tags": [bool(c.tags) for c in desk],
        "locale": [c.locale is not None for c in desk],
        "fin": [c.fin is not None for c in desk],
        "bot": [any(m.role == "bot" for m in c.messages) for c in desk],
    }
    assert {name for name, found in filled.items() if not 0.02 < sum(found) / len(found) < 0.98} == set()
    assert {c.fin.resolution for c in desk if c.fin} == {
        "confirmed_resolution",
        "assumed_resolution",
        "escalated",
        "negative_feedback",
    }


def test_where_no_article_helps_customers_are_less_content(desk: list[Conversation]) -> None:
    """Mean ratings of topics with an article are higher."""
    groups = by_topic(desk)

    def mean(covered: bool) -> float:
        rated = [
            c.rating
            for id, topic in topics().items()
            if topic.covered is covered
            for c in groups[id]
            if c.rating
        ]
        return sum(rated) / len(rated)

    assert mean(covered=True) > mean(covered=False) + 0.3


def test_no_phrase_leaks_its_spelling(desk: list[Conversation]) -> None:
    """Alternations and slots of the data files never reach a conversation."""
    for conversation in desk:
        for message in conversation.messages:
            assert message.text.strip()
            bare = re.sub(r"\{=intercom\}|\{dc\.phone\}|`[^`]*`", "", message.text)
            assert not re.search(r"[{}|]|<[a-z]+>", bare.replace(" | ", ""), re.IGNORECASE), message.text


def test_lines_are_what_import_reads(desk: list[Conversation]) -> None:
    """The JSON lines come back as the same conversations."""
    assert list(reading.parse(lines(desk[:200]))) == desk[:200]


def test_the_sandbox_is_planted_with_the_seed_of_the_truth() -> None:
    """What the demo scores is what the sandbox was loaded with."""
    assert seeding._SEED_NUMBER == SEED
