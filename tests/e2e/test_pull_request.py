"""The docs engineer's pull request: a runner plans from a fresh clone, and the merge applies."""

from __future__ import annotations

import pytest
from help_center import HelpCenter, git

from kbsync.sandbox.server import Sandbox


@pytest.fixture
def runner(center: HelpCenter, box: Sandbox) -> HelpCenter:
    """A fresh clone of a synced center, as CI makes one: no `.kbsync`, everything else pushed."""
    git(center.folder.parent, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    center.git("init", "--quiet", "--initial-branch=main")
    center.git("remote", "add", "origin", str(center.folder.parent / "origin.git"))
    center.ok("sync")
    center.git("add", "--all")
    center.git("commit", "--quiet", "--message", "Begin")
    center.git("push", "--quiet", "--set-upstream", "origin", "main")
    center.ok("sync", "--push")
    git(center.folder.parent, "clone", "--quiet", str(center.folder.parent / "origin.git"), "runner")
    return HelpCenter(center.folder.parent / "runner", box)


def test_a_fresh_clone_plans_from_the_carried_state(runner: HelpCenter) -> None:
    """An edit on the branch is a plan of two updates, no conflict: the base comes with the ref."""
    runner.replace("billing/refunds.md", "five days", "six days")

    comment = runner.ok("plan", "--out", "plan.json", "--markdown", code=2).out

    assert "2 changes" in comment
    assert "+" in comment
    assert "six days" in comment
    assert "onflict" not in comment
    assert runner.ok("status", "--json").document["articles"] > 0
    assert runner.ok("plan", "--check", "plan.json").code == 0
    applied = runner.ok("apply", "plan.json")
    assert "2 changes applied" in applied.out
