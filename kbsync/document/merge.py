"""Merge any number of changed versions of a document over their common base.

Block by block: among the versions that changed a block, one distinct value is taken; several are merged
attribute by attribute, item by item, cell by cell and sentence by sentence; what still collides is a
conflict. Nothing depends on the order of the versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kbsync.document import canon
from kbsync.document.blocks import Block, CodeBlock, Document
from kbsync.document.merge_text import merge_lines, merge_sentences, merge_words
from kbsync.document.shape import INLINES, PARTS, Part, children, running_text, value_fields
from kbsync.document.weave import Strand, strands


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place where versions collide.

    `base` and `versions` (in the order given to `merge`) are what each has there, perhaps nothing; what
    does not collide inside is merged in all of them. `index` is the place in the merged document's
    blocks, where the base's blocks stand.
    """

    base: tuple[Block, ...]
    versions: tuple[tuple[Block, ...], ...]
    index: int


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged document, its conflicts in reading order, and the indexes of blocks worth a look.

    A block is worth a look when sentences of several versions met in it, or when one version changed
    what another removed.
    """

    document: Document
    conflicts: tuple[Conflict, ...] = ()
    look: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one part: what stands there, the versions' own where they collide, and a mark."""

    parts: tuple[Any, ...]
    rivals: tuple[tuple[Any, ...], ...] | None = None
    look: bool = False


def merge(base: Document, versions: Sequence[Document]) -> Merged:
    """Merge the versions over the base.

    >>> merge(base, [mine, base]).document == mine
    """
    distinct = _distinct(base, versions)
    if len(distinct) <= 1:
        return Merged(distinct[0] if distinct else base)
    document_key = canon.digest(base)
    sides = [base if canon.digest(each) == document_key else each for each in versions]
    return _assembled(_merge_parts(base.blocks, [each.blocks for each in sides], None))


def merge_for(base: Document, versions: Sequence[Document], winner: int) -> Document:
    """Merge word by word; where versions collide, the one at index `winner` wins, removals included."""
    outcomes = _merge_parts(base.blocks, [each.blocks for each in versions], winner)
    return Document(tuple(part for outcome in outcomes for part in outcome.parts))


def _distinct(base: Document, versions: Sequence[Document]) -> list[Document]:
    """Return one document of each reading other than the base's, in an order of content."""
    readings: dict[str, Document] = {}
    for each in sorted(versions, key=msgspec.json.encode):
        readings.setdefault(canon.digest(each), each)
    readings.pop(canon.digest(base), None)
    return [readings[digest] for digest in sorted(readings)]


def _assembled(outcomes: Iterable[_Outcome]) -> Merged:
    blocks: list[Block] = []
    conflicts: list[Conflict] = []
    look: list[int] = []
    for outcome in outcomes:
        if outcome.rivals is not None:
            conflicts.append(Conflict(outcome.parts, outcome.rivals, len(blocks)))
        elif outcome.look:
            look.extend(range(len(blocks), len(blocks) + len(outcome.parts)))
        blocks.extend(outcome.parts)
    return Merged(Document(tuple(blocks)), tuple(conflicts), tuple(look))


# --- sequences and their parts --------------------------------------------------------------------


def _merge_parts(
    base: Sequence[Part], versions: Sequence[Sequence[Part]], winner: int | None
) -> list[_Outcome]:
    return [_merge_strand(strand, winner) for strand in strands(base, versions, winner)]


def _merge_strand(strand: Strand, winner: int | None) -> _Outcome:
    if strand.base is None:
        return _merge_added(strand, winner)
    before = canon.key(strand.base)
    present = [part for part in strand.versions if part is not None]
    changed = {canon.key(part) for part in present} - {before}
    removed = len(present) < len(strand.versions)
    if removed and (not changed or (winner is not None and strand.versions[winner] is None)):
        return _Outcome(())
    if not changed:
        return _Outcome((strand.base,))
    if len(changed) == 1:
        return _Outcome((_one_of(present, changed.pop()),), look=removed)
    outcome = _merge_changed(strand.base, [part or strand.base for part in strand.versions], winner)
    return outcome if not removed else _with_removed(outcome, strand)


def _merge_added(strand: Strand, winner: int | None) -> _Outcome:
    present = [part for part in strand.versions if part is not None]
    keys = {canon.key(part) for part in present}
    if len(keys) == 1:
        return _Outcome((_one_of(present, keys.pop()),))
    if winner is not None:
        chosen = strand.versions[winner]
        return _Outcome((chosen or min(present, key=canon.key),))
    return _Outcome((), tuple((part,) if part else () for part in strand.versions))


