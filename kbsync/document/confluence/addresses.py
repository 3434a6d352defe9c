"""Pages and attachments as addresses: `ri:page/<space>/<title>#<anchor>` and `ri:attachment/<name>`.

Storage format names a page by title and space and an attachment by file name; each part is
percent-encoded here, so that one string can stand for the element.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import quote, unquote

_PAGE: Final = "ri:page/"
_ATTACHMENT: Final = "ri:attachment/"


class PageName(NamedTuple):
    """A page as storage format names it; an empty space is the page's own."""

    space: str
    title: str
    anchor: str = ""


def page_address(page: PageName) -> str:
    """Return the address of a page."""
    anchor = f"#{quote(page.anchor, safe='')}" if page.anchor else ""
    return f"{_PAGE}{quote(page.space, safe='')}/{quote(page.title, safe='')}{anchor}"


def attachment_address(name: str) -> str:
    """Return the address of an attachment of the page itself."""
    return _ATTACHMENT + quote(name, safe="")


def page_of(address: str) -> PageName | None:
    """Return the page an address names, None when it names none."""
    if not address.startswith(_PAGE):
        return None
    path, _, anchor = address.removeprefix(_PAGE).partition("#")
    space, slash, title = path.partition("/")
    return PageName(unquote(space), unquote(title), unquote(anchor)) if slash and title else None


def attachment_of(address: str) -> str | None:
    """Return the file name an address names, None when it names no attachment."""
    if not address.startswith(_ATTACHMENT):
        return None
    return unquote(address.removeprefix(_ATTACHMENT)) or None
