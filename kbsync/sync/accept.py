"""What the state should hold once a decision is taken, before any of its steps is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from kbsync.article import Article, Entry
from kbsync.document.blocks import ArticleRef, Document, Url
from kbsync.document.walk import targets
from kbsync.replicas.base import Reading
from kbsync.state.records import Base, Conflict, Rescue, Settled, Shadow
from kbsync.state.snapshot import Change, Put, drop
from kbsync.sync.fields import Field, Fields, assemble, differing, flatten
from kbsync.sync.observe import reading_of, spelled
from kbsync.sync.reconcile import Decision
from kbsync.sync.sides import Lookout, Side
from kbsync.sync.survey import Survey
from kbsync.sync.tasks import stays_away

_REMEMBERED = 8
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|[#?]|\Z")
_ARTICLE = re.compile(r"^ri:page/|/(?:articles|pages)/")


def now() -> str:
    """Return the time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def moment() -> str:
    """Return the time so finely that two decisions about one field never share it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def accepted(survey: Survey, decision: Decision, *, steps: bool) -> list[Change]:
    """Return the changes that record a decision; what changes nothing is left out."""
    changes = [*_all_changes(survey, decision, steps=steps)]
    return [change for change in changes if not _known_already(survey, change)]


def at_rest(decision: Decision) -> bool:
    """Tell whether nothing is left to be done once all steps are."""
    open_sides = any(not side.usable for side in decision.sides.values())
    return not (decision.disputes or decision.drifts or open_sides)


def _all_changes(survey: Survey, decision: Decision, *, steps: bool) -> Iterable[Change]:
    if decision.entry is None:
        return
    settled = not steps and at_rest(decision)
    entry = decision.entry
    base = Base(entry=entry, settled=settled, retired=not decision.alive, dangling=dangling(entry))
    yield Put(base)
    for side in decision.sides.values():
        shadow = _shadow(survey, decision, side, base.entry)
        if shadow is not None:
            yield Put(shadow)
    yield from _conflicts(survey, decision)
    yield from _rescues(survey, decision)


def dangling(entry: Entry) -> tuple[str, ...]:
    """Return the addresses in an entry's bodies that name nothing, or did not when read, and may yet name an article.

    Those are relative ones, titles of pages, and web addresses of articles and pages.
    """
    texts = entry.texts.values() if isinstance(entry, Article) else ()
    links = (target for text in texts for target, is_image in targets(text.body) if not is_image)
    return tuple(
        sorted({link.href for link in links if isinstance(link, Url) and _may_name_an_article(link.href)})
    )


def _may_name_an_article(address: str) -> bool:
    return not _ABSOLUTE.match(address) or bool(_ARTICLE.search(address))


def _shadow(survey: Survey, decision: Decision, side: Side, base: Entry) -> Shadow | None:
    kind, id = decision.key
    old = side.shadow
    version = decision.desired[side.replica] if side.replica in decision.abreast else side.version
    agreed = full(decision, version, base)
    if not side.usable:
        return msgspec.structs.replace(old, agreed=agreed) if old else None
    if side.here and side.reading is not None:
        fresh = Shadow(replica=side.replica, kind=kind, id=id, reading=spelled(side.reading), agreed=agreed)
        now_known = survey.snapshot.shadow(side.replica, decision.key)
        pending = (now_known.pending if now_known else False) or _waits(survey, decision, side)
        pending = pending or _is_homeless(survey, decision, side, side.reading)
        assets = _assets(survey, side, agreed or base) if side.replica != "files" else {}
        return msgspec.structs.replace(fresh, pending=pending, past=past(old, side.reading), assets=assets)
    if old is None:
        return None
    if side.presence == "absent":
        gone = msgspec.structs.replace(side.reading or reading_of(old), retired=True)
        held = decision.alive and not survey.policy.reads(side.replica)
        kept = decision.kept or (held and stays_away(survey, decision, side))
        return msgspec.structs.replace(old, reading=spelled(gone), agreed=agreed, retired=True, kept=kept)
    kept = old.kept and stays_away(survey, decision, side)
    return msgspec.structs.replace(old, agreed=agreed, kept=kept)


def _waits(survey: Survey, decision: Decision, side: Side) -> bool:
    """Tell whether a side should get a link to an article that has no name there yet."""
    desired = decision.desired.get(side.replica, {})
    if side.version is None or not differing(side.version, desired):
        return False
    links = (link for body in desired.values() if isinstance(body, Document) for link, _ in targets(body))
    book = survey.books[side.replica]
    return any(isinstance(link, ArticleRef) and book.handle(link.article) is None for link in links)


def _is_homeless(survey: Survey, decision: Decision, side: Side, reading: Reading) -> bool:
    """Tell whether a thing is shown in a collection that was made anew meanwhile, under another handle."""
    spot, book = Field("place"), survey.books[side.replica]
    place = decision.desired.get(side.replica, {}).get(spot)
    if not place or side.replica == "files" or not book.is_new(("collection", str(place))):
        return False
    shown = Lookout(survey.replicas[side.replica], book.strict(), complete=True).shown(reading)
    return shown.get(spot) != place


def _assets(survey: Survey, side: Side, entry: Entry) -> dict[str, str]:
    """Return the digests of the files a replica shows: as they were sent, else as they are met now."""
    sent = side.shadow.assets if side.shadow else {}
    return {path: sent.get(path, digest) for path, digest in survey.home.digests(entry).items()}


def full(decision: Decision, version: Fields | None, base: Entry) -> Entry | None:
    """Return a side's version as an entry, None where it is the base."""
    if version is None:
        return None
    entry = assemble(*decision.key, version)  # what it leaves out stands for what an entry then has
    return entry if differing(flatten(entry), flatten(base)) else None


