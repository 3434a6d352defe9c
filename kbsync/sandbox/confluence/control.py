"""Control routes for other processes, under /wiki/_sandbox: what people do in the browser."""

from __future__ import annotations

from kbsync.sandbox.confluence import people
from kbsync.sandbox.confluence.endpoint import Answer, Call, Table


def comment(call: Call) -> Answer:
    """POST {"page", "words", "text"}."""
    wish = call.json()
    return Answer(
        people.comment_on(call.site.store, str(wish["page"]), str(wish["words"]), str(wish.get("text", "")))
    )


def edit(call: Call) -> Answer:
    """POST {"page", "body"?, "title"?}."""
    wish = call.json()
    return Answer(
        people.edit(call.site.store, str(wish["page"]), body=wish.get("body"), title=wish.get("title"))
    )


def write(call: Call) -> Answer:
    """POST {"space", "title", "body", "parent"?}."""
    wish = call.json()
    return Answer(
        people.write(call.site.store, wish["space"], wish["title"], wish.get("body", ""), wish.get("parent"))
    )


def hide(call: Call) -> Answer:
    """POST {"page", "hidden"?}."""
    wish = call.json()
    return Answer(people.hide(call.site.store, str(wish["page"]), hidden=bool(wish.get("hidden", True))))


def unarchive(call: Call) -> Answer:
    """POST {"page"}."""
    return Answer(people.unarchive(call.site.store, str(call.json()["page"])))


TABLE: Table = {
    ("POST", "/comment"): comment,
    ("POST", "/edit"): edit,
    ("POST", "/write"): write,
    ("POST", "/hide"): hide,
    ("POST", "/unarchive"): unarchive,
}
