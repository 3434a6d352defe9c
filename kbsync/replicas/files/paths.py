"""Which file is what: articles, translations, collections, and everything else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

COLLECTION_FILE = "_collection.md"
ASSETS = "assets"
SUFFIX = ".md"

# ISO 639-1; a translation is `<slug>.<language>[-<Region or Script>].md`.
_LANGUAGES = frozenset(
    "aa ab af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is "
    "it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr "
    "ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg "
    "si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa "
    "wo xh yi yo za zh zu".split()
)
_LOCALE = re.compile(r"^([a-z]{2})(?:-[A-Z][A-Za-z]{1,3}|-[a-z]{2,4})?$")
_DEVICE = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9]")
_UNSAFE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class ArticlePath:
    """A file of an article: its handle (path without suffixes) and its locale ("" for the default)."""

    handle: str
    locale: str


def is_locale(text: str) -> bool:
    """Tell whether a file name's second suffix is a locale."""
    match = _LOCALE.match(text)
    return match is not None and match[1] in _LANGUAGES


def article_path(path: PurePosixPath) -> ArticlePath:
    """Part the path of a Markdown file into handle and locale."""
    stem = path.name.removesuffix(SUFFIX)
    name, dot, suffix = stem.rpartition(".")
    if dot and name and is_locale(suffix):
        return ArticlePath(str(path.with_name(name)), suffix)
    return ArticlePath(str(path.with_name(stem)), "")


def file_of(handle: str, locale: str, default: str) -> str:
    """Return the path of an article's file in one locale."""
    return f"{handle}{SUFFIX}" if locale in ("", default) else f"{handle}.{locale}{SUFFIX}"


def takes_part(path: PurePosixPath) -> bool:
    """Tell whether a path below the content root takes part in the sync.

    Hidden folders, folders whose name begins with `_` (such as `_drafts`) and `assets` at the top do not.
    """
    folders = path.parts[:-1]
    return not any(part.startswith((".", "_")) for part in folders) and folders[:1] != (ASSETS,)


def slug(title: str) -> str:
    """Return a safe file name for a title: lower-case ASCII words joined by dashes, at most 80 long.

    Names of devices, which no Windows checkout can hold, get a number
    (https://learn.microsoft.com/windows/win32/fileio/naming-a-file).
    """
    plain = _UNSAFE.sub("-", _ascii(title).lower()).strip("-")[:80].strip("-") or "article"
    return f"{plain}-1" if _DEVICE.fullmatch(plain) else plain


def _ascii(text: str) -> str:
    import unicodedata  # noqa: PLC0415  only titles of new remote articles need the table

    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
