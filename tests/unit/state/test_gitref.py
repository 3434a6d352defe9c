"""The state in a git ref: any clone starts from it, and nothing else in the repository moves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kbsync.article import Article
from kbsync.errors import GitError
from kbsync.state.gitref import GitCarrier
from kbsync.state.records import Base
from kbsync.state.snapshot import Put
from kbsync.state.store import State, open_state

REF = "refs/kbsync/state"


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _state(*ids: str) -> State:
    state = open_state("sqlite://")
    state.commit("test", [Put(Base(entry=Article(id, {}))) for id in ids])
    return state


def _ids(state: State) -> list[str]:
    return [base.entry.id for base in state.snapshot.all(Base)]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a commit, a bare remote, and an untracked file."""
    _git(tmp_path, "init", "-q", "--bare", "remote.git")
    _git(tmp_path, "init", "-q", "-b", "main", "work")
    work = tmp_path / "work"
    (work / "a.md").write_text("a")
    _git(work, "add", "a.md")
    _git(work, "commit", "-q", "-m", "first")
    _git(work, "remote", "add", "origin", str(tmp_path / "remote.git"))
    (work / "b.md").write_text("b")
    return work


def test_a_saved_state_is_loaded_elsewhere(checkout: Path) -> None:
    """Save, push, clone, load: the same records, and work tree and branches as they were."""
    before = _git(checkout, "status", "--porcelain", "--branch")
    carrier = GitCarrier(checkout, REF)
    assert carrier.save(_state("one", "two"))
    carrier.push()
    other = checkout.parent / "other"
    _git(checkout.parent, "clone", "-q", str(checkout.parent / "remote.git"), "other")
    there, fresh = GitCarrier(other, REF), _state()
    assert there.fetch()
    assert there.load(fresh)
    assert _ids(fresh) == ["one", "two"]
    assert _git(checkout, "status", "--porcelain", "--branch") == before


def test_nothing_new_makes_no_commit(checkout: Path) -> None:
    """Saving the same state twice leaves the ref where it is."""
    carrier, state = GitCarrier(checkout, REF), _state("one")
    assert carrier.save(state)
    tip = carrier.tip()
    assert not carrier.save(state)
    assert carrier.tip() == tip


def test_an_older_ref_is_not_loaded(checkout: Path) -> None:
    """The local state is never replaced by one it has already grown beyond."""
    carrier, state = GitCarrier(checkout, REF), _state("one")
    carrier.save(state)
    assert not carrier.load(state)
    state.commit("more", [Put(Base(entry=Article("two", {})))])
    assert not carrier.load(state)
    assert carrier.save(state)
    assert _ids(state) == ["one", "two"]


def test_a_push_over_somebody_else_is_refused(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remote's ref is only replaced as it was last seen."""
    first, second = GitCarrier(checkout, REF), GitCarrier(checkout, REF)
    first.save(_state("one"))
    first.push()
    second.save(_state("one", "two"))
    honest = second._git

    def stale(*arguments: str, **more: object) -> str:
        return f"{'1' * 40}\t{REF}" if arguments[0] == "ls-remote" else honest(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(second, "_git", stale)
    with pytest.raises(GitError):
        second.push()


def test_outside_a_checkout_there_is_no_carrier(tmp_path: Path) -> None:
    """A plain folder carries nothing and says so without an error."""
    assert not GitCarrier(tmp_path, REF).present()
