"""Read the articles as the analysis needs them: title, description and passages of the body."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kbsync.errors import ContentError
from kbsync.gaps.model import HelpText
from kbsync.gaps.sentences import clean

_MAX_BYTES: Final = 4_000_000
_FRONT_MATTER = re.compile(
    r"\A\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*$\r?\n?", re.DOTALL | re.MULTILINE
)
_LOCALE = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4}){0,2}")
_MARKDOWN = MarkdownIt("commonmark", {"maxNesting": 50}).enable(["table", "strikethrough"])


def load_shelf(
    root: Path,
    *,
    default_locale: str = "en",
    updated: Mapping[str, float] | None = None,
    states: Collection[str] = ("published",),
) -> tuple[HelpText, ...]:
    """Return the articles below `root` in one of `states`, sorted by path; nothing outside `root` is read.

    `updated` gives the time of the last change by relative path, in epoch seconds. Drafts, `_collection.md` and
    hidden or underscored folders are left out; a file that cannot be parsed is read as far as it can be.

    Raises:
        ContentError: `root` is not a folder.
    """
    if not root.is_dir():
        raise ContentError(
            "there is no such folder of articles", where=str(root), hint="check --articles or [content] root"
        )
    times = updated or {}
    found = (
        _read(root, path, default_locale, times, states)
        for path in sorted(root.rglob("*.md"))
        if _belongs(root, path)
    )
    return tuple(text for text in found if text is not None)


def _belongs(root: Path, path: Path) -> bool:
    inside = path.relative_to(root)
    hidden = any(part.startswith(("_", ".")) for part in inside.parts)
    return not hidden and path.is_file() and path.resolve().is_relative_to(root.resolve())


def _read(
    root: Path, path: Path, default_locale: str, updated: Mapping[str, float], states: Collection[str]
) -> HelpText | None:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES).decode("utf-8-sig", "replace")
    except OSError:
        return None
    front, body = _split(raw)
    if str(front.get("state", "published")).lower() not in states:
        return None
    relative = path.relative_to(root).as_posix()
    stem, locale = _stem_and_locale(relative)
    headings, passages = _passages(body)
    return HelpText(
        path=relative,
        id=str(front.get("id") or stem),
        locale=locale or default_locale,
        title=clean(str(front.get("title") or "")).strip()
        or headings
        or PurePosixPath(stem).name.replace("-", " "),
        passages=passages,
        description=clean(str(front.get("description") or "")).strip(),
        updated_at=updated.get(relative),
    )


def _split(raw: str) -> tuple[Mapping[str, Any], str]:
    """Return front matter and body; broken front matter counts as none."""
    found = _FRONT_MATTER.match(raw)
    if found is None:
        return {}, raw
    try:
        front = YAML(typ="safe", pure=True).load(found.group(1))
    except (YAMLError, ValueError, RecursionError):
        front = None
    return front if isinstance(front, Mapping) else {}, raw[found.end() :]


def _stem_and_locale(relative: str) -> tuple[str, str]:
    stem = relative.removesuffix(".md")
    base, dot, suffix = stem.rpartition(".")
    return (base, suffix) if dot and _LOCALE.fullmatch(suffix) else (stem, "")


def _passages(body: str) -> tuple[str, tuple[str, ...]]:
    """Return the first heading and the text of each block, a heading set before the block that follows it."""
    first, pending = "", ""
    passages: list[str] = []
    for block in SyntaxTreeNode(_MARKDOWN.parse(body)).children:
        text = " ".join(clean(" ".join(_texts(block))).split())
        if block.type == "heading":
            first, pending = first or text, text
        elif text:
            passages.append(f"{pending}. {text}" if pending else text)
            pending = ""
    return first, (*passages, pending) if pending else tuple(passages)


def _texts(node: SyntaxTreeNode) -> Iterator[str]:
    if node.type in {"text", "code_inline", "code_block", "fence", "html_block", "html_inline"}:
        yield node.content
    elif node.type in {"softbreak", "hardbreak"}:
        yield " "
    elif node.type == "image":
        yield node.content
    else:
        for child in node.children:
            yield from _texts(child)
