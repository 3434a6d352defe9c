"""Between the text of files and entries: front matter fields, bodies, collections."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from kbsync.article import Article, Collection, CollectionText, State, Text
from kbsync.document import markdown
from kbsync.document.blocks import Document
from kbsync.document.formats import Loss
from kbsync.document.lens import put
from kbsync.document.remember import remembered
from kbsync.errors import ContentError, DocumentError
from kbsync.replicas.base import Names
from kbsync.replicas.files import frontmatter
from kbsync.replicas.files.links import FileLinks
from kbsync.replicas.files.paths import COLLECTION_FILE, file_of
from kbsync.replicas.files.raw import ArticleRaw, CollectionRaw, FileText

MARKDOWN = remembered(markdown.MARKDOWN)
_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$")


def article_id(page: frontmatter.Page, where: str) -> str:
    """Return the id a file carries, "" without one. Raises ContentError."""
    return _id(frontmatter.load(page.front, where).get("id"), where)


def _id(value: Any, where: str) -> str:
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, dict | list | bool) or not _ID.match(text):
        raise ContentError(
            f"the id {text[:40]!r} is not usable",
            where=where,
            hint="letters, digits, dots, dashes and underscores, at most 120",
        )
    return text


def parse_article(raw: ArticleRaw, id: str, handle: str, names: Names) -> Article:
    """Return the article. Raises ContentError, DocumentError naming the file and the line in it."""
    default = raw.files[""]
    keys = frontmatter.load(frontmatter.split(default.text, default.path).front, default.path)
    texts = {
        locale or names.default_locale: _parse_text(file, names) for locale, file in sorted(raw.files.items())
    }
    path = PurePosixPath(handle)
    parent = str(path.parent) if path.parent != PurePosixPath() else ""
    return Article(
        id=id,
        texts=texts,
        place=(names.id(parent, "collection") or "") if parent else "",
        labels=_labels(keys.get("labels"), default.path),
        name=path.name,
        author=_author(keys.get("author"), default.path),
    )


def _parse_text(file: FileText, names: Names) -> Text:
    page = frontmatter.split(file.text, file.path)
    keys = frontmatter.load(page.front, file.path)
    return Text(
        title=_string(keys, "title", file.path, required=True),
        body=_parse_body(page, file, names),
        description=_string(keys, "description", file.path),
        state=_state(keys.get("state"), file.path),
    )


def _parse_body(page: frontmatter.Page, file: FileText, names: Names) -> Document:
    try:
        return MARKDOWN.read(_lines(page.body), FileLinks(file.path, names))
    except DocumentError as error:
        skipped = file.text[: len(file.text) - len(page.body)].count("\n")
        line = error.line_number + skipped if error.line_number else 0
        where = f"{file.path}:{line}" if line else file.path
        raise DocumentError(error.message, where=where, hint=error.hint, line_number=line) from error


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _string(keys: Mapping[str, Any], key: str, where: str, *, required: bool = False) -> str:
    value = keys.get(key)
    if value is None and not required:
        return ""
    if value is None or isinstance(value, dict | list | bool) or not str(value).strip():
        problem = "has no" if value is None else "has an unusable"
        raise ContentError(
            f"{problem} {key}", where=where, hint=f"add a line `{key}: …` between the dashes at the top"
        )
    return " ".join(str(value).split())


def _state(value: Any, where: str) -> State:
    match value:
        case None | "published":
            return "published"
        case "draft":
            return "draft"
    raise ContentError(f"the state {str(value)[:40]!r} is not known", where=where, hint="published or draft")


def _labels(value: Any, where: str) -> tuple[str, ...]:
    labels = [] if value is None else value if isinstance(value, list) else [value]
    if any(isinstance(label, dict | list) or not str(label).strip() for label in labels):
        raise ContentError(
            "the labels are not a list of words", where=where, hint="labels: [billing, refunds]"
        )
    return tuple(sorted({str(label).strip() for label in labels}))


def _author(value: Any, where: str) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ContentError("the author is not a teammate id", where=where, hint="a number, as Intercom shows it")


def render_article(
    entry: Article, old: ArticleRaw | None, handle: str, names: Names
) -> tuple[ArticleRaw, tuple[Loss, ...]]:
    """Return the article's files at `handle`, untouched text byte for byte."""
    files: dict[str, FileText] = {}
    losses: list[Loss] = []
    for locale, text in sorted(entry.texts.items()):
        key = "" if locale == names.default_locale else locale
        path = file_of(handle, key, names.default_locale)
        before = old.files.get(key) if old else None
        files[key], lost = _render_text(entry, text, key, path, before, names)
        losses += lost
    return ArticleRaw(files), tuple(losses)


