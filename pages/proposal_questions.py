"""What is proposed to a mentee or a mentor, and the answer."""

import streamlit as st
from sqlmodel import Session

from models.enrolments import Side
from models.matching import ProposalStatus
from pages.ui import at_a_press, empty, plain, tell
from services import proposals, times
from services.access import Actor
from services.proposal_answers import LONGEST_REASON, Answered
from services.proposal_mine import MyProposal, MyState

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
        draw_question(actor, one)
    earlier = [one for one in found if one.state is not MyState.TO_ANSWER]
    if earlier:
        st.header("Earlier", anchor=False)
        with st.container(border=True):
            st.markdown("\n\n".join(in_words(one) for one in earlier))


def in_words(one: MyProposal) -> str:
    """Who was proposed, what came of it, and what that means."""
    badge, sentence = MINE[one.state]
    return f"**{plain(one.other.name)}** {badge}  \n{sentence}"


def draw_question(actor: Actor, one: MyProposal) -> None:
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
        yes = f"Yes, work with {name}"
        st.button(yes, key=f"accept-{one.id}", type="primary", icon=":material/check:", on_click=accept, args=(one,))
    draw_no(one)


def draw_no(one: MyProposal) -> None:
    """Apart from the yes: a no with or without a reason, and the private question."""
    question, examples = one.relationship_question
    with st.expander("I would rather not"):
        st.text_area(
            "A reason, if you like",
            key=f"reason-{one.id}",
            max_chars=LONGEST_REASON,
            help="Only the coordinator reads it.",
        )
        st.button("No, thank you", key=f"decline-{one.id}", on_click=decline, args=(one,))
    with st.expander("In private: a relationship that would get in the way"):
        st.markdown(plain(f"{question} {examples}".strip()))
        st.caption(
            "If so, we keep only that the two of you must not be paired, never why. "
            "The other person is told no more than that this pairing is not available."
        )
        words = "Yes, such a relationship stands in the way"
        st.button(words, key=f"relationship-{one.id}", on_click=declare_relationship, args=(one,))


def accept(one: MyProposal) -> None:
    at_a_press(lambda session, actor: tell(said_yes(one, proposals.accept(session, actor, one.id))))


def decline(one: MyProposal) -> None:
    """Say no, with the reason that stands in the box, if any."""
    reason = st.session_state.get(f"reason-{one.id}")

    def say(session: Session, actor: Actor) -> None:
        proposals.decline(session, actor, one.id, reason=reason)
        tell("Your answer is recorded. The two of you will not be proposed to each other again.")

    at_a_press(say)


def declare_relationship(one: MyProposal) -> None:
    def say(session: Session, actor: Actor) -> None:
        proposals.declare_relationship(session, actor, one.id)
        tell("Thank you for telling us. The two of you will not be paired.")

    at_a_press(say)


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
