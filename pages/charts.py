"""Charts from frozen values, and the figures behind them, kept while nothing about the scheme has changed.

What is kept here is shared by everybody who may see the same thing, so it holds counts and never a person. Plotly is
imported when the first chart is drawn: Home uses the figures without it.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import date
from threading import Lock
from typing import Any, TypeVar
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from services import agreements, feedback_results, participation, times
from services.access import Actor
from services.agreements import DocumentCount
from services.feedback_results import RoundLine
from services.participation import Figure, Glance, Overview, Stage, WeekEnd
from services.suppression import Shown

# One thing, one colour, on every screen. Green, amber and red as in the badges; each bar has its word too.
MENTORS, MENTEES = "#1F6F78", "#7A5C99"
STATES = (("In rhythm", "in_rhythm", "#4F8A4C"), ("Quiet", "quiet", "#C8862B"), ("Silent", "silent", "#B24C5A"))
NEARLY_BLACK = "#1A1918"
CONFIG = {"displayModeBar": False}
CLEAR = "rgba(0,0,0,0)"
KEPT_SECONDS, MOST_KEPT = 300, 500
LOWEST, HIGHEST = 230, 320
T = TypeVar("T")


class _Shelf:
    """Values by key, the newest few hundred of them, each for some minutes; whoever asks first makes them for all.

    Streamlit's own cache takes longer over its key than Home does over its queries.
    """

    def __init__(self, seconds: float = KEPT_SECONDS, most: int = MOST_KEPT) -> None:
        self._seconds, self._most = seconds, most
        self._values: OrderedDict[tuple[Hashable, ...], tuple[float, Any]] = OrderedDict()
        self._making: dict[tuple[Hashable, ...], Lock] = {}
        self._lock = Lock()

    def get(self, key: tuple[Hashable, ...], make: Callable[[], T]) -> T:
        """The value kept under the key, or a new one."""
        held = self._values.get(key)
        if held is None or held[0] < time.monotonic():
            with self._lock:
                making = self._making.setdefault(key, Lock())
            # Of a crowd that comes at once, one counts and the others wait for it.
            with making:
                held = self._values.get(key)
                if held is None or held[0] < time.monotonic():
                    held = self._put(key, make())
        value: T = held[1]
        return value

    def _put(self, key: tuple[Hashable, ...], value: Any) -> tuple[float, Any]:
        held = time.monotonic() + self._seconds, value
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = held
            self._making.pop(key, None)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return held


_shelf = _Shelf()
# A run never changes, and large ones take up room.
_solved_runs = _Shelf(seconds=3600, most=4)
_run_lines = _Shelf(seconds=3600, most=4)


def kept_run(run_id: UUID, make: Callable[[], T]) -> T:
    """A run ready to be asked: indices, ids and prices. Whoever asks it is checked at every question."""
    return _solved_runs.get(("run", run_id), make)


def kept_lines(run_id: UUID, make: Callable[[], T]) -> T:
    """A run's lines: ids, scores and ranks. Whoever asks for some of them is checked then."""
    return _run_lines.get(("lines", run_id), make)


def kept(key: tuple[Hashable, ...], count: Callable[[], T]) -> T:
    """Counts, or what a scheme asks of everybody, shared by this server until the key changes: never a name or a row.

    The key holds what is counted, of which cohort, on which day, and the scheme's newest entry in the journal. Ask
    whether the reader may see it before.
    """
    return _shelf.get(key, count)


def overview(session: Session, actor: Actor, cohort_id: UUID, protected: bool, today: date, edition: int) -> Overview:
    """The figures of one day, for everybody who may see them as this actor does: the caller has just asked that."""
    key = ("overview", cohort_id, protected, today, edition)
    return kept(key, lambda: participation.overview(session, actor, cohort_id, today))


def rounds(
    session: Session, actor: Actor, cohort_id: UUID, protected: bool, today: date, edition: int
) -> tuple[RoundLine, ...]:
    """A cohort's feedback rounds with their response, as `feedback_results.rounds` counts them."""
    key = ("rounds", cohort_id, protected, today, edition)
    return kept(key, lambda: feedback_results.rounds(session, actor, cohort_id, today))


def signed(session: Session, actor: Actor, cohort_id: UUID, edition: int) -> Sequence[DocumentCount]:
    """How many of a cohort have signed each document, for its coordinators, as `agreements.counts` counts them."""
    return kept(("signed", cohort_id, edition), lambda: agreements.counts(session, actor, cohort_id))


def glance(session: Session, actor: Actor, cohort_id: UUID, today: date, edition: int) -> Glance:
    """The coordinator's figures for Home."""
    return kept(("glance", cohort_id, today, edition), lambda: participation.glance(session, actor, cohort_id, today))


def draw_figures(figures: Sequence[Figure]) -> None:
    """Cards in one row on a desk, one under the other on a phone."""
    with st.container(horizontal=True, gap="small"):
        for figure in figures:
            draw_figure(figure)


def draw_figure(figure: Figure) -> None:
    """The number with its base, its share under it, its definition on hover."""
    st.metric(
        figure.label,
        participation.in_words(figure),
        share_in_words(figure),
        delta_color="off",
        delta_arrow="off",
        help=_meaning(figure),
        border=True,
        height="stretch",
    )


def _meaning(figure: Figure) -> str:
    """The definition, what else is known, and what the scheme aims at."""
    aim = "" if figure.target is None else f"The scheme aims at {figure.target:.0%}.".replace("%", " %")
    return " ".join(part for part in (figure.definition, figure.also and f"{figure.also}.", aim) if part)


