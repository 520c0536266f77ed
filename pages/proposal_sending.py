"""Before anything leaves: who gets which email, word for word; and while it leaves, how far it is.

Many proposals are sent in batches, one unit of work each. Whatever stops the screen in between, a batch was sent whole
or not at all, and the rest stays ready to be sent from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.matching import ProposalStatus
from pages import presses, proposal_acts
from pages.proposal_words import draw_held_back, people
from pages.ui import at_a_press, empty, find_actor, plain, refusals, tell
from services import messages, proposal_board, proposals, storage
from services.access import Actor
from services.proposal_board import Draft, Leaving
from services.proposal_outcomes import HeldBack

MAILS_SHOWN = 5
LOOK_EVERY_SECONDS = 2
AT_ONCE = 50
_CHOSEN, _HELD, _UNDER_WAY, _GO_ON = "sending", "held_back", "sending_now", "sending_goes_on"


@dataclass
class Sending:
    """Drafts on their way, in order: those `left` have not been asked about; of the others some were `held` back."""

    cohort_id: UUID
    left: list[UUID]
    total: int
    done: int = 0
    held: list[HeldBack] = field(default_factory=list)

    def send_next(self, session: Session, actor: Actor) -> None:
        """The next batch. Raises NotAllowed, Conflict: then it stays ready, as all that follow."""
        now, later = self.left[:AT_ONCE], self.left[AT_ONCE:]
        outcome = proposals.send(session, actor, now, later=later)
        self.left = later
        self.done += len(outcome.done)
        self.held += outcome.held_back

    def in_words(self) -> str:
        """How far it is."""
        held = f", {len(self.held):,} held back" if self.held else ""
        return (
            f"{self.done:,} of {self.total:,} proposals sent{held}. Please stay on this page until all are. If you "
            "leave, what is sent stays sent, and the rest stays ready."
        )


def begin(ids: Sequence[UUID]) -> None:
    """Look at the emails of these drafts, or of all; for callbacks."""
    st.session_state[_CHOSEN] = frozenset(ids)
    st.session_state.pop("mails", None)
    st.query_params["step"] = "send"


def leave() -> None:
    """Back to the board; for callbacks."""
    forget()
    st.session_state.pop(_CHOSEN, None)
    st.query_params.pop("step", None)


def forget() -> None:
    """Whatever was under way has ended, or somebody has seen how far it came."""
    for key in (_UNDER_WAY, _GO_ON):
        st.session_state.pop(key, None)


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Exactly who will get what; while they are sent, only how far that is."""
    # One place for both: what can be pressed is gone from the screen as soon as the first batch has been sent.
    place = st.empty()
    if st.session_state.pop(_GO_ON, False):
        go_on(session, actor, cohort_id, place)
    with place.container():
        draw_before(session, actor, cohort_id)


def draw_before(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Everybody who will be written to, and the button that does it."""
    draw_stopped(cohort_id)
    chosen: frozenset[UUID] = st.session_state.get(_CHOSEN, frozenset())
    drafts = [one for one in proposals.to_send(session, actor, cohort_id) if not chosen or one.id in chosen]
    draw_held_back(st.session_state.pop(_HELD, ()))
    if not drafts:
        empty("Nothing waits to be sent. Approve pairs in Matching review.")
        st.button("Back to the proposals", key="back", icon=":material/arrow_back:", on_click=leave)
        return
    st.caption(f"{people(len(drafts))} will be written to. None of these emails has left yet.")
    draw_emails(session, actor, drafts)
    ids = tuple(draft.id for draft in drafts)
    with st.container(horizontal=True):
        words = f"Send to {people(len(drafts))}"
        args = (cohort_id, ids)
        st.button(words, key="send", type="primary", icon=":material/send:", on_click=send, args=args)
        st.button("Back to the proposals", key="back", on_click=leave)
        st.button("Withdraw these drafts", key="discard", type="tertiary", on_click=discard, args=args)


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


def send(cohort_id: UUID, ids: tuple[UUID, ...]) -> None:
    """Send exactly what was looked at: the first batch now, and what is left while the screen says how far it is."""

    def act(session: Session, actor: Actor) -> None:
        # Pressed twice, or after a stop: only what is still a draft.
        ready = {draft.id for draft in proposals.to_send(session, actor, cohort_id)}
        left = sorted(ready.intersection(ids))
        before = now_stopped(cohort_id)
        sending = before if before and before.left == left else Sending(cohort_id, left, len(left))
        st.session_state[_UNDER_WAY] = sending
        if left:
            sending.send_next(session, actor)
        if sending.left:
            st.session_state[_GO_ON] = True
        else:
            finish(sending)

    at_a_press(act)


def go_on(session: Session, actor: Actor, cohort_id: UUID, place: st.delta_generator.DeltaGenerator) -> None:
    """Send what is left, batch by batch. A press elsewhere, or a refusal, stops it between two of them."""
    sending = now_stopped(cohort_id)
    if sending is None:
        return
    presses.let_go()
    with refusals():
        while sending.left:
            place.progress(1 - len(sending.left) / sending.total, text=sending.in_words())
            sending.send_next(session, actor)
        finish(sending)
        st.rerun()


def finish(sending: Sending) -> None:
    """Say what came of it; whatever was held back is still on the screen."""
    forget()
    st.session_state[_HELD] = tuple(sending.held)
    st.session_state.pop("page", None)
    if not sending.held:
        leave()
        st.session_state["status"] = ProposalStatus.SENT.value
    if sending.done:
        # Without a mail server, the screen says below that their emails wait.
        how = "on their way" if messages.mail_is_set_up() else "written"
        tell(f"Proposals to {people(sending.done)} are {how}.", icon=":material/send:")


def now_stopped(cohort_id: UUID) -> Sending | None:
    """A sending of this cohort that did not come to its end."""
    found: Sending | None = st.session_state.get(_UNDER_WAY)
    return found if found is not None and found.cohort_id == cohort_id and found.left else None


def draw_stopped(cohort_id: UUID) -> Sending | None:
    """How far it came, and that the rest waits."""
    sending = now_stopped(cohort_id)
    if sending is not None:
        st.info(
            f"Sending stopped in between: {sending.done:,} of {sending.total:,} proposals are on their way. The others "
            "are still ready, and nobody has been written to twice.",
            icon=":material/pause_circle:",
        )
        draw_held_back(sending.held)
    return sending


def discard(cohort_id: UUID, ids: tuple[UUID, ...]) -> None:
    """Withdraw what is still a draft; what has been sent meanwhile has its own way to be withdrawn."""
    leave()

    def act(session: Session, actor: Actor) -> None:
        ready = {draft.id for draft in proposals.to_send(session, actor, cohort_id)}
        proposal_acts.withdraw(tuple(one for one in ids if one in ready))

    at_a_press(act)


def draw_leaving(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """One row while emails leave or when some could not; otherwise nothing."""
    if draw_stopped(cohort_id) is not None:
        words = "Look at the others and send"
        st.button(words, key="send-rest", icon=":material/drafts:", on_click=begin, args=((),))
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
