"""Any size by one path: parts, workers, a sample, and a week that costs a week."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from errands import Errand, double, hopeless
from sklearn.metrics import adjusted_mutual_info_score
from test_analyze import ENDINGS, SHELF, SUBJECTS, check, desk, question

from kbsync.conversations.model import Conversation
from kbsync.conversations.store import Store
from kbsync.errors import ConfigError, ConversationError
from kbsync.gaps.analyze import analyze, study
from kbsync.gaps.kept import Kept
from kbsync.gaps.model import Analysis, HelpText
from kbsync.gaps.settings import GapSettings, within
from kbsync.gaps.source import Window
from kbsync.gaps.spread import Workers, spread

SETTINGS = GapSettings(encoder="tfidf", workers=Workers(1))
NEW = ("a parrot sits in the warehouse", "the warehouse parrot bites", "there is a parrot at your warehouse")


def grown(copies: int = 4) -> list[Conversation]:
    """The small desk several times over, each copy in other words."""
    openings = ("", "hello, ", "question: ", "urgent: ", "once more, ")
    lines = [
        f"{opening}{form.format(subject)}{ending}"
        for subject, forms in SUBJECTS.items()
        for form in forms
        for ending in ENDINGS
        for opening in openings[:copies]
    ]
    return [question(line, number) for number, line in enumerate(lines)]


def topics(found: Analysis, ids: Sequence[str]) -> list[str]:
    of = {c.id: str(c.topic) for c in found.conversations}
    return [of[id] for id in ids]


def agreement(one: Analysis, other: Analysis) -> float:
    ids = sorted(c.id for c in one.conversations)
    return float(adjusted_mutual_info_score(topics(one, ids), topics(other, ids)))


@pytest.mark.parametrize(("part", "workers"), [(17, 1), (100, 2)])
def test_parts_and_workers_change_nothing(part: int, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the conversations are parted and by how many processes they are read, the bytes are the same."""
    monkeypatch.setattr("kbsync.gaps.learning._LITTLE", 0)
    whole = analyze(desk(), SHELF, SETTINGS)
    parted = analyze(desk(), SHELF, msgspec.structs.replace(SETTINGS, part=part, workers=Workers(workers)))

    assert msgspec.json.encode(parted) == msgspec.json.encode(whole)


def test_a_worker_that_reads_starts_without_what_learns() -> None:
    """Reading a part takes as long as starting scikit-learn, so a worker that only reads does not start it."""
    code = "import sys, kbsync.gaps.reading; print(*{'sklearn', 'scipy', 'duckdb'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)

    assert done.stdout.split() == []


def test_what_is_not_in_the_sample_finds_its_topic() -> None:
    """Learned from a third of the desk, the rest is placed where the whole desk has it."""
    conversations = grown()
    whole = analyze(conversations, SHELF, SETTINGS)
    sampled = analyze(conversations, SHELF, msgspec.structs.replace(SETTINGS, sample=120, part=50))

    check(sampled, conversations)
    assert agreement(whole, sampled) > 0.8
    open_ = {c.id for c in whole.conversations if c.uncovered}
    same = sum((c.id in open_) == c.uncovered for c in sampled.conversations)
    assert same > 0.8 * len(conversations)


