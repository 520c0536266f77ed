"""What coordinators decided about pairs before the next run: every pin and ban in force, and how to undo it."""

from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.matching import PairRuleKind
from pages.review_parts import undo
from pages.ui import empty, plain
from services import times
from services.access import Actor
from services.matching import pins

PAGE_SIZE = 20
KINDS = {
    PairRuleKind.PIN: ":blue-badge[:material/keep: Pinned]",
    PairRuleKind.FORBID: ":gray-badge[:material/block: Never]",
}


def draw(session: Session, actor: Actor, cohort_id: UUID, run_id: UUID) -> None:
    """The newest first. Undoing one runs the matching again."""
    rules = pins.in_force(session, actor, cohort_id)
    if not rules:
        empty("Nothing is decided yet. Open a pair to pin it, to forbid it, or to choose somebody else.")
        return
    search = st.text_input("Search", key="search-decisions", placeholder="Name").strip().casefold()
    found = [rule for rule in rules if search in f"{rule.mentor}\n{rule.mentee}\n{rule.made_by}".casefold()]
    st.caption(f"{len(found)} of {len(rules)} decisions. Undoing one runs the matching again.")
    if not found:
        empty("No decision names them. Clear the search to see all.")
    pages = -(-len(found) // PAGE_SIZE)
    first = (min(st.session_state.get("decisions-page", 1), max(1, pages)) - 1) * PAGE_SIZE
    for rule in found[first : first + PAGE_SIZE]:
        with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            when = times.in_words(rule.made_at, actor.time_zone or "UTC")
            st.markdown(
                f"**{plain(rule.mentee)}** with **{plain(rule.mentor)}**  \n{KINDS[rule.kind]} "
                f"by {plain(rule.made_by)}, {plain(when)}"
            )
            st.button("Undo", key=f"undo-{rule.id}", on_click=undo, args=(rule.id, rule.version, run_id))
    if pages > 1:
        st.pagination(pages, key="decisions-page")
