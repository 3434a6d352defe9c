"""Bugs that somebody could make in the sync engine: a file, what stands there, and what would be wrong."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One seeded bug."""

    name: str
    file: str
    old: str
    new: str


MUTANTS = (
    Mutant(
        "count an unconfirmed absence",
        "guard.py",
        'side.presence == "absent" and side.reading is None',
        "False",
    ),
    Mutant("let a delete beat an edit", "presence.py", "(C, A, S): RESTORE", "(C, A, S): RETIRE"),
    Mutant(
        "trust the sent form",
        "verify.py",
        "if written.newer else reading\n",
        "if written.newer else msgspec.structs.replace(reading, raw=raw)\n",
    ),
    Mutant("forget what was overwritten", "verify.py", "for other in written.overwritten", "for other in ()"),
    Mutant("leave overwritten versions lying", "survey.py", "or key in self._waiting", ""),
    Mutant(
        "advance the shadow early",
        "accept.py",
        "agreed = full(decision, version, base)",
        "agreed = None",
    ),
    Mutant("announce nothing", "apply.py", "*(Put(each.intent) for each in ready)", ""),
    Mutant(
        "never look for announced writes", "recover.py", "shown = _settled(case, reading)", "shown = None"
    ),
    Mutant(
        "look only for what nobody touched since",
        "recover.py",
        "intent.raw, edited=edited)",
        "intent.raw, edited=False)",
    ),
    Mutant(
        "leave out of a digest what a first meeting left out",
        "tasks.py",
        "digest(kind, flatten(entry))",
        "digest(kind, decision.desired[side.replica])",
    ),
    Mutant(
        "take a stale base for the ancestor", "votes.py", "if same(spot, vote.ancestor, base):", "if True:"
    ),
    Mutant("let the first of two edits win", "votes.py", "if not merged.conflicts:", "if True:"),
    Mutant("forget held conflicts", "reconcile.py", "if name in held.ancestors:", "if False:"),
    Mutant("write over a held field", "reconcile.py", "{*merge.disputes, *drifts.get(name, ())}", "set()"),
    Mutant(
        "settle what is still open",
        "accept.py",
        "return not (decision.disputes or decision.drifts or open_sides)",
        "return True",
    ),
    Mutant(
        "let a removal of a locale beat an edit",
        "votes.py",
        "kept = {spot: _without_removals(by) if spot.locale in edited else by for spot, by in votes.items()}",
        "gone = {s.locale for s, by in votes.items() for v in by.values() if s.locale and v.value is None}; "
        "kept = {s: {n: v for n, v in by.items() if v.value is None or s.locale not in gone}"
        " for s, by in votes.items()}",
    ),
    Mutant(
        "lift nothing",
        "fields.py",
        'return lift_body(cast("Document", base), cast("Document", old), after)',
        "return after",
    ),
    Mutant(
        "take labels from one side",
        "fields.py",
        "return tuple(sorted((set(base) - removed) | added))",
        "return tuple(sorted(edits[0][1]))",
    ),
    Mutant(
        "rewrite what the server altered", "tasks.py", "or differing(side.version, desired)):", "or True):"
    ),
    Mutant("never write links again", "apply.py", "        self._links()\n", ""),
    Mutant("forget the followers of a folder", "apply.py", "self._follow_folders(before, work)", "pass"),
    Mutant("retire without looking", "apply.py", "and self._edited(name, task.reading, seen)", "and False"),
    Mutant(
        "take an unknown id for a new one", "adopt.py", 'id = own or bound.get(reading.key, "")', "id = own"
    ),
    Mutant(
        "pair nothing", "adopt.py", "if len({item.replica for item in group}) + len(ids) > 1:", "if False:"
    ),
    Mutant(
        "take all that is alike in one replica for one article",
        "adopt.py",
        "len({item.replica for item in group}) + len(ids) > 1",
        "len(group) + len(ids) > 1",
    ),
    Mutant(
        "retire a collection that is not empty",
        "decide.py",
        "if _is_gone(survey, result, key, places[key])]",
        "if False]",
    ),
    Mutant(
        "believe a broken listing",
        "observe.py",
        "return Seen(replica.name, error=error)",
        "return Seen(replica.name, complete=True, usable=True)",
    ),
    Mutant("believe an old listing", "survey.py", "    _look_twice(replicas, snapshot, seen)\n", ""),
    Mutant(
        "drop unseen words with a vanished copy",
        "reconcile.py",
        "    presence = _unseen_counts(presence, sides, policy)\n",
        "",
    ),
    Mutant(
        "forget a retired thing's place",
        "accept.py",
        "reading=spelled(gone), agreed=agreed, retired=True",
        "reading=spelled(gone), agreed=agreed, retired=False",
    ),
    Mutant(
        "let a lost answer count as not done",
        "apply.py",
        "return not isinstance(error, RemoteDown | StateError) and type(error) is not RemoteError",
        "return True",
    ),
    Mutant(
        "settle a conflict by forgetting it",
        "conflicts.py",
        "put(fields, spot, value)\n    entry",
        "pass\n    entry",
    ),
    Mutant(
        "keep no base for those that lag", "conflicts.py", "    changes += _pinned(snapshot, key, base)\n", ""
    ),
    Mutant(
        "forget what a replica cannot show",
        "fields.py",
        "version = dict(agreed)",
        "version = dict(after)",
    ),
    Mutant(
        "take what a server dropped for a person's cut",
        "recover.py",
        "return _edited(case, reading, stored, intended)",
        "return None",
    ),
    Mutant(
        "take an announced retirement for a done one",
        "recover.py",
        "elif _unpublished(case, old, reading):",
        "elif True:",
    ),
    Mutant("write again what is done", "engine.py", "if shown == step.result_digest:", "if False:"),
    Mutant(
        "plan anew what nobody has answered",
        "engine.py",
        "look = self._look(mask | self._interrupted())",
        "look = self._look(mask)",
    ),
    Mutant(
        "take more steps than were planned",
        "engine.py",
        "return valid & {step.id for step in plan.steps}",
        "return valid",
    ),
    Mutant(
        "bind a step to no version",
        "tasks.py",
        "msgspec.json.encode([side.replica, kind, id, action, expects, result])",
        "msgspec.json.encode([side.replica, kind, id, action, result])",
    ),
    Mutant("retire as many as there are", "guard.py", "if dying <= allowed:", "if True:"),
    Mutant("believe an empty replica", "guard.py", "and len(keys) >= _FEW and too_many", "and False"),
    Mutant(
        "write where only reading is allowed",
        "policy.py",
        'return self.direction.get(replica, "both") != "pull"',
        "return True",
    ),
    Mutant(
        "take a vote from where only writing is allowed",
        "policy.py",
        'return self.direction.get(replica, "both") != "push"',
        "return True",
    ),
    Mutant(
        "run over drift without a word",
        "reconcile.py",
        "decided=_on_record(overruled, merge)",
        "decided=merge.decided",
    ),
    Mutant(
        "forget a side of a conflict where nothing is read any more",
        "reconcile.py",
        "if name in c.ancestors}",
        "if c.drift and name in c.ancestors}",
    ),
    Mutant(
        "forget a drift beside a conflict",
        "reconcile.py",
        "        if spot in spots:\n            versions[name]",
        "        if False:\n            versions[name]",
    ),
    Mutant(
        "forget that a deletion is held where nothing is read",
        "accept.py",
        "kept = decision.kept or (held and stays_away(survey, decision, side))",
        "kept = decision.kept",
    ),
    Mutant("forget who links to what was renamed", "apply.py", "        self._expect_links()\n", ""),
    Mutant(
        "forget that links wait",
        "accept.py",
        "(now_known.pending if now_known else False) or _waits",
        "False or _waits",
    ),
    Mutant(
        "render over nothing",
        "apply.py",
        "render(task.entry, task.reading, self._names(name))",
        "render(task.entry, None, self._names(name))",
    ),
)
