""" "Why am I asked this?": one press beside a gate opens the clause that asks, in the scheme's own words."""

import streamlit as st
from sqlmodel import Session

from pages.ui import plain, prose
from services import why as reasons
from services.access import Actor

LABEL = "Why am I asked this?"
NOTHING = "No text of this scheme that is in force speaks of it. The coordinator can tell you why it is asked."


def why(session: Session, actor: Actor, topic: str, *, clauses: tuple[str, ...] = ()) -> None:
    """Draw it for a topic of services/why.py, or for some of its clauses.

    The database is asked only when somebody opens it.
    """
    box = st.popover(LABEL, icon=":material/help:", type="tertiary", key=f"why-{topic}", on_change="rerun")
    if not box.open:
        return
    found = reasons.reason(session, actor, *(clauses or reasons.TOPICS[topic]))
    box.markdown(NOTHING if found is None else in_words(found), anchors=False)


def in_words(found: reasons.Reason) -> str:
    return (
        f"**{plain(found.clause)} · {plain(found.heading)}**\n\n{prose(found.text)}\n\n"
        f":small[:gray[From “{plain(found.document)}”, as it is in force today.]]"
    )
