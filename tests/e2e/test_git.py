"""A help center in git: clones, a bare remote, the state in a ref, remote edits as commits."""

from __future__ import annotations

from pathlib import Path

import pytest
from help_center import HelpCenter, git
from people import Colleague, Teammate

from kbsync.sandbox.server import Sandbox


@pytest.fixture
def repository(center: HelpCenter) -> HelpCenter:
    """The synced center as a checkout with a bare remote, everything pushed."""
    git(center.folder.parent, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    center.git("init", "--quiet", "--initial-branch=main")
    center.git("remote", "add", "origin", str(center.folder.parent / "origin.git"))
    center.ok("sync")
    center.git("add", "--all")
    center.git("commit", "--quiet", "--message", "Begin")
    center.git("push", "--quiet", "--set-upstream", "origin", "main")
    center.ok("sync", "--push")
    return center


def clone(repository: HelpCenter, name: str, box: Sandbox) -> HelpCenter:
    """Another person's checkout of the same remote."""
    folder = repository.folder.parent / name
    git(folder.parent, "clone", "--quiet", str(folder.parent / "origin.git"), name)
    return HelpCenter(folder, box)


def test_four_people_in_four_places(
    repository: HelpCenter, box: Sandbox, teammate: Teammate, colleague: Colleague
) -> None:
    """An edit in each of two clones and one on each replica are in all places at the end."""
    other = clone(repository, "other", box)
    repository.replace("billing/refunds.md", "five days", "six days")
    repository.git("commit", "--all", "--quiet", "--message", "Six days")
    repository.git("push", "--quiet")
    other.replace("account/passwords.md", "sign-in page", "log-in page")
    other.git("commit", "--all", "--quiet", "--message", "Log in")
    other.git("pull", "--quiet", "--rebase")
    other.git("push", "--quiet")
    teammate.replace("Invoices", "first day", "second day")
    colleague.replace("Refunds", "you paid with", "you used")

    said = other.ok("sync", "--commit", "--push")
    repository.git("pull", "--quiet")
    repository.ok("sync")

    assert "committed" in said.out
    for place in (repository, other):
        assert "six days" in place.read("billing/refunds.md")
        assert "you used" in place.read("billing/refunds.md")
        assert "second day" in place.read("billing/invoices.md")
        assert "log-in page" in place.read("account/passwords.md")
        assert place.git("status", "--porcelain") == ""
    for system in (teammate, colleague):
        assert "six days" in system.body("Refunds")
        assert "you used" in system.body("Refunds")
        assert "second day" in system.body("Invoices")
        assert "log-in page" in system.body("Passwords")
    assert repository.ok("sync", "--json").document["applied"] == []


def test_commits_say_where_they_come_from(
    repository: HelpCenter, teammate: Teammate, colleague: Colleague
) -> None:
    """One commit an article, with trailers naming the article and the source; a person's own edits stay theirs."""
    teammate.replace("Invoices", "first day", "second day")
    colleague.replace("Refunds", "five days", "six days")
    repository.write("account/mine.md", "Not ready.")

    repository.ok("sync", "--commit")

    log = repository.git("log", "-2", "--format=%B")
    assert "invoices" in log
    assert "refunds" in log
    assert "intercom" in log.casefold()
    assert "confluence" in log.casefold()
    assert repository.git("log", "-2", "--name-only", "--format=").split() == [
        "content/billing/refunds.md",
        "content/billing/invoices.md",
    ]
    assert "content/account/mine.md" in repository.git("status", "--porcelain", "--untracked-files=all")


def test_a_fresh_clone_starts_from_the_state_ref(
    repository: HelpCenter, box: Sandbox, colleague: Colleague
) -> None:
    """Without .kbsync a clone knows the base: an edit on one side is an edit, not a conflict."""
    colleague.replace("Refunds", "five days", "six days")
    runner = clone(repository, "runner", box)
    assert not (runner.folder / ".kbsync").exists()

    runner.ok("sync")

    assert "six days" in runner.read("billing/refunds.md")
    assert runner.git("status", "--porcelain").split() == ["M", "content/billing/refunds.md"]


def test_a_revert_is_an_ordinary_edit(repository: HelpCenter, teammate: Teammate) -> None:
    """`git revert` of a mirrored edit takes it back in both systems."""
    teammate.replace("Refunds", "five days", "nine days")
    repository.ok("sync", "--commit")
    assert "nine days" in repository.read("billing/refunds.md")

    repository.git("revert", "--no-edit", "HEAD")
    repository.ok("sync")

    assert "five days" in teammate.body("Refunds")
    assert "five days" in repository.read("billing/refunds.md")


def test_uncommitted_edits_are_left_to_their_author(repository: HelpCenter, teammate: Teammate) -> None:
    """A file with a person's uncommitted lines is synced but not committed, and the line says so."""
    repository.replace("billing/refunds.md", "you paid with", "you used")
    teammate.replace("Refunds", "five days", "six days")
    before = repository.git("rev-parse", "HEAD")

    said = repository.ok("sync", "--commit")

    assert "not committed: refunds" in said.out
    assert repository.git("rev-parse", "HEAD") == before
    assert "you used" in teammate.body("Refunds")
    assert "six days" in repository.read("billing/refunds.md")


def test_outside_a_checkout_committing_is_refused(center: HelpCenter, teammate: Teammate) -> None:
    """`--commit` without git is one line before anything is written."""
    result = center.kbsync("sync", "--commit")

    assert result.code == 1, result
    assert "git" in result.complaint
    assert teammate.articles() == {}


def test_a_push_that_cannot_be_done_is_one_line(repository: HelpCenter, teammate: Teammate) -> None:
    """Without the remote the sync itself is done, and the line says what git said."""
    (repository.folder.parent / "origin.git").rename(Path(repository.folder.parent / "gone.git"))
    repository.replace("billing/refunds.md", "five days", "six days")

    result = repository.kbsync("sync", "--push")

    assert result.code == 1, result
    assert "does not appear to be a git repository" in result.err
    assert "changes applied; 1 failed" in result.out
    assert "six days" in teammate.body("Refunds")


def test_two_runners_in_turn_never_fall_back(
    repository: HelpCenter, box: Sandbox, teammate: Teammate, colleague: Colleague
) -> None:
    """Each run of a scheduled job in a fresh clone goes on from the last, and the last one is silent."""
    for number, word in enumerate(("six", "seven")):
        teammate.replace("Refunds", "five" if not number else "six", word)
        runner = clone(repository, f"runner{number}", box)
        runner.ok("sync", "--push")
        assert f"{word} days" in colleague.body("Refunds")
    last = clone(repository, "last", box)
    assert last.ok("sync", "--json").document["applied"] == []
    assert "seven days" in last.read("billing/refunds.md")


def test_a_push_that_comes_second_says_what_to_do(
    repository: HelpCenter, box: Sandbox, teammate: Teammate
) -> None:
    """Somebody pushed meanwhile: the edit is committed here, and pulling and syncing again pushes it."""
    other = clone(repository, "other", box)
    other.replace("account/passwords.md", "sign-in page", "log-in page")
    other.git("commit", "--all", "--quiet", "--message", "Log in")
    other.git("push", "--quiet")
    teammate.replace("Refunds", "five days", "six days")

    late = repository.ok("sync", "--push", code=1)
    assert "git pull --rebase" in late.complaint
    repository.git("pull", "--quiet", "--rebase")
    repository.ok("sync", "--push")
    other.git("pull", "--quiet")

    assert "six days" in other.read("billing/refunds.md")
    assert "log-in page" in teammate.body("Passwords")


def test_a_checkout_that_is_behind_takes_nothing_back(
    repository: HelpCenter, box: Sandbox, teammate: Teammate, colleague: Colleague
) -> None:
    """Others synced and pushed; without a pull, a sync here brings their words and undoes none."""
    behind = clone(repository, "behind", box)
    teammate.replace("Refunds", "five days", "six days")
    repository.write("billing/cards.md", "Cards are renewed in May.")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "Cards")
    repository.ok("sync", "--push")

    behind.ok("sync")

    assert "six days" in behind.read("billing/refunds.md")
    for system in (teammate, colleague):
        assert "six days" in system.body("Refunds")
        assert "renewed in May" in system.body("Cards")


