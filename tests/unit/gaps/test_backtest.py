"""The backtest answers with what was there at the time, and says how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from gap_samples import MONDAY, WEEK, conversation
from hypothesis import given
from hypothesis import strategies as st

from kbsync.conversations.model import Conversation
from kbsync.gaps.backtest import Backtest, Share, backtest, share
from kbsync.gaps.model import HelpText
from kbsync.gaps.settings import GapSettings

SETTINGS = GapSettings(encoder="tfidf")
INVOICES = HelpText(
    "billing/invoices.md",
    "invoices",
    "en",
    "Download an invoice",
    ("Download the invoice of last month as a PDF under Billing. The invoice shows your VAT number.",),
)
PASSWORDS = HelpText(
    "account/passwords.md",
    "passwords",
    "en",
    "Reset a forgotten password",
    ("Reset a forgotten password with the link on the sign-in page. The password link is valid for a day.",),
)
TABLES = HelpText(
    "writing/tables.md",
    "tables",
    "en",
    "Write tables",
    ("A table has a header row and columns of equal width.",),
)
ASKED = {
    "invoice": (
        "Where can I download the invoice of last month as a PDF?",
        "I need the invoice with our VAT number, where do I download it",
        "How do I get the PDF invoice for last month",
    ),
    "password": (
        "I have forgotten my password, how do I reset it?",
        "The link to reset the password does not arrive",
        "How can I reset a forgotten password without the link",
    ),
}
WEEKS = 4


def asked_every_week() -> list[Conversation]:
    """Both questions, six times a week each."""
    return [
        conversation(f"{topic}-{week}-{n}", questions[n % 3], at=MONDAY + week * WEEK + n * 3600)
        for week in range(WEEKS)
        for topic, questions in ASKED.items()
        for n in range(6)
    ]


def replay(
    shelf: Sequence[HelpText] = (INVOICES, TABLES), drafts: Sequence[HelpText] = (), **keys: object
) -> Backtest:
    return backtest(asked_every_week(), lambda _: shelf, drafts, SETTINGS, **keys)  # type: ignore[arg-type]


def test_each_week_has_the_articles_of_its_time() -> None:
    """An article that came in the third week answers from then on, not before."""
    made = backtest(
        asked_every_week(),
        lambda moment: (INVOICES, TABLES) if moment >= MONDAY + 2 * WEEK else (TABLES,),
        (),
        SETTINGS,
    )

    assert [w.begins for w in made.weeks] == ["2026-09-21", "2026-09-28", "2026-10-05", "2026-10-12"]
    assert [w.week for w in made.weeks] == ["2026-W39", "2026-W40", "2026-W41", "2026-W42"]
    assert [w.articles for w in made.weeks] == [1, 1, 2, 2]
    assert [w.conversations for w in made.weeks] == [12] * WEEKS
    answered = [w.answered for w in made.weeks]
    assert max(answered[:2]) < min(answered[2:])


def test_drafts_add_what_they_answer() -> None:
    """A draft about the other question answers more; without drafts both shares are the same."""
    made = replay(drafts=(PASSWORDS,))

    assert made.answered_with_drafts.value > made.answered.value > 0
    assert all(w.answered_with_drafts >= w.answered for w in made.weeks)
    plain = replay()
    assert plain.answered == plain.answered_with_drafts


def test_the_share_has_a_price() -> None:
    """The answered conversations are worth the price each; without a price nothing is said of money."""
    made = replay(drafts=(PASSWORDS,), price=1.5)

    assert made.worth == 1.5 * sum(w.answered for w in made.weeks) > 0
    assert made.worth_with_drafts == 1.5 * sum(w.answered_with_drafts for w in made.weeks)
    assert (replay().worth, replay().worth_with_drafts) == (None, None)


def test_only_the_latest_weeks_count_when_asked() -> None:
    """Two of four weeks are half of the conversations, the later half."""
    made = replay(last_weeks=2)

    assert [w.begins for w in made.weeks] == ["2026-10-05", "2026-10-12"]
    assert made.conversations == 24


def test_it_says_the_same_twice() -> None:
    """The same input gives the same replay, interval included."""
    assert replay(drafts=(PASSWORDS,)) == replay(drafts=(PASSWORDS,))


def test_a_conversation_counts_once() -> None:
    """What stands there twice under one id is one conversation."""
    found = asked_every_week()

    assert backtest([*found, *found], lambda _: (INVOICES,), (), SETTINGS).conversations == len(found)


def test_nothing_to_replay_is_nothing_answered() -> None:
    """No conversations make no weeks and no share."""
    made = backtest([], lambda _: (INVOICES,), (), SETTINGS, price=1.0)

    assert (made.weeks, made.conversations, made.answered) == ((), 0, Share(0.0, 0.0, 0.0))
    assert made.worth == 0.0


@given(st.lists(st.booleans(), min_size=1, max_size=400))
def test_the_interval_holds_the_share(hits: list[bool]) -> None:
    """The interval lies inside 0 and 1 around the share, and certainty has no width."""
    found = share(hits)

    assert 0 <= found.low <= found.value <= found.high <= 1
    assert (found.low == found.high) == (all(hits) or not any(hits))


def test_more_conversations_make_it_surer() -> None:
    """A hundred times the conversations make the interval a tenth as wide: 1.96 standard errors each side."""
    few, many = share([True, False] * 20), share([True, False] * 2000)

    assert few.high - few.low == pytest.approx(0.31, abs=0.03)
    assert many.high - many.low == pytest.approx(0.031, abs=0.003)
