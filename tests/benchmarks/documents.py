"""How fast documents go from form to form, beside md2conf, markdown-it-py, cfxmark and markdownify."""

from __future__ import annotations

import logging
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from kbsync.document.confluence import CONFLUENCE
from kbsync.document.formats import PLAIN
from kbsync.document.intercom import INTERCOM
from kbsync.document.markdown import MARKDOWN

from . import editing, starting
from .material import bodies, body, markdown_files
from .measure import ROUNDS, Row, absent, apiece, installed, show, wall

MEGA = 1_000_000
SHARE = 8
"""Files that a process converts at a time."""


def run() -> None:
    """Print the table."""
    files = markdown_files()
    size = sum(path.stat().st_size for path in files)
    rows = [*from_markdown(files), *from_storage(), *from_html()]
    show(f"Documents: {len(set(files))} Markdown files, {size / MEGA:.2f} MB in all, CPU time", rows)
    show("Edits of a document of 1 MB, CPU time", editing.rows())
    show("Starting, CPU time", starting.rows())


def storage_of(path: Path) -> str:
    """Convert one file to storage format."""
    return CONFLUENCE.write(MARKDOWN.read(body(path), PLAIN), PLAIN).raw


def each(convert: Callable[[Any], object], things: Iterable[Any]) -> Callable[[], None]:
    """Return the work of converting everything."""

    def work() -> None:
        for thing in things:
            convert(thing)

    return work


# --- Markdown -> storage format -------------------------------------------------------------------


def from_markdown(files: list[Path]) -> Iterator[Row]:
    """Measure reading Markdown, and writing storage format from it."""
    texts = [body(path) for path in files]
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parsed, read, whole = apiece(
        (parser.parse, texts), (lambda text: MARKDOWN.read(text, PLAIN), texts), (storage_of, files)
    )
    yield Row(
        "Markdown -> document", f"{read:.2f} s", "markdown-it-py", f"{parsed:.2f} s", read / parsed, 1.6, True
    )
    yield Row(
        "Markdown -> storage",
        f"{whole:.2f} s",
        "markdown-it-py",
        f"{parsed:.2f} s",
        whole / parsed,
        1.6,
        True,
    )
    yield from _beside_md2conf(files)


def _beside_md2conf(files: list[Path]) -> Iterator[Row]:
    name = "Markdown -> storage"
    if not installed("md2conf"):
        yield absent(name, "md2conf")
        return
    convert = md2conf(files)
    taken = [path for path in files if _works(convert, path)]
    if not taken:
        yield Row(name, "-", "md2conf", f"refuses all {len(files)} files")
        return
    ours, theirs = apiece((storage_of, taken), (convert, taken))
    yield _speed(f"{name}, {len(taken)} files", len(taken), "files/s", ours, "md2conf", theirs, 2)
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_share, [taken[:8], taken[8:16]]))
        both, alone = wall(lambda: _at_once(pool, taken), each(convert, taken))
        busiest = min(_at_once(pool, taken) for _ in range(ROUNDS))
    against = "md2conf in one"
    yield _speed(f"{name}, two processes, by the clock", len(taken), "files/s", both, against, alone, 3)
    yield _speed(
        f"{name}, two processes, CPU of the busier", len(taken), "files/s", busiest, against, theirs, 3
    )


def _at_once(pool: ProcessPoolExecutor, files: list[Path]) -> float:
    """Convert the files in two processes; return the CPU seconds of the busier one.

    What is sent and received is part of it: the parent's CPU time counts for both halves.
    """
    start = time.process_time()
    used: dict[int, float] = defaultdict(float)
    for worker, seconds, _ in pool.map(
        _share, [files[at : at + SHARE] for at in range(0, len(files), SHARE)]
    ):
        used[worker] += seconds
    return max(used.values()) + (time.process_time() - start) / 2


def _share(files: list[Path]) -> tuple[int, float, list[str]]:
    start = time.process_time()
    written = [storage_of(path) for path in files]
    return os.getpid(), time.process_time() - start, written


def md2conf(files: list[Path]) -> Callable[[Path], str]:
    """Return md2conf's conversion of one file, without a server."""
    logging.getLogger("md2conf").setLevel(logging.CRITICAL)
    converter, options = import_module("md2conf.converter"), import_module("md2conf.options")
    metadata, collection = import_module("md2conf.metadata"), import_module("md2conf.collection")
    site = metadata.ConfluenceSiteMetadata(domain="example.test", base_path="/wiki/", space_key="HELP")
    plain = options.ProcessorOptions(
        generated_by=None, converter=options.ConverterOptions(force_valid_url=False, render_latex=False)
    )
    pages = collection.ConfluencePageCollection()
    for number, path in enumerate(files):
        page = metadata.ConfluencePageMetadata(
            page_id=str(number), space_key="HELP", title=f"{path.stem} {number}", synchronized=True
        )
        pages.add(path.resolve(), page)
    root, users = Path(files[0].anchor), collection.ConfluenceUserCollection()

    def convert(path: Path) -> str:
        made = converter.ConfluenceDocument.create(path, plain, root, site, pages, users)
        return str(made[1].xhtml())

    return convert


# --- from the remote formats ----------------------------------------------------------------------


def from_storage() -> Iterator[Row]:
    """Measure storage format -> document -> Markdown."""
    name = "storage -> document -> Markdown"
    if not installed("cfxmark"):
        yield absent(name, "cfxmark")
        return
    convert = import_module("cfxmark").to_md
    texts = bodies("confluence")
    taken = [raw for raw in texts if _works(convert, raw)]
    ours, theirs = apiece(
        (lambda raw: MARKDOWN.write(CONFLUENCE.read(raw, PLAIN), PLAIN), taken), (convert, taken)
    )
    yield _speed(f"{name}, {len(taken)} of {len(texts)}", _size(taken), "MB/s", ours, "cfxmark", theirs, 3)


def from_html() -> Iterator[Row]:
    """Measure HTML -> document."""
    name = "HTML -> document"
    if not installed("markdownify"):
        yield absent(name, "markdownify")
        return
    convert = import_module("markdownify").markdownify
    texts = bodies("intercom")
    taken = [raw for raw in texts if _works(convert, raw)]
    ours, theirs = apiece((lambda raw: INTERCOM.read(raw, PLAIN), taken), (convert, taken))
    yield _speed(
        f"{name}, {len(taken)} of {len(texts)}", _size(taken), "MB/s", ours, "markdownify", theirs, 10
    )


def _works(convert: Callable[[Any], object], thing: object) -> bool:
    try:
        convert(thing)
    except Exception:  # noqa: BLE001  whatever a peer raises, it cannot be timed on this input
        return False
    return True


def _size(texts: list[str]) -> float:
    return sum(len(text.encode("utf-8", "replace")) for text in texts) / MEGA


def _speed(what: str, amount: float, unit: str, ours: float, peer: str, theirs: float, aim: float) -> Row:
    return Row(what, f"{amount / ours:.1f} {unit}", peer, f"{amount / theirs:.1f} {unit}", theirs / ours, aim)
