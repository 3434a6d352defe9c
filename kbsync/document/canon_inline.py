"""The rules of canon for running text, each a function from runs to runs."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

import msgspec

from kbsync.document.blocks import (
    Code,
    Image,
    Inline,
    LineBreak,
    Link,
    Math,
    OpaqueBlock,
    OpaqueInline,
    SoftBreak,
    Target,
    Text,
    Url,
)
from kbsync.document.runs import PLAIN, Mark, Run, flatten, nest

Opaque = TypeVar("Opaque", OpaqueInline, OpaqueBlock)
RunRule: TypeAlias = Callable[[list[Run]], list[Run]]

WHITESPACE: Final = " \t\n\r\f\v"
SPACE: Final = Text(" ")
_BLANKS: Final = re.compile(r"[ \t\n\r\f\v]+")
_CLEAN: Final = re.compile(r"[^ \t\n\r\f\v]+(?: [^ \t\n\r\f\v]+)*")


def collapse(text: str) -> str:
    """Return the text with each run of white space as one space, and none at its ends."""
    if _CLEAN.fullmatch(text):
        return text
    return _BLANKS.sub(" ", text).strip(" ")


# --- rules about the shape of running text --------------------------------------------------------


def soft_breaks(runs: list[Run]) -> list[Run]:
    """A line end in the source reads as a space."""
    return [Run(SPACE, run.marks) if isinstance(run.leaf, SoftBreak) else run for run in runs]


def code_lines(runs: list[Run]) -> list[Run]:
    """Inline code is one line and never empty."""
    out: list[Run] = []
    for run in runs:
        if isinstance(run.leaf, Code):
            text = run.leaf.text.replace("\r\n", "\n").replace("\n", " ")
            if text:
                out.append(Run(Code(text), run.marks))
        else:
            out.append(run)
    return out


def unmarked(runs: list[Run]) -> list[Run]:
    """Bold, italics and the like do not show on images and line breaks; a link on an image does."""
    return [Run(run.leaf, _marks_that_show(run)) for run in runs]


def _marks_that_show(run: Run) -> frozenset[Mark]:
    if isinstance(run.leaf, LineBreak):
        return PLAIN
    if isinstance(run.leaf, Image):
        return frozenset(mark for mark in run.marks if isinstance(mark, Link))
    return run.marks


def white_space(runs: list[Run]) -> list[Run]:
    """White space is one space, outside of wrappers that end there, and none at edges and breaks."""
    pieces = _single_spaces(runs)
    last = len(pieces) - 1
    out: list[Run] = []
    for at, piece in enumerate(pieces):
        if piece.leaf is not SPACE:
            out.append(piece)
        elif 0 < at < last:
            before, after = pieces[at - 1], pieces[at + 1]
            if type(before.leaf) is not LineBreak and type(after.leaf) is not LineBreak:
                marks = before.marks & after.marks if before.marks and after.marks else PLAIN
                out.append(Run(SPACE, marks))
    return out


def _single_spaces(runs: list[Run]) -> list[Run]:
    pieces: list[Run] = []
    for run in runs:
        leaf, marks = run
        if type(leaf) is not Text:
            pieces.append(run)
            continue
        text = leaf.text
        if not text:
            continue
        if text[0] in WHITESPACE and not (pieces and pieces[-1].leaf is SPACE):
            pieces.append(Run(SPACE, marks))
        words = collapse(text)
        if words:
            pieces.append(run if words == text else Run(Text(words), marks))
            if text[-1] in WHITESPACE:
                pieces.append(Run(SPACE, marks))
    return pieces


def joined(runs: list[Run]) -> list[Run]:
    """Neighbouring text under the same wrappers is one text; so is neighbouring code."""
    out: list[Run] = []
    for run in runs:
        if out and _continues(out[-1], run):
            text = f"{_text(out[-1].leaf)}{_text(run.leaf)}"
            out[-1] = Run(msgspec.structs.replace(run.leaf, text=text), run.marks)
        else:
            out.append(run)
    return out


def _text(leaf: Inline) -> str:
    return leaf.text if isinstance(leaf, Text | Code) else ""


def _continues(last: Run, run: Run) -> bool:
    kind = type(run.leaf)
    return type(last.leaf) is kind and kind in _JOINING and last.marks == run.marks


_JOINING: Final = frozenset({Text, Code})


def trailing_breaks(runs: list[Run]) -> list[Run]:
    """A break with nothing after it does not show."""
    end = len(runs)
    while end and isinstance(runs[end - 1].leaf, LineBreak):
        end -= 1
    return runs[:end]


SHAPE_RULES: Final[tuple[tuple[RunRule, frozenset[type]], ...]] = (
    (soft_breaks, frozenset({SoftBreak})),
    (code_lines, frozenset({Code})),
    (unmarked, frozenset({Image, LineBreak})),
    (white_space, frozenset({Text, SoftBreak})),
    (trailing_breaks, frozenset({LineBreak})),
    (joined, frozenset({Text, SoftBreak, Code})),
)
"""The rules in order, and the leaves they are about."""

# --- rules about single leaves --------------------------------------------------------------------

_SIGNED: Final = re.compile(
    r"[?&](?:amp;)?expires=\d+&(?:amp;)?signature=[0-9a-f]+(?:&(?:amp;)?req=[^&#\"'\s>]*)?"
)
_VOLATILE: Final = re.compile(
    r"""\s(?:ac:macro-id|ac:local-id|local-id|ri:version-at-save|ac:schema-version)=(?:"[^"]*"|'[^']*')"""
    r"|<ac:task-uuid>[^<]*</ac:task-uuid>"
)
_PARAMETERS: Final = re.compile(r"(?:<ac:parameter\b[^>]*>[^<]*</ac:parameter>\s*){2,}")
_PARAMETER: Final = re.compile(r"<ac:parameter\b[^>]*>[^<]*</ac:parameter>")
_SELF_CLOSING: Final = re.compile(r"\s+/>")
_ENTITY: Final = re.compile(r"&(?!(?:lt|gt|amp|quot|#0*(?:34|38|60|62)|#[xX]0*(?:22|26|3[cCeE]));)#?\w+;")
_HEADING_ID: Final = re.compile(r"""\sid=(?:"h_[0-9a-f]{10}"|'h_[0-9a-f]{10}')""")


