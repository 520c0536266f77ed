"""A long run under way: how far it is, for every coordinator of the cohort, and a way to stop it."""

from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages.review_parts import solved_run
from pages.ui import at_a_press, find_actor, plain, refusals, tell
from services import storage, times
from services.access import Actor
from services.errors import Refusal
from services.matching import work
from services.matching.review_acts import Standing
from services.matching.work import WorkView

SECONDS = 1.0
WATCHED = "watched run"
INTERRUPTED = "The last run was interrupted when the server stopped, and nothing of it was kept. Run again."


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Say how the run that is under way stands; the rest of the screen stays as it is meanwhile."""
    found = work.latest(session, actor, cohort_id)
    if found is not None and found.at_work:
        st.session_state[WATCHED] = found.id
        watch(cohort_id)
    elif found is not None and found.trouble:
        tell_trouble(found)


def draw_end(session: Session, actor: Actor, cohort_id: UUID, now: Standing) -> None:
    """How the run that somebody has just watched ended, if it came to nothing; of a lost one everybody is told."""
    if now.was_interrupted:
        st.session_state.pop(WATCHED, None)
        st.warning(INTERRUPTED, icon=":material/error:")
        return
    if WATCHED not in st.session_state:
        return
    found = work.latest(session, actor, cohort_id)
    if found is not None and found.trouble:
        tell_trouble(found)
    del st.session_state[WATCHED]


def tell_trouble(found: WorkView) -> None:
    st.warning(plain(found.trouble), icon=":material/error:")


@st.fragment(run_every=SECONDS)
def watch(cohort_id: UUID) -> None:
    """Looks by itself every second, and draws the whole screen anew once the run has ended."""
    with storage.reading() as session, refusals():
        actor = find_actor(session)
        found = work.latest(session, actor, cohort_id) if actor else None
        if actor is None or found is None or not found.at_work:
            if actor is not None and found is not None and found.run_id is not None:
                get_ready(session, actor, found.run_id)
            st.rerun()
        since = times.in_words(found.started_at, actor.time_zone or "UTC")
        with st.container(border=True):
            st.progress(min(1.0, found.share), text=plain(found.stage))
            st.caption(f"Begun by {plain(found.started_by)}, {since}. You can leave; it goes on.")
            st.button("Stop this run", key="stop-run", on_click=stop, args=(found.id,))


def get_ready(session: Session, actor: Actor, run_id: UUID) -> None:
    """So that the first question is answered at once; a run that cannot be asked says so when somebody does."""
    try:
        solved_run(session, actor, run_id)
    except Refusal:
        return
    tell("The run is done.")


def stop(work_id: UUID) -> None:
    at_a_press(lambda session, actor: work.cancel(session, actor, work_id))
