"""What a coordinator does with chosen proposals: each act first shows exactly what it sends, and to whom."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from pages import proposal_rematch
from pages.proposal_words import draw_held_back, people
from pages.ui import at_a_press, plain, refusals, tell
from services import messages, proposal_chasing, proposal_withdrawals, proposals
from services.access import Actor
from services.proposal_mail import PreviewedMail
from services.proposal_outcomes import Outcome

_ASKING, _HELD, _UNDO = "asking", "held_back", "put_back"


class Act(StrEnum):
    """What is about to be done."""

    REMIND = "remind"
    WITHDRAW = "withdraw"
    WRITE_DOWN = "write_down"
    REMATCH = "rematch"


@dataclass(frozen=True)
class Asking:
    """An act that waits for a yes, in the cohort where it began. `name` is whose answer is written down."""

    act: Act
    cohort_id: UUID
    ids: tuple[UUID, ...]
    name: str = ""


def ask(act: Act, cohort_id: UUID, ids: Sequence[UUID], name: str = "") -> None:
    """Open the question before an act; for callbacks."""
    st.session_state[_ASKING] = Asking(act, cohort_id, tuple(ids), name)


def asking(cohort_id: UUID) -> Asking | None:
    """The open question, if it is of this cohort."""
    found: Asking | None = st.session_state.get(_ASKING)
    return found if found is not None and found.cohort_id == cohort_id else None


def close() -> None:
    """Back to the list, where choosing begins anew; for callbacks."""
    st.session_state.pop(_ASKING, None)
    proposal_rematch.forget()
    st.session_state["ticks"] = st.session_state.get("ticks", 0) + 1


def draw(session: Session, actor: Actor, open_question: Asking) -> None:
    """The question itself, in the list's place."""
    with st.container(border=True), refusals():
        if open_question.act is Act.REMIND:
            draw_reminders(session, actor, open_question)
        elif open_question.act is Act.WITHDRAW:
            draw_withdrawals(session, actor, open_question)
        elif open_question.act is Act.WRITE_DOWN:
            draw_answer(actor, open_question)
        else:
            proposal_rematch.draw(session, actor, open_question.cohort_id, open_question.ids, after=close)
    st.button("Back to the list", key="back", icon=":material/arrow_back:", on_click=close)


def draw_came_of_it() -> None:
    """What the last act could not do, and the way back from a withdrawal."""
    draw_held_back(st.session_state.pop(_HELD, ()))
    ids: tuple[UUID, ...] = st.session_state.get(_UNDO, ())
    if ids:
        words = "Put the draft back" if len(ids) == 1 else f"Put the {len(ids):,} drafts back"
        st.button(words, key="undo", icon=":material/undo:", on_click=put_back, args=(ids,))


def draw_reminders(session: Session, actor: Actor, about: Asking) -> None:
    mails = proposal_chasing.preview_reminders(session, actor, about.ids)
    later = len(about.ids) - len(mails)
    st.header(f"Remind {people(len(mails))}", anchor=False)
    if later:
        st.caption(
            f"{people(later).capitalize()} of those chosen will not be reminded now: their last email is less than "
            "two days old, or they have answered."
        )
    draw_mails(mails)
    if mails:
        words = f"Send {'1 reminder' if len(mails) == 1 else f'{len(mails)} reminders'}"
        ids = tuple(mail.proposal_id for mail in mails)
        st.button(words, key="yes-remind", type="primary", icon=":material/send:", on_click=remind, args=(ids,))


def draw_withdrawals(session: Session, actor: Actor, about: Asking) -> None:
    number = len(about.ids)
    st.header("Withdraw 1 proposal" if number == 1 else f"Withdraw {number} proposals", anchor=False)
    mails = proposal_withdrawals.preview_withdrawals(session, actor, about.ids)
    if mails:
        st.markdown(
            "Both are free again. The link in the first email will say that this pairing is no longer available, and "
            "whoever has that email by then gets this one:"
        )
        draw_mails(mails)
    else:
        st.markdown("Nobody was written to yet, so nobody is told. You can put a draft back.")
    words = "Withdraw it" if number == 1 else f"Withdraw all {number}"
    st.button(words, key="yes-withdraw", type="primary", icon=":material/undo:", on_click=withdraw, args=(about.ids,))


def draw_mails(mails: Sequence[PreviewedMail]) -> None:
    """Every email with the exact address and text."""
    for mail in mails:
        with st.expander(plain(f"To {mail.to_name} ({mail.to_address}): {mail.subject}")):
            st.text(mail.text)


def draw_answer(actor: Actor, about: Asking) -> None:
    """Write down what a mentee answered by email."""
    name, key = plain(about.name), about.ids[0]
    st.header(f"What {name} answered by email", anchor=False)
    st.markdown(f"{name} gets a confirmation at once, with a way to say that it was not them.")
    today = utc_now().astimezone(ZoneInfo(actor.time_zone or "UTC")).date()
    if st.session_state.pop("unsaid", False):
        st.error("Choose what the answer was.", icon=":material/error:")
    with st.form(f"email-{key}", border=False):
        st.radio("The answer", ["Yes", "No"], index=None, key=f"said-{key}", horizontal=True)
        st.date_input("The email arrived on", today, key=f"on-{key}", format="DD/MM/YYYY")
        words = "Write it down"
        st.form_submit_button(words, key=f"record-{key}", type="primary", on_click=write_down, args=(key, about.name))


def remind(ids: tuple[UUID, ...]) -> None:
    def act(session: Session, actor: Actor) -> None:
        outcome = proposal_chasing.remind_all(session, actor, ids)
        finish(outcome, lambda number: messages.on_the_way(number, "reminder"))

    at_a_press(act)


def withdraw(ids: tuple[UUID, ...]) -> None:
    def act(session: Session, actor: Actor) -> None:
        outcome = proposal_withdrawals.withdraw_all(session, actor, ids)
        finish(outcome, lambda number: f"{'1 proposal is' if number == 1 else f'{number} proposals are'} withdrawn.")
        st.session_state[_UNDO] = proposal_withdrawals.never_sent(session, actor, outcome.done)

    at_a_press(act)


def put_back(ids: tuple[UUID, ...]) -> None:
    def act(session: Session, actor: Actor) -> None:
        outcome = proposal_withdrawals.put_back(session, actor, ids)
        finish(outcome, lambda number: f"{'1 draft is' if number == 1 else f'{number} drafts are'} back under To send.")

    at_a_press(act)


def write_down(proposal_id: UUID, name: str) -> None:
    said, received_on = st.session_state.get(f"said-{proposal_id}"), st.session_state.get(f"on-{proposal_id}")

    def act(session: Session, actor: Actor) -> None:
        if said is None or not isinstance(received_on, date):
            st.session_state["unsaid"] = True
            return
        proposals.record_email_answer(session, actor, proposal_id, accepted=said == "Yes", received_on=received_on)
        close()
        tell(f"The answer of {plain(name)} is written down, and they have been told.")

    at_a_press(act)


def finish(outcome: Outcome, words: Callable[[int], str]) -> None:
    """Close the question and say what came of it."""
    st.session_state.pop(_UNDO, None)
    close()
    st.session_state[_HELD] = outcome.held_back
    if outcome.done:
        tell(words(len(outcome.done)))