def unsigned(target: Target) -> Target:
    """The signature of a signed address changes with every read."""
    if isinstance(target, Url) and "signature=" in target.href:
        return Url(_SIGNED.sub("", target.href))
    return target


def settled(opaque: Opaque) -> Opaque:
    """What a system rewrites inside its own markup at every save is no content."""
    if opaque.origin == "confluence":
        raw = _ENTITY.sub(lambda found: html.unescape(found[0]), _VOLATILE.sub("", opaque.raw))
        raw = _PARAMETERS.sub(lambda found: "".join(sorted(_PARAMETER.findall(found[0]))), raw)
        raw = _SELF_CLOSING.sub("/>", raw)
    elif opaque.origin == "intercom":
        raw = _HEADING_ID.sub("", _SIGNED.sub("", opaque.raw))
    else:
        raw = opaque.raw
    return msgspec.structs.replace(opaque, raw=raw.strip())


def image_size(image: Image) -> Image:
    """The height of an image follows from its width."""
    return msgspec.structs.replace(
        image,
        target=unsigned(image.target),
        alt=collapse(image.alt),
        title=collapse(image.title),
        height=None if image.width else image.height,
    )


def _leaf(leaf: Inline) -> Inline:
    rule = _LEAF_RULES.get(type(leaf))
    return rule(leaf) if rule else leaf


_LEAF_RULES: Final[Mapping[type, Callable[..., Inline]]] = MappingProxyType(
    {
        Image: image_size,
        OpaqueInline: settled,
        Math: lambda math: Math(math.tex.strip()),
    }
)


def _mark(mark: Mark) -> Mark:
    if isinstance(mark, Link):
        return Link(unsigned(mark.target), (), collapse(mark.title))
    return mark


# --- all together ---------------------------------------------------------------------------------


def tidy(inlines: Iterable[Inline]) -> list[Run]:
    """Return the runs in their one shape, every leaf still as it was written."""
    runs = flatten(inlines)
    kinds = {type(run.leaf) for run in runs}
    for rule, about in SHAPE_RULES:
        if not kinds.isdisjoint(about):
            runs = rule(runs)
    return runs


def settle(runs: list[Run]) -> list[Run]:
    """Return the runs with what systems rewrite taken out of leaves and links."""
    if not any(run.marks or type(run.leaf) in _LEAF_RULES for run in runs):
        return runs
    return joined([Run(_leaf(run.leaf), _settled_marks(run.marks)) for run in runs])


def _settled_marks(marks: frozenset[Mark]) -> frozenset[Mark]:
    if not any(type(mark) is Link for mark in marks):
        return marks
    return frozenset(map(_mark, marks))


def canon_inlines(inlines: tuple[Inline, ...]) -> tuple[Inline, ...]:
    """Return running text in canonical form."""
    if len(inlines) == 1 and isinstance(inlines[0], Text) and _CLEAN.fullmatch(inlines[0].text):
        return inlines
    return nest(settle(tidy(inlines)))
