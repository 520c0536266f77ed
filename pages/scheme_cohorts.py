"""A part of People & schemes: the scheme's cohorts, and starting the next one."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from pages import unsaved
from pages.scheme_people import READING_WIDTH, switch_to
from pages.ui import done, empty, plain, refusals
from services import cohorts, times
from services.access import Acting, Actor, Place
from services.cohorts import Run
from services.schemes import starting

CARRIES_OVER = (
    "**Stays as it is, for every cohort:** the enrolment form, the texts that people sign, training, the library, "
    "criteria and weights, and who has a role.\n\n"
    "**Begins anew:** a cohort starts empty. Nobody is moved into it: invite people or import them. Whoever was here "
    "before keeps their account, fills in the form for this cohort, and signs and trains again. Matches, meetings and "
    "figures stay with the cohort in which they happened, and that cohort goes on beside this one."
)


def draw(session: Session, actor: Actor, scheme_id: UUID | None, _cohort_id: UUID | None) -> None:
    """What there is, what comes next, and a mistake put right."""
    if scheme_id is None:
        empty("Choose a scheme above to see its cohorts.")
        return
    runs, today = cohorts.of_scheme(session, actor, scheme_id), utc_now().date()
    with st.container(width=READING_WIDTH):
        st.header("Cohorts", anchor=False)
        if runs:
            number = "1 cohort" if len(runs) == 1 else f"{len(runs)} cohorts, the newest first"
            st.markdown("\n".join([f":small[:gray[{number}]]\n", *(f"- {line(run, today)}" for run in runs)]))
        else:
            empty("This scheme has no cohort yet. Start the first one here.")
        draw_start(session, actor, scheme_id, runs, today)
        if runs:
            with st.expander("Change a name or a day", key="change-cohort", on_change="rerun") as opened:
                if opened.open:
                    draw_change(session, actor, runs)


def line(run: Run, today: date) -> str:
    """ "**2026/27** · 1 September 2026 to 31 August 2027 · running · 120 people"."""
    state = "over" if run.ends_on < today else "running" if run.starts_on <= today else "not begun"
    parts = [f"**{plain(run.name)}**", f"{words(run.starts_on)} to {words(run.ends_on)}", state]
    if run.people is not None:
        parts.append(
            "nobody in it yet" if not run.people else "1 person" if run.people == 1 else f"{run.people:,} people"
        )
    return " · ".join(parts)


def words(day: date) -> str:
    """A day with its year: cohorts are told apart by it."""
    return f"{times.day_in_words(day)} {day.year}"


def draw_start(session: Session, actor: Actor, scheme_id: UUID, runs: Sequence[Run], today: date) -> None:
    """Name and dates, and in words what carries over."""
    st.header("Start the next cohort" if runs else "Start the first cohort", anchor=False)
    st.markdown(CARRIES_OVER)
    if runs and all(run.is_demonstration for run in runs):
        st.caption("It belongs to the demonstration: its mail never leaves, and it is taken away with the rest.")
    first, last = next_dates(runs, today)
    shown = (scheme_id, str(len(runs)), "cohort-name")
    is_outdated = unsaved.draw_outdated(*shown[:2])
    with st.form(f"cohort-{len(runs)}", enter_to_submit=False):
        name = st.text_input("Name", usual_name(first, last), max_chars=100, key=f"cohort-name-{len(runs)}")
        left, right = st.columns(2)
        starts_on = left.date_input("First day", first, key=f"cohort-first-{len(runs)}", format="DD/MM/YYYY")
        ends_on = right.date_input("Last day", last, key=f"cohort-last-{len(runs)}", format="DD/MM/YYYY")
        pressed = st.form_submit_button(
            "Start this cohort", type="primary", key="start-cohort", on_click=unsaved.note, args=shown
        )
    if pressed and not is_outdated:
        with refusals():
            cohort = starting.add_cohort(
                session, actor, scheme_id, cohort_name=name, starts_on=starts_on, ends_on=ends_on
            )
            runs_it = actor.place.acting_as is Acting.COORDINATOR
            if runs_it:
                switch_to(Place(Acting.COORDINATOR, scheme_id=scheme_id, cohort_id=cohort.id).key)
            where = (
                "You are in it now; the others stay under “Acting as”."
                if runs_it
                else "Coordinators find it in the menu."
            )
            done(f"The cohort {plain(cohort.name)} is here. {where}")


def next_dates(runs: Sequence[Run], today: date) -> tuple[date, date]:
    """A year from the day after the last cohort, or from the first of next month when that is past."""
    following = max((run.ends_on for run in runs), default=date.min) + timedelta(days=1)
    next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    first = following if following > today else next_month
    # 29 February has no twin a year later: its year ends with the next February.
    following = (
        date(first.year + 1, 3, 1) if (first.month, first.day) == (2, 29) else first.replace(year=first.year + 1)
    )
    return first, following - timedelta(days=1)


def usual_name(starts_on: date, ends_on: date) -> str:
    """2026/27, or 2027 when it stays within a year."""
    same_year = starts_on.year == ends_on.year
    return str(starts_on.year) if same_year else f"{starts_on.year}/{ends_on.year % 100:02}"


def draw_change(session: Session, actor: Actor, runs: Sequence[Run]) -> None:
    """One cohort's name and dates. Nothing that happened in it changes."""
    by_id = {str(run.id): run for run in runs}
    chosen = st.selectbox("Cohort", list(by_id), format_func=lambda key: by_id[key].name, key="cohort-to-change")
    run = by_id[chosen]
    key = f"{run.id}-{run.version}"
    unsaved.draw_outdated(run.id, key)
    with st.form(f"change-{key}", border=False, enter_to_submit=False):
        name = st.text_input("Its name", run.name, max_chars=100, key=f"name-{key}")
        left, right = st.columns(2)
        starts_on = left.date_input("Its first day", run.starts_on, key=f"first-{key}", format="DD/MM/YYYY")
        ends_on = right.date_input("Its last day", run.ends_on, key=f"last-{key}", format="DD/MM/YYYY")
        if st.form_submit_button("Save", key=f"save-{key}", on_click=unsaved.note, args=(run.id, key, "name")):
            with refusals():
                cohorts.change(
                    session, actor, run.id, version=run.version, name=name, starts_on=starts_on, ends_on=ends_on
                )
                done("Saved. Everybody in the cohort sees the new name and days.")
