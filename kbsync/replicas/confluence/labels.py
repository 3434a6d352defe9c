"""Labels as Confluence writes them: one word, lower case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from kbsync.replicas.confluence.form import DRAFT

_ILLEGAL: Final = re.compile(r"[\s:;,.?&\[\]()#^*!@]+")


def written(labels: Iterable[str]) -> dict[str, str]:
    """Return label as Confluence takes it -> label as it is meant; `draft` is the state's own."""
    pairs = ((_ILLEGAL.sub("-", label.strip()).strip("-").casefold(), label) for label in sorted(labels))
    return {name: label for name, label in pairs if name and name != DRAFT}


def meant(labels: Iterable[str], spelling: Mapping[str, str]) -> tuple[str, ...]:
    """Return the labels as they are meant, sorted."""
    return tuple(sorted({spelling.get(label, label) for label in labels if label != DRAFT}))
