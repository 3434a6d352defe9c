"""The CommonMark and GFM specifications and our own corpus: a rewrite renders to the same HTML and stays.

The specifications' examples are read from the source archive of marko (MIT), whose tests carry them; the
Makefile downloads it, tests/specifications.txt names it. Judges are markdown-it for CommonMark 0.31.2 and
GitHub's own cmark-gfm for GFM 0.29.
"""

from __future__ import annotations

import os
import re
import sys
import tarfile
from pathlib import Path
from typing import Final, NamedTuple

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt

from kbsync.document.canon import same
from kbsync.document.markdown import read, write
from kbsync.document.markdown.parser import PARSER

CORPUS: Final = Path(__file__).resolve().parents[3] / "corpus" / "markdown"
ARCHIVES: Final = Path(sys.prefix) / "specifications"
EXAMPLE: Final = re.compile(r"^`{32} example ?(\w*)\n(.*?)^\.\n.*?^`{32}$", re.MULTILINE | re.DOTALL)
COMMONMARK: Final = MarkdownIt("commonmark")
EXTENSIONS: Final = ["table", "strikethrough", "autolink", "tasklist", "tagfilter"]


class Example(NamedTuple):
    """One example: the extension it is about, "" for CommonMark itself, and its Markdown."""

    extension: str
    markdown: str


def corpus() -> list[str]:
    """Return our own examples: one file a theme, parted by `%%` on a line of its own."""
    files = sorted(CORPUS.glob("*.txt"))
    return [
        raw for file in files for raw in file.read_text(encoding="utf-8").removesuffix("\n").split("\n%%\n")
    ]


def specification(name: str) -> list[Example]:
    """Return the examples of `commonmark` or `gfm`; skips where they were not downloaded, fails in CI."""
    archives = sorted(ARCHIVES.glob("marko-*.tar.gz"))
    if not archives:
        reason = f"`make test` downloads the specifications to {ARCHIVES}"
        (pytest.fail if os.environ.get("KBSYNC_REQUIRE_SYSTEM") == "1" else pytest.skip)(reason)
    with tarfile.open(archives[-1]) as archive:
        member = next(each for each in archive.getnames() if each.endswith(f"/tests/spec/{name}.txt"))
        content = archive.extractfile(member)
        assert content is not None
        text = content.read().decode()
    return [Example(found[1], found[2].replace("→", "\t")) for found in EXAMPLE.finditer(text)]


def on_github(raw: str) -> str:
    """Return the HTML that GitHub makes; it shows doubled bold only once."""
    made = cmarkgfm.markdown_to_html_with_extensions(
        raw, options=Options.CMARK_OPT_UNSAFE, extensions=EXTENSIONS
    )
    return re.sub(r"(</?strong>)\1+", r"\1", made)


@pytest.mark.parametrize("raw", corpus())
def test_our_examples_survive_a_rewrite(raw: str) -> None:
    """A rewritten body is the same document, and a second rewrite changes nothing."""
    document = read(raw)
    once = write(document).raw
    assert same(read(once), document)
    assert write(read(once)).raw == once


def test_the_corpus_is_not_empty() -> None:
    """At least 150 examples are tried."""
    assert len(corpus()) >= 150


def test_all_652_examples_of_commonmark_render_the_same() -> None:
    """Each example, rewritten, renders to the same HTML in plain CommonMark, and a second rewrite changes nothing."""
    examples = specification("commonmark")
    for _, raw in examples:
        once = write(read(raw)).raw
        assert COMMONMARK.render(once) == COMMONMARK.render(raw), raw
        assert write(read(once)).raw == once, raw
    print(f"CommonMark: {len(examples)} examples render the same after a rewrite")
    assert len(examples) == 652


def test_all_examples_of_github_render_the_same() -> None:
    """Each example of GFM, the 24 of its extensions included, renders to the same HTML on GitHub."""
    examples = specification("gfm")
    for _, raw in examples:
        once = write(read(raw)).raw
        assert on_github(once) == on_github(raw), raw
        assert write(read(once)).raw == once, raw
    extensions = sum(bool(example.extension) for example in examples)
    print(f"GFM: {len(examples)} examples, {extensions} of extensions, render the same after a rewrite")
    assert (len(examples), extensions) == (672, 24)


@pytest.mark.parametrize(
    ("raw", "href"),
    [
        ("www.commonmark.org", "http://www.commonmark.org"),
        ("Visit www.commonmark.org/help for more information.", "http://www.commonmark.org/help"),
        ("Visit www.commonmark.org.", "http://www.commonmark.org"),
        ("Visit www.commonmark.org/a.b.", "http://www.commonmark.org/a.b"),
        ("www.google.com/search?q=Markup+(business)", "http://www.google.com/search?q=Markup+(business)"),
        ("(www.google.com/search?q=Markup+(business))", "http://www.google.com/search?q=Markup+(business)"),
        ("www.google.com/search?q=(business))+ok", "http://www.google.com/search?q=(business))+ok"),
        ("www.commonmark.org/he<lp", "http://www.commonmark.org/he"),
        (
            "(Visit https://encrypted.google.com/search?q=Markup+(business))",
            "https://encrypted.google.com/search?q=Markup+(business)",
        ),
    ],
)
def test_bare_addresses_are_links_as_on_github(raw: str, href: str) -> None:
    """Bare addresses end where GFM 6.9 says, before and after a rewrite."""
    for text in (raw, write(read(raw)).raw):
        found = [
            token.attrs["href"]
            for inline in PARSER.parse(text)
            for token in inline.children or ()
            if token.type == "link_open"
        ]
        assert found == [href]
