"""The state as a commit on a ref of its own, so that any clone or runner starts from it.

Plumbing only: no work tree, index, branch or hook is touched. The commit is built by `git fast-import`
on a scratch ref and taken over with `git update-ref` and the old value, so a rival update is noticed.
https://git-scm.com/docs/git-fast-import, https://git-scm.com/docs/git-update-ref
"""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from kbsync.effects import DIRECT, Effects
from kbsync.errors import GitError
from kbsync.state.records import Note, Record
from kbsync.state.schema import TABLES
from kbsync.state.snapshot import ALL_TABLES, Change, Put, Snapshot
from kbsync.state.store import State

SERIAL, CARRIED, PLACE = "serial", "carried", "place"
LOCAL = frozenset({SERIAL, CARRIED, PLACE, "last-sync"})
"""Notes that mean something on this machine only."""
_FORMAT = "1"
_TIMEOUT = 120
_LOOK_BACK = 200
_ENCODER = msgspec.json.Encoder(order="deterministic")
_IDENTITY = {
    "GIT_AUTHOR_NAME": "kbsync",
    "GIT_AUTHOR_EMAIL": "kbsync@localhost",
    "GIT_COMMITTER_NAME": "kbsync",
    "GIT_COMMITTER_EMAIL": "kbsync@localhost",
}


@dataclass(frozen=True, slots=True)
class _Made:
    """At which commit a state was made, "" before the first; `place` names a checkout with uncommitted articles."""

    head: str
    place: str

    @classmethod
    def read(cls, body: str) -> _Made:
        """Read the body of a state's commit; those of older versions say nothing."""
        told = dict(line.split(": ", 1) for line in body.splitlines() if ": " in line)
        return cls(told.get("head", ""), told.get("uncommitted-in", ""))

    def spelled(self) -> str:
        """Return the body of a state's commit."""
        lines = ([f"head: {self.head}\n"] if self.head else []) + (
            [f"uncommitted-in: {self.place}\n"] if self.place else []
        )
        return "".join(lines)


