"""The search index: content as it stood a while ago, asked in CQL."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from kbsync.sandbox.confluence import cql, rendering, tree
from kbsync.sandbox.confluence.cql import Holds, Values
from kbsync.sandbox.confluence.failure import invalid
from kbsync.sandbox.confluence.site import CONTENT, Site
from kbsync.sandbox.store import Doc

_WORDS: Final = re.compile(r"\w+")


def find(site: Site, text: str, lag: float, me: str) -> list[Doc]:
    """Return what matches, as the index knows it; raises 400 for a query that cannot be read.

    Only current content is found. With a lag the documents are old ones, old version numbers included.
    """
    query = cql.parse(text)
    known = site.store.lagged(CONTENT, lag) if lag else site.store.all(CONTENT)
    search = _Search(site, me)
    found = [
        doc
        for doc in known
        if doc["status"] == "current" and not doc["hidden"] and query.matches(search.on(doc))
    ]
    for field, descending in reversed(query.order or (("lastmodified", True),)):
        found.sort(key=_SORTED.get(field, _SORTED["lastmodified"]), reverse=descending)
    return found


_SORTED: Final = {
    "lastmodified": lambda doc: doc["version"]["createdAt"],
    "created": lambda doc: doc["createdAt"],
    "title": lambda doc: doc["title"].casefold(),
    "id": lambda doc: f"{int(doc['id']):020}",
}


class _Search:
    def __init__(self, site: Site, me: str) -> None:
        self.site = site
        self.now = datetime.fromtimestamp(site.store.now(), UTC)
        self.zone = cql.zone_of(str(site.setting("timezone", site.user(me)["timeZone"])))

    def on(self, doc: Doc) -> Holds:
        """Return the test of clauses on one document."""
        return lambda field, operator, values: self._holds(doc, field, operator, values)

    def _holds(self, doc: Doc, field: str, operator: str, values: Values) -> bool:
        if operator in {"in", "not in"}:
            return any(self._holds(doc, field, "=", (value,)) for value in values) == (operator == "in")
        if field in {"lastmodified", "created"}:
            return self._in_time(doc, field, operator, values[0])
        if operator in {"~", "!~"}:
            return self._says(doc, field, values[0]) == (operator == "~")
        if operator not in {"=", "!="}:
            raise invalid(f"Could not parse cql : operator {operator} is not supported for field {field}")
        return self._is(doc, field, values[0]) == (operator == "=")

    def _in_time(self, doc: Doc, field: str, operator: str, literal: str) -> bool:
        if operator in {"~", "!~"}:
            raise invalid(f"Could not parse cql : operator {operator} is not supported for field {field}")
        at = doc["createdAt"] if field == "created" else doc["version"]["createdAt"]
        minute = datetime.fromisoformat(at).replace(second=0, microsecond=0)
        return cql.compare(operator, minute, cql.moment(literal, self.zone, self.now))

    def _says(self, doc: Doc, field: str, value: str) -> bool:
        """Full-text match: every word of the query is there; a trailing `*` matches a beginning."""
        if field not in {"title", "text", "sitesearch"}:
            raise invalid(f"Could not parse cql : operator ~ is not supported for field {field}")
        text = doc["title"]
        if field != "title" and doc["type"] == "page":
            text += " " + rendering.words(self.site.body(doc))
        there = set(_WORDS.findall(text.casefold()))
        return all(
            any(word.startswith(wanted) for word in there)
            if value.rstrip('"').endswith("*")
            else wanted in there
            for wanted in _WORDS.findall(value.casefold())
        )

    def _is(self, doc: Doc, field: str, value: str) -> bool:
        if field == "space":
            space = self.site.space(doc["spaceId"])
            return value.casefold() in {space["key"].casefold(), space["id"]}
        if field == "title":
            return bool(doc["title"].casefold() == value.casefold())
        if field == "label":
            return any(
                value.casefold() in {one["name"], f"{one['prefix']}:{one['name']}"} for one in doc["labels"]
            )
        if field == "ancestor":
            return value in {above["id"] for above in tree.ancestors(self.site, doc)}
        names = {
            "type": "type",
            "id": "id",
            "parent": "parentId",
            "creator": "authorId",
            "contributor": "authorId",
        }
        return bool(doc[names[field]] == value)
