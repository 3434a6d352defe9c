"""Bodies from one form into another."""

from __future__ import annotations

import pytest

from kbsync.document.convert import FORMS, convert
from kbsync.errors import DocumentError, UsageError

BODY = "# Refunds\n\nA refund takes *5 days*.\n"
MATTER = "---\nid: refunds\ntitle: Refunds\n---\n\n"


def test_front_matter_stays_with_markdown() -> None:
    """Front matter is kept byte for byte where the target is Markdown."""
    converted = convert(MATTER + BODY, "markdown", "markdown")
    assert converted.text == MATTER + BODY
    assert not converted.losses


def test_front_matter_is_a_loss_elsewhere() -> None:
    """Where the target has no front matter, leaving it out is reported."""
    converted = convert(MATTER + BODY, "markdown", "json")
    assert "refunds" not in converted.text
    assert [loss.code for loss in converted.losses] == ["front-matter"]


def test_a_divider_is_no_front_matter() -> None:
    """Two dividers around a paragraph are content."""
    assert convert("---\n\na\n\n---\n", "markdown", "markdown").text == "___\n\na\n\n---\n"


def test_json_comes_back() -> None:
    """The document tree as JSON is Markdown again, and holds no places."""
    tree = convert(BODY, "markdown", "json").text
    assert "source" not in tree
    assert convert(tree, "json", "json").text == tree
    assert convert(tree, "json", "markdown").text == BODY


@pytest.mark.parametrize("form", FORMS)
def test_every_form_brings_a_body_back(form: str) -> None:
    """A plain body through any form is the same body."""
    there = convert(BODY, "markdown", form)
    assert convert(there.text, form, "markdown").text == BODY


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"kind":"text"}', '{"kind":"document","blocks":[{"kind":"x"}]}', "[" * 9000]
)
def test_bad_json_is_refused(text: str) -> None:
    """What is no document in JSON is an error that says how to get one."""
    with pytest.raises(DocumentError, match="--to json"):
        convert(text, "json", "markdown")


def test_an_unknown_form_is_wrong_usage() -> None:
    """The error lists the forms there are."""
    with pytest.raises(UsageError, match="confluence"):
        convert("a", "markdown", "docx")


@pytest.mark.parametrize("height", [480, 3_000])
@pytest.mark.parametrize("target", FORMS)
def test_json_that_nests_too_deep_is_refused(target: str, height: int) -> None:
    """A document nobody could read is refused in words, by the reader or by the writer."""
    raw = '{"blocks":[' + '{"kind":"quote","blocks":[' * height + '{"kind":"divider"}' + "]}" * height + "]}"
    with pytest.raises(DocumentError, match=r"deep|recursion"):
        convert(raw, "json", target)