def test_uncommitted_edits_of_another_checkout_are_not_taken_back(
    repository: HelpCenter, box: Sandbox, teammate: Teammate, colleague: Colleague
) -> None:
    """A dirty tree was synced and its state pushed: elsewhere the edit is a remote one, and not undone."""
    repository.replace("billing/refunds.md", "five days", "six days")
    repository.write("billing/cards.md", "Cards are renewed in May.")
    repository.ok("sync", "--push")
    other = clone(repository, "other", box)
    assert "five days" in other.read("billing/refunds.md")

    other.ok("sync")

    assert "six days" in other.read("billing/refunds.md")
    for system in (teammate, colleague):
        assert "six days" in system.body("Refunds")
        assert "renewed in May" in system.body("Cards")
    assert repository.ok("sync", "--json").document["applied"] == []


def test_a_merge_in_two_versions_reaches_no_reader(repository: HelpCenter, teammate: Teammate) -> None:
    """Git's conflict markers break their file alone, with its line; the merge once settled, it goes on."""
    merge = "<<<<<<< Updated upstream\nsix days\n=======\nnine days\n>>>>>>> Stashed changes\n"
    repository.replace("billing/refunds.md", "A refund takes five days.", merge)
    repository.replace("account/passwords.md", "sign-in page", "log-in page")

    said = repository.ok("sync", code=1)

    assert "content/billing/refunds.md:" in said.complaint
    assert "five days" in teammate.body("Refunds")
    assert "log-in page" in teammate.body("Passwords")
    repository.replace("billing/refunds.md", merge, "A refund takes nine days.")
    repository.ok("sync")
    assert "nine days" in teammate.body("Refunds")
