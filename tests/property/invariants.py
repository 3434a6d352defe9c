"""The 18 invariants of a sync that never loses a word, one named check each.

Checks of a `World` alone hold at any moment, those of a `Run` after every run, and the ones that speak of
rest after the world calmed down: no mood, no restraint, and `ROUNDS` runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Final

import msgspec
import pytest
from ledger import WORD, Content, Json, birth, words
from playground import KINDS, NAMES, Run, World
from replicas import Thing, Write

from kbsync.errors import LeaseHeld
from kbsync.state.records import Base, Conflict, Intent, Rescue
from kbsync.sync.observe import reading_of
from kbsync.sync.plan import Plan

ROUNDS: Final = 2
PINNED: Final = {17: ("tests/e2e/test_git.py", "test_commits_say_where_they_come_from")}
"""What is no matter of replicas and state: provenance is golden text in git."""


def no_lost_update(world: World) -> None:
    """1. Every word a person wrote and nobody removed stands in a replica, or in what the state can give back."""
    raws = [thing.raw for replica in world.replicas.values() for thing in replica.things.values()]
    text = msgspec.json.encode([raws, world.records(), world.intercom.history]).decode()
    lost = world.ledger.owed - set(WORD.findall(text))
    assert not lost, f"lost: {sorted(lost)}"


def no_word_out_of_sight(world: World) -> None:
    """1. At rest each owed word is where people see it, or on record as what a person or the policy decided against.

    What somebody saved in Intercom just before a process died in its write is left in Intercom's history.
    """
    seen = words(*(t.raw for name in NAMES for kind in KINDS for t in world.in_sight(name, kind)))
    decided = [
        {name: value for name, value in settled.conflict.versions.items() if name != settled.take}
        for settled in world.settled()
        if settled.take != "merged"
    ]
    kept = set(WORD.findall(msgspec.json.encode([decided, world.intercom.history]).decode()))
    hidden = world.ledger.owed - seen - kept
    assert not hidden, f"out of sight: {sorted(hidden)}"


def word_stands_in(world: World, word: str, names: Iterable[str]) -> None:
    """1. A word that somebody wrote and nobody removed is in sight in these replicas."""
    missing = [
        name
        for name in names
        if word not in words(*(thing.raw for kind in KINDS for thing in world.in_sight(name, kind)))
    ]
    assert word not in world.ledger.owed or not missing, f"{word} is not in {missing}"


def words_stand_in(world: World, found: Iterable[str], names: Iterable[str]) -> None:
    """1. The same for each of these words."""
    for word in sorted(found):
        word_stands_in(world, word, names)


def stays_out_of(world: World, name: str, each: str) -> None:
    """5. What somebody deleted in a replica is not in sight there."""
    assert each not in {birth(thing.raw) for thing in world.in_sight(name)}, f"{each} is back in {name}"


def stands_in(world: World, births: set[str], names: Iterable[str]) -> None:
    """2. These articles are in sight in these replicas."""
    for name in names:
        missing = births - {birth(thing.raw) for thing in world.in_sight(name)}
        assert not missing, f"{missing} is not in {name}"


def every_place_is_there(world: World) -> None:
    """5. A collection lives as long as anything that lives is placed in it."""
    for name in NAMES:
        there = {thing.handle for thing in world.in_sight(name, "collection")}
        places = {t.raw["place"]: birth(t.raw) for kind in KINDS for t in world.in_sight(name, kind)}
        gone = {place: each for place, each in places.items() if place and place not in there}
        assert not gone, f"{name} shows articles in collections that are gone: {gone}"


def convergence(world: World, leave_out: Iterable[str] = ()) -> None:
    """2. At rest all replicas show the same of everything, as far as each can hold it."""
    shown = _comparable(world)
    for each in sorted({b for b, _ in shown} - set(leave_out)):
        sides = {name: shown[each, name] for name in NAMES if (each, name) in shown}
        missing = [n for n in NAMES if n not in sides and not _stays_away(world, each, n)]
        assert not missing, f"{each} is not in {missing}: {sides}"
        for one, other in combinations(sides, 2):
            assert_alike(world, each, {one: sides[one], other: sides[other]})


def one_person_decides(world: World) -> None:
    """2. Where only one replica was edited since all agreed, all of them show exactly what was left there."""
    shown, twins = _comparable(world), world.twins()
    for each, since in world.ledger.since.items():
        if since.unsure or each in twins or len(since.touched) != 1 or since.deleted:
            continue
        (name,) = since.touched
        if name not in since.left or (each, name) in world.altered:
            continue
        meant = _fold(since.left[name], _living(world))
        if since.born_in == "confluence":
            meant = {spot: value for spot, value in meant.items() if not spot.startswith("state")}
        assert_alike(world, each, {"a person": meant, name: _as_vague(shown.get((each, name), {}), meant)})
        _nothing_else_changed(world, each, name, shown)


def _as_vague(content: Content, meant: Content) -> Content:
    """Take a link for its text where it led nowhere when the person left it: what it names may be back since."""
    vague = dict(content)
    for spot, lines in meant.items():
        there = content.get(spot)
        if spot.startswith("body") and isinstance(there, list) and len(there) == len(lines):
            pairs = zip(there, lines, strict=True)
            vague[spot] = [
                mine if mine == "see" and line.startswith("see ") else line for line, mine in pairs
            ]
    return vague


def _nothing_else_changed(world: World, each: str, name: str, shown: dict[tuple[str, str], Content]) -> None:
    """Check that what the edited replica cannot hold stays as it was elsewhere."""
    for other in NAMES:
        before, now = world.ledger.agreed.get((each, other)), shown.get((each, other))
        if before is None or now is None or other == name or (each, other) in world.altered:
            continue
        held = shown.get((each, name), {}).keys() | world.ledger.agreed.get((each, name), {}).keys()
        beyond = before.keys() - held
        kept = {spot: before[spot] for spot in beyond}
        assert {s: now.get(s) for s in beyond} == kept, f"{each} in {other} changed beyond {name}: {kept}"


def held_fields_stay(world: World, run: Run) -> None:
    """2. What waits for a person is not written over: each replica keeps its own version of a held field."""
    if not run.undisturbed:
        return
    for write in run.writes:
        if (
            write.before is None
            or write.action != "update"
            or (birth(write.sent), write.replica) in world.altered
        ):
            continue
        for held in world.state.snapshot.conflicts((write.kind, write.id)):
            if held.drift and write.replica not in held.versions:
                continue
            before, after = (_held_value(raw, held) for raw in (write.before, write.sent))
            assert before == after, f"{write.replica} lost its {held.field}: {before!r}, now {after!r}"


def _held_value(raw: Json, held: Conflict) -> list[str] | None:
    value = raw["texts"].get(held.locale, {}).get(held.field)
    return None if value is None else [_link(" ".join(line.split()), set()) for line in value.split("\n")]


def nothing_waits_unsaid(world: World, run: Run) -> None:
    """3. A run that says all went well leaves no announced write, and no overwritten version to bring back."""
    if run.report is not None and run.report.exit_code == 0:
        crash_anywhere(world)


def nothing_left_to_do(world: World, run: Run) -> None:
    """3. When a run that nobody disturbed says that all went well, there is nothing left to do."""
    if run.report is not None and run.report.exit_code == 0:
        plan = world.plan()
        assert not plan.steps, f"left to do: {plan.steps}"


def nothing_fails_in_calm_weather(run: Run) -> None:
    """3. Where nobody disturbs a run nothing fails and nothing is refused."""
    assert run.report is not None, run.error
    assert not run.report.failed, run.report.failed
    assert not run.report.refused, run.report.refused


def no_fight(run: Run, name: str, each: str) -> None:
    """3. What a server made of kbsync's words is left as it is: an edit that came from there is not answered."""
    fought = [write for write in run.writes if write.replica == name and birth(write.sent) == each]
    assert not fought, f"written again: {fought}"


