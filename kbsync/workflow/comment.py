"""The plan as a pull-request comment."""

from __future__ import annotations

import html
import re
from collections import Counter

import jinja2

from kbsync.document.blocks import Document, Paragraph, Text
from kbsync.document.formats import PLAIN
from kbsync.document.markdown import MARKDOWN
from kbsync.resources import folder
from kbsync.sync.plan import Plan

LIMIT = 60_000
"""Characters: a GitHub comment holds 65,536."""

_ACTIONS = ("create", "update", "move", "retire", "adopt")
_LONGEST_DIFF = 6_000


def comment(plan: Plan) -> str:
    """Return Markdown that says what the plan would do, with diffs for as many steps as fit."""
    totals: dict[str, Counter[str]] = {}
    for step in plan.steps:
        totals.setdefault(step.replica, Counter())[step.action] += 1
    shown, room = 0, LIMIT - 8_000
    for step in plan.steps:
        room -= len(_fence(step.diff)) + 200
        if room < 0:
            break
        shown += 1
    text = (
        _environment()
        .get_template("plan.md.j2")
        .render(
            plan=plan,
            actions=[a for a in _ACTIONS if any(c[a] for c in totals.values())],
            totals=sorted(totals.items()),
            shown=plan.steps[:shown],
            hidden=len(plan.steps) - shown,
        )
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _fence(diff: str) -> str:
    """Return a fenced diff whose fence no line of it can close."""
    text = diff if len(diff) <= _LONGEST_DIFF else diff[:_LONGEST_DIFF] + "\n… cut"
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}diff\n{text}\n{fence}"


def _plain(text: object) -> str:
    """Return text that reads as itself in Markdown, on one line; `@` names nobody."""
    line = " ".join(str(text).split()).replace("@", "@\u200b")
    return MARKDOWN.write(Document((Paragraph((Text(line),)),)), PLAIN).raw.strip()


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701  Markdown; every foreign value goes through a filter
        loader=jinja2.FileSystemLoader(folder("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "md": _plain,
        "html": lambda text: html.escape(" ".join(str(text).split())),
        "fence": _fence,
        "code": lambda text: re.sub(r"[^\w.:/-]", "?", str(text)),
    }
    return environment
