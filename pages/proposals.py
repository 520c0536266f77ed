"""Proposals: a mentee or mentor answers theirs; a coordinator sends them, and sees what came of all of them."""

from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.enrolments import Side
from models.matching import ProposalStatus
from pages import proposal_acts, proposal_questions, proposal_sending
from pages.proposal_acts import Act
from pages.proposal_words import COLUMNS, NOTHING, line_in_words
from pages.ui import at_a_press, empty, heading, page, segments
from services import proposal_board, proposals
from services.access import Actor
from services.proposal_board import Board, BoardLine

# Of these something can be done with every line; of those that came to nothing, with whose mentee has nobody yet.
TICKABLE = frozenset({ProposalStatus.DRAFT, ProposalStatus.SENT})


def draw_board(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """What is about to be sent or done, or the proposals in one state at a time."""
    if st.query_params.get("step") == "send":
        proposal_sending.draw(session, actor, cohort_id)
        return
    proposal_acts.draw_came_of_it()
    proposal_sending.draw_leaving(session, actor, cohort_id)
    if question := proposal_acts.asking(cohort_id):
        proposal_acts.draw(session, actor, question)
        return
    status, search = status_now(), st.session_state.get("search") or ""
    at = st.session_state.get("page", 1)
    found = proposals.board(session, actor, cohort_id, status=status, search=search, page=at)
    segments(
        "Show",
        [each.value for each in ProposalStatus],
        key="status",
        default=ProposalStatus.SENT.value,
        required=True,
        in_address=True,
        words=lambda value: f"{COLUMNS[ProposalStatus(value)]} {found.counts[ProposalStatus(value)]:,}",
        on_change=first_page,
    )
    st.text_input("Search", key="search", placeholder="Name", on_change=first_page)
    draw_acts(cohort_id, status, found)
    draw_lines(actor, found, status, search)
    if found.pages > 1 and st.pagination(found.pages, key="page") != min(max(1, at), found.pages):
        st.rerun()


def draw_acts(cohort_id: UUID, status: ProposalStatus, found: Board) -> None:
    """What can be done with the ticked lines, or with all; above the list, so that it is in reach on a phone."""
    ticked = [line for line in found.lines if st.session_state.get(tick_of(line))]
    draw = {
        ProposalStatus.DRAFT: draw_acts_on_drafts,
        ProposalStatus.SENT: draw_acts_on_sent,
        ProposalStatus.DECLINED: draw_acts_on_nothing,
        ProposalStatus.EXPIRED: draw_acts_on_nothing,
        ProposalStatus.WITHDRAWN: draw_acts_on_withdrawn,
    }.get(status)
    if draw and found.lines:
        with st.container(horizontal=True):
            draw(cohort_id, found, ticked)


def draw_acts_on_drafts(cohort_id: UUID, found: Board, ticked: list[BoardLine]) -> None:
    number = len(ticked) or found.counts[ProposalStatus.DRAFT]
    words = "Look at the email and send" if number == 1 else f"Look at {number:,} emails and send"
    ids = [line.id for line in ticked]
    st.button(
        words, key="to-send", type="primary", icon=":material/drafts:", on_click=proposal_sending.begin, args=(ids,)
    )
    ask_button("Withdraw", Act.WITHDRAW, cohort_id, ticked)


def draw_acts_on_sent(cohort_id: UUID, found: Board, ticked: list[BoardLine]) -> None:
    ask_button("Remind", Act.REMIND, cohort_id, ticked)
    by_mentees = ticked if len(ticked) == 1 and ticked[0].waits_for is Side.MENTEE else []
    ask_button("Answered by email", Act.WRITE_DOWN, cohort_id, by_mentees)
    ask_button("Withdraw", Act.WITHDRAW, cohort_id, ticked)


def draw_acts_on_nothing(cohort_id: UUID, found: Board, ticked: list[BoardLine]) -> None:
    if not any(line.is_waiting for line in found.lines):
        return
    words = "Find somebody else"
    if ticked:
        whom = "for 1 mentee" if len(ticked) == 1 else f"for {len(ticked)} mentees"
        ask_button(f"{words} {whom}", Act.REMATCH, cohort_id, ticked, kind="primary")
    else:
        label = f"{words} for everybody who has nobody"
        st.button(label, key="rematch-all", type="primary", on_click=rematch_all, args=(cohort_id,))


def draw_acts_on_withdrawn(cohort_id: UUID, found: Board, ticked: list[BoardLine]) -> None:
    if any(line.sent_at is None for line in found.lines):
        ids = tuple(line.id for line in ticked)
        label = "Put back under To send"
        st.button(label, key="put-back", disabled=not ids, on_click=proposal_acts.put_back, args=(ids,))


def ask_button(label: str, act: Act, cohort_id: UUID, ticked: list[BoardLine], *, kind: str = "secondary") -> None:
    """Opens the question before an act on the ticked lines."""
    ids, name = tuple(line.id for line in ticked), ticked[0].mentee if ticked else ""
    args = (act, cohort_id, ids, name)
    st.button(label, key=act.value, type=kind, disabled=not ids, on_click=proposal_acts.ask, args=args)  # type: ignore[arg-type] # one of two words


def rematch_all(cohort_id: UUID) -> None:
    """Everybody whose proposal came to nothing and who has nobody, on whatever page they are."""

    def act(session: Session, actor: Actor) -> None:
        ids = proposal_board.waiting(session, actor, cohort_id)
        if ids:
            proposal_acts.ask(Act.REMATCH, cohort_id, ids)

    at_a_press(act)


def draw_lines(actor: Actor, found: Board, status: ProposalStatus, search: str) -> None:
    """The page of the list: lines to tick, and those of which nothing is left to do as one text."""
    if not found.lines:
        empty(NOTHING[status] if not search else "Nobody of that name here. Clear the search.")
        return
    zone = actor.time_zone or "UTC"
    told: list[str] = []
    with st.container(border=True):
        for line in found.lines:
            if can_tick(line):
                tell_all(told)
                st.checkbox(line_in_words(line, zone), key=tick_of(line))
            else:
                told.append(line_in_words(line, zone))
        tell_all(told)


def tell_all(told: list[str]) -> None:
    """Draw what was collected: each element is a message to the browser, so there are few."""
    if told:
        st.markdown("\n\n".join(told))
        told.clear()


def can_tick(line: BoardLine) -> bool:
    never_sent = line.status is ProposalStatus.WITHDRAWN and line.sent_at is None
    return line.status in TICKABLE or line.is_waiting or never_sent


def tick_of(line: BoardLine) -> str:
    """The key of a line's box; after each act the ticks begin anew."""
    return f"tick-{st.session_state.get('ticks', 0)}-{line.id}"


def status_now() -> ProposalStatus:
    """What the control will say: its counts are read before it is drawn."""
    value = st.session_state.get("status") or st.query_params.get("status")
    return ProposalStatus(value) if value in set(ProposalStatus) else ProposalStatus.SENT


def first_page() -> None:
    st.session_state.pop("page", None)


with page("") as (session, actor):
    if actor.side is not None:
        heading("Proposals", "Who was proposed to you, and what came of it")
        proposal_questions.draw_mine(session, actor)
    else:
        heading("Proposals", "Who was proposed to whom, and what came of it")
        if actor.place.cohort_id is None:
            empty("Choose a cohort at the top of the menu.")
        else:
            draw_board(session, actor, actor.place.cohort_id)