def quiescence(world: World) -> None:
    """3. At rest a further run asks each replica for its list, writes nothing, and leaves the state as it was."""
    before, asked = world.records(), {name: replica.reads for name, replica in world.replicas.items()}
    run = world.sync()
    questions = {name: replica.reads - asked[name] for name, replica in world.replicas.items()}
    assert set(questions.values()) == {1}, f"asked at rest: {questions}"
    assert run.error is None, run.error
    assert not run.writes, f"written at rest: {run.writes}"
    assert world.records() == before, "the state moved at rest"
    assert run.report is not None
    assert run.report.exit_code == 0, run.report


def idempotence(world: World, plan: Plan, first: Run, second: Run) -> None:
    """4. A plan applied twice is a no-op: nothing is written, and what was done is not called stale."""
    assert not second.writes, f"written again: {second.writes}"
    assert first.report is not None
    assert second.report is not None
    done = {step.id for step in first.report.applied}
    again = [stop for stop in second.report.refused if stop.id in done]
    assert not again, f"done, and refused: {again} of {plan.steps}"


def planning_writes_nothing(world: World, before: list[object], writes: int) -> None:
    """4. A plan is a look: it leaves no trace."""
    assert world.records() == before
    assert sum(replica.writes for replica in world.replicas.values()) == writes


