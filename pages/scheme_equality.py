"""A part of People & schemes: which equality questions the scheme asks. Whether anybody answered is never said here."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages import unsaved
from pages.scheme_people import READING_WIDTH
from pages.ui import done, plain, refusals
from services import equality_asked
from services.access import Actor
from services.equality_asked import Asked
from services.schemes.equality import EqualityQuestion

MEANS = (
    "Under Consents, whoever likes to can say a few things about themselves. Nobody has to answer, and nobody but the "
    "person themselves ever sees an answer, not even you. Once a month the desk counts whether groups of people are "
    "matched equally often, and Participation shows it."
)
NOTICE = "Before you switch a question on, see that your privacy notice speaks of it: you find it under Agreements."
# Which questions are to be asked from now on, while it is asked whether the others may go.
_GOING = "equality-going"


def draw(session: Session, actor: Actor, scheme_id: UUID, _cohort_id: UUID | None) -> None:
    """All of them by one switch, each by a box; what is deleted is said and confirmed first."""
    found = equality_asked.of_scheme(session, actor, scheme_id)
    about, mark = f"equality-{scheme_id}", "-".join(found.now) or "none"
    with st.container(width=READING_WIDTH):
        st.header("Equality questions", anchor=False)
        st.markdown(MEANS)
        is_outdated = unsaved.draw_outdated(about, mark)
        chosen = choose(found, mark)
        wanted = (about, mark, tuple(chosen))
        pressed = st.button(
            "Save",
            type="primary",
            key="equality-save",
            disabled=set(chosen) == set(found.now),
            on_click=unsaved.note,
            args=(about, mark),
        )
        if pressed and not is_outdated:
            st.session_state[_GOING] = wanted
        if st.session_state.get(_GOING) == wanted and may_go(found, chosen, about, mark):
            with refusals():
                equality_asked.keep(session, actor, scheme_id, chosen, seen=found.now)
                st.session_state.pop(_GOING, None)
                done(told(found, chosen))


def choose(found: Asked, mark: str) -> list[str]:
    """The keys that are chosen. Switched on from nothing, all are."""
    if not st.toggle("Ask equality questions", bool(found.now), key=f"equality-asks-{mark}"):
        return []
    chosen = []
    for question in found.offered:
        is_asked = question.key in found.now or not found.now
        with st.container(gap=None):
            if st.checkbox(question.label, is_asked, key=f"equality-{question.key}-{mark}"):
                chosen.append(question.key)
            st.caption(plain(" · ".join(question.answers.values())))
    if found.never:
        st.caption(
            f"Never asked in this scheme: {names(found.never)}. Where its people live, such answers are specially "
            "protected."
        )
    st.caption(NOTICE)
    return chosen


def may_go(found: Asked, chosen: Sequence[str], about: str, mark: str) -> bool:
    """Whether nothing is deleted, or the coordinator has read what is, and goes on."""
    gone = [question for question in found.offered if question.key in found.now and question.key not in chosen]
    if not gone:
        return True
    st.warning(going(gone, is_all=not chosen), icon=":material/warning:")
    with st.container(horizontal=True):
        goes_on = st.button("Yes, delete those answers", key="equality-go", on_click=unsaved.note, args=(about, mark))
        st.button("Change nothing", key="equality-stay", on_click=stay, args=(mark,))
    return goes_on


def stay(mark: str) -> None:
    """Every box as it was."""
    st.session_state.pop(_GOING, None)
    for key in [
        str(key) for key in st.session_state if str(key).endswith(f"-{mark}") and str(key).startswith("equality-")
    ]:
        del st.session_state[key]


def going(gone: Sequence[EqualityQuestion], *, is_all: bool) -> str:
    """Everything that happens, before it does."""
    what, whose, rest = "No equality question is asked any more.", "", ""
    if not is_all:
        what, whose = f"No longer asked: {names(gone)}.", " to it" if len(gone) == 1 else " to them"
        rest = " Answers to the other questions stay, unless this server's key no longer opens them."
    return (
        f"{what} All answers{whose} are deleted at once, in every cohort of the scheme, and nobody can bring them "
        f"back. The comparisons made from them are deleted as well.{rest} Nobody is written to."
    )


def told(found: Asked, chosen: Sequence[str]) -> str:
    """What holds from now on."""
    if not chosen:
        return "Saved. No equality question is asked any more, and every answer is deleted."
    gone = set(found.now) - set(chosen)
    return "Saved. People find the questions under Consents." + " Answers to the others are deleted." * bool(gone)


def names(asked: Sequence[EqualityQuestion]) -> str:
    """ "Age, Gender"."""
    return plain(", ".join(question.short for question in asked))
