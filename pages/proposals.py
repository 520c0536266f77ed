"""Proposals: a mentee or mentor answers theirs; a coordinator sends them, and sees what came of all of them."""

from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.enrolments import Side
from models.matching import ProposalStatus
from pages import proposal_acts, proposal_questions, proposal_sending
from pages.proposal_acts import Act
from pages.proposal_words import CHOOSE, COLUMNS, NOTHING, line_in_words
from pages.ui import at_a_press, empty, heading, page, segments
from services import proposal_board, proposals
from services.access import Actor
from services.proposal_board import Board, BoardLine

OPEN = frozenset({ProposalStatus.DRAFT, ProposalStatus.SENT})
# In these, nothing is to be done with the whole list at once.
ONLY_CHOSEN = frozenset({ProposalStatus.SENT, ProposalStatus.WITHDRAWN})


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
    """What can be done with all of the list, or with those that are chosen; above it, in reach on a phone."""
    open_to_acts = {line.id: line for line in found.lines if can_choose(line)}
    if not open_to_acts:
        return
    draw = {
        ProposalStatus.DRAFT: draw_acts_on_drafts,
        ProposalStatus.SENT: draw_acts_on_sent,
        ProposalStatus.WITHDRAWN: draw_acts_on_withdrawn,
    }.get(status, draw_acts_on_nothing)
    chosen = choose(CHOOSE[status], open_to_acts)
    if chosen or status not in ONLY_CHOSEN:
        with st.container(horizontal=True):
            draw(cohort_id, found, chosen)


def choose(label: str, lines: dict[UUID, BoardLine]) -> list[BoardLine]:
    """Those of this page that an act is to concern. One box for all: twenty would be twenty messages to the browser."""
    ids = list(lines)
    # After each act, and on another page, the choice begins anew.
    key = f"chosen-{st.session_state.get('ticks', 0)}-{hash(tuple(ids))}"
    chosen = st.multiselect(
        label,
        ids,
        key=key,
        format_func=lambda one: f"{lines[one].mentee} with {lines[one].mentor}",
        placeholder="One or several",
    )
    return [lines[one] for one in chosen]


def draw_acts_on_drafts(cohort_id: UUID, found: Board, chosen: list[BoardLine]) -> None:
    number = len(chosen) or found.counts[ProposalStatus.DRAFT]
    words = "Look at the email and send" if number == 1 else f"Look at {number:,} emails and send"
    ids = [line.id for line in chosen]
    st.button(
        words, key="to-send", type="primary", icon=":material/drafts:", on_click=proposal_sending.begin, args=(ids,)
    )
    ask_button("Withdraw", Act.WITHDRAW, cohort_id, chosen)


def draw_acts_on_sent(cohort_id: UUID, found: Board, chosen: list[BoardLine]) -> None:
    ask_button("Remind", Act.REMIND, cohort_id, chosen)
    if len(chosen) == 1 and chosen[0].waits_for is Side.MENTEE:
        ask_button("Answered by email", Act.WRITE_DOWN, cohort_id, chosen)
    ask_button("Withdraw", Act.WITHDRAW, cohort_id, chosen)


def draw_acts_on_nothing(cohort_id: UUID, found: Board, chosen: list[BoardLine]) -> None:
    words = "Find somebody else"
    if chosen:
        whom = "for 1 mentee" if len(chosen) == 1 else f"for {len(chosen)} mentees"
        ask_button(f"{words} {whom}", Act.REMATCH, cohort_id, chosen, kind="primary")
    else:
        label = f"{words} for everybody who has nobody"
        st.button(label, key="rematch-all", type="primary", on_click=rematch_all, args=(cohort_id,))


def draw_acts_on_withdrawn(cohort_id: UUID, found: Board, chosen: list[BoardLine]) -> None:
    ids = tuple(line.id for line in chosen)
    st.button("Put back under To send", key="put-back", on_click=proposal_acts.put_back, args=(ids,))


def ask_button(label: str, act: Act, cohort_id: UUID, chosen: list[BoardLine], *, kind: str = "secondary") -> None:
    """Opens the question before an act on the chosen lines, if there are any."""
    if chosen:
        args = (act, cohort_id, tuple(line.id for line in chosen), chosen[0].mentee)
        st.button(label, key=act.value, type=kind, on_click=proposal_acts.ask, args=args)  # type: ignore[arg-type] # one of two words


def rematch_all(cohort_id: UUID) -> None:
    """Everybody whose proposal came to nothing and who has nobody, on whatever page they are."""

    def act(session: Session, actor: Actor) -> None:
        ids = proposal_board.waiting(session, actor, cohort_id)
        if ids:
            proposal_acts.ask(Act.REMATCH, cohort_id, ids)

    at_a_press(act)


def draw_lines(actor: Actor, found: Board, status: ProposalStatus, search: str) -> None:
    """The page of the list as one text: each element is a message to the browser."""
    if not found.lines:
        empty(NOTHING[status] if not search else "Nobody of that name here. Clear the search.")
        return
    zone = actor.time_zone or "UTC"
    with st.container(border=True):
        st.markdown("\n\n".join(line_in_words(line, zone) for line in found.lines))


def can_choose(line: BoardLine) -> bool:
    """Whether anything can be done: before an answer, for a mentee who has nobody, or to put a draft back."""
    never_sent = line.status is ProposalStatus.WITHDRAWN and line.sent_at is None
    return line.status in OPEN or line.is_waiting or never_sent


def status_now() -> ProposalStatus:
    """What the control will say: its counts are read before it is drawn."""
    value = st.session_state.get("status") or st.query_params.get("status")
    return ProposalStatus(value) if value in set(ProposalStatus) else ProposalStatus.SENT


def first_page() -> None:
    st.session_state["page"] = 1


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
