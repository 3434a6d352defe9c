"""What people wrote and meant: the oracle of the state machine, which knows nothing of the engine.

Every edit carries words of its own. The first word of an article's title, which nobody ever removes, is
its *birth* word: by it the ledger knows an article in every replica, whatever the engine believes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Content: TypeAlias = dict[str, Any]
"""What one replica shows of one article, field by field, independent of handles and spelling."""

WORD = re.compile(r"\bw\d+x\b")


def words(*raws: Json) -> set[str]:
    """Return the words of people in the texts and labels of raw forms; a file name, also in a link, is no text."""
    return words_of(line for raw in raws for line in _lines(raw))


def words_of(lines: Iterable[str]) -> set[str]:
    """Return the words of people in some lines."""
    return {word for line in lines for word in WORD.findall(line)}


def _lines(raw: Json) -> Iterator[str]:
    yield from raw.get("labels", [])
    for text in raw["texts"].values():
        for value in text.values():
            yield from (line for line in value.split("\n") if not line.startswith("see"))


def birth(raw: Json) -> str:
    """Return the word a thing was born with."""
    found = WORD.search(raw["texts"].get("en", {}).get("title", ""))
    return found[0] if found else ""


@dataclass(slots=True)
class Since:
    """What happened to one article since all replicas last agreed on it.

    `left` is what each replica showed after the last edit there, `said` are the words of every line that was
    written or changed: an edit of a line beats its removal, with all its words. `unsure` says that more than people
    decided (a conflict, a lost answer, a lost state), so that nobody can tell what exactly has to come out.
    """

    touched: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    said: set[str] = field(default_factory=set)
    left: dict[str, Content] = field(default_factory=dict)
    born_in: str = ""
    unsure: bool = False


class Ledger:
    """Every word, who removed which, and what each person left behind."""

    def __init__(self) -> None:
        self.count = 0
        self.owed: set[str] = set()
        self.deleted: set[str] = set()
        self.twins: set[str] = set()
        self.since: dict[str, Since] = defaultdict(Since)
        self.agreed: dict[tuple[str, str], Content] = {}

    def word(self) -> str:
        """Return a word that nobody has written yet."""
        self.count += 1
        return f"w{self.count}x"

    def written(self) -> set[str]:
        """Return every word that was ever given out."""
        return {f"w{number}x" for number in range(1, self.count + 1)}

    def edited(self, name: str, before: Json | None, after: Json, content: Content) -> None:
        """Note an edit: what it added is owed, what it removed is not, and may not come back."""
        since = self.since[birth(after)]
        old = words(before) if before else set()
        self.owed |= words(after) - old
        self.owed -= old - words(after)
        if (
            before is not None and before["texts"].keys() == after["texts"].keys()
        ):  # an edit beats a locale's end
            since.removed = (since.removed | (old - words(after))) - words(after)
        since.said |= words_of({*_lines(after)} - {*(_lines(before) if before else ())})
        since.touched.add(name)
        since.deleted.discard(name)
        since.left[name] = content
        if before is None:
            since.born_in = name
        if before is None or before["place"] != after["place"]:
            self._used(content.get("place", ""))

    def _used(self, collection: str) -> None:
        """Note what was put into a collection: one that was deleted elsewhere comes back for it, and may stay."""
        since = self.since.get(collection)
        if since is not None and since.deleted:
            since.unsure = True

    def removed(self, name: str, raw: Json, *unseen: Json, counts: bool) -> None:
        """Note a deletion: whoever removes what they see means it. One out of sight already is no news."""
        self.owed -= words(raw, *unseen)
        if counts:
            self.deleted.add(birth(raw))
            self.since[birth(raw)].deleted.add(name)
        self.since[birth(raw)].touched.add(name)

    def ended(self, locales: AbstractSet[str], copies: Iterable[Json]) -> None:
        """Note that translations were removed, whatever copies of them say."""
        for raw in copies:
            self.owed -= words({"texts": {loc: text for loc, text in raw["texts"].items() if loc in locales}})

    def doubt(self, births: set[str]) -> None:
        """Note that more than people decided about these."""
        for each in births:
            self.since[each].unsure = True

    def forget(self, known: set[str], births: set[str]) -> None:
        """The state is lost: words that stood in it alone are gone, copies may be met as strangers."""
        self.owed &= known
        self.deleted.clear()
        self.twins |= births
        self.doubt(births | self.since.keys())

    def all_agree(self, shown: dict[tuple[str, str], Content]) -> None:
        """Begin anew: this is what all replicas show, by birth and replica."""
        self.since.clear()
        self.agreed = shown
        self.deleted -= {each for each, _ in shown}
