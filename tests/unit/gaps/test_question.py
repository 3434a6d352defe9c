"""What the customer asked is found among manners, mail furniture and slot values."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbsync.conversations.model import Conversation, Message
from kbsync.gaps.desk import fold
from kbsync.gaps.language import detect
from kbsync.gaps.question import Question, extract, extract_all
from kbsync.gaps.slots import mask


def asking(*texts: str, people: tuple[str, ...] = ()) -> Conversation:
    messages = tuple(Message("customer", text) for text in texts)
    return Conversation(id="c", created_at=0.0, messages=messages, people=people)


def test_all_customer_turns_count_and_manners_do_not() -> None:
    """The problem told in later turns is kept, greetings and thanks are dropped."""
    found = extract(asking("Hi there!", "I need to return an item", "It is the wrong size.", "Thanks a lot!"))

    assert found.text == "I need to return an item It is the wrong size."


def test_only_the_customer_speaks() -> None:
    """Bot prompts and teammates' words are no part of the question."""
    conversation = Conversation(
        id="c",
        created_at=0.0,
        messages=(
            Message("bot", "Choose billing"),
            Message("customer", "Where is my parcel?"),
            Message("teammate", "On its way"),
        ),
    )

    assert extract(conversation).text == "Where is my parcel?"


def test_quoted_mail_and_signature_are_dropped() -> None:
    """What follows the signature or a quote header was not asked now."""
    mail = "The export fails with an error.\nBest regards\nJohn\n\nOn Monday, Ann wrote:\n> Please pay the invoice"

    assert extract(asking(mail)).text == "The export fails with an error."


def test_a_conversation_of_manners_alone_asks_nothing() -> None:
    """A greeting is no topic."""
    assert extract(asking("Hi!", "thanks")) == Question("c", "", "")


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("my name is Crystal Minh", "my name is [name]"),
        ("mail me at a.b@example.com", "mail me at [email]"),
        ("I paid $45.20 twice", "I paid [amount] twice"),
        ("on 12 March 2024 at 5pm", "on [date] at [time]"),
        ("order 3348917502 is late", "order [number] is late"),
        ("account cminh730 is locked", "account [number] is locked"),
        ("see https://example.com/x?y=1", "see [link]"),
    ],
)
def test_slot_values_are_masked(said: str, masked: str) -> None:
    """Who, when, how much and which order never split a topic."""
    assert mask(said) == masked


def test_people_the_record_names_are_masked_in_any_case() -> None:
    """Exact strings of the record are hidden before patterns are tried."""
    assert (
        mask("this is ADA LOVELACE of Engines Ltd", ("Ada Lovelace", "Engines Ltd"))
        == "this is [name] of [name]"
    )


def test_resends_are_folded_with_their_count() -> None:
    """The same words in another case or with other signs are one question asked twice."""
    questions = [
        Question(str(n), text, text) for n, text in enumerate(("Lost my card!", "lost my card", "Other"))
    ]

    assert fold(questions, [0, 1, 2]) == (["Lost my card!", "Other"], [[0, 1], [2]])


def test_a_lone_odd_guess_gives_way_to_what_the_desk_speaks() -> None:
    """Short English lines among English ones are English; a declared locale is trusted."""
    texts = ["How do I locate my card?", "lost card", "PIN?", "Is there a fee for this transfer?", "no idea"]

    assert detect(texts, [None] * 4 + ["pt-BR"], "en") == ["en"] * 4 + ["pt"]


def test_languages_of_one_desk_are_told_apart() -> None:
    """German and English questions end in different groups."""
    texts = ["Wo finde ich meine Rechnung vom letzten Monat?", "Where do I find last month's invoice?"]

    assert detect(texts, [None, None], "en") == ["de", "en"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=5))
def test_any_text_gives_a_question_without_control_characters(texts: list[str]) -> None:
    """Binary rubbish, lone surrogates and direction overrides never reach the encoders."""
    found = extract(asking(*texts, "\u202eabc\x00"))

    assert not set(found.text) & {"\x00", "\u202e", "\ud800"}


def test_what_stands_beside_anything_is_no_problem() -> None:
    """A sentence said in many conversations that share nothing else is dropped, the sentence of one topic stays."""
    things = "parcel password invoice refund login colour delivery voucher basket coupon".split()
    mixed = [asking(f"{thing} {thing}s.", "My boss reads along here.") for thing in things]
    alike = [asking(f"Wrong size of shirt {thing}.", "Please exchange my shirt.") for thing in things]

    texts = [found.text for found in extract_all([*mixed, *alike])]

    assert not any("boss" in text for text in texts)
    assert all("exchange my shirt" in text for text in texts[len(things) :])


def test_who_says_nothing_else_is_still_heard() -> None:
    """A conversation of one common sentence keeps it."""
    things = "parcel password invoice refund login colour delivery voucher basket coupon".split()
    found = extract_all(
        [
            *(asking(f"{thing} {thing}s.", "My boss reads along here.") for thing in things),
            asking("My boss reads along here."),
        ]
    )

    assert found[-1].text == "My boss reads along here."


@given(st.lists(st.lists(st.text(max_size=30), max_size=4), max_size=8))
def test_reading_together_keeps_order_and_silence(said: list[list[str]]) -> None:
    """Each conversation has one question at its place, empty exactly where it is empty when read alone."""
    read = [asking(*texts) for texts in said]
    found = extract_all(read)

    assert [bool(each.text) for each in found] == [bool(extract(conversation).text) for conversation in read]
