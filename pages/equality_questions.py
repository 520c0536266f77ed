"""The optional equality questions, in the enrolment form's step about consents: answered, changed or withdrawn there.

Nobody but the person themselves ever comes here; staff read only what `pages/parity.py` draws.
"""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages import ui
from pages.ui import plain
from services import equality, storage
from services.access import Actor
from services.errors import Refusal
from services.schemes.equality import EqualityQuestion

_ANSWER = "_equality_answer"
# What was kept is read anew by the next run, and so shown as it is.
_STALE = "_equality_stale"
KEPT = "Kept. Nobody but you sees them, and you can change or withdraw them here at any time."
GONE = "Withdrawn: your answers are deleted."


def draw(session: Session, actor: Actor, enrolment_id: UUID) -> None:
    """Closed until somebody opens it; only then is anything read."""
    label = "About equality: optional, and never used for matching"
    with st.expander(label, key="equality", on_change="rerun") as opened:
        if opened.open:
            ask(session, actor, enrolment_id)


def ask(session: Session, actor: Actor, enrolment_id: UUID) -> None:
    """What is promised, the questions, and the two presses."""
    try:
        mine = equality.mine(session, actor)
    except Refusal as refusal:
        # The key is lost: nobody can read the answers, but they can go.
        st.error(plain(refusal), icon=":material/error:")
        draw_withdraw(enrolment_id)
        return
    st.markdown("\n".join(f"- {plain(line)}" for line in mine.promise))
    keys = {question.key: key_of(enrolment_id, question) for question in mine.questions}
    is_stale = st.session_state.pop(_STALE, False)
    for question in mine.questions:
        key = keys[question.key]
        if is_stale or key not in st.session_state:
            st.session_state[key] = mine.answers.get(question.key)
        choose(question, key)
    with st.container(horizontal=True):
        st.button("Keep my answers", key="equality-keep", on_click=partial(keep, keys))
        if mine.has_answered:
            draw_withdraw(enrolment_id)
    draw_answer()


def choose(question: EqualityQuestion, key: str) -> None:
    """One question, which may stay blank."""
    st.selectbox(
        question.label,
        list(question.answers),
        index=None,
        format_func=question.answers.__getitem__,
        placeholder="Left blank",
        key=key,
    )


def draw_withdraw(enrolment_id: UUID) -> None:
    """Deletes them at once; they can be given again, so nothing is asked before."""
    st.button("Withdraw and delete them", key=f"equality-withdraw-{enrolment_id}", on_click=withdraw)


def keep(keys: dict[str, str]) -> None:
    """Keeps what is chosen at this moment."""
    chosen = {question: st.session_state.get(key) for question, key in keys.items()}
    press(partial(equality.give, answers=chosen), KEPT)


def withdraw() -> None:
    """Deletes what was kept."""
    press(equality.withdraw, GONE)


def press(act: Callable[[Session, Actor], None], said: str) -> None:
    """Does it before the form is drawn again, and keeps what to say about it for the place where it was pressed."""
    with storage.reading() as session:
        actor = ui.find_actor(session)
        if actor is None:
            return
        try:
            act(session, actor)
        except Refusal as refusal:
            st.session_state[_ANSWER] = ("error", plain(refusal))
            return
    st.session_state[_ANSWER], st.session_state[_STALE] = ("success", said), True


def draw_answer() -> None:
    """What came of the last press."""
    kind, said = st.session_state.pop(_ANSWER, (None, ""))
    if kind == "error":
        st.error(said, icon=":material/error:")
    elif kind:
        st.success(said, icon=":material/check:")


def key_of(enrolment_id: UUID, question: EqualityQuestion) -> str:
    """The widget's key: of this place, so that another one of the same person begins empty."""
    return f"equality-{enrolment_id}-{question.key}"
