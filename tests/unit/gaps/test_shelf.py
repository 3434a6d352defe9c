"""Articles are read from a folder as the analysis needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbsync.errors import ContentError
from kbsync.gaps.shelf import load_shelf

PAGE = """---
id: refunds
title: How long does a refund take?
description: Refund times
state: published
---

Refunds take *five* days.

## Cards

- Visa: `3` days
- Others: 5 days
"""


def write(root: Path, **pages: str) -> Path:
    for name, text in pages.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_an_article_becomes_title_and_passages(tmp_path: Path) -> None:
    """Blocks become passages in order, a heading stands before what follows it."""
    (found,) = load_shelf(
        write(tmp_path, **{"billing__refunds.md": PAGE}), updated={"billing/refunds.md": 5.0}
    )

    assert (found.path, found.id, found.locale, found.updated_at) == (
        "billing/refunds.md",
        "refunds",
        "en",
        5.0,
    )
    assert found.passages == ("Refunds take five days.", "Cards. Visa: 3 days Others: 5 days")


def test_drafts_collections_and_underscored_folders_are_left_out(tmp_path: Path) -> None:
    """Only what customers can read covers anything."""
    pages = {
        "_collection.md": PAGE,
        "_drafts__a.md": PAGE,
        ".hidden__a.md": PAGE,
        "draft.md": PAGE.replace("published", "draft"),
    }

    assert load_shelf(write(tmp_path, **pages)) == ()


def test_a_translation_has_the_locale_of_its_name(tmp_path: Path) -> None:
    """`slug.de.md` is German."""
    (found,) = load_shelf(write(tmp_path, **{"refunds.pt-BR.md": PAGE}))

    assert found.locale == "pt-BR"


@pytest.mark.parametrize(
    "page",
    ["---\ntitle: [\n---\n\n# Real title\n\nText", "\ufeff# Real title\n\nText", "# Real title\n\nText"],
)
def test_broken_front_matter_is_no_obstacle(tmp_path: Path, page: str) -> None:
    """The first heading stands in for a title that cannot be read."""
    (found,) = load_shelf(write(tmp_path, **{"a.md": page}))

    assert found.title == "Real title"


def test_bytes_that_are_no_text_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    """A binary file named .md does not end the run."""
    (tmp_path / "a.md").write_bytes(b"\xff\xfe\x00# x" * 50)

    assert len(load_shelf(tmp_path)) == 1


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    """Nothing outside the root is read."""
    outside = write(tmp_path / "outside", **{"secret.md": PAGE})
    root = tmp_path / "content"
    root.mkdir()
    (root / "a.md").symlink_to(outside / "secret.md")

    assert load_shelf(root) == ()


def test_a_missing_folder_is_one_clear_line(tmp_path: Path) -> None:
    """The error names the folder and what to check."""
    with pytest.raises(ContentError, match="--articles"):
        load_shelf(tmp_path / "nowhere")
