"""Messages: what the scheme wrote to whom, how that went, and what its emails say."""

from datetime import date
from itertools import groupby

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from models.messages import MessageStatus
from pages.ui import done, empty, page, plain, refusals, segments
from services import letters, messages, outbox, outdated_mail, times
from services.access import Actor
from services.outbox import Outbox, OutboxLine

STATES = {
    "All": None,
    "Waiting": MessageStatus.QUEUED,
    "Sent": MessageStatus.SENT,
    "Failed": MessageStatus.FAILED,
    "Cancelled": MessageStatus.CANCELLED,
}
BADGES: dict[MessageStatus, tuple[str, str, str]] = {
    MessageStatus.QUEUED: ("Waiting", "blue", ":material/schedule:"),
    MessageStatus.SENT: ("Sent", "green", ":material/check:"),
    MessageStatus.FAILED: ("Failed", "red", ":material/error:"),
    MessageStatus.CANCELLED: ("Cancelled", "gray", ":material/block:"),
}
# What was cancelled for any other reason has it on record.
TAKEN_BACK = "It was taken back before it left."
TO_SEND_AGAIN = (
    "“Send again” tries once more. Where an address is wrong, correct it first: open the person under Enrolments and "
    "press “Correct the address”."
)
NO_LONGER_NEEDED = ("No longer needed", "gray", ":material/block:")


def say_that_mail_is_not_set_up() -> None:
    """A banner, because nothing on the page would otherwise explain why all of it waits."""
    st.warning(
        "**No mail server is set, so nothing leaves.** Messages wait here and go by themselves once there is one. "
        "Ask whoever looks after this server to set one: `SMTP_HOST`, and what the README lists beside it.",
        icon=":material/outgoing_mail:",
    )


def filters() -> tuple[MessageStatus | None, str]:
    """The state and the words to look for. The state is in the address, for a colleague to open the same list."""
    left, right = st.columns([3, 2])
    with left:
        chosen = segments("State", list(STATES), default="All", key="state", required=True, in_address=True)
    words = right.text_input("Search", placeholder="Recipient or subject", key="messages-search")
    return STATES[chosen or "All"], words


def count_in_words(found: Outbox) -> str:
    """How many fit, and how all that match the search are doing."""
    states = [f"{found.counts[state]:,} {BADGES[state][0].lower()}" for state in BADGES if found.counts.get(state)]
    everything = sum(found.counts.values())
    return f"{found.total:,} of {everything:,} {'message' if everything == 1 else 'messages'} · {', '.join(states)}"


def when_in_words(line: OutboxLine, zone: str, today: date) -> str:
    """When it went, or what happens next."""
    at = times.in_words(line.at, zone, today=today)
    queued = times.in_words(line.queued_at, zone, today=today)
    if line.status is MessageStatus.SENT:
        return f"Sent {at}"
    if line.status is MessageStatus.QUEUED and line.attempts:
        tries = "one try" if line.attempts == 1 else f"{line.attempts} tries"
        return f"Written {queued}. Next try {at}, after {tries}"
    return f"Written {queued}"


def shared_problem(found: Outbox) -> str | None:
    """What every message on the page says, to be said once above them."""
    problems = {line.problem for line in found.lines}
    return problems.pop() if len(problems) == 1 and len(found.lines) > 1 else None


def in_one_piece(line: OutboxLine, zone: str, today: date, said: str | None) -> str:
    """To whom, what about, and how it went. `said` stands above the list already."""
    label, color, icon = badge_of(line)
    facts = [
        f"**{plain(line.recipient)}** · {plain(line.title)} :{color}-badge[{icon} {label}]",
        f":small[:gray[{plain(line.subject)} · {plain(when_in_words(line, zone, today))}]]",
    ]
    problem = line.problem or (TAKEN_BACK if line.status is MessageStatus.CANCELLED else None)
    if problem and problem != said:
        why = problem.removeprefix(outdated_mail.START)
        facts.append(f":material/info: {plain(why[:1].upper() + why[1:])}")
    return "  \n".join(facts)


def badge_of(line: OutboxLine) -> tuple[str, str, str]:
    """What was cancelled because its reason had gone says so."""
    if line.problem and line.problem.startswith(outdated_mail.START):
        return NO_LONGER_NEEDED
    return BADGES[line.status]


def draw_lines(session: Session, actor: Actor, found: Outbox, said: str | None) -> None:
    """One card: what can be sent again has its button beside it, all between two of these is one piece of text."""
    zone, today = actor.time_zone or "UTC", utc_now().date()
    if any(line.status is MessageStatus.FAILED for line in found.lines):
        st.caption(TO_SEND_AGAIN)
    with st.container(border=True, gap="small"):
        for failed, lines in groupby(found.lines, lambda line: line.status is MessageStatus.FAILED):
            if not failed:
                st.markdown("\n\n".join(in_one_piece(line, zone, today, said) for line in lines))
                continue
            for line in lines:
                with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                    st.markdown(in_one_piece(line, zone, today, said))
                    draw_again(session, actor, line)


def draw_again(session: Session, actor: Actor, line: OutboxLine) -> None:
    if st.button("Send again", key=f"again-{line.id}"):
        with refusals():
            messages.send_again(session, actor, line.id)
            done(f"The message to {plain(line.recipient)} is waiting to be sent again.")


def show_wording(session: Session, actor: Actor) -> None:
    """What a template says, with invented people in it: the real mails between two people are theirs."""
    with st.expander("What our emails say", icon=":material/drafts:", key="wording", on_change="rerun") as opened:
        # What nobody has opened is not written.
        if not opened.open:
            return
        template = st.selectbox("Email", list(letters.KINDS), format_func=letters.title_of, key="messages-template")
        shown = messages.example(session, actor, template)
        st.caption("With invented people. What was really written to somebody is not shown here.")
        with st.container(border=True):
            st.text(shown.subject)
            st.text(shown.text)


with page("Messages", caption="What this scheme wrote, to whom, and how that went") as (session, actor):
    above = None if messages.mail_is_set_up() else st.container()
    status, words = filters()
    found = outbox.shown(session, actor, status=status, search=words, page=st.session_state.get("messages-page", 1))
    # In a demonstration nothing waits: all of it is cancelled, and says why.
    if above is not None and (found.counts.get(MessageStatus.QUEUED) or not found.counts):
        with above:
            say_that_mail_is_not_set_up()
    if not found.lines:
        empty(
            "Nothing here fits. Choose another state, or search for something else."
            if words or status
            else "Nothing has been written yet. Approve enrolments or send proposals, and their emails appear here."
        )
    else:
        st.caption(count_in_words(found))
    if said := shared_problem(found):
        st.info(plain(said), icon=":material/info:")
    if found.lines:
        draw_lines(session, actor, found, said)
    if found.pages > 1:
        # Another search may have fewer pages than the one that was left.
        if st.session_state.get("messages-page", 1) > found.pages:
            st.session_state["messages-page"] = found.pages
        st.pagination(found.pages, key="messages-page")
    show_wording(session, actor)
