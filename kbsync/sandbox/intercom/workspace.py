"""One Intercom workspace inside the store, its people and its habits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from kbsync.sandbox import accounts
from kbsync.sandbox.intercom.mutator import Habits
from kbsync.sandbox.store import Doc, Store

LOCALES: Final = tuple(
    "ar bg bs ca cs da de el en es et fi fr he hr hu id it ja ko lt lv mn nb nl pl pt ro ru sl sr sv tr vi "
    "pt-BR zh-CN zh-TW".split()
)
"""All locales that an article can have (Intercom OpenAPI, `article_translated_content`)."""

ADMINS: Final[dict[str, str]] = {
    "991267": "Kay Sync",
    "991268": "Tess Teammate",
    "991269": "Sam Support",
}
"""Teammates by id. The first owns the API token, the second works in Intercom's own editor."""

BOT_ID: Final = "991270"
HELP_CENTER_URL: Final = "https://help.kbsync.test"
_DEFAULT_LOCALES: Final = ("en", "fr", "de", "es", "pt-BR")
_OWNERS: Final = {accounts.TEAMMATE_TOKEN: "991268"}
_AUDIENCES: Final = frozenset({1, 2})


@dataclass(frozen=True, slots=True)
class Workspace:
    """The documents of one workspace; the main one has the bare names of kinds."""

    store: Store
    code: str = accounts.WORKSPACE

    def kind(self, name: str) -> str:
        """Return the store's name for a kind of documents of this workspace."""
        return name if self.code == accounts.WORKSPACE else f"{self.code}:{name}"

    def get(self, kind: str, id: str) -> Doc | None:
        """Return a document."""
        return self.store.get(self.kind(kind), str(id))

    def all(self, kind: str) -> list[Doc]:
        """Return all documents of a kind."""
        return self.store.all(self.kind(kind))

    def put(self, kind: str, doc: Doc) -> Doc:
        """Write a document under its own id."""
        return self.store.put(self.kind(kind), str(doc["id"]), doc)

    def delete(self, kind: str, id: str) -> bool:
        """Remove a document."""
        return self.store.delete(self.kind(kind), str(id))

    def find(self, kind: str, name: str, value: str) -> list[Doc]:
        """Return documents by an index."""
        return self.store.find(self.kind(kind), name, value)

    def next_id(self, counter: str, start: int = 1) -> int:
        """Return the next number of a counter."""
        return self.store.next_id(f"intercom:{counter}", start)

    def now(self) -> int:
        """Return whole epoch seconds, as Intercom counts."""
        return int(self.store.now())

    def setting(self, name: str, default: Any) -> Any:
        """Return a switch that `POST /_sandbox/settings` sets as `intercom.<name>`."""
        return (self.store.get("setting", "all") or {}).get(f"intercom.{name}", default)

    @property
    def locales(self) -> tuple[str, ...]:
        """Return the help center's locales, the default one first."""
        return tuple(self.setting("locales", _DEFAULT_LOCALES))

    @property
    def default_locale(self) -> str:
        """Return the help center's default locale."""
        return self.locales[0]

    @property
    def multilingual(self) -> bool:
        """Tell whether the help center has more than one locale."""
        return len(self.locales) > 1

    @property
    def audiences(self) -> frozenset[int]:
        """Return the ids of the audiences that exist."""
        return frozenset(self.setting("audiences", _AUDIENCES))

    @property
    def habits(self) -> Habits:
        """Return what the body rewriting does where reports contradict each other."""
        names = ("callouts", "collapsibles", "nested_lists", "cell_styles")
        return Habits(**{name: self.setting(name, "keep") == "keep" for name in names})


def owner(token: str) -> str:
    """Return the id of the teammate whose token this is."""
    return _OWNERS.get(token, "991267")


def admin_email(id: str) -> str:
    """Return a teammate's address."""
    return f"{ADMINS[id].split()[0].lower()}@kbsync.test"
