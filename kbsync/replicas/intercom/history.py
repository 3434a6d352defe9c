"""What a write overwrote: Intercom has no compare-and-swap, but it keeps versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kbsync.errors import Missing, Rejected
from kbsync.replicas.intercom.client import IntercomClient, Json
from kbsync.replicas.intercom.signing import bare


@dataclass(frozen=True, slots=True)
class Version:
    """A version of one locale's text: what a person had saved."""

    locale: str
    title: str
    description: str
    body: str


@dataclass(frozen=True, slots=True)
class Since:
    """What people saved around a write: overwritten by it, oldest first, and whether also after it."""

    overwritten: tuple[Version, ...] = ()
    newer: bool = False


class History:
    """Reads version chains; where the route does not exist, it knows of nothing."""

    def __init__(self, client: IntercomClient) -> None:
        self._client = client
        self._there = True

    def heads(self, handle: str, locales: tuple[str, ...]) -> dict[str, str]:
        """Return the newest version's id by locale ("" is the default one), {} when versions are not kept."""
        found = {}
        for locale in locales:
            versions = self._list(handle, locale)
            if versions:
                found[locale] = str(versions[0].get("id"))
        return found

    def since(self, handle: str, heads: Mapping[str, str]) -> Since:
        """Tell what happened around our write: what was saved after `heads` and before our newest version.

        Ours is the newest that came in by the API; what is newer than that stands, and was not overwritten.
        """
        overwritten: list[Version] = []
        later = False
        for locale, head in heads.items():
            newer = _until(self._list(handle, locale), head)
            ours = next((i for i, item in enumerate(newer) if item.get("created_via", "api") == "api"), None)
            if ours is not None:
                later = later or ours > 0
                overwritten += [self._version(handle, locale, item) for item in reversed(newer[ours + 1 :])]
        return Since(tuple(overwritten), later)

    def _version(self, handle: str, locale: str, item: Json) -> Version:
        full = self._client.get(f"/articles/{handle}/versions/{item.get('id')}")
        return Version(locale, _text(full, "title"), _text(full, "description"), bare(_text(full, "body")))

    def _list(self, handle: str, locale: str) -> list[Json]:
        if not self._there:
            return []
        try:
            params: dict[str, str | int] = {"per_page": 25}
            if locale:
                params["locale"] = locale
            reply = self._client.get(f"/articles/{handle}/versions", params)
        except Missing:
            self._there = False
            return []
        except Rejected:
            return []
        data: Any = reply.get("data")
        return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def _until(versions: list[Json], head: str) -> list[Json]:
    ids = [str(item.get("id")) for item in versions]
    return versions[: ids.index(head)] if head in ids else versions


def _text(item: Json, name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""
