"""Charts as SVG, drawn here: the report loads nothing and runs no script."""

from __future__ import annotations

from collections.abc import Sequence
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


def weekly(weeks: Sequence[tuple[str, str, int]]) -> str:
    """Return the stacked columns of grouped conversations by week and verdict, "" for fewer than two weeks."""
    if len({week for week, _, _ in weeks}) < 2:  # noqa: PLR2004  one column shows nothing
        return ""
    rows = [
        {
            "week": week[-3:],
            "from": week,
            "verdict": verdict.replace("_", " "),
            "count": count,
            "order": _ORDER[verdict],
        }
        for week, verdict, count in weeks
    ]
    names = [verdict.replace("_", " ") for verdict in TITLES]
    chart = (
        alt.Chart(alt.InlineData(values=rows), width=720, height=180)
        .mark_bar(size=26)
        .encode(
            x=alt.X("week:N", sort=alt.EncodingSortField("from"), title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("count:Q", stack=True, title="conversations"),
            order=alt.Order("order:Q"),
            color=alt.Color(
                "verdict:N",
                scale=alt.Scale(domain=names, range=list(COLOURS.values())),
                legend=alt.Legend(title=None, orient="top"),
            ),
        )
        .configure(font="sans-serif", background="transparent")
        .configure_view(stroke=None)
    )
    return _responsive(vl_convert.vegalite_to_svg(chart.to_json()))


def _responsive(svg: str) -> str:
    """Let the drawing shrink with the page; only drawing elements pass."""
    clean = nh3.clean(svg, tags=_TAGS, attributes={"*": _ATTRIBUTES}, url_schemes=set(), link_rel=None)
    return clean.replace("<svg ", '<svg role="img" aria-label="Conversations a week, by verdict" ', 1)


_TAGS = {"svg", "g", "path", "rect", "line", "text", "tspan"}
_ATTRIBUTES = set(
    "class viewBox transform fill stroke stroke-width stroke-opacity fill-opacity opacity d x y x1 x2 y1 y2 dx dy "
    "text-anchor font-family font-size font-weight pointer-events stroke-miterlimit aria-hidden".split()
)
