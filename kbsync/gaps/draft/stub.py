"""The stub of one article: the customers' question, the steps that resolved it, the evidence."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import jinja2

from kbsync.conversations.model import Conversation
from kbsync.conversations.redact import redact
from kbsync.document.blocks import (
    Block,
    Code,
    Document,
    Inline,
    Item,
    Link,
    List,
    Paragraph,
    Quote,
    Text,
    Url,
)
from kbsync.document.formats import PLAIN
from kbsync.document.markdown import MARKDOWN
from kbsync.effects import DIRECT, Effects
from kbsync.errors import ContentError
from kbsync.gaps.draft.steps import Step, length, recurring, ungreeted
from kbsync.gaps.model import TopicVerdict
from kbsync.gaps.still import one_line
from kbsync.replicas.files import frontmatter
from kbsync.replicas.files.disk import Disk
from kbsync.replicas.files.paths import slug
from kbsync.resources import folder

FOLDER = "_drafts"
_ASKED, _ANSWER, _CHECKLIST = "What customers ask", "What to do", "Before you publish"
_QUOTES = 5
_QUOTE = 300
_WORDS = 3
_TITLE = 80
_SEAL = re.compile(r"\n<!-- kbsync draft ([0-9a-f]{16}) -->\n\Z")
_CODE = re.compile(r"`([^`\n]{1,200})`")
_SECTION = re.compile(r"^(?=## )", re.MULTILINE)

Address = Callable[[str], str | None]
"""Returns where a conversation can be read, or None."""


@dataclass(frozen=True, slots=True)
class Stub:
    """A stub: its path under the content root, its topic's part of that path, its text, and its steps."""

    path: str
    key: str
    text: str
    steps: int


def compose(
    topic: TopicVerdict,
    conversations: Sequence[Conversation],
    elsewhere: Sequence[Conversation] = (),
    address: Address = lambda _: None,
) -> Stub:
    """Return the stub of a topic from its conversations; `elsewhere` are some of other topics."""
    steps = recurring(conversations, elsewhere)
    body = _environment().get_template("article.md.j2").render(
        headings={"asked": _ASKED, "answer": _ANSWER, "checklist": _CHECKLIST},
        size=topic.size,
        answered=sum(any(m.role == "teammate" for m in c.messages) for c in conversations),
        quotes=_markdown(*(Quote((_paragraph(q),)) for q in _quotes(topic, conversations))),
        steps=_markdown(_numbered(steps)),
        support=[(f"{s.share:.0%}", len(s.conversations)) for s in steps],
        evidence=_markdown(_listed(_evidence(topic, address))),
    )  # fmt: skip
    key = slug(topic.id)
    text = frontmatter.join(frontmatter.dump(_front(topic)), f"\n{_tidy(body)}\n")
    return Stub(f"{FOLDER}/{slug(topic.label)}-{key}.md", key, _sealed(text), len(steps))


def write(
    stub: Stub, root: Path, effects: Effects = DIRECT
) -> tuple[Literal["written", "unchanged", "kept"], str]:
    """Write a stub below the content root; returns what was done, and the path.

    A topic has one stub, whatever it is called now; one that a person has changed is kept as it is.
    Raises WriteFailed.
    """
    disk = Disk(root, effects)
    path = next((f"{FOLDER}/{p.name}" for p in sorted((root / FOLDER).glob(f"*-{stub.key}.md"))), stub.path)
    if disk.exists(path):
        present = _text(disk, path)
        if present == stub.text:
            return "unchanged", path
        if not _untouched(present):
            return "kept", path
    disk.write(path, stub.text.encode())
    return "written", path


def answer(text: str) -> str:
    """Return what of a draft would answer a customer: no customers' words, no checklist, no evidence.

    A stub in which no step was found answers nothing and is empty. What a person made of it stays.
    """
    front, *sections = _SECTION.split(text)
    kept = [s for s in _until(sections, _CHECKLIST) if not s.startswith(f"## {_ASKED}")]
    unanswered = _untouched(text) and not re.search(r"^1\. ", "".join(kept), re.MULTILINE)
    return "" if unanswered else front + "".join(kept)


def _until(sections: Sequence[str], heading: str) -> Iterator[str]:
    for section in sections:
        if section.startswith(f"## {heading}"):
            return
        yield section


def _front(topic: TopicVerdict) -> dict[str, object]:
    """Return the front matter: a short question is the best title, else the label is."""
    label, question = one_line(topic.label), ungreeted(one_line(topic.question))
    title, description = (question, label) if 0 < len(question) <= _TITLE else (label, question)
    return {
        "title": title[:150] or "Untitled",
        "description": description[:140],
        "state": "draft",
        "labels": ["gap"],
    }


def _quotes(topic: TopicVerdict, conversations: Sequence[Conversation]) -> list[str]:
    """Return what typical customers wrote first that is more than a greeting, each once."""
    by_id = {c.id: c for c in conversations}
    typical = [by_id[id] for id in topic.representatives if id in by_id]
    quotes = dict.fromkeys(_said(found) for found in typical)
    return [_short(quote) for quote in quotes if quote][:_QUOTES]


def _said(found: Conversation) -> str:
    said = (one_line(redact(m.text, found.people)) for m in found.messages if m.role == "customer")
    return next((text for text in said if length(ungreeted(text)) >= _WORDS), "")


def _short(line: str) -> str:
    return line if len(line) <= _QUOTE else line[: _QUOTE - 1].rstrip() + "…"


def _evidence(topic: TopicVerdict, address: Address) -> Iterator[Paragraph]:
    yield from (_paragraph(line) for line in topic.evidence)
    for id in topic.representatives:
        where = address(id)
        name: Inline = Link(Url(where), (Text(one_line(id)),)) if where else Code(one_line(id))
        yield Paragraph((Text("Conversation "), name))
    yield Paragraph((Text("Topic "), Code(one_line(topic.id))))


def _paragraph(text: str) -> Paragraph:
    """Return foreign text as a paragraph; of its markup only code between backticks is heard."""
    parts = _CODE.split(one_line(text))
    return Paragraph(tuple(Code(p) if n % 2 else Text(p) for n, p in enumerate(parts) if p))


def _numbered(steps: Sequence[Step]) -> List:
    return List(tuple(Item((_paragraph(step.text),)) for step in steps), ordered=True)


def _listed(lines: Iterator[Paragraph]) -> List:
    return List(tuple(Item((line,)) for line in lines))


def _markdown(*blocks: Block) -> str:
    return MARKDOWN.write(Document(blocks), PLAIN).raw.strip()


def _tidy(body: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", body).strip()


def _text(disk: Disk, path: str) -> str:
    """Return what lies there; what cannot be read is a person's."""
    try:
        return disk.text(path)
    except ContentError:
        return ""


def _sealed(text: str) -> str:
    """End the stub with a digest of itself, by which an untouched one is known."""
    return f"{text}\n<!-- kbsync draft {_digest(text)} -->\n"


def _untouched(text: str) -> bool:
    seal = _SEAL.search(text)
    return seal is not None and _digest(text[: seal.start()]) == seal[1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@lru_cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(  # noqa: S701  Markdown: every foreign text comes through the Markdown writer
        loader=jinja2.FileSystemLoader(folder("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
