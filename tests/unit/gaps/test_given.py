"""What customers were answered with tells whether an article answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from kbsync.conversations.model import Conversation, Fin, Message
from kbsync.gaps.given import Addresses, Given, Habits, gain, given, raised
from kbsync.gaps.model import HelpText
from kbsync.gaps.verdict import Case, judge

REFUNDS = HelpText(
    "billing/refunds.md", "refund-timing", "en", "How long does a refund take?", ("Five days.",)
)
PARCELS = HelpText("parcels.md", "parcels", "en", "Parcels", ("Two days.",))
HERE = Addresses([REFUNDS, PARCELS])
RESOLVED, HANDED_OVER = "confirmed_resolution", "escalated"


def answered(number: int, resolution: str, *sources: str) -> Conversation:
    return Conversation(f"c{number}", 0.0, fin=Fin(resolution, sources))


def sent(number: int, text: str) -> Conversation:
    return Conversation(f"s{number}", 0.0, (Message("teammate", text),))


@pytest.mark.parametrize(
    "address",
    [
        "https://help.acme.example/en/articles/refunds",
        "https://help.acme.example/en/articles/refund-timing?utm=mail",
        "https://help.acme.example/en/articles/9876543-how-long-does-a-refund-take",
        "(https://help.acme.example/en/articles/Refunds/#when).",
        "content/billing/refunds.md",
    ],
)
def test_an_article_is_known_by_the_end_of_its_address(address: str) -> None:
    """File name, id and title all serve, with what help centers put around them."""
    assert HERE.find(address) == REFUNDS.path


@pytest.mark.parametrize("address", ["", "/", "https://acme.example/refunds-for-pets", "a/b", "see/https://"])
def test_other_addresses_are_no_article(address: str) -> None:
    """A name within another name is not the article."""
    assert HERE.find(address) is None


def test_what_was_given_is_counted_by_how_it_ended() -> None:
    """Resolved, not resolved, and sent by a teammate; the customer's own links do not count."""
    link = "https://help.acme.example/refunds"
    members = [answered(0, RESOLVED, link), answered(1, HANDED_OVER, link), answered(2, HANDED_OVER)]
    asked = Conversation("q", 0.0, (Message("customer", f"I read {link} already"),))

    assert given([*members, sent(3, f"Please see {link}."), asked], HERE) == [Given(REFUNDS, 1, 1, 1, 3)]


def test_an_article_that_fin_resolves_with_covers_the_topic() -> None:
    """However unlike the words are, six resolved conversations are an answer, and the evidence says so."""
    members = [answered(n, RESOLVED if n < 6 else HANDED_OVER, "x/refunds") for n in range(10)]
    found = judge(Case(members, [0.1] * 10, 0.1, PARCELS, 10.0, given=given(members, HERE)))

    assert found.verdict == "hard_to_find"
    assert found.article == REFUNDS
    assert "Fin resolved 6 of these" in found.evidence[1]
    assert "did not resolve 4 of 10" in found.evidence[2]


def test_one_lucky_answer_among_many_is_no_evidence() -> None:
    """Where Fin resolved once and was at a loss nine times, the article adds nothing."""
    members = [answered(0, RESOLVED, "x/refunds"), *(answered(n, HANDED_OVER) for n in range(1, 10))]
    (found,) = given(members, HERE)

    assert gain(found, Habits()) <= 0.0


def test_a_fin_that_resolves_nothing_anywhere_tells_nothing() -> None:
    """Where Fin hands everything over, that it handed this over too speaks against no article."""
    assert gain(Given(REFUNDS, tried=20), Habits(resolves=0.0)) == 0.0
    assert gain(Given(REFUNDS, tried=20), Habits(resolves=0.4)) < -2.0


def test_failing_with_the_article_does_not_take_it_away() -> None:
    """Fin used it each time and failed: hard to find or to understand, not missing."""
    assert gain(Given(REFUNDS, failed=9, tried=9), Habits()) == 0.0


def test_a_link_below_every_mail_tells_nothing() -> None:
    """What teammates send to everybody is a signature, what they send here alone is an answer."""
    found = Given(REFUNDS, sent=4)

    assert gain(found, Habits(sent={REFUNDS.path: 0.9})) == 0.0
    assert gain(found, Habits(sent={REFUNDS.path: 0.01})) > 2.0


def test_teammates_who_send_the_article_show_that_it_is_not_found() -> None:
    """An article that answers and has to be sent again and again is hard to find."""
    members = [sent(n, "Hello, https://help.acme.example/refunds answers this") for n in range(6)]
    found = judge(Case(members, [0.9] * 6, 0.9, REFUNDS, 10.0, given=given(members, HERE)))

    assert found.verdict == "hard_to_find"
    assert "Teammates sent it in 6 of 6" in found.evidence[-1]


@any_of(st.floats(0, 1), st.floats(-3, 5))
def test_evidence_moves_the_coverage_its_way(coverage: float, by: float) -> None:
    """What speaks for an article never lowers the number, what speaks against it never raises it; a probability it stays."""
    after = float(raised(np.array(coverage), np.array(by)))

    assert 0.0 <= after <= 1.0
    assert (after - coverage) * by >= -5e-3
