"""A part of People & schemes: by when a pair agrees on its ways of working."""

from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages.ui import done, refusals
from services import ways_due
from services.access import Actor
from services.ways_due import LONGEST_DAYS

USUAL_DAYS = 14


def draw(session: Session, actor: Actor, scheme_id: UUID, _cohort_id: UUID | None) -> None:
    """Whether there is a day, and how many days after the first meeting it is."""
    now = ways_due.of_scheme(session, actor, scheme_id)
    st.header("Ways of working", anchor=False)
    st.markdown(
        "At their first meeting a pair settles how the two work together. With a number of days, whoever has not "
        "agreed by then reads so on Home, and the pair stands under Late on your page Ways of working. Nobody is "
        "written to because of it, and a pair on a break is never late."
    )
    sets = st.toggle("Pairs agree within some days of their first meeting", now is not None, key="ways-due-set")
    days = None
    if sets:
        days = st.number_input("Days after the first meeting", 1, LONGEST_DAYS, now or USUAL_DAYS, key="ways-due-days")
    if st.button("Save", key="ways-due-save", type="primary"):
        with refusals():
            ways_due.set_days(session, actor, scheme_id, days)
            done(told(days))


def told(days: int | None) -> str:
    """What holds from now on."""
    if days is None:
        return "Saved. No pair is late with its ways of working any more."
    within = "1 day" if days == 1 else f"{days} days"
    return f"Saved. A pair has {within} after its first meeting."
