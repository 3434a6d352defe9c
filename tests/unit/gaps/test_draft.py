"""A stub holds what people said and nothing else, and never overwrites what a person wrote."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import msgspec
import pytest
from gap_samples import HOSTILE, conversation, topic
from hypothesis import given, settings
from hypothesis import strategies as st

from kbsync.conversations.model import Conversation
from kbsync.document.blocks import Document, Node, OpaqueBlock, OpaqueInline
from kbsync.document.markdown import read
from kbsync.gaps.draft import FOLDER, Stub, answer, compose, recurring, write
from kbsync.gaps.still import one_line
from kbsync.replicas.files import frontmatter
from kbsync.replicas.files.paths import takes_part

OPEN = "Open Settings and choose Billing."
DOWNLOAD = "Download the PDF with the arrow at the end of the line."
MAIL = "It is also sent to the address of the account owner."
RARE = "The moon was full when this invoice was made."
GREETING = "Hi Ana, thank you for writing to our friendly team!"
CLOSING = "Is there anything else I can help you with today?"
ALWAYS = "We look forward to serving you again very soon."


def replied(id: str, *lines: str, asked: str = "Where is my invoice?") -> Conversation:
    return conversation(id, asked, "\n".join(lines))


RESOLVED = [
    replied("1", GREETING, OPEN, DOWNLOAD, CLOSING),
    replied("2", "Hello Ben, open Settings and choose Billing.", MAIL, ALWAYS),
    replied("3", OPEN, DOWNLOAD, RARE, ALWAYS),
    replied("4", "1. " + OPEN, "2. Then download the PDF with the arrow at the end of the line.", MAIL),
]
ELSEWHERE = [replied(f"e{n}", "Restart the router and wait a minute.", ALWAYS) for n in range(4)]


def text_of(stub: Stub) -> tuple[dict[str, object], Document]:
    """The front matter and the body of a stub."""
    page = frontmatter.split(stub.text, stub.path)
    return dict(frontmatter.load(page.front, stub.path)), read(page.body)


def nodes(node: object) -> list[Node]:
    """All nodes of a tree."""
    if isinstance(node, tuple):
        return [each for child in node for each in nodes(child)]
    if not isinstance(node, Node):
        return []
    return [node, *(each for value in msgspec.structs.asdict(node).values() for each in nodes(value))]


def test_steps_are_what_teammates_repeat() -> None:
    """Steps said in two conversations or more come in the order they are told, each once."""
    steps = recurring(RESOLVED, ELSEWHERE)

    assert [s.text for s in steps] == [OPEN, DOWNLOAD, MAIL]
    assert [len(s.conversations) for s in steps] == [4, 3, 2]
    assert [s.share for s in steps] == [1.0, 0.75, 0.5]


def test_courtesy_is_no_step() -> None:
    """What is said whatever the topic is left out, but is a step where other topics do not say it."""
    assert ALWAYS in [s.text for s in recurring(RESOLVED)]
    assert ALWAYS not in [s.text for s in recurring(RESOLVED, ELSEWHERE)]


def test_a_step_must_be_frequent() -> None:
    """In a large topic a line needs a fifth of the answered conversations; those without replies do not count."""
    many = [replied(str(n), OPEN) for n in range(18)]
    rare = [replied(f"r{n}", RARE) for n in range(2)]
    silent = [conversation(f"s{n}") for n in range(80)]

    assert [s.text for s in recurring([*many, *rare, *silent])] == [OPEN]


@pytest.mark.parametrize(
    "found", [[], [conversation("1")], [replied("1", "…", "!!! ??? ---", "ok")], [replied("1", OPEN)]]
)
def test_nothing_repeated_is_no_step(found: list[Conversation]) -> None:
    """No conversation, no reply, no word, or one conversation alone give no step."""
    assert recurring(found) == ()


def test_a_stub_is_complete() -> None:
    """Question, steps, evidence, checklist and front matter are there, and the stub takes no part in a sync."""
    stub = compose(
        topic(), RESOLVED, ELSEWHERE, {"1": "https://app.intercom.com/a/inbox/x/inbox/conversation/1"}.get
    )

    keys, _ = text_of(stub)
    assert keys["title"] == "Where is my invoice for last month?"
    assert (keys["state"], stub.steps) == ("draft", 3)
    assert f"1. {OPEN}\n2. {DOWNLOAD}\n3. {MAIL}" in stub.text
    assert "> Where is my invoice?" in stub.text
    assert "Step 1 stands in 4 conversations, 100% of those with a reply." in stub.text
    assert "[1](https://app.intercom.com/a/inbox/x/inbox/conversation/1)" in stub.text
    assert "`2`" in stub.text
    assert stub.text.count("- [ ] ") == 5
    assert not takes_part(PurePosixPath(stub.path))


def test_what_could_not_be_found_is_said() -> None:
    """Without replies, and with replies that say different things, the stub says so and invents nothing."""
    silent = compose(topic(), [conversation("1"), conversation("2")])
    various = compose(topic(), [replied("1", RARE), replied("2", OPEN)])

    assert "No reply of a teammate is at hand" in silent.text
    assert "2 of the conversations have a reply, and each says something else" in various.text
    assert silent.steps == various.steps == 0


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_is_only_text(text: str, tmp_path: Path) -> None:
    """Hostile words become neither markup, front matter, a template nor a path; the stub stays one file."""
    found = [conversation(str(n), f"{text} where is it", f"{text} do this now please") for n in range(1, 4)]
    hostile = topic(
        id=text[:200], label=text, question=text, evidence=[text], representatives=["1", text[:90]]
    )

    stub = compose(hostile, found)
    write(stub, tmp_path)

    keys, body = text_of(stub)
    assert set(keys) == {"title", "description", "state", "labels"}
    assert keys["state"] == "draft"
    assert str(keys["title"]).lower() == one_line(text)[:150].lower()
    foreign = [n for n in nodes(body) if isinstance(n, OpaqueBlock | OpaqueInline)]
    assert [n.raw[:18] for n in foreign] == ["<!-- kbsync draft "]
    assert {type(n).__name__ for n in nodes(body)}.isdisjoint(
        {"Image", "Figure", "Link", "Embed", "Button", "Math"}
    )
    assert [p.parent for p in tmp_path.rglob("*.md")] == [tmp_path / FOLDER]
    assert write(stub, tmp_path)[0] == "unchanged"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_any_words_make_a_sound_stub(label: str, said: str) -> None:
    """Whatever is said, the stub's parts are where they belong and its path is a plain name."""
    found = [conversation(str(n), said, f"{said} do this now") for n in (1, 2)]

    stub = compose(topic(label=label, question=said, evidence=[said]), found)

    keys, body = text_of(stub)
    headings = [b for b in body.blocks if type(b).__name__ == "Heading"]
    assert keys["state"] == "draft"
    assert len(headings) == 4
    assert PurePosixPath(stub.path).parent == PurePosixPath(FOLDER)
    assert PurePosixPath(stub.path).name.isascii()