def no_resurrection(world: World) -> None:
    """5. At rest what was deleted and edited nowhere else is gone everywhere, and no removed word is back."""
    shown, twins = world.shown(), world.twins()
    for each, since in world.ledger.since.items():
        if since.unsure or each in twins or any(_stays_away(world, each, name) for name in since.deleted):
            continue
        if since.deleted and since.touched == since.deleted:
            back = [n for b, n in shown if b == each and not _is_collection_in_use(world, each)]
            assert not back, f"{each} was deleted in {since.deleted} and is in {back}"
        raws = [t.raw for n in NAMES for k in KINDS for t in world.in_sight(n, k) if birth(t.raw) == each]
        again = (since.removed & words(*raws)) - world.ledger.owed - since.said
        assert since.deleted or not again, f"{each}: removed, and back: {again}"


def no_silent_deletion(world: World, run: Run) -> None:
    """6. Nothing is taken out of sight that no person deleted in any replica."""
    retired = {birth(write.sent) for write in run.writes if write.action == "retire"}
    assert retired <= world.ledger.deleted, f"deleted by nobody: {retired - world.ledger.deleted}"


def nothing_follows_from_emptiness(run: Run, name: str) -> None:
    """6. A replica that shows nothing any more proves nothing, and is not written to."""
    assert run.report is not None, run.error
    assert run.report.failed, run.report
    assert not [w for w in run.writes if w.action == "retire" or w.replica == name], run.writes


def no_silence_about_outages(_: World, run: Run) -> None:
    """6. A replica that could not be listed is named among what failed: its emptiness is not believed."""
    if run.report is not None:
        silent = run.unheard - {stop.replica for stop in run.report.failed}
        assert not silent, f"not a word about {silent}: {run.report}"


def deletion_budget(world: World, run: Run) -> None:
    """7. One run retires at most as many articles as the policy allows; finishing an earlier one is free."""
    retired = {birth(w.sent) for w in run.writes if w.action == "retire" and w.kind == "article"}
    dead = retired - run.tombstones
    assert len(dead) <= run.policy.max_deletes.allows(run.articles), f"{dead} of {run.articles}, {run.policy}"


def crash_anywhere(world: World) -> None:
    """8. At rest nothing announced is open, whatever died before: 1, 2, 3 and 9 hold after crashes too."""
    waiting = [*world.state.snapshot.all(Intent), *world.state.snapshot.all(Rescue)]
    assert not waiting, waiting


def exactly_once(world: World) -> None:
    """9. No article and no collection stands twice in a replica; copies are met as strangers without a state."""
    twins = world.twins() - world.ledger.twins
    assert not twins, f"twice: {twins}"


def state_soundness(world: World) -> None:
    """10. The state remembers only what a replica really showed."""
    for shadow in world.shadows():
        reading = reading_of(shadow)
        if reading.token:
            shown = world.replicas[shadow.replica].shown
            assert (reading.key, reading.raw) in shown, f"never seen in {shadow.replica}: {reading}"


