"""The sync engine against three hostile replicas, people who edit everywhere, and crashes anywhere.

What people do stands in `writers.py`, what they meant in `ledger.py`, what must hold in `invariants.py`:
some of it always, some after every run, some whenever the world has calmed down.
"""

from __future__ import annotations

import os
import re
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any

import invariants as must
from games import Games
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from ledger import WORD
from playground import NAMES, REMOTES
from replicas import Moods
from soaking import soak
from writers import HOLD_DESCRIPTIONS

from kbsync.errors import KbsyncError
from kbsync.state.records import Base
from kbsync.sync.policy import Budget, Policy

STEPS = 40
MOODS: dict[str, object] = {
    "normalises": True,
    "truncates": 3,
    "resigns": True,
    "forgets_versions": True,
    "lags": True,
    "lists_short": 1,
    "breaks_off": True,
    "down": True,
    "loses_replies": True,
}
DIRECTIONS = st.sampled_from(("both", "both", "push", "pull"))
_MARKER = re.compile(r"^(<{7}|>{7}|={7}|\|{7})")


class Tally:
    """How much the machine did."""

    steps = syncs = effects = 0


class SyncMachine(Games):
    """People edit, replicas misbehave, processes die; no word is lost."""

    @rule()
    def anything_happens(self) -> None:
        """Hypothesis takes the first rule by name most often: here it is any of them, edits before all."""
        name, remote = self.random.choice(NAMES), self.random.choice(REMOTES)
        describing, at = self.random.choice(HOLD_DESCRIPTIONS), self.random.randrange(6)
        edits = (
            lambda: self.add_a_line(name, at),
            lambda: self.replace_a_line(name, at),
            lambda: self.remove_a_line(name, at),
            lambda: self.extend_a_line(name, at),
            lambda: self.rename_a_title(name),
            lambda: self.write_the_title_anew(name),
            lambda: self.describe(describing),
            lambda: self.label(name),
            lambda: self.unlabel(name),
            lambda: self.translate(describing),
            lambda: self.link(name),
            lambda: self.write_an_article(name),
            lambda: self.move_remotely(remote),
            self.move_a_file,
            lambda: self.delete(name),
        )
        rest = (
            self.sync,
            lambda: self.crash(self.random.randint(1, 40), self.random.choice(("before", "after", "lost"))),
            self.race_unseen,
            lambda: self.edit_after_the_next_write(remote),
            lambda: self.edit_before_the_next_write(name),
            lambda: self.behave_badly(remote, self.random.choice(sorted(MOODS))),
            self.rename_a_folder,
        )
        self.random.choice(self.random.choice((edits, rest)))()

    # --- moods ------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(REMOTES), mood=st.sampled_from(sorted(MOODS)))
    def behave_badly(self, name: str, mood: str) -> None:
        setattr(self.world.replicas[name].moods, mood, MOODS[mood])

    @rule(name=st.sampled_from(NAMES), seed=st.integers(0, 99))
    def list_in_any_order(self, name: str, seed: int) -> None:
        self.world.replicas[name].moods.shuffles = Random(seed)

    @rule(name=st.sampled_from(REMOTES))
    def list_nothing(self, name: str) -> None:
        self.world.replicas[name].moods.lists_short = 1000

    @rule(name=st.sampled_from(REMOTES))
    def behave_well_again(self, name: str) -> None:
        self.world.replicas[name].moods = Moods()

    @rule(name=st.sampled_from(REMOTES))
    def refuse_an_article(self, name: str) -> None:
        bases = [base.entry.id for base in self.world.state.snapshot.all(Base)]
        if bases:
            self.world.replicas[name].moods.refuses.add(self.random.choice(bases))

    @rule()
    def begin_a_draft(self) -> None:
        """A teammate begins an edit in Intercom and leaves it unpublished."""
        thing = self.world.pick("intercom")
        if thing is not None:
            self.world.intercom.moods.drafts.add(thing.handle)

    @rule(name=st.sampled_from(NAMES))
    def edit_before_the_next_write(self, name: str) -> None:
        self.world.replicas[name].moods.before_write = lambda: self.edit_now(name, 0)

    @rule(name=st.sampled_from(REMOTES))
    def edit_after_the_next_write(self, name: str) -> None:
        self.world.replicas[name].moods.after_write = lambda: self.edit_now(name, 9)

    @rule(name=st.sampled_from(NAMES), other=st.sampled_from(NAMES), at=st.integers(1, 6))
    def edit_during_the_run(self, name: str, other: str, at: int) -> None:
        self.world.replicas[name].moods.at_answer = (at, lambda: self.edit_now(other, 1))

    @rule()
    def race_unseen(self) -> None:
        """Somebody saves in Intercom between the engine's look and its write."""
        self.world.intercom.race = self.race

    @rule(
        intercom=DIRECTIONS,
        confluence=DIRECTIONS,
        on_conflict=st.sampled_from(("hold", "hold", *NAMES)),
        on_delete=st.sampled_from(("retire", "retire", "keep")),
        max_deletes=st.sampled_from((Budget(0, None), Budget(1, None), Budget(3, None), Budget(share=0.4))),
        publish=st.sampled_from(("live", "live", "draft")),
    )
    def change_the_policy(
        self,
        intercom: Any,
        confluence: Any,
        on_conflict: Any,
        on_delete: Any,
        max_deletes: Budget,
        publish: Any,
    ) -> None:
        direction: Any = {"intercom": intercom, "confluence": confluence}
        self.world.policy = Policy(
            direction=direction,
            on_conflict=on_conflict,
            on_delete=on_delete,
            max_deletes=max_deletes,
            publish=publish,
        )

    # --- kbsync -----------------------------------------------------------------------------------

    @rule()
    def sync(self) -> None:
        self.run(self.world.sync())

    @rule(at=st.integers(1, 40), how=st.sampled_from(("before", "after", "lost")))
    def crash(self, at: int, how: str) -> None:
        self.world.effects.left, self.world.effects.how = at, how
        self.run(self.world.sync())
        self.world.effects.left = -1

    @rule()
    def sync_the_other_way_round(self) -> None:
        moods = [replica.moods for replica in self.world.replicas.values()]
        hooks = any(m.before_write or m.after_write or m.at_answer or m.loses_replies for m in moods)
        if hooks or self.world.intercom.race or any(m.lists_short == 1 for m in moods):
            return
        twin = self.world.twin()
        with closing(twin):
            one, other = self.world.sync(), twin.sync()
            assert type(one.error) is type(other.error), (one.error, other.error)
            must.order_independence(self.world, twin)
        self.run(one)

    @rule(data=st.data())
    def plan_then_edit_then_apply(self, data: st.DataObject) -> None:
        with suppress(KbsyncError):
            writes = sum(replica.writes for replica in self.world.replicas.values())
            before: list[Any] = self.world.records()
            plan = self.world.plan()
            must.planning_writes_nothing(self.world, before, writes)
            planned = self.world.shown()
            for name in data.draw(st.lists(st.sampled_from(NAMES), max_size=3)):
                self.edit_now(name, 1)
            race, self.world.intercom.race = self.world.intercom.race, None
            run = self.run(self.world.run(lambda engine: engine.apply(plan)))
            self.world.intercom.race = race
            must.stale_plan_refusal(self.world, planned, plan, run)

    @precondition(lambda self: hasattr(self, "world") and self.world.conflicts())
    @rule(take=st.sampled_from((*NAMES, "merged")))
    def settle_a_conflict(self, take: Any) -> None:
        self.settle(self.random.choice(self.world.conflicts()), take)

    def settle(self, id: str, take: Any) -> None:
        if take == "merged":
            self.merge_by_hand()
        with suppress(KbsyncError), self.world.same_game():
            self.world.engine().resolve(id, take)

    def settle_all(self, take: Any) -> None:
        for id in self.world.conflicts():
            self.settle(id, take)

    def merge_by_hand(self) -> None:
        """Somebody keeps every word of every version, once."""
        for path in (Path(self.world.home.name) / "conflicts").glob("*.md"):
            path.write_text(merged_by_hand(path.read_text("utf-8")), "utf-8")

    @rule()
    def lose_the_state(self) -> None:
        if self.random.random() < 0.15:
            self.world.lose_the_state()

    # --- rest -------------------------------------------------------------------------------------

    @rule(take=st.sampled_from((*NAMES, "merged")))
    def calm_down(self, take: str) -> None:
        """After the storm all replicas agree, and then there is silence."""
        self.weather_passes()
        last = self.settle_down()
        if self.world.conflicts():
            self.settle_all(take)
            self.settle_all("files")
            last = self.settle_down()
        must.nothing_fails_in_calm_weather(last)
        for check in must.AT_REST:
            check(self.world)
        self.world.ledger.all_agree(self.world.shown())
        self.world.ledger.doubt(self.world.left_unlike())

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.calm_down("files")
        finally:
            Tally.syncs += self.world.syncs
            Tally.effects += self.world.effects.count
            self.world.close()

    # --- what must always hold --------------------------------------------------------------------

    @invariant()
    def holds(self) -> None:
        Tally.steps += 1
        if hasattr(self, "world"):
            for check in must.ALWAYS:
                check(self.world)


