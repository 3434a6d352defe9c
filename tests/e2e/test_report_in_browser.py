"""The report in Chromium: on a desk and on a phone nothing overflows and nothing overlaps."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kbsync.conversations.model import Conversation, Message
from kbsync.gaps.model import Analysis, ConversationVerdict, TopicVerdict, Verdict
from kbsync.gaps.report import build, write
from kbsync.gaps.track import Changes, Decision

pytestmark = pytest.mark.browser

WIDTHS = (1280, 390)
NOW = 1_790_000_000.0
LABELS = (
    "Invoice for last month",
    "Sign in with single sign-on of our identity provider although the account was made with a password",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3,
    "الفاتورة لا تصل إلى بريدي الإلكتروني",
    "請求書が届きません。どこで確認できますか",
    "<b>Not</b> {{ bold }} & so on",
    "Slack 🎈🎈🎈 notifications",
)
VERDICTS: tuple[Verdict, ...] = ("uncovered", "partial", "stale", "hard_to_find", "covered")
SAID = (
    "Nothing arrived although the card was charged on Friday, and my bookkeeper is waiting for it.",
    "https://example.test/" + "a-very-long-address/" * 12,
    "Why? " * 60,
)

# Text that stands on other text, in the frame's own coordinates; every drawn line of text is one box.
MEASURE = """
const frame = document.getElementById('frame');
frame.onload = () => {
  const page = frame.contentDocument, width = page.documentElement.clientWidth, boxes = [], outside = [];
  page.querySelectorAll('details').forEach(each => each.open = true);
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim() || ['STYLE', 'title'].includes(node.parentNode.nodeName)) continue;
    const range = page.createRange();
    range.selectNodeContents(node);
    for (const r of range.getClientRects()) {
      if (r.width > 1 && r.height > 1) boxes.push({text: node.data.trim().slice(0, 40), node, r});
    }
  }
  for (const each of page.body.querySelectorAll('*')) {
    const r = each.getBoundingClientRect();
    if (r.width && (r.right > width + 1 || r.left < -1)) outside.push(each.outerHTML.slice(0, 80));
  }
  const overlaps = [];
  boxes.sort((a, b) => a.r.top - b.r.top);
  boxes.forEach((a, i) => {
    for (let j = i + 1; j < boxes.length && boxes[j].r.top < a.r.bottom - 3; j++) {
      const b = boxes[j];
      const across = Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left);
      const down = Math.min(a.r.bottom, b.r.bottom) - Math.max(a.r.top, b.r.top);
      if (a.node !== b.node && across > 2 && down > 3) overlaps.push(a.text + ' | ' + b.text);
    }
  });
  document.getElementById('measured').textContent = JSON.stringify({
    width, scroll: page.documentElement.scrollWidth, outside, overlaps, boxes: boxes.length,
    drawn: [...page.querySelectorAll('figure svg')].filter(s => s.getBoundingClientRect().width > 0).length,
    smallest: Math.min(...[...page.querySelectorAll('figure svg text')]
      .map(t => t.getBoundingClientRect().height).filter(Boolean)),
  });
};
"""
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --allow-file-access-from-files "
    "--hide-scrollbars --virtual-time-budget=5000 --dump-dom"
).split()


@dataclass(frozen=True)
class Layout:
    """How a page lies in a frame: its widths in CSS pixels, what sticks out, and which texts overlap."""

    width: int
    scroll: int
    outside: list[str]
    overlaps: list[str]
    boxes: int
    drawn: int
    smallest: float | None


@pytest.fixture(scope="module")
def chromium() -> str:
    """The browser; skips where it is absent, fails where CI demands it."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    if os.environ.get("KBSYNC_REQUIRE_SYSTEM") == "1":
        pytest.fail("KBSYNC_REQUIRE_SYSTEM is set and there is no Chromium")
    pytest.skip("Chromium is not installed")


