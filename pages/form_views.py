"""Two parts of People & schemes that only show: the form as people meet it, and what they corrected later."""

from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from models.enrolments import Side
from pages import form_parts
from pages.ui import empty, label, plain, segments
from services import answer_history, form_editing, times
from services.access import Actor
from services.enrolment_form import STEP_TITLES

READING_WIDTH = 760
SIDES = {Side.MENTOR: "Mentors", Side.MENTEE: "Mentees"}


def draw_preview(session: Session, actor: Actor, scheme_id: UUID, _cohort_id: UUID | None) -> None:
    """The form as people meet it; nothing that is tried here is kept."""
    side = segments("For", list(SIDES), default=Side.MENTOR, words=lambda key: SIDES[key], key="side", required=True)
    steps = form_editing.preview(session, actor, scheme_id, side or Side.MENTOR)
    step = segments(
        "Step",
        list(steps),
        default=min(steps),
        words=lambda number: STEP_TITLES[number][side or Side.MENTOR],
        key=f"preview-{side}",
        required=True,
    )
    with st.container(border=True, width=READING_WIDTH):
        for question in steps[step if step in steps else min(steps)]:
            if question.kind == "consent":
                st.toggle(label(question.label), key=f"try-{side}-{question.key}")
                st.caption(plain(question.help))
            else:
                form_parts.widget(question, f"try-{side}-{question.key}", question.value)
            st.caption(f":material/visibility: {form_parts.seen_by(question)}")


def draw_corrections(session: Session, actor: Actor, _scheme_id: UUID, cohort_id: UUID | None) -> None:
    """What people of the cohort corrected after they had sent their form."""
    if cohort_id is None:
        empty("Choose a cohort at the top of the menu to see what its people corrected.")
        return
    search = st.text_input("Find by name", key="corrections-search")
    number = int(st.session_state.get("corrections-page", 1))
    found = answer_history.in_cohort(session, actor, cohort_id, search=search, page=number)
    if not found.total:
        empty("Nobody has corrected an answer since sending the form." if not search else "Nobody of that name has.")
        return
    st.caption(f"{found.total:,} corrections, newest first · page {found.page} of {found.pages}")
    st.markdown("\n".join(f"- {correction(row, actor)}" for row in found.rows))
    with st.container(horizontal=True):
        st.button("Newer", disabled=found.page == 1, on_click=partial(turn_to, found.page - 1))
        st.button("Older", disabled=found.page == found.pages, on_click=partial(turn_to, found.page + 1))


def correction(row: answer_history.CoordinatorsChange, actor: Actor) -> str:
    """ "Ama (mentee), Your role: changed on … from … to …"."""
    change = row.change
    before, after = (f"“{plain(text)}”" if text else "nothing" for text in (change.before, change.after))
    at = times.in_words(change.at, actor.time_zone or "UTC", today=utc_now().date())
    who = f"**{plain(row.name)}** ({row.side.value}), {plain(change.label)}"
    how = "corrected from a file" if change.from_file else "changed"
    return f"{who}: {how} on {plain(at)} from {before} to {after}"


def turn_to(number: int) -> None:
    st.session_state["corrections-page"] = number