def share_in_words(figure: Figure) -> str:
    """ "91 %, 4 not yet due", or why there is nothing to say."""
    words = []
    if figure.part is not None and figure.base:
        words.append(f"{figure.part / figure.base:.0%}".replace("%", " %"))
    if figure.left_out:
        words.append(f"{figure.left_out:,} not yet due")
    if figure.part is None or figure.base is None:
        # One word for few and for few left over: two would tell which.
        words = ["too few to show"]
    return ", ".join(words) or "nobody yet"


def draw_funnel(stages: Sequence[Stage]) -> None:
    """How far people have come, by side."""
    st.plotly_chart(funnel(tuple(stages)), config=CONFIG, key="funnel", alt=funnel_in_words(stages))


def draw_history(weeks: Sequence[WeekEnd]) -> None:
    """The pairs of each week by how they kept to what they agreed."""
    st.plotly_chart(history(tuple(weeks)), config=CONFIG, key="history", alt=history_in_words(weeks))


@st.cache_resource(max_entries=200, ttl=KEPT_SECONDS, show_spinner=False)
def funnel(stages: tuple[Stage, ...]) -> Any:
    """Two bars a stage, with the number at the end of each."""
    import plotly.graph_objects as go  # noqa: PLC0415 - only a screen with charts pays for it

    labels = [stage.label for stage in stages]
    sides = (
        ("Mentors", MENTORS, [stage.mentors for stage in stages]),
        ("Mentees", MENTEES, [stage.mentees for stage in stages]),
    )
    bars = [
        go.Bar(
            y=labels,
            x=[count or 0 for count in counts],
            text=[label(count) for count in counts],
            name=name,
            orientation="h",
            marker_color=color,
            textposition="outside",
            textfont_size=12,
            constraintext="none",
            cliponaxis=False,
            hovertemplate="%{y}: %{text}<extra>" + name + "</extra>",
        )
        for name, color, counts in sides
    ]
    figure = go.Figure(bars, layout(HIGHEST))
    figure.update_layout(barmode="group", bargap=0.3, legend_traceorder="normal")
    figure.update_xaxes(visible=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, automargin=True)
    return figure


@st.cache_resource(max_entries=200, ttl=KEPT_SECONDS, show_spinner=False)
def history(weeks: tuple[WeekEnd, ...]) -> Any:
    """One stacked bar a week. A week of which nothing is shown says so where its bar would stand."""
    import plotly.graph_objects as go  # noqa: PLC0415 - only a screen with charts pays for it

    days = [times.day_in_words(week.day) for week in weeks]
    bars = []
    for name, state, color in STATES:
        counts: list[Shown] = [getattr(week.rhythm, state) for week in weeks]
        bars.append(
            go.Bar(
                x=days,
                y=[count or 0 for count in counts],
                text=[label(count) if count else "" for count in counts],
                name=name,
                marker_color=color,
                textposition="inside",
                # White is too faint on amber, and what Plotly would choose nearly so.
                insidetextfont_color=NEARLY_BLACK if state == "quiet" else "white",
                textangle=0,
                customdata=[label(count) for count in counts],
                hovertemplate="%{x}: %{customdata}<extra>" + name + "</extra>",
            )
        )
    figure = go.Figure(bars, layout(LOWEST + 40))
    # A number that does not fit its part of a bar is in the table, rather than too small to read.
    figure.update_layout(barmode="stack", bargap=0.25, uniformtext={"minsize": 11, "mode": "hide"})
    figure.update_yaxes(visible=False)
    figure.update_xaxes(showgrid=False, automargin=True)
    for at, week in enumerate(weeks):
        counts = [getattr(week.rhythm, state) for _, state, _ in STATES]
        if None in counts and not any(counts):
            # Upright: on a phone a bar is narrower than the word.
            figure.add_annotation(x=at, y=0, text=label(None), textangle=-90, yanchor="bottom", showarrow=False)
    return figure


def funnel_finding(stages: Sequence[Stage]) -> str:
    """What the funnel says, as its title."""
    by_key = {stage.key: stage for stage in stages}
    enrolled, met = by_key["enrolled"].mentees, by_key["met"].mentees
    if enrolled == 0:
        return "Nobody has enrolled yet"
    if enrolled is None or met is None:
        return "From enrolment to the first meeting"
    return f"{met:,} of {enrolled:,} enrolled mentees have met their mentor"


def rhythm_finding(found: Overview) -> str:
    """What the rhythm says, as its title."""
    now = found.rhythm
    if now.pairs == 0:
        return "There is no open pair yet"
    if now.in_rhythm is None or now.pairs is None:
        return "Pairs in rhythm, quiet and silent"
    return f"{now.in_rhythm:,} of {now.pairs:,} open pairs keep the rhythm that they agreed"


def funnel_in_words(stages: Sequence[Stage]) -> str:
    """The chart for whoever does not see it."""
    parts = (f"{stage.label}: {label(stage.mentors)} mentors, {label(stage.mentees)} mentees" for stage in stages)
    return "Bar chart of how far people have come. " + "; ".join(parts) + "."


def history_in_words(weeks: Sequence[WeekEnd]) -> str:
    """The chart for whoever does not see it: the first week and the last."""
    told = (
        f"On {times.day_in_words(week.day)}: "
        + ", ".join(f"{label(getattr(week.rhythm, state))} {name.lower()}" for name, state, _ in STATES)
        for week in (weeks[0], weeks[-1])
    )
    return f"Stacked bars of {len(weeks)} weeks. " + ". ".join(told) + "."


def label(count: Shown) -> str:
    """A count beside a bar."""
    return "hidden" if count is None else f"{count:,}"


def layout(height: int) -> dict[str, Any]:
    """No ground of its own, so that it stands on the light page as well as on the dark one.

    Nor a colour for words: pages/frame.py gives them the ink of the page, which turns with it.
    """
    return {
        "height": height,
        "margin": {"l": 8, "r": 40, "t": 28, "b": 8},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    }