def _render_text(
    entry: Article, text: Text, key: str, path: str, old: FileText | None, names: Names
) -> tuple[FileText, tuple[Loss, ...]]:
    page = frontmatter.split(old.text, path) if old else frontmatter.Page("", "", has_front=False)
    front = frontmatter.rewrite(page.front, _front(entry, text, key, page.front, path), path)
    body, losses = _render_body(text.body, page.body, FileLinks(path, names), fresh=old is None)
    unchanged = old is not None and page.has_front and front == page.front
    head = old.text[: len(old.text) - len(page.body)] if unchanged and old else frontmatter.join(front, "")
    return FileText(path, head + ("\n" if old is None else "") + body), losses


def _render_body(
    document: Document, old: str, links: FileLinks, *, fresh: bool
) -> tuple[str, tuple[Loss, ...]]:
    if fresh:
        made = MARKDOWN.write(document, links)
        return made.raw.rstrip("\n") + "\n" if made.raw.strip() else "", made.losses
    plain = _lines(old)
    made = put(MARKDOWN, document, plain, links)
    raw = made.raw.replace("\n", "\r\n") if plain.count("\n") == old.count("\r\n") > 0 else made.raw
    return (old if made.raw == plain else raw), made.losses


def _front(entry: Article, text: Text, key: str, front: str, where: str) -> dict[str, Any]:
    """Return the keys to set; what equals the meaning of the present text stays as it is spelt."""
    keys = frontmatter.load(front, where)
    wanted: dict[str, Any] = {}
    if not key:
        wanted["id"] = entry.id
    if _string(keys, "title", where) != text.title:
        wanted["title"] = text.title
    if _string(keys, "description", where) != text.description:
        wanted["description"] = text.description or None
    if not front or _state(keys.get("state"), where) != text.state:
        wanted["state"] = text.state
    if not key and _labels(keys.get("labels"), where) != entry.labels:
        wanted["labels"] = list(entry.labels) or None
    if not key and _author(keys.get("author"), where) != entry.author:
        wanted["author"] = entry.author
    return {name: value for name, value in wanted.items() if value is not None or name in keys}


def collection_id(raw: CollectionRaw) -> str:
    """Return the id of a collection's file, "" without one. Raises ContentError."""
    where = f"{raw.path}/{COLLECTION_FILE}"
    return article_id(frontmatter.split(raw.text, where), where) if raw.text is not None else ""


def parse_collection(raw: CollectionRaw, id: str, names: Names) -> Collection:
    """Return the collection a directory stands for. Raises ContentError."""
    path = PurePosixPath(raw.path)
    where = f"{raw.path}/{COLLECTION_FILE}"
    keys: Mapping[str, Any] = {}
    if raw.text is not None:
        keys = frontmatter.load(frontmatter.split(raw.text, where).front, where)
    title = _string(keys, "title", where) or path.name.replace("-", " ").replace("_", " ").capitalize()
    texts = {names.default_locale: CollectionText(title, _string(keys, "description", where))}
    for locale, text in _translations(keys, where).items():
        texts[str(locale)] = CollectionText(
            _string(text, "title", where, required=True), _string(text, "description", where)
        )
    parent = str(path.parent) if path.parent != PurePosixPath() else ""
    return Collection(
        id=id, texts=texts, parent=(names.id(parent, "collection") or "") if parent else "", name=path.name
    )


def _translations(keys: Mapping[str, Any], where: str) -> Mapping[str, Mapping[str, Any]]:
    value = keys.get("translations") or {}
    if not isinstance(value, dict) or not all(isinstance(text, dict) for text in value.values()):
        raise ContentError(
            "the translations are not a table", where=where, hint="translations: {fr: {title: …}}"
        )
    return value


def render_collection(entry: Collection, old: CollectionRaw | None, path: str, names: Names) -> CollectionRaw:
    """Return the collection's file; fields that say the same stay as they are spelt."""
    where = f"{path}/{COLLECTION_FILE}"
    text = (old.text if old else None) or ""
    page = frontmatter.split(text, where)
    before = parse_collection(CollectionRaw(path, text or None), entry.id, names)
    front = frontmatter.rewrite(page.front, _collection_front(entry, before, page.front, names), where)
    if page.has_front and front == page.front:
        return CollectionRaw(path, text)
    return CollectionRaw(path, frontmatter.join(front, page.body))


def _collection_front(entry: Collection, before: Collection, front: str, names: Names) -> dict[str, Any]:
    own = entry.texts[names.default_locale]
    said = before.texts[names.default_locale]
    values: dict[str, Any] = {"id": entry.id}
    if own.title != said.title or not front:
        values["title"] = own.title
    if own.description != said.description:
        values["description"] = own.description or None
    others = {k: v for k, v in sorted(entry.texts.items()) if k != names.default_locale}
    if others != {k: v for k, v in before.texts.items() if k != names.default_locale}:
        values["translations"] = {k: _collection_text(v) for k, v in others.items()} or None
    return values


def _collection_text(text: CollectionText) -> dict[str, str]:
    return {"title": text.title, **({"description": text.description} if text.description else {})}
