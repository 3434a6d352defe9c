"""Lenses: put an edited document into a replica's own raw form, and lift a replica's edit off it.

After Foster, Pilkiewicz and Pierce, "Quotient lenses" (2008): the laws hold up to canon, and the old raw
form is the complement that keeps what the document cannot say. `put` never returns a body that reads
other than the writer's own: what cannot be spliced safely is written afresh, and said so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from kbsync.document import canon, lens_confluence, lens_losses
from kbsync.document.align import align
from kbsync.document.blocks import Block, Document, Heading, Span
from kbsync.document.canon_block import shifted, top_level
from kbsync.document.canon_inline import canon_inlines
from kbsync.document.formats import PLAIN, Format, Links, Loss, Rendered
from kbsync.document.lens_markdown import line_ends, without_style
from kbsync.document.lens_narrow import put_into
from kbsync.document.lens_titles import titled
from kbsync.document.merge import merge_for
from kbsync.document.patch import NESTED, SPLICED, WRITTEN, Patch, Piece, counterparts, in_order
from kbsync.document.shape import Part
from kbsync.document.splice import TOKENS
from kbsync.errors import DocumentError

_REWRITTEN: Final = Loss(
    "format-detail", "a block was written afresh, and details that only this system knows may be gone"
)

# --- lift -----------------------------------------------------------------------------------------


def lift(base: Document, before: Document, after: Document) -> Document:
    """Carry a replica's edit, from `before` to `after` as it shows them, onto the full document.

    What the replica cannot show stays as it is in `base`; where both collide, `after` wins.
    """
    if canon.same(before, after):
        return base
    if canon.same(base, before):
        return after
    by = heading_shift(before.blocks, base.blocks)
    merged = merge_for(shifted_by(before, by), [base, shifted_by(after, by)], winner=1)
    return titled(merged, base, before)


def heading_shift(blocks: Sequence[Block], like: Sequence[Block]) -> int:
    """Return by how many levels headings of the same text stand deeper in `like`, most of them."""
    levels = {canon_inlines(block.children): block.level for block in like if isinstance(block, Heading)}
    shifts = Counter(
        levels[text] - block.level
        for block in blocks
        if isinstance(block, Heading) and (text := canon_inlines(block.children)) in levels
    )
    return min(shifts, key=lambda by: (-shifts[by], abs(by), by), default=0)


def shifted_by(document: Document, by: int) -> Document:
    """Return the document with all headings shifted, or as it is where one would leave the page."""
    if top_level(document.blocks) + by < 1:
        return document
    return Document(tuple(shifted(block, by) for block in document.blocks))


# --- put ------------------------------------------------------------------------------------------


def put(fmt: Format, doc: Document, old_raw: str, links: Links = PLAIN) -> Rendered:
    """Return the raw form that shows `doc` and keeps what `old_raw` holds beyond it.

    Blocks that read the same keep their bytes; inside edited ones what the document cannot say is kept
    where it can be. Losses are the writer's for the blocks it wrote, and `comment-anchor`, `format-detail`
    for what is gone.
    Raises DocumentError when `old_raw` cannot be read.
    """
    before = fmt.read(old_raw, links)
    return put_into(fmt, links, doc, old_raw, before, put) or _whole(fmt, doc, old_raw, links, before)


def _whole(fmt: Format, doc: Document, old_raw: str, links: Links, before: Document) -> Rendered:
    if canon.same(doc, before):
        return _unchanged(fmt, links, doc, fmt.write(doc, links), before, old_raw)
    if not old_raw.strip() or not in_order(before.blocks, Span(0, len(old_raw))):
        return fmt.write(doc, links)
    return _Put(fmt, links, old_raw, before).of(doc)


def _unchanged(
    fmt: Format, links: Links, doc: Document, written: Rendered, before: Document, old_raw: str
) -> Rendered:
    return Rendered(old_raw, lens_losses.made(fmt, links, doc, written, before.blocks))


@dataclass(frozen=True, slots=True)
class _Put:
    """One put: the format, and what stands there now."""

    fmt: Format
    links: Links
    old_raw: str
    before: Document

    def of(self, doc: Document) -> Rendered:
        plain = without_style(doc, self.before)
        written, shown = self._shown(plain)
        if canon.same(shown, self.before):
            return _unchanged(self.fmt, self.links, plain, written, self.before, self.old_raw)
        by = heading_shift(doc.blocks, self.before.blocks)
        if by:
            doc, plain = shifted_by(doc, by), shifted_by(plain, by)
            written, shown = self._shown(plain)
        if not in_order(shown.blocks, Span(0, len(written.raw))):
            return written
        patched, kept = self._patched(doc, written.raw, shown)
        losses = lens_losses.made(self.fmt, self.links, plain, written, kept)
        return Rendered(patched.raw, _distinct((*losses, *patched.losses)))

    def _shown(self, doc: Document) -> tuple[Rendered, Document]:
        written = self.fmt.write(doc, self.links)
        raw = line_ends(written.raw, self.old_raw) if self.fmt.name == "markdown" else written.raw
        return replace(written, raw=raw), self.fmt.read(raw, self.links)

    def _patched(self, doc: Document, fresh: str, shown: Document) -> tuple[Rendered, list[Block]]:
        """Return the new body, and the old blocks that stand in it as they stood."""
        wanted = self._wanted(doc, shown)
        markup = self.fmt.name != "markdown"
        raw, plain = self._plain(wanted)
        patch = Patch(self.old_raw, raw, fresh, TOKENS[self.fmt.name], markup, self.fmt.glue)
        levels = [NESTED if markup else SPLICED] * len(wanted.blocks)
        while True:
            pieces = patch.pieces(self.before.blocks, plain, wanted.blocks, levels)
            raw = self._whole(patch, pieces, wanted)
            suspects = self._suspects(raw, wanted, pieces, levels)
            if suspects is None:
                kept = [self.before.blocks[each.old] for each in pieces if each.old is not None and each.same]
                return self._finished(raw, pieces, levels), kept
            if not suspects:
                return Rendered(fresh, (_REWRITTEN,)), []
            for at in suspects:
                levels[at] = WRITTEN if pieces[at].same else levels[at] + 1

    def _wanted(self, doc: Document, shown: Document) -> Document:
        """Return what the result must read as: what the writer shows, or the old block where doc has it."""
        if len(doc.blocks) != len(shown.blocks):
            return shown
        there = {canon.key(block) for block in self.before.blocks}
        return Document(
            tuple(
                msgspec.structs.replace(block, source=seen.source) if canon.key(block) in there else seen
                for block, seen in zip(doc.blocks, shown.blocks, strict=True)
            )
        )

    def _plain(self, wanted: Document) -> tuple[str, dict[int, Part]]:
        """Return what the writer makes of the old blocks that are edited, by their place."""
        matches = align(self.before.blocks, wanted.blocks)
        edited = [m.old for m in matches if m.old is not None and m.new is not None and not m.same]
        before = Document(tuple(self.before.blocks[at] for at in edited))
        plain, reading = self._shown(without_style(before, before))
        made = counterparts(before.blocks, reading.blocks)
        return plain.raw, {edited[at]: part for at, part in made.items()}

    def _whole(self, patch: Patch, pieces: Sequence[Piece], wanted: Document) -> str:
        old = self.before.blocks
        if not old:
            return self.old_raw.rstrip() + patch.glue + patch.fresh
        head, tail = self.old_raw[: old[0].source.start], self.old_raw[old[-1].source.end :]
        return head + patch.joined(pieces, old, wanted.blocks) + tail

    def _suspects(
        self, raw: str, wanted: Document, pieces: Sequence[Piece], levels: Sequence[int]
    ) -> list[int] | None:
        """Return the blocks to rebuild more plainly, None when the body reads as wanted."""
        free = [at for at, piece in enumerate(pieces) if piece.old is not None and levels[at] < WRITTEN]
        edited = [at for at in free if not pieces[at].same]
        got = self._read(raw)
        if got is None:
            return edited or free
        if canon.same(got, wanted):
            return None
        right = {match.old for match in align(wanted.blocks, got.blocks) if match.same}
        wrong = [at for at in free if at not in right]
        return [at for at in edited if at in wrong] or wrong or edited or free

    def _read(self, raw: str) -> Document | None:
        try:
            return self.fmt.read(raw, self.links)
        except DocumentError:
            return None

    def _finished(self, raw: str, pieces: Sequence[Piece], levels: Sequence[int]) -> Rendered:
        losses: list[Loss] = []
        if self.fmt.name == "confluence":
            raw, gone = self._commented(raw, pieces)
            losses.extend(gone)
        if self.fmt.name != "markdown":
            losses.extend(_REWRITTEN for at, level in enumerate(levels) if level == WRITTEN)
        return Rendered(raw, tuple(losses))

    # --- inline comments --------------------------------------------------------------------------

    def _commented(self, raw: str, pieces: Sequence[Piece]) -> tuple[str, list[Loss]]:
        """Return the body with every comment marker anchored again, and what found no place."""
        if "ac:inline-comment-marker" not in self.old_raw:
            return raw, []
        raw = lens_confluence.without_empty(raw, self.old_raw)
        losses: list[Loss] = []
        for comment in lens_confluence.missing(self.old_raw, raw):
            anchored = self._anchored(raw, pieces, comment)
            if anchored is None:
                losses.append(_unanchored(comment))
            else:
                raw = anchored
        return raw, losses

    def _anchored(self, raw: str, pieces: Sequence[Piece], comment: lens_confluence.Comment) -> str | None:
        old = next((i for i, b in enumerate(self.before.blocks) if _holds(b, comment.at)), None)
        at = next((k for k, piece in enumerate(pieces) if piece.old is not None and piece.old == old), None)
        got = self._read(raw)
        if old is None or at is None or got is None or at >= len(got.blocks):
            return None
        was, now = self.before.blocks[old].source, got.blocks[at].source
        ahead = lens_confluence.words_in(self.old_raw[was.start : comment.at])
        block = lens_confluence.placed(raw[now.start : now.end], comment, ahead)
        if block is None:
            return None
        anchored = raw[: now.start] + block + raw[now.end :]
        reading = self._read(anchored)
        return anchored if reading is not None and canon.same(reading, got) else None


def _holds(block: Block, at: int) -> bool:
    return block.source.start <= at < block.source.end


def _unanchored(comment: lens_confluence.Comment) -> Loss:
    return Loss("comment-anchor", f"the text of the inline comment {comment.ref} is gone: {comment.text!r}")


def _distinct(losses: Iterable[Loss]) -> tuple[Loss, ...]:
    return tuple(dict.fromkeys(losses))
