"""The coordinator's own views of the queue, and its way out as a file. Both are drawn only once they are opened."""

from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session
from streamlit.delta_generator import DeltaGenerator

from pages.enrolment_words import SIDES
from pages.ui import done, plain, refusals
from services import queue_export, reauthentication, saved_views, storage
from services.access import Actor
from services.enrolments import Filter
from services.queue_export import Kind, Reason
from services.reauthentication import Confirmed
from services.saved_views import View

MIMES = {Kind.CSV: "text/csv", Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
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


def draw_export(session: Session, actor: Actor, cohort_id: UUID, chosen: Filter, total: int | None) -> None:
    """Everybody whom the filter shows, as a file: the password once more, a reason, then two ways to save it.

    `total` is None where they were not counted to the end.
    """
    box = st.popover("Export", icon=":material/download:", key="export", on_change="rerun")
    if not box.open:
        return
    with box, refusals():
        confirmed: Confirmed | None = st.session_state.get("confirmed")
        if confirmed is None or datetime.now(UTC) - confirmed.at > reauthentication.LASTS:
            ask_password(session, actor)
            return
        people = "Everybody" if total is None else "1 person" if total == 1 else f"{total:,} people"
        st.markdown(f"{people}, as the filters show them.")
        reason = st.selectbox("What for", list(Reason), key="reason", format_func=lambda each: each.capitalize())
        for kind, label in ((Kind.XLSX, "Excel workbook"), (Kind.CSV, "CSV")):
            # The file is made when it is asked for, not whenever this screen is drawn.
            make = partial(content, actor, cohort_id, chosen, kind, reason or Reason.CORRECT, confirmed)
            name = f"enrolments-{datetime.now(UTC).date().isoformat()}.{kind.value}"
            st.download_button(f"Save as {label}", make, name, MIMES[kind], key=f"save-{kind}", on_click="ignore")
        st.caption("The journal keeps that you took it and why. Import it again to bring corrections back.")


def ask_password(session: Session, actor: Actor) -> None:
    with st.form("export-password", border=False, clear_on_submit=True):
        st.markdown("A file with everybody's answers leaves this desk. Enter your password once more.")
        password = st.text_input("Password", type="password", autocomplete="current-password")
        if st.form_submit_button("Go on", type="primary"):
            with refusals():
                st.session_state["confirmed"] = reauthentication.confirm(session, actor, password)
                st.rerun()


def content(actor: Actor, cohort_id: UUID, chosen: Filter, kind: Kind, reason: Reason, confirmed: Confirmed) -> bytes:
    """The file's bytes, made outside of a run of the screen."""
    with storage.reading() as session:
        made = queue_export.make(
            session,
            actor,
            cohort_id,
            chosen,
            kind=kind,
            reason=reason,
            confirmed=confirmed,
            today=datetime.now(UTC).date(),
        )
    return made.content
