"""`kbsync check`: what is wrong with the files, found without a network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kbsync.article import Article, Collection, Entry
from kbsync.document.blocks import ArticleRef, AssetRef, Document, Url
from kbsync.document.confluence import CONFLUENCE
from kbsync.document.formats import PLAIN, Format
from kbsync.document.intercom import INTERCOM
from kbsync.document.walk import anchors, targets
from kbsync.errors import DuplicateId, KbsyncError
from kbsync.replicas.base import Kind, Observation, Reading
from kbsync.replicas.files import raw
from kbsync.replicas.files.groups import path_of
from kbsync.replicas.files.paths import COLLECTION_FILE
from kbsync.replicas.files.replica import FilesReplica

MAX_DEPTH = 3
"""Levels of Intercom collections."""

Severity = Literal["error", "warning"]
_ELSEWHERE = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:|//|#|\?)")
_PENDING = frozenset({"link-pending", "asset-pending"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: where, a stable code, what, and how."""

    path: str
    code: str
    severity: Severity
    message: str
    hint: str = ""


class LocalNames:
    """The book of names of the files alone: a thing without an id is known by its handle."""

    def __init__(self, readings: Iterable[Reading], default_locale: str) -> None:
        self.default_locale = default_locale
        self._ids = {r.key: r.id or r.handle for r in readings}
        self._handles = {(key[0], id): key[1] for key, id in self._ids.items()}

    def id(self, handle: str, kind: Kind = "article") -> str | None:
        """Return the id of the file with this handle."""
        return self._ids.get((kind, handle))

    def handle(self, id: str, kind: Kind = "article") -> str | None:
        """Return the handle of the file with this id."""
        return self._handles.get((kind, id))

    def alias(self, id: str, kind: Kind = "article") -> str | None:  # noqa: ARG002  files have no aliases
        """Return nothing."""
        return None

    def by_alias(self, alias: str, kind: Kind = "article") -> str | None:  # noqa: ARG002  nor these
        """Return nothing."""
        return None

    def asset(self, address: str) -> str | None:
        """Return the path, which is its own address."""
        return address

    def address(self, asset: str) -> str | None:
        """Return the path, which is its own address."""
        return asset


def lint(files: FilesReplica, formats: Sequence[Format] = (INTERCOM, CONFLUENCE)) -> tuple[Finding, ...]:
    """Check every file; `formats` are the targets whose limits count."""
    observation = files.observe({})
    names = LocalNames(observation.readings, files.default_locale)
    parsed, findings = _parse(files, observation, names)
    findings += [_broken(b.error, path_of(b.key)) for b in observation.broken]
    pages = [page for reading, entry in parsed for page in _pages(reading, entry, names)]
    headings = {(page.id, page.locale): frozenset(anchors(page.body)) for page in pages}
    for page in pages:
        findings += [*_links(page, headings, files), *_limits(page, formats)]
    findings += [f for reading, entry in parsed if isinstance(entry, Collection) for f in _depth(reading)]
    shown = [replace(f, path=files.shown(f.path)) for f in findings]
    return tuple(sorted(shown, key=lambda f: (f.path, f.severity, f.code, f.message)))


@dataclass(frozen=True, slots=True)
class _Page:
    """One article in one locale, and the path of its file."""

    id: str
    locale: str
    path: str
    body: Document


def _parse(
    files: FilesReplica, observation: Observation, names: LocalNames
) -> tuple[list[tuple[Reading, Entry]], list[Finding]]:
    parsed, findings = list[tuple[Reading, Entry]](), list[Finding]()
    for reading in observation.readings:
        try:
            parsed.append((reading, files.parse(reading, names)))
        except KbsyncError as error:
            findings.append(_broken(error, path_of(reading.key)))
    return parsed, findings


def _pages(reading: Reading, entry: Entry, names: LocalNames) -> Iterator[_Page]:
    if isinstance(entry, Article):
        paths = raw.article(reading.raw).files
        for locale, text in entry.texts.items():
            file = paths["" if locale == names.default_locale else locale]
            yield _Page(entry.id, locale, file.path, text.body)


def _links(
    page: _Page, headings: Mapping[tuple[str, str], frozenset[str]], files: FilesReplica
) -> Iterator[Finding]:
    for target, is_image in set(targets(page.body)):
        match target:
            case AssetRef(path) if not files.has_asset(path):
                code, what = ("broken-image", "image") if is_image else ("broken-link", "link")
                yield Finding(page.path, code, "error", f"the {what} to {path} leads nowhere", "add the file")
            case Url(href) if _is_dangling(href):
                yield Finding(
                    page.path, "broken-link", "error", f"the link to {href} leads nowhere", "correct the path"
                )
            case ArticleRef(id, anchor) if anchor and anchor not in headings.get((id, page.locale), {anchor}):
                yield _no_heading(page, f"{id}#{anchor}")
            case Url(href) if href[:1] == "#" and href[1:] not in headings[page.id, page.locale]:
                yield _no_heading(page, href)


def _no_heading(page: _Page, what: str) -> Finding:
    return Finding(
        page.path, "broken-anchor", "warning", f"no heading for {what}", "use the heading's words, dashed"
    )


def _is_dangling(href: str) -> bool:
    """Tell whether an address is relative and still an address: it named no file."""
    return bool(href) and not _ELSEWHERE.match(href)


def _limits(page: _Page, formats: Sequence[Format]) -> Iterator[Finding]:
    for target in formats:
        losses = target.write(page.body, PLAIN).losses
        for loss in sorted({(x.code, x.message) for x in losses if x.code not in _PENDING}):
            yield Finding(page.path, "cannot-hold", "warning", f"{target.name}: {loss[1]} ({loss[0]})")


def _depth(reading: Reading) -> Iterator[Finding]:
    depth = reading.handle.count("/") + 1
    if depth > MAX_DEPTH:
        yield Finding(
            f"{reading.handle}/{COLLECTION_FILE}",
            "too-deep",
            "error",
            f"collections are {depth} levels deep, Intercom holds {MAX_DEPTH}",
            "move the folder up",
        )


def _broken(error: KbsyncError, path: str) -> Finding:
    code = "duplicate-id" if isinstance(error, DuplicateId) else "unreadable"
    return Finding(error.where or path, code, "error", error.message, error.hint)
