"""The report says what is known, each thing once, and nothing in it acts."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from gap_samples import HOSTILE, analysis, by_id, conversation, topic, weeks
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt

from kbsync.gaps.model import Analysis
from kbsync.gaps.privacy import private
from kbsync.gaps.report import Paths, Report, build, write
from kbsync.gaps.report.chart import NARROW, WIDE, weekly
from kbsync.gaps.report.view import QUOTE, QUOTES, WEEKS
from kbsync.gaps.report.write import markdown, page, table
from kbsync.gaps.still import one_line
from kbsync.gaps.track import Changes, Decision

NOW = 1_790_000_000.0


def report(made: Analysis, *found: Any, **keys: Any) -> Report:
    return build(made, by_id(found), now=NOW, **keys)


def written(made: Analysis, folder: Path, *found: Any, **keys: Any) -> Paths:
    return write(report(made, *found, **keys), made, folder)


def tree_of(paths: Paths) -> html.HtmlElement:
    return html.document_fromstring(paths.html.read_text("utf-8"))


def rows(made: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table(made))))


def assert_inert(tree: html.HtmlElement) -> None:
    """Nothing in the page runs, loads or leads outside."""
    assert not tree.xpath("//script | //iframe | //img | //object | //embed | //form | //link | //base")
    assert not tree.xpath("//@*[starts-with(name(), 'on') or name() = 'src' or name() = 'srcset']")
    assert all(address.startswith("#") for address in tree.xpath("//@href"))
    assert tree.xpath("string(//meta[@http-equiv='Content-Security-Policy']/@content)").startswith(
        "default-src 'none'"
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_is_only_text(text: str, tmp_path: Path) -> None:
    """Wherever a customer's words come into the report, they are shown as written and do nothing."""
    hostile = topic(label=text, question=text, evidence=[text], article=text, keywords=[text])
    held = topic(id="t2", label=text, verdict="stale", conversations=["9"])
    decisions = {"t2": Decision("t2", text, NOW, 3, "stale")}
    changes = Changes(born=("t1",), gone=(("t9", text),))

    paths = written(
        analysis(hostile, held),
        tmp_path,
        conversation("1", f"I say {text} to you"),
        decision=lambda each: decisions.get(each.id),
        changes=changes,
    )

    tree = tree_of(paths)
    assert_inert(tree)
    (label,) = tree.xpath("//article//h3/bdi")
    assert one_line(label.text_content()) == one_line(text)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\0\x1b]", tree.text_content())
    assert "49" not in tree.xpath("string(//main)").replace(text, "")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
@example("1. # > - a `b` | c ~~~ d $e$ #")
@example("c #")
@example("[name] *a* _b_ <b>c</b> &amp; \\")
def test_the_forms_say_the_same(text: str) -> None:
    """Any label reads the same in HTML, in Markdown and in a spreadsheet, where no cell is a formula."""
    made = report(analysis(topic(label=text)))
    tree = html.document_fromstring(page(made))
    shown = one_line(text)
    assert one_line(tree.xpath("//article//h3/bdi")[0].text_content()) == shown
    rendered = html.fromstring(MarkdownIt("gfm-like", {"linkify": False}).render(markdown(made)))
    assert [one_line(h.text_content()) for h in rendered.xpath("//h3")] == [one_line(f"1. {shown}")]
    (row,) = rows(made)
    assert not re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", row["label"])
    assert row["label"] in (shown, f"'{shown}")


def test_every_number_explains_itself(tmp_path: Path) -> None:
    """Each headline figure has a name and a sentence; each number of a topic stands beside its words."""
    impact = {"handling_seconds": 7200, "reopens": 2, "low_ratings": 1, "unresolved_by_fin": 3}
    tree = tree_of(written(analysis(topic(impact=impact, trend=weeks(1, 2)), singles=4), tmp_path))

    assert [one_line(" ".join(li.itertext())) for li in tree.xpath("//ul[@class='figures']/li")] == [
        "7 conversations 4 of them stand alone, in no topic",
        "1 topics groups of conversations that ask the same",
        "0% answerable of the grouped conversations ask what an article answers",
        "1 gaps topics that no article answers",
        "2 h spent on gaps handling time of the conversations in these topics",
    ]
    facts = [one_line(li.text_content()) for li in tree.xpath("//ul[@class='facts']/li")]
    assert facts[0].startswith("4% covered")
    assert facts[1].startswith("steady over 2 weeks")
    assert facts[2:] == ["2.0 h of handling", "2 reopened", "1 rated 1 or 2", "3 not resolved by Fin"]


def test_what_is_not_known_is_not_said(tmp_path: Path) -> None:
    """Without handling times no hours are told, in no form."""
    paths = written(analysis(topic()), tmp_path)

    assert " h " not in one_line(tree_of(paths).xpath("string(//main)"))
    assert "hours" not in paths.markdown.read_text("utf-8")
    assert rows(report(analysis(topic())))[0]["hours"] == ""


def test_a_topic_stands_there_once(tmp_path: Path) -> None:
    """Each topic is one card, one heading and one row, under its verdict, a dismissed one under Dismissed."""
    verdicts = ("uncovered", "partial", "stale", "hard_to_find", "covered")
    topics = [topic(id=f"t{n}", label=f"About {v} {n}", verdict=v) for n, v in enumerate(verdicts * 2)]
    made = analysis(*topics)
    gone = {"t0": Decision("t0", "the billing team answers", NOW, 3, "uncovered")}

    paths = written(made, tmp_path, decision=lambda each: gone.get(each.id))

    tree = tree_of(paths)
    assert sorted(tree.xpath("//article/@id")) == sorted(f"topic-t{n}" for n in range(1, 10))
    assert "the billing team answers" in tree.xpath("string(//h2[@id='dismissed']/following::ul[1])")
    assert [r["id"] for r in csv.DictReader(paths.csv.open(encoding="utf-8"))] == [
        t.id for v in verdicts for t in topics if t.verdict == v and t.id != "t0"
    ]
    mail = paths.markdown.read_text("utf-8")
    assert all(mail.count(t.label) == 1 for t in topics if t.verdict != "covered")
    assert "Articles answer 2 more topics" in mail


