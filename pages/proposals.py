"""Proposals: a mentee or mentor answers theirs; a coordinator sees what came of all of them."""

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st
from sqlmodel import Session

from models.enrolments import Side
from models.matching import ProposalStatus
from pages.ui import done, empty, heading, page, plain, refusals, segments
from services import proposals, times
from services.access import Actor
from services.proposal_answers import LONGEST_REASON, Answered
from services.proposal_board import PAGE_SIZE, BoardLine, MyProposal, MyState

COLUMNS = {
    ProposalStatus.DRAFT: "To send",
    ProposalStatus.SENT: "Sent",
    ProposalStatus.ACCEPTED: "Accepted",
    ProposalStatus.DECLINED: "Declined",
    ProposalStatus.EXPIRED: "Expired",
    ProposalStatus.WITHDRAWN: "Withdrawn",
}
NOTHING = {
    ProposalStatus.DRAFT: "Nothing waits to be sent. Approve pairs in Matching review.",
    ProposalStatus.SENT: "Nobody is asked at the moment. Approve pairs in Matching review, and send the proposals.",
    ProposalStatus.ACCEPTED: "No proposal has been accepted yet.",
    ProposalStatus.DECLINED: "No proposal has been declined.",
    ProposalStatus.EXPIRED: "No proposal has run out.",
    ProposalStatus.WITHDRAWN: "No proposal has been withdrawn.",
}
MINE = {
    MyState.WAITING: (":blue-badge[You said yes]", "We are waiting for the other answer and write to you either way."),
    MyState.MATCHED: (":green-badge[You work together]", "How to reach each other is on My match."),
    MyState.DECLINED: (":gray-badge[You said no]", "The two of you will not be proposed to each other again."),
    MyState.NOT_AVAILABLE: (":gray-badge[Not available]", "Nobody did anything wrong. We look for somebody else."),
    MyState.EXPIRED: (":gray-badge[Ran out]", "You are part of the next matching."),
}


def draw_mine(session: Session, actor: Actor) -> None:
    """What is proposed to the reader, and what came of earlier ones."""
    found = proposals.mine(session, actor)
    waiting = [one for one in found if one.state is MyState.TO_ANSWER]
    if not waiting:
        empty("Nothing waits for your answer. When we propose somebody to you, you get an email and find it here.")
    for one in waiting:
        draw_question(session, actor, one)
    earlier = [one for one in found if one.state is not MyState.TO_ANSWER]
    if earlier:
        st.header("Earlier", anchor=False)
    for one in earlier:
        with st.container(border=True):
            badge, sentence = MINE[one.state]
            st.markdown(f"**{plain(one.other.name)}** {badge}")
            st.caption(sentence)


def draw_question(session: Session, actor: Actor, one: MyProposal) -> None:
    """Who it is, what a yes means, and the answer."""
    name, zone = plain(one.other.name), actor.time_zone or "UTC"
    with st.container(border=True):
        st.header(
            f"Your mentor could be {name}" if one.side is Side.MENTEE else f"Would you be the mentor of {name}?",
            anchor=False,
        )
        for label, value in profile(one):
            st.markdown(f"**{label}**  \n{plain(value)}")
        if one.reasons:
            st.markdown("**Why we thought of the two of you**\n" + "\n".join(f"- {plain(why)}" for why in one.reasons))
        st.info(plain(one.after_yes), icon=":material/info:")
        st.caption(f"Please answer by {times.in_words(one.expires_at, zone)}.")
        if st.button(f"Yes, work with {name}", key=f"accept-{one.id}", type="primary", icon=":material/check:"):
            with refusals():
                done(said_yes(one, proposals.accept(session, actor, one.id)))
    draw_no(session, actor, one)


def draw_no(session: Session, actor: Actor, one: MyProposal) -> None:
    """Apart from the yes: a no with or without a reason, and the private question."""
    question, examples = one.relationship_question
    with st.expander("I would rather not"):
        reason = st.text_area(
            "A reason, if you like",
            key=f"reason-{one.id}",
            max_chars=LONGEST_REASON,
            help="Only the coordinator reads it.",
        )
        if st.button("No, thank you", key=f"decline-{one.id}"):
            with refusals():
                proposals.decline(session, actor, one.id, reason=reason)
                done("Your answer is recorded. The two of you will not be proposed to each other again.")
    with st.expander("In private: a relationship that would get in the way"):
        st.markdown(plain(f"{question} {examples}".strip()))
        st.caption(
            "If so, we keep only that the two of you must not be paired, never why. "
            "The other person is told no more than that this pairing is not available."
        )
        if st.button("Yes, such a relationship stands in the way", key=f"relationship-{one.id}"):
            with refusals():
                proposals.declare_relationship(session, actor, one.id)
                done("Thank you for telling us. The two of you will not be paired.")


def profile(one: MyProposal) -> list[tuple[str, str]]:
    """The fields that this side may read, those that are filled in."""
    other = one.other
    fields = [
        ("Role", other.role_title),
        ("Sector", other.sector),
        ("Work so far", other.summary),
        ("Hopes for", other.goals),
    ]
    return [(label, value) for label, value in fields if value]


def said_yes(one: MyProposal, answered: Answered) -> str:
    name = plain(one.other.name)
    if answered.status is ProposalStatus.SENT:
        return f"Thank you. We are asking {name} now, and write to you either way."
    if one.side is Side.MENTEE:
        return f"You and {name} work together from now on. Open My match to see how to reach them: you write first."
    return f"You and {name} work together from now on. They know that the first message comes from them."


