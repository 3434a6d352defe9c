"""Topics beside those of BERTopic's defaults and of EVoC, from the same vectors, in the same run.

    python -m tests.benchmarks.gaps_peers [--encoder tfidf semantic] [--sizes 10000]

Quality on the public sets: NMI with the true topics (outliers count as one topic) and the number of topics.
Time and memory on made desks from vectors to named topics, each in a process of its own, compiled code warm;
`KBSYNC_MILLION=1` measures 100,000 texts too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from sklearn.metrics import normalized_mutual_info_score

from kbsync.gaps.arrays import Integers, Vectors
from kbsync.gaps.desk import Desk, lay_out
from kbsync.gaps.encode.choose import choose
from kbsync.gaps.question import extract_all
from kbsync.gaps.standing import stand
from kbsync.gaps.topics import collect
from tests.benchmarks.gaps_report import load_rules
from tests.benchmarks.gaps_scale import SyntheticDesk
from tests.benchmarks.measure import Row, absent, installed, show

SMALLEST = 3
WARM = 600
AIM = 3.0
SPENT = Path(__file__).with_name("spent.py")
Finder = Callable[[Desk], Integers]


def ours(desk: Desk) -> Integers:
    """Return kbsync's topics, found and named without articles; -1 for singles."""
    bare = desk._replace(articles=[], passages=desk.passages[:0], owner=desk.owner[:0])
    named = list(collect(bare, stand(bare), SMALLEST))
    of = {asker: number for number, topic in enumerate(named) for asker in topic.members}
    return np.array([of.get(askers[0], -1) for askers in bare.askers])


def bertopic(desk: Desk) -> Integers:
    """Return the topics of BERTopic as it comes: UMAP, HDBSCAN, class-based TF-IDF."""
    from bertopic import BERTopic  # noqa: PLC0415 - a peer
    from bertopic.backend import BaseEmbedder  # noqa: PLC0415

    found, _ = BERTopic(embedding_model=BaseEmbedder()).fit_transform(desk.texts, desk.vectors)
    return np.array(found)


def evoc(desk: Desk) -> Integers:
    """Return the topics of EVoC as it comes."""
    from evoc import EVoC  # noqa: PLC0415 - a peer

    return np.asarray(EVoC().fit_predict(np.ascontiguousarray(desk.vectors)))


PEERS: Mapping[str, Finder] = MappingProxyType({"kbsync": ours, "bertopic": bertopic, "evoc": evoc})


def laid_out(texts: Sequence[str], encoder: str) -> Desk:
    """Return a desk of these texts as they are, with its vectors."""
    return lay_out("en", list(texts), [[row] for row in range(len(texts))], [], choose(encoder, "en"))


def public(name: str, encoder: str) -> tuple[Desk, list[str]]:
    """Return a public set as a desk, and the true topics."""
    from kbsync.conversations.model import Conversation, Message  # noqa: PLC0415 - only here

    rows, _ = load_rules().SETS[name]()
    asked = extract_all(
        [Conversation(str(n), 0.0, (Message("customer", text),)) for n, (text, _) in enumerate(rows)]
    )
    return laid_out([question.text or "-" for question in asked], encoder), [topic for _, topic in rows]


def quality(names: Sequence[str], encoders: Sequence[str]) -> None:
    print(f"\n{'set':10} {'vectors':9} {'method':9} {'NMI':>6} {'topics':>7} {'true':>5} {'outliers':>9}")
    for name in names:
        for encoder in encoders:
            desk, truth = public(name, encoder)
            for peer, find in PEERS.items():
                if peer != "kbsync" and not installed(peer):
                    print(f"{name:10} {encoder:9} {peer:9} not installed")
                    continue
                found = find(desk)
                nmi = normalized_mutual_info_score(truth, found)
                count, out = len(set(found[found >= 0].tolist())), float((found < 0).mean())
                print(
                    f"{name:10} {encoder:9} {peer:9} {nmi:6.3f} {count:7} {len(set(truth)):5} {out:9.1%}",
                    flush=True,
                )


def vectors(size: int, folder: Path) -> None:
    """Write a made desk's texts and vectors, so that all methods get the same."""
    texts = [c.messages[0].text for c in SyntheticDesk().conversations(0, size)]
    np.save(folder / "vectors.npy", laid_out(texts, "tfidf").vectors)
    (folder / "texts.json").write_text(json.dumps(texts))


def cost(peer: str, folder: Path) -> dict[str, float]:
    """Return the CPU seconds that a method takes beyond its imports, on a desk that lies in the folder."""
    texts, rows = json.loads((folder / "texts.json").read_text()), np.load(folder / "vectors.npy")
    PEERS[peer](_desk(texts[:WARM], rows[:WARM]))
    start = time.process_time()
    found = PEERS[peer](_desk(texts, rows))
    seconds = time.process_time() - start
    return {"seconds": seconds, "topics": float(len(set(found.tolist())))}


def _desk(texts: list[str], rows: Vectors) -> Desk:
    desk = laid_out(["a text", "another text"], "tfidf")
    return desk._replace(texts=texts, askers=[[row] for row in range(len(texts))], vectors=rows)


def costs(sizes: Sequence[int]) -> None:
    rows: list[Row] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            vectors(size, Path(folder))
            found = {peer: _in_process(peer, folder) for peer in PEERS if peer == "kbsync" or installed(peer)}
        for peer in ("bertopic", "evoc"):
            rows += _compared(size, peer, found)
    show("Topics of made desks, from the same vectors", rows)


def _compared(size: int, peer: str, found: Mapping[str, Mapping[str, float]]) -> list[Row]:
    if peer not in found:
        return [absent(f"{size:,} texts", peer)]
    mine, theirs = found["kbsync"], found[peer]
    return [
        Row(
            f"{size:,} texts, {name}",
            f"{mine[name]:.1f}",
            peer,
            f"{theirs[name]:.1f}",
            theirs[name] / mine[name],
            AIM if peer == "bertopic" else None,
        )
        for name in ("seconds", "megabytes")
    ]


def _in_process(peer: str, folder: str) -> dict[str, float]:
    """Return what a method takes, and the memory in MB of its process at its highest."""
    note = Path(folder) / "spent.txt"
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.gaps_peers", "--one", peer, folder]
    measured = [sys.executable, str(SPENT), str(note), *command]
    done = subprocess.run(measured, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found | {"megabytes": float(note.read_text(encoding="utf-8").split()[1])}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=["banking77", "abcd"])
    parser.add_argument("--encoder", nargs="+", default=["tfidf", "semantic"])
    many = (10_000, 100_000) if os.environ.get("KBSYNC_MILLION") else (10_000,)
    parser.add_argument("--sizes", type=int, nargs="*", default=many)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(cost(chosen.one[0], Path(chosen.one[1]))))
        return
    quality(chosen.sets, chosen.encoder)
    costs(chosen.sizes)


if __name__ == "__main__":
    main()
