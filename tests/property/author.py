"""Someone who writes help articles with everything in them, and edits one sentence."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from kbsync.document.blocks import (
    ArticleRef,
    AssetRef,
    Block,
    Button,
    Callout,
    Cell,
    Code,
    CodeBlock,
    Collapsible,
    Divider,
    Document,
    Embed,
    Emphasis,
    Figure,
    Footnote,
    Heading,
    Image,
    Inline,
    Item,
    LineBreak,
    Link,
    List,
    Math,
    MathBlock,
    OpaqueBlock,
    OpaqueInline,
    Paragraph,
    Quote,
    Row,
    SoftBreak,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Table,
    Text,
    Underline,
    Url,
)
from kbsync.document.shape import WRAPPERS

WORDS: Final = (
    "refund payment card invoice account settings click open button team report admin workspace email "
    "password reset export import data user billing plan upgrade trial customer message inbox article"
).split()

MARKS: Final = {mark.__name__.lower() for mark in WRAPPERS}


class Author:
    """Writes help articles, and edits one sentence, always alike for one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def sentence(self) -> str:
        words = self.random.choices(WORDS, k=self.random.randint(4, 14))
        return " ".join(words).capitalize() + self.random.choice("....?!")

    def text(self) -> tuple[Inline, ...]:
        word, address = self.random.choice(WORDS), Url("https://example.com/" + self.random.choice(WORDS))
        marked: tuple[Inline, ...] = (
            Strong((Text(self.sentence()),)),
            Emphasis((Text(word),)),
            Code(word),
            Link(address, (Text(f"the {word}"),)),
        )
        out: list[Inline] = [Text(self.sentence())]
        for _ in range(self.random.randint(0, 3)):
            rare = self.random.random() < 0.3
            out += [
                Text(" "),
                self.rarity() if rare else self.random.choice(marked),
                Text(" " + self.sentence()),
            ]
        return tuple(out)

    def rarity(self) -> Inline:
        """Return something in running text that one format or another cannot hold."""
        sentence = Text(self.sentence())
        return self.random.choice(
            (
                Strike((sentence,)),
                Underline((sentence,)),
                Strong((Emphasis((sentence,)),)),
                Superscript((Text("2"),)),
                Subscript((Text("n"),)),
                Link(ArticleRef("refund-timing", "top"), (Text("the other article"),)),
                Link(Url("https://e.com/a?x=1&y=2"), (Strong((sentence,)),), title="A title"),
                Image(AssetRef("assets/a.png"), alt="an image here", width=40),
                Math("a+b"),
                Code("a `b` | c"),
                OpaqueInline("confluence", '<ac:emoticon ac:name="smile"/>', ":smile:"),
                OpaqueInline("confluence", '<ac:link><ri:user ri:account-id="1"/></ac:link>', "@1"),
                LineBreak(),
                SoftBreak(),
                Text("* _ [x] <b> & &amp; $5 $6 ~a~ #1"),
            )
        )

    def paragraph(self) -> Paragraph:
        return Paragraph(self.text())

    def items(self) -> List:
        lines = [Item((self.paragraph(),)) for _ in range(self.random.randint(1, 5))]
        if self.random.random() < 0.3:
            lines[-1] = Item((self.paragraph(), List((Item((self.paragraph(),)),))))
        return List(tuple(lines), ordered=self.random.random() < 0.4)

    def table(self) -> Table:
        width = self.random.randint(2, 4)
        lines = range(self.random.randint(2, 5))
        return Table(tuple(Row(tuple(self.cell(header=not line) for _ in range(width))) for line in lines))

    def cell(self, *, header: bool) -> Cell:
        return Cell((Paragraph((Text(self.sentence()),)),), header=header)

    def block(self) -> Block:
        sentence = Text(self.sentence()[:-1])
        makers: tuple[tuple[int, Callable[[], Block]], ...] = (
            (8, self.paragraph),
            (2, lambda: Heading(self.random.randint(1, 3), (sentence,))),
            (3, self.items),
            (1, lambda: CodeBlock(f"run {self.sentence()}\n# {sentence.text}", "python")),
            (1, lambda: Callout("tip", (self.paragraph(), self.paragraph()))),
            (1, lambda: Quote((self.paragraph(),))),
            (1, self.table),
            (1, lambda: Collapsible((sentence,), (self.paragraph(),))),
            (1, lambda: Figure(Image(Url("https://example.com/a.png"), alt=sentence.text))),
            (8, self.construct),
        )
        weights, choices = zip(*makers, strict=True)
        return self.random.choices(choices, weights)[0]()

    def construct(self) -> Block:
        """Return a block of a kind that people use now and then."""
        words, line = self.paragraph, Text(self.sentence()[:-1])
        makers: tuple[Callable[[], Block], ...] = (
            lambda: List(tuple(Item((words(),), self.random.choice([True, False])) for _ in range(3))),
            lambda: List(
                (Item((words(), words())), Item((words(), CodeBlock("do it now\nagain", "sh")))), tight=False
            ),
            lambda: List((Item((words(),)), Item((words(), self.items()))), ordered=True, start=3),
            lambda: CodeBlock("one two\n\n  three four", "js", (("title", "a.js"), ("linenumbers", "true"))),
            lambda: Callout("important", (words(), self.items()), title="Mind the gap"),
            lambda: Callout("caution", (CodeBlock("one two", "sh"), words())),
            lambda: Quote((words(), Quote((words(),)), self.items())),
            lambda: Table((Row((self.wide(), self.wide())), Row((Cell((words(),)), Cell(()))))),
            lambda: Table(
                (
                    Row((self.wide(2),)),
                    Row((Cell((words(), self.items())), Cell((words(),), shade="#ffff00"))),
                )
            ),
            lambda: Table((Row((Cell((words(),), rowspan=2), Cell((words(),)))), Row((Cell((words(),)),)))),
            lambda: Figure(
                Image(Url("https://e.com/a.png"), alt=line.text, width=300), Url("https://e.com/b"), "center"
            ),
            lambda: Figure(Image(AssetRef("assets/b.png"), alt=line.text), caption=(line,)),
            lambda: Embed("https://www.youtube.com/watch?v=AAAAAAAAAAA"),
            lambda: Button(Url("https://example.com/go"), "Press the button", align="center"),
            lambda: Collapsible((Strong((line,)),), (words(), self.table())),
            Divider,
            lambda: Footnote("1", (words(),)),
            lambda: MathBlock("a = b + c\nd = e"),
            lambda: OpaqueBlock("confluence", '<ac:structured-macro ac:name="toc"/>'),
            lambda: Paragraph(self.text(), align="center"),
            lambda: Heading(self.random.randint(1, 6), self.text()),
            lambda: Paragraph(()),
        )
        return self.random.choice(makers)()

    def wide(self, columns: int = 1) -> Cell:
        return Cell((self.paragraph(),), header=True, align="center", colspan=columns)

    def article(self) -> Document:
        return Document(tuple(self.block() for _ in range(self.random.randint(3, 20))))

    def edited(self, document: Document) -> Document:
        """Return the document with one sentence replaced, or one added.

        What is added at the end of bold or the like could stand in it or behind it, and a format that
        cannot show it cannot tell which: there the sentence is added in front of the last word.
        """
        tree = msgspec.to_builtins(document)
        place, amid = self.random.choice(_texts(tree))
        old = place["text"]
        lead, trail = old[: len(old) - len(old.lstrip())], old[len(old.rstrip()) :]
        new = self.sentence()[:-1] + "."
        ahead, behind = old.rstrip().rsplit(" ", 1) if amid else (old.rstrip(), "")
        added = f"{ahead} {new} {behind}".rstrip()
        place["text"] = f"{lead}{new}{trail}" if self.random.random() < 0.5 else f"{added}{trail}"
        return msgspec.convert(tree, Document)


def _texts(tree: Any, *, amid: bool = False) -> list[tuple[dict[str, Any], bool]]:
    """Return what can be edited, and whether it is in bold or the like amid other text."""
    if isinstance(tree, dict):
        editable = tree["kind"] in {"text", "codeblock"} and " " in tree["text"].strip()
        mine = [(tree, amid)] if editable else []
        return mine + [found for value in tree.values() for found in _texts(value, amid=amid)]
    if not isinstance(tree, list | tuple):
        return []
    return [found for value in tree for found in _texts(value, amid=amid or _is_part(value, tree))]


def _is_part(value: Any, siblings: Sequence[Any]) -> bool:
    return len(siblings) > 1 and isinstance(value, dict) and value["kind"] in MARKS
