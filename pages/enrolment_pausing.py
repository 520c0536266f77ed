"""A coordinator lets somebody rest, or ends a break that a coordinator began: what it does and every email, first."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages import pausing
from pages.ui import plain, segments
from services import coordinated_pauses
from services.access import Actor
from services.coordinated_pauses import Plan, Told

DAY, OPEN = "Until a day", "No day yet"


def confirm_pause(session: Session, actor: Actor, enrolment_id: UUID) -> Callable[[], object]:
    """What is confirmed: to be done once somebody says yes."""
    now = coordinated_pauses.today(session, actor, enrolment_id)
    how = segments("How long?", [DAY, OPEN], default=DAY, required=True, key="rest-how")
    chosen = pausing.ask_day(now, "rest-until") if how == DAY else None
    plan = coordinated_pauses.plan(session, actor, enrolment_id, return_on=chosen)
    st.markdown("\n".join(f"- {line}" for line in what_it_does(plan)))
    read(plan.told)
    return lambda: coordinated_pauses.pause(session, actor, enrolment_id, return_on=chosen)


def confirm_end(session: Session, actor: Actor, enrolment_id: UUID) -> Callable[[], object]:
    """The same of a break that is to end."""
    told = coordinated_pauses.preview_of_end(session, actor, enrolment_id)
    st.markdown(
        f"{plain(told.name)} can be matched again from today. Pairs that stood still go on, and the other side is told."
    )
    read((told,))
    return lambda: coordinated_pauses.end(session, actor, enrolment_id)


def what_it_does(plan: Plan) -> list[str]:
    """Exactly what happens, a line each."""
    name = plain(plan.name)
    lines = [f"Nobody new is proposed to {name}, and no list shows them. They can come back by themselves at any time."]
    if plan.proposals:
        what = "The open proposal is" if plan.proposals == 1 else f"The {plan.proposals} open proposals are"
        lines.append(f"{what} withdrawn. The other side is told kindly, not why.")
    for other in plan.told[1:]:
        lines.append(
            f"{plain(other.name)} is told of a break, and may wait or look for somebody else. "
            "Nothing is due from either of them meanwhile."
        )
    return lines


def read(told: tuple[Told, ...]) -> None:
    """Who is written to, and each email."""
    people = ", ".join(f"{plain(each.name)} ({plain(each.email)})" for each in told)
    st.markdown(f"{'An email goes' if len(told) == 1 else f'{len(told)} emails go'} to {people}.")
    at = 0
    if len(told) > 1:
        at = st.selectbox("Read the email to", range(len(told)), key="reader", format_func=lambda n: told[n].name) or 0
    st.markdown(f"**{plain(told[at].mail.subject)}**")
    st.text(told[at].mail.text)
