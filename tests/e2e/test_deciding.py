"""Deletions, conflicts, directions and drafts: what a person decides, and what kbsync decides for nobody."""

from __future__ import annotations

import pytest
from help_center import HelpCenter
from people import Colleague, Teammate


def test_a_deleted_file_is_retired_and_comes_back_under_its_id(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """Intercom keeps it as a draft, Confluence in the archive; putting the file back restores both."""
    center.ok("sync")
    number = teammate.articles()["Refunds"]["id"]
    page = colleague.pages()["Refunds"]["id"]
    text = center.read("billing/refunds.md")
    (center.content / "billing/refunds.md").unlink()

    center.ok("sync")

    assert teammate.articles()["Refunds"]["state"] == "draft"
    assert "Refunds" not in colleague.pages()
    assert "Refunds" in colleague.pages("archived")
    assert center.ok("sync", "--json").document["applied"] == []

    (center.content / "billing/refunds.md").write_text(text, "utf-8")
    center.ok("sync")

    assert teammate.articles()["Refunds"]["id"] == number
    assert "Refunds" in teammate.published()
    assert colleague.pages()["Refunds"]["id"] == page


def test_a_deleted_folder_stays_deleted(center: HelpCenter, teammate: Teammate, colleague: Colleague) -> None:
    """Its articles are retired and its collection goes; nothing comes back by itself, all of it by the files."""
    center.configure(sync={"max_deletes": 2})
    center.ok("sync")
    (center.content / "billing").rename(center.folder / "aside")

    center.ok("sync")

    assert teammate.published() == {"Passwords"}
    assert set(teammate.collections()) == {"Account"}
    assert set(colleague.pages()) == {"Help Center", "Account", "Passwords"}
    assert center.ok("sync", "--json").document["applied"] == []
    assert center.files() == ["account/passwords.md"]

    (center.folder / "aside").rename(center.content / "billing")
    center.ok("sync")

    assert teammate.published() == {"Passwords", "Refunds", "Invoices"}
    assert teammate.above("Refunds") == "Billing"
    assert colleague.parent("Refunds") == "Billing"
    assert len(teammate.listed()) == 3
    assert center.ok("sync", "--json").document["applied"] == []


@pytest.mark.parametrize("place", ["intercom", "confluence"])
def test_what_vanished_remotely_is_retired_elsewhere(
    center: HelpCenter, teammate: Teammate, colleague: Colleague, place: str
) -> None:
    """An article deleted in Intercom, or a page put into the trash, leaves the tree and the other system."""
    center.ok("sync")
    if place == "intercom":
        teammate.delete("Refunds")
    else:
        colleague.trash("Refunds")

    center.ok("sync")

    assert "billing/refunds.md" not in center.files()
    assert "Refunds" not in teammate.published()
    assert "Refunds" not in colleague.pages()
    assert center.ok("sync", "--json").document["applied"] == []


def test_an_edit_beats_a_deletion(center: HelpCenter, teammate: Teammate, colleague: Colleague) -> None:
    """A page trashed while its article was edited in Intercom comes back with the edit."""
    center.ok("sync")
    colleague.trash("Refunds")
    teammate.replace("Refunds", "five days", "six days")

    center.ok("sync")

    assert "six days" in center.read("billing/refunds.md")
    assert "six days" in colleague.body("Refunds")


def test_too_many_deletions_are_refused(center: HelpCenter, teammate: Teammate) -> None:
    """Above max_deletes nothing is retired: one line says so and how it can be meant, exit 1."""
    center.configure(sync={"max_deletes": 0})
    center.ok("sync")
    (center.content / "billing/refunds.md").unlink()

    result = center.ok("sync", code=1)

    assert "max_deletes" in result.err
    assert "Refunds" in teammate.published()


def test_keep_deletes_nowhere(center: HelpCenter, teammate: Teammate, colleague: Colleague) -> None:
    """With on_delete = "keep" an article that vanished in one place stays in the others."""
    center.configure(sync={"on_delete": "keep"})
    center.ok("sync")
    colleague.trash("Refunds")

    center.kbsync("sync")

    assert "Refunds" in teammate.published()
    assert "billing/refunds.md" in center.files()


def disagree(center: HelpCenter, colleague: Colleague) -> None:
    """The same words changed in the file and in Confluence."""
    center.ok("sync")
    center.replace("billing/refunds.md", "five days", "six days")
    colleague.replace("Refunds", "five days", "seven days")


@pytest.mark.parametrize("side", ["files", "confluence", "intercom"])
def test_a_conflict_is_held_and_settled_by_taking_a_side(
    center: HelpCenter, teammate: Teammate, colleague: Colleague, side: str
) -> None:
    """Nothing disputed is written, everything else goes on; one side wins everywhere once a person says so."""
    disagree(center, colleague)
    teammate.replace("Invoices", "first day", "second day")

    center.ok("sync", code=3)

    assert "six days" in center.read("billing/refunds.md")
    assert "seven days" in colleague.body("Refunds")
    assert "five days" in teammate.body("Refunds")
    assert "second day" in center.read("billing/invoices.md")
    listed = center.ok("conflicts", code=3).out
    assert "six days" in listed
    assert "seven days" in listed
    assert "kbsync resolve refunds --take" in listed
    assert center.ok("conflicts", "--json", code=3).document["conflicts"][0]["article"] == "refunds"

    center.ok("resolve", "content/billing/refunds.md", "--take", side)
    center.ok("sync")

    won = {"files": "six days", "confluence": "seven days", "intercom": "five days"}[side]
    assert won in center.read("billing/refunds.md")
    assert won in colleague.body("Refunds")
    assert won in teammate.body("Refunds")
    assert center.ok("conflicts").out.strip() == "No conflicts."


def test_a_conflict_is_settled_by_the_merged_file(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """Markers left in the file are refused; the edited file is what everybody gets."""
    disagree(center, colleague)
    center.ok("sync", code=3)
    merged = center.folder / ".kbsync/conflicts/refunds.en.md"
    text = merged.read_text("utf-8")
    assert "<<<<<<<" in text
    assert "It goes to the card" in text
    refused = center.kbsync("resolve", "refunds", "--take", "merged")
    assert refused.code == 1
    assert "refunds.en.md" in refused.complaint

    head, _, rest = text.partition("<<<<<<<")
    tail = rest.partition(">>>>>>>")[2].partition("\n")[2]
    merged.write_text(f"{head}A refund takes ten days.\n{tail}", "utf-8")
    center.ok("resolve", "refunds", "--take", "merged")
    center.ok("sync")

    for body in (center.read("billing/refunds.md"), teammate.body("Refunds"), colleague.body("Refunds")):
        assert "ten days" in body
        assert "It goes to the card" in body
    assert not merged.exists()


@pytest.mark.parametrize("text", ["", "---\ntitle.en: Half a", "---\ntitle.en: A\n---\n", "\0\0\0"])
def test_a_half_written_conflict_file_settles_nothing(
    center: HelpCenter, colleague: Colleague, text: str
) -> None:
    """What is not a whole article is refused in one line, and both versions are still there."""
    disagree(center, colleague)
    center.ok("sync", code=3)
    (center.folder / ".kbsync/conflicts/refunds.en.md").write_text(text, "utf-8")

    refused = center.kbsync("resolve", "refunds", "--take", "merged")

    assert refused.code == 1, refused
    assert "refunds.en.md" in refused.complaint
    listed = center.ok("conflicts", code=3).out
    assert "six days" in listed
    assert "seven days" in listed


def test_a_conflict_ends_when_the_sides_agree(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """Editing one side to match the other settles it without a word."""
    disagree(center, colleague)
    center.ok("sync", code=3)
    colleague.replace("Refunds", "seven days", "six days")

    center.ok("sync")

    assert "six days" in teammate.body("Refunds")


@pytest.mark.parametrize(("policy", "won"), [("files", "six days"), ("confluence", "seven days")])
def test_a_policy_decides_for_the_person(
    center: HelpCenter, teammate: Teammate, colleague: Colleague, policy: str, won: str
) -> None:
    """on_conflict names the side whose words win."""
    center.configure(sync={"on_conflict": policy})
    disagree(center, colleague)

    center.ok("sync")

    assert won in center.read("billing/refunds.md")
    assert won in teammate.body("Refunds")
    assert won in colleague.body("Refunds")


def test_push_reports_what_people_do_there(center: HelpCenter, colleague: Colleague) -> None:
    """With direction = "push" an edit in Confluence is drift: held, and overwritten only under files."""
    center.configure(confluence={"direction": "push"})
    center.ok("sync")
    colleague.replace("Refunds", "five days", "seven days")
    colleague.write("Their own", "<p>Mine.</p>", "Billing")

    center.ok("sync", code=3)
    assert "seven days" in colleague.body("Refunds")
    assert "seven days" not in center.read("billing/refunds.md")
    assert "Their own" in colleague.pages()
    assert len(center.files()) == 3

    center.configure(confluence={"direction": "push"}, sync={"on_conflict": "files"})
    center.ok("sync")
    assert "five days" in colleague.body("Refunds")
    assert "Mine." in colleague.body("Their own")


def test_pull_never_writes_there(center: HelpCenter, colleague: Colleague, teammate: Teammate) -> None:
    """With direction = "pull" only GETs reach the replica, and its edits arrive elsewhere."""
    center.ok("sync")
    center.configure(confluence={"direction": "pull"})
    center.replace("billing/refunds.md", "five days", "six days")
    colleague.replace("Invoices", "first day", "second day")

    report = center.kbsync("sync", "--json")

    assert set(report.document["requests"]["confluence"]) == {"GET"}
    assert "five days" in colleague.body("Refunds")
    assert "six days" in teammate.body("Refunds")
    assert "second day" in center.read("billing/invoices.md")


def test_a_pending_draft_is_neither_overwritten_nor_published(
    center: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """While a teammate's draft waits in Intercom that step waits, exit 3; the other system goes on."""
    center.ok("sync")
    teammate.stage("Refunds", "five days", "nine days")
    center.replace("billing/refunds.md", "you paid with", "you used")

    waits = center.ok("sync", code=3)

    assert "draft" in waits.err
    assert "nine days" in teammate.staged("Refunds")
    assert "you paid with" in teammate.body("Refunds")
    assert "you used" in colleague.body("Refunds")


def test_edits_are_staged_where_people_publish(center: HelpCenter, teammate: Teammate) -> None:
    """With publish = "draft" new articles are drafts and edits of published ones are staged, once."""
    center.ok("sync")
    center.configure(intercom={"publish": "draft"})
    center.write("billing/coupons.md", "Enter the code.")
    center.replace("billing/refunds.md", "five days", "six days")

    center.ok("sync")

    assert "Coupons" not in teammate.published()
    assert "five days" in teammate.body("Refunds")
    assert "six days" in teammate.staged("Refunds")
    assert center.ok("sync", "--json").document["applied"] == []
