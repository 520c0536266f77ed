"""The coordinator's own views of the queue, and its way out as a file. Both are drawn only once they are opened."""

from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session
from streamlit.delta_generator import DeltaGenerator

from pages.enrolment_words import SIDES
from pages.ui import done, plain, refusals
from services import saved_views
from services.access import Actor
from services.enrolments import Filter
from services.saved_views import View

_CODES = {side: code for code, side in SIDES.items()}


def draw(session: Session, actor: Actor, where: DeltaGenerator, chosen: Filter) -> None:
    """Views to choose from, and a name for what is on screen now."""
    box = where.popover("Views", icon=":material/bookmark:", key="views", on_change="rerun")
    if not box.open or actor.place.scheme_id is None:
        return
    with box, refusals():
        views = saved_views.mine(session, actor, actor.place.scheme_id)
        for view in views:
            line = st.container(horizontal=True)
            line.button(plain(view.name), key=f"view-{view.id}", on_click=partial(apply, view), width="stretch")
            if line.button("Delete", key=f"drop-{view.id}", type="tertiary"):
                saved_views.drop(session, actor, view.id)
                done("The view is deleted.")
        if not views:
            st.caption("Choose filters, then keep them here under a name.")
        with st.form("keep-view", border=False):
            name = st.text_input("Keep what is shown as", max_chars=saved_views.LONGEST_NAME)
            st.caption("Only you see your views. What you search for is never kept in one: it may be a name.")
            if st.form_submit_button("Keep"):
                saved_views.keep(session, actor, actor.place.scheme_id, name, chosen)
                done("The view is kept.")


def apply(view: View) -> None:
    """Set the filters before they are drawn again."""
    st.session_state["side"] = _CODES.get(view.side) if view.side else None
    st.session_state["status"] = view.status.value if view.status else None
    st.session_state["gate"] = view.gate.value if view.gate else None
    st.session_state["search"] = ""
    st.session_state["page"] = 1


def draw_export(session: Session, actor: Actor, cohort_id: UUID, chosen: Filter, total: int) -> None:
    """Placeholder until the export is drawn."""
