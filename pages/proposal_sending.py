"""Before anything leaves: who gets which email, word for word; and while it leaves, how far it is."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.matching import ProposalStatus
from pages import proposal_acts
from pages.proposal_words import draw_held_back, people
from pages.ui import at_a_press, empty, find_actor, plain, tell
from services import messages, proposal_board, proposals, storage
from services.access import Actor
from services.proposal_board import Draft, Leaving

MAILS_SHOWN = 5
LOOK_EVERY_SECONDS = 2
_CHOSEN, _HELD = "sending", "held_back"


def begin(ids: Sequence[UUID]) -> None:
    """Look at the emails of these drafts, or of all; for callbacks."""
    st.session_state[_CHOSEN] = frozenset(ids)
    st.session_state.pop("mails", None)
    st.query_params["step"] = "send"


def leave() -> None:
    """Back to the board; for callbacks."""
    st.session_state.pop(_CHOSEN, None)
    st.query_params.pop("step", None)


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Exactly who will get what."""
    chosen: frozenset[UUID] = st.session_state.get(_CHOSEN, frozenset())
    drafts = [one for one in proposals.to_send(session, actor, cohort_id) if not chosen or one.id in chosen]
    draw_held_back(st.session_state.pop(_HELD, ()))
    if not drafts:
        empty("Nothing waits to be sent. Approve pairs in Matching review.")
        st.button("Back to the proposals", key="back", icon=":material/arrow_back:", on_click=leave)
        return
    st.caption(f"{people(len(drafts))} will be written to. Nothing has left yet.")
    draw_emails(session, actor, drafts)
    ids = tuple(draft.id for draft in drafts)
    with st.container(horizontal=True):
        words = f"Send to {people(len(drafts))}"
        st.button(words, key="send", type="primary", icon=":material/send:", on_click=send, args=(ids,))
        st.button("Back to the proposals", key="back", on_click=leave)
        st.button("Withdraw these drafts", key="discard", type="tertiary", on_click=discard, args=(ids,))


def draw_emails(session: Session, actor: Actor, drafts: Sequence[Draft]) -> None:
    """Everybody in a table; the emails word for word, a few a page."""
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


def send(ids: tuple[UUID, ...]) -> None:
    """Send exactly what was looked at, all in one piece: if the server stops in the middle, nothing was sent."""

    def act(session: Session, actor: Actor) -> None:
        outcome = proposals.send(session, actor, ids)
        st.session_state[_HELD] = outcome.held_back
        st.session_state.pop("page", None)
        if not outcome.held_back:
            leave()
            st.session_state["status"] = ProposalStatus.SENT.value
        if outcome.done:
            tell(f"Proposals to {people(len(outcome.done))} are on their way.", icon=":material/send:")

    at_a_press(act)


def discard(ids: tuple[UUID, ...]) -> None:
    leave()
    proposal_acts.withdraw(ids)


def draw_leaving(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """One row while emails leave or when some could not; otherwise nothing."""
    now = proposal_board.leaving(session, actor, cohort_id)
    if now.waiting and messages.mail_is_set_up():
        draw_progress(cohort_id)
    elif now.waiting:
        waits = "1 email waits" if now.waiting == 1 else f"{now.waiting:,} emails wait"
        st.info(
            f"{waits}: no mail server is set up yet. They leave as soon as one is.", icon=":material/schedule_send:"
        )
    if now.failed:
        failed = "1 email" if now.failed == 1 else f"{now.failed:,} emails"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(f"{failed} could not be delivered.", icon=":material/unsubscribe:")
            st.page_link("messages.py", label="See which, and try again", query_params={"state": "Failed"})


@st.fragment(run_every=LOOK_EVERY_SECONDS)
def draw_progress(cohort_id: UUID) -> None:
    """How far it is, looked at again by itself. The emails leave whether anybody looks or not."""
    now = Leaving()
    with storage.reading() as session:
        actor = find_actor(session)
        if actor is not None:
            now = proposal_board.leaving(session, actor, cohort_id)
    if not now.waiting:
        # Nothing to look at any more: the whole screen as it is now.
        st.rerun()
    words = (
        f"{now.left:,} of {now.total:,} emails have left. You can go on with other things; they leave by themselves."
    )
    st.progress(now.left / max(1, now.total), text=words)
