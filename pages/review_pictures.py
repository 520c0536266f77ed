"""A run as two pictures: who fits whom, and how full each mentor is. Each has its table."""

import streamlit as st
from sqlmodel import Session

from pages import review_charts
from pages.review_parts import solved_run
from pages.ui import empty, plain
from services.access import Actor
from services.matching import review_limits, review_questions
from services.matching.review_solved import SolvedRun
from services.matching.runs import RunView


def draw(session: Session, actor: Actor, run: RunView) -> None:
    """The load first, which is read at a glance."""
    loads = review_limits.loads(session, actor, run.id)
    if not loads:
        empty("No mentor was ready with a free place in this run.")
        return
    full = sum(load.mentees >= load.places for load in loads)
    st.header(f"{full} of {len(loads)} mentors have no place left", anchor=False)
    above = st.container()
    shown = loads[: review_charts.MOST_BARS]
    review_charts.draw_loads([(load.mentor, load.mentees, load.places) for load in shown])
    if len(shown) < len(loads):
        st.caption(f"The fullest {len(shown)} of {len(loads)} mentors; the table has all.")
    with st.expander("As a table"):
        st.dataframe(
            [{"Mentor": load.mentor, "Mentees": load.mentees, "Places": load.places} for load in loads],
            hide_index=True,
            alt="Every mentor with how many mentees this run gives them, of how many places",
        )
    # Last, because it refuses a run whose people have changed; the load is true of any.
    asked = solved_run(session, actor, run.id)
    if more := review_limits.worth_most(session, actor, asked):
        above.markdown(plain(review_limits.in_words(more)))
    draw_heat(session, actor, asked)


def draw_heat(session: Session, actor: Actor, asked: SolvedRun) -> None:
    """How well everybody fits everybody, whoever may meet whom: a gap would give a private conflict away."""
    found = review_questions.heat(session, actor, asked)
    st.header("How well each mentee fits each mentor", anchor=False)
    st.caption(
        f"Points out of 100. The {len(found.mentees)} mentees with the weakest pairs and {len(found.mentors)} mentors. "
        "A ring: the run chose them. It shows likeness only, not who is available."
    )
    review_charts.draw_heat(found.mentees, found.mentors, found.points, found.chosen)
    with st.expander("As a table"):
        st.dataframe(
            [
                {"Mentee": name, **dict(zip(found.mentors, row, strict=True))}
                for name, row in zip(found.mentees, found.points, strict=True)
            ],
            hide_index=True,
            alt="Points of each mentee with each mentor",
        )
