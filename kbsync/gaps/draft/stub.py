"""The stub of one article: the customers' question, the steps that resolved it, the evidence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jinja2

from kbsync.conversations.model import Conversation
from kbsync.conversations.redact import redact
from kbsync.document.blocks import Block, Document, Item, List, Paragraph, Quote, Text
from kbsync.document.formats import PLAIN
from kbsync.document.markdown import MARKDOWN
from kbsync.effects import DIRECT, Effects
from kbsync.gaps.draft.steps import Step, recurring
from kbsync.gaps.model import TopicVerdict
from kbsync.replicas.files import frontmatter
from kbsync.replicas.files.disk import Disk
from kbsync.replicas.files.paths import slug
from kbsync.resources import folder

FOLDER = "_drafts"
_QUOTES = 5
_QUOTE = 300
_SEAL = re.compile(r"<!-- kbsync draft ([0-9a-f]{16}) -->")


@dataclass(frozen=True, slots=True)
class Stub:
    """A stub: its path under the content root, its text, and how many steps were found."""

    path: str
    text: str
    steps: int


def compose(
    topic: TopicVerdict, conversations: Sequence[Conversation], elsewhere: Sequence[Conversation] = ()
) -> Stub:
    """Return the stub of a topic from its conversations; `elsewhere` are some of other topics."""
    steps = recurring(conversations, elsewhere)
    title = topic.question or topic.label
    body = (
        _environment()
        .get_template("article.md.j2")
        .render(
            topic=topic,
            quotes=_markdown(*(Quote((_paragraph(q),)) for q in _quotes(topic, conversations))),
            steps=_markdown(_numbered(steps)) if steps else "",
            support=[(s.share, len(s.conversations)) for s in steps],
            evidence=[id for id in topic.representatives if re.fullmatch(r"[\w.:-]{1,80}", id)],
            lines=[_markdown(_paragraph(line)).strip() for line in topic.evidence],
        )
    )
    keys = {
        "title": " ".join(title.split())[:150],
        "description": f"Asked in {topic.size} conversations",
        "state": "draft",
        "labels": ["draft", "gap"],
    }
    text = frontmatter.join(frontmatter.dump(keys), "\n" + re.sub(r"\n{3,}", "\n\n", body).strip() + "\n")
    return Stub(f"{FOLDER}/{slug(topic.label)}-{slug(topic.id)}.md", _sealed(text), len(steps))


def write(stub: Stub, root: Path, effects: Effects = DIRECT) -> Literal["written", "unchanged", "kept"]:
    """Write a stub below the content root; one that a person has changed is kept as it is. Raises WriteFailed."""
    disk = Disk(root, effects)
    if disk.exists(stub.path):
        present = disk.text(stub.path)
        if present == stub.text:
            return "unchanged"
        if not _untouched(present):
            return "kept"
    disk.write(stub.path, stub.text.encode())
    return "written"


def _quotes(topic: TopicVerdict, conversations: Sequence[Conversation]) -> list[str]:
    by_id = {c.id: c for c in conversations}
    quotes = dict[str, None]()
    for id in topic.representatives:
        found = by_id.get(id)
        for message in found.messages if found else ():
            if message.role == "customer" and message.text.strip():
                quotes[_short(redact(message.text, found.people if found else ()))] = None
                break
    return list(quotes)[:_QUOTES]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUOTE else line[: _QUOTE - 1].rstrip() + "…"


def _paragraph(text: str) -> Paragraph:
    return Paragraph((Text(text),))


def _numbered(steps: Sequence[Step]) -> List:
    return List(tuple(Item((_paragraph(step.text),)) for step in steps), ordered=True)


def _markdown(*blocks: Block) -> str:
    return MARKDOWN.write(Document(blocks), PLAIN).raw


def _sealed(text: str) -> str:
    """End the stub with a digest of itself, by which an untouched one is known."""
    return f"{text}\n<!-- kbsync draft {_digest(text)} -->\n"


def _untouched(text: str) -> bool:
    seal = _SEAL.search(text)
    return seal is not None and _digest(text[: seal.start()].removesuffix("\n")) == seal[1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _environment() -> jinja2.Environment:
    return jinja2.Environment(  # noqa: S701  Markdown: every foreign text comes through the Markdown writer
        loader=jinja2.FileSystemLoader(folder("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
