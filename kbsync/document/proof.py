"""The laws of the lenses, proved on one body: what `kbsync check --round-trip` does with a user's own files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kbsync.document.blocks import Document
from kbsync.document.canon import same
from kbsync.document.formats import PLAIN, Format
from kbsync.document.lens import put
from kbsync.errors import DocumentError


def failures(raw: str, form: Format, targets: Sequence[Format]) -> Iterator[str]:
    """Yield what does not hold for a body of this form, one sentence each, nothing when all does.

    Put back unedited it keeps every byte; in each target it reads the same, or the target's losses say
    why not, and there too it keeps every byte.

    Raises DocumentError when the body cannot be read.
    """
    document = form.read(raw, PLAIN)
    if put(form, document, raw).raw != raw:
        yield f"{form.name}: a write without an edit changes bytes"
    for target in targets:
        try:
            yield from _in_target(document, target)
        except DocumentError as error:
            yield f"{target.name}: cannot be written: {error.line()}"


def _in_target(document: Document, target: Format) -> Iterator[str]:
    made = target.write(document, PLAIN)
    back = target.read(made.raw, PLAIN)
    if put(target, back, made.raw).raw != made.raw:
        yield f"{target.name}: a write without an edit changes bytes"
    if not made.losses and not same(back, document):
        yield f"{target.name}: comes back different without saying so"