def past(old: Shadow | None, reading: Reading) -> tuple[str, ...]:
    """Return the tokens that are history once `reading` is remembered."""
    if old is None:
        return ()
    token = reading_of(old).token
    earlier = tuple(each for each in old.past if each not in (token, reading.token))
    return (*earlier, token)[-_REMEMBERED:] if token != reading.token else earlier


def _conflicts(survey: Survey, decision: Decision) -> Iterable[Change]:
    kind, id = decision.key
    held = {c.key: c for c in survey.snapshot.conflicts(decision.key)}
    fresh = {c.key: c for c in _disputed(decision)}
    for key, conflict in fresh.items():
        yield Put(_continued(conflict, held[key]) if key in held else conflict)
    for key, conflict in held.items():
        if key not in fresh:
            yield drop(conflict)
            yield Put(Settled(conflict=conflict, take="merged", at=moment()))
    for spot, dispute in decision.decided.items():
        lost = Conflict(
            kind=kind,
            id=id,
            field=spot.name,
            locale=spot.locale,
            versions=dict(dispute.versions),
            ancestors=dict(dispute.ancestors),
            since=now(),
        )
        if not _on_record(survey, lost):
            yield Put(Settled(conflict=lost, take=survey.policy.on_conflict, at=moment()))


def _continued(fresh: Conflict, held: Conflict) -> Conflict:
    """Return a conflict that waits on: since when, and what an edit that is held was made from, stay."""
    waiting = {name: value for name, value in held.ancestors.items() if name in fresh.ancestors}
    return msgspec.structs.replace(fresh, since=held.since, ancestors={**fresh.ancestors, **waiting})


def _on_record(survey: Survey, lost: Conflict) -> bool:
    """Tell whether the same versions were decided on before: a step that is refused is decided on again."""
    earlier = (settled.conflict for settled in survey.snapshot.all(Settled))
    return any(each.key == lost.key and each.versions == lost.versions for each in earlier)


def _disputed(decision: Decision) -> Iterable[Conflict]:
    kind, id = decision.key
    for spot, dispute in decision.disputes.items():
        yield Conflict(
            kind=kind,
            id=id,
            field=spot.name,
            locale=spot.locale,
            versions=dict(dispute.versions),
            ancestors=dict(dispute.ancestors),
            since=now(),
            baseless=spot in decision.baseless,
        )
    drifted = {spot for spots in decision.drifts.values() for spot in spots} - set(decision.disputes)
    for spot in sorted(drifted):
        sides = {str(n): decision.sides[n] for n, spots in decision.drifts.items() if spot in spots}
        yield Conflict(
            kind=kind,
            id=id,
            field=spot.name,
            locale=spot.locale,
            versions={name: (side.version or {}).get(spot) for name, side in sides.items()},
            ancestors={name: (side.agreed or {}).get(spot) for name, side in sides.items()},
            since=now(),
            drift=True,
        )


def _rescues(survey: Survey, decision: Decision) -> Iterable[Change]:
    disputing = {name for dispute in decision.disputes.values() for name in dispute.versions}
    for rescue in survey.snapshot.rescues(decision.key):
        if rescue.replica in decision.sides and rescued_name(rescue) not in disputing:
            yield drop(rescue)


def rescued_name(rescue: Rescue) -> str:
    """Return the name under which an overwritten version has a say."""
    return f"{rescue.replica}-overwritten-{rescue.token}"


def _known_already(survey: Survey, change: Change) -> bool:
    if not isinstance(change, Put):
        return False
    return survey.snapshot.get(type(change.record), *change.record.key) == change.record


def settle(survey: Survey, decisions: Sequence[Decision]) -> list[Change]:
    """Return the changes that mark entries as at rest."""
    changes = list[Change]()
    for decision in decisions:
        base = survey.snapshot.base(decision.key)
        if base is not None and not base.settled and at_rest(decision):
            changes.append(Put(msgspec.structs.replace(base, settled=True)))
    return changes
