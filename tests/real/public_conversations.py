"""The public data sets in the shared folder as conversation lines and as articles.

ABCD (Chen et al. 2021): what customers of a clothing shop wrote or wanted, and the guidelines of its agents.
Banking77 (Casanueva et al. 2020): questions to a bank by intent; articles are made of held-back questions.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

START: Final = 1_760_000_000
"""Epoch seconds of the first conversation; the others follow, one a minute."""

Line = dict[str, Any]


def abcd(data: Path, limit: int) -> list[Line]:
    """Return whole conversations, then customers' own lines, then one-line issues, at most `limit` of each."""
    with gzip.open(data / "abcd/abcd_sample.json.gz") as file:
        whole = [(str(each["convo_id"]), _turns(each["original"])) for each in json.load(file)]
    spoken: defaultdict[str, list[Line]] = defaultdict(list)
    for row in _rows(data / "abcd/utterances.jsonl.gz"):
        spoken[row["convo_id"]].append(_customer(row["text"]))
    issues = [
        (f"issue-{row['convo_id']}", [_customer(row["issue_gpt4"])])
        for row in _rows(data / "abcd/issues.jsonl.gz")
        if row["issue_gpt4"]
    ]
    taken = {**dict(whole[:limit]), **dict(islice(spoken.items(), limit)), **dict(issues[:limit])}
    return _lines(taken.items())


def abcd_articles(data: Path) -> dict[str, str]:
    """Return one article for each guideline: its title, what to do, and what the agent presses."""
    with gzip.open(data / "abcd/guidelines.json.gz") as file:
        flows = json.load(file)
    return {
        f"{flow}: {title}": "\n\n".join(_instructions(subflow))
        for flow, found in flows.items()
        for title, subflow in found["subflows"].items()
    }


def banking77(data: Path, limit: int) -> list[Line]:
    """Return the questions of the test part, spread evenly over the intents."""
    asked = _questions(data / "banking77/test.csv.gz")
    taken = asked[:: -(-len(asked) // limit)]
    return _lines((f"bank-{number}", [_customer(text)]) for number, (text, _) in enumerate(taken))


def banking77_articles(data: Path) -> dict[str, str]:
    """Return one article for every other intent, made of five questions of the training part."""
    by: defaultdict[str, list[str]] = defaultdict(list)
    for text, intent in _questions(data / "banking77/train.csv.gz"):
        by[intent].append(text)
    return {intent.replace("_", " "): "\n\n".join(by[intent][:5]) for intent in sorted(by)[::2]}


def write_conversations(lines: Iterable[Line], path: Path) -> Path:
    """Write conversation lines as `kbsync gaps analyze --conversations` reads them."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def write_articles(articles: Mapping[str, str], folder: Path) -> Path:
    """Write articles as a content folder."""
    folder.mkdir(parents=True)
    for title, body in articles.items():
        slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        head = f"---\nid: {slug}\ntitle: {json.dumps(title)}\nstate: published\n---\n\n"
        (folder / f"{slug}.md").write_text(f"{head}{body}\n", "utf-8")
    return folder


def _lines(conversations: Iterable[tuple[str, list[Line]]]) -> list[Line]:
    return [
        {"id": id, "created_at": START + 60 * number, "messages": messages}
        for number, (id, messages) in enumerate(conversations)
    ]


def _turns(turns: Iterable[tuple[str, str]]) -> list[Line]:
    role = {"customer": "customer", "agent": "teammate"}
    return [{"role": role.get(speaker, "bot"), "text": text} for speaker, text in turns]


def _customer(text: str) -> Line:
    return {"role": "customer", "text": text}


def _instructions(subflow: Mapping[str, Any]) -> Iterator[str]:
    said = subflow["instructions"]
    yield from (text for text in (said if isinstance(said, list) else [said]) if text)
    for action in subflow["actions"]:
        yield " ".join([action["text"], *(action.get("subtext") or ())])


def _rows(path: Path) -> Iterator[Line]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _questions(path: Path) -> list[tuple[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]
