"""Charts as SVG, drawn here: the report loads nothing and runs no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import altair as alt
import nh3
import vl_convert

from kbsync.gaps.report.view import TITLES

COLOURS = MappingProxyType(
    {
        "uncovered": "#c2410c",
        "partial": "#d9a514",
        "stale": "#7c5cbf",
        "hard_to_find": "#2f7fb8",
        "covered": "#7fa88b",
    }
)
_ORDER: dict[str, int] = {verdict: number for number, verdict in enumerate(TITLES)}


@dataclass(frozen=True, slots=True)
class Size:
    """A drawing's width in CSS pixels, the weeks it shows at most, and the columns of its legend."""

    width: int
    weeks: int
    legend: int


WIDE = Size(860, 26, 5)
NARROW = Size(280, 9, 2)


def weekly(weeks: Sequence[tuple[str, str, int]], size: Size = WIDE) -> str:
    """Return the stacked columns of grouped conversations by week and verdict, "" for fewer than two weeks."""
    shown = sorted({week for week, _, _ in weeks})[-size.weeks :]
    if len(shown) < 2:  # noqa: PLR2004  one column shows nothing
        return ""
    rows = [
        {"week": week, "verdict": verdict.replace("_", " "), "count": count, "order": _ORDER[verdict]}
        for week, verdict, count in weeks
        if week in shown
    ]
    present = [verdict for verdict in COLOURS if any(v == verdict and w in shown for w, v, _ in weeks)]
    chart = (
        alt.Chart(alt.InlineData(values=rows), width=size.width, height=180)
        .mark_bar(size=min(26, 0.6 * size.width / len(shown)))
        .encode(
            x=alt.X("week:O", title=None, axis=alt.Axis(labelAngle=0, labelExpr="slice(datum.label, -3)")),
            y=alt.Y("count:Q", stack=True, title="conversations", axis=alt.Axis(tickMinStep=1)),
            order=alt.Order("order:Q"),
            color=alt.Color(
                "verdict:N",
                scale=alt.Scale(
                    domain=[verdict.replace("_", " ") for verdict in present],
                    range=[COLOURS[verdict] for verdict in present],
                ),
                legend=alt.Legend(title=None, orient="top", columns=size.legend),
            ),
        )
        .configure(font="sans-serif", background="transparent")
        .configure_axis(labelFontSize=11, titleFontSize=11, titleFontWeight="normal")
        .configure_legend(labelFontSize=12)
        .configure_view(stroke=None)
    )
    return _clean(vl_convert.vegalite_to_svg(chart.to_json()))


def _clean(svg: str) -> str:
    """Let only drawing elements pass."""
    clean = nh3.clean(svg, tags=_TAGS, attributes={"*": _ATTRIBUTES}, url_schemes=set(), link_rel=None)
    return clean.replace("<svg ", '<svg role="img" aria-label="Conversations a week, by verdict" ', 1)


_TAGS = {"svg", "g", "path", "rect", "line", "text", "tspan"}
_ATTRIBUTES = set(
    "class viewBox width height transform fill stroke stroke-width stroke-opacity fill-opacity opacity d x y x1 x2 y1 y2 dx dy "
    "text-anchor font-family font-size font-weight pointer-events stroke-miterlimit aria-hidden".split()
)
