"""Mentors: a mentee who is looking reads who could help, keeps some in mind, and ranks wishes."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages.ui import done, empty, page, plain, refusals, segments
from pages.why import why as draw_why
from services import directory, directory_figures, shortlist, wishes
from services.access import Actor
from services.directory import ListedMentor, Standing, Visit
from services.schemes.sectors import sectors
from services.wishes import RankedWish

SENTENCES = {
    Standing.COORDINATOR_PROPOSES: "In this scheme the coordinator proposes a mentor to you, and you decide. "
    "You get an email as soon as there is a proposal.",
    Standing.NOT_APPROVED: "The directory opens when your enrolment is approved. You get an email then.",
    Standing.MATCHED: "You have a mentor now. You find everything in My match.",
}
EVERYBODY, KEPT, WISHES = "everybody", "kept", "wishes"
# On a card among twenty. The whole text stands with those whom one keeps or wishes for.
SHOWN_OF_SUMMARY = 600
UNDO = "_wish_taken_back"


def draw(session: Session, actor: Actor, today: date) -> None:
    """One of three lists: everybody, those kept for later, the wishes."""
    visit = directory.visit(session, actor)
    if visit.standing is not Standing.OPEN:
        empty(SENTENCES[visit.standing])
        return
    mine, kept = visit.wished, visit.kept
    words = {EVERYBODY: "Everybody", KEPT: f"Kept ({len(kept)})", WISHES: f"My wishes ({len(mine)} of {wishes.MOST})"}
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
            draw_kept(session, actor, today, mine)
        case "wishes":
            draw_wishes(session, actor, today)
        case _:
            look_around(session, actor, today, visit)


def look_around(session: Session, actor: Actor, today: date, visit: Visit) -> None:
    """Search, choose a sector, and one page of cards."""
    if st.session_state.get("sector") not in visit.sectors:
        st.session_state["sector"] = None  # nobody of it is listed any more
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
    if search and st.session_state.get("_counted") != search:
        st.session_state["_counted"] = search
        directory_figures.note_search(session, actor, search, today=today)
    chosen = st.session_state.get("page", 1)
    found = directory.listed(session, actor, search=search, sector=sector, page=chosen, today=today)
    if not found.mentors:
        empty(NOBODY[bool(search), sector is not None])
        return
    st.caption(counted(found))
    kept = frozenset(visit.kept)
    for mentor in found.mentors:
        card(session, actor, today, mentor, found.why.get(mentor.id, ()), visit.wished, kept)
    # A filter that leaves fewer pages takes the choice back to the first: what is drawn must follow.
    if found.pages > 1 and st.pagination(found.pages, key="page") != found.page:
        st.rerun()


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
    return f"{found.total} {'mentor' if found.total == 1 else 'mentors'}"


def card(
    session: Session,
    actor: Actor,
    today: date,
    mentor: ListedMentor,
    why: Iterable[str],
    mine: tuple[UUID, ...],
    kept: frozenset[UUID],
    longest: int | None = SHOWN_OF_SUMMARY,
) -> None:
    """One mentor, what speaks for them, and what one can do about it."""
    rank = mine.index(mentor.id) + 1 if mentor.id in mine else None
    with st.container(border=True, gap="small", horizontal=True):
        st.markdown(introduction(mentor, why, rank, longest), width="stretch")
        with refusals():
            if rank is None and st.button("Wish for this mentor", key=f"wish-{mentor.id}", icon=":material/favorite:"):
                place = wishes.add(session, actor, mentor.id, today=today)
                done(f"{plain(mentor.full_name)} is among your wishes, as number {place}.")
            if mentor.id in kept:
                if st.button("Let go", key=f"drop-{mentor.id}", icon=":material/bookmark_remove:"):
                    shortlist.drop(session, actor, mentor.id)
                    done(f"You keep {plain(mentor.full_name)} no longer.")
            elif st.button("Keep", key=f"keep-{mentor.id}", icon=":material/bookmark_add:"):
                shortlist.keep(session, actor, mentor.id, today=today)
                done(f"You find {plain(mentor.full_name)} under Kept.")


def introduction(mentor: ListedMentor, why: Iterable[str], rank: int | None, longest: int | None) -> str:
    """The four facts, and why this mentor: one piece of Markdown, because twenty cards are drawn at once."""
    badge = f" :green-badge[:material/favorite: Wish {rank}]" if rank else ""
    lines = [f"**{plain(mentor.full_name)}**{badge}"]
    if about := " · ".join(plain(fact) for fact in (mentor.role_title, mentor.sector) if fact):
        lines.append(about)
    text = "  \n".join(lines)
    if mentor.summary:
        text += f"\n\n{plain(shortened(mentor.summary, longest))}"
    if reasons := " · ".join(plain(reason) for reason in why):
        text += f"\n\n:small[:material/handshake: {reasons}]"
    return text


def shortened(summary: str, longest: int | None) -> str:
    """A very long text up to the blank before its limit. Scripts without blanks are cut where the limit is."""
    if longest is None or len(summary) <= longest:
        return summary
    start = summary[:longest]
    return f"{start[: start.rfind(' ')] if ' ' in start[longest // 2 :] else start} …"


def draw_kept(session: Session, actor: Actor, today: date, mine: tuple[UUID, ...]) -> None:
    """Those kept for later, with all they wrote."""
    found = shortlist.mine(session, actor, today=today)
    if not found.mentors and not found.unlisted:
        empty("You keep nobody yet. Choose Keep beside a mentor to come back to them here.")
        return
    st.caption("Only you see whom you keep.")
    why = directory.reasons(session, actor, found.mentors, today)
    everybody = frozenset(mentor.id for mentor in found.mentors)
    for mentor in found.mentors:
        card(session, actor, today, mentor, why.get(mentor.id, ()), mine, everybody, longest=None)
    for mentor_id in found.unlisted:
        with st.container(border=True, gap="small", horizontal=True):
            st.markdown("A mentor who is not listed now", width="stretch")
            with refusals():
                if st.button("Let go", key=f"drop-{mentor_id}", icon=":material/bookmark_remove:"):
                    shortlist.drop(session, actor, mentor_id)
                    st.rerun()


def draw_wishes(session: Session, actor: Actor, today: date) -> None:
    """The wishes in order, each to be moved or taken back."""
    offer_undo(session, actor, today)
    mine = wishes.mine(session, actor, today=today)
    if not mine:
        empty(f"No wishes yet. You can name up to {wishes.MOST} mentors, the dearest first.")
        return
    left = wishes.MOST - len(mine)
    more = f"You can add {left} more." if left else "To add another, remove one first."
    st.caption(f"The dearest first. {more} Only you, the coordinator and, once asked, a mentor see your wishes.")
    draw_why(session, actor, "wishes")
    why = directory.reasons(session, actor, [wish.mentor for wish in mine if wish.mentor], today)
    for wish in mine:
        with st.container(border=True, gap="small"):
            reasons = why.get(wish.mentor_id, ())
            told = introduction(wish.mentor, reasons, None, None) if wish.mentor else "A mentor who is not listed now"
            st.markdown(f"{wish.rank}\\. {told}")
            with st.container(horizontal=True):
                change(session, actor, wish, last=len(mine))


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
    draw(session, actor, datetime.now(UTC).date())
