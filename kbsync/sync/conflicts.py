"""Held conflicts as people meet them: listed, written to files with markers, and settled."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from kbsync.document import markers
from kbsync.document.blocks import Document
from kbsync.document.formats import PLAIN
from kbsync.document.markdown import MARKDOWN
from kbsync.document.merge import Merged, merge
from kbsync.effects import Effects
from kbsync.errors import ContentError, UsageError, WriteFailed
from kbsync.state.records import Base, Conflict, EntryKey, Settled, Shadow, Value
from kbsync.state.snapshot import Change, Put, Snapshot, drop
from kbsync.sync.accept import moment, rescued_name
from kbsync.sync.fields import Field, Fields, assemble, flatten, put
from kbsync.sync.outcome import Held
from kbsync.sync.policy import Policy
from kbsync.sync.spelling import markdown, spell
from kbsync.sync.votes import Claim, clash, merge_claims

Take: TypeAlias = Literal["files", "intercom", "confluence", "merged"]
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_FENCE = "---"
_ONE_SIDE = "--take files overwrites what was edited elsewhere, --take intercom or confluence spreads it"
_WRITTEN_AGAIN = "delete it and kbsync sync writes it again; or use --take files, intercom or confluence"


@dataclass(frozen=True, slots=True)
class View:
    """One held field for people: who says what, since when, and the file that can be edited."""

    article: str
    kind: str
    field: str
    locale: str
    since: str
    drift: bool
    versions: dict[str, str]
    file: Path


def views(snapshot: Snapshot, folder: Path, policy: Policy) -> list[View]:
    """Return all held fields, by entry."""
    return [
        View(
            c.id,
            c.kind,
            c.field,
            c.locale,
            c.since,
            c.drift,
            {name: spell(value) for name, value in sorted(c.versions.items())},
            file_of(folder, (c.kind, c.id), c.locale or policy.default_locale),
        )
        for c in snapshot.all(Conflict)
    ]


def held(snapshot: Snapshot) -> list[Held]:
    """Return the entries that wait for a person."""
    grouped: dict[EntryKey, list[Conflict]] = {}
    for conflict in snapshot.all(Conflict):
        grouped.setdefault((conflict.kind, conflict.id), []).append(conflict)
    return [_held(snapshot.base(key), key[1], each) for key, each in grouped.items()]


def _held(base: Base | None, id: str, conflicts: Sequence[Conflict]) -> Held:
    fields = tuple(sorted(Field(c.field, c.locale).spelled() for c in conflicts))
    blocks = sum(len(_merged(base, c)[1].conflicts) for c in conflicts if c.field == "body" and not c.drift)
    names = {name for conflict in conflicts for name in conflict.versions}
    return Held(id, fields, blocks, tuple(sorted(names)))


def file_of(folder: Path, key: EntryKey, locale: str) -> Path:
    """Return where the conflict of an entry in one locale is written; ids and locales are made safe."""
    prefix = "_collection." if key[0] == "collection" else ""
    name = f"{prefix}{_safe(key[1])}.{_safe(locale)}.md"
    return folder / name


def _safe(part: str) -> str:
    return _UNSAFE.sub("-", part).strip(".-") or "x"


def write_files(snapshot: Snapshot, folder: Path, policy: Policy, effects: Effects) -> None:
    """Write a file for every conflict and remove those of settled ones. Raises WriteFailed.

    A file that is there is not written again while its conflict says the same: somebody may be at it.
    """
    wanted = dict(_files(snapshot, folder, policy))
    stamp = folder / ".versions"
    known = _stamps(stamp)
    fresh: dict[str, str] = {}
    try:
        for path, (text, version) in wanted.items():
            fresh[path.name] = version
            if known.get(path.name) != version or not path.exists():
                effects.perform("files", f"write {path.name}", partial(_write, path, text))
        for name in known.keys() - fresh.keys():
            gone = folder / name
            effects.perform("files", f"remove {name}", partial(gone.unlink, missing_ok=True))
        if fresh != known:
            stamps = msgspec.json.encode(fresh, order="sorted").decode()
            effects.perform("files", "note conflicts", lambda: _write(stamp, stamps))
    except OSError as error:
        raise WriteFailed(f"cannot be written: {error.strerror}", where=str(folder)) from error


def _stamps(path: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return {}


def _write(path: Path, text: str) -> None:
    """Write all of a file or nothing: half of it would read as somebody's decision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _files(snapshot: Snapshot, folder: Path, policy: Policy) -> Iterable[tuple[Path, tuple[str, str]]]:
    grouped: dict[tuple[EntryKey, str], list[Conflict]] = {}
    for conflict in snapshot.all(Conflict):
        if not conflict.drift:
            spot = ((conflict.kind, conflict.id), conflict.locale or policy.default_locale)
            grouped.setdefault(spot, []).append(conflict)
    for (key, locale), conflicts in grouped.items():
        version = msgspec.json.encode(conflicts, order="deterministic")
        base = snapshot.base(key)
        yield file_of(folder, key, locale), (_text(base, conflicts), _digest(version))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _text(base: Base | None, conflicts: Sequence[Conflict]) -> str:
    scalars = [c for c in conflicts if c.field != "body"]
    bodies = [c for c in conflicts if c.field == "body"]
    head = "".join(_scalar(c) for c in scalars)
    text = f"{_FENCE}\n{head}{_FENCE}\n" if head else ""
    return text + "".join(_body(base, c) for c in bodies)


