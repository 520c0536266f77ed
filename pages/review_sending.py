"""The last look before proposals leave: exactly who will get what, and what could not go on."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages.proposal_sending import draw_emails
from pages.proposal_words import draw_held_back, people
from pages.review_parts import at
from pages.ui import at_a_press, tell
from services import proposal_withdrawals, proposals
from services.access import Actor
from services.proposal_board import Draft


def draw(session: Session, actor: Actor, drafts: Sequence[Draft]) -> None:
    """Exactly who will get what, before anything leaves."""
    st.caption(f"{people(len(drafts))} will be written to. Nothing has left yet.")
    tell_held_back()
    draw_emails(session, actor, drafts)
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
    """Take the drafts back, all in one piece."""

    def take_back(session: Session, actor: Actor) -> None:
        outcome = proposal_withdrawals.withdraw_all(session, actor, ids)
        st.session_state["held_back"] = outcome.held_back
        st.query_params.pop("step", None)
        if outcome.done:
            tell("The drafts are discarded. Nobody was written to.")

    at_a_press(take_back)


def tell_held_back() -> None:
    """Which pairs could not go on, and why."""
    draw_held_back(st.session_state.pop("held_back", ()))
