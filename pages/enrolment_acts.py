"""What a coordinator does with people in the queue: each act asks once more, and shows every email before it goes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.enrolments import EnrolmentStatus
from pages.ui import done, plain, refusals
from services import enrolment_decisions, enrolments, nudges
from services.access import Actor
from services.enrolments import QueueRow
from services.messages import Preview

MOST_NAMED = 50


class Act(StrEnum):
    """What can be done, as the start of a sentence."""

    APPROVE = "Approve"
    RETURN = "Return"
    DECLINE = "Decline"
    NUDGE = "Remind"


DECISIONS = {
    Act.APPROVE: EnrolmentStatus.APPROVED,
    Act.RETURN: EnrolmentStatus.RETURNED,
    Act.DECLINE: EnrolmentStatus.DECLINED,
}
_ASKED, _UNDO, _DONE = "deciding", "undo", "acts done"
# Where a question about people stands: under the one who is open, or under the ticked ones.
OPENED, TICKED = "opened", "ticked"


def ask(cohort_id: UUID, act: Act, ids: Sequence[UUID], *, where: str) -> None:
    """Ask once more, about exactly these people."""
    st.session_state[_ASKED] = (cohort_id, act, list(ids), where)
    st.rerun()


def is_asking(where: str) -> bool:
    return bool(st.session_state.get(_ASKED)) and st.session_state[_ASKED][3] == where


def forget(where: str) -> None:
    """Leave a question that stands there without an answer."""
    if is_asking(where):
        del st.session_state[_ASKED]


def acts_done() -> int:
    """How often something was done here, which tells this run's ticks from those before."""
    return int(st.session_state.get(_DONE, 0))


def draw(session: Session, actor: Actor, cohort_id: UUID, picked: Sequence[QueueRow], *, where: str) -> None:
    """The question, if one is asked in this place; otherwise what can be done with the ticked rows."""
    if is_asking(where):
        about, act, ids, _ = st.session_state[_ASKED]
        if about == cohort_id:
            confirm(session, actor, act, ids)
            return
        del st.session_state[_ASKED]  # asked in another cohort, and left without an answer
    if not picked:
        return
    waiting = [row.id for row in picked if row.status is EnrolmentStatus.SUBMITTED]
    lacking = [row.id for row in picked if row.status in nudges.OPEN and nudges.missing(row, row.readiness)]
    with st.container(horizontal=True):
        for act in DECISIONS:
            if waiting and st.button(label(act, waiting, picked), key=act):
                ask(cohort_id, act, waiting, where=where)
        if lacking and st.button(label(Act.NUDGE, lacking, picked), key="nudge"):
            ask(cohort_id, Act.NUDGE, [row.id for row in picked], where=where)


def label(act: Act, about: Sequence[UUID], picked: Sequence[QueueRow]) -> str:
    """The act, and of how many where several are chosen."""
    what = {Act.RETURN: " with a question", Act.NUDGE: " of what is missing"}.get(act, "")
    return f"{act}{f' {len(about)}' if len(picked) > 1 else ''}{what}"


def confirm(session: Session, actor: Actor, act: Act, ids: list[UUID]) -> None:
    """Who gets which email, word for word, and one confirmation."""
    with st.container(border=True), refusals():
        number = "1 person" if len(ids) == 1 else f"{len(ids):,} people"
        st.header(f"{act} {number}{' of what is missing' if act is Act.NUDGE else ''}?", anchor=False)
        note = st.text_area("Your question", key="note", max_chars=2000) if act is Act.RETURN else ""
        willing = say_nudges(session, actor, ids) if act is Act.NUDGE else say_mails(session, actor, act, ids, note)
        with st.container(horizontal=True):
            label = f"{act} and send" if willing else f"{act}"
            yes = st.button(label, type="primary", key="confirm", disabled=not willing)
            if st.button("Cancel", key="cancel"):
                del st.session_state[_ASKED]
                st.rerun()
        if yes:
            with refusals():
                carry_out(session, actor, act, ids, note)


