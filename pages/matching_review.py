"""Matching review: who should meet whom and why, what a change would cost, and every email before it leaves."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages import (
    charts,
    proposal_sending,
    review_again,
    review_compare,
    review_decisions,
    review_list,
    review_pair,
    review_pictures,
    review_running,
    review_what_if,
)
from pages.proposal_words import draw_held_back
from pages.review_parts import (
    approve,
    approved,
    begin_anew_in,
    carry_over,
    draw_moved,
    make_ready_meanwhile,
    open_pair,
    people,
    run_again,
    run_if_asked,
    today,
)
from pages.ui import at_a_press, empty, label, page, plain, refusals, segments
from services import proposals, times
from services.access import Actor
from services.matching import review, review_acts, review_limits, review_lines, runs
from services.matching.review import BeforeARun
from services.matching.review_acts import Standing
from services.matching.runs import RunView
from services.matching.texts import choosing

Kind = Literal["primary", "secondary"]
_TO_EMAILS = "to the emails"


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
    """One pair, or the newest run with what can be done about it."""
    if st.session_state.pop(_TO_EMAILS, False) or st.query_params.get("step") == "send":
        # Proposals are sent in one place, whichever way they were made.
        st.switch_page("proposals.py", query_params={"step": "send"})
    begin_anew_in(cohort_id)
    run_if_asked(session, actor, cohort_id)
    now = review_acts.standing(session, actor, cohort_id)
    run = kept_view(session, actor, now.run_id) if now.run_id else None
    st.caption(in_one_line(run, actor.time_zone or "UTC") if run else "Nobody has been matched in this cohort yet.")
    if now.is_running:
        review_running.draw(session, actor, cohort_id)
    else:
        review_running.draw_end(session, actor, cohort_id, now)
    draw_held_back(st.session_state.pop("held_back", ()))
    if run is None:
        draw_first(session, actor, cohort_id, now)
        return
    carry_over(session, actor, cohort_id, run)
    draw_moved(run.id)
    asked = st.query_params.get("pair")
    if asked is not None:
        draw_pair(session, actor, run, asked)
        return
    draw_view(session, actor, cohort_id, run, now)


def kept_view(session: Session, actor: Actor, run_id: UUID) -> RunView:
    """A run's totals never change, and hold no name. The actor coordinates its cohort."""
    return charts.kept(("run's totals", run_id), lambda: runs.one(session, actor, run_id))


def draw_first(session: Session, actor: Actor, cohort_id: UUID, now: Standing) -> None:
    """What a first run would do; while there is nobody to pair, who is missing and where to go."""
    found = before_a_run(session, actor, cohort_id, now)
    can_pair = found.mentees > 0 and found.mentors > 0
    main, aside = st.columns([1.4, 1], gap="medium")
    with aside:
        if can_pair and not now.is_running:
            draw_run_button(cohort_id, None, "primary")
        draw_left_out("Not ready for a run", found.left_out)
    with main:
        if can_pair:
            empty("Run the matching: it pairs everybody who is ready, and shows why. Nobody is written to yet.")
            return
        empty(f"{nobody_ready(found)} As soon as somebody is on both sides, the matching can run here.")
        if not found.left_out:
            st.page_link("enrolments.py", label="Open Enrolments", icon=":material/how_to_reg:")


def nobody_ready(found: BeforeARun) -> str:
    """Which side has nobody who is approved, has done what the scheme asks, and is free."""
    if found.mentors:
        return "No mentee is ready to be matched yet."
    return "No mentor is ready to be matched yet." if found.mentees else "Nobody is ready to be matched yet."


def draw_pair(session: Session, actor: Actor, run: RunView, asked: str) -> None:
    try:
        mentee_id = UUID(asked)
    except ValueError:
        open_pair(None)
        st.rerun()
    review_pair.draw(session, actor, run, mentee_id)


def draw_view(session: Session, actor: Actor, cohort_id: UUID, run: RunView, now: Standing) -> None:
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
                review_what_if.draw(session, actor, cohort_id, run, now.edition)
            case View.COMPARE:
                review_compare.draw(session, actor, cohort_id)
            case View.PICTURES:
                review_pictures.draw(session, actor, run)
            case View.DECISIONS:
                review_decisions.draw(session, actor, cohort_id, run.id)
            case View.PAIRS:
                draw_pairs(session, actor, cohort_id, run, now)


def draw_pairs(session: Session, actor: Actor, cohort_id: UUID, run: RunView, now: Standing) -> None:
    search, sort, at_page = review_list.looked_at_last()
    known = charts.kept_lines(run.id, lambda: review_lines.read(session, actor, run.id))
    shown = review_list.shown_now()
    found = review.pairs(session, actor, run.id, show=shown, search=search, sort=sort, page=at_page, known=known)
    # Above the list, so that the next step is in sight on a phone as well.
    with st.container(horizontal=True, vertical_alignment="center"):
        number = draw_next(session, actor, cohort_id, run, now)
    draw_behind(session, actor, run)
    review_list.draw(run.id, found, can_approve=number > 0)
    make_ready_meanwhile(actor, run.id)


def draw_behind(session: Session, actor: Actor, run: RunView) -> None:
    """Who is not in the run, and how it was made for whoever wants to repeat it. Drawn when somebody opens it."""
    box = st.expander(behind_in_words(run.left_out), icon=":material/info:", key="behind", on_change="rerun")
    if not box.open:
        return
    with box:
        draw_left_out("Not in this run", run.left_out)
        st.header("How this run was made", anchor=False)
        review_again.draw(session, actor, run)


