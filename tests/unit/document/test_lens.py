"""What the lenses keep of a replica's own raw form, example by example."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import msgspec
import pytest

from kbsync.document import canon
from kbsync.document.blocks import CodeBlock, Document, Heading, Link, Paragraph, Target, Text, Url
from kbsync.document.confluence import CONFLUENCE
from kbsync.document.formats import PLAIN, Format, Links, PlainLinks, Rendered
from kbsync.document.intercom import INTERCOM
from kbsync.document.lens import lift, put
from kbsync.document.markdown import MARKDOWN
from kbsync.document.walk import nodes

PAGE = (
    '<p local-id="p1">First one. <ac:inline-comment-marker ac:ref="c-1">Second</ac:inline-comment-marker>'
    " <strong>bold</strong> one.</p>\n"
    '<ac:structured-macro ac:name="info" ac:schema-version="1" ac:macro-id="m-1">'
    '<ac:parameter ac:name="title">Mind</ac:parameter><ac:parameter ac:name="unknown">5</ac:parameter>'
    '<ac:rich-text-body><p local-id="p2">Inside the box.</p><p>And more.</p></ac:rich-text-body>'
    "</ac:structured-macro>\n"
    '<table data-layout="wide"><colgroup><col style="width: 147.0px;"/><col/></colgroup><tbody>'
    '<tr><th>Head</th><th>Other</th></tr><tr><td class="a">lone</td><td class="b">last</td></tr></tbody></table>'
)
ARTICLE = (
    '<h1 id="h_3d75a56c5c">Section</h1><p class="no-margin">First one. Second <b>bold</b> one. '
    '<a href="https://example.com" target="_blank" class="intercom-content-link">link</a></p>'
    '<ul><li><p class="no-margin">a thing</p></li><li><p class="no-margin">other thing</p></li></ul>'
)
FILE = """\
Title
=====

First sentence here. Second
sentence is *wrapped* over __two__
lines. See [the guide][g].

* one item
* other item