def merged_by_hand(text: str) -> str:
    """Return a text with conflict markers as somebody leaves it: with every word of every version, once."""
    head, body = dict[str, str](), list[str]()
    lines = [line for line in text.splitlines() if line and not _MARKER.match(line)]
    front = lines.index("---", 1) + 1 if lines[:1] == ["---"] else 0
    for line in lines[1 : front - 1]:
        name, _, value = line.partition(": ")
        said = WORD.findall(head.setdefault(name, value))
        head[name] += "".join(f" {word}" for word in WORD.findall(value) if word not in said)
    for line in lines[front:]:
        said = WORD.findall("\n".join(body))
        fresh = [word for word in WORD.findall(line) if word not in said]
        if line not in body and (fresh or not WORD.search(line)):
            body.append(line if len(fresh) == len(WORD.findall(line)) else f"also {' '.join(fresh)}")
    fields = "".join(f"{name}: {value}\n" for name, value in head.items())
    return (f"---\n{fields}---\n" if front else "") + "\n\n".join(body) + "\n"


class TestSyncMachine(SyncMachine.TestCase):  # type: ignore[misc, valid-type]
    """The state machine, for a thousand steps or twenty thousand; `pytest -s` says how many there were."""

    settings = settings(
        max_examples=int(os.environ.get("KBSYNC_EXAMPLES") or soak(30, 620)),
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=not os.environ.get("KBSYNC_SOAK"),
        suppress_health_check=list(HealthCheck),
        phases=[p for p in Phase if p is not Phase.shrink] if os.environ.get("KBSYNC_QUICK") else list(Phase),
    )

    @classmethod
    def tearDownClass(cls) -> None:
        print(f"\n{Tally.steps} steps, {Tally.syncs} runs of kbsync, {Tally.effects} effects")