def test_quotes_add_to_the_question() -> None:
    """A quote that repeats the question or another quote is left out; the rest is short and three at most."""
    asked = topic().question
    said = [
        f"Hi there, {asked}",
        f"{asked} Please help.",
        "I cannot find the bill for August anywhere in my account",
        "I cannot find the bill for August anywhere in my account, thanks",
        "No PDF arrived this time although the card was charged on Friday",
        "ok",
        "The download button does nothing in my browser " + "at all " * 80,
        "My bookkeeper needs a document with the tax number of our company",
    ]
    ids = [str(n) for n in range(len(said))]
    made = report(
        analysis(topic(representatives=ids)),
        *(conversation(id, text) for id, text in zip(ids, said, strict=True)),
    )

    (view,) = made.sections[0].topics
    assert [q[:12] for q in view.quotes] == ["I cannot fin", "No PDF arriv", "The download"]
    assert len(view.quotes) == QUOTES
    assert all(len(quote) <= QUOTE for quote in view.quotes)


def test_no_personal_data_is_in_any_file(tmp_path: Path) -> None:
    """Names on record, addresses, numbers and accounts are in none of the four files."""
    found = conversation(
        "1",
        "I am Zebulon Quirk (zeb@quirk.example, +49 30 901820), IBAN DE89370400440532013000, order 998877665",
        people=("Zebulon Quirk", "Quirk Industries"),
    )
    named = topic(
        question="Where is the invoice of Quirk Industries, order 998877665?",
        label="Zebulon Quirk asks",
        keywords=["invoice", "zeb@quirk.example"],
    )

    paths = written(private(analysis(named), by_id([found])), tmp_path, found)

    for path in (paths.html, paths.markdown, paths.csv, paths.analysis):
        text = path.read_text("utf-8")
        assert not re.search(r"Zebulon|Quirk|zeb@|901820|DE8937|998877665", text), path.name


def test_an_empty_analysis_is_a_report(tmp_path: Path) -> None:
    """Nothing analysed still gives four valid files that say so."""
    paths = written(analysis(), tmp_path)

    tree = tree_of(paths)
    assert_inert(tree)
    assert "No topic was found" in tree.text_content()
    assert paths.markdown.read_text("utf-8").startswith("# What to write next")
    assert len(paths.csv.read_text("utf-8").splitlines()) == 1
    assert json.loads(paths.analysis.read_text("utf-8"))["topics"] == []


def test_what_changed_is_told(tmp_path: Path) -> None:
    """New, gone, merged and split topics are named, a flood of them only as far as anybody reads."""
    topics = [topic(id="a", label="Alpha"), topic(id="b", label="Beta")]
    changes = Changes(
        born=("a",),
        gone=(("z", "Omega"),),
        merged=(("b", ("b", "x")),),
        split=(("a", ("a", "b")),),
    )

    made = report(analysis(*topics), changes=changes)

    assert made.news == ("New: Alpha", "Gone: Omega", "Merged: Beta takes in 1 more", "Split: Alpha, Beta")
    assert made.sections[0].topics[0].note == "new this time"
    flood = report(analysis(), changes=Changes(gone=tuple((f"{n}", f"Topic {n}") for n in range(100))))
    assert len(flood.news) < 20
    assert flood.news[-1].startswith("and ")


@pytest.mark.parametrize(
    ("counts", "direction"),
    [((1, 1, 5, 6), "rising"), ((6, 5, 1, 1), "falling"), ((3, 3, 3, 3), "steady"), ((0, 0, 0, 1), "steady")],
)
def test_a_trend_needs_more_than_one_conversation(counts: tuple[int, ...], direction: str) -> None:
    """The later half of the weeks is compared with the earlier one; a single conversation is no trend."""
    made = report(analysis(topic(trend=weeks(*counts)), topic(id="t2", trend=weeks(1, 1, 1, 1))))

    assert made.sections[0].topics[0].direction == direction


def test_topics_are_drawn_over_the_same_weeks() -> None:
    """A topic that began late has empty weeks before, and a long history is cut to the latest weeks."""
    late = topic(id="t2", trend=weeks(*[0] * 50, 4)[-1:])
    made = report(analysis(topic(trend=weeks(*[2] * 51)), late))

    long, short = (view.bars for view in made.sections[0].topics)
    assert [week for week, _, _ in long] == [week for week, _, _ in short]
    assert len(long) == WEEKS
    assert [count for _, count, _ in short] == [0] * (WEEKS - 1) + [4]
    assert all(0 <= share <= 1 for _, _, share in (*long, *short))


def test_the_chart_is_only_a_drawing() -> None:
    """Two weeks make a drawing of shapes and text, for wide and narrow pages; one week makes none."""
    weeks_of = [("2026-W01", "uncovered", 3), ("2026-W02", "covered", 2), ("2026-W02", "hard_to_find", 1)]

    for size in (WIDE, NARROW):
        tree = html.fragment_fromstring(weekly(weeks_of, size))
        assert {str(e.tag) for e in tree.iter()} <= {"svg", "g", "path", "rect", "line", "text", "tspan"}
        said = " ".join(tree.itertext())
        assert all(word in said for word in ("W01", "W02", "uncovered", "covered", "hard to find"))
        assert "partial" not in said
    assert weekly(weeks_of[:1]) == ""
