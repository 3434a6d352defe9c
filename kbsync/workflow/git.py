"""Remote edits as git commits: one an article, with trailers that say where they came from."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from kbsync.effects import DIRECT, Effects
from kbsync.errors import GitError
from kbsync.resources import folder
from kbsync.state.gitref import reason

_TIMEOUT = 120
_BEHIND = "git pull --rebase, then kbsync sync --push again"
_IDENTITY = {"NAME": "kbsync", "EMAIL": "kbsync@localhost"}


@dataclass(frozen=True, slots=True)
class Edit:
    """What one article's step did to the tree: its paths before and after, relative to the checkout.

    `sources` are the replicas the edit came from, each with its version token.
    """

    article: str
    action: str
    title: str
    paths: frozenset[Path]
    sources: Mapping[str, str]
    plan: str


class Checkout:
    """The git checkout around a folder. Every method raises GitError with git's own words."""

    def __init__(self, place: Path, effects: Effects = DIRECT) -> None:
        self._place = place
        self._effects = effects

    def present(self) -> bool:
        """Tell whether the folder lies in a checkout."""
        return self._run("rev-parse", "--is-inside-work-tree", check=False).strip() == "true"

    def head(self) -> str:
        """Return the commit that is checked out, "" before the first one."""
        return self._run("rev-parse", "--verify", "--quiet", "HEAD", check=False).strip()

    def dirty(self, below: Path) -> frozenset[Path]:
        """Return the absolute paths that differ from the last commit."""
        top = Path(self._run("rev-parse", "--show-toplevel").strip())
        listed = self._run("status", "--porcelain=v1", "-z", "--untracked-files=all", "--", str(below))
        fields = iter(listed.split("\0"))
        paths = set[Path]()
        for field in fields:
            if field:
                paths.add(top / field[3:])
                if field[0] in "RC":
                    paths.add(top / next(fields, ""))
        return frozenset(paths)

    def commit(self, edit: Edit) -> str:
        """Commit the paths of one edit, leaving everything else as it is staged; returns the commit."""
        known = [str(p) for p in sorted(edit.paths) if p.exists() or self._tracked(p)]
        if not known:
            return ""
        self._run("add", "--all", "--", *known)
        if not self._run("diff", "--cached", "--name-only", "--", *known).strip():
            return ""
        arguments = ("commit", "--quiet", "--no-verify", "--only", "--message", message(edit), "--", *known)
        self._effects.perform("git", f"commit {edit.article}", lambda: self._run(*arguments))
        return self.head()

    def push(self) -> None:
        """Push the branch to its upstream."""
        self._effects.perform("git", "push", lambda: self._run("push", "--quiet"))

    def changed_at(self, below: Path) -> dict[str, float]:
        """Return when each file was last changed in a commit, by path relative to `below`, in epoch seconds."""
        listed = self._run(
            "log",
            "--format=\x1e%ct",
            "--name-only",
            "--no-renames",
            "--relative",
            "--",
            ".",
            at=below,
            check=False,
        )
        times: dict[str, float] = {}
        for record in listed.split("\x1e")[1:]:
            moment, *paths = record.split("\n")
            for path in filter(None, paths):
                times.setdefault(path, float(moment))
        return times

    def commits(self, below: Path) -> list[tuple[float, str]]:
        """Return when each commit that touched the folder was made, and its id, oldest first."""
        listed = self._run("log", "--format=%ct %H", "--", ".", at=below, check=False)
        return sorted(
            (float(moment), commit) for moment, _, commit in (x.partition(" ") for x in listed.splitlines())
        )

    def files_at(self, commit: str, below: Path) -> dict[str, bytes]:
        """Return the Markdown files of the folder as a commit holds them, by path relative to it."""
        listed = self._run("ls-tree", "-r", "-z", "--name-only", commit, "--", ".", at=below)
        paths = [path for path in listed.split("\0") if path.endswith(".md")]
        return {path: self._bytes("show", f"{commit}:./{path}", at=below) for path in paths}

    def _tracked(self, path: Path) -> bool:
        return bool(self._run("ls-files", "--", str(path), check=False).strip())

    def _run(self, *arguments: str, at: Path | None = None, check: bool = True) -> str:
        return self._bytes(*arguments, at=at, check=check).decode(errors="surrogateescape")

    def _bytes(self, *arguments: str, at: Path | None = None, check: bool = True) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603  a fixed program, arguments never through a shell
                ["git", "-c", "core.quotePath=false", *arguments],  # noqa: S607  git is where PATH says
                cwd=at or self._place,
                env=_environment(),
                capture_output=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            if not check:
                return b""
            raise GitError(f"git {arguments[0]} could not run: {error}", hint="is git installed?") from error
        if check and done.returncode:
            hint = _BEHIND if b"[rejected]" in done.stderr else ""
            raise GitError(f"git {arguments[0]} refused: {reason(done.stderr)}", hint=hint)
        return done.stdout if not done.returncode else b""


def message(edit: Edit) -> str:
    """Return the commit message: a subject, and trailers."""
    environment = jinja2.Environment(  # noqa: S701  plain text; every value goes through one_line
        loader=jinja2.FileSystemLoader(folder("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["one_line"] = lambda text: " ".join(str(text).split())[:200]
    return environment.get_template("commit.txt.j2").render(edit=edit)


def committable(edits: Iterable[Edit], dirty: frozenset[Path]) -> tuple[list[Edit], list[Edit]]:
    """Part edits that can be committed from those in whose files a person had uncommitted changes."""
    clean, mixed = list[Edit](), list[Edit]()
    for edit in edits:
        (mixed if edit.paths & dirty else clean).append(edit)
    return clean, mixed


def _environment() -> dict[str, str]:
    """Return an environment in which git asks nothing and speaks plainly; a name is given where none is set."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX"))
    }
    kept |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    if not _has_identity(kept):
        kept |= {
            f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in _IDENTITY.items()
        }
    return kept


def _has_identity(environ: Mapping[str, str]) -> bool:
    if "GIT_AUTHOR_NAME" in environ:
        return True
    command: Sequence[str] = ("git", "config", "--get", "user.email")
    done = subprocess.run(command, env=dict(environ), capture_output=True, check=False)  # noqa: S603  fixed words
    return done.returncode == 0
