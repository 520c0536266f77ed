"""Matching review: who should meet whom and why, what a change would cost, and every email before it leaves."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.matching import ProposalStatus
from pages import (
    charts,
    review_compare,
    review_decisions,
    review_pair,
    review_pictures,
    review_running,
    review_sending,
    review_what_if,
)
from pages.review_parts import (
    approve,
    approved,
    at,
    carry_over,
    first_page,
    keep,
    open_pair,
    people,
    run_again,
    run_if_asked,
    today,
)
from pages.review_sending import tell_held_back
from pages.ui import at_a_press, empty, page, plain, refusals, segments
from services import participation, proposals, times
from services.access import Actor
from services.matching import review, review_acts, review_limits, runs
from services.matching.review import PairLine, Pairs, Show, Sort
from services.matching.review_acts import Standing
from services.matching.runs import RunView
from services.proposal_board import Draft

Kind = Literal["primary", "secondary"]
SHOWN = {Show.ALL: "All", Show.WARNINGS: "Warnings", Show.UNMATCHED: "Unmatched"}
SORTED = {Sort.BEST: "Best first", Sort.WORST: "Weakest first", Sort.NAME: "By name", Sort.WISH: "By wish"}
CAME_OF_IT = {
    ProposalStatus.DRAFT: ":blue-badge[Ready to send]",
    ProposalStatus.SENT: ":blue-badge[Proposed]",
    ProposalStatus.ACCEPTED: ":green-badge[Accepted]",
    ProposalStatus.DECLINED: ":gray-badge[Declined]",
    ProposalStatus.EXPIRED: ":gray-badge[Ran out]",
    ProposalStatus.WITHDRAWN: ":gray-badge[Withdrawn]",
}


class View(StrEnum):
    """The parts of the review."""

    PAIRS = "pairs"
    WHAT_IF = "what-if"
    COMPARE = "compare"
    PICTURES = "pictures"
    DECISIONS = "decisions"


VIEWS = {
    View.PAIRS: "Pairs",
    View.WHAT_IF: "What if …",
    View.COMPARE: "Compare runs",
    View.PICTURES: "Pictures",
    View.DECISIONS: "Decisions",
}


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """The emails to send, one pair, or the newest run with what can be done about it."""
    run_if_asked(session, actor, cohort_id)
    drafts = proposals.to_send(session, actor, cohort_id)
    if drafts and st.query_params.get("step") == "send":
        review_sending.draw(session, actor, drafts)
        return
    run = runs.latest(session, actor, cohort_id)
    now = review_acts.standing(session, actor, cohort_id, run.made_at if run else None)
    st.caption(in_one_line(run, actor.time_zone or "UTC") if run else "Nobody has been matched in this cohort yet.")
    if now.is_running:
        review_running.draw(session, actor, cohort_id)
    else:
        review_running.draw_end(session, actor, cohort_id)
    tell_held_back()
    if run is None:
        draw_first(session, actor, cohort_id, now)
        return
    carry_over(session, actor, run)
    asked = st.query_params.get("pair")
    if asked is not None:
        draw_pair(session, actor, run, asked)
        return
    draw_view(session, actor, cohort_id, run, now, drafts)


def draw_first(session: Session, actor: Actor, cohort_id: UUID, now: Standing) -> None:
    main, aside = st.columns([1.4, 1], gap="medium")
    with aside:
        if not now.is_running:
            draw_run_button(cohort_id, None, "primary")
        draw_left_out("Not ready for a run", not_ready(session, actor, cohort_id))
    with main:
        empty("Run the matching: it pairs everybody who is ready, and shows why. Nobody is written to yet.")


def draw_pair(session: Session, actor: Actor, run: RunView, asked: str) -> None:
    try:
        mentee_id = UUID(asked)
    except ValueError:
        open_pair(None)
        st.rerun()
    review_pair.draw(session, actor, run, mentee_id)


def draw_view(
    session: Session, actor: Actor, cohort_id: UUID, run: RunView, now: Standing, drafts: Sequence[Draft]
) -> None:
    """What limits the run, then the part of the review that was chosen."""
    st.markdown(f"**{plain(review_limits.in_one_sentence(run))}**")
    numbers = {View.DECISIONS: f" {now.decisions}"} if now.decisions else {}
    chosen = segments(
        "View",
        [each.value for each in View],
        key="view",
        default=View.PAIRS.value,
        required=True,
        in_address=True,
        words=lambda value: VIEWS[View(value)] + numbers.get(View(value), ""),
        label_visibility="collapsed",
    )
    with refusals():
        match View(chosen or View.PAIRS):
            case View.WHAT_IF:
                review_what_if.draw(session, actor, cohort_id, run)
            case View.COMPARE:
                review_compare.draw(session, actor, cohort_id)
            case View.PICTURES:
                review_pictures.draw(session, actor, run)
            case View.DECISIONS:
                review_decisions.draw(session, actor, cohort_id)
            case View.PAIRS:
                draw_pairs(session, actor, cohort_id, run, now, drafts)


def draw_pairs(
    session: Session, actor: Actor, cohort_id: UUID, run: RunView, now: Standing, drafts: Sequence[Draft]
) -> None:
    search, sort, at_page = looked_at_last()
    found = review.pairs(session, actor, run.id, show=shown_now(), search=search, sort=sort, page=at_page)
    # Above the list, so that the next step is in sight on a phone as well.
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_next(session, actor, cohort_id, run, now, drafts, found)
    main, aside = st.columns([1.4, 1], gap="medium")
    with aside:
        draw_left_out("Not in this run", run.left_out)
        st.caption(run.text_in_words)
    with main:
        draw_run(run, found)


def looked_at_last() -> tuple[str, Sort, int]:
    """What is searched for, the order and the page, also after a pair was opened, when the widgets forget them."""
    for key, otherwise in (("search", ""), ("sort", Sort.BEST)):
        if key not in st.session_state:
            st.session_state[key] = st.session_state.get(f"list-{key}", otherwise)
        st.session_state[f"list-{key}"] = st.session_state[key]
    at_page = st.session_state.get("page", st.session_state.get("list-page", 1))
    return st.session_state["search"], st.session_state["sort"], at_page


def in_one_line(run: RunView, zone: str) -> str:
    """The totals with their base."""
    proof = "proved optimal" if run.proved else "not proved optimal"
    places = "1 open place" if run.places == 1 else f"{run.places} open places"
    when = times.in_words(run.made_at, zone)
    floor = " · worst pair first" if run.policy == "floor_first" else ""
    return f"Run of {when} · {run.matched} of {run.mentees} mentees matched, {places} · {proof}{floor}"


def draw_next(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    run: RunView,
    now: Standing,
    drafts: Sequence[Draft],
    found: Pairs,
) -> None:
    """What can be sent, what waits to be, and the run button."""
    waiting = draw_acts(session, actor, run.id, found.to_approve)
    if drafts:
        one = len(drafts) == 1
        ready = "One email is" if one else f"Emails to {people(len(drafts))} are"
        st.info(f"{ready} ready. Nothing has left yet.", icon=":material/outgoing_mail:")
        kind: Kind = "secondary" if waiting else "primary"
        look = "Look at it and send" if one else "Look at them and send"
        st.button(look, key="to-send", type=kind, icon=":material/drafts:", on_click=at("send"))
    if not now.is_running:
        if now.newer_than_run:
            st.info("Decisions have changed since this run. Run again to see what follows.", icon=":material/update:")
        draw_run_button(cohort_id, run, "secondary")


def draw_run_button(cohort_id: UUID, run: RunView | None, kind: Kind) -> None:
    seed, floor_first = (run.seed, run.policy == "floor_first") if run else (0, False)
    label = "Run again" if run else "Run matching"
    args = (cohort_id, seed, floor_first)
    st.button(label, key="run", type=kind, icon=":material/join_inner:", on_click=run_again, args=args)


def draw_left_out(heading: str, sentences: Sequence[str]) -> None:
    if sentences:
        st.header(heading, anchor=False)
        st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
        st.page_link("enrolments.py", label="See who, in Enrolments", icon=":material/how_to_reg:")


def not_ready(session: Session, actor: Actor, cohort_id: UUID) -> tuple[str, ...]:
    """Counts of the whole cohort, so they are kept until something is written about the scheme."""
    now = participation.standing(session, actor, cohort_id)
    return charts.kept(
        ("not ready", cohort_id, now.today, now.edition),
        lambda: review.left_out(session, actor, cohort_id, today()),
    )


def draw_run(run: RunView, found: Pairs) -> None:
    """The run's lines: whoever has nobody, then the pairs as sorted."""
    chosen = approved(run.id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Search", key="search", placeholder="Name or sector", on_change=first_page)
        st.selectbox("Sort", list(Sort), key="sort", format_func=SORTED.__getitem__, on_change=first_page)
    segments(
        "Show",
        [each.value for each in Show],
        key="show",
        default=Show.ALL.value,
        required=True,
        in_address=True,
        words=lambda value: f"{SHOWN[Show(value)]} {found.counts[Show(value)]}",
        on_change=first_page,
    )
    if not found.lines:
        empty("Nobody here. Clear the search, or show all.")
    for line in found.lines:
        draw_line(run.id, line, chosen)
    draw_pages(found)


def draw_pages(found: Pairs) -> None:
    pages = -(-found.found // review.PAGE_SIZE)
    if pages > 1:
        st.pagination(pages, default=min(pages, st.session_state.get("list-page", 1)), key="page")


def draw_acts(session: Session, actor: Actor, run_id: UUID, number: int) -> bool:
    """Go on to the emails of the pairs that are approved, or approve all.

    Answers whether any pair can still be approved.
    """
    if not number:
        return False
    ticked = approved(run_id)
    chosen = review.open_pairs(session, actor, run_id, ticked).ticked if ticked else ticked
    st.button(
        f"Preview the emails to {people(len(chosen))}",
        key="preview",
        type="primary",
        icon=":material/drafts:",
        disabled=not chosen,
        on_click=preview,
        args=(run_id,),
    )
    if number > len(chosen):
        st.button(f"Approve all {number}", key="approve-all", on_click=approve_all, args=(run_id,))
    if chosen:
        st.button("Approve none", key="approve-none", on_click=approve, args=(run_id, frozenset()))
    return True


def approve_all(run_id: UUID) -> None:
    at_a_press(lambda session, actor: approve(run_id, frozenset(review.to_approve(session, actor, run_id))))


def preview(run_id: UUID) -> None:
    """Make the approved pairs drafts, which the next run shows with every email."""

    def make(session: Session, actor: Actor) -> None:
        # Asked now: when this is pressed twice, the second press finds nothing left to do.
        chosen = review.open_pairs(session, actor, run_id, approved(run_id)).ticked
        if chosen:
            outcome = proposals.draft(session, actor, run_id, sorted(chosen))
            st.session_state["held_back"] = outcome.held_back
            approve(run_id, frozenset())
            if outcome.done:
                st.query_params["step"] = "send"

    at_a_press(make)


def draw_line(run_id: UUID, line: PairLine, chosen: frozenset[UUID]) -> None:
    """One card: who, why, and what came of it."""
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(in_words(line))
        if line.can_approve:
            draw_approval(run_id, line, chosen)
        st.button(
            "Look closer", key=f"open-{line.mentee_id}", type="tertiary", on_click=open_pair, args=(line.mentee_id,)
        )


def in_words(line: PairLine) -> str:
    """All of a card in one piece: each piece is a message to the browser."""
    if line.mentor is None:
        change = review_pair.smallest_change(line.one_more_with)
        return f"**{plain(line.mentee)}** has no mentor in this run  \n{plain(line.note or '')}  \n{change}"
    why = " · ".join(plain(reason) for reason in line.reasons) or "Nothing speaks strongly for this pair"
    badges = [
        f":orange-badge[:material/warning: {plain(line.note)}]" if line.note else "",
        f":blue-badge[Wish number {line.wish_rank}]" if line.wish_rank else "",
        CAME_OF_IT[line.proposal] if line.proposal is not None else "",
    ]
    lines = [
        f"**{plain(line.mentee)}** with **{plain(line.mentor)}** · {line.percent} % of the possible",
        why,
        *filter(None, badges),
    ]
    return "  \n".join(lines)


def draw_approval(run_id: UUID, line: PairLine, chosen: frozenset[UUID]) -> None:
    """A tick that is kept when the page of the list changes."""
    key = f"approve-{line.mentee_id}-{st.session_state.get('ticks', 0)}"

    def tick() -> None:
        now, mine = approved(run_id), frozenset({line.mentee_id})
        keep(run_id, now | mine if st.session_state[key] else now - mine)

    st.checkbox("Approve", line.mentee_id in chosen, key=key, on_change=tick)


def shown_now() -> Show:
    """What the control under the search will say: its counts are read before it is drawn."""
    value = st.session_state.get("show") or st.query_params.get("show")
    return Show(value) if value in set(Show) else Show.ALL


with page("Matching review") as (session, actor):
    if actor.place.cohort_id is None:
        empty("Choose a cohort at the top of the menu.")
    else:
        draw(session, actor, actor.place.cohort_id)