def test_nobody_is_named() -> None:
    """Names on record, mail addresses and numbers are in no line of a stub."""
    words = "Zebulon Quirk, zeb@quirk.example, order 998877665"
    found = [
        conversation(id, f"I am {words}", f"I looked up {words} in the system", people=("Zebulon Quirk",))
        for id in ("1", "2")
    ]

    stub = compose(topic(), found)

    assert stub.steps == 1
    assert not any(secret in stub.text for secret in ("Zebulon", "Quirk", "zeb@", "998877665"))


def test_code_in_replies_stays_code() -> None:
    """What a teammate put between backticks is code in the stub."""
    said = "Check the version with `python3 --version` on that machine."

    assert said in compose(topic(), [replied("1", said), replied("2", said)]).text


def test_a_topic_keeps_one_stub(tmp_path: Path) -> None:
    """An untouched stub is renewed in its place, also when the topic has another name by now."""
    first = compose(topic(), RESOLVED[:2])
    outcome, path = write(first, tmp_path)
    assert outcome == "written"

    renamed = compose(topic(label="Bills"), RESOLVED)
    assert write(renamed, tmp_path) == ("written", path)

    (file,) = (tmp_path / FOLDER).iterdir()
    assert file.read_text("utf-8") == renamed.text


@pytest.mark.parametrize(
    "edit", [lambda t: t + "mine", lambda t: t.replace("Billing", "Invoices"), lambda _: "mine", lambda _: ""]
)
def test_what_a_person_changed_is_kept(tmp_path: Path, edit: object) -> None:
    """A stub with any change of a person stays as it is, to the byte."""
    _, path = write(compose(topic(), RESOLVED[:2]), tmp_path)
    file = tmp_path / path
    mine = edit(file.read_text("utf-8"))  # type: ignore[operator]
    file.write_text(mine, "utf-8")

    assert write(compose(topic(), RESOLVED), tmp_path) == ("kept", path)
    assert file.read_text("utf-8") == mine


def test_what_is_no_text_is_kept(tmp_path: Path) -> None:
    """A file in the stub's place that cannot be read is a person's."""
    stub = compose(topic(), RESOLVED)
    file = tmp_path / stub.path
    file.parent.mkdir()
    file.write_bytes(b"\xff\xfe\0")

    assert write(stub, tmp_path)[0] == "kept"
    assert file.read_bytes() == b"\xff\xfe\0"


def test_only_the_answer_of_a_draft_answers() -> None:
    """A draft counts by its steps, not by the customers' words, the checklist or the evidence; an empty one not."""
    counted = answer(compose(topic(), RESOLVED).text)

    assert OPEN in counted
    assert "title: Where is my invoice for last month?" in counted
    assert not any(word in counted for word in ("> Where is", "- [ ]", "Conversation"))
    assert answer(compose(topic(), []).text) == ""
    assert answer("---\ntitle: Mine\n---\nAll of it.\n\n## My heading\n\nMore.\n").endswith("More.\n")
