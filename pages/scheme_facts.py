"""A part of People & schemes: the scheme's name, its time zone, and the addresses that people write to."""

from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages import unsaved
from pages.scheme_people import READING_WIDTH
from pages.ui import done, empty, plain, refusals
from services import rights, scheme_facts
from services.access import Actor


def draw(session: Session, actor: Actor, scheme_id: UUID | None, _cohort_id: UUID | None) -> None:
    """One form, and what each line of it does."""
    if scheme_id is None:
        empty("Choose a scheme above to see its name and addresses.")
        return
    now = scheme_facts.read(session, actor, scheme_id)
    zones = scheme_facts.zones()
    key = f"{scheme_id}-{now.version}"
    with st.container(width=READING_WIDTH):
        st.header("The scheme", anchor=False)
        is_outdated = unsaved.draw_outdated(scheme_id, key)
        with st.form(f"facts-{key}", enter_to_submit=False):
            name = st.text_input("Name", now.name, max_chars=200, key=f"name-{key}")
            st.caption("In the menu, in every email and on the public page of rights.")
            office = st.text_input(
                "Office's email address", now.reply_address or "", max_chars=254, key=f"office-{key}"
            )
            st.caption(
                "Answers to the scheme's emails go there, and it stands in them and on the public page of rights. An "
                "address that several people read is best."
            )
            complaints = st.text_input(
                "Address for complaints about a coordinator",
                now.complaints_address or "",
                max_chars=254,
                key=f"complaints-{key}",
            )
            st.caption(
                "On the public page of rights: whoever complains about a coordinator must not have to write to one. "
                "Enter an address that the scheme manager reads, and no coordinator."
            )
            zone = st.selectbox(
                "Time zone", zones, zones.index(now.time_zone) if now.time_zone in zones else None, key=f"zone-{key}"
            )
            st.caption("The scheme's days begin and end by this clock. People see hours on their own.")
            shown = (scheme_id, key, "name", "office", "complaints")
            pressed = st.form_submit_button("Save", type="primary", key="save-facts", on_click=unsaved.note, args=shown)
        if pressed and not is_outdated:
            with refusals():
                scheme_facts.keep(
                    session,
                    actor,
                    scheme_id,
                    version=now.version,
                    name=name,
                    time_zone=zone or now.time_zone,
                    reply_address=office,
                    complaints_address=complaints,
                )
                done("Saved. It holds for every email from now on, and for the page of rights.")
        st.markdown(f"People read it at {plain(rights.address_for(now.name))}.")