def stale_plan_refusal(world: World, planned: dict[tuple[str, str], Content], plan: Plan, run: Run) -> None:
    """11. Apply writes only where a step says so and the replica stands as planned; else only links and places."""
    steps = {(world.birth_of(step.article), step.replica) for step in plan.steps}
    first = {(birth(write.sent), write.replica): write for write in reversed(run.writes)}
    for spot, write in first.items():
        if write.before is not None and write.action != "retire" and words(write.before) == words(write.sent):
            continue
        assert spot in steps, f"not in the plan: {write}"
        before = _text_of(world, write)
        assert spot not in planned or before is None or before == _fixed(planned[spot]), f"stale: {write}"


def no_stale_step(run: Run, name: str, each: str) -> None:
    """11. Where the version moved on nothing is written, though the words are the same, and the run says so."""
    assert not [w for w in run.writes if w.replica == name and birth(w.sent) == each], run.writes
    assert run.report is not None, run.error
    assert name in {stop.replica for stop in run.report.refused}, run.report


def order_independence(one: World, other: World) -> None:
    """12. No order of listings, things or replicas changes what is agreed on or held."""
    here, there = _agreed(one), _agreed(other)
    only = [each for each in here if each not in there], [each for each in there if each not in here]
    assert here == there, f"one agreed on {only[0]}, the other on {only[1]}"


def merge_laws(world: World) -> None:
    """13. No merge makes a word up or says one twice; the laws themselves are in `test_merge_laws.py`."""
    for name in NAMES:
        for thing in world.replicas[name].things.values():
            for locale, text in thing.raw["texts"].items():
                for key, value in text.items():
                    prose = [line for line in value.split("\n") if not line.startswith("see")]
                    said = Counter(WORD.findall("\n".join(prose)))
                    twice = [word for word, count in said.items() if count > 1]
                    assert not twice, f"{key}.{locale} in {name} says twice {twice}: {value!r}"
                    made_up = said.keys() - world.ledger.written()
                    assert not made_up, f"nobody wrote {made_up}"


def lens_laws(world: World) -> None:
    """14. What only one system understands stays there; the laws are in `test_lens_laws.py`."""
    for (name, handle), macro in world.macros.items():
        thing = world.replicas[name].things.get(("article", handle))
        assert thing is None or thing.raw.get("macro") == macro, f"{name} {handle} lost its macro"


def isolation(world: World, run: Run, id: str) -> None:
    """15. Where one article is refused all others come to agree, and the run says that something failed."""
    assert run.report is not None, run.error
    failed = {stop.article for stop in run.report.failed}
    assert failed <= {id}, f"failed beside {id}: {run.report.failed}"
    assert bool(failed) <= (run.report.exit_code == 1)
    convergence(world, {world.birth_of(id), *map(world.birth_of, world.conflicts())})


def scope(world: World, run: Run) -> None:
    """16. A replica that is only read is never written; in one that is only written no edit is run over."""
    for write in run.writes:
        direction = run.policy.direction.get(write.replica, "both")
        assert direction != "pull", f"written: {write}"
        if direction == "push" and write.action == "update" and write.before is not None:
            gone = (words(write.before) - words(write.sent)) & world.ledger.owed
            put_by = [*world.settled(), *world.rescues()]
            kept = set(WORD.findall(msgspec.json.encode(put_by).decode()))
            elsewhere = words(*(t.raw for n in NAMES for t in world.replicas[n].things.values()))
            assert gone <= kept | elsewhere, f"run over in {write.replica}: {gone}"
        if run.undisturbed and run.legible is not None:
            taken = words(write.sent) - words(*([write.before] if write.before else [])) - run.legible
            assert not taken, f"taken from where nothing is read, into {write.replica}: {taken}"


def single_writer(world: World) -> None:
    """18. While one run is at work another ends with a clear line, and writes nothing."""
    writes = sum(replica.writes for replica in world.replicas.values())
    with pytest.raises(LeaseHeld, match="another run is at work"):
        world.engine().sync()
    assert sum(replica.writes for replica in world.replicas.values()) == writes


