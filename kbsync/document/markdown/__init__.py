"""Markdown: CommonMark with GitHub's extensions, as the article files hold it below their front matter.

What Markdown has no spelling for is written so that it comes back: see `reader` for what is read and
`writer` for the style.
"""

from __future__ import annotations

from typing import Final

from kbsync.document.blocks import Document
from kbsync.document.formats import PLAIN, Format, Links, Rendered
from kbsync.document.markdown import reader, writer

__all__ = ["MARKDOWN", "read", "write"]


def read(raw: str, links: Links = PLAIN) -> Document:
    """Return a body as a document; every block knows its place in `raw`.

    Raises:
        DocumentError: blocks or inlines are nested too deep; with the line.

    """
    return reader.read(raw, links)


def write(document: Document, links: Links = PLAIN) -> Rendered:
    """Return a document as Markdown that ends in one line end, and what Markdown cannot hold.

    Raises:
        DocumentError: blocks are nested too deep to be read again.

    """
    return writer.write(document, links)


MARKDOWN: Final = Format("markdown", read, write, glue="\n\n")