class GitCarrier:
    """Carries the state in `ref` of the repository around `folder`.

    A state speaks of the files of one commit, so each says at which it was made, and, where articles below
    `content` were not committed then, in which checkout.
    """

    def __init__(
        self,
        folder: Path,
        ref: str,
        *,
        remote: str = "origin",
        effects: Effects = DIRECT,
        content: Path | None = None,
    ) -> None:
        self.folder = folder
        self.ref = ref
        self.remote = remote
        self.effects = effects
        self.content = content or folder

    def present(self) -> bool:
        """Tell whether the folder lies in a git checkout."""
        try:
            return self._try("rev-parse", "--git-dir") is not None
        except GitError:
            return False

    def tip(self) -> str:
        """Return the commit the ref names, "" without one."""
        return self._try("rev-parse", "--verify", "--quiet", f"{self.ref}^{{commit}}") or ""

    def fetch(self) -> bool:
        """Bring the ref from the remote where it is newer there; tell whether it moved. Raises GitError."""
        if self._try("remote", "get-url", self.remote) is None:
            return False
        listed = self._git("ls-remote", self.remote, self.ref).split()
        theirs, ours = (listed[0] if listed else ""), self.tip()
        if not theirs or theirs == ours:
            return False
        scratch = f"{self.ref}-incoming"
        self.effects.perform("git", f"fetch {self.ref}", lambda: self._fetch_into(scratch))
        newer = not ours or self._serial_of(theirs) > self._serial_of(ours)
        if newer:
            self._move(theirs, ours)
        return newer

    def _fetch_into(self, scratch: str) -> None:
        self._git("fetch", "--quiet", "--no-tags", self.remote, f"+{self.ref}:{scratch}")
        self._git("update-ref", "-d", scratch, check=False)

    def load(self, state: State) -> bool:
        """Take over what the ref carries when it is newer than the local state; tell whether it was.

        What was made at a commit that this checkout does not hold is passed over for an older one: by a
        newer state, files that are merely behind would pass for edits, and take back what others wrote.
        """
        place = state.snapshot.note(PLACE)
        tip = self._fitting(place)
        if not tip or tip == state.snapshot.note(CARRIED):
            return False
        if self._serial_of(tip) <= _serial(state.snapshot):
            return False
        records = list(self._records(tip))
        changes: list[Change] = [Put(record) for record in records]
        changes.append(Put(Note(name=CARRIED, value=tip)))
        changes += [Put(Note(name=PLACE, value=place))] if place else []
        state.replace("take over the carried state", changes)
        return True

    def save(self, state: State) -> bool:
        """Carry the local state in the ref; tell whether there was anything new. Raises GitError."""
        tip, content, made = self.tip(), _digest(state.snapshot), self._provenance(state)
        if tip and content == self._note_of(tip, "content") and made == self._made(tip):
            return False
        serial = max(_serial(state.snapshot), self._serial_of(tip) if tip else 0) + 1
        state.commit("count", [Put(Note(name=SERIAL, value=str(serial)))])
        files = {**dict(_files(state.snapshot)), "content": content.encode(), "serial": str(serial).encode()}
        commit = self.effects.perform("git", f"commit {self.ref}", lambda: self._commit(files, tip, made))
        self._move(commit, tip)
        state.commit("carried", [Put(Note(name=CARRIED, value=commit))])
        return True

    def push(self) -> None:
        """Push the ref, only over what was last seen there. Raises GitError when it moved."""
        listed = self._git("ls-remote", self.remote, self.ref).split()
        lease = f"--force-with-lease={self.ref}:{listed[0] if listed else ''}"
        spec = f"{self.ref}:{self.ref}"
        self.effects.perform(
            "git", f"push {self.ref}", lambda: self._git("push", "--quiet", lease, self.remote, spec)
        )

    def _move(self, new: str, old: str) -> None:
        expected = old or "0" * len(new)
        self.effects.perform(
            "git", f"update-ref {self.ref}", lambda: self._git("update-ref", self.ref, new, expected)
        )

    # --- which state fits this checkout -----------------------------------------------------------

    def _provenance(self, state: State) -> _Made:
        """Return where the state is made, and give this checkout a name when it needs one."""
        head = self._try("rev-parse", "--verify", "--quiet", "HEAD") or ""
        if not self._try("status", "--porcelain", "--untracked-files=all", "--", f"{self.content}/*.md"):
            return _Made(head, "")
        place = state.snapshot.note(PLACE)
        if not place:
            place = secrets.token_hex(8)
            state.commit("name this checkout", [Put(Note(name=PLACE, value=place))])
        return _Made(head, place)

    def _made(self, commit: str) -> _Made:
        return _Made.read(self._try("log", "-1", "--format=%b", commit) or "")

    def _fitting(self, place: str) -> str:
        """Return the newest state made from what this checkout holds; without any, the newest."""
        tip = self.tip()
        if not tip:
            return ""
        told = self._git("log", "--first-parent", f"--max-count={_LOOK_BACK}", "--format=%H%x1f%b%x1e", tip)
        for entry in told.split("\x1e"):
            commit, _, body = entry.strip().partition("\x1f")
            made = _Made.read(body)
            if commit and (not made.place or made.place == place) and self._holds(made.head):
                return commit
        return tip

    def _holds(self, head: str) -> bool:
        """Tell whether HEAD has a commit among its ancestors; a shallow clone cannot tell, and is taken for new."""
        if not head or self._try("merge-base", "--is-ancestor", head, "HEAD") is not None:
            return True
        return self._try("rev-parse", "--is-shallow-repository") == "true"

    # --- plumbing ---------------------------------------------------------------------------------

    def _commit(self, files: dict[str, bytes], parent: str, made: _Made) -> str:
        scratch = f"{self.ref}-{os.getpid()}"
        stream = b"".join(_stream(scratch, files, parent, made))
        try:
            self._git("fast-import", "--quiet", "--force", data=stream)
            return self._git("rev-parse", scratch).strip()
        finally:
            self._git("update-ref", "-d", scratch, check=False)

    def _serial_of(self, commit: str) -> int:
        spelled = self._note_of(commit, "serial")
        return int(spelled) if spelled.isdigit() else 0

    def _note_of(self, commit: str, name: str) -> str:
        return (self._try("cat-file", "blob", f"{commit}:{name}") or "").strip()

    def _records(self, commit: str) -> Iterator[Record]:
        kinds = {table.__name__.lower(): table for table in TABLES}
        names = self._git("ls-tree", "-r", "--name-only", "-z", commit).split("\0")
        wanted = [name for name in names if name.partition("/")[0] in kinds]
        request = "".join(f"{commit}:{name}\n" for name in wanted).encode()
        for name, blob in zip(wanted, _blobs(self._run("cat-file", "--batch", data=request)), strict=True):
            table = kinds[name.partition("/")[0]]
            try:
                yield from msgspec.json.decode(blob, type=list[table])  # type: ignore[valid-type]
            except msgspec.DecodeError as error:
                hint = f"delete it with: git update-ref -d {self.ref}"
                raise GitError(f"the carried state cannot be read: {error}", where=name, hint=hint) from error

    def _try(self, *arguments: str) -> str | None:
        try:
            return self._git(*arguments).strip()
        except GitError:
            return None

    def _git(self, *arguments: str, data: bytes = b"", check: bool = True) -> str:
        return self._run(*arguments, data=data, check=check).decode(errors="replace")

    def _run(self, *arguments: str, data: bytes = b"", check: bool = True) -> bytes:
        command = ["git", "-C", str(self.folder), "-c", "core.hooksPath=/dev/null", *arguments]
        try:
            done = subprocess.run(  # noqa: S603  no shell, and only our own arguments
                command, input=data, capture_output=True, env=_environment(), timeout=_TIMEOUT, check=False
            )
        except FileNotFoundError as error:
            raise GitError("git is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise GitError(f"git {arguments[0]} did not end within {_TIMEOUT} s") from error
        if check and done.returncode != 0:
            raise GitError(f"git {arguments[0]} refused: {reason(done.stderr)}")
        return done.stdout


def reason(stderr: bytes) -> str:
    """Return the line in which git says why: what stands around it is advice, or the end of a sentence."""
    lines = [line.strip() for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("! [", "fatal:", "error:"))]
    return next(iter([*telling, *lines[-1:]]), "no reason given")


