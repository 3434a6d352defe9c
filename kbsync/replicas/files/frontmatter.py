"""YAML front matter: read strictly, rewritten so that comments, key order and untouched bytes stay."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from kbsync.errors import ContentError

MAX_CHARACTERS = 65_536
_FENCE = re.compile(r"\A\ufeff?---[ \t]*\r?\n")
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_INDENTED_LIST = re.compile(r"^[ ]+-[ ]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """A file in two: the front matter's text between its fences ("" without one), and the body."""

    front: str
    body: str
    has_front: bool


def split(text: str, where: str) -> Page:
    """Part a file's text. Raises ContentError for front matter that does not end."""
    start = _FENCE.match(text)
    if start is None:
        return Page("", text, has_front=False)
    end = _END.search(text, start.end())
    if end is None:
        raise ContentError(
            "the front matter has no end", where=where, hint="close it with a line of three dashes"
        )
    if end.start() - start.end() > MAX_CHARACTERS:
        raise ContentError("the front matter is larger than 64 KB", where=where, hint="move text to the body")
    return Page(text[start.end() : end.start()], text[end.end() :], has_front=True)


def load(front: str, where: str) -> Mapping[str, Any]:
    """Return the keys of a front matter; the mapping is shared. Raises ContentError with the line in the file."""
    return _remembered(front, where)


@lru_cache(maxsize=1024)  # one sync asks for the same keys up to eight times, and YAML is slow
def _remembered(front: str, where: str) -> CommentedMap:
    return _loaded(front, where)


def _loaded(front: str, where: str) -> CommentedMap:
    try:
        data = _yaml(front).load(front)
    except (YAMLError, ValueError) as error:
        raise ContentError(
            f"the front matter is not YAML{_position(error)}",
            where=where,
            hint="quote values that hold a colon, a # or a quote",
        ) from error
    if data is None:
        return CommentedMap()
    if not isinstance(data, CommentedMap):
        raise ContentError(
            "the front matter is not a list of keys", where=where, hint="write lines such as `title: …`"
        )
    return data


def rewrite(front: str, values: Mapping[str, Any], where: str) -> str:
    """Return the front matter with these values; None removes a key, an equal value leaves it as it is."""
    known = load(front, where)
    changed = {key: value for key, value in values.items() if known.get(key) != value}
    if not changed:
        return front
    data = _loaded(front, where)
    for key, value in changed.items():
        if value is None:
            data.pop(key, None)
        elif key == "id" and key not in data:
            data.insert(0, key, value)
        else:
            data[key] = value
    return dump(data, front)


def dump(data: Mapping[str, Any], like: str = "") -> str:
    """Write keys as YAML, lists indented as in `like`."""
    out = io.StringIO()
    _yaml(like).dump(data, out)
    return out.getvalue()


def join(front: str, body: str) -> str:
    """Return the file's text."""
    return f"---\n{front}---\n{body}"


def _yaml(like: str) -> YAML:
    yaml = YAML(typ="rt")
    yaml.width = 10_000
    yaml.preserve_quotes = True
    yaml.allow_duplicate_keys = False
    if _INDENTED_LIST.search(like):
        yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _position(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or ""
    return f" at line {mark.line + 2}: {problem}" if mark is not None else ""
