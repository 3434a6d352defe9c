"""What is left of an announced write, where a person was there before anybody looked.

Words that are missing then were cut by that person or dropped by the server: nobody can tell, so they
are kept. Only what the person added counts, and what they changed where all words of ours are still there.
"""

from __future__ import annotations

from typing import cast

from kbsync.document import canon, tokens
from kbsync.document.align import Match, align
from kbsync.document.blocks import Block, Document
from kbsync.state.records import Value
from kbsync.sync.fields import Field, Fields, put, same


def surely_ours(intended: Fields, stored: Fields) -> Fields:
    """Return the part of what was sent that is there still, to compare what stands there with."""
    ours: Fields = {}
    for spot, value in stored.items():
        if spot in intended:
            put(ours, spot, _part(spot, intended[spot], value))
    return ours


def _part(spot: Field, sent: Value, stored: Value) -> Value:
    if same(spot, sent, stored):
        return stored
    if isinstance(sent, Document) and isinstance(stored, Document):
        return _blocks(sent, stored)
    if isinstance(sent, tuple) and isinstance(stored, tuple):
        return tuple(label for label in stored if label in sent)
    cut = spot.name in ("title", "description") and str(sent).startswith(str(stored))
    return stored if cut else sent


def _blocks(sent: Document, stored: Document) -> Document:
    matches = (each for each in align(sent.blocks, stored.blocks) if each.new is not None)
    found = (_block(sent, stored, each) for each in matches)
    return Document(tuple(block for block in found if block is not None))


def _block(sent: Document, stored: Document, match: Match) -> Block | None:
    """Return our block where all of it is there; one that lost words counts as the person's."""
    if match.old is None or match.new is None:
        return None
    mine, now = sent.blocks[match.old], stored.blocks[match.new]
    return mine if match.same or tokens.bag(mine) <= tokens.bag(now) else None


def never_written(old: Fields, intended: Fields, stored: Fields) -> set[str]:
    """Return the locales that still show something which the write would have replaced."""
    texts = [spot for spot in old if spot.name in ("title", "description", "body")]
    return {spot.locale for spot in texts if _replaced(old[spot], intended.get(spot), stored.get(spot))}


def _replaced(old: Value, intended: Value, stored: Value) -> bool:
    if isinstance(old, Document):
        gone = _keys(old) - _keys(intended)
        return bool(gone & _keys(stored))
    return bool(old) and old != intended and old == stored


def _keys(body: Value) -> set[bytes]:
    return {canon.key(block) for block in cast("Document", body).blocks} if body else set()


def patched(fields: Fields, source: Fields, locales: set[str]) -> Fields:
    """Return the fields with those of some locales taken from elsewhere."""
    kept = {spot: value for spot, value in fields.items() if spot.locale not in locales}
    return kept | {spot: value for spot, value in source.items() if spot.locale in locales}