[g]: https://example.com
"""


def edited(fmt: Format, raw: str, old: str, new: str) -> Rendered:
    """Put the document that `raw` shows, with one text replaced, back into it."""
    spelled = msgspec.json.encode(fmt.read(raw, PLAIN)).decode()
    assert old in spelled
    document = msgspec.json.decode(spelled.replace(old, new), type=Document)
    made = put(fmt, document, raw)
    assert canon.same(fmt.read(made.raw, PLAIN), document)
    return made


@pytest.mark.parametrize(
    ("fmt", "raw", "old", "new"),
    [
        (CONFLUENCE, PAGE, "First", "Very first"),
        (CONFLUENCE, PAGE, "Second", "2nd"),
        (CONFLUENCE, PAGE, "Inside", "Within"),
        (CONFLUENCE, PAGE, "Mind", "Beware"),
        (CONFLUENCE, PAGE, "lone", "field"),
        (CONFLUENCE, PAGE, "Head", "Top"),
        (INTERCOM, ARTICLE, "Section", "Part"),
        (INTERCOM, ARTICLE, "Second", "2nd"),
        (INTERCOM, ARTICLE, "other thing", "another thing"),
        (MARKDOWN, FILE, "First", "1st"),
        (MARKDOWN, FILE, "the guide", "our guide"),
        (MARKDOWN, FILE, "other item", "another item"),
        (MARKDOWN, FILE, "Title", "Name"),
    ],
)
def test_an_edit_changes_its_words_and_nothing_else(fmt: Format, raw: str, old: str, new: str) -> None:
    """Ids, widths, unknown parameters, comment markers, wraps, bullets and reference links stay."""
    assert edited(fmt, raw, old, new) == Rendered(raw.replace(old, new))


def test_a_marker_whose_text_is_gone_marks_its_neighbour() -> None:
    """An inline comment stays anchored, to the nearest text, when what it marked was removed."""
    made = edited(CONFLUENCE, PAGE, "Second ", "")

    assert '<ac:inline-comment-marker ac:ref="c-1">bold</ac:inline-comment-marker>' in made.raw
    assert not made.losses


def test_a_marker_whose_block_is_gone_is_reported() -> None:
    """A comment that can no longer be anchored is a loss with a code."""
    document = CONFLUENCE.read(PAGE, PLAIN)

    made = put(CONFLUENCE, Document(document.blocks[1:]), PAGE)

    assert [loss.code for loss in made.losses] == ["comment-anchor"]
    assert made.raw == PAGE[PAGE.index("<ac:structured-macro") :]


DEEP: Final = "# Top\n\n##### Deep\n\nFirst words.\n\n~~Old~~ news.\n\nLast words.\n"
"""Two things that Intercom cannot hold, and paragraphs that it can."""


def loss_codes(old: str, new: str) -> list[str]:
    """Return what is lost when Markdown edited from `old` to `new` goes to an article that holds `old`."""
    article = INTERCOM.write(MARKDOWN.read(old, PLAIN), PLAIN).raw
    return [loss.code for loss in put(INTERCOM, MARKDOWN.read(new, PLAIN), article).losses]


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("First words", "Other words", []),
        ("Deep", "Deeper", ["heading-level"]),
        ("news", "paper", ["strike"]),
        ("Last words.", "Last words.\n\n##### Deep", ["heading-level"]),
        ("First words", "~~First~~ words here", ["strike"]),
        (
            "Last words.",
            'Last words.\n\n```{=confluence}\n<ac:structured-macro ac:name="toc"/>\n```',
            ["foreign-block"],
        ),
    ],
)
def test_only_what_a_put_wrote_is_lost_by_it(old: str, new: str, codes: list[str]) -> None:
    """A loss names a block that was edited, added or left out, not one that stands there as it stood."""
    assert loss_codes(DEEP, DEEP.replace(old, new)) == codes


class Unresolved(PlainLinks):
    """Links of a replica in which no other article has an address yet."""

    def write(self, target: Target) -> str | None:
        return target.href if isinstance(target, Url) else None


def test_what_is_owed_is_said_until_it_is_paid() -> None:
    """A link without an address is pending whichever block was edited."""
    waiting = "[Guide](article:guide) first.\n\nOld words.\n"
    links = Unresolved()
    article = INTERCOM.write(MARKDOWN.read(waiting, PLAIN), links).raw

    made = put(INTERCOM, MARKDOWN.read(waiting.replace("Old", "New"), PLAIN), article, links)

    assert [loss.code for loss in made.losses] == ["link-pending"]


@pytest.mark.parametrize("fmt", [MARKDOWN, INTERCOM, CONFLUENCE], ids=lambda fmt: fmt.name)
def test_an_edit_of_one_block_reads_the_whole_twice(fmt: Format) -> None:
    """Once for what stands there and once for what was made of it; beyond that only the edited block."""
    texts = [Paragraph((Text(f"Paragraph number {number} of many."),)) for number in range(200)]
    raw = fmt.write(Document(tuple(texts)), PLAIN).raw
    texts[70] = Paragraph((Text("Another one."),))
    lengths: list[int] = []

    def read(body: str, links: Links) -> Document:
        lengths.append(len(body))
        return fmt.read(body, links)

    put(replace(fmt, read=read), Document(tuple(texts)), raw)

    assert sum(lengths) < 2.1 * len(raw)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_lines_end_as_they_did(line_end: str) -> None:
    """A block that becomes longer than its line ends its lines as the file does."""
    raw = "One.\n\nTwo.\n\nThree.\n".replace("\n", line_end)
    one, _, three = MARKDOWN.read(raw, PLAIN).blocks

    made = put(MARKDOWN, Document((one, CodeBlock("a\nb"), three)), raw).raw

    assert made == "One.\n\n```\na\nb\n```\n\nThree.\n".replace("\n", line_end)


def test_a_new_item_takes_the_list_s_own_marker() -> None:
    """A list with stars stays a list with stars."""
    document = MARKDOWN.read(FILE.replace("* other item", "* other item\n* third item"), PLAIN)

    assert put(MARKDOWN, document, FILE).raw == FILE.replace("* other item", "* other item\n* third item")


def test_a_removed_block_leaves_its_neighbours_alone() -> None:
    """A removed list takes its own lines along and nothing else."""
    title, text, _, definition = MARKDOWN.read(FILE, PLAIN).blocks

    made = put(MARKDOWN, Document((title, text, definition)), FILE)

    assert made.raw == FILE.replace("* one item\n* other item\n\n", "")


def test_a_link_outlives_its_definition() -> None:
    """When a link definition goes, only the block that used it is written afresh."""
    made = put(MARKDOWN, Document(MARKDOWN.read(FILE, PLAIN).blocks[:3]), FILE)

    assert made.raw.startswith("Title\n=====\n\nFirst sentence here.")
    assert "[the guide](https://example.com)" in made.raw
    assert made.raw.endswith("* one item\n* other item\n")


def test_headings_shifted_by_the_server_keep_their_bytes() -> None:
    """Intercom lifts headings; an edit below them does not push them down again."""
    document = Document((Heading(2, (Text("Section"),)), Paragraph((Text("New words."),))))

    made = put(INTERCOM, document, '<h1 id="h_0000000000">Section</h1><p class="no-margin">Old words.</p>')

    assert made.raw == '<h1 id="h_0000000000">Section</h1><p class="no-margin">New words.</p>'


def test_a_file_keeps_its_line_ends() -> None:
    """A file with carriage returns gets no mixed line ends."""
    raw = "One.\r\n\r\nTwo.\r\n"
    document = MARKDOWN.read("One.\n\nNew one.\n\nTwo.\n", PLAIN)

    assert put(MARKDOWN, document, raw).raw == "One.\r\n\r\nNew one.\r\n\r\nTwo.\r\n"


@pytest.mark.parametrize("fmt", [MARKDOWN, INTERCOM, CONFLUENCE], ids=lambda fmt: fmt.name)
def test_an_empty_raw_form_is_written_afresh(fmt: Format) -> None:
    """Where nothing stood, the writer's own form stands."""
    document = Document((Paragraph((Text("Hello."),)),))

    assert put(fmt, document, "") == fmt.write(document, PLAIN)


