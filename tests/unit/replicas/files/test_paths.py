"""Which file is what."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbsync.replicas.files.paths import article_path, file_of, slug, takes_part


@pytest.mark.parametrize(
    ("path", "handle", "locale"),
    [
        ("billing/refunds.md", "billing/refunds", ""),
        ("billing/refunds.fr.md", "billing/refunds", "fr"),
        ("refunds.pt-BR.md", "refunds", "pt-BR"),
        ("guides/node.js.md", "guides/node.js", ""),
        ("guides/v1.2.md", "guides/v1.2", ""),
        ("fr.md", "fr", ""),
    ],
)
def test_a_locale_is_a_known_language(path: str, handle: str, locale: str) -> None:
    """Only a language before .md makes a translation; other dots belong to the name."""
    part = article_path(PurePosixPath(path))

    assert (part.handle, part.locale) == (handle, locale)
    assert file_of(handle, locale, "en") == path


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("a.md", True),
        ("_drafts/a.md", False),
        ("x/_drafts/a.md", False),
        (".git/a.md", False),
        ("assets/a.md", False),
    ],
)
def test_drafts_and_assets_take_no_part(path: str, part: bool) -> None:
    """Folders that begin with a dash below or a dot, and assets, hold no articles."""
    assert takes_part(PurePosixPath(path)) is part


@given(st.text())
def test_a_slug_is_always_a_safe_name(title: str) -> None:
    """Whatever a remote title says, its slug is a plain file name."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(title))


@pytest.mark.parametrize("title", ["CON", "nul", "Aux", "COM1", "lpt9!"])
def test_no_title_becomes_a_name_of_a_device(title: str) -> None:
    """A checkout on Windows could not hold the file."""
    assert slug(title) not in {"con", "nul", "aux", "com1", "lpt9"}
    assert slug(title).startswith(title.lower().strip("!"))
