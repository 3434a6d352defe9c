"""The simulated gap report: hide articles, analyse, score, with the floor beside it.

Runs in this process on the cases and by the rules of `gapbench.py` in the folder of public material, which is
loaded from there (set KBSYNC_SHARED when it does not lie beside the checkout):

    python tests/benchmarks/gaps_report.py [--encoder tfidf semantic] [--sets banking77 abcd] [--seeds 5]

With `--ablate` each part of the coverage is left out in turn.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import mean
from types import ModuleType
from typing import Any
from unittest.mock import patch

import msgspec

from kbsync.conversations.model import Conversation
from kbsync.gaps.analyze import analyze
from kbsync.gaps.encode.cache import FileCache
from kbsync.gaps.model import Analysis
from kbsync.gaps.settings import GapSettings
from kbsync.gaps.shelf import load_shelf

ROOT = Path(__file__).resolve().parents[2]
SHARES = (0.25, 0.5, 0.75)
COLUMNS = ("f1_distinct", "f1", "Pd", "R", "auroc", "nmi", "topics", "seconds")
FOREIGN = 300
ABLATIONS: dict[str, dict[str, float]] = {
    "whole": {},
    "nothing by itself": {"kbsync.gaps.standing._ALONE": 0.0},
    "no word of its topic": {"kbsync.gaps.standing._TOPIC": 0.0},
    "articles not sought stay": {"kbsync.gaps.heard._SOUGHT": 0.0},
    "words unheard of count": {"kbsync.gaps.desk._TRUST": 0.0},
    "no margin": {"kbsync.gaps.coverage._MARGIN": 0.0},
    "no competition": {"kbsync.gaps.standing._COMPETITION": 0.0},
    "articles in their own words": {"kbsync.gaps.feedback._SHARE": 0.0},
}
"""What is left out: constants of the coverage and the values that switch their part off."""


def load_rules() -> ModuleType:
    """Load the shared benchmark, whose cases and scores these are."""
    path = Path(os.environ.get("KBSYNC_SHARED", ROOT.parent / "shared")) / "gapbench" / "gapbench.py"
    spec = importlib.util.spec_from_file_location("gapbench", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def conversations(path: Path) -> list[Conversation]:
    return [msgspec.json.decode(line, type=Conversation) for line in path.read_bytes().splitlines()]


def floor(analysis: Analysis) -> dict[str, Any]:
    """Return the analysis as if every topic had been reported."""
    whole = msgspec.json.decode(msgspec.json.encode(analysis))
    return {**whole, "topics": [{**topic, "verdict": "uncovered"} for topic in whole["topics"]]}


def run_case(rules: ModuleType, case: Path, settings: GapSettings, cache: FileCache) -> dict[str, float]:
    """Analyse one made case and return its scores, `floor` among them."""
    asked = conversations(case / "conversations.jsonl")
    start = time.monotonic()
    analysis = analyze(asked, load_shelf(case / "content"), settings, vectors_cache=cache)
    seconds = time.monotonic() - start
    truth = json.loads((case / "truth.json").read_text())
    scores = rules.score(truth, msgspec.json.decode(msgspec.json.encode(analysis)))
    repeats = scores["duplicates"] / max(scores["reported"], 1)
    return {
        **scores,
        "repeats": repeats,
        "floor": rules.score(truth, floor(analysis))["f1_distinct"],
        "seconds": seconds,
    }


def add_foreign(rules: ModuleType, content: Path) -> None:
    """Put unrelated articles beside a case's own: banking questions in a shop's help center."""
    rows = rules.SETS["banking77"]()[0][: FOREIGN * 4]
    for number in range(FOREIGN):
        title, *body = [text.replace("\n", " ") for text, _ in rows[4 * number : 4 * number + 4]]
        page = f"---\ntitle: {json.dumps(title)}\nstate: published\n---\n\n" + "\n\n".join(body)
        (content / f"foreign-{number}.md").write_text(page, encoding="utf-8")


def cases(rules: ModuleType, name: str, share: float, seeds: int, *, foreign: bool) -> Iterator[Path]:
    rows, articles = rules.SETS[name]()
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            rules.make(rows, articles, share, seed, folder)
            if foreign:
                add_foreign(rules, Path(folder) / "content")
            yield Path(folder)


def table(names: Sequence[str], encoders: Sequence[str], seeds: int, *, foreign: bool) -> None:
    rules = load_rules()
    print(
        f"{'set':10} {'encoder':9} {'share':>5} "
        + " ".join(f"{column:>11}" for column in (*COLUMNS, "repeats", "floor"))
    )
    with tempfile.TemporaryDirectory() as folder:
        cache = FileCache(Path(folder) / "vectors.db")
        for name in names:
            for encoder in encoders:
                settings = GapSettings(encoder=encoder)
                whole = []
                for share in SHARES:
                    found = [
                        run_case(rules, case, settings, cache)
                        for case in cases(rules, name, share, seeds, foreign=foreign)
                    ]
                    whole += found
                    print_row(name, encoder, f"{share:.2f}", found)
                print_row(name, encoder, "mean", whole)


def ablate(names: Sequence[str], encoders: Sequence[str], seeds: int, *, foreign: bool) -> None:
    """Print the table once for each part that is left out."""
    for title, constants in ABLATIONS.items():
        print(f"\n{title}")
        with ExitStack() as stack:
            for constant, value in constants.items():
                stack.enter_context(patch(constant, value))
            table(names, encoders, seeds, foreign=foreign)


def print_row(name: str, encoder: str, share: str, found: Sequence[dict[str, float]]) -> None:
    means = (mean(scores[column] for scores in found) for column in (*COLUMNS, "repeats", "floor"))
    print(f"{name:10} {encoder:9} {share:>5} " + " ".join(f"{value:11.3f}" for value in means), flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=["banking77", "abcd"])
    parser.add_argument("--encoder", nargs="+", default=["tfidf", "semantic"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--foreign", action="store_true", help=f"add {FOREIGN} unrelated articles to every case"
    )
    parser.add_argument("--ablate", action="store_true", help="leave out each part of the coverage in turn")
    chosen = parser.parse_args()
    (ablate if chosen.ablate else table)(chosen.sets, chosen.encoder, chosen.seeds, foreign=chosen.foreign)


if __name__ == "__main__":
    main()