def behind_in_words(left_out: Sequence[str]) -> str:
    """The first reason why somebody is not in the run stands here; the others when it is opened."""
    if not left_out:
        return "How this run was made"
    more = len(left_out) - 1
    rest = {0: "", 1: ", and 1 more reason"}.get(more, f", and {more} more reasons")
    return f"Not in this run: {label(left_out[0])}{rest}"


def in_one_line(run: RunView, zone: str) -> str:
    """The totals with their base."""
    proof = "no better choice exists" if run.proved else "a better choice may exist"
    places = "1 open place" if run.places == 1 else f"{run.places:,} open places"
    when = times.in_words(run.made_at, zone)
    floor = " · worst pair first" if run.policy == "floor_first" else ""
    texts = f" · {choosing.in_short(run.text_method)}" if run.weights.get("goals") else ""
    return f"Run of {when} · {run.matched:,} of {run.mentees:,} mentees matched from {places} · {proof}{floor}{texts}"


def draw_next(session: Session, actor: Actor, cohort_id: UUID, run: RunView, now: Standing) -> int:
    """What can be sent, what waits to be, and the run button. Answers how many pairs can still be approved."""
    number = charts.kept(
        # Without the reader's own pair, so it is theirs alone.
        ("to approve", run.id, now.edition, actor.person_id),
        lambda: review.open_pairs(session, actor, run.id, ()).number,
    )
    if number:
        draw_acts(session, actor, run.id, now.edition, number)
    if now.drafts:
        one = now.drafts == 1
        ready = "One email is" if one else f"Emails to {people(now.drafts)} are"
        st.info(f"{ready} ready. Nothing has left yet.", icon=":material/outgoing_mail:")
        kind: Kind = "secondary" if number else "primary"
        look = "Look at it and send" if one else "Look at them and send"
        st.button(look, key="to-send", type=kind, icon=":material/drafts:", on_click=to_the_emails)
    if not now.is_running:
        if now.newer_than_run:
            st.info("Decisions have changed since this run. Run again to see what follows.", icon=":material/update:")
        draw_run_button(cohort_id, run, "secondary")
    return number


def to_the_emails(ids: Sequence[UUID] = ()) -> None:
    """Go where proposals are sent, to look at these drafts, or at all. For callbacks."""
    proposal_sending.begin(ids)
    # A callback cannot leave the screen; the run after it does.
    st.query_params.pop("step", None)
    st.session_state[_TO_EMAILS] = True


def draw_run_button(cohort_id: UUID, run: RunView | None, kind: Kind) -> None:
    seed, floor_first = (run.seed, run.policy == "floor_first") if run else (0, False)
    words = "Run again" if run else "Run matching"
    args = (cohort_id, seed, floor_first)
    st.button(words, key="run", type=kind, icon=":material/join_inner:", on_click=run_again, args=args)


def draw_left_out(heading: str, sentences: Sequence[str]) -> None:
    if sentences:
        st.header(heading, anchor=False)
        st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
        st.page_link("enrolments.py", label="See who, in Enrolments", icon=":material/how_to_reg:")


def before_a_run(session: Session, actor: Actor, cohort_id: UUID, now: Standing) -> BeforeARun:
    """Counts of the whole cohort, so they are kept until something is written about the scheme."""
    return charts.kept(
        ("before a run", cohort_id, today(), now.edition),
        lambda: review.before_a_run(session, actor, cohort_id, today()),
    )


def draw_acts(session: Session, actor: Actor, run_id: UUID, edition: int, number: int) -> None:
    """Go on to the emails of the pairs that are approved, or approve all."""
    ticked = approved(run_id)
    chosen = ticked and charts.kept(
        ("ticked", run_id, edition, ticked, actor.person_id),
        lambda: review.open_pairs(session, actor, run_id, ticked).ticked,
    )
    if chosen:
        words = f"Preview the emails to {people(len(chosen))}"
        args = (run_id,)
        st.button(words, key="preview", type="primary", icon=":material/drafts:", on_click=preview, args=args)
    if number > len(chosen):
        kind: Kind = "secondary" if chosen else "primary"
        st.button(f"Approve all {number:,}", key="approve-all", type=kind, on_click=approve_all, args=(run_id,))
    if chosen:
        st.button("Approve none", key="approve-none", on_click=approve, args=(run_id, frozenset()))


def approve_all(run_id: UUID) -> None:
    at_a_press(lambda session, actor: approve(run_id, frozenset(review.to_approve(session, actor, run_id))))


def preview(run_id: UUID) -> None:
    """Make the approved pairs drafts, and go on to look at every email."""

    def make(session: Session, actor: Actor) -> None:
        # Asked now: when this is pressed twice, the second press finds nothing left to do.
        chosen = review.open_pairs(session, actor, run_id, approved(run_id)).ticked
        if chosen:
            outcome = proposals.draft(session, actor, run_id, sorted(chosen))
            st.session_state["held_back"] = outcome.held_back
            approve(run_id, frozenset())
            if outcome.done:
                to_the_emails(outcome.done)

    at_a_press(make)


with page("Matching review") as (session, actor):
    if actor.place.cohort_id is None:
        empty("Choose a cohort at the top of the menu.")
    else:
        draw(session, actor, actor.place.cohort_id)
