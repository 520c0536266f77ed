"""A part of Enrolments: another address for somebody who takes part, asked for here and confirmed from its mailbox."""

from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages.scheme_people import ask, day, draw_letters
from pages.ui import done, plain, refusals
from services import sign_in_address
from services.access import Actor
from services.enrolments import QueueRow
from services.role_list import Letter
from services.sign_in_address import Standing

_OPEN, _ASKED = "readdressing", "new-address"
IN_THE_SPREADSHEET = (
    "**Change it in your spreadsheet too.** An import knows people by their address: a row with the old one would come "
    "in as somebody new."
)


def draw_button(row: QueueRow) -> None:
    """The quiet way in, under somebody who is open."""
    st.button("Correct the address…", key="readdress", type="tertiary", on_click=begin, args=(row.id,))


def begin(enrolment_id: UUID | None) -> None:
    """Open the question about this person; None closes it."""
    st.session_state[_OPEN] = enrolment_id
    st.session_state.pop(_ASKED, None)


def draw(session: Session, actor: Actor, row: QueueRow) -> None:
    """The question, if it was opened about this person."""
    if st.session_state.get(_OPEN) != row.id:
        return
    with st.container(border=True), refusals():
        st.subheader(f"Another address for {plain(row.name)}", anchor=False)
        found = sign_in_address.standing(session, actor, row.id)
        if found.asked_at is not None:
            draw_waiting(session, actor, row, found)
        if found.hindrance:
            st.info(plain(found.hindrance), icon=":material/info:")
        else:
            draw_asking(session, actor, row)
        st.button("Leave it as it is", key="keep-address", on_click=begin, args=(None,))


def draw_waiting(session: Session, actor: Actor, row: QueueRow, found: Standing) -> None:
    """A correction that nobody has confirmed yet."""
    if found.asked_at is None:
        return
    st.markdown(f"Another address was entered on {day(found.asked_at, actor)}, and waits to be confirmed.")
    if st.button("Take it back", key=f"drop-address-{row.id}"):
        sign_in_address.drop(session, actor, row.id)
        begin(None)
        done(f"The address of {plain(row.name)} stays as it is, and the link that was sent opens nothing any more.")


def draw_asking(session: Session, actor: Actor, row: QueueRow) -> None:
    """The new address; then both emails; then the password."""
    with st.form(f"address-{row.id}", border=False, enter_to_submit=False):
        email = st.text_input("New email address", max_chars=254, key=f"address-of-{row.id}")
        if st.form_submit_button("See what happens", key=f"look-address-{row.id}"):
            st.session_state[_ASKED] = (row.id, email)
    if st.session_state.get(_ASKED) != (row.id, email):
        return
    plan = sign_in_address.plan(session, actor, row.id, email)
    st.markdown(
        f"{plain(row.email)} counts until {plain(plan.email)} is confirmed from its own mailbox. "
        f"{plain(row.name)} is then signed out everywhere, and whoever has a password gives it to confirm. If "
        "they have forgotten it too, whoever runs the server can help."
    )
    draw_letters([Letter(plan.email, plan.to_new), Letter(f"{row.email}, the address until now", plan.to_old)])
    st.markdown(IN_THE_SPREADSHEET)
    if confirmed := ask(session, actor, "Send both emails", f"sure-address-{row.id}"):
        sign_in_address.ask_for(session, actor, row.id, email, confirmed=confirmed)
        begin(None)
        done(f"{plain(row.email)} stays until {plain(plan.email)} is confirmed. Change it in your spreadsheet too.")
