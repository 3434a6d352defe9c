"""Labels are short, in the customers' words, and never the same twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kbsync.gaps.label import Name, distinct, keywords, names

TEXTS = [
    "how do I get a refund for my order",
    "I want a refund for an old order",
    "the refund for my order is late",
    "how do I reset my password",
    "I cannot reset my password",
    "please reset my password now",
    "how do I change my address",
    "change of address for my parcel",
    "I need to change my address",
    "how do I cancel my plan",
    "cancel the plan I have",
    "please cancel my plan today",
]
TOPIC = np.repeat(np.arange(4), 3)


def test_a_label_says_what_sets_the_topic_apart() -> None:
    """What everybody says is nobody's name."""
    labels = [name.label.lower() for name in names(TEXTS, TOPIC, TEXTS[::3])]

    for label, word in zip(labels, ("refund", "password", "address", "plan"), strict=True):
        assert word in label
        assert not label.startswith(("how", "i ", "my "))


def test_keywords_alone_are_those_of_the_names() -> None:
    """What sets topics apart is the same whether they are to be named or not."""
    assert keywords(TEXTS, TOPIC, 4) == [name.keywords for name in names(TEXTS, TOPIC, TEXTS[::3])]


def test_two_telling_words_stand_as_people_say_them() -> None:
    """Where no phrase is common, what stands between two telling words joins them."""
    texts = [
        *("points not updated", "my points are wrong", "updated points please"),
        *("verify my account", "my account is open", "verify this"),
        *("talk to an agent", "an agent please", "let me talk"),
        *("deposit is late", "where is a deposit", "late again"),
    ]
    labels = [name.label for name in names(texts, TOPIC, texts[::3])]

    assert labels[2] == "Talk to an agent"
    assert all("," not in label for label in labels)


def test_keywords_are_single_words() -> None:
    """The best words come first."""
    assert "refund" in names(TEXTS, TOPIC, TEXTS[::3])[0].keywords[:2]


def test_without_words_the_question_stands_in() -> None:
    """A topic of signs and numbers still has a name."""
    assert names(["123", "!!"], np.array([0, 0]), ["123"])[0].label == "123"


def test_a_script_without_spaces_gets_a_label() -> None:
    """Chinese questions are named by one of them."""
    texts = ["卡丢了怎么办", "我的卡丢了", "卡丢失"]

    assert names(texts, np.zeros(3, dtype=np.int64), texts[:1])[0].label


@given(
    st.lists(
        st.builds(
            Name, st.sampled_from(["Refund", "refund", "Plan"]), st.lists(st.sampled_from(["card", "bank"]))
        ),
        max_size=9,
    )
)
def test_no_two_topics_have_one_label(found: list[Name]) -> None:
    """Namesakes are told apart by a keyword or a number, without regard to case."""
    labels = [name.label.lower() for name in distinct(found)]

    assert len(set(labels)) == len(found)