def _one_of(parts: Iterable[Part], key: bytes) -> Part:
    """Return the part that reads like the key; several may, and which is taken must not depend on order."""
    return min((part for part in parts if canon.key(part) == key), key=msgspec.json.encode)


def _with_removed(outcome: _Outcome, strand: Strand) -> _Outcome:
    rivals = outcome.rivals
    if rivals is not None:
        rivals = tuple(
            each if part is not None else () for each, part in zip(rivals, strand.versions, strict=True)
        )
    return _Outcome(outcome.parts, rivals, look=True)


# --- one part that several versions changed -------------------------------------------------------


def _merge_changed(base: Part, versions: Sequence[Part], winner: int | None) -> _Outcome:
    if any(type(part) is not type(base) for part in versions):
        return _clash(base, versions, winner)
    fields = {
        **_merge_values(base, versions, winner),
        **_merge_text(base, versions, winner),
        **_merge_children(base, versions, winner),
    }
    part = msgspec.structs.replace(base, **{name: field.value for name, field in fields.items()})
    look = any(field.look for field in fields.values())
    if all(field.rivals is None for field in fields.values()):
        return _Outcome((part,), look=look)
    rivals = tuple(
        (msgspec.structs.replace(part, **{name: field.of(at) for name, field in fields.items()}),)
        for at in range(len(versions))
    )
    return _Outcome((part,), rivals)


def _clash(base: Part, versions: Sequence[Part], winner: int | None) -> _Outcome:
    if winner is None:
        return _Outcome((base,), tuple((part,) for part in versions))
    if canon.key(versions[winner]) != canon.key(base):
        return _Outcome((versions[winner],))
    return _Outcome((min((part for part in versions if canon.key(part) != canon.key(base)), key=canon.key),))


@dataclass(frozen=True, slots=True)
class _Field:
    """The merged value of one field, and each version's where they collide."""

    value: Any
    rivals: tuple[Any, ...] | None = None
    look: bool = False

    def of(self, version: int) -> Any:
        return self.value if self.rivals is None else self.rivals[version]


def _merge_values(base: Part, versions: Sequence[Part], winner: int | None) -> dict[str, _Field]:
    before = canon.part(base)
    after = [canon.part(part) for part in versions]
    fields: dict[str, _Field] = {}
    for name in value_fields(type(base)):
        changed = [
            getattr(part, name)
            for part, reading in zip(versions, after, strict=True)
            if type(reading) is type(before) and getattr(reading, name) != getattr(before, name)
        ]
        mine = getattr(base, name)
        theirs = tuple(getattr(part, name) for part in versions)
        fields[name] = _merge_value(mine, changed, theirs, winner, lines=_is_code(base, name))
    return fields


def _is_code(part: Part, name: str) -> bool:
    return isinstance(part, CodeBlock) and name == "text"


def _merge_value(
    base: Any, changed: Sequence[Any], versions: tuple[Any, ...], winner: int | None, *, lines: bool
) -> _Field:
    distinct = sorted(set(changed), key=repr)
    if len(distinct) <= 1:
        return _Field(distinct[0] if distinct else base)
    merged = merge_lines(base, versions) if lines else None
    if merged is not None:
        return _Field(merged, look=True)
    if winner is None:
        return _Field(base, versions)
    return _Field(versions[winner] if versions[winner] in distinct else distinct[0])


def _merge_text(base: Part, versions: Sequence[Part], winner: int | None) -> dict[str, _Field]:
    name = INLINES.get(type(base))
    if name is None:
        return {}
    mine, theirs = running_text(base), tuple(running_text(part) for part in versions)
    merged = merge_sentences(mine, theirs) if winner is None else merge_words(mine, theirs, winner)
    if merged is None:
        return {name: _Field(mine, theirs)}
    return {name: _Field(merged.inlines, look=merged.several)}


def _merge_children(base: Part, versions: Sequence[Part], winner: int | None) -> dict[str, _Field]:
    name = PARTS.get(type(base))
    if name is None:
        return {}
    outcomes = _merge_parts(children(base), [children(part) for part in versions], winner)
    value = tuple(part for outcome in outcomes for part in outcome.parts)
    look = any(outcome.look for outcome in outcomes)
    if all(outcome.rivals is None for outcome in outcomes):
        return {name: _Field(value, look=look)}
    rivals = tuple(
        tuple(part for outcome in outcomes for part in _side(outcome, at)) for at in range(len(versions))
    )
    return {name: _Field(value, rivals)}


def _side(outcome: _Outcome, version: int) -> tuple[Any, ...]:
    return outcome.parts if outcome.rivals is None else outcome.rivals[version]
