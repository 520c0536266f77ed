"""What a coordinator does with people in the queue: each act asks once more, and shows every email before it goes.

Many are dealt with in batches, one unit of work each. Whatever stops the screen in between, a batch was done whole or
not at all, and the question stays on the screen, about the rest.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.enrolments import EnrolmentStatus
from pages import enrolment_pausing, presses
from pages.ui import done, plain, refusals
from services import enrolment_decisions, enrolments, nudges
from services.access import Actor
from services.enrolment_decisions import Undoable
from services.enrolments import Queue, QueueRow
from services.messages import Preview

# Of more people, so many are named and can have their email read; the others are counted.
MOST_NAMED = 50
# People in one unit of work: about a second.
BATCH = 100


class Act(StrEnum):
    """What can be done, as the start of a sentence."""

    APPROVE = "Approve"
    RETURN = "Return"
    DECLINE = "Decline"
    NUDGE = "Remind"
    PAUSE = "Pause"
    RESUME = "End the break of"


DECISIONS = {
    Act.APPROVE: EnrolmentStatus.APPROVED,
    Act.RETURN: EnrolmentStatus.RETURNED,
    Act.DECLINE: EnrolmentStatus.DECLINED,
}
Everybody = Callable[[Act], Sequence[UUID]]
_ASKED, _DONE = "deciding", "acts done"
# Where a question about people stands: under the one who is open, under the ticked ones, or above the list.
OPENED, TICKED, ALL = "opened", "ticked", "all"


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
        if where == OPENED and (act_about := of_pause(picked[0])) and st.button(*act_about):
            ask(cohort_id, Act(act_about[1]), [picked[0].id], where=where)


def of_pause(row: QueueRow) -> tuple[str, str] | None:
    """(words, key) of what can be done about a break: to begin one, or to end one that a coordinator began."""
    if row.status is EnrolmentStatus.APPROVED:
        return "Pause", Act.PAUSE
    return ("End the break", Act.RESUME) if row.is_sent_to_rest else None


def draw_all(session: Session, actor: Actor, cohort_id: UUID, found: Queue, everybody: Everybody) -> None:
    """What can be done with everybody whom the filters show, on every page. `everybody` finds them."""
    if found.decidable and not is_asking(TICKED):
        # How many they are is said with the question, where they were not counted to the end.
        words = f"Approve all{'' if found.has_more else f' {found.decidable:,}'} submitted"
        # The question below has the one primary button while it is asked.
        kind = "secondary" if st.session_state.get(_ASKED) else "primary"
        if st.button(words, key="approve-all", type=kind):  # type: ignore[arg-type] # one of two words
            ask(cohort_id, Act.APPROVE, everybody(Act.APPROVE), where=ALL)
    if not found.rows:
        return
    number = "" if found.has_more else f" {found.decidable:,}"
    ways = {
        Act.RETURN: f"Return all{number} submitted with a question",
        Act.DECLINE: f"Decline all{number} submitted",
        Act.NUDGE: "Remind everybody of what is missing",
    }
    offered = list(ways) if found.decidable else [Act.NUDGE]
    chosen = st.menu_button(
        "All shown", offered, key="all-shown", icon=":material/groups:", format_func=lambda act: ways[act]
    )
    if chosen is not None:
        begin_with_all(session, actor, cohort_id, chosen, everybody)


def begin_with_all(session: Session, actor: Actor, cohort_id: UUID, act: Act, everybody: Everybody) -> None:
    """Ask about all of them; of reminders, about those whom one would go to."""
    ids = everybody(act)
    if act is Act.NUDGE:
        ids = nudges.to_remind(session, actor, ids)
    if not ids:
        done("Nobody whom the filters show needs a reminder now: nothing is missing, or they had one today.")
    ask(cohort_id, act, ids, where=ALL)


def label(act: Act, about: Sequence[UUID], picked: Sequence[QueueRow]) -> str:
    """The act, and of how many where several are chosen."""
    what = {Act.RETURN: " with a question", Act.NUDGE: " of what is missing"}.get(act, "")
    return f"{act}{f' {len(about)}' if len(picked) > 1 else ''}{what}"


def confirm(session: Session, actor: Actor, act: Act, ids: list[UUID]) -> None:
    """Who gets which email, word for word, and one confirmation."""
    with st.container(border=True), refusals():
        st.header(f"{act} {people(ids)}{' of what is missing' if act is Act.NUDGE else ''}?", anchor=False)
        if act in {Act.PAUSE, Act.RESUME}:
            confirm_pausing(session, actor, act, ids[0])
            return
        note = st.text_area("Your question", key="note", max_chars=2000) if act is Act.RETURN else ""
        willing = False
        with refusals():
            willing = say_nudges(session, actor, ids) if act is Act.NUDGE else say_mails(session, actor, act, ids, note)
        with st.container(horizontal=True):
            label = f"{act} and send" if willing else f"{act}"
            yes = st.button(label, type="primary", key="confirm", disabled=not willing)
            cancel()
        if yes:
            with refusals():
                carry_out(session, actor, act, ids, note)


def cancel() -> None:
    if st.button("Cancel", key="cancel"):
        del st.session_state[_ASKED]
        st.rerun()


def confirm_pausing(session: Session, actor: Actor, act: Act, enrolment_id: UUID) -> None:
    """A break of one person, begun or ended."""
    asking = enrolment_pausing.confirm_pause if act is Act.PAUSE else enrolment_pausing.confirm_end
    carry, yes = None, False
    with refusals():
        carry = asking(session, actor, enrolment_id)
    with st.container(horizontal=True):
        if carry is not None:
            words = "Pause and send" if act is Act.PAUSE else "End the break and send"
            yes = st.button(words, type="primary", key="confirm")
        cancel()
    if carry is not None and yes:
        with refusals():
            carry()
            del st.session_state[_ASKED]
            begun = "The break has begun, and they are told. You can end it from here."
            done(begun if act is Act.PAUSE else "The break is over, and they are told.")


def people(ids: Sequence[UUID]) -> str:
    return "1 person" if len(ids) == 1 else f"{len(ids):,} people"


def say_mails(session: Session, actor: Actor, act: Act, ids: list[UUID], note: str) -> bool:
    """To whom a decision writes, and what."""
    told = enrolment_decisions.recipients(session, actor, ids[:MOST_NAMED], DECISIONS[act])
    st.markdown(names_in_words([(each.name, each.email) for each in told], of=len(ids)))
    read = chosen_reader({each.enrolment_id: each.name for each in told})
    question = note or "(your question)"
    show(enrolments.preview(session, actor, read, DECISIONS[act], note=question))
    if act is not Act.APPROVE:
        minutes = enrolment_decisions.HOLD_MINUTES
        st.caption(f"It leaves in {minutes} minutes; until then you can undo this.")
    elif len({each.template for each in told}) > 1 or len(ids) > len(told):
        st.caption("Whoever has never signed in gets an invitation instead of a note.")
    return bool(told)


def say_nudges(session: Session, actor: Actor, ids: list[UUID]) -> bool:
    """Who is reminded of what, and who is not and why. Of many, each was found to lack something when it was asked."""
    plan = nudges.plan(session, actor, ids[:MOST_NAMED])
    told = [each for each in plan if not each.why_not]
    rest = [f"- {plain(each.name)} {each.why_not}" for each in plan if each.why_not]
    if told:
        st.markdown(names_in_words([(each.name, each.email) for each in told], of=len(ids) - len(rest)))
        mail = nudges.preview(session, actor, chosen_reader({each.enrolment_id: each.name for each in told}))
        if mail is not None:
            show(mail)
    if rest:
        st.markdown("\n".join(["Not written to:", "", *rest]))
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


def names_in_words(told: Sequence[tuple[str, str]], *, of: int) -> str:
    """The names of those who are told, of so many."""
    said = [f"{plain(name)} ({plain(email)})" for name, email in told]
    more = f" and {of - len(told):,} more" if of > len(told) else ""
    return f"{'An email goes' if of == 1 else f'{of:,} emails go'} to {', '.join(said)}{more}."


def carry_out(session: Session, actor: Actor, act: Act, ids: list[UUID], note: str) -> None:
    """Do it, batch by batch, and say what was done."""
    began, number, place = datetime.now(UTC), 0, st.empty()
    cohort_id, _, _, where = st.session_state[_ASKED]
    for at in range(0, len(ids), BATCH):
        if len(ids) > BATCH:
            place.progress(at / len(ids), text=f"{at:,} of {len(ids):,}")
        number += do(session, actor, act, ids[at : at + BATCH], note, began)
        # Whoever stops here is asked about the rest, and only about them.
        st.session_state[_ASKED] = (cohort_id, act, ids[at + BATCH :], where)
        presses.let_go()
    del st.session_state[_ASKED]
    st.session_state[_DONE] = acts_done() + 1
    done(what_was_done(act, number))


def do(session: Session, actor: Actor, act: Act, ids: list[UUID], note: str, began: datetime) -> int:
    """One batch; how many it reached."""
    match act:
        case Act.NUDGE:
            return nudges.send(session, actor, ids)
        case Act.APPROVE:
            return enrolments.approve(session, actor, ids, decided_at=began)
        case Act.RETURN:
            return enrolments.return_(session, actor, ids, note, decided_at=began)
        case _:
            return enrolments.decline(session, actor, ids, decided_at=began)


def what_was_done(act: Act, number: int) -> str:
    if act is Act.NUDGE:
        return f"{number:,} reminded. Each gets one email a day at most."
    if act is Act.APPROVE:
        return f"{number:,} approved. An email goes to each of them."
    return f"{number:,} {DECISIONS[act].value}. The email leaves in {enrolment_decisions.HOLD_MINUTES} minutes."


def draw_undo(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """For as long as the emails wait, whatever else was done or reloaded since: one button for each act."""
    acts = enrolment_decisions.undoable(session, actor, cohort_id)
    if not acts:
        return
    with st.container(horizontal=True), refusals():
        for act in acts:
            if st.button(undo_in_words(act), key=f"undo-{act.ids[0]}", icon=":material/undo:"):
                undo(session, actor, act)


def undo(session: Session, actor: Actor, act: Undoable) -> None:
    """Batch by batch; what one batch undid stays undone."""
    number = 0
    for at in range(0, len(act.ids), BATCH):
        number += enrolments.undo(session, actor, act.ids[at : at + BATCH])
    done(f"{number:,} submitted again. No email goes to them.")


def undo_in_words(act: Undoable) -> str:
    """ "Undo: Ama Boateng declined", "Undo: 12 returned"."""
    return f"Undo: {plain(act.name) if act.name else f'{len(act.ids):,}'} {act.status.value}"
