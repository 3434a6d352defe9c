"""What a sync did to the files, as edits that git can commit one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from kbsync.article import Article
from kbsync.document.blocks import AssetRef
from kbsync.document.walk import targets
from kbsync.replicas.files import raw
from kbsync.replicas.files.paths import COLLECTION_FILE
from kbsync.state.records import Base, Shadow
from kbsync.sync.engine import Engine
from kbsync.sync.observe import reading_of
from kbsync.sync.outcome import Done, Report
from kbsync.workflow.git import Checkout, Edit, committable

_REMOTES = ("intercom", "confluence")


class History:
    """Looks at the state before and after a sync, and commits what came from elsewhere."""

    def __init__(self, checkout: Checkout, root: Path, engine: Engine) -> None:
        self._checkout = checkout
        self._root = root
        self._engine = engine
        self._dirty: frozenset[Path] = frozenset()
        self._before: dict[tuple[str, str], Shadow] = {}

    def begin(self) -> None:
        """Remember how things stand. Raises GitError outside a checkout."""
        self._dirty = self._checkout.dirty(self._root)
        self._before = self._shadows()

    def commit(self, report: Report) -> Iterator[str]:
        """Commit one edit an article; yields a line for each. A file with a person's changes is left alone."""
        after = self._shadows()
        arrived = {d.article: d for d in report.applied if d.replica == "files"}
        ours = {(str(d.replica), d.article) for d in report.applied}
        edits = [self._edit(done, after, ours) for done in arrived.values()]
        clean, mixed = committable(edits, self._dirty)
        for edit in clean:
            commit = self._checkout.commit(edit)
            if commit:
                yield f"committed {commit[:10]} {edit.title}"
        for edit in mixed:
            yield f"not committed: {edit.article} (you have uncommitted changes in its file)"

    def _shadows(self) -> dict[tuple[str, str], Shadow]:
        return {(s.replica, s.id): s for s in self._engine.state.snapshot.all(Shadow)}

    def _edit(self, done: Done, after: dict[tuple[str, str], Shadow], ours: set[tuple[str, str]]) -> Edit:
        base = next((b for b in self._engine.state.snapshot.all(Base) if b.entry.id == done.article), None)
        moved = {
            name: reading_of(shadow).token
            for name in _REMOTES
            if (name, done.article) not in ours
            and (shadow := after.get((name, done.article))) is not None
            and self._moved(shadow)
        }
        files = [
            s for s in (self._before.get(("files", done.article)), after.get(("files", done.article))) if s
        ]
        paths = {self._root / path for shadow in files for path in _paths(shadow)}
        assets = set(_assets(base, self._root))
        return Edit(
            done.article, done.action, _title(base, done.article), frozenset(paths | assets), moved, done.id
        )

    def _moved(self, shadow: Shadow) -> bool:
        before = self._before.get((shadow.replica, shadow.id))
        return before is None or reading_of(before).token != reading_of(shadow).token


def _paths(shadow: Shadow) -> Iterator[str]:
    reading = reading_of(shadow)
    if not reading.raw:
        return
    if reading.kind == "collection":
        yield f"{raw.collection(reading.raw).path}/{COLLECTION_FILE}"
    else:
        yield from (file.path for file in raw.article(reading.raw).files.values())


def _assets(base: Base | None, root: Path) -> Iterator[Path]:
    if base is not None and isinstance(base.entry, Article):
        for text in base.entry.texts.values():
            for target, _ in targets(text.body):
                if isinstance(target, AssetRef) and (root / target.path).is_file():
                    yield root / target.path


def _title(base: Base | None, id: str) -> str:
    texts = msgspec.to_builtins(base.entry)["texts"] if base else {}
    return next((str(text["title"]) for text in texts.values()), id)
