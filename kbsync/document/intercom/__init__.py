"""The HTML of Intercom articles."""

from kbsync.document.formats import Format
from kbsync.document.intercom.addresses import unsigned
from kbsync.document.intercom.reading import read
from kbsync.document.intercom.writing import write

INTERCOM = Format("intercom", read, write, glue="")

__all__ = ["INTERCOM", "read", "unsigned", "write"]