# --- lift -----------------------------------------------------------------------------------------

FULL = """\
## Heading

A footnote[^1] and <u>underlined words</u> stand here. Another sentence.

```python title="x"
a = 1
```

```{=confluence}
<ac:structured-macro ac:name="toc" ac:macro-id="7"/>
```

| a | b |
|:-:|---|
| x | yon |

- [ ] task one
- [x] task two

[^1]: The note.
"""


def edited_in(form: Format, full: str, old: str, new: str) -> Document:
    """Return a Markdown document with what somebody replaced in the form another replica shows of it."""
    base = MARKDOWN.read(full, PLAIN)
    shown = form.write(base, PLAIN).raw
    assert old in shown
    return lift(base, form.read(shown, PLAIN), form.read(shown.replace(old, new), PLAIN))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Another sentence", "A last sentence"),
        ("a = 1", "a = 2"),
        ("underlined words", "underlined text"),
        ("task two", "task three"),
        ("The note", "My note"),
        ("Heading", "Headline"),
        ("yon", "yonder"),
    ],
)
def test_an_edit_in_intercom_arrives_alone(old: str, new: str) -> None:
    """What Intercom cannot show (languages, underlines, macros, alignment) outlives an edit made there."""
    lifted = edited_in(INTERCOM, FULL, old, new)

    assert put(MARKDOWN, lifted, FULL).raw == FULL.replace(old, new)


@pytest.mark.parametrize(
    ("full", "lifted"),
    [
        ("<u>Read me.</u>", "<u>Read me. Really.</u>"),
        ("Please. <u>Read me.</u>", "Please. <u>Read me.</u> Really."),
        ("<u>Read me.</u> Please.", "<u>Read me.</u> Please. Really."),
    ],
)
def test_words_added_behind_a_text_are_marked_as_all_of_it_is(full: str, lifted: str) -> None:
    """Where a replica hides the underline, an added sentence is underlined when everything else is."""
    found = edited_in(INTERCOM, full, "</p>", " Really.</p>")

    assert canon.same(found, MARKDOWN.read(lifted, PLAIN))