ALWAYS: Final[tuple[Callable[[World], None], ...]] = (
    no_lost_update,
    exactly_once,
    state_soundness,
    merge_laws,
    lens_laws,
)
AFTER_A_RUN: Final[tuple[Callable[[World, Run], None], ...]] = (
    no_silent_deletion,
    deletion_budget,
    scope,
    held_fields_stay,
    no_silence_about_outages,
    nothing_waits_unsaid,
)
AT_REST: Final[tuple[Callable[[World], None], ...]] = (
    crash_anywhere,
    no_word_out_of_sight,
    convergence,
    every_place_is_there,
    one_person_decides,
    no_resurrection,
    quiescence,
)
IN_A_RULE: Final = (
    nothing_follows_from_emptiness,
    nothing_fails_in_calm_weather,
    nothing_left_to_do,
    no_fight,
    no_stale_step,
    word_stands_in,
    stands_in,
    idempotence,
    planning_writes_nothing,
    stale_plan_refusal,
    order_independence,
    isolation,
    single_writer,
)


# --- comparing ------------------------------------------------------------------------------------


def _comparable(world: World) -> dict[tuple[str, str], Content]:
    shown = world.shown()
    living = _living(world)
    return {spot: _fold(content, living) for spot, content in shown.items()}


def _living(world: World) -> set[str]:
    """Return what a link can lead to wherever it stands: not what the policy kept away from some replica."""
    away = {world.birth_of(shadow.id) for shadow in world.shadows() if shadow.kept}
    return {each for each, _ in world.shown()} - away


def _fold(content: Content, living: set[str]) -> Content:
    """Take links to what is gone for their text, and places that are gone for the top."""
    return {spot: _folded(spot, value, living) for spot, value in content.items()}


def _folded(spot: str, value: object, living: set[str]) -> object:
    if spot == "place":
        return value if value in living else ""
    if isinstance(value, list) and spot.startswith("body"):
        return [_link(line, living) for line in value]
    return value


def _link(line: str, living: set[str]) -> str:
    return "see" if line.startswith("see") and line.removeprefix("see ") not in living else line


def assert_alike(world: World, each: str, sides: dict[str, Content]) -> None:
    """Compare the fields that both sides can hold, leaving out what a server is known to have changed."""
    (one, here), (other, there) = sides.items()
    exempt = set[str]()
    for name in sides:
        if (each, name) in world.altered:
            exempt |= {"body", "title", "description"}
        if name == "intercom" and each in world.staged:
            exempt.add("state")
    for spot in sorted(_comparing(here, there) if "a person" not in sides else here):
        if spot.partition(".")[0] not in exempt:
            assert here.get(spot) == there.get(spot), (
                f"{each} {spot}: {one} shows {here.get(spot)!r}, {other} {there.get(spot)!r}"
            )


def _comparing(here: Content, there: Content) -> set[str]:
    both = here.keys() | there.keys()
    if {"description.en"} <= here.keys() ^ there.keys():  # one of them is Confluence
        return {spot for spot in both if spot.endswith(".en") or "." not in spot} - {"description.en"}
    return both


def _stays_away(world: World, each: str, name: str) -> bool:
    """Tell whether somebody deleted it there while the policy kept it elsewhere."""
    return any(s.kept and s.replica == name and world.birth_of(s.id) == each for s in world.shadows())


def _is_collection_in_use(world: World, each: str) -> bool:
    return any(content.get("place") == each for content in world.shown().values())


def _fixed(content: Content) -> Content:
    """Return the texts without what their links name, which a run may retire or move."""
    content = _fold(content, set())
    return {spot: value for spot, value in content.items() if spot.startswith(("title", "body", "desc"))}


def _text_of(world: World, write: Write) -> Content | None:
    if write.before is None:
        return None
    return _fixed(world.content(write.replica, Thing(write.kind, "", write.before)))


def _agreed(world: World) -> list[object]:
    held = (msgspec.structs.replace(c, since="") for c in world.state.snapshot.all(Conflict))
    return [*world.state.snapshot.all(Base), *held]
