"""What anybody writes anywhere arrives everywhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from help_center import HelpCenter
from people import Colleague, Teammate

from kbsync.sandbox.server import Sandbox


def test_the_first_sync_mirrors_and_the_second_is_silent(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """Files arrive in both systems under their collections, get an id, and nothing is left to do."""
    report = center.ok("sync", "--json").document

    assert report["failed"] == report["refused"] == report["conflicts"] == []
    assert teammate.published() == {"Refunds", "Invoices", "Passwords"}
    assert colleague.parent("Refunds") == "Billing"
    assert colleague.parent("Billing") == "Help Center"
    assert set(teammate.collections()) == {"Billing", "Account"}
    assert "id: refunds" in center.read("billing/refunds.md")
    silent = center.ok("sync", "--json").document
    assert silent["applied"] == []
    assert sum(sum(counts.values()) for counts in silent["requests"].values()) <= 10
    assert all(set(counts) == {"GET"} for counts in silent["requests"].values())


def test_an_edit_on_each_side_arrives_on_the_other_two(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """One article edited in each place, and one edited in two places at different paragraphs."""
    center.ok("sync")
    center.replace("billing/refunds.md", "five days", "six days")
    teammate.replace("Refunds", "you paid with", "you used")
    teammate.replace("Invoices", "first day", "second day")
    colleague.replace("Passwords", "sign-in page", "log-in page")

    center.ok("sync")

    for text in (
        center.read("billing/refunds.md"),
        teammate.body("Refunds"),
        colleague.body("Refunds"),
    ):
        assert "six days" in text
        assert "you used" in text
    assert "second day" in center.read("billing/invoices.md")
    assert "second day" in colleague.body("Invoices")
    assert "log-in page" in center.read("account/passwords.md")
    assert "log-in page" in teammate.body("Passwords")
    assert center.ok("sync", "--json").document["applied"] == []


def test_renames_and_moves_from_each_side(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """A title changed anywhere, a moved file, a moved page and a moved article are no new articles."""
    center.ok("sync")
    center.replace("account/passwords.md", "title: Passwords", "title: Reset a password")
    (center.content / "account/passwords.md").rename(center.content / "billing/passwords.md")
    teammate.change("Invoices", title="Your invoices")
    colleague.change("Refunds", parent="Account")

    center.ok("sync")

    assert teammate.published() == {"Refunds", "Your invoices", "Reset a password"}
    assert colleague.parent("Reset a password") == "Billing"
    assert "Your invoices" in colleague.pages()
    assert (center.content / "account/refunds.md").exists()
    assert not (center.content / "billing/refunds.md").exists()
    assert teammate.above("Refunds") == "Account"
    assert "title: Your invoices" in center.read("billing/invoices.md")
    assert center.ok("sync", "--json").document["applied"] == []


def test_a_move_into_a_collection_that_is_as_new(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """A collection made and an article moved into it between two syncs arrive together, nothing else edited."""
    center.ok("sync")
    made = teammate.collect("Cards")
    teammate.change("Refunds", parent_id=made["id"], parent_type="collection")

    center.ok("sync")

    assert colleague.parent("Refunds") == "Cards"
    assert (center.content / "cards/refunds.md").exists()
    assert center.ok("sync", "--json").document["applied"] == []


def test_new_articles_from_each_side(center: HelpCenter, teammate: Teammate, colleague: Colleague) -> None:
    """An article of Intercom arrives published; a page of Confluence arrives as a draft."""
    center.ok("sync")
    billing = int(teammate.collections()["Billing"]["id"])
    teammate.write("Coupons", "<p>Enter the code.</p>", parent_id=billing, parent_type="collection")
    colleague.write("Chargebacks", "<p>For internal eyes.</p>", "Billing")

    center.ok("sync")

    assert center.files() == [
        "account/passwords.md",
        "billing/chargebacks.md",
        "billing/coupons.md",
        "billing/invoices.md",
        "billing/refunds.md",
    ]
    assert "state: draft" in center.read("billing/chargebacks.md")
    assert "state: draft" not in center.read("billing/coupons.md")
    assert "Enter the code." in colleague.body("Coupons")
    assert "Chargebacks" in teammate.articles()
    assert "Chargebacks" not in teammate.published()
    assert center.ok("sync", "--json").document["applied"] == []


def test_a_draft_goes_public_by_its_state(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """`state: draft` is unpublished in Intercom and labelled in Confluence, until a person says published."""
    center.write("billing/plans.md", "Three plans.", state="draft")
    center.ok("sync")
    assert "Plans" not in teammate.published()
    assert "draft" in colleague.labels("Plans")

    center.replace("billing/plans.md", "state: draft", "state: published")
    center.ok("sync")

    assert "Plans" in teammate.published()
    assert "draft" not in colleague.labels("Plans")


def test_labels_go_both_ways(center: HelpCenter, teammate: Teammate, colleague: Colleague) -> None:
    """Front matter and Intercom's tags are one set; Confluence carries them as labels."""
    center.write("billing/refunds.md", "Five days.", labels="[money]")
    center.ok("sync")
    assert teammate.tags("Refunds") == {"money"}
    assert "money" in colleague.labels("Refunds")

    teammate.tag("Refunds", "cards")
    center.ok("sync")

    assert "cards" in center.read("billing/refunds.md")
    assert {"cards", "money"} <= colleague.labels("Refunds")


