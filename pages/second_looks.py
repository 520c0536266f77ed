"""A part of a coordinator's Home: what comes of another look at a pair of two who must not be paired."""

from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from pages.ui import done, plain, refusals
from services import second_looks
from services.access import Actor
from services.second_looks import Pair

_CHOSEN, _SEEN = "looked-at", "looked-at-since"


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Closed until somebody has looked: only then are the pairs read."""
    with st.expander("I have looked at a pair", icon=":material/visibility:", key="looks", on_change="rerun") as opened:
        if not opened.open:
            return
        pairs = {str(pair.pairing_id): pair for pair in second_looks.to_look_at(session, actor, cohort_id)}
        st.session_state.setdefault(_SEEN, utc_now())
        st.markdown(
            "Speak with each of the two on their own first. What was said in private stays private: neither learns "
            "from you that the other said something. If the two should not go on, end the pair with them, or find "
            "somebody else for the mentee. If they go on, say so here, and Home asks no more."
        )
        chosen = st.radio(
            "Which pair?", list(pairs), None, key=_CHOSEN, format_func=lambda each: names(pairs.get(each))
        )
        if chosen in pairs:
            confirm(session, actor, pairs[chosen])


def names(pair: Pair | None) -> str:
    return plain(f"{pair.mentee} and {pair.mentor}") if pair else ""


def confirm(session: Session, actor: Actor, pair: Pair) -> None:
    """What it does, before it is done."""
    st.caption(
        f"{names(pair)} stay a pair. Nobody gets an email; the journal notes that you looked. If one of them says it "
        "once more, Home asks again."
    )
    if st.button("Looked at: it goes on", key=f"goes-on-{pair.pairing_id}"):
        with refusals():
            seen_at = st.session_state.pop(_SEEN)
            second_looks.goes_on(session, actor, pair.pairing_id, seen_at=seen_at)
            done(f"Noted: {names(pair)} go on.")