def _scalar(conflict: Conflict) -> str:
    names = sorted(conflict.versions)
    said = [
        f"{Field(conflict.field, conflict.locale).spelled()}: {spell(conflict.versions[n])}\n" for n in names
    ]
    middle = "".join(f"======= {name}\n{line}" for name, line in zip(names[1:-1], said[1:-1], strict=True))
    return f"<<<<<<< {names[0]}\n{said[0]}{middle}=======\n{said[-1]}>>>>>>> {names[-1]}\n"


def _body(base: Base | None, conflict: Conflict) -> str:
    names, merged = _merged(base, conflict)
    return str(markers.marked(merged, names, markdown))


def _merged(base: Base | None, conflict: Conflict) -> tuple[tuple[str, ...], Merged]:
    versions = {n: v for n, v in sorted(conflict.versions.items()) if isinstance(v, Document)}
    ancestor = _ancestor(base, conflict)
    if ancestor is None:
        return tuple(versions), clash(versions)
    return tuple(versions), merge(ancestor, list(versions.values()))


def _ancestor(base: Base | None, conflict: Conflict) -> Document | None:
    """Return what all versions came from; one that came from nothing removed nothing of it."""
    values = [value for value in conflict.ancestors.values() if isinstance(value, Document)]
    if values:
        return values[0]
    if base is None or conflict.baseless or conflict.ancestors:
        return None
    value = flatten(base.entry).get(Field("body", conflict.locale))
    return value if isinstance(value, Document) else None


def settlement(snapshot: Snapshot, key: EntryKey, take: Take, folder: Path, policy: Policy) -> list[Change]:
    """Return the changes that settle every conflict of an entry.

    An edit held in a replica that is only written to has no merged file: it stays held then. To take that
    replica's side of an entry that was deleted elsewhere brings the entry back.

    Raises UsageError when it has none, ContentError when the merged file is missing or still has markers.
    """
    held, base = snapshot.conflicts(key), snapshot.base(key)
    conflicts = [each for each in held if not (each.drift and take == "merged")]
    if not held or base is None:
        raise UsageError(f"{key[1]} has no held conflict", hint="kbsync conflicts lists them")
    if not conflicts:
        raise UsageError(f"{key[1]} has no merged file", hint=_ONE_SIDE)
    fields = flatten(base.entry)
    edited = _edited(folder, key, conflicts, policy) if take == "merged" else {}
    for conflict in conflicts:
        spot = Field(conflict.field, conflict.locale)
        value = edited[spot] if spot in edited else _chosen(snapshot, base, conflict, take)
        put(fields, spot, value)
    entry = assemble(*key, fields)
    back = any(each.drift and take in each.versions for each in conflicts)
    retired = base.retired and not back
    changes: list[Change] = [Put(msgspec.structs.replace(base, entry=entry, settled=False, retired=retired))]
    changes += _pinned(snapshot, key, base)
    names = {name for conflict in conflicts for name in conflict.versions}
    for conflict in conflicts:
        changes += [drop(conflict), Put(Settled(conflict=_in_full(base, conflict), take=take, at=moment()))]
    changes += [drop(rescue) for rescue in snapshot.rescues(key) if rescued_name(rescue) in names]
    return changes