def layout(chromium: str, page: Path, width: int, tmp_path: Path) -> Layout:
    """Lay a page out in a frame, because a window of its own cannot be narrower than 500 pixels."""
    wrapper = page.with_name(f"wrapper-{width}.html")
    wrapper.write_text(
        f'<body style="margin:0"><iframe id="frame" style="border:0;width:{width}px;height:900px"></iframe>'
        f'<pre id="measured"></pre><script>{MEASURE}frame.src = "{page.name}";</script>',
        "utf-8",
    )
    profile = f"--user-data-dir={tmp_path / f'profile-{width}'}"
    done = subprocess.run(
        [chromium, *FLAGS, profile, f"--window-size={max(width, 1280)},1000", wrapper.as_uri()],
        capture_output=True,
        check=False,
        timeout=120,
    )
    found = re.search(r'<pre id="measured">(.+?)</pre>', done.stdout.decode("utf-8", "replace"), re.DOTALL)
    assert found, done.stderr.decode("utf-8", "replace")[-2000:]
    measured: dict[str, Any] = json.loads(html.unescape(found[1]))
    return Layout(**measured)


def topic(number: int) -> TopicVerdict:
    """A topic with much to show: a long label, quotes, evidence, a trend, every impact."""
    counts = [(number * week) % 7 for week in range(1, 27)]
    trend = [{"week": f"2026-W{week:02d}", "count": count} for week, count in enumerate(counts, 10)]
    ids = [f"{number:02}{each:04}" for each in range(40)]
    return TopicVerdict(
        id=f"t{number:012x}",
        label=f"{LABELS[number % len(LABELS)]} {number}",
        keywords=["invoice"],
        size=len(ids) * 1000,
        verdict=VERDICTS[number % len(VERDICTS)],
        coverage=number / 20,
        article=f"billing/{'very-long-folder-name-' * 4}/article.md",
        impact={"handling_seconds": 9e6, "reopens": 1234, "low_ratings": 567, "unresolved_by_fin": 89},
        trend=trend,
        representatives=ids[:3],
        conversations=ids,
        question=f"{LABELS[number % len(LABELS)]}?",
        evidence=[f"“{LABELS[number % len(LABELS)]}” answers it (coverage 0.72).", "People keep asking."],
        locale=("en", "fr")[number % 2],
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every part in use and words that are hard to lay out."""
    topics = [topic(number) for number in range(15)]
    verdicts = [ConversationVerdict(id, t.id, 0.5, True, None) for t in topics for id in t.conversations]
    found = {
        id: Conversation(id, NOW, (Message("customer", said),))
        for t in topics
        for id, said in zip(t.representatives, SAID, strict=True)
    }
    decision = Decision(topics[0].id, LABELS[2], NOW, 40, "uncovered")
    analysis = Analysis(topics, verdicts, {"encoder": "tfidf", "encoders": ["tfidf"], "seed": 0})
    made = build(
        analysis,
        found,
        now=NOW,
        changes=Changes(born=(topics[1].id,), gone=(("t9", LABELS[2]),)),
        decision=lambda each: decision if each.id == decision.topic else None,
    )
    return write(made, analysis, tmp_path_factory.mktemp("report")).html


@pytest.fixture(scope="module", params=WIDTHS)
def found(
    request: pytest.FixtureRequest, chromium: str, report: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, Layout]:
    """The report laid out at one width."""
    return request.param, layout(chromium, report, request.param, tmp_path_factory.mktemp("browser"))


def test_nothing_overflows_or_overlaps(found: tuple[int, Layout]) -> None:
    """At either width the page is as wide as the frame, no element sticks out, no text stands on another."""
    width, laid = found

    assert laid.width == width
    assert laid.scroll <= width
    assert laid.outside == []
    assert laid.overlaps == []
    assert laid.boxes > 300


def test_the_chart_can_be_read(found: tuple[int, Layout]) -> None:
    """One chart is shown, the one that fits, and its smallest letters are as tall as print."""
    _, laid = found

    assert laid.drawn == 1
    assert laid.smallest is not None
    assert laid.smallest >= 10


def test_the_measure_sees_what_is_wrong(chromium: str, tmp_path: Path) -> None:
    """A page with a wide element and with text on text is found out."""
    page = tmp_path / "index.html"
    page.write_text(
        '<!doctype html><body><p>below</p><p style="position:absolute;top:16px;margin:0">above</p>'
        '<div style="width:600px">wide</div>',
        "utf-8",
    )

    found = layout(chromium, page, 390, tmp_path)

    assert found.scroll > 390
    assert found.overlaps in (["below | above"], ["above | below"])
    assert any("600px" in each for each in found.outside)
