"""Which files belong together: one group an article, one a collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from kbsync.errors import ContentError, DuplicateId, KbsyncError
from kbsync.replicas.base import Broken, Key, Reading
from kbsync.replicas.files import frontmatter, raw
from kbsync.replicas.files.disk import Disk
from kbsync.replicas.files.entries import article_id, collection_id
from kbsync.replicas.files.markers import refuse_unsettled
from kbsync.replicas.files.paths import COLLECTION_FILE, article_path, file_of, takes_part
from kbsync.replicas.files.raw import ArticleRaw, CollectionRaw, FileText


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk of the tree came upon."""

    readings: tuple[Reading, ...]
    broken: tuple[Broken, ...]


class Groups:
    """Reads the tree into readings; a file that cannot be used breaks its own article only."""

    def __init__(self, disk: Disk, default_locale: str) -> None:
        self._disk = disk
        self._default = default_locale

    def all(self, known: Mapping[Key, Reading]) -> Found:
        """Read everything that takes part in the sync."""
        groups = self._paths()
        moved = _moved(known, groups)
        results = [
            self._article(handle, {**files, **moved.get(handle, {})}, known.get(("article", handle)))
            for handle, files in groups.items()
        ]
        results += [self._collection(str(folder)) for folder in self._folders(groups)]
        return _without_duplicates(results)

    def article(self, handle: str) -> Reading | None:
        """Read one article. Raises ContentError."""
        path = PurePosixPath(handle)
        folder, files = path.parent, dict[str, str]()
        for name in self._disk.named(str(folder), path.name):
            part = article_path(folder / name)
            if part.handle == handle:
                files[self._locale(part.locale)] = str(folder / name)
        return self._read(handle, files) if files else None

    def collection(self, path: str) -> Reading | None:
        """Read one collection. Raises ContentError."""
        if not (self._disk.root / path).is_dir():
            return None
        file = f"{path}/{COLLECTION_FILE}"
        made = CollectionRaw(path, self._disk.text(file) if self._disk.exists(file) else None)
        refuse_unsettled(made.text or "", self._disk.shown(file))
        text = raw.encode(made)
        return Reading("collection", path, raw.token(text), text, id=collection_id(made))

    def _paths(self) -> dict[str, dict[str, str]]:
        groups: dict[str, dict[str, str]] = {}
        for path in self._disk.markdown():
            if takes_part(path) and path.name != COLLECTION_FILE:
                part = article_path(path)
                groups.setdefault(part.handle, {})[self._locale(part.locale)] = str(path)
        return groups

    def _folders(self, groups: Iterable[str]) -> list[PurePosixPath]:
        """Return folders that hold an article somewhere below, or a collection file."""
        with_articles = {parent for handle in groups for parent in PurePosixPath(handle).parents}
        return [
            folder
            for folder in self._disk.folders()
            if takes_part(folder / "x")
            and (folder in with_articles or self._disk.exists(f"{folder}/{COLLECTION_FILE}"))
        ]

    def _locale(self, locale: str) -> str:
        return "" if locale == self._default else locale

    def _article(self, handle: str, files: Mapping[str, str], known: Reading | None) -> Reading | Broken:
        try:
            return self._read(handle, files, known)
        except KbsyncError as error:
            return Broken(("article", handle), error)

    def _collection(self, path: str) -> Reading | Broken:
        try:
            reading = self.collection(path)
        except KbsyncError as error:
            return Broken(("collection", path), error)
        assert reading is not None
        return reading

    def _read(self, handle: str, files: Mapping[str, str], known: Reading | None = None) -> Reading:
        """Read an article's files; the reading of last time spares parsing what says the same."""
        if "" not in files:
            raise ContentError(
                "is a translation without its original",
                where=self._disk.shown(next(iter(files.values()))),
                hint=f"add {handle}.md beside it",
            )
        made = ArticleRaw(
            {locale: FileText(path, self._disk.text(path)) for locale, path in sorted(files.items())}
        )
        text = raw.encode(made)
        if known is not None and known.raw == text and not known.retired and known.token:
            return known
        for file in made.files.values():
            refuse_unsettled(file.text, self._disk.shown(file.path))
        page = frontmatter.split(made.files[""].text, self._disk.shown(files[""]))
        return Reading(
            "article", handle, raw.token(text), text, id=article_id(page, self._disk.shown(files[""]))
        )


def _moved(known: Mapping[Key, Reading], groups: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Give translations that were left behind by an interrupted move back to their article.

    A group without its original, whose file is the translation that a known article lost, is taken out
    of `groups` and returned under that article's handle.
    """
    orphans = {handle: files for handle, files in groups.items() if "" not in files}
    found: dict[str, dict[str, str]] = {}
    homes = _homes(known, groups) if orphans else {}
    for orphan, files in orphans.items():
        for reading in homes.get(PurePosixPath(orphan).name, ()):
            if reading.handle != orphan and _lost(reading, files):
                found.setdefault(reading.handle, {}).update(files)
                del groups[orphan]
                break
    return found


def _homes(known: Mapping[Key, Reading], groups: Mapping[str, Mapping[str, str]]) -> dict[str, list[Reading]]:
    """Return the known articles whose original stands where it was, by the name of their files."""
    homes: dict[str, list[Reading]] = {}
    for reading in known.values():
        here = reading.kind == "article" and not reading.retired and "" in groups.get(reading.handle, {})
        if here:
            homes.setdefault(PurePosixPath(reading.handle).name, []).append(reading)
    return homes


def _lost(reading: Reading, files: Mapping[str, str]) -> bool:
    """Tell whether these translations, by locale, are ones that the article had."""
    mine = raw.article(reading.raw).files
    return all(
        locale in mine and PurePosixPath(mine[locale].path).name == PurePosixPath(path).name
        for locale, path in files.items()
    )


def _without_duplicates(results: list[Reading | Broken]) -> Found:
    """Turn things that carry one id into broken ones: none of them is right without a person."""
    by_id: dict[tuple[str, str], list[Reading]] = {}
    for result in results:
        if isinstance(result, Reading) and result.id:
            by_id.setdefault((result.kind, result.id), []).append(result)
    doubled = {r.key: rs for rs in by_id.values() if len(rs) > 1 for r in rs}
    broken = [r for r in results if isinstance(r, Broken)]
    broken += [Broken(key, _duplicate(rs)) for key, rs in doubled.items()]
    readings = [r for r in results if isinstance(r, Reading) and r.key not in doubled]
    return Found(tuple(readings), tuple(broken))


def _duplicate(readings: list[Reading]) -> DuplicateId:
    places = " and ".join(sorted(path_of(r.key) for r in readings))
    return DuplicateId(f"{places} carry one id, {readings[0].id}")


def path_of(key: Key) -> str:
    """Return the file that a person would open for a key."""
    kind, handle = key
    return f"{handle}/{COLLECTION_FILE}" if kind == "collection" else file_of(handle, "", "")