def draw_board(session: Session, actor: Actor) -> None:
    """The coordinator's proposals in one state at a time."""
    cohort_id = actor.place.cohort_id
    if cohort_id is None:
        empty("Choose a cohort at the top of the menu.")
        return
    status = status_now()
    search = st.text_input("Search", key="search", placeholder="Name", on_change=first_page)
    at = st.session_state.get("page", 1)
    found = proposals.board(session, actor, cohort_id, status=status, search=search, page=at)
    segments(
        "Show",
        [each.value for each in ProposalStatus],
        key="status",
        default=ProposalStatus.SENT.value,
        required=True,
        in_address=True,
        words=lambda value: f"{COLUMNS[ProposalStatus(value)]} {found.counts[ProposalStatus(value)]}",
        on_change=first_page,
    )
    if status is ProposalStatus.DRAFT and found.counts[status]:
        st.page_link("matching_review.py", label="Look at the emails and send", query_params={"step": "send"})
    if not found.lines:
        empty(NOTHING[status] if not search else "Nobody of that name here. Clear the search.")
    for line in found.lines:
        draw_line(session, actor, line)
    pages = -(-found.found // PAGE_SIZE)
    if pages > 1:
        st.pagination(pages, key="page")


def draw_line(session: Session, actor: Actor, line: BoardLine) -> None:
    """One proposal: who, where it stands, what can be done."""
    with st.container(border=True):
        words, acts = st.columns([1.3, 1], vertical_alignment="center")
        with words, st.container(gap="xsmall"):
            st.markdown(f"**{plain(line.mentee)}** with **{plain(line.mentor)}** · match score {line.score} of 100")
            st.caption(where_it_stands(line, actor.time_zone or "UTC"))
            if line.decline_reason:
                st.markdown(plain(line.decline_reason))
        with acts, st.container(horizontal=True):
            if line.status is ProposalStatus.SENT:
                act(line, "remind", "Remind", lambda: remind(session, actor, line))
                if line.waits_for is Side.MENTEE:
                    draw_email_answer(session, actor, line)
            if line.status in {ProposalStatus.SENT, ProposalStatus.DRAFT}:
                draw_withdrawal(session, actor, line)


def draw_email_answer(session: Session, actor: Actor, line: BoardLine) -> None:
    """Write down what the mentee answered by email."""
    with st.popover("Answered by email"), st.form(f"email-{line.id}", border=False):
        st.markdown(f"{plain(line.mentee)} gets a confirmation at once, with a way to say that it was not them.")
        said = st.radio("The answer", ["Yes", "No"], index=None, key=f"said-{line.id}", horizontal=True)
        today = datetime.now(UTC).date()
        received_on = st.date_input("The email arrived on", today, key=f"on-{line.id}", format="DD/MM/YYYY")
        if st.form_submit_button("Write it down", key=f"record-{line.id}"):
            if said is None:
                st.error("Choose what the answer was.", icon=":material/error:")
                return
            with refusals():
                proposals.record_email_answer(session, actor, line.id, accepted=said == "Yes", received_on=received_on)
                done(f"The answer of {plain(line.mentee)} is written down, and they have been told.")


def draw_withdrawal(session: Session, actor: Actor, line: BoardLine) -> None:
    """Apart from the rest, and asked once more."""
    with st.popover("Withdraw"):
        st.markdown("The link in the email will say that this pairing is no longer available. Both are free again.")
        act(line, "withdraw", "Withdraw this proposal", lambda: withdraw(session, actor, line))


def act(line: BoardLine, verb: str, label: str, do: Callable[[], None]) -> None:
    if st.button(label, key=f"{verb}-{line.id}"):
        with refusals():
            do()


def remind(session: Session, actor: Actor, line: BoardLine) -> None:
    proposals.remind(session, actor, line.id)
    asked = line.mentee if line.waits_for is Side.MENTEE else line.mentor
    done(f"A reminder to {plain(asked)} is on its way.")


def withdraw(session: Session, actor: Actor, line: BoardLine) -> None:
    proposals.withdraw(session, actor, line.id)
    done(f"The proposal to {plain(line.mentee)} is withdrawn.")


def where_it_stands(line: BoardLine, zone: str) -> str:
    """One line of facts: whose turn it is and until when, or when and how it ended."""
    asked = line.mentee if line.waits_for is Side.MENTEE else line.mentor
    if line.status is ProposalStatus.SENT and line.expires_at:
        reminders = {0: "no reminder yet", 1: "1 reminder"}.get(line.reminders_sent, f"{line.reminders_sent} reminders")
        return f"Waits for {plain(asked)} until {times.in_words(line.expires_at, zone)} · {reminders}"
    if line.status is ProposalStatus.DRAFT or line.answered_at is None:
        return f"Will ask {plain(asked)}"
    when = times.in_words(line.answered_at, zone)
    by_email = " · by email" if line.email_received_on else ""
    by = f" by {plain(asked)}" if line.status in {ProposalStatus.ACCEPTED, ProposalStatus.DECLINED} else ""
    return f"{COLUMNS[line.status]}{by} on {when}{by_email}"


def status_now() -> ProposalStatus:
    """What the control under the search will say: its counts are read before it is drawn."""
    value = st.session_state.get("status") or st.query_params.get("status")
    return ProposalStatus(value) if value in set(ProposalStatus) else ProposalStatus.SENT


def first_page() -> None:
    st.session_state.pop("page", None)


with page("") as (session, actor):
    if actor.side is None:
        heading("Proposals", "Who was proposed to whom, and what came of it")
        draw_board(session, actor)
    else:
        heading("Proposals", "Who was proposed to you, and what came of it")
        draw_mine(session, actor)
