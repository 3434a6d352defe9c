"""Writing the report: four files, each whole or not at all."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import jinja2
import msgspec
from markupsafe import Markup

from kbsync import __version__
from kbsync.document.blocks import Document, Paragraph, Text
from kbsync.document.formats import PLAIN
from kbsync.document.markdown import MARKDOWN
from kbsync.effects import DIRECT, Effects
from kbsync.gaps.model import Analysis
from kbsync.gaps.report.chart import COLOURS, weekly
from kbsync.gaps.report.view import Report
from kbsync.replicas.files.disk import Disk
from kbsync.resources import folder

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
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
    chart = Markup(weekly(report.weeks))  # noqa: S704  our own drawing, and cleaned
    values = {"report": report, "chart": chart, "colours": COLOURS, "version": __version__}
    environment = _environment()
    pages = {
        "index.html": environment.get_template("report.html.j2").render(values),
        "report.md": environment.get_template("report.md.j2").render(values),
        "topics.csv": table(report),
        "analysis.json": msgspec.json.format(msgspec.json.encode(analysis), indent=1).decode(),
    }
    for name, text in pages.items():
        disk.write(name, text.encode("utf-8", "replace"))
    return Paths(*(out / name for name in pages))


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
            f"{t.impact.get('score', 0):.2f}", f"{view.hours:.1f}", int(t.impact.get("reopens", 0)),
            int(t.impact.get("low_ratings", 0)), int(t.impact.get("unresolved_by_fin", 0)), view.direction,
            " ".join(t.keywords), " ".join(t.evidence), " ".join(t.representatives),
        )  # fmt: skip
        rows.writerow([_inert(str(cell)) for cell in cells])
    return out.getvalue()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _markdown(text: object) -> str:
    """Return text that reads as itself in Markdown, on one line."""
    line = " ".join(str(text).split())
    return MARKDOWN.write(Document((Paragraph((Text(line),)),)), PLAIN).raw.strip()


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("templates")),
        autoescape=jinja2.select_autoescape(("html.j2",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = _markdown
    return environment
