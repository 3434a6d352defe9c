"""What the emulated Intercom does to a body on its way in."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from kbsync.sandbox.intercom.mutator import Habits, Mutator, image_sources
from kbsync.sandbox.intercom.problems import Refusal

P = '<p class="no-margin">'
SPACER = f"{P}</p>"
CENTRED = '<div class="intercom-container intercom-align-center">'


def saved(body: str, habits: Habits | None = None) -> str:
    """Return the stored form; images are re-hosted as `copy-of-…`, heading ids count from zero."""
    numbers = itertools.count()
    images = {source: f"copy-of-{source.split('?')[0]}" for source in image_sources(body)}
    return Mutator(images, lambda: f"h_{next(numbers):010x}", habits or Habits()).rewrite(body)


def stored_or_refused(body: str) -> str | None:
    """Return the stored form, None for a body that is refused with 400; anything else is a failure."""
    with contextlib.suppress(Refusal):
        return saved(body)
    with pytest.raises(Refusal) as refusal:
        saved(body)
    assert refusal.value.status == 400
    return None


@pytest.mark.parametrize(
    ("posted", "stored"),
    [
        ("Body of the Article", f"{P}Body of the Article</p>"),
        ("<p>a</p><p>b</p>", f"{P}a</p>{P}b</p>"),
        ("<p>a</p>\n<p>b</p>", f"{P}a</p>{SPACER}{P}b</p>"),
        ("\n<p>a</p>\n", f"{P}a</p>"),
        ("<p></p>", SPACER),
        ("<p>&nbsp;</p>", f"{P}&nbsp;</p>"),
        ('<p class="intercom-align-center">x</p>', '<p class="intercom-align-center no-margin">x</p>'),
        ('<p class="intercom-align-left" style="color: red">x</p>', f"{P}x</p>"),
        (
            "<p><strong>a</strong> <em>b</em> <code>c</code><br>d</p>",
            f"{P}<b>a</b> <i>b</i> <code>c</code><br>d</p>",
        ),
        ("<p>a <del>b</del> <span>c</span> <mark>d</mark></p>", f"{P}a b c d</p>"),
        ("<p>a &lt;b&gt; &amp; c</p>", f"{P}a &lt;b&gt; &amp; c</p>"),
        ("<div>a<div>b</div></div><span>c</span>", f"{P}a</p>{P}b</p>{P}c</p>"),
        ("<blockquote><p>q</p></blockquote>", f"{P}q</p>"),
        ("<hr/>", "<hr>"),
        ("<!-- note --><p>a</p>", f"{P}a</p>"),
        ("<form>name <input value=x></form><script>x</script><style>y</style>", f"{P}name</p>"),
        ("", ""),
    ],
)
def test_text(posted: str, stored: str) -> None:
    """Text stands in paragraphs of one class; unknown marks and boxes give way to their text."""
    assert saved(posted) == stored


@pytest.mark.parametrize(
    ("posted", "levels"),
    [
        ("<h2>a</h2><h3>b</h3>", "12"),
        ("<h1>a</h1><h3>b</h3>", "13"),
        ("<h3>a</h3><h6>b</h6>", "13"),
        ("<h2>a</h2><h3>b</h3><h4>c</h4><h5>d</h5>", "1233"),
        ("<h2>a</h2><details><summary><h2>t</h2></summary><h3>b</h3></details>", "122"),
    ],
)
def test_headings_move_up_together(posted: str, levels: str) -> None:
    """The highest heading becomes the first level, the others keep their distance, three levels deep at most."""
    assert "".join(re.findall(r"<h(\d)", saved(posted))) == levels


def test_heading_ids_are_made_anew() -> None:
    """A posted id is lost; an alignment stays."""
    assert saved('<h1 class="intercom-align-center" id="mine">a</h1>') == (
        '<h1 class="intercom-align-center" id="h_0000000000">a</h1>'
    )


@pytest.mark.parametrize(
    ("posted", "stored"),
    [
        (
            '<p><a href="https://x.test/?a=1&amp;b=2">l</a></p>',
            f'{P}<a href="https://x.test/?a=1&amp;b=2" target="_blank" class="intercom-content-link">l</a></p>',
        ),
        ('<p><a href="javascript:alert(1)">l</a></p>', f"{P}l</p>"),
        ('<p><a href=" JavaScript:alert(1)">l</a></p>', f"{P}l</p>"),
        (
            '<p class="intercom-align-center"><a class="intercom-h2b-button" href="https://x.test">Go</a></p>',
            f'{CENTRED}<a class="intercom-h2b-button" target="_blank" href="https://x.test">Go</a></div>',
        ),
    ],
)
def test_links(posted: str, stored: str) -> None:
    """Links are decorated, buttons stand alone, scripts are no addresses."""
    assert saved(posted) == stored


@pytest.mark.parametrize(
    ("posted", "stored"),
    [
        ("<ul><li>a</li> <li><p>b</p></li></ul>", f"<ul><li>{P}a</p></li><li>{P}b</p></li></ul>"),
        ('<ol start="3"><li>a</li></ol>', f"<ol><li>{P}a</p></li></ol>"),
        ("<ul><li>a<ol><li>b</li></ol></li></ul>", f"<ul><li>{P}a</p><ol><li>{P}b</p></li></ol></li></ul>"),
        ("<ol><li>a<pre>x\n y</pre></li></ol>", f"<ol><li>{P}a</p><pre><code>x\n y</code></pre></li></ol>"),
        ('<pre><code class="language-sh">a &lt; <b>b</b></code></pre>', "<pre><code>a &lt; b</code></pre>"),
    ],
)
def test_lists_and_code(posted: str, stored: str) -> None:
    """Items hold paragraphs, numbering starts at one, code loses its language."""
    assert saved(posted) == stored


def test_images_leave_the_text() -> None:
    """An image stands in a container of its own, between the halves of its paragraph."""
    stored = saved('<p>a <img src="x.png?sig=1" alt="A" width="40px" style="border: 0"> b</p>')
    image = '<img src="copy-of-x.png" alt="A" width="40" style="height: auto;">'
    assert stored == f'{P}a</p><div class="intercom-container">{image}</div>{P}b</p>'
    linked = saved('<a href="https://x.test"><img src="x.png"></a>')
    assert '<a target="_blank" href="https://x.test"><img src="copy-of-x.png"></a>' in linked


def test_table() -> None:
    """A table loses its head and foreign styles, keeps shading and spans, and gets a container."""
    head = '<thead><tr><th style="background-color: #e8e8e880; color: red" colspan="2">H</th></tr></thead>'
    stored = saved(f"<table>{head}<tbody><tr><td>x</td><td></td></tr></tbody></table>")
    rows = f'<tr><td style="background-color: #e8e8e880" colspan="2">{P}H</p></td></tr><tr><td>{P}x</p></td><td>{SPACER}</td></tr>'
    inner = f'<table role="presentation"><tbody>{rows}</tbody></table>'
    assert stored == f'<div class="intercom-interblocks-table-container">{inner}</div>'


@pytest.mark.parametrize(
    ("address", "player"),
    [
        ("https://www.youtube.com/watch?v=abc&t=1", "https://www.youtube.com/embed/abc?rel=0"),
        ("https://youtu.be/abc", "https://www.youtube.com/embed/abc?rel=0"),
        ("//player.vimeo.com/video/1", "//player.vimeo.com/video/1"),
        ("https://www.loom.com/share/x", "https://www.loom.com/embed/x"),
    ],
)
def test_video(address: str, player: str) -> None:
    """A video of a known host is framed; addresses for sharing become those of the player."""
    stored = saved(f'<iframe src="{address.replace("&", "&amp;")}" width="1"></iframe>')
    assert stored.startswith(f'<div class="intercom-h2b-video"><iframe src="{player}" frameborder="0"')


@pytest.mark.parametrize(
    "posted",
    [
        '<iframe src="https://evil.test/embed"></iframe>',
        '<iframe src="https://notyoutube.com/embed/x"></iframe>',
        '<iframe src="javascript:alert(1)//youtube.com"></iframe>',
        '<iframe src="https://[youtube.com"></iframe>',
        "<iframe></iframe>",
        "<ul></ul>",
        "<ul><li></li><li> </li></ul>",
        "<ul><li><table><tr><td>x</td></tr></table></li></ul>",
        "<table></table>",
        "<table><tr><td><table><tr><td>x</td></tr></table></td></tr></table>",
        "<dl><dt>a</dt><dd>b</dd></dl>",
    ],
)
def test_hard_refusals(posted: str) -> None:
    """What the reference forbids fails the whole request with 400."""
    with pytest.raises(Refusal) as refusal:
        saved(f"<p>fine</p>{posted}")
    assert refusal.value.status == 400


def test_habits() -> None:
    """Where reports of the real service differ, a switch chooses the harsher one."""
    callout = (
        '<div class="intercom-interblocks-callout" style="background-color: #e3e7fa80; x: y"><p>c</p></div>'
    )
    kept = '<div class="intercom-interblocks-callout" style="background-color: #e3e7fa80;">'
    assert saved(callout) == f"{kept}{P}c</p></div>"
    assert saved(callout, Habits(callouts=False)) == f"{P}c</p>"
    details = "<details><summary>T</summary><p>x</p></details>"
    section = f'<div class="collapsible-section-content">{P}x</p></div>'
    assert saved(details) == f'<details><summary><h2 id="h_0000000000">T</h2></summary>{section}</details>'
    assert "<details" not in saved(details, Habits(collapsibles=False))
    with pytest.raises(Refusal):
        saved("<ul><li>a<ul><li>b</li></ul></li></ul>", Habits(nested_lists=False))
    assert "style" not in saved(
        '<table><tr><td style="width: 9px">x</td></tr></table>', Habits(cell_styles=False)
    )


def test_depth_is_refused_not_fatal() -> None:
    """A body nested without end is a refusal or a flat text, never a crash."""
    deep = "<div>" * 5_000 + "x" + "</div>" * 5_000
    assert "x" in (stored_or_refused(deep) or "x")


BLOCKS = st.sampled_from(
    ["<p>a</p>", "<p>a <b>b</b><br>c</p>", "<h1>h</h1>", "<h2>h</h2>", "<ul><li>a</li><li>b</li></ul>", "<hr>",
     "<pre><code>x\n y</code></pre>", '<p class="intercom-align-right">r</p>', '<img src="i.png" alt="A">', "text",
     "<table><tr><th>a</th><td>b</td></tr></table>", "<details><summary>T</summary><p>x</p></details>", "\n",
     '<div class="intercom-interblocks-callout"><p>c</p></div>', '<p><a href="https://x.test">l</a></p>', "<h4>h</h4>"]
)  # fmt: skip


@given(st.lists(BLOCKS, max_size=8).map("".join))
def test_a_saved_body_is_saved_as_it_is(body: str) -> None:
    """Posting back what was read changes nothing but heading ids and image copies."""

    def once(text: str) -> str:
        return saved(text).replace("copy-of-", "")

    settled = once(body)
    assert once(settled) == settled


@given(st.text(alphabet=st.sampled_from("<>/abpulitdr \"'=&;!-h1 \n\x00"), max_size=60))
def test_any_text_is_stored_or_refused(body: str) -> None:
    """Whatever is posted is stored as well-formed markup or refused with 400, and never runs."""
    stored = stored_or_refused(body)
    if stored is None:
        return
    tree = html.fragment_fromstring(stored, create_parent="div")
    assert not tree.xpath("//script|//style|//form|//*[@onclick]")


@pytest.mark.shared
def test_known_forms_come_back_as_they_are(shared_dir: Path) -> None:
    """The forms that people have seen Intercom return are stored unchanged; two old ones are modernised."""
    forms = json.loads((shared_dir / "facts/intercom-html-blocks.json").read_text())
    modernised = {form["block"] for form in forms if _plain(saved(form["html"])) != _plain(form["html"])}
    assert modernised == {"paragraph_old", "heading_aligned"}


def _plain(body: str) -> str:
    body = re.sub(r"h_[0-9a-f]{10}", "h_", body).replace("copy-of-", "")
    return re.sub(r"\?expires=[^\"]*", "", body)
