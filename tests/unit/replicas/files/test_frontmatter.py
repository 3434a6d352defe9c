"""Front matter keeps what a person wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbsync.errors import ContentError
from kbsync.replicas.files import frontmatter

FRONT = """# who owns this
title: How long?   # asked often
labels: [billing]
zebra: "kept"
"""


def test_comments_and_order_stay() -> None:
    """A changed value leaves comments, unknown keys, quotes and order alone."""
    changed = frontmatter.rewrite(FRONT, {"title": "How soon?", "id": "refunds"}, "x.md")

    assert changed.splitlines()[0].startswith("id: refunds") or "id: refunds" in changed
    assert "# who owns this" in changed
    assert "title: How soon?   # asked often" in changed
    assert 'zebra: "kept"' in changed


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=40))
def test_any_title_comes_back(title: str) -> None:
    """Whatever a title holds, it reads back as it was written."""
    front = frontmatter.rewrite("state: draft\n", {"title": title}, "x.md")

    assert frontmatter.load(front, "x.md")["title"] == title


def test_equal_values_change_no_byte() -> None:
    """Setting what is already there is not a change."""
    assert frontmatter.rewrite(FRONT, {"title": "How long?"}, "x.md") is FRONT


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("---\ntitle: a\nno end", "has no end"),
        ("---\ntitle: a: b\n---\n", "at line 2"),
        ("---\n- a\n---\n", "not a list of keys"),
        ("---\na: 1\na: 2\n---\n", "not YAML"),
        ("---\na: !!python/object:os.system x\nb: [\n---\n", "not YAML"),
    ],
)
def test_what_is_unreadable_is_refused_with_its_place(text: str, says: str) -> None:
    """Broken front matter names the file and, where YAML knows it, the line in the file."""
    with pytest.raises(ContentError) as caught:
        frontmatter.load(frontmatter.split(text, "billing/a.md").front, "billing/a.md")

    assert says in caught.value.line()
    assert "billing/a.md" in caught.value.line()


def test_a_rule_is_not_front_matter() -> None:
    """A thematic break later in the text ends nothing and begins nothing."""
    page = frontmatter.split("Hello\n\n---\n\nworld\n", "x.md")

    assert (page.front, page.has_front) == ("", False)