def test_words_added_in_front_of_a_title_are_bold_as_all_of_it_is() -> None:
    """Confluence shows a title without its bold; a word put in front of it is bold where Markdown shows it."""
    full = "<details>\n<summary>**Read this.**</summary>\n\nAll of it.\n\n</details>\n"
    whole = edited_in(CONFLUENCE, full, "Read this.", "Do Read this.")

    assert put(MARKDOWN, whole, full).raw == full.replace("Read this.", "Do Read this.")


@pytest.mark.parametrize(
    ("words", "link"),
    [
        (">all of it</a>", ">every word</a>"),
        (">all of it</a> right", ">all of it right</a>"),
        (">all of it</a> right", ">every new word</a>"),
        (
            'See <a href="https://example.com/a">all of it</a>',
            '<a href="https://example.com/a">Look here</a>',
        ),
    ],
)
def test_a_link_whose_words_are_rewritten_keeps_its_title(words: str, link: str) -> None:
    """Intercom shows a link without its title; new words in the link leave the title where Markdown has it."""
    base = MARKDOWN.read('See [all of it](https://example.com/a "A title") right now.\n', PLAIN)
    shown = INTERCOM.write(base, PLAIN).raw
    assert words in shown
    after = INTERCOM.read(shown.replace(words, link), PLAIN)

    whole = lift(base, INTERCOM.read(shown, PLAIN), after)

    (paragraph,) = whole.blocks
    assert [each.title for each in nodes(paragraph) if isinstance(each, Link)] == ["A title"]
    assert canon.same(INTERCOM.read(INTERCOM.write(whole, PLAIN).raw, PLAIN), after)


def test_a_title_that_could_be_one_of_two_is_left_out() -> None:
    """Where links to one address have different titles, nobody knows which one a new link has."""
    a, b = '[one](https://example.com/a "A")', '[two](https://example.com/a "B")'
    base = MARKDOWN.read(f"See {a} and {b}.\n", PLAIN)
    before = INTERCOM.read(
        '<p>See <a href="https://example.com/a">one</a> and <a href="https://example.com/a">two</a>.</p>',
        PLAIN,
    )
    after = INTERCOM.read('<p>See <a href="https://example.com/a">both</a>.</p>', PLAIN)

    whole = lift(base, before, after)

    assert whole == Document(
        (Paragraph((Text("See "), Link(Url("https://example.com/a"), (Text("both"),)), Text("."))),)
    )


def test_a_block_removed_in_a_replica_is_removed() -> None:
    """A replica's removal wins over what only the base knows of the block."""
    base = Document((Paragraph((Text("Keep."),)), CodeBlock("a = 1", "python")))
    before = Document((Paragraph((Text("Keep."),)), CodeBlock("a = 1")))

    assert lift(base, before, Document(before.blocks[:1])) == Document(base.blocks[:1])


def test_an_empty_comment_marker_of_another_block_stays() -> None:
    """An edit elsewhere leaves a marker that marks nothing where Confluence has left it."""
    empty = '<p>a <ac:inline-comment-marker ac:ref="r"> </ac:inline-comment-marker> b</p>'

    made = edited(CONFLUENCE, f"<p>First thing.</p>{empty}", "First", "Second")

    assert made.raw == f"<p>Second thing.</p>{empty}"


def test_headings_too_deep_for_intercom_do_not_pull_others_down() -> None:
    """How deep a replica's headings stand is measured before the writer caps the deepest."""
    raw = "<h2>Top</h2><h5>Deep</h5><h6>Deeper</h6><p>Text here.</p>"
    document = INTERCOM.read(raw, PLAIN)

    made = put(INTERCOM, Document(document.blocks[::-1]), raw)

    assert made.raw == "<p>Text here.</p><h6>Deeper</h6><h5>Deep</h5><h2>Top</h2>"
