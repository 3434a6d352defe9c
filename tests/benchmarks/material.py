"""The documents that are measured: a folder of real ones, or the project's own.

KBSYNC_BENCH_DOCS names a folder of Markdown files; KBSYNC_BENCH_FILES says how many of them, spread evenly,
are taken (300).
"""

from __future__ import annotations

import os
from pathlib import Path

from kbsync.document.convert import format_of, split_front_matter
from kbsync.document.formats import PLAIN, FormatName
from kbsync.errors import DocumentError

ROOT = Path(__file__).resolve().parents[2]
_LEAST = 400_000
_SUFFIXES = {"confluence": "xml", "intercom": "html"}


def markdown_files() -> list[Path]:
    """Return the Markdown files; few or short ones several times, so that there is something to measure."""
    folder = Path(os.environ.get("KBSYNC_BENCH_DOCS") or ROOT / "content")
    found = sorted(path for path in folder.rglob("*.md") if path.is_file())
    limit = int(os.environ.get("KBSYNC_BENCH_FILES", "300"))
    taken = found[:: -(-len(found) // limit)]
    return taken * max(1, _LEAST // sum(path.stat().st_size for path in taken))


def body(path: Path) -> str:
    """Return a file's Markdown without its front matter."""
    return split_front_matter(path.read_bytes().decode("utf-8", "replace"))[1]


def bodies(form: FormatName) -> list[str]:
    """Return the files as a remote format holds them, and the corpus of that format that can be read."""
    write = format_of(form).write
    read = format_of("markdown").read
    made = [write(read(body(path), PLAIN), PLAIN).raw for path in markdown_files()]
    corpus = sorted((ROOT / "tests/corpus" / form).glob(f"*.{_SUFFIXES[form]}"))
    texts = [path.read_bytes().decode("utf-8", "replace") for path in corpus if "hostile" not in path.stem]
    return [raw for raw in made + texts if raw and _readable(form, raw)]


def _readable(form: FormatName, raw: str) -> bool:
    try:
        format_of(form).read(raw, PLAIN)
    except DocumentError:
        return False
    return True
