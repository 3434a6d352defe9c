"""Services that answer badly: what arrives is right in the end, and nothing is there twice."""

from __future__ import annotations

import pytest
from help_center import HelpCenter
from people import Colleague, Teammate

from kbsync.replicas.limits import Patience
from kbsync.sandbox.faults import Fault

SHARE = 0.3


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries that do not wait for long: the tests wait for them."""
    monkeypatch.setattr(Patience.__init__, "__defaults__", _hurried(Patience.__init__.__defaults__))


def _hurried(defaults: tuple[object, ...]) -> tuple[object, ...]:
    attempts, longest, _first, _cap, *rest = defaults
    return (attempts, longest, 0.01, 0.05, *rest)


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize("kinds", [("429", "503"), ("500", "lost"), ("truncate", "503-bare")])
def test_a_third_of_all_answers_fail(
    center: HelpCenter, teammate: Teammate, colleague: Colleague, kinds: tuple[str, ...]
) -> None:
    """Edits on all sides through bad days, then one good one: all converge, and the next run is silent."""
    for kind in kinds:
        center.box.faults.add(Fault(kind, rate=SHARE / len(kinds), retry_after=0.01))
    center.kbsync("sync")
    center.replace("billing/refunds.md", "five days", "six days")
    center.kbsync("sync")
    center.write("billing/coupons.md", "Enter the code.")
    (center.content / "account/passwords.md").rename(center.content / "billing/passwords.md")
    center.kbsync("sync")
    center.box.faults.clear()

    center.ok("sync")

    assert sorted(each["title"] for each in teammate.listed()) == [
        "Coupons",
        "Invoices",
        "Passwords",
        "Refunds",
    ]
    assert teammate.published() == {"Coupons", "Invoices", "Passwords", "Refunds"}
    assert sorted(teammate.collections()) in (["Account", "Billing"], ["Billing"])
    assert "six days" in teammate.body("Refunds")
    assert "six days" in colleague.body("Refunds")
    assert colleague.parent("Passwords") == "Billing"
    assert len(colleague.pages()) == len(teammate.collections()) + 5
    assert center.ok("sync", "--json").document["applied"] == []


def test_a_short_listing_deletes_nothing(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """Listings that leave things out without saying so prove nothing absent."""
    center.ok("sync")
    for path in ("/intercom/articles", "/wiki/api/v2/spaces/*/pages"):
        center.box.faults.add(Fault("short", method="GET", path=path))

    for _ in range(3):
        center.kbsync("sync")
    center.box.faults.clear()
    center.ok("sync")

    assert len(center.files()) == 3
    assert teammate.published() == {"Refunds", "Invoices", "Passwords"}
    assert {"Refunds", "Invoices", "Passwords"} <= set(colleague.pages())


def test_one_refused_article_holds_up_no_other(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """A page that Confluence refuses to save fails alone, with its name in the line."""
    center.ok("sync")
    page = colleague.pages()["Refunds"]["id"]
    center.box.faults.add(Fault("500", method="PUT", path=f"/wiki/api/v2/pages/{page}"))
    center.replace("billing/refunds.md", "five days", "six days")
    center.replace("billing/invoices.md", "first day", "second day")

    result = center.ok("sync", code=1)
    center.box.faults.clear()

    assert "refunds" in result.err.casefold() or page in result.err
    assert "second day" in colleague.body("Invoices")
    assert "six days" in teammate.body("Refunds")
    center.ok("sync")
    assert "six days" in colleague.body("Refunds")


def test_requests_of_a_silent_sync(center: HelpCenter) -> None:
    """A no-op costs at most four requests per thousand pages and per thousand articles, and ten beside."""
    for number in range(60):
        center.write(f"many/article-{number}.md", f"Text number {number}.")
    center.ok("-q", "sync")
    journal = center.box.app.state.journal
    journal.clear()

    report = center.ok("sync", "--json").document

    sent = sum(sum(counter.values()) for counter in journal.methods.values())
    assert report["applied"] == []
    assert sent == sum(sum(counts.values()) for counts in report["requests"].values())
    assert sent <= 10 + 4 + 4
    print(f"a silent sync of 63 articles: {sent} requests")
