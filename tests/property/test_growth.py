"""Nothing takes for ever: the work grows with the length of a body, not with its square.

In every run calls are counted, which are the same on every machine; under `KBSYNC_SOAK=1` CPU times of one
run are compared, a size with its double, up to ten megabytes.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import Final

import pytest
from test_fuzz import PIECES, check_refusal

from kbsync.document.confluence import CONFLUENCE
from kbsync.document.formats import PLAIN, Format
from kbsync.document.intercom import INTERCOM
from kbsync.document.markdown import MARKDOWN
from kbsync.document.markdown.parser import MAX_LENGTH
from kbsync.errors import DocumentError

TEN_MEGABYTES: Final = 10_000_000
FORMATS: Final = (MARKDOWN, INTERCOM, CONFLUENCE)
each_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)

STREAKS: Final = (
    *PIECES,
    *(
        "[a](",
        "![a](b){width=",
        "*a **b ",
        "`a`{",
        "$a ",
        "``` `\n",
        "- [ ] ",
        "> - ",
        "<!-- a\n",
        "a\n",
        "a|b\n",
    ),
    *(
        "<a ",
        "<a a a ",
        '<a ="',
        "<a ='",
        "&a",
        "<b>x</b>",
        "<p>a</p>",
        "<p> </p>",
        "<img><p>\u2060x</p>",
        "x<kbd>",
    ),
    *(
        "<details>\n\n",
        "<td>\n\n</details>\n\n",
        "[^1]: a\n\n",
        "$$a\n\n",
        "https://a.b ",
        "www.",
        "\\$",
        "*a_ ",
    ),
)
"""What has sent some parser into quadratic time when it was repeated."""


NESTING: Final = (
    "> ",
    "- ",
    "1. ",
    "<b>",
    "<div>",
    "<ul><li>",
    "<blockquote><p>",
    "<ac:link>",
    "<details>\n\n",
)
"""What is opened and never closed."""

SHORT: Final = 40_000
TIMES: Final = 4


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the work, refused or done."""
    start = time.process_time()
    with contextlib.suppress(DocumentError):
        work()
    return time.process_time() - start


def there_and_back(form: Format, raw: str) -> None:
    form.write(form.read(raw, PLAIN), PLAIN)


def calls(work: Callable[[], object]) -> int:
    """Return how many functions the work calls, in Python and below: the same count on every machine."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        with contextlib.suppress(DocumentError):
            work()
    finally:
        sys.setprofile(None)
    return count


@each_format
@pytest.mark.parametrize(
    "piece",
    [
        "> ",
        "- a\n",
        "<b>x</b>",
        "<p>a</p>",
        "*a_ ",
        "[a](b) ",
        "| a |\n",
        "&amp;",
        "`a ",
        "[",
        "![",
        "<a ",
        "a\\\n",
    ],
)
def test_work_grows_with_the_length_and_no_faster(form: Format, piece: str) -> None:
    """Four times the text takes at most five times the calls and a constant."""
    brief = calls(lambda: there_and_back(form, piece * 60))

    assert calls(lambda: there_and_back(form, piece * 240)) <= 5 * brief + 2_000


@pytest.mark.soak
@each_format
def test_time_grows_with_the_length_and_no_faster(form: Format) -> None:
    """Four times the text takes at most eight times the time, whatever is repeated."""
    slow = []
    for piece in dict.fromkeys(STREAKS):
        short = piece * (SHORT // len(piece))
        brief = seconds(lambda raw=short: there_and_back(form, raw))
        long = seconds(lambda raw=short * TIMES: there_and_back(form, raw))
        if long > 2 * TIMES * brief + 0.25:
            slow.append((piece, round(brief, 3), round(long, 3)))
    assert not slow


@pytest.mark.soak
@each_format
@pytest.mark.parametrize("opening", ["<", "</", "<a b=", "&", "[", "!["])
def test_a_word_without_end_is_read_in_time(form: Format, opening: str) -> None:
    """A tag, reference or link that opens and never closes takes time in its length, not in its square."""
    brief = seconds(lambda: there_and_back(form, opening + "a" * 10_000))
    assert seconds(lambda: there_and_back(form, opening + "a" * 40_000)) <= 8 * brief + 0.25


@pytest.mark.soak
@each_format
@pytest.mark.parametrize(
    "piece", [*NESTING, "a\n", "<p>a</p>", "<h2>ⁿ</h2>", "&amp;", "[", "[a](b) ", "| a |\n", "`", "*a_ "]
)
def test_ten_megabytes_take_twice_the_time_of_five(form: Format, piece: str) -> None:
    """Ten megabytes of one thing are read in at most three times the time of five, or refused as soon.

    No Markdown beyond five megabytes is read: there five are compared with half of them.
    """
    most = MAX_LENGTH if form is MARKDOWN else TEN_MEGABYTES
    raw = piece * (most // len(piece))
    half = seconds(lambda: there_and_back(form, raw[: len(raw) // 2]))
    whole = seconds(lambda: there_and_back(form, raw))
    beyond = seconds(lambda: there_and_back(form, raw * 2)) if form is MARKDOWN else 0.0

    print(f"{form.name}, {most / 1e6:.0f} MB of {piece!r}: {whole:.2f} s, half of it: {half:.2f} s")
    assert whole <= 3 * half + 1
    assert beyond <= 1


@each_format
@pytest.mark.parametrize("piece", NESTING)
def test_nesting_without_end_is_read_or_refused_with_place_and_reason(form: Format, piece: str) -> None:
    """However long it goes on, it is read, or refused for one reason, with the line and what to do."""
    reasons = {_refusal(form, piece * times) for times in (1_000, 10_000)}

    assert len(reasons) == 1


def _refusal(form: Format, raw: str) -> str:
    try:
        form.read(raw, PLAIN)
    except DocumentError as error:
        check_refusal(error)
        return error.message.rpartition(": ")[2]
    return ""
