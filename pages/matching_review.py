"""Matching review: a coordinator sees who should meet whom and why, approves, and sees every email before it leaves."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.matching import ProposalStatus
from pages import charts
from pages.ui import at_a_press, done, empty, page, plain, refusals, segments, tell
from services import participation, proposals, times
from services.access import Actor
from services.matching import review, runs
from services.matching.review import PairLine, Pairs, Show
from services.matching.runs import RunView
from services.proposal_board import Draft
from services.proposals import HeldBack

Kind = Literal["primary", "secondary"]
MAILS_SHOWN = 5
SHOWN = {Show.ALL: "All", Show.WARNINGS: "Warnings", Show.UNMATCHED: "Unmatched"}
CAME_OF_IT = {
    ProposalStatus.DRAFT: ":blue-badge[Ready to send]",
    ProposalStatus.SENT: ":blue-badge[Proposed]",
    ProposalStatus.ACCEPTED: ":green-badge[Accepted]",
    ProposalStatus.DECLINED: ":gray-badge[Declined]",
    ProposalStatus.EXPIRED: ":gray-badge[Ran out]",
    ProposalStatus.WITHDRAWN: ":gray-badge[Withdrawn]",
}


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """The emails to send, or the newest run with what can be done about it."""
    drafts = proposals.to_send(session, actor, cohort_id)
    if drafts and st.query_params.get("step") == "send":
        draw_sending(session, actor, drafts)
        return
    run = runs.latest(session, actor, cohort_id)
    st.caption(in_one_line(run, actor.time_zone or "UTC") if run else "Nobody has been matched in this cohort yet.")
    tell_held_back()
    main, aside = st.columns([1.4, 1], gap="medium")
    with aside:
        draw_aside(session, actor, cohort_id, run, drafts)
    with main:
        if run is None:
            empty("Run the matching: it pairs everybody who is ready, and shows why. Nobody is written to yet.")
        else:
            draw_run(session, actor, run)


def in_one_line(run: RunView, zone: str) -> str:
    """The totals with their base."""
    proof = "proved optimal" if run.proved else "not proved optimal"
    places = "1 open place" if run.places == 1 else f"{run.places} open places"
    when = times.in_words(run.made_at, zone)
    return f"Run of {when} · {run.matched} of {run.mentees} mentees matched, {places} · {proof}"


def draw_aside(session: Session, actor: Actor, cohort_id: UUID, run: RunView | None, drafts: Sequence[Draft]) -> None:
    """What waits to be sent, the run button, and who could not take part."""
    today = datetime.now(UTC).date()
    waiting = draw_acts(session, actor, run.id) if run else False
    if drafts:
        one = len(drafts) == 1
        ready = "One email is" if one else f"Emails to {people(len(drafts))} are"
        st.info(f"{ready} ready. Nothing has left yet.", icon=":material/outgoing_mail:")
        kind: Kind = "secondary" if waiting else "primary"
        look = "Look at it and send" if one else "Look at them and send"
        if st.button(look, key="to-send", type=kind, icon=":material/drafts:"):
            go_to("send")
    label, kind = ("Run again", "secondary") if run else ("Run matching", "primary")
    if st.button(label, key="run", type=kind, icon=":material/join_inner:"):
        with refusals():
            with st.spinner("Comparing everybody with everybody …"):
                made = runs.run(session, actor, cohort_id, today=today)
            st.session_state.pop("page", None)
            done(f"{made.matched} of {made.mentees} mentees have a mentor in this run.")
    missing = run.left_out if run else not_ready(session, actor, cohort_id)
    if missing:
        st.header("Not in this run" if run else "Not ready for a run", anchor=False)
        st.markdown("\n".join(f"- {sentence}" for sentence in missing))
        st.page_link("enrolments.py", label="See who, in Enrolments", icon=":material/how_to_reg:")


def not_ready(session: Session, actor: Actor, cohort_id: UUID) -> tuple[str, ...]:
    """Counts of the whole cohort, so they are kept until something is written about the scheme."""
    now = participation.standing(session, actor, cohort_id)
    return charts.kept(
        ("not ready", cohort_id, now.today, now.edition),
        lambda: review.left_out(session, actor, cohort_id, now.today),
    )


def draw_run(session: Session, actor: Actor, run: RunView) -> None:
    """The run's lines: the best pairs, then the unmatched, and what can be done with the approved ones."""
    chosen = approved(run.id)
    search = st.text_input("Search", key="search", placeholder="Name or sector", on_change=first_page)
    show = shown_now()
    found = review.pairs(session, actor, run.id, show=show, search=search, page=st.session_state.get("page", 1))
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
        st.pagination(pages, key="page")


def draw_acts(session: Session, actor: Actor, run_id: UUID) -> bool:
    """Go on to the emails of the pairs that are approved, or approve all; beside the list, always in reach.

    Answers whether any pair can still be approved.
    """
    found = review.open_pairs(session, actor, run_id, approved(run_id))
    if not found.number:
        return False
    chosen = found.ticked
    st.button(
        f"Preview the emails to {people(len(chosen))}",
        key="preview",
        type="primary",
        icon=":material/drafts:",
        disabled=not chosen,
        on_click=preview,
        args=(run_id,),
    )
    with st.container(horizontal=True):
        if found.number > len(chosen):
            st.button(f"Approve all {found.number}", key="approve-all", on_click=approve_all, args=(run_id,))
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
    """One card: who, why, and what came of it. Behind the question mark stands what makes up the score."""
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(in_words(line), help=parts_in_words(line))
        if line.can_approve:
            draw_approval(run_id, line, chosen)


