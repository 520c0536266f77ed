"""Mentors: a mentee who is looking reads who could help, keeps some in mind, and ranks wishes."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages import address, mentor_list
from pages.ui import done, empty, page, plain, refusals, segments
from pages.why import why as draw_why
from services import directory, directory_figures, shortlist, times, wishes
from services.access import Actor
from services.directory import Standing, Visit
from services.schemes.sectors import sectors
from services.wishes import RankedWish

SENTENCES = {
    Standing.COORDINATOR_PROPOSES: "In this scheme the coordinator proposes a mentor to you, and you decide. "
    "You get an email as soon as there is a proposal.",
    Standing.NOT_APPROVED: "The directory opens when your enrolment is approved. You get an email then.",
    Standing.PAUSED: "You are taking a break, so no mentor is looked for now. Say under Enrolment that you are "
    "back, and it goes on.",
    Standing.CLOSED: "Your place in this cohort has ended, so no mentor is looked for here.",
    Standing.MATCHED: "You have a mentor now. You find everything in My match.",
}
WAYS_ON = {
    Standing.NOT_APPROVED: ("enrolment.py", "Open Enrolment"),
    Standing.PAUSED: ("enrolment.py", "Open Enrolment"),
    Standing.MATCHED: ("my_match.py", "Open My match"),
}
EVERYBODY, KEPT, WISHES = "everybody", "kept", "wishes"
UNDO = "_wish_taken_back"


def draw(session: Session, actor: Actor, today: date) -> None:
    """One of three lists: everybody, those kept for later, the wishes."""
    visit = directory.visit(session, actor)
    if visit.standing is not Standing.OPEN:
        empty(SENTENCES[visit.standing])
        if way_on := WAYS_ON.get(visit.standing):
            st.page_link(way_on[0], label=way_on[1], icon=":material/arrow_forward:")
        return
    address.follow(mentor_list.OPENED, address.an_id)
    mine, kept = visit.wished, visit.kept
    words = {EVERYBODY: "Everybody", KEPT: f"Kept {len(kept)}", WISHES: f"My wishes {len(mine)} of {wishes.MOST}"}
    view = segments(
        "Which mentors",
        list(words),
        key="view",
        words=lambda each: words[each],
        default=EVERYBODY,
        required=True,
        in_address=True,
        label_visibility="collapsed",
    )
    match view:
        case "kept":
            draw_kept(session, actor, today, visit)
        case "wishes":
            draw_wishes(session, actor, today, visit)
        case _:
            look_around(session, actor, today, visit)


def look_around(session: Session, actor: Actor, today: date, visit: Visit) -> None:
    """Search, choose a sector, and one page of mentors."""
    address.follow("sector", address.one_of(*visit.sectors))
    address.follow("page", address.a_page, otherwise=1)
    if st.session_state.get("sector") not in visit.sectors:
        st.session_state["sector"] = None  # nobody of it is listed any more
    everybody = None
    if not st.session_state.get("search") and not st.session_state.get("sector"):
        at = st.session_state.get("page", 1)
        everybody = directory.listed(session, actor, page=at, today=today, during=visit)
        if not everybody.mentors:
            # There is nobody to search among yet.
            empty(NOBODY[False, False])
            return
    left, right = st.columns([1.6, 1])
    search = left.text_input(
        "Search",
        key="search",
        placeholder="Name, role, or words of their work",
        help="Several words in any order, in English or Chinese. The beginning of a word is enough.",
        on_change=to_first_page,
    )
    sector = right.selectbox(
        "Sector",
        visit.sectors,
        index=None,
        key="sector",
        format_func=lambda code: sectors()[code],
        placeholder="All sectors",
        on_change=to_first_page,
    )
    address.keep("sector", sector)
    if search and st.session_state.get("_counted") != search:
        st.session_state["_counted"] = search
        directory_figures.note_search(session, actor, search, today=today)
    chosen = st.session_state.get("page", 1)
    found = everybody or directory.listed(
        session, actor, search=search, sector=sector, page=chosen, today=today, during=visit
    )
    if not found.mentors:
        empty(NOBODY[bool(search), sector is not None])
        return
    st.caption(f"{counted(found)} Open one to read everything, to keep them in mind or to wish for them.")
    mentor_list.draw(session, actor, today, found.mentors, found.why, visit)
    # A filter that leaves fewer pages takes the choice back to the first: what is drawn must follow.
    if found.pages > 1 and st.pagination(found.pages, key="page") != found.page:
        st.rerun()
    address.keep("page", found.page if found.page > 1 else None)


NOBODY = {
    (False, False): "No mentor is listed yet. Mentors appear here once they have agreed to it and are ready to start. "
    "Look again in a few days; the coordinator can also propose somebody to you.",
    (False, True): "No mentor of this sector is listed now. Try a sector near to it, or look through all of them.",
    (True, False): "No mentor is listed with these words. Try fewer words, or only the beginning of one.",
    (True, True): "No mentor is listed with these words in this sector. Try fewer words, or all sectors.",
}


def to_first_page() -> None:
    """Another question begins at its first page."""
    st.session_state["page"] = 1


def counted(found: directory.Page) -> str:
    """How many there are, as far as that was counted."""
    if found.has_more:
        return f"More than {found.total} mentors. Search, or choose a sector, to see fewer."
    return f"{found.total} {'mentor' if found.total == 1 else 'mentors'}."


def draw_kept(session: Session, actor: Actor, today: date, visit: Visit) -> None:
    """Those kept for later."""
    found = shortlist.mine(session, actor, today=today, during=visit)
    if not found.mentors and not found.unlisted:
        empty("You keep nobody yet. Open a mentor and choose Keep to come back to them here.")
        return
    st.caption("Only you see whom you keep. Open one to read everything, to wish for them or to let them go.")
    if found.mentors:
        why = directory.reasons(session, actor, found.mentors, today, during=visit)
        mentor_list.draw(session, actor, today, found.mentors, why, visit)
    for mentor_id in found.unlisted:
        with st.container(border=True, gap="small", horizontal=True):
            st.markdown("A mentor who is not listed now", width="stretch")
            with refusals():
                if st.button("Let go", key=f"drop-{mentor_id}", icon=":material/bookmark_remove:"):
                    shortlist.drop(session, actor, mentor_id)
                    st.rerun()


def draw_wishes(session: Session, actor: Actor, today: date, visit: Visit) -> None:
    """The wishes in order, each to be moved or taken back."""
    offer_undo(session, actor, today)
    mine = wishes.mine(session, actor, today=today, during=visit)
    if not mine:
        empty(f"No wishes yet. You can name up to {wishes.MOST} mentors, the dearest first.")
        return
    left = wishes.MOST - len(mine)
    more = f"You can add {left} more." if left else "To add another, remove one first."
    st.caption(f"The dearest first. {more} Only you, the coordinator and, once asked, a mentor see your wishes.")
    draw_why(session, actor, "wishes")
    why = directory.reasons(session, actor, [wish.mentor for wish in mine if wish.mentor], today, during=visit)
    for wish in mine:
        with st.container(border=True, gap="small"):
            st.markdown(introduction(wish, why.get(wish.mentor_id, ())))
            with st.container(horizontal=True):
                change(session, actor, wish, last=len(mine))


def introduction(wish: RankedWish, why: Iterable[str]) -> str:
    """A wish with all that is known of the mentor."""
    if wish.mentor is None:
        return f"{wish.rank}\\. A mentor who is not listed now"
    head = [f"{wish.rank}\\. **{plain(wish.mentor.full_name)}**", mentor_list.facts(wish.mentor)]
    told = ["  \n".join(part for part in head if part), mentor_list.at_length(wish.mentor, why)]
    return "\n\n".join(part for part in told if part)


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
            rank = wishes.remove(session, actor, wish.mentor_id)
            st.session_state[UNDO] = (key, rank)
            done("The wish is removed.")


def offer_undo(session: Session, actor: Actor, today: date) -> None:
    """A way back for the wish that was removed last."""
    if UNDO not in st.session_state:
        return
    mentor_id, rank = st.session_state[UNDO]
    with refusals():
        if st.button("Put the removed wish back", key="undo", icon=":material/undo:"):
            del st.session_state[UNDO]
            wishes.add(session, actor, UUID(mentor_id), rank=rank, today=today)
            done("The wish is back where it was.")


with page("Mentors", caption="Who could help you? Read, keep some in mind, then wish") as (session, actor):
    draw(session, actor, times.gate_day())
