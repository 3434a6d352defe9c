"""A merge that git left unsettled reaches no reader."""

from __future__ import annotations

import pytest

from kbsync.errors import ContentError
from kbsync.replicas.files.markers import refuse_unsettled

MERGE = "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> branch\n"
DIFF3 = "<<<<<<< HEAD\nours\n||||||| base\nbefore\n=======\ntheirs\n>>>>>>> branch\n"


@pytest.mark.parametrize("merge", [MERGE, DIFF3, MERGE.replace("\n", "\r\n"), f"```\ncode\n```\n\n{MERGE}"])
def test_both_versions_are_refused_with_their_line(merge: str) -> None:
    """The error names file and line, and how to end the merge."""
    text = f"---\ntitle: A\n---\n\n{merge}"
    with pytest.raises(ContentError) as caught:
        refuse_unsettled(text, "content/a.md")

    line = 1 + text[: text.index("<<<<<<<")].count("\n")
    assert f"content/a.md:{line}: " in caught.value.line()
    assert "git add" in caught.value.line()


@pytest.mark.parametrize(
    "text",
    [
        f"How a conflict looks:\n\n```\n{MERGE}```\n",
        f"~~~text\n{MERGE}~~~\n",
        "Heading\n=======\n\n>>>>>>> quoted\n",
        "<<<<<<< arrows\n\nand no more\n",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    """An article about git may show markers in a code block, and underlined headings are headings."""
    refuse_unsettled(text, "content/a.md")
