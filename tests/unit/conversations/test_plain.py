"""The words of a mail are found, whatever its markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbsync.conversations.plain import MAX_CHARACTERS, plain


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (None, ""),
        ("", ""),
        ("no markup: 1 < 2 & so on", "no markup: 1 < 2 & so on"),
        ("Tom &amp; Jerry &lt;3", "Tom & Jerry <3"),
        ('<p class="no-margin">Hi</p><p>second<br>third</p>', "Hi\n\nsecond\nthird"),
        ("<ul><li>one</li><li>two</li></ul>", "one\n\ntwo"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("<p>a\xa0b  c</p>", "a b c"),
        ("<p>new</p><blockquote>old</blockquote>", "new"),
        ('<div>new<div class="gmail_quote">On Monday, Ana wrote:</div></div>', "new"),
        ("<style>p{}</style><script>alert(1)</script><p>said</p>", "said"),
        ("<!-- only a comment -->", ""),
        ('<?xml version="1.0" encoding="utf-8"?><p>é</p>', "é"),
        ("<p>a\0b</p>", "ab"),
        ("<p>half \ud800 character</p>", "half ? character"),
        ("<b>unclosed <i>markup", "unclosed markup"),
    ],
)
def test_the_words_are_found(body: str | None, words: str) -> None:
    """Blocks part lines, quotes and scripts are left out, entities are characters."""
    assert plain(body) == words


def test_deep_mail_is_read() -> None:
    """A thousand nested divisions are no obstacle."""
    assert plain("<div>" * 1000 + "deep" + "</div>" * 1000) == "deep"


def test_a_huge_mail_is_cut() -> None:
    """Ten megabytes are read as far as anybody reads."""
    assert len(plain("<p>" + "word " * 2_000_000 + "</p>")) <= MAX_CHARACTERS


@given(
    st.text(st.characters(codec="utf-8"), max_size=80), st.sampled_from(["{}", "<p>{}</p>", "<a href='{}'>x"])
)
def test_nothing_breaks_it(text: str, frame: str) -> None:
    """Any characters, in any place, give a text without markup of ours."""
    assert isinstance(plain(frame.format(text)), str)
