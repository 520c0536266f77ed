"""Whether groups of people are matched alike, on the Participation screen: a chart, its table, what is kept back."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.enrolments import Side
from pages import charts
from pages.ui import empty, plain, segments
from services import parity, times
from services.access import Actor
from services.parity import Compared
from services.parity_rules import CHANGED, FEW, FEWEST, Told

SIDES = {Side.MENTEE: "Mentees", Side.MENTOR: "Mentors"}
COLORS = {Side.MENTEE: charts.MENTEES, Side.MENTOR: charts.MENTORS}
UNSURE = "rgba(128,128,128,0.28)"
BAR, MARGIN = 34, 60  # pixels
DEFINITION = (
    "Active people in an open pair, of all active people who chose to say that they belong to the group. Counted once "
    f"a month. Sizes and shares are rounded to fives, groups of fewer than {FEWEST} are kept back, and the figure of a "
    f"group changes only when at least {CHANGED} people in it have. Where fewer than 5 are unmatched, or matched, only "
    "a range is told: the grey part of a bar."
)
NONE_YET = "No comparison was made yet. The first one comes within the hour, and then one each month."
TOO_FEW = (
    f"Nothing can be compared so far. A comparison needs two groups of {FEWEST} people or more who chose to answer, "
    "and no figure may give away who belongs to a group. It is made anew each month."
)
BRACKETS = (
    "In brackets: how large the difference may be, with 95 % confidence. Where that begins at nought or below, chance "
    "alone can explain it; of many comparisons, one or another stands out by chance as well."
)


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Read and drawn only when somebody asks for it."""
    if not st.toggle("Show whether groups are matched alike", key="parity", bind="query-params"):
        return
    found = parity.of_cohort(session, actor, cohort_id)
    if found.as_of is None:
        empty(NONE_YET)
        return
    chosen = segments(
        "Mentees or mentors",
        list(SIDES),
        words=SIDES.__getitem__,
        key="parity-side",
        default=Side.MENTEE,
        required=True,
        label_visibility="collapsed",
    )
    side = chosen or Side.MENTEE
    draw_side(side, found.by_side[side], found.as_of, found.unread)


def draw_side(side: Side, asked: tuple[Compared, ...], as_of: date, unread: int) -> None:
    """What is found about mentors or mentees, the chart behind it, and its table."""
    told = [each for each in asked if each.groups]
    st.caption(f"As of {times.day_in_words(as_of)} {as_of.year}, from answers that nobody had to give.")
    if unread:
        st.caption(unread_in_words(unread))
    if not told:
        empty(TOO_FEW)
        st.caption(DEFINITION)
        return
    st.header(finding(side, told), anchor=False)
    st.markdown("  \n".join(in_words(each) for each in told))
    if any(each.difference and each.difference.points for each in told):
        st.caption(BRACKETS)
    groups = {name: group for each in told for name, group in each.groups.items()}
    st.plotly_chart(figure(side, groups), config=charts.CONFIG, key=f"parity-{side}", alt=chart_in_words(side, groups))
    draw_kept_back(asked)
    with st.expander("The groups as a table", icon=":material/table:"):
        draw_table(groups)


def draw_kept_back(asked: tuple[Compared, ...]) -> None:
    """Groups that are not told of, whether small, too few left over, or empty: one word for all."""
    names = [name for each in asked for name in each.kept_back]
    if names:
        st.caption(f"Kept back, so that nobody's answer can be worked out: {plain(', '.join(names))}.")


def draw_table(groups: Mapping[str, Told]) -> None:
    """The numbers behind the chart, and what they mean."""
    rows = (f"| {plain(name)} | about {group.people} | {share_in_words(group)} |" for name, group in groups.items())
    st.markdown("\n".join(["| Group | People | Matched |", "| --- | --- | --- |", *rows]))
    st.caption(DEFINITION)


def unread_in_words(unread: int) -> str:
    """Whose they are nobody can tell; what can be done about it."""
    how_many = f"fewer than {FEWEST} people" if unread == FEW else f"about {unread:,} people"
    return (
        f":material/key_off: The answers of {how_many} could not be opened with this server's key and count as left "
        "blank: whoever runs the server can put the old key back, or people answer again."
    )


def finding(side: Side, told: list[Compared]) -> str:
    """What the chart says, as its title. Of many comparisons one stands out by chance: it asks for a look, no more."""
    names = [each.name.lower() for each in told if each.difference and not each.difference.may_be_chance]
    if not names:
        return f"{SIDES[side]}: no difference between groups beyond chance"
    return f"{SIDES[side]}: look closer at {' and '.join(names)}"


def in_words(compared: Compared) -> str:
    """The largest difference of one question, with its interval (KPI 32)."""
    found = compared.difference
    if found is None or found.points == 0:
        return f"**{plain(compared.name)}**: the figures show no difference."
    chance = f"{found.low} to {found.high}".replace("-", "−")
    apart = f"{found.most} about {found.points} points above {found.least} ({chance})"
    return f"**{plain(compared.name)}**: {plain(apart)}"


def share_in_words(group: Told) -> str:
    """ "about 70 %", or what can be said of it."""
    if group.low == group.high:
        return f"about {group.low} %"
    return f"{group.low} % or more" if group.high > group.low and group.low else f"{group.high} % or fewer"


def chart_in_words(side: Side, groups: Mapping[str, Told]) -> str:
    """The chart for whoever does not see it."""
    told = "; ".join(f"{name}: {share_in_words(group)} of about {group.people}" for name, group in groups.items())
    return f"Bars of how many {SIDES[side].lower()} of each group are matched. {told}."


def figure(side: Side, groups: Mapping[str, Told]) -> Any:
    """A bar for each group as long as is known, and behind it how long it may be."""
    import plotly.graph_objects as go  # noqa: PLC0415 - only a screen with charts pays for it

    names = list(groups)
    words = [share_in_words(group) for group in groups.values()]
    known = [group.low for group in groups.values()]
    bars = [
        go.Bar(y=names, x=known, orientation="h", marker_color=COLORS[side]),
        go.Bar(
            y=names,
            x=[group.high - group.low for group in groups.values()],
            orientation="h",
            marker_color=UNSURE,
            text=words,
            textposition="outside",
            textfont_size=12,
            constraintext="none",
            cliponaxis=False,
        ),
    ]
    drawn = go.Figure(bars, charts.layout(MARGIN + BAR * len(names)))
    drawn.update_traces(hoverinfo="skip")
    drawn.update_layout(barmode="stack", bargap=0.4, showlegend=False, margin_t=8)
    # Room for the words at the end of a full bar.
    drawn.update_xaxes(visible=False, range=[0, 150])
    drawn.update_yaxes(autorange="reversed", showgrid=False, automargin=True)
    return drawn
