"""Writing the report: four files, each whole or not at all."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import jinja2
import msgspec
from markupsafe import Markup

from kbsync import __version__
from kbsync.document.blocks import Block, Code, Document, Heading, Paragraph, Text
from kbsync.document.formats import PLAIN
from kbsync.document.markdown import MARKDOWN
from kbsync.effects import DIRECT, Effects
from kbsync.gaps.model import Analysis
from kbsync.gaps.report.chart import COLOURS, NARROW, WIDE, weekly
from kbsync.gaps.report.view import Report
from kbsync.gaps.still import one_line, still
from kbsync.replicas.files.disk import Disk
from kbsync.resources import folder

_SIZES = (("wide", WIDE), ("narrow", NARROW))
_FORMULA = re.compile(r"[=+\-@＝＋－＠]")  # noqa: RUF001  spreadsheets take the full-width forms too
_ANALYSIS = "analysis.json"
COLUMNS = (
    "id", "verdict", "label", "question", "conversations", "coverage", "article", "score", "hours", "reopens",
    "low_ratings", "unresolved_by_fin", "trend", "keywords", "evidence", "representatives",
)  # fmt: skip
"""The columns of topics.csv."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the report's files are."""

    html: Path
    markdown: Path
    csv: Path
    analysis: Path


def write(report: Report, analysis: Analysis, out: Path, effects: Effects = DIRECT) -> Paths:
    """Write `index.html`, `report.md`, `topics.csv` and `analysis.json` into `out`. Raises WriteFailed."""
    disk = Disk(out, effects)
    pages = {"index.html": page(report), "report.md": markdown(report), "topics.csv": table(report)}
    for name, text in pages.items():
        disk.write(name, text.encode())
    html, plain, csv = (out / name for name in pages)
    return Paths(html, plain, csv, write_analysis(analysis, out, effects))


def write_analysis(analysis: Analysis, out: Path, effects: Effects = DIRECT) -> Path:
    """Write `analysis.json` into `out`, a topic and a conversation at a time. Raises WriteFailed."""
    Disk(out, effects).stream(_ANALYSIS, _pieces(analysis))
    return out / _ANALYSIS


def _pieces(analysis: Analysis) -> Iterator[bytes]:
    """Yield the JSON, a line each topic and conversation."""
    encode = msgspec.json.Encoder().encode
    lists: tuple[tuple[bytes, Sequence[object]], ...] = (
        (b"topics", analysis.topics),
        (b"conversations", analysis.conversations),
    )
    yield b"{\n"
    for name, items in lists:
        yield b'"' + name + b'": ['
        for number, item in enumerate(items):
            yield (b",\n" if number else b"\n") + encode(item)
        yield b"\n],\n"
    yield b'"settings": ' + encode(analysis.settings) + b"\n}\n"


def page(report: Report) -> str:
    """Return the report as one HTML page that loads nothing and runs no script."""
    charts = {name: Markup(weekly(report.weeks, size)) for name, size in _SIZES}  # noqa: S704  drawn and cleaned here
    template = _environment().get_template("report.html.j2")
    return template.render(report=report, charts=charts, colours=COLOURS, version=__version__)


def markdown(report: Report) -> str:
    """Return the report as Markdown, without charts."""
    return _environment().get_template("report.md.j2").render(report=report, version=__version__)


def table(report: Report) -> str:
    """Return the topics as CSV; a cell that a spreadsheet would take for a formula begins with a quote mark."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    views = [v for section in report.sections for v in section.topics]
    for view in views:
        t = view.topic
        cells = (
            t.id, t.verdict, t.label, t.question, t.size, f"{t.coverage:.3f}", t.article or "",
            f"{t.impact.get('score', 0):.2f}", "" if view.hours is None else f"{view.hours:.1f}", int(t.impact.get("reopens", 0)),
            int(t.impact.get("low_ratings", 0)), int(t.impact.get("unresolved_by_fin", 0)), view.direction,
            " ".join(t.keywords), " ".join(t.evidence), " ".join(t.representatives),
        )  # fmt: skip
        rows.writerow([_inert(str(cell)) for cell in cells])
    return out.getvalue()


def _inert(cell: str) -> str:
    plain = one_line(cell)
    return f"'{plain}" if _FORMULA.match(plain) else plain


def _shown(value: object) -> object:
    """Make what a template prints still; what is markup already was drawn here."""
    return still(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _line(text: object) -> tuple[Text, ...]:
    return (Text(one_line(text)),)


def _markdown(text: object) -> str:
    """Return text that reads as itself in Markdown, on one line."""
    return _written(Paragraph(_line(text)))


def _heading(text: object, level: int) -> str:
    """Return a Markdown heading that reads as the text."""
    return _written(Heading(level, _line(text)))


def _code(text: object) -> str:
    """Return text as inline code that no backtick in it ends."""
    return _written(Paragraph((Code(one_line(text)),)))


def _written(block: Block) -> str:
    return MARKDOWN.write(Document((block,)), PLAIN).raw.strip()


@lru_cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("templates")),
        autoescape=jinja2.select_autoescape(("html.j2",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    environment.filters |= {"md": _markdown, "heading": _heading, "code": _code}
    return environment
