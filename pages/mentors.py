"""Mentors: a mentee who is looking reads who could help, and ranks wishes."""

from datetime import UTC, date, datetime

import streamlit as st
from sqlmodel import Session

from pages.ui import done, empty, page, plain, refusals
from services import directory, wishes
from services.access import Actor
from services.directory import ListedMentor, Standing
from services.wishes import RankedWish

SENTENCES = {
    Standing.COORDINATOR_PROPOSES: "In this scheme the coordinator proposes a mentor to you, and you decide. "
    "You get an email as soon as there is a proposal.",
    Standing.NOT_APPROVED: "The directory opens when your enrolment is approved. You get an email then.",
    Standing.MATCHED: "You have a mentor now. You find everything in My match.",
}


def draw(session: Session, actor: Actor, today: date) -> None:
    """The mentors who are listed, with the wishes beside them."""
    found = directory.standing(session, actor)
    if found is not Standing.OPEN:
        empty(SENTENCES[found])
        return
    mine = wishes.mine(session, actor, today=today)
    left, right = st.columns([1.3, 1])
    with right:
        rank(session, actor, mine)
    with left:
        search = st.text_input("Search", key="search", placeholder="Name, role, sector or a word of their work history")
        choose(session, actor, today, search, {wish.mentor_id for wish in mine})


def choose(session: Session, actor: Actor, today: date, search: str, wished: set[object]) -> None:
    """One page of mentors as cards."""
    found = directory.listed(session, actor, search=search, page=st.session_state.get("page", 1), today=today)
    if not found.mentors:
        empty(
            "No mentor is listed with these words." if search else "No mentor is listed yet. Look again in a few days."
        )
        return
    st.caption(f"{found.total} {'mentor' if found.total == 1 else 'mentors'}")
    for mentor in found.mentors:
        with st.container(border=True, gap="small"):
            introduce(mentor)
            if mentor.id in wished:
                st.markdown(":green-badge[:material/check: Among your wishes]")
            elif st.button("Wish for this mentor", key=f"wish-{mentor.id}"):
                with refusals():
                    wishes.add(session, actor, mentor.id, today=today)
                    done(f"{plain(mentor.full_name)} is among your wishes.")
    # A filter that leaves fewer pages takes the choice back to the first: what is drawn must follow.
    if found.pages > 1 and st.pagination(found.pages, key="page") != found.page:
        st.rerun()


def introduce(mentor: ListedMentor) -> None:
    """The four facts, and nothing else."""
    st.markdown(f"**{plain(mentor.full_name)}**")
    facts = " · ".join(plain(fact) for fact in (mentor.role_title, mentor.sector) if fact)
    if facts:
        st.markdown(facts)
    if mentor.summary:
        st.markdown(plain(mentor.summary))


def rank(session: Session, actor: Actor, mine: tuple[RankedWish, ...]) -> None:
    """The wishes in order, each to be moved or taken back."""
    st.header("Your wishes", anchor=False)
    if not mine:
        empty(f"No wishes yet. You can name up to {wishes.MOST} mentors, the dearest first.")
    for wish in mine:
        with st.container(border=True, gap="small"):
            name = plain(wish.mentor.full_name) if wish.mentor else "A mentor who is no longer listed"
            st.markdown(f"{wish.rank}\\. **{name}**")
            with st.container(horizontal=True):
                change(session, actor, wish, last=len(mine))
    if mine:
        st.caption("Only you, the coordinator and, once asked, a mentor see that you wished for them.")


def change(session: Session, actor: Actor, wish: RankedWish, *, last: int) -> None:
    """The buttons of one wish."""
    key = str(wish.mentor_id)
    with refusals():
        if st.button("Up", key=f"up-{key}", icon=":material/arrow_upward:", disabled=wish.rank == 1):
            wishes.move_up(session, actor, wish.mentor_id)
            st.rerun()
        if st.button("Down", key=f"down-{key}", icon=":material/arrow_downward:", disabled=wish.rank == last):
            wishes.move_down(session, actor, wish.mentor_id)
            st.rerun()
        if st.button("Remove", key=f"remove-{key}", icon=":material/close:"):
            wishes.remove(session, actor, wish.mentor_id)
            done("The wish is removed.")


with page("Mentors", caption="Who could help you? Read, then wish") as (session, actor):
    draw(session, actor, datetime.now(UTC).date())