def test_links_between_articles_are_real_everywhere(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """A relative link becomes each system's own, cycles included, and comes back relative after an edit there."""
    center.write("billing/refunds.md", "See [your invoice](invoices.md) first.")
    center.write("billing/invoices.md", "See [refunds](refunds.md) or [sign in](../account/passwords.md).")
    center.ok("sync")
    assert 'ri:content-title="Invoices"' in colleague.body("Refunds")
    assert f'href="{teammate.articles()["Invoices"]["url"]}' in teammate.body("Refunds")

    teammate.replace("Refunds", "first.", "first of all.")
    colleague.replace("Invoices", " or ", " and ")
    center.ok("sync")

    assert "See [your invoice](invoices.md) first of all." in center.read("billing/refunds.md")
    assert "[refunds](refunds.md) and [sign in](../account/passwords.md)" in center.read(
        "billing/invoices.md"
    )


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf500f"
    "0003860180344a9f7b0000000049454e44ae426082"
)


def test_images_travel(center: HelpCenter, teammate: Teammate, colleague: Colleague) -> None:
    """An image beside the files is fetched by Intercom, attached in Confluence, and stays a relative path."""
    (center.content / "assets").mkdir()
    (center.content / "assets/card.png").write_bytes(PIXEL)
    center.write("billing/refunds.md", "Look:\n\n![A card](../assets/card.png)")

    center.ok("sync")

    assert "<img" in teammate.body("Refunds")
    assert "card" in colleague.body("Refunds")
    assert "ri:attachment" in colleague.body("Refunds")
    assert center.ok("sync", "--json").document["applied"] == []
    assert "![A card](../assets/card.png)" in center.read("billing/refunds.md")


def test_an_image_that_is_not_public_yet_waits(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """Without an answer at its public address, that Intercom step waits with 3 and everything else goes on."""
    center.configure(assets={"public_base_url": f"{center.box.url}/elsewhere"})
    (center.content / "assets").mkdir()
    (center.content / "assets/card.png").write_bytes(PIXEL)
    center.write("billing/refunds.md", "Look:\n\n![A card](../assets/card.png)")

    result = center.ok("sync", code=3)

    assert "card.png" in result.err
    assert "Refunds" in colleague.pages()
    assert teammate.published() == {"Invoices", "Passwords"}
    center.configure()
    center.ok("sync")
    assert "Refunds" in teammate.published()


def test_translations_live_in_files_and_intercom(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """A `.fr.md` is Intercom's French text, and an edit of it there comes back to that file alone."""
    center.write("billing/refunds.fr.md", "Un remboursement prend cinq jours.", title="Remboursements")
    center.ok("sync")
    french = teammate.articles()["Refunds"]["translated_content"]["fr"]
    assert "cinq jours" in french["body"]

    changed = {**french, "body": french["body"].replace("cinq", "six")}
    teammate.change("Refunds", translated_content={"fr": changed})
    center.ok("sync")

    assert "six jours" in center.read("billing/refunds.fr.md")
    assert "five days" in center.read("billing/refunds.md")
    assert "Remboursements" not in colleague.pages()


def test_translations_live_in_pages_where_that_is_wanted(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """With locales = "pages" each translation is a child page, and edits of it come back."""
    center.configure(confluence={"locales": "pages"})
    center.write("billing/refunds.fr.md", "Un remboursement prend cinq jours.", title="Remboursements")
    center.ok("sync")
    assert colleague.parent("Remboursements") == "Refunds"

    colleague.replace("Remboursements", "cinq", "six")
    center.ok("sync")

    assert "six jours" in center.read("billing/refunds.fr.md")
    assert "six jours" in teammate.articles()["Refunds"]["translated_content"]["fr"]["body"]
    assert center.ok("sync", "--json").document["applied"] == []


@pytest.mark.parametrize("left_out", ["intercom", "confluence"])
def test_one_remote_alone(
    center: HelpCenter, colleague: Colleague, teammate: Teammate, left_out: str
) -> None:
    """Without a table the other two replicas sync as ever, and its secrets are not asked for."""
    for name in [name for name in center.environment if left_out.upper() in name]:
        del center.environment[name]
    center.configure(left_out)
    center.ok("sync")
    if left_out == "intercom":
        colleague.replace("Refunds", "five days", "six days")
    else:
        teammate.replace("Refunds", "five days", "six days")

    center.ok("sync")

    assert "six days" in center.read("billing/refunds.md")
    assert len(teammate.articles()) == (0 if left_out == "intercom" else 3)
    assert center.ok("sync", "--json").document["applied"] == []


def test_nested_collections_and_their_names(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """Three levels of folders are three levels everywhere; a rename in Intercom comes back to `_collection.md`."""
    center.write("billing/cards/limits/daily.md", "Ten a day.")
    center.ok("sync")
    assert colleague.parent("Limits") == "Cards"
    assert teammate.collections()["Limits"]["parent_id"] == teammate.collections()["Cards"]["id"]

    (center.content / "billing").rename(center.content / "payments")
    center.ok("sync")

    assert center.files().count("payments/cards/limits/daily.md") == 1
    assert colleague.parent("Daily") == "Limits"
    assert len(teammate.articles()) == 4
    assert center.ok("sync", "--json").document["applied"] == []


def test_data_center(tmp_path: Path) -> None:
    """On Data Center, with a Bearer token and no user, the mirror and the retiring to the trash work."""
    folder = tmp_path / "dc"
    (folder / "content").mkdir(parents=True)
    with Sandbox(public=folder / "content", deployment="datacenter") as box:
        center = HelpCenter(folder, box)
        del center.environment["KBSYNC_CONFLUENCE_USER"]
        center.configure()
        center.write("billing/refunds.md", "A refund takes five days.")
        center.write("billing/invoices.md", "Monthly.")
        center.ok("sync")
        center.replace("billing/refunds.md", "five days", "six days")
        (center.content / "billing/invoices.md").unlink()
        center.ok("sync")
        assert center.ok("sync", "--json").document["applied"] == []
        center.ok("doctor")