@pytest.mark.parametrize(("part", "workers"), [(13, 1), (40, 2)])
def test_however_the_rest_is_placed_it_stands_where_it_did(
    part: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts go to the workers several at a time; how many they are and who places them changes no byte."""
    drawn = msgspec.structs.replace(SETTINGS, sample=120)
    together = analyze(grown(), SHELF, drawn)
    monkeypatch.setattr("kbsync.gaps.learning._FEW", 0)
    spread_out = msgspec.structs.replace(drawn, part=part, workers=Workers(workers))

    assert msgspec.json.encode(analyze(grown(), SHELF, spread_out)) == msgspec.json.encode(together)


def test_less_memory_means_a_smaller_sample() -> None:
    """The memory bounds what is compared at once and what a worker holds; enough changes nothing."""
    small, large = (within(SETTINGS, gigabytes * 10**9, 3) for gigabytes in (1, 64))

    assert small.sample < large.sample <= SETTINGS.sample
    assert small.part < large.part <= SETTINGS.part


class Desk(NamedTuple):
    """A store with a memory beside it."""

    store: Store
    folder: Path

    def analyse(self, shelf: Sequence[HelpText] = SHELF, **changes: Any) -> tuple[Analysis, list[str]]:
        """Analyse the store, and tell which stages that took."""
        stages = list[str]()
        found = study(
            Window(self.store, 0.0),
            self.folder / f"work{len(list(self.folder.iterdir()))}",
            shelf,
            msgspec.structs.replace(SETTINGS, **changes),
            kept=self.kept,
            note=stages.append,
        )
        return found, stages

    @property
    def kept(self) -> Kept:
        return Kept(self.folder / "kept")


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Desk]:
    with Store(tmp_path / "store.duckdb") as store:
        yield Desk(store, tmp_path)


def test_a_week_is_placed_and_not_learned(stored: Desk) -> None:
    """One percent more costs no second learning, and gives the topics of a full run."""
    conversations = grown(5)
    stored.store.put(conversations[:-4])
    stored.analyse()
    stored.store.put(conversations[-4:])

    found, stages = stored.analyse()

    assert "Learning" not in stages
    check(found, conversations)
    assert agreement(found, analyze(conversations, SHELF, SETTINGS)) >= 0.95
    assert stored.analyse()[0] == found


def test_something_new_is_learned(stored: Desk) -> None:
    """A week that asks what was never asked before is no longer placed by what was known."""
    conversations = grown(5)
    stored.store.put(conversations)
    stored.analyse()
    stored.store.put([question(NEW[n % 3] + ENDINGS[n % 6], 5_000 + n) for n in range(12)])

    found, stages = stored.analyse()

    assert "Learning" in stages
    assert any("parrot" in topic.keywords for topic in found.topics)


def test_what_was_learned_anew_is_what_counts(stored: Desk) -> None:
    """A process that has placed a week and then learned anew places the next week by what it learned last."""
    stored.store.put(grown(5))
    stored.analyse()
    stored.analyse()
    stored.store.put([question(NEW[n % 3] + ENDINGS[n % 6], 5_000 + n) for n in range(12)])
    learned, _ = stored.analyse()

    again, stages = stored.analyse()

    assert "Learning" not in stages
    assert again == learned


@pytest.mark.parametrize(
    "changes", [{"shelf": SHELF[:1]}, {"min_topic_size": 5}, {"encoder": "auto", "seed": 1}]
)
def test_other_articles_or_settings_are_learned_anew(stored: Desk, changes: dict[str, Any]) -> None:
    """What was learned holds for the articles and settings it was learned with."""
    stored.store.put(desk())
    stored.analyse()

    assert "Learning" in stored.analyse(**changes)[1]


def test_a_broken_memory_is_learned_anew(stored: Desk) -> None:
    """A memory that cannot be read costs time and nothing else."""
    stored.store.put(desk())
    first, _ = stored.analyse()
    for path in (stored.folder / "kept").iterdir():
        path.write_bytes(b"?")

    assert stored.analyse()[0] == first


def test_what_was_learned_is_forgotten_with_a_conversation(stored: Desk) -> None:
    """After a purge nothing that was learned from a purged conversation is left; other purges leave it alone."""
    stored.store.put(desk())
    stored.analyse()
    stored.kept.prune(stored.store.present(0.0))
    assert (stored.folder / "kept").exists()
    stored.store.remove(["c3"])

    stored.kept.prune(stored.store.present(0.0))

    assert not (stored.folder / "kept").exists()


# --- workers --------------------------------------------------------------------------------------------


def test_a_killed_process_changes_nothing(tmp_path: Path) -> None:
    """Parts whose worker died are done again."""
    errands = [Errand(number, tmp_path / "died") for number in range(8)]

    assert spread(double, errands, Workers(2)) == [2 * number for number in range(8)]
    assert (tmp_path / "died").exists()


def test_workers_that_always_die_end_in_one_line() -> None:
    """A machine without memory is told as that."""
    with pytest.raises(ConversationError, match="ended by the system"):
        spread(hopeless, [1, 2], Workers(2))


def test_a_cluster_that_is_not_there_is_named() -> None:
    """The address that does not answer stands in the line."""
    with pytest.raises(ConfigError, match=r"tcp://127\.0\.0\.1:9"):
        spread(double, [], Workers(cluster="tcp://127.0.0.1:9"))


def test_a_dask_cluster_that_loses_a_worker_gives_the_same(tmp_path: Path) -> None:
    """The user's cluster does the same work, also when one of its workers is killed in the middle."""
    distributed = pytest.importorskip("distributed")
    conversations = grown()
    settings = msgspec.structs.replace(SETTINGS, sample=120, part=60)
    alone = analyze(conversations, SHELF, settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # distributed's own, at start and end
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster:
            workers = Workers(cluster=cluster.scheduler_address)
            errands = [Errand(number, tmp_path / "died") for number in range(8)]
            assert spread(double, errands, workers) == [2 * number for number in range(8)]
            assert (tmp_path / "died").exists()
            together = analyze(conversations, SHELF, msgspec.structs.replace(settings, workers=workers))

    assert (together.topics, together.conversations) == (alone.topics, alone.conversations)
