"""The CommonMark specification and our own corpus: a rewrite renders to the same HTML and stays."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from kbsync.document.canon import same
from kbsync.document.markdown import read, write
from kbsync.document.markdown.parser import PARSER

CORPUS = Path(__file__).resolve().parents[3] / "corpus" / "markdown"
SPEC_EXAMPLES = 652
RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def corpus() -> list[str]:
    """Return our own examples: one file a theme, parted by `%%` on a line of its own."""
    files = sorted(CORPUS.glob("*.txt"))
    return [
        raw for file in files for raw in file.read_text(encoding="utf-8").removesuffix("\n").split("\n%%\n")
    ]


def spec() -> list[str]:
    """Return the examples of the CommonMark specification."""
    place = os.environ.get("KBSYNC_SPEC")
    if not place:
        pytest.skip("set KBSYNC_SPEC to commonmark.json (https://spec.commonmark.org/0.31.2/spec.json)")
    return [example["markdown"] for example in json.loads(Path(place).read_text(encoding="utf-8"))]


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


def test_all_examples_of_the_specification_render_the_same() -> None:
    """Each CommonMark example, rewritten, renders to the same HTML in plain CommonMark, and stays."""
    examples = spec()
    assert len(examples) == SPEC_EXAMPLES
    for raw in examples:
        once = write(read(raw)).raw
        assert RENDERER.render(once) == RENDERER.render(raw), raw
        assert write(read(once)).raw == once, raw


@pytest.mark.parametrize(
    "raw",
    [
        "| foo | bar |\n| --- | --- |\n| baz | bim |",
        "| abc | defghi |\n:-: | -----------:\nbar | baz",
        "| f\\|oo  |\n| ------ |\n| b `\\|` az |\n| b **\\|** im |",
        "| abc | def |\n| --- | --- |\n| bar | baz |\n> bar",
        "| abc | def |\n| --- | --- |\n| bar | baz |\nbar\n\nbar",
        "| abc | def |\n| --- |\n| bar |",
        "| abc | def |\n| --- | --- |\n| bar |\n| bar | baz | boo |",
        "| abc | def |\n| --- | --- |",
        "~~Hi~~ Hello, ~there~ world!",
        "This ~~has a\n\nnew paragraph~~.",
        "This will ~~~not~~~ strike.",
    ],
)
def test_the_extensions_of_github_render_the_same(raw: str) -> None:
    """Tables and strikethrough of GFM 0.29, rewritten, render to the same HTML."""
    assert RENDERER.render(write(read(raw)).raw) == RENDERER.render(raw)


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
