"""What people do to a help center, as rules: they write, edit, move, rename, translate, label and delete."""

from __future__ import annotations

from random import Random
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from ledger import Json, birth
from playground import NAMES, REMOTES, World
from replicas import Thing

MOST_ARTICLES, MOST_COLLECTIONS = 7, 4
HOLD_DESCRIPTIONS = ("files", "intercom")


class People(RuleBasedStateMachine):
    """Everybody who writes; each edit carries words of its own. `latest` is the world that is played with."""

    latest: ClassVar[World]

    @initialize(seed=st.integers(0, 2**16), articles=st.integers(0, 3))
    def begin(self, seed: int, articles: int) -> None:
        """Begin with nothing, or with a help center that all replicas know."""
        self.world = People.latest = World(seed)
        if articles:
            self.write_a_collection("files")
        for name in NAMES[:articles]:
            self.write_an_article(name)
        self.world.sync()

    @property
    def random(self) -> Random:
        return self.world.random

    def word(self) -> str:
        return self.world.ledger.word()

    # --- writing ----------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES))
    def write_an_article(self, name: str) -> None:
        if len(self.world.replicas[name].living()) < MOST_ARTICLES:
            self.write(name, "article", {"en": self.text(name, f"Title {self.word()}")})

    @rule(name=st.sampled_from(HOLD_DESCRIPTIONS))
    def write_a_collection(self, name: str) -> None:
        if len(self.world.replicas[name].living("collection")) < MOST_COLLECTIONS:
            self.write(name, "collection", {"en": {"title": f"Group {self.word()}", "description": ""}})

    def text(self, name: str, title: str) -> Json:
        body = f"first {self.word()}\nsecond\nthird {self.word()}"
        text = {"title": title, "description": "", "state": "published", "body": body}
        return {k: v for k, v in text.items() if k != "description" or name in HOLD_DESCRIPTIONS}

    def write(self, name: str, kind: str, texts: Json) -> Thing:
        place = self.world.pick(name, "collection")
        raw: Json = {"texts": texts, "place": place.handle if place else ""}
        if kind == "article":
            raw["labels"] = []
        if name == "files":
            raw |= self.path(raw["place"], birth(raw))
        return self.world.add(name, kind, raw)

    def path(self, place: str, file: str) -> Json:
        return {"id": "", "name": file, "path": f"{place}/{file}" if place else file}

    @rule(source=st.sampled_from(NAMES), name=st.sampled_from(NAMES), data=st.booleans())
    def write_it_here_as_well(self, source: str, name: str, data: bool) -> None:
        """Somebody copies an article that kbsync has not seen yet into another system, perhaps edited."""
        thing = self.world.pick(source)
        elsewhere = {birth(t.raw) for t in self.world.things(name)}
        if thing is None or thing.id or birth(thing.raw) in elsewhere or self.known(source, thing):
            return
        text = dict(thing.raw["texts"]["en"])
        text.pop("description", None)
        if name in HOLD_DESCRIPTIONS:
            text["description"] = ""
        text["body"] = "\n".join(line for line in text["body"].split("\n") if not line.startswith("see"))
        if data:
            text["body"] += f"\ncopied {self.word()}"
        raw: Json = {"texts": {"en": text}, "place": "", "labels": []}
        if name == "files":
            raw |= self.path("", f"copy-{birth(thing.raw)}")
        self.world.add(name, "article", raw)
        self.world.ledger.doubt({birth(thing.raw)})
        self.world.ledger.twins.add(birth(thing.raw))

    def known(self, name: str, thing: Thing) -> bool:
        return any(birth(t.raw) == birth(thing.raw) for n in NAMES if n != name for t in self.world.things(n))

    # --- editing ----------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES), at=st.integers(0, 5))
    def add_a_line(self, name: str, at: int) -> None:
        self.world.edit(name, lambda raw: self.insert(raw, at))

    def insert(self, raw: Json, at: int) -> None:
        text = self.any_text(raw)
        lines = text["body"].split("\n")
        lines.insert(min(at, len(lines)), f"line {self.word()} more")
        text["body"] = "\n".join(lines)

    def any_text(self, raw: Json) -> Json:
        text: Json = raw["texts"][self.random.choice(sorted(raw["texts"]))]
        return text

    @rule(name=st.sampled_from(NAMES), at=st.integers(0, 5))
    def replace_a_line(self, name: str, at: int) -> None:
        def change(raw: Json) -> None:
            text = self.any_text(raw)
            lines = text["body"].split("\n")
            lines[at % len(lines)] = f"other {self.word()}"
            text["body"] = "\n".join(lines)

        self.world.edit(name, change)

    @rule(name=st.sampled_from(NAMES), at=st.integers(0, 5))
    def remove_a_line(self, name: str, at: int) -> None:
        def change(raw: Json) -> None:
            text = self.any_text(raw)
            lines = text["body"].split("\n")
            if len(lines) > 1:
                del lines[at % len(lines)]
            text["body"] = "\n".join(lines)

        self.world.edit(name, change)

    @rule(name=st.sampled_from(NAMES), at=st.integers(0, 5))
    def extend_a_line(self, name: str, at: int) -> None:
        def change(raw: Json) -> None:
            text = self.any_text(raw)
            lines = text["body"].split("\n")
            if not lines[at % len(lines)].startswith("see"):
                lines[at % len(lines)] += f" and {self.word()}"
            text["body"] = "\n".join(lines)

        self.world.edit(name, change)

    @rule(name=st.sampled_from(NAMES))
    def rename_a_title(self, name: str) -> None:
        def change(raw: Json) -> None:
            text = self.any_text(raw)
            text["title"] += f" {self.word()}"

        self.world.edit(name, change)

    @rule(name=st.sampled_from(NAMES))
    def write_the_title_anew(self, name: str) -> None:
        self.world.edit(name, self.another_title)

    def another_title(self, raw: Json) -> None:
        raw["texts"]["en"]["title"] = f"About {birth(raw)} {self.word()}"

    @rule(name=st.sampled_from(HOLD_DESCRIPTIONS))
    def describe(self, name: str) -> None:
        def change(raw: Json) -> None:
            text = self.any_text(raw)
            text["description"] += f" {self.word()}"

        self.world.edit(name, change)

    @rule(name=st.sampled_from(NAMES))
    def label(self, name: str) -> None:
        self.world.edit(name, lambda raw: raw.update(labels=sorted([*raw["labels"], self.word()])))

    @rule()
    def label_one_everywhere(self) -> None:
        """Three people label one article, each in another system."""
        thing = self.world.pick("files")
        for name in NAMES if thing else ():
            for copy in self.world.in_sight(name):
                if thing and birth(copy.raw) == birth(thing.raw):
                    labels = sorted([*copy.raw["labels"], self.word()])
                    self.world.edit_this(name, copy, lambda raw, found=labels: raw.update(labels=found))  # type: ignore[misc]

    @rule(name=st.sampled_from(NAMES))
    def unlabel(self, name: str) -> None:
        self.world.edit(name, lambda raw: raw.update(labels=raw["labels"][1:]))

    @rule(name=st.sampled_from(NAMES))
    def toggle_the_draft(self, name: str) -> None:
        def change(raw: Json) -> None:
            text = raw["texts"][min(raw["texts"])]
            text["state"] = "draft" if text["state"] == "published" else "published"

        self.world.edit(name, change)

    @rule(name=st.sampled_from(HOLD_DESCRIPTIONS))
    def translate(self, name: str) -> None:
        def change(raw: Json) -> None:
            if "fr" in raw["texts"]:
                del raw["texts"]["fr"]
            else:
                raw["texts"]["fr"] = self.text(name, f"Titre {self.word()}") | {"state": "draft"}

        self.world.edit(name, change)

    @rule(name=st.sampled_from(NAMES))
    def link(self, name: str) -> None:
        target = self.world.pick(name)
        if target is not None:
            self.world.edit(name, lambda raw: self.add_link(raw, target.handle))

    def add_link(self, raw: Json, handle: str) -> None:
        raw["texts"][min(raw["texts"])]["body"] += f"\nsee {handle}"

    @rule(name=st.sampled_from(REMOTES))
    def insert_a_macro(self, name: str) -> None:
        """Somebody uses what only this system understands."""
        thing = self.world.pick(name)
        if thing is not None and "macro" not in thing.raw:
            macro = f"macro {self.random.random()}"
            self.world.edit_this(name, thing, lambda raw: raw.update(macro=macro))
            self.world.macros[name, thing.handle] = macro

    # --- moving and deleting ----------------------------------------------------------------------

    @rule(name=st.sampled_from(REMOTES))
    def move_remotely(self, name: str) -> None:
        if (thing := self.world.pick(name)) is not None:
            self.move(name, thing)

    def move(self, name: str, thing: Thing) -> None:
        """Move a thing; nobody moves a hidden draft, which says nothing of what they want with it."""
        place = self.world.pick(name, "collection")
        if not self.world.replicas[name].out_of_sight(thing):
            self.world.edit_this(name, thing, lambda raw: raw.update(place=place.handle if place else ""))

    @rule()
    def move_a_file(self) -> None:
        thing, place = self.world.pick("files"), self.world.pick("files", "collection")
        if thing is not None:
            file = f"file-{self.random.randrange(10**9)}"
            self.world.move_file(thing, f"{place.handle}/{file}" if place else file)

    @rule()
    def rename_a_folder(self) -> None:
        thing = self.world.pick("files", "collection")
        if thing is not None:
            folder, parent = f"dir-{self.random.randrange(10**9)}", thing.raw["place"]
            self.world.move_file(thing, f"{parent}/{folder}" if parent else folder)

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        thing = self.world.pick(name)
        if thing is not None:
            self.world.remove(name, thing)

    @rule(name=st.sampled_from(REMOTES))
    def delete_a_collection(self, name: str) -> None:
        thing = self.world.pick(name, "collection")
        inside = {t.raw["place"] for t in self.world.replicas[name].things.values()}
        if thing is not None and thing.handle not in inside:
            self.world.remove(name, thing)