def in_words(line: PairLine) -> str:
    """All of a card in one piece: each piece is a message to the browser."""
    if line.mentor is None:
        return f"**{plain(line.mentee)}** has no mentor in this run  \n{plain(line.note or '')}"
    why = " · ".join(plain(reason) for reason in line.reasons) or "Nothing speaks strongly for this pair"
    badges = [
        f":orange-badge[:material/warning: {plain(line.note)}]" if line.note else "",
        f":blue-badge[Wish number {line.wish_rank}]" if line.wish_rank else "",
        CAME_OF_IT[line.proposal] if line.proposal is not None else "",
    ]
    lines = [
        f"**{plain(line.mentee)}** with **{plain(line.mentor)}** · {line.score} of 100",
        why,
        *filter(None, badges),
    ]
    return "  \n".join(lines)


def parts_in_words(line: PairLine) -> str | None:
    """What each criterion adds to the score, and why."""
    return "\n".join(f"- **{part.label}** {part.points:g}: {plain(part.sentence)}" for part in line.parts) or None


def draw_approval(run_id: UUID, line: PairLine, chosen: frozenset[UUID]) -> None:
    """A tick that is kept when the page of the list changes."""
    key = f"approve-{line.mentee_id}-{st.session_state.get('ticks', 0)}"

    def tick() -> None:
        now, mine = approved(run_id), frozenset({line.mentee_id})
        keep(run_id, now | mine if st.session_state[key] else now - mine)

    st.checkbox("Approve", line.mentee_id in chosen, key=key, on_change=tick)


def draw_sending(session: Session, actor: Actor, drafts: Sequence[Draft]) -> None:
    """Exactly who will get what, before anything leaves."""
    st.caption(f"{people(len(drafts))} will be written to. Nothing has left yet.")
    tell_held_back()
    st.dataframe(
        [{"To": d.to_name, "Address": d.to_address, "Mentee": d.mentee, "Mentor": d.mentor} for d in drafts],
        hide_index=True,
        alt="Everybody who will get an email, with the pair that it is about",
    )
    pages = -(-len(drafts) // MAILS_SHOWN)
    first = (min(st.session_state.get("mails", 1), pages) - 1) * MAILS_SHOWN
    for mail in proposals.preview(session, actor, [draft.id for draft in drafts[first : first + MAILS_SHOWN]]):
        with st.expander(plain(f"To {mail.to_name}: {mail.subject}")):
            st.text(mail.text)
    if pages > 1:
        st.pagination(pages, key="mails")
    with st.container(horizontal=True):
        ids = tuple(draft.id for draft in drafts)
        label = f"Send to {people(len(drafts))}"
        st.button(label, key="send", type="primary", icon=":material/send:", on_click=send, args=(ids,))
        if st.button("Back to the review", key="back"):
            go_to(None)
        st.button("Discard these drafts", key="discard", type="tertiary", on_click=discard, args=(ids,))


def send(ids: tuple[UUID, ...]) -> None:
    """Send exactly what was looked at, and say what could not go."""

    def leave(session: Session, actor: Actor) -> None:
        outcome = proposals.send(session, actor, ids)
        st.session_state["held_back"] = outcome.held_back
        if not outcome.held_back:
            st.query_params.pop("step", None)
        if outcome.done:
            tell(f"Proposals to {people(len(outcome.done))} are on their way.", icon=":material/send:")

    at_a_press(leave)


def discard(ids: tuple[UUID, ...]) -> None:
    """Take the drafts back, each by itself."""

    def take_back(session: Session, actor: Actor) -> None:
        for one in ids:
            proposals.withdraw(session, actor, one)
        st.query_params.pop("step", None)
        tell("The drafts are discarded. Nobody was written to.")

    at_a_press(take_back)


def tell_held_back() -> None:
    """Which pairs could not go on, and why."""
    held: tuple[HeldBack, ...] = st.session_state.pop("held_back", ())
    if held:
        lines = [f"- **{plain(one.mentee)}** with **{plain(one.mentor)}**: {plain(one.why)}" for one in held]
        st.warning("Held back, because something changed:\n\n" + "\n".join(lines), icon=":material/pan_tool:")


def go_to(step: str | None) -> None:
    """Start the next run at a step, which stands in the address."""
    if step is None:
        st.query_params.pop("step", None)
    else:
        st.query_params["step"] = step
    st.rerun()


def people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def shown_now() -> Show:
    """What the control under the search will say: its counts are read before it is drawn."""
    value = st.session_state.get("show") or st.query_params.get("show")
    return Show(value) if value in set(Show) else Show.ALL


def first_page() -> None:
    st.session_state.pop("page", None)


def approved(run_id: UUID) -> frozenset[UUID]:
    """The mentees ticked so far, whichever page of the list they are on."""
    about, chosen = st.session_state.get("approved", (None, frozenset()))
    return chosen if about == run_id else frozenset()


def keep(run_id: UUID, chosen: frozenset[UUID]) -> None:
    st.session_state["approved"] = (run_id, chosen)


def approve(run_id: UUID, chosen: frozenset[UUID]) -> None:
    """Tick exactly these. Boxes on the screen begin anew, under another key."""
    st.session_state["ticks"] = st.session_state.get("ticks", 0) + 1
    keep(run_id, chosen)


with page("Matching review") as (session, actor):
    if actor.place.cohort_id is None:
        empty("Choose a cohort at the top of the menu.")
    else:
        draw(session, actor, actor.place.cohort_id)
