"""What the replica asks of a site, whichever API it speaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kbsync.document.formats import Loss
from kbsync.replicas.confluence.page import Attachment, Mark, Page, Space


class Site(Protocol):
    """One space of one Confluence site. Every method raises what the client raises."""

    def space(self) -> Space:
        """Return the space. Raises Missing when it is not there or not visible."""
        ...

    def pages(self) -> list[Page]:
        """List current and archived pages, without bodies."""
        ...

    def page(self, id: str) -> Page | None:
        """Read one page with body, labels and mark; None when it is not there."""
        ...

    def titled(self, title: str) -> list[Page]:
        """Return the pages of this title, archived ones included, without bodies."""
        ...

    def newest(self) -> list[Page]:
        """Return the current pages created last, the newest first, with bodies; a mark may not be shown."""
        ...

    def folder_parent(self, id: str) -> str:
        """Return the id of the thing a folder lies in, "" at the root."""
        ...

    def create(self, title: str, parent: str, body: str) -> str:
        """Create a page below `parent` ("" for the home page) and return its id. Raises Unclear."""
        ...

    def update(self, page: Page, title: str, parent: str, body: str, message: str) -> None:
        """Write version `page.version + 1`: a compare-and-swap. Raises Rejected 409, Unclear."""
        ...

    def set_mark(self, page: Page, mark: Mark) -> None:
        """Write the mark as a content property."""
        ...

    def add_labels(self, id: str, labels: Sequence[str]) -> None:
        """Add labels."""
        ...

    def drop_label(self, id: str, label: str) -> None:
        """Remove a label."""
        ...

    def put_away(self, page: Page) -> tuple[Loss, ...]:
        """Archive or trash a page, and wait until that is done."""
        ...

    def trash(self, id: str) -> None:
        """Move a page to the trash."""
        ...

    def bring_back(self, page: Page, message: str) -> Page | None:
        """Make an archived or trashed page current; None when the site cannot."""
        ...

    def attachments(self, id: str) -> list[Attachment]:
        """List the files on a page."""
        ...

    def upload(self, id: str, name: str, data: bytes, comment: str, old: Attachment | None) -> None:
        """Put a file on a page, or a new version of `old`."""
        ...

    def download(self, id: str, attachment: Attachment) -> bytes:
        """Fetch a file."""
        ...
