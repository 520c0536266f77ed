"""The pictures of a matching run: what a score is made of, how full mentors are, and who fits whom."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages import charts

MOST_BARS = 40
BAR, CELL, MARGIN = 26, 18, 60  # pixels


def draw_contributions(parts: Sequence[tuple[str, float, float]]) -> None:
    """What a score is made of: (criterion, points, the most it could give), the largest first."""
    ordered = tuple(sorted(parts, key=lambda part: -part[1]))
    told = "; ".join(f"{name}: {_points_in_words(points, most)}" for name, points, most in ordered)
    alt = f"Bars of what the score is made of. {told}."
    # Criteria and figures only, so that it may be kept for everybody: making it takes longer than all else of a pair.
    figure = charts.kept(("contributions", ordered), lambda: contributions(ordered))
    st.plotly_chart(figure, config=charts.CONFIG, key="contributions", alt=alt)


def _points_in_words(points: float, most: float) -> str:
    return f"{points:g} of {most:g}" if most else f"{points:g}"


def contributions(parts: tuple[tuple[str, float, float], ...]) -> Any:
    """A bar for each criterion, and behind it what it could have given."""
    import plotly.graph_objects as go  # noqa: PLC0415 - only a screen with charts pays for it

    labels, got = [name for name, _, _ in parts], [points for _, points, _ in parts]
    rest = [max(0.0, most - points) for _, points, most in parts]
    told = [_points_in_words(points, most) for _, points, most in parts]
    hover = "%{y}: %{customdata}<extra></extra>"
    bars = [
        go.Bar(y=labels, x=got, orientation="h", marker_color=charts.MENTORS, customdata=told, hovertemplate=hover),
        go.Bar(
            y=labels,
            x=rest,
            orientation="h",
            marker_color="rgba(128,128,128,0.18)",
            customdata=told,
            hovertemplate=hover,
            text=told,
            textposition="outside",
            cliponaxis=False,
        ),
    ]
    figure = go.Figure(bars, charts.layout(MARGIN + BAR * len(parts)))
    figure.update_layout(barmode="stack", bargap=0.35, showlegend=False, margin_r=80, margin_t=8)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, automargin=True)
    return figure


def draw_loads(loads: Sequence[tuple[str, int, int]]) -> None:
    """How many mentees each mentor has, of how many places: (name, mentees, places)."""
    import plotly.graph_objects as go  # noqa: PLC0415 - only a screen with charts pays for it

    at = list(range(len(loads)))
    told = [f"{mentees} of {places}" for _, mentees, places in loads]
    open_places = [max(0, places - mentees) for _, mentees, places in loads]
    bars = [
        go.Bar(
            y=at, x=[mentees for _, mentees, _ in loads], orientation="h", marker_color=charts.MENTORS, name="Taken"
        ),
        go.Bar(
            y=at,
            x=open_places,
            orientation="h",
            marker_color="rgba(128,128,128,0.18)",
            name="Open",
            text=told,
            textposition="outside",
            cliponaxis=False,
        ),
    ]
    figure = go.Figure(bars, charts.layout(MARGIN + BAR * len(loads)))
    figure.update_traces(hoverinfo="skip")
    figure.update_layout(barmode="stack", bargap=0.3, margin_r=70, legend_traceorder="normal")
    figure.update_xaxes(visible=False)
    # By number and not by name: two people may share one.
    figure.update_yaxes(
        autorange="reversed",
        showgrid=False,
        automargin=True,
        tickvals=at,
        ticktext=[as_text(name) for name, _, _ in loads],
    )
    st.plotly_chart(
        figure, config=charts.CONFIG, key="loads", alt=f"Bars of the places of {len(loads)} mentors, taken and open."
    )


def draw_heat(
    mentees: Sequence[str],
    mentors: Sequence[str],
    points: Sequence[Sequence[float]],
    chosen: Sequence[tuple[int, int]],
) -> None:
    """How well mentees (rows) fit mentors (columns); a ring stands where the run paired them."""
    import plotly.graph_objects as go  # noqa: PLC0415 - only a screen with charts pays for it

    rows, columns = ([as_text(name) for name in names] for names in (mentees, mentors))
    cells = go.Heatmap(
        z=[list(row) for row in points],
        x=columns,
        y=rows,
        colorscale=[[0, "#F3F0E9"], [1, charts.MENTORS]],
        colorbar={"title": "Points", "thickness": 12},
        hovertemplate="%{y} with %{x}: %{z:g} points<extra></extra>",
    )
    rings = go.Scatter(
        x=[columns[j] for _, j in chosen],
        y=[rows[i] for i, _ in chosen],
        mode="markers",
        marker={"symbol": "circle-open", "size": 11, "color": "#C8862B", "line": {"width": 2.5}},
        hoverinfo="skip",
        showlegend=False,
    )
    figure = go.Figure([cells, rings], charts.layout(max(charts.HIGHEST, MARGIN * 3 + CELL * len(rows))))
    figure.update_xaxes(showgrid=False, automargin=True, tickangle=-60)
    figure.update_yaxes(showgrid=False, automargin=True, autorange="reversed")
    alt = f"Heat map of how well {len(rows)} mentees fit {len(columns)} mentors; the table below it has every number."
    st.plotly_chart(figure, config=charts.CONFIG, key="heat", alt=alt)


def as_text(name: str) -> str:
    """A name as a label of a chart, which would read tags in it."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")
