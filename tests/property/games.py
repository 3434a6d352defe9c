"""Situations that chance sets up too rarely: each begins at rest, goes wrong in one way, and ends at rest.

What must come out of any of them are the invariants at rest; what only one of them can tell, it checks itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

import invariants as must
from hypothesis import strategies as st
from hypothesis.stateful import rule
from ledger import Json, birth, words
from playground import CALM, NAMES, REMOTES, Run
from replicas import Moods, Thing
from writers import HOLD_DESCRIPTIONS, People

from kbsync.errors import KbsyncError
from kbsync.sync.policy import Budget

HOW = ("before", "after", "lost")
Copies = Mapping[str, Thing]


class Games(People):
    """The directed part of the machine."""

    GAMES: ClassVar[tuple[str, ...]]

    # --- rest -------------------------------------------------------------------------------------

    def run(self, run: Run) -> Run:
        """Check what has to hold after every run."""
        for check in must.AFTER_A_RUN:
            check(self.world, run)
        return run

    def sync_once(self, **policy: Any) -> Run:
        """Sync, under CALM but for what is said."""
        self.world.policy = replace(CALM, **policy)
        return self.run(self.world.sync())

    def weather_passes(self) -> None:
        self.world.calm()

    def settle_down(self) -> Run:
        """Sync until nothing is written any more; return the last run."""
        for _ in range(must.ROUNDS):
            run = self.run(self.world.sync())
            if not run.writes:
                break
        return run

    def calm_down(self, take: Any) -> None:
        raise NotImplementedError

    def shared(self) -> Copies:
        """Return an article that stands in all three replicas and waits for nobody, by replica."""
        self.weather_passes()
        self.settle_down()
        held = set(map(self.world.birth_of, self.world.conflicts()))
        found: dict[str, dict[str, Thing]] = {}
        for name in NAMES:
            for thing in self.world.in_sight(name):
                found.setdefault(birth(thing.raw), {})[name] = thing
        whole = [b for b, copies in found.items() if len(copies) == len(NAMES) and b not in held]
        whole = sorted(set(whole) - self.world.twins())
        return found[self.random.choice(whole)] if whole else {}

    def now(self, name: str, thing: Thing) -> Thing | None:
        """Return what became of a thing."""
        same = [each for each in self.world.things(name) if birth(each.raw) == birth(thing.raw)]
        return same[0] if same else None

    def write_line(self, name: str, thing: Thing, at: int = 1, locale: str = "en") -> str:
        """Somebody adds a line to a thing; return its word."""
        word, now = self.word(), self.now(name, thing)

        def change(raw: Json) -> None:
            lines = raw["texts"][locale]["body"].split("\n")
            lines.insert(min(at, len(lines)), f"line {word} more")
            raw["texts"][locale]["body"] = "\n".join(lines)

        if now is not None:
            self.world.edit_this(name, now, change)
        return word

    # --- deletions --------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES), other=st.sampled_from(NAMES))
    def an_edit_meets_a_deletion(self, name: str, other: str) -> None:
        """Somebody edits here what somebody deletes there: the edit beats it."""
        copies = self.shared()
        if not copies or name == other:
            return
        word = self.write_line(name, copies[name])
        self.world.remove(other, copies[other])
        self.sync_once()
        self.calm_down("files")
        must.word_stands_in(self.world, word, NAMES)

    @rule(name=st.sampled_from(REMOTES))
    def what_lags_is_deleted(self, name: str) -> None:
        """Somebody deletes a copy that never got the newest words."""
        copies = self.shared()
        if not copies:
            return
        self.world.replicas[name].moods.refuses = set(self.ids(copies["files"]))
        word = self.write_line("files", copies["files"])
        self.sync_once()
        self.weather_passes()
        if (late := self.now(name, copies[name])) is not None:
            self.world.remove(name, late)
        self.calm_down("files")
        must.word_stands_in(self.world, word, NAMES)

    def ids(self, thing: Thing) -> list[str]:
        return [
            id
            for id in (base.entry.id for base in self.world.bases())
            if self.world.birth_of(id) == birth(thing.raw)
        ]

    @rule(name=st.sampled_from(NAMES))
    def one_is_deleted_at_rest(self, name: str) -> None:
        """Somebody deletes an article that nobody edits: it is gone everywhere."""
        self.calm_down("files")
        copies = self.shared()
        if copies:
            self.world.remove(name, copies[name])
            self.calm_down("files")

    @rule(name=st.sampled_from(("files", "confluence")))
    def an_edit_falls_into_a_retirement(self, name: str) -> None:
        """Somebody saves in Intercom while the article is taken out of sight there."""
        copies = self.shared()
        if not copies:
            return
        self.world.remove(name, copies[name])
        fresh = self.sync_past_an_edit()
        self.calm_down("files")
        must.words_stand_in(self.world, fresh, HOLD_DESCRIPTIONS)

    @rule(name=st.sampled_from(("files", "confluence")))
    def an_edit_falls_into_a_write(self, name: str) -> None:
        """Somebody saves in Intercom just before kbsync writes there what somebody else edited."""
        copies = self.shared()
        if not copies:
            return
        self.world.edit_this(name, copies[name], self.extend_title)
        fresh = self.sync_past_an_edit()
        self.settle_down()
        must.words_stand_in(self.world, fresh, HOLD_DESCRIPTIONS)

    def sync_past_an_edit(self) -> set[str]:
        """Sync while somebody saves in Intercom just before a write there; return the words of the run."""
        self.world.intercom.race = self.race
        before = self.world.ledger.written()
        self.sync_once()
        return self.world.ledger.written() - before

    def race(self, key: Any) -> None:
        thing = self.world.intercom.things[key]
        self.world.edit_this("intercom", thing, lambda raw: self.insert(raw, 2))

    @rule(name=st.sampled_from(REMOTES))
    def a_collection_is_deleted_and_filled(self, name: str) -> None:
        """Somebody deletes a collection that is empty here, while somebody writes into it there."""
        self.weather_passes()
        self.write_a_collection("files")
        self.settle_down()
        full = {
            t.raw["place"] for n in NAMES for k in ("article", "collection") for t in self.world.things(n, k)
        }
        empty = [t for t in self.world.in_sight(name, "collection") if t.handle not in full]
        here = {birth(t.raw): t for t in self.world.in_sight("files", "collection")}
        empty = sorted((t for t in empty if birth(t.raw) in here), key=lambda t: t.handle)
        if not empty:
            return
        gone = self.random.choice(empty)
        self.world.remove(name, gone)
        self.write_into("files", here[birth(gone.raw)].handle)
        self.calm_down("files")

    def write_into(self, name: str, place: str) -> Thing:
        title = f"Title {self.word()}"
        raw: Json = {"texts": {"en": self.text(name, title)}, "place": place, "labels": []}
        if name == "files":
            raw |= self.path(place, birth(raw))
        return self.world.add(name, "article", raw)

    @rule(name=st.sampled_from(NAMES))
    def sync_after_a_sweep(self, name: str) -> None:
        """Somebody deletes more articles at once than a run may retire, yet not most of them."""
        self.weather_passes()
        for _ in range(4):
            self.write_an_article("files")
        self.settle_down()
        things = sorted(self.world.in_sight(name), key=lambda thing: thing.handle)
        for thing in self.random.sample(things, len(things) // 2):
            self.world.remove(name, thing)
        self.sync_once(max_deletes=Budget(number=1, share=None))

    # --- words that one side cannot show -----------------------------------------------------------

    @rule(name=st.sampled_from(HOLD_DESCRIPTIONS))
    def a_translation_meets_its_end(self, name: str) -> None:
        """Somebody removes here a translation that somebody edits there: the edit beats it."""
        copies = self.shared()
        if not copies:
            return
        other = next(each for each in HOLD_DESCRIPTIONS if each != name)
        if "fr" not in copies[name].raw["texts"]:
            french = self.text(name, f"Titre {self.word()}")
            self.world.edit_this(name, copies[name], lambda raw: raw["texts"].update(fr=french))
            self.settle_down()
        here, there = self.now(name, copies[name]), self.now(other, copies[other])
        if here is None or there is None or "fr" not in here.raw["texts"] or "fr" not in there.raw["texts"]:
            return
        word = self.write_line(other, there, locale="fr")
        self.world.edit_this(name, here, lambda raw: raw["texts"].pop("fr"))
        self.calm_down("files")
        must.word_stands_in(self.world, word, HOLD_DESCRIPTIONS)

    @rule(name=st.sampled_from(REMOTES), renames=st.booleans())
    def a_server_drops_lines(self, name: str, renames: bool) -> None:
        """A server keeps the first lines only: nobody cut the rest, and kbsync does not fight the server."""
        copies = self.shared()
        if not copies:
            return
        self.world.replicas[name].moods.truncates = 2
        self.write_line("files", copies["files"], at=9)
        self.write_line("files", copies["files"], at=9)
        for _ in range(must.ROUNDS):
            self.sync_once()
        cut, whole = self.now(name, copies[name]), self.now("files", copies["files"])
        if cut is None or whole is None or self.waits(name, whole):
            return
        self.write_line(name, cut, at=0)
        if renames and (now := self.now(name, cut)) is not None:
            self.world.edit_this(name, now, self.extend_title)
        run = self.sync_once()
        must.no_fight(run, name, birth(cut.raw))
        self.weather_passes()
        self.settle_down()
        must.words_stand_in(self.world, words(whole.raw), ("files",))

    def extend_title(self, raw: Json) -> None:
        raw["texts"]["en"]["title"] += f" {self.word()}"

    def waits(self, name: str, thing: Thing) -> bool:
        """Tell whether links wait to be written there, or would be written anew after a rename."""
        ids, links = self.ids(thing), "see" in thing.raw["texts"]["en"]["body"]
        return links or any(s.pending for s in self.world.shadows() if s.replica == name and s.id in ids)

    @rule(name=st.sampled_from(REMOTES), does=st.sampled_from(("write", "edit", "replace")))
    def an_answer_is_lost_while_somebody_writes_elsewhere(self, name: str, does: str) -> None:
        """A run goes round once more for somebody's edit: what nobody answered in the first round is not done twice."""
        copies = self.shared()
        other = next(each for each in REMOTES if each != name)
        self.world.replicas[name].moods.loses_replies = self.world.replicas[name].moods.lags = True
        self.world.replicas[other].moods.after_write = lambda: self.edit_now(other, 9)
        self.do(does, copies)
        self.sync_once()
        self.calm_down("files")

    # --- crashes ----------------------------------------------------------------------------------

    @rule(
        name=st.sampled_from(REMOTES),
        how=st.sampled_from(HOW),
        does=st.sampled_from(("write", "edit", "replace", "delete")),
        comes=st.sampled_from(((), ("move",), ("edit",), ("replace", "move"), ("edit", "move"), ("rename",))),
        cuts=st.booleans(),
    )
    def somebody_comes_after_a_crash(
        self, name: str, how: str, does: str, comes: tuple[str, ...], cuts: bool
    ) -> None:
        """A run dies in its write, and before the next one somebody edits what stands there."""
        copies = self.shared()
        self.do(does, copies)
        self.world.replicas[name].moods.truncates = 3 if cuts else 0
        known = len(self.world.replicas[name].log)
        self.world.effects.die_at(name, how)
        self.sync_once()
        self.world.effects.left = -1
        self.weather_passes()
        written = self.world.replicas[name].log[known:]
        things = [t for t in self.world.things(name) if written and birth(t.raw) == birth(written[-1].sent)]
        for thing in things[:1]:
            for each in comes:
                self.come(name, thing, each)
        self.calm_down("files")

    def do(self, what: str, copies: Copies) -> None:
        if what == "write" or not copies:
            self.write_an_article("files")
        elif what == "edit":
            self.write_line("files", copies["files"])
        elif what == "replace":
            self.world.edit_this("files", copies["files"], self.replace_first)
        else:
            self.world.remove("files", copies["files"])

    def come(self, name: str, thing: Thing, what: str) -> None:
        now = self.now(name, thing)
        if now is None:
            return
        if what == "move":
            self.move(name, now)
        elif what == "edit":
            self.write_line(name, now)
        elif what == "replace":
            self.world.edit_this(name, now, self.replace_first)
        else:
            self.world.edit_this(name, now, self.extend_title)

    def replace_first(self, raw: Json) -> None:
        text = raw["texts"]["en"]
        text["body"] = "\n".join([f"other {self.word()}", *text["body"].split("\n")[1:]])

    @rule(
        name=st.sampled_from(NAMES),
        at=st.integers(1, 12),
        how=st.sampled_from(HOW),
        folder=st.booleans(),
    )
    def what_is_linked_is_renamed(self, name: str, at: int, how: str, folder: bool) -> None:
        """Somebody renames what others link to, and the run that follows dies."""
        copies = self.shared()
        source = self.world.pick(name)
        if not copies or source is None:
            return
        self.world.edit_this(name, source, lambda raw: self.add_link(raw, copies[name].handle))
        self.settle_down()
        file = self.now("files", copies["files"])
        if folder:
            self.rename_a_folder()
        elif file is not None:
            self.world.move_file(file, f"file-{self.random.randrange(10**9)}")
        self.world.effects.left, self.world.effects.how = at, how
        self.sync_once()
        self.world.effects.left = -1
        self.calm_down("files")

    @rule(name=st.sampled_from(NAMES))
    def two_articles_link_to_each_other(self, name: str) -> None:
        """Somebody writes two new articles that link to each other: one run writes both links everywhere."""
        self.weather_passes()
        self.settle_down()
        one, other = (self.write_into(name, "") for _ in range(2))
        self.world.edit_this(name, one, lambda raw: self.add_link(raw, other.handle))
        self.world.edit_this(name, other, lambda raw: self.add_link(raw, one.handle))
        run = self.sync_once()
        must.nothing_left_to_do(self.world, run)
        self.calm_down("files")

    @rule(name=st.sampled_from(REMOTES))
    def a_link_waits_for_long(self, name: str) -> None:
        """What a link names is refused twice, and the run that makes it at last dies before the link is written."""
        self.weather_passes()
        self.settle_down()
        copies = self.shared()
        if not copies:
            return
        new = self.write_into("files", "")
        self.world.edit_this("files", copies["files"], lambda raw: self.add_link(raw, new.handle))
        for _ in range(2):
            self.world.replicas[name].moods.refuses = {new.raw["name"]}
            self.sync_once()
        self.weather_passes()
        self.world.effects.die_after(f"done {new.raw['name']}")
        self.sync_once()
        self.calm_down("files")

    @rule()
    def what_nobody_answered_for_gets_another_name(self) -> None:
        """Intercom has no place for an id: what a run made there is found when people rename and edit it since."""
        self.calm_down("files")
        new = self.write_into("files", "")
        self.world.intercom.moods.loses_replies = True
        self.sync_once()
        self.weather_passes()
        for name in HOLD_DESCRIPTIONS:
            copy = self.now(name, new)
            if copy is not None:
                self.world.edit_this(name, copy, self.another_title)
        if (copy := self.now("intercom", new)) is not None:
            self.write_line("intercom", copy)
        self.calm_down("files")
        assert birth(new.raw) not in self.world.twins(), "made twice"

    @rule()
    def apply_a_plan_twice(self) -> None:
        self.weather_passes()
        with suppress(KbsyncError):
            plan = self.world.plan()
            first = self.run(self.world.run(lambda engine: engine.apply(plan)))
            second = self.run(self.world.run(lambda engine: engine.apply(plan)))
            must.idempotence(self.world, plan, first, second)

    @rule()
    def a_plan_of_a_first_meeting(self) -> None:
        """A translation came before the state was lost: the plan that brings it elsewhere is done when it is done."""
        copies = self.shared()
        if not copies or "fr" in copies["intercom"].raw["texts"]:
            return
        french = self.text("intercom", f"Titre {self.word()}")
        self.world.edit_this("intercom", copies["intercom"], lambda raw: raw["texts"].update(fr=french))
        self.world.lose_the_state()
        self.apply_a_plan_twice()
        self.calm_down("files")

    @rule(name=st.sampled_from(REMOTES))
    def a_collection_moves_with_what_is_in_it(self, name: str) -> None:
        """Somebody moves a collection, somebody edits an article in it: one run brings both, and nothing fails."""
        self.weather_passes()
        outer, inner = (self.write_at_the_top() for _ in range(2))
        article = self.write_into("files", inner.handle)
        self.calm_down("files")
        here = {birth(t.raw): t for k in ("collection", "article") for t in self.world.in_sight(name, k)}
        if not {birth(outer.raw), birth(inner.raw), birth(article.raw)} <= here.keys():
            return
        above = here[birth(outer.raw)].handle
        self.world.edit_this(name, here[birth(inner.raw)], lambda raw: raw.update(place=above))
        self.write_line(name, here[birth(article.raw)])
        must.nothing_fails_in_calm_weather(self.sync_once())
        self.calm_down("files")

    def write_at_the_top(self) -> Thing:
        raw: Json = {"texts": {"en": {"title": f"Group {self.word()}", "description": ""}}, "place": ""}
        return self.world.add("files", "collection", raw | self.path("", birth(raw)))

    # --- meetings ---------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES))
    def two_new_ones_are_alike(self, name: str) -> None:
        """Somebody writes two articles with one and the same text: they stay two."""
        self.weather_passes()
        one = self.write_into(name, "")
        text = {**one.raw["texts"]["en"], "title": f"Title {self.word()}"}
        raw: Json = {"texts": {"en": text}, "place": "", "labels": []}
        if name == "files":
            raw |= self.path("", birth(raw))
        self.world.add(name, "article", raw)
        must.nothing_left_to_do(self.world, self.sync_once())
        must.stands_in(self.world, {birth(one.raw), birth(raw)}, NAMES)
        must.exactly_once(self.world)

    @rule()
    def lose_the_state_at_rest(self) -> None:
        """All agree, and the state is lost: equal content pairs up, nothing is made twice."""
        self.calm_down("files")
        before = self.world.twins()
        hidden = any(t for t in self.world.things("intercom") if self.world.intercom.out_of_sight(t))
        if hidden or before:
            return
        self.world.lose_the_state()
        self.settle_down()
        twins = self.world.twins()
        assert not twins, f"met as strangers: {twins}"

    @rule(name=st.sampled_from(NAMES), other=st.sampled_from(NAMES), take=st.sampled_from((*NAMES, "merged")))
    def two_write_one_line(self, name: str, other: str, take: Any) -> None:
        """Two people write the same line anew: it is held, both versions stay, and a person decides."""
        copies = self.shared()
        if not copies or name == other:
            return
        for each in (name, other):
            self.world.edit_this(each, copies[each], self.replace_first)
        self.sync_once()
        self.calm_down(take)

    @rule(
        name=st.sampled_from(REMOTES),
        others=st.sampled_from((("files",), REMOTES, NAMES)),
        before=st.booleans(),
        take=st.sampled_from((*NAMES, "merged")),
    )
    def a_conflict_where_nothing_is_read(
        self, name: str, others: tuple[str, ...], before: bool, take: Any
    ) -> None:
        """Versions collide, and one of their replicas is only written to, then or from then on: all are held."""
        copies = self.shared()
        if not copies:
            return
        direction: Any = {name: "push"}
        for each in sorted({*others, name}):
            self.world.edit_this(each, copies[each], self.replace_first)
        edited = self.now(name, copies[name])
        words_there = words(edited.raw) if edited else set()
        self.sync_once(direction=direction if before else {})
        for _ in range(must.ROUNDS):
            self.sync_once(direction=direction)
        must.words_stand_in(self.world, words_there, (name,))
        self.calm_down(take)

    @rule(name=st.sampled_from(REMOTES))
    def a_deletion_where_nothing_is_read(self, name: str) -> None:
        """Somebody deletes an article where kbsync only writes: it stays away from there, also when that is read again."""
        self.calm_down("files")
        copies = self.shared()
        if not copies:
            return
        direction: Any = {name: "push"}
        self.world.remove(name, copies[name])
        for _ in range(must.ROUNDS):
            self.sync_once(direction=direction)
            must.stays_out_of(self.world, name, birth(copies[name].raw))
        self.calm_down("files")
        must.stays_out_of(self.world, name, birth(copies[name].raw))

    @rule(name=st.sampled_from(REMOTES))
    def a_step_is_bound_to_a_version(self, name: str) -> None:
        """Between plan and apply somebody saves what only their system understands: the step is stale all the same."""
        copies = self.shared()
        if not copies or "macro" in copies[name].raw:
            return
        self.write_line("files", copies["files"])
        plan, macro = self.world.plan(), f"macro {self.random.random()}"
        self.world.edit_this(name, copies[name], lambda raw: raw.update(macro=macro))
        self.world.macros[name, copies[name].handle] = macro
        run = self.run(self.world.run(lambda engine: engine.apply(plan)))
        must.no_stale_step(run, name, birth(copies[name].raw))
        self.calm_down("files")

    # --- policies and listings --------------------------------------------------------------------

    @rule(
        name=st.sampled_from(REMOTES),
        end=st.sampled_from(("files", "both", "down", "delete", *REMOTES)),
        also=st.booleans(),
    )
    def an_edit_where_nothing_is_read(self, name: str, end: str, also: bool) -> None:
        """Somebody edits a replica that is only written to: it is held, until somebody or the policy decides."""
        copies = self.shared()
        if not copies:
            return
        direction: Any = {name: "push"}
        word = self.write_line(name, copies[name])
        if also:
            self.write_line("files", copies["files"], at=9)
        self.sync_once(direction=direction)
        must.word_stands_in(self.world, word, (name,))
        if end == "down":
            self.world.replicas[name].moods.breaks_off = True
            self.write_line("files", copies["files"], at=9)
            self.sync_once(direction=direction)
            self.weather_passes()
        if end == "delete" and (file := self.now("files", copies["files"])) is not None:
            self.world.remove("files", file)
        if end == "files":
            self.sync_once(direction=direction, on_conflict="files")
            return
        self.sync_once(direction=direction)
        must.word_stands_in(self.world, word, (name,))
        if end in REMOTES:
            self.settle_all(end)
        self.calm_down("files")
        if end in ("both", "down", "delete", name):
            must.word_stands_in(self.world, word, NAMES)

    def settle_all(self, take: Any) -> None:
        raise NotImplementedError

    @rule(name=st.sampled_from(REMOTES))
    def an_edit_where_nothing_is_written(self, name: str) -> None:
        """While one replica is only read, the others are edited: it gets the words once it may be written."""
        copies = self.shared()
        if not copies:
            return
        word = self.write_line("files", copies["files"])
        direction: Any = {name: "pull"}
        self.sync_once(direction=direction)
        self.calm_down("files")
        must.word_stands_in(self.world, word, NAMES)

    @rule(name=st.sampled_from(NAMES), mood=st.sampled_from(("down", "breaks_off")))
    def one_is_away(self, name: str, mood: str) -> None:
        """While one replica does not answer, another is edited: the words arrive once it is back."""
        copies = self.shared()
        if not copies:
            return
        other = self.random.choice(sorted({*NAMES} - {name}))
        setattr(self.world.replicas[name].moods, mood, True)
        word = self.write_line(other, copies[other])
        self.sync_once()
        self.calm_down("files")
        must.word_stands_in(self.world, word, NAMES)

    @rule(name=st.sampled_from(REMOTES))
    def a_listing_is_late(self, name: str) -> None:
        """A listing still shows what stood there before kbsync's own write."""
        copies = self.shared()
        if not copies:
            return
        self.world.replicas[name].moods.lags = True
        word = self.write_line("files", copies["files"])
        for _ in range(must.ROUNDS):
            self.sync_once()
        must.word_stands_in(self.world, word, NAMES)
        self.calm_down("files")

    @rule(name=st.sampled_from(NAMES))
    def sync_with_another_place(self, name: str) -> None:
        """The folder, space or workspace is not the one it was."""
        self.weather_passes()
        self.settle_down()
        known = [
            s for s in self.world.shadows() if (s.replica, s.kind, s.retired) == (name, "article", False)
        ]
        if len(known) > 1:
            for other in sorted({*NAMES} - {name}):
                self.edit_now(other, 1)
            self.world.policy = replace(CALM, max_deletes=Budget(number=1, share=None))
            self.world.replicas[name].moods.empty = True
            must.nothing_follows_from_emptiness(self.world.sync(), name)
            self.world.replicas[name].moods.empty = False

    @rule(name=st.sampled_from(REMOTES))
    def sync_while_one_is_refused(self, name: str) -> None:
        self.weather_passes()
        self.settle_down()
        ids = [b.entry.id for b in self.world.bases() if b.kind == "article" and not b.retired]
        if not ids:
            return
        id = self.random.choice(ids)
        for _ in range(3):
            self.edit_now("files", 1)
        self.world.replicas[name].moods.refuses = {id}
        must.isolation(self.world, self.run(self.world.sync()), id)
        self.world.replicas[name].moods = Moods()

    @rule(name=st.sampled_from(NAMES))
    def sync_twice_at_once(self, name: str) -> None:
        self.world.replicas[name].moods.at_answer = (1, lambda: must.single_writer(self.world))
        self.run(self.world.sync())
        self.world.replicas[name].moods.at_answer = None

    def edit_now(self, name: str, at: int) -> None:
        self.world.edit(name, lambda raw: self.insert(raw, at))
