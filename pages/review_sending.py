"""The last look before proposals leave: exactly who will get what, and what could not go on."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages.review_parts import at, people
from pages.ui import at_a_press, plain, tell
from services import proposals
from services.access import Actor
from services.proposal_board import Draft
from services.proposals import HeldBack

MAILS_SHOWN = 5


def draw(session: Session, actor: Actor, drafts: Sequence[Draft]) -> None:
    """Exactly who will get what, before anything leaves."""
    st.caption(f"{people(len(drafts))} will be written to. Nothing has left yet.")
    tell_held_back()
    st.dataframe(
        [{"To": d.to_name, "Address": d.to_address, "Mentee": d.mentee, "Mentor": d.mentor} for d in drafts],
        hide_index=True,
        alt="Everybody who will get an email, with the pair that it is about",
    )
    pages = -(-len(drafts) // MAILS_SHOWN)
    first = (min(st.session_state.get("mails", 1), pages) - 1) * MAILS_SHOWN
    for mail in proposals.preview(session, actor, [draft.id for draft in drafts[first : first + MAILS_SHOWN]]):
        with st.expander(plain(f"To {mail.to_name}: {mail.subject}")):
            st.text(mail.text)
    if pages > 1:
        st.pagination(pages, key="mails")
    with st.container(horizontal=True):
        ids = tuple(draft.id for draft in drafts)
        label = f"Send to {people(len(drafts))}"
        st.button(label, key="send", type="primary", icon=":material/send:", on_click=send, args=(ids,))
        st.button("Back to the review", key="back", on_click=at(None))
        st.button("Discard these drafts", key="discard", type="tertiary", on_click=discard, args=(ids,))


def send(ids: tuple[UUID, ...]) -> None:
    """Send exactly what was looked at, and say what could not go."""

    def leave(session: Session, actor: Actor) -> None:
        outcome = proposals.send(session, actor, ids)
        st.session_state["held_back"] = outcome.held_back
        if not outcome.held_back:
            st.query_params.pop("step", None)
        if outcome.done:
            tell(f"Proposals to {people(len(outcome.done))} are on their way.", icon=":material/send:")

    at_a_press(leave)


def discard(ids: tuple[UUID, ...]) -> None:
    """Take the drafts back, each by itself."""

    def take_back(session: Session, actor: Actor) -> None:
        for one in ids:
            proposals.withdraw(session, actor, one)
        st.query_params.pop("step", None)
        tell("The drafts are discarded. Nobody was written to.")

    at_a_press(take_back)


def tell_held_back() -> None:
    """Which pairs could not go on, and why."""
    held: tuple[HeldBack, ...] = st.session_state.pop("held_back", ())
    if held:
        lines = [f"- **{plain(one.mentee)}** with **{plain(one.mentor)}**: {plain(one.why)}" for one in held]
        st.warning("Held back, because something changed:\n\n" + "\n".join(lines), icon=":material/pan_tool:")
