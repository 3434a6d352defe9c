"""Public conversations through `kbsync gaps analyze`: the analysis is whole, whatever it finds.

KBSYNC_SOAK=1 takes all of them; `pytest -s` prints what was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import public_conversations as public
import pytest
from public_conversations import Line
from soaking import soak

from kbsync.cli import run
from kbsync.gaps.model import Analysis

pytestmark = pytest.mark.shared

SAMPLE = soak(150, 20_000)
CONFIG = '[gaps]\nencoder = "tfidf"\n'
SETS = {
    "abcd": (public.abcd, public.abcd_articles),
    "banking77": (public.banking77, public.banking77_articles),
}


@pytest.mark.parametrize("name", SETS)
def test_every_conversation_is_judged_once(
    name: str, shared_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All conversations are in the analysis once, topics and conversations agree, and articles exist."""
    lines, articles = (make(shared_dir / "data") for make in _makers(name))
    asked = public.write_conversations(lines, tmp_path / "conversations.jsonl")
    content = public.write_articles(articles, tmp_path / "content")
    (tmp_path / "kbsync.toml").write_text(CONFIG, "utf-8")
    monkeypatch.chdir(tmp_path)

    code = run(["gaps", "analyze", "--conversations", str(asked), "--articles", str(content), "--out", "out"])

    assert code == 0
    raw = (tmp_path / "out/analysis.json").read_bytes()
    analysis = msgspec.json.decode(raw, type=Analysis)
    check_conversations(analysis, [line["id"] for line in lines])
    check_topics(analysis, {path.name for path in content.iterdir()})
    verdicts = Counter(topic.verdict for topic in analysis.topics)
    print(f"{name}: {len(lines)} conversations, {len(articles)} articles, topics {dict(verdicts)}")


def _makers(
    name: str,
) -> tuple[Callable[[Path], list[Line]], Callable[[Path], dict[str, str]]]:
    conversations, articles = SETS[name]
    return lambda data: conversations(data, SAMPLE), articles


def check_conversations(analysis: Analysis, asked: list[str]) -> None:
    """Fail unless each conversation stands there once, with the topic that names it."""
    assert sorted(each.id for each in analysis.conversations) == sorted(asked)
    assert all(0 <= each.coverage <= 1 for each in analysis.conversations)
    members = {id: topic.id for topic in analysis.topics for id in topic.conversations}
    assert {each.id: each.topic for each in analysis.conversations if each.topic} == members


def check_topics(analysis: Analysis, articles: set[str]) -> None:
    """Fail unless topics are disjoint, counted, labelled apart, ranked, and judged against what exists."""
    topics = analysis.topics
    assert topics
    assert len({topic.id for topic in topics}) == len({topic.label for topic in topics}) == len(topics)
    assert sum(topic.size for topic in topics) == len({id for t in topics for id in t.conversations})
    for topic in topics:
        assert topic.size == len(topic.conversations) == len(set(topic.conversations))
        assert set(topic.representatives) <= set(topic.conversations)
        assert topic.representatives
        assert 0 <= topic.coverage <= 1
        assert topic.article is None or Path(topic.article).name in articles
    scores = [topic.impact["score"] for topic in topics]
    assert scores == sorted(scores, reverse=True)
