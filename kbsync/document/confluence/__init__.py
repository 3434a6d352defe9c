"""Confluence storage format."""

from kbsync.document.confluence.reading import read
from kbsync.document.confluence.writing import write
from kbsync.document.formats import Format

CONFLUENCE = Format("confluence", read, write, glue="")

__all__ = ["CONFLUENCE", "read", "write"]