def _in_full(base: Base, conflict: Conflict) -> Conflict:
    """Return a conflict with what was agreed on among its versions: against that, too, is decided."""
    if not conflict.drift:
        return conflict
    agreed = flatten(base.entry).get(Field(conflict.field, conflict.locale))
    return msgspec.structs.replace(conflict, versions={"files": agreed, **conflict.versions})


def _pinned(snapshot: Snapshot, key: EntryKey, base: Base) -> Iterable[Change]:
    """Say explicitly what each replica shows, because the base is about to be something else."""
    for shadow in snapshot.all(Shadow):
        if (shadow.kind, shadow.id) == key and shadow.agreed is None:
            yield Put(msgspec.structs.replace(shadow, agreed=base.entry))


def _chosen(snapshot: Snapshot, base: Base, conflict: Conflict, take: str) -> Value:
    spot = Field(conflict.field, conflict.locale)
    if conflict.baseless and take in conflict.versions:
        return conflict.versions[take]
    if conflict.drift and take not in conflict.versions:
        return flatten(base.entry).get(spot)
    if take not in conflict.versions:
        shadow = snapshot.get(Shadow, take, conflict.kind, conflict.id)
        entry = shadow.agreed if shadow and shadow.agreed else base.entry
        return flatten(entry).get(spot)
    claims = [
        Claim(name, _only(spot, conflict.versions[name]), _only(spot, ancestor))
        for name, ancestor in conflict.ancestors.items()
    ]
    before = _only(spot, flatten(base.entry).get(spot))
    merged = merge_claims(before, claims, take)
    return conflict.versions[take] if spot in merged.disputes else _value(merged.fields, spot, conflict, take)


def _value(fields: Fields, spot: Field, conflict: Conflict, take: str) -> Value:
    return fields.get(spot, conflict.versions[take])


def _only(spot: Field, value: Value) -> Fields:
    """Return the field alone, in a locale that has a title so that it counts as there."""
    fields: Fields = {Field("title", spot.locale): ""}
    put(fields, spot, value)
    return fields


def _edited(folder: Path, key: EntryKey, conflicts: Sequence[Conflict], policy: Policy) -> Fields:
    fields: Fields = {}
    for locale in {c.locale or policy.default_locale for c in conflicts if not c.drift}:
        path = file_of(folder, key, locale)
        mine = [c for c in conflicts if (c.locale or policy.default_locale) == locale]
        fields |= _read(path, mine)
    return fields


def _read(path: Path, conflicts: Sequence[Conflict]) -> Fields:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError("the merged file cannot be read", where=str(path), hint=_WRITTEN_AGAIN) from error
    if "\0" in text:
        raise ContentError("the merged file is not text", where=str(path), hint=_WRITTEN_AGAIN)
    if markers.has_markers(text):
        hint = "edit the blocks between <<<<<<< and >>>>>>>, remove the markers, then run it again"
        raise ContentError("there are still conflict markers", where=str(path), hint=hint)
    head, body = _split(text, path)
    if not body.strip() and any(conflict.field == "body" for conflict in conflicts):
        raise ContentError("the merged file has no text", where=str(path), hint=_WRITTEN_AGAIN)
    fields: Fields = {}
    for conflict in conflicts:
        spot = Field(conflict.field, conflict.locale)
        if conflict.field == "body":
            fields[spot] = MARKDOWN.read(body, PLAIN)
        else:
            put(fields, spot, _parsed(conflict, head.get(spot.spelled(), ""), path))
    return fields


def _split(text: str, path: Path) -> tuple[dict[str, str], str]:
    if not text.startswith(f"{_FENCE}\n"):
        return {}, text
    head, closed, body = text.removeprefix(f"{_FENCE}\n").partition(f"\n{_FENCE}\n")
    if not closed:
        raise ContentError(
            "the fields at the top are not closed by ---", where=str(path), hint=_WRITTEN_AGAIN
        )
    pairs = (line.partition(": ") for line in head.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}, body


def _parsed(conflict: Conflict, text: str, path: Path) -> Value:
    if conflict.field == "author":
        return int(text) if text.isdigit() else None
    if conflict.field == "state" and text not in ("published", "draft"):
        raise ContentError("state is neither published nor draft", where=str(path))
    if conflict.field == "title" and not text:
        raise ContentError(f"there is no line `title.{conflict.locale}: …`", where=str(path))
    return text
