"""What saving does to a body."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbsync.sandbox.confluence.failure import Refusal
from kbsync.sandbox.confluence.saving import Context, save

FIXED = Context(
    page_version=lambda _key, title: 7 if title == "Known" else None,
    attachment_version=lambda name: 3 if name == "a.png" else None,
    new_id=lambda: "ID",
)

TASK = "<ac:task-list><ac:task>{}</ac:task></ac:task-list>"
RULES = [
    ("<p><b>a</b><i>b</i></p>", "<p><strong>a</strong><em>b</em></p>"),
    ("<ol><li>a</li></ol>", '<ol start="1"><li>a</li></ol>'),
    ('<ol start="4"><li>a</li></ol>', '<ol start="4"><li>a</li></ol>'),
    ('<div class="x" id="y"><p>a</p></div>', "<div><p>a</p></div>"),
    ("<p>it's</p>", "<p>it&#39;s</p>"),
    ("<p>a&nbsp;b caf\u00e9 \u2019</p>", "<p>a&nbsp;b caf&eacute; &rsquo;</p>"),
    ("<p>a<br/>b</p><hr/>", "<p>a<br />b</p><hr />"),
    ("<p>a</p>\n\n  <p>b\n   c</p>", "<p>a</p><p>b c</p>"),
    ("<pre>a\n  b</pre>", "<pre>a\n  b</pre>"),
    ("<!-- secret --><p>a<!-- b -->c</p>", "<p>ac</p>"),
    ('<p><a href="#x">in</a> <a href="b.md">file</a></p>', "<p>in file</p>"),
    ('<p><a href="javascript:x()">js</a></p>', "<p>js</p>"),
    (
        '<p><a href="https://e.com/?a=1&amp;b=2">out</a></p>',
        '<p><a href="https://e.com/?a=1&amp;b=2">out</a></p>',
    ),
    (
        '<ac:link><ri:page ri:content-title="Known" /></ac:link>',
        '<ac:link><ri:page ri:content-title="Known" ri:version-at-save="7" /></ac:link>',
    ),
    (
        '<ac:link><ri:page ri:content-title="Gone" /></ac:link>',
        '<ac:link><ri:page ri:content-title="Gone" /></ac:link>',
    ),
    (
        '<ac:image><ri:attachment ri:filename="a.png" /></ac:image>',
        '<ac:image><ri:attachment ri:filename="a.png" ri:version-at-save="3" /></ac:image>',
    ),
    (
        "<ac:task-list><ac:task><ac:task-body>a</ac:task-body></ac:task></ac:task-list>",
        TASK.format(
            "<ac:task-id>1</ac:task-id><ac:task-uuid>ID</ac:task-uuid><ac:task-body>a</ac:task-body>"
        ),
    ),
    ("", ""),
]


@pytest.mark.parametrize(("sent", "stored"), RULES)
def test_rewrites_on_save(sent: str, stored: str) -> None:
    """Each known rewriting happens as the field reports describe it."""
    assert save(sent, FIXED) == stored


def test_completes_macros() -> None:
    """A macro gets its ids and schema version, and its parameters in another order; CDATA stays as it is."""
    sent = (
        '<ac:structured-macro ac:name="code"><ac:parameter ac:name="title">t</ac:parameter>'
        '<ac:parameter ac:name="language">py</ac:parameter>'
        "<ac:plain-text-body><![CDATA[it's a < b]]]]><![CDATA[>]]></ac:plain-text-body></ac:structured-macro>"
    )

    stored = save(sent, FIXED)

    assert stored == (
        '<ac:structured-macro ac:name="code" ac:schema-version="1" ac:local-id="ID" ac:macro-id="ID">'
        '<ac:parameter ac:name="language">py</ac:parameter><ac:parameter ac:name="title">t</ac:parameter>'
        "<ac:plain-text-body><![CDATA[it's a < b]]]]><![CDATA[>]]></ac:plain-text-body></ac:structured-macro>"
    )


def test_keeps_macro_ids_that_were_sent() -> None:
    """A macro id that comes back stays: comments and permissions hang on it."""
    sent = '<ac:structured-macro ac:name="toc" ac:schema-version="1" ac:macro-id="mine" />'

    assert 'ac:macro-id="mine"' in save(sent)


def test_loses_references_beside_white_space() -> None:
    """A reference in a parameter with white space around it becomes debugging text."""
    macro = '<ac:structured-macro ac:name="view-file"><ac:parameter ac:name="name">{}</ac:parameter></ac:structured-macro>'
    reference = '<ri:attachment ri:filename="a.pdf" />'

    assert "<ri:attachment" in save(macro.format(reference))
    assert "AttachmentResourceIdentifier[filename=a.pdf]" in save(macro.format(f"\n {reference}"))


def test_leaves_data_center_bodies_closer_to_what_was_sent() -> None:
    """The legacy editor keeps white space, `div` attributes and links, but not `b`."""
    sent = '<div class="x"><p>a\n b <b>c</b> <a href="#x">d</a></p></div>'

    stored = save(sent, Context(cloud=False))

    assert stored == '<div class="x"><p>a\n b <strong>c</strong> <a href="#x">d</a></p></div>'


@pytest.mark.parametrize(
    "broken",
    [
        "<p>a",
        "<p></b></p>",
        "<p>&unknown;</p>",
        "<p>a & b</p>",
        "</content><content>",
        "<x:y/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><p>&b;</p>',
        "<p>\x01</p>",
        "<p>" * 400 + "</p>" * 400,
    ],
)
def test_refuses_what_is_not_well_formed(broken: str) -> None:
    """A body that is not XML is a 400 that says so, and no declaration of a document gets through."""
    with pytest.raises(Refusal, match="Error parsing xhtml") as caught:
        save(broken)
    assert caught.value.status == 400


_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=12)
_escaped = _text.map(lambda t: t.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
_INLINE = ("b", "i", "u", "code", "span", "a", "br")
_BLOCK = ("p", "div", "ol", "ul", "li", "table", "tbody", "tr", "td", "h2", "pre", "blockquote")
_MACRO = ("ac:structured-macro", "ac:rich-text-body", "ac:task-list", "ac:task", "ac:parameter", "ac:link")
_tree = st.recursive(
    _escaped,
    lambda inner: st.tuples(st.sampled_from(_INLINE + _BLOCK + _MACRO), st.lists(inner, max_size=3)).map(
        lambda node: f"<{node[0]}>{' '.join(node[1])}</{node[0]}>"
    ),
    max_leaves=12,
)


@given(st.lists(_tree, max_size=4).map("".join))
def test_saving_again_changes_nothing(body: str) -> None:
    """What was read back can be sent again and comes back the same."""
    stored = save(body)

    assert save(stored) == stored


@given(_escaped)
def test_keeps_the_words(text: str) -> None:
    """No character of a text gets lost on save; only white space is normalised."""
    stored = save(f"<p>{text}</p>", Context(cloud=False))
    words = re.sub(r"<[^>]*>", "", stored)

    assert save(f"<p>{words}</p>", Context(cloud=False)) == stored