def _environment() -> dict[str, str]:
    """Return the environment without what would point git at another repository or ask questions."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    with suppress(KeyError):
        kept["GIT_SSH_COMMAND"] = os.environ["GIT_SSH_COMMAND"]
    return {**kept, **_IDENTITY, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


def _files(snapshot: Snapshot) -> Iterator[tuple[str, bytes]]:
    """Yield the records as files: one for each key, spread over folders so that trees stay small."""
    for table in ALL_TABLES:
        if table is Note:
            continue
        for record in snapshot.all(table):
            name = hashlib.sha256("\0".join(record.key).encode()).hexdigest()
            path = f"{table.__name__.lower()}/{name[:2]}/{name[2:24]}.json"
            yield path, msgspec.json.format(_ENCODER.encode([record]), indent=1) + b"\n"
    notes = [note for note in snapshot.all(Note) if note.name not in LOCAL]
    yield "note/notes.json", msgspec.json.format(_ENCODER.encode(notes), indent=1) + b"\n"


def _digest(snapshot: Snapshot) -> str:
    digest = hashlib.sha256()
    for name, data in _files(snapshot):
        digest.update(name.encode() + b"\0" + data)
    return digest.hexdigest()


def _serial(snapshot: Snapshot) -> int:
    spelled = snapshot.note(SERIAL)
    return int(spelled) if spelled.isdigit() else 0


def _stream(ref: str, files: dict[str, bytes], parent: str, made: _Made) -> Iterable[bytes]:
    message = f"kbsync: state\n\n{made.spelled()}".encode()
    yield f"commit {ref}\ncommitter kbsync <kbsync@localhost> {int(time.time())} +0000\n".encode()
    yield f"data {len(message)}\n".encode() + message
    if parent:
        yield f"from {parent}\n".encode()
    yield b"deleteall\n"
    for path, data in sorted({**files, "format": _FORMAT.encode()}.items()):
        yield f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"


def _blobs(output: bytes) -> Iterator[bytes]:
    """Yield the contents in the output of `git cat-file --batch`."""
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        size = int(output[at:end].rpartition(b" ")[2])
        yield output[end + 1 : end + 1 + size]
        at = end + size + 2
