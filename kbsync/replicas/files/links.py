"""Relative links between files, and what they name."""

from __future__ import annotations

import posixpath
import re
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

from kbsync.document.blocks import ArticleRef, AssetRef, Target, Url
from kbsync.replicas.base import Names
from kbsync.replicas.files.paths import SUFFIX, article_path

_ABSOLUTE = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:|//|#|\?)")


class FileLinks:
    """Links of one file; an address read from it is written again as it was spelt."""

    def __init__(self, file: str, names: Names) -> None:
        self._folder = posixpath.dirname(file)
        self._names = names
        self._spelt: dict[Target, str] = {}

    def read(self, address: str) -> Target:
        """Return the article or asset a relative address names, else the address itself."""
        path, mark, anchor = address.partition("#")
        if not path or _ABSOLUTE.match(address):
            return Url(address)
        resolved = self._resolve(unquote(path))
        target = self._target(resolved, anchor) if resolved else None
        if target is None or (mark and isinstance(target, AssetRef)):
            return Url(address)
        self._spelt.setdefault(target, address)
        return target

    def write(self, target: Target) -> str | None:
        """Return a relative address, or None for an article that has no file."""
        match target:
            case Url(href):
                return href
            case AssetRef(path):
                return self._spelt.get(target) or self._relative(path)
            case ArticleRef(article, anchor):
                if target in self._spelt:
                    return self._spelt[target]
                handle = self._names.handle(article)
                return handle and self._relative(handle + SUFFIX) + (f"#{anchor}" if anchor else "")

    def _resolve(self, path: str) -> str | None:
        start = "" if path.startswith("/") else self._folder
        resolved = posixpath.normpath(posixpath.join(start, path.lstrip("/")))
        return None if resolved.startswith("..") or resolved == "." or "\0" in resolved else resolved

    def _target(self, path: str, anchor: str) -> Target | None:
        if not path.endswith(SUFFIX):
            return AssetRef(path) if "." in posixpath.basename(path) else None
        article = self._names.id(article_path(PurePosixPath(path)).handle)
        return ArticleRef(article, anchor) if article else None

    def _relative(self, path: str) -> str:
        return quote(posixpath.relpath(path, self._folder or "."), safe="/-_.~!$&'*+,;=:@")