def say_mails(session: Session, actor: Actor, act: Act, ids: list[UUID], note: str) -> bool:
    """To whom a decision writes, and what."""
    told = enrolment_decisions.recipients(session, actor, ids, DECISIONS[act])
    st.markdown(names_in_words([(each.name, each.email) for each in told]))
    read = chosen_reader({each.enrolment_id: each.name for each in told})
    question = note or "(your question)"
    show(enrolments.preview(session, actor, read, DECISIONS[act], note=question))
    if act is not Act.APPROVE:
        minutes = enrolment_decisions.HOLD_MINUTES
        st.caption(f"It leaves in {minutes} minutes; until then you can undo this.")
    elif len({each.template for each in told}) > 1:
        st.caption("Whoever has never signed in gets an invitation instead of a note.")
    return bool(told)


def say_nudges(session: Session, actor: Actor, ids: list[UUID]) -> bool:
    """Who is reminded of what, and who is not and why."""
    plan = nudges.plan(session, actor, ids)
    told = [each for each in plan if not each.why_not]
    rest = [f"- {plain(each.name)} {each.why_not}" for each in plan if each.why_not]
    if told:
        st.markdown(names_in_words([(each.name, each.email) for each in told]))
        mail = nudges.preview(session, actor, chosen_reader({each.enrolment_id: each.name for each in told}))
        if mail is not None:
            show(mail)
    if rest:
        more = [f"- and {len(rest) - MOST_NAMED:,} more"] if len(rest) > MOST_NAMED else []
        st.markdown("\n".join(["Not written to:", "", *rest[:MOST_NAMED], *more]))
    return bool(told)


def chosen_reader(names: dict[UUID, str]) -> UUID:
    """Whose email is shown: each has its own, and every one can be read."""
    first = next(iter(names))
    if len(names) == 1:
        return first
    return st.selectbox("Read the email to", list(names), key="reader", format_func=lambda each: names[each]) or first


def show(mail: Preview) -> None:
    st.markdown(f"**{plain(mail.subject)}**")
    st.text(mail.text)


def names_in_words(told: Sequence[tuple[str, str]]) -> str:
    said = [f"{plain(name)} ({plain(email)})" for name, email in told[:MOST_NAMED]]
    more = f" and {len(told) - MOST_NAMED:,} more" if len(told) > MOST_NAMED else ""
    return f"{'An email goes' if len(told) == 1 else f'{len(told):,} emails go'} to {', '.join(said)}{more}."


def carry_out(session: Session, actor: Actor, act: Act, ids: list[UUID], note: str) -> None:
    """Do it, and say what was done."""
    if act is Act.NUDGE:
        number = nudges.send(session, actor, ids)
        message = f"{number:,} reminded. Each gets one email a day at most."
    elif act is Act.APPROVE:
        number = enrolments.approve(session, actor, ids)
        message = f"{number:,} approved. An email goes to each of them."
    else:
        by_act = {Act.RETURN: lambda: enrolments.return_(session, actor, ids, note)}
        number = by_act.get(act, lambda: enrolments.decline(session, actor, ids))()
        minutes = enrolment_decisions.HOLD_MINUTES
        st.session_state[_UNDO] = (ids, datetime.now(UTC) + timedelta(minutes=minutes))
        message = f"{number:,} {DECISIONS[act].value}. The email leaves in {minutes} minutes."
    del st.session_state[_ASKED]
    st.session_state[_DONE] = acts_done() + 1
    done(message)


def draw_undo(session: Session, actor: Actor) -> None:
    """For as long as the emails wait."""
    ids, until = st.session_state.get(_UNDO, ((), None))
    if until is None:
        return
    if until <= datetime.now(UTC):
        del st.session_state[_UNDO]
        return
    if st.button(f"Undo the last decision ({len(ids):,})", key="undo-last", icon=":material/undo:"):
        with refusals():
            number = enrolments.undo(session, actor, ids)
            del st.session_state[_UNDO]
            done(f"{number:,} submitted again. No email goes to them.")
