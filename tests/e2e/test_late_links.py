"""A link may be older than what it names."""

from __future__ import annotations

from help_center import HelpCenter
from people import Colleague, Teammate


def test_a_link_to_a_file_that_comes_later_heals_by_itself(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """Once the file is there both remotes link to it; nobody touches the linking file."""
    center.replace("billing/refunds.md", "five days", "[five days](../account/limits.md#days)")
    center.ok("-q", "sync")
    before = center.read("billing/refunds.md")
    assert "/articles/" not in teammate.body("Refunds")

    center.write("account/limits.md", "## Days\n\nFive.", title="Limits")
    center.ok("sync")

    assert f"/articles/{teammate.articles()['Limits']['id']}" in teammate.body("Refunds")
    assert 'ri:content-title="Limits"' in colleague.body("Refunds")
    assert center.read("billing/refunds.md") == before
    assert center.ok("sync", "--json").document["applied"] == []


def test_a_link_heals_together_with_an_edit(center: HelpCenter, teammate: Teammate) -> None:
    """The linking article is edited elsewhere in the same run: both arrive."""
    center.replace("billing/refunds.md", "five days", "[five days](../account/limits.md)")
    center.ok("-q", "sync")

    center.write("account/limits.md", "Five.", title="Limits")
    teammate.replace("Refunds", "the card", "the bank card")
    center.ok("sync")

    assert f"/articles/{teammate.articles()['Limits']['id']}" in teammate.body("Refunds")
    assert "bank card" in center.read("billing/refunds.md")
    assert "(../account/limits.md)" in center.read("billing/refunds.md")
    assert center.ok("sync", "--json").document["applied"] == []


def test_a_link_that_leads_nowhere_costs_nothing(center: HelpCenter) -> None:
    """A dangling link is no news: the next run is silent."""
    center.replace("billing/refunds.md", "five days", "[five days](../nowhere.md)")
    center.kbsync("sync")
    assert center.ok("sync", "--json").document["applied"] == []
