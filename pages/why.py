""" "Why am I asked this?": one press beside a gate opens the clause that asks, in the scheme's own words."""

import streamlit as st
from sqlmodel import Session

from pages.ui import plain, prose
from services import why as reasons
from services.access import Actor

LABEL = "Why am I asked this?"


def why(session: Session, actor: Actor, topic: str) -> None:
    """Draw it for a topic of services/why.py; nothing where no text in force says anything about it."""
    found = reasons.reason(session, actor, *reasons.TOPICS[topic])
    if found is None:
        return
    with st.popover(LABEL, icon=":material/help:", type="tertiary"):
        st.markdown(
            f"**{plain(found.clause)} · {plain(found.heading)}**\n\n{prose(found.text)}\n\n"
            f":small[:gray[From “{plain(found.document)}”, as it is in force today.]]"
        )
