"""Feedback to the scheme (U-6): rounds that a coordinator opens, and each person's own answer.

Being asked is a row: whoever takes part in an open pair when a round opens gets an empty answer, so that "3 of 8" keeps
its eight. What somebody has not sent yet is nobody else's, and what they have sent only the coordinator reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.feedback import FeedbackAnswer, FeedbackRound, RoundPoint
from models.pairings import Pairing, PairingStatus
from models.schemes import Cohort, Scheme
from services import access, audit, messages, times
from services.access import DESK, Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.feedback_forms import Question, checked, missing, questions_of, rating_of
from services.messages import Addressed
from services.units import writes

LONGEST_ROUND_DAYS = 92
TEMPLATE = "feedback_due"


@dataclass(frozen=True)
class Round:
    """A round as its coordinator knows it. `asked` people got the form; those with a draft have not answered."""

    id: UUID
    point: RoundPoint
    opens_on: date
    due_on: date
    asked: int
    closed_at: datetime | None = None


@dataclass(frozen=True)
class DueForm:
    """The form that waits for one person, with what they have typed so far."""

    round_id: UUID
    point: RoundPoint
    due_on: date
    title: str
    introduction: str
    questions: tuple[Question, ...]
    answers: Mapping[str, Any]


@writes
def open_round(
    session: Session, actor: Actor, cohort_id: UUID, *, point: RoundPoint, opens_on: date, due_on: date, today: date
) -> Round:
    """Ask a cohort, now or on a later day, and keep the questions as they are. NotAllowed, Invalid, Conflict."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    _check_dates(opens_on, due_on, today)
    forms = _forms(scheme, point)
    opened = FeedbackRound(cohort_id=cohort.id, point=point, opens_on=opens_on, due_on=due_on, forms=forms)
    session.add(opened)
    try:
        session.flush()
    except IntegrityError as clash:
        session.rollback()
        raise Conflict(
            f"This cohort was already asked at the {point.value}.", remedy="Remind those who have not answered instead."
        ) from clash
    audit.record(session, actor, "feedback.opened", opened.id, scheme_id=scheme.id, point=point.value)
    asked = _ask(session, opened, scheme) if opens_on <= today else 0
    result = Round(opened.id, point, opens_on, due_on, asked)
    session.commit()
    return result


def would_ask(session: Session, actor: Actor, cohort_id: UUID) -> int:
    """How many people a round that begins now would write to. One query after the check. Raises NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    return int(session.exec(_counted(), params={"cohort_id": cohort.id}).one())


@writes
def ask_due(session: Session, now: datetime) -> int:
    """Ask the people of rounds that have begun, and of pairs made since. For the worker; how many were asked."""
    statement = (
        select(FeedbackRound, Scheme)
        .join(Cohort, col(Cohort.id) == FeedbackRound.cohort_id)
        .join(Scheme, col(Scheme.id) == Cohort.scheme_id)
        .where(col(FeedbackRound.closed_at).is_(None))
    )
    asked = 0
    for opened, scheme in session.exec(statement).all():
        if opened.opens_on <= times.day_in(now, scheme.time_zone) <= opened.due_on:
            count = _ask(session, opened, scheme)
            asked += count
            if count:
                audit.record(session, DESK, "feedback.asked", opened.id, scheme_id=scheme.id, people=count)
    session.commit()
    return asked


@writes
def remind(session: Session, actor: Actor, round_id: UUID, today: date) -> int:
    """Write to everybody who was asked and has not answered, at most once a day; to how many. NotAllowed, Conflict."""
    opened, scheme = round_to_coordinate(session, actor, round_id)
    _refuse_closed(opened)
    readers = [Addressed(person_id, event=_reminder(opened, today)) for _, person_id in silent(session, opened, today)]
    written = messages.queue_many(
        session, readers, template=TEMPLATE, scheme_id=scheme.id, about=opened.id, due_on=opened.due_on
    )
    audit.record(session, actor, "feedback.reminded", opened.id, scheme_id=scheme.id, people=written)
    session.commit()
    return written


def silent(session: Session, opened: FeedbackRound, today: date) -> list[tuple[UUID, UUID]]:
    """Enrolment and person of those who were asked, have not answered and were not reminded today. Two queries."""
    asked = (
        select(Enrolment.id, Enrolment.person_id)
        .join(FeedbackAnswer, col(FeedbackAnswer.enrolment_id) == Enrolment.id)
        .where(
            FeedbackAnswer.round_id == opened.id,
            col(FeedbackAnswer.submitted_at).is_(None),
            # Nobody on a break, or gone, is reminded of anything (U-C5.3).
            Enrolment.status == EnrolmentStatus.APPROVED,
        )
        .order_by(col(Enrolment.sort_key), col(Enrolment.id))
    )
    found = session.exec(asked).all()
    events = {person_id: _reminder(opened, today) for _, person_id in found}
    reminded = messages.already_written(session, template=TEMPLATE, events=events)
    return [(enrolment_id, person_id) for enrolment_id, person_id in found if person_id not in reminded]


@writes
def close(session: Session, actor: Actor, round_id: UUID) -> None:
    """Take no more answers. Drafts stay unread. Raises NotAllowed, Conflict."""
    opened, scheme = round_to_coordinate(session, actor, round_id)
    _refuse_closed(opened)
    opened.closed_at = utc_now()
    audit.record(session, actor, "feedback.closed", opened.id, scheme_id=scheme.id)
    session.commit()


def due(session: Session, actor: Actor) -> tuple[DueForm, ...]:
    """The forms that wait for the actor, the oldest first. One query, which finds nobody else's. Raises NotAllowed."""
    given = {"enrolment_id": actor.place.enrolment_id, "person_id": actor.person_id}
    rows = session.exec(_waiting(), params=given).all()
    if not rows:
        # Either none waits, or it is not their place.
        access.own_enrolment(session, actor)
    return tuple(_due_form(*row) for row in rows)


@cache  # asked after every answer that somebody gives: building it costs more than asking
def _waiting() -> Any:
    of_round: tuple[Any, ...] = (FeedbackRound.id, FeedbackRound.point, FeedbackRound.due_on, FeedbackRound.forms)
    of_answer: tuple[Any, ...] = (FeedbackAnswer.side, FeedbackAnswer.answers, Scheme.name)
    return (
        select(*of_round, *of_answer)
        .join(FeedbackAnswer, col(FeedbackAnswer.round_id) == FeedbackRound.id)
        .join(Enrolment, col(Enrolment.id) == FeedbackAnswer.enrolment_id)
        .join(Cohort, col(Cohort.id) == FeedbackRound.cohort_id)
        .join(Scheme, col(Scheme.id) == Cohort.scheme_id)
        .where(
            FeedbackAnswer.enrolment_id == bindparam("enrolment_id"),
            Enrolment.person_id == bindparam("person_id"),
            *is_waiting(),
        )
        .order_by(col(FeedbackRound.due_on))
    )


def is_waiting() -> tuple[Any, ...]:
    """SQL conditions on FeedbackAnswer joined with FeedbackRound: asked, open, not answered.

    Whoever was asked may answer, also where the round's first day has not begun on their own calendar.
    """
    return (
        col(FeedbackAnswer.submitted_at).is_(None),
        col(FeedbackRound.closed_at).is_(None),
    )


@writes
def save_partial(session: Session, actor: Actor, round_id: UUID, answers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep what is typed so far; what is kept now. Raises NotAllowed, Invalid, Conflict."""
    answer, questions = _own_open(session, actor, round_id)
    kept = _fill(answer, questions, answers)
    # The journal says that something was saved, never what.
    audit.record(session, actor, "feedback.draft_saved", answer.id)
    session.commit()
    return kept


@writes
def submit(session: Session, actor: Actor, round_id: UUID, answers: Mapping[str, Any]) -> None:
    """Send the answers, for good. Raises NotAllowed, Invalid (naming what is missing), Conflict."""
    answer, questions = _own_open(session, actor, round_id)
    kept = _fill(answer, questions, answers)
    blank = missing(questions, kept)
    if blank:
        raise Invalid(f"Still to answer: {'; '.join(blank)}", remedy="Then send it again; what you typed is kept.")
    answer.submitted_at, answer.rating = utc_now(), rating_of(questions, kept)
    audit.record(session, actor, "feedback.submitted", answer.id)
    session.commit()


def _check_dates(opens_on: date, due_on: date, today: date) -> None:
    if due_on < max(opens_on, today):
        raise Invalid("The last day is before the first, or past.", remedy="Choose a later last day.")
    if (due_on - opens_on).days > LONGEST_ROUND_DAYS:
        raise Invalid("A round is open for three months at most.", remedy="Choose an earlier last day.")


def _forms(scheme: Scheme, point: RoundPoint) -> dict[str, Any]:
    """Both sides' questions of this point, copied: a form that changes later must not change what was asked."""
    by_side: dict[str, list[dict[str, Any]]] = scheme.other_settings.get("feedback", {})
    forms = {
        side: [question for question in questions if point.value in question.get("points", list(RoundPoint))]
        for side, questions in by_side.items()
    }
    if not any(forms.values()):
        raise Invalid("This scheme has no feedback questions for that point.", remedy="Choose another point.")
    titles: dict[str, Any] = scheme.other_settings.get("feedback_forms", {})
    return {**forms, "titles": titles}


def _ask(session: Session, opened: FeedbackRound, scheme: Scheme) -> int:
    """Give an empty answer to everybody who takes part in an open pair and has none yet, and write to them."""
    asked = select(FeedbackAnswer.enrolment_id).where(FeedbackAnswer.round_id == opened.id)
    statement = select(Enrolment.id, Enrolment.person_id, Enrolment.side).where(
        *in_an_open_pair(opened.cohort_id), col(Enrolment.id).not_in(asked)
    )
    found = session.exec(statement).all()
    for enrolment_id, person_id, side in found:
        session.add(FeedbackAnswer(round_id=opened.id, enrolment_id=enrolment_id, side=Side(side)))
        _write(session, scheme, opened, person_id, f"feedback-{opened.id}")
    return len(found)


@cache
def _counted() -> Any:
    return select(func.count()).select_from(Enrolment).where(*in_an_open_pair(bindparam("cohort_id")))


def in_an_open_pair(cohort_id: Any) -> tuple[Any, ...]:
    """Who is asked: those who take part, and now."""
    in_pair = select(Pairing.id).where(
        or_(col(Pairing.mentor_id) == Enrolment.id, col(Pairing.mentee_id) == Enrolment.id),
        Pairing.status != PairingStatus.ENDED,
    )
    return (
        col(Enrolment.cohort_id) == cohort_id,
        col(Enrolment.status) == EnrolmentStatus.APPROVED,
        in_pair.correlate(Enrolment).exists(),
    )


def _reminder(opened: FeedbackRound, today: date) -> str:
    return f"feedback-{opened.id}-{today.isoformat()}"


def _write(session: Session, scheme: Scheme, opened: FeedbackRound, person_id: UUID, event: str) -> bool:
    return messages.queue(
        session,
        person_id=person_id,
        template=TEMPLATE,
        scheme_id=scheme.id,
        event=event,
        link_subject_id=opened.id,
        due_on=opened.due_on,
    )


def round_to_coordinate(session: Session, actor: Actor, round_id: UUID) -> tuple[FeedbackRound, Scheme]:
    """A round with its scheme. Raises NotAllowed."""
    opened = session.get(FeedbackRound, round_id)
    if opened is None:
        raise NotAllowed("You cannot open this round.", remedy="Ask one of the scheme's coordinators.")
    cohort = access.cohort_to_coordinate(session, actor, opened.cohort_id)
    return opened, session.get_one(Scheme, cohort.scheme_id)


def _refuse_closed(opened: FeedbackRound) -> None:
    if opened.closed_at is not None:
        raise Conflict("This round is closed.", remedy="Open another one when you want to ask again.")


def _own_open(session: Session, actor: Actor, round_id: UUID) -> tuple[FeedbackAnswer, tuple[Question, ...]]:
    """The actor's own answer while it can change, with the questions it was asked."""
    enrolment = access.own_enrolment(session, actor)
    statement = (
        select(FeedbackAnswer, FeedbackRound)
        .join(FeedbackRound, col(FeedbackRound.id) == FeedbackAnswer.round_id)
        .where(FeedbackAnswer.round_id == round_id, FeedbackAnswer.enrolment_id == enrolment.id)
    )
    found = session.exec(statement).one_or_none()
    if found is None:
        raise NotAllowed("You were not asked in this round.", remedy="Open the form from your own Home page.")
    answer, opened = found
    _refuse_closed(opened)
    if answer.submitted_at is not None:
        raise Conflict("You have sent this form already. Thank you.", remedy="Write to the coordinator to add to it.")
    return answer, questions_of(opened.forms, answer.side)


def _fill(answer: FeedbackAnswer, questions: tuple[Question, ...], answers: Mapping[str, Any]) -> dict[str, Any]:
    """What was kept, with these answers in place of the earlier ones; a blank takes one back."""
    together = {**answer.answers, **checked(questions, answers)}
    answer.answers = {key: value for key, value in together.items() if value is not None}
    return answer.answers


def _due_form(
    round_id: UUID,
    point: RoundPoint,
    due_on: date,
    forms: Mapping[str, Any],
    side: Side,
    answers: Mapping[str, Any],
    scheme: str,
) -> DueForm:
    titles = forms.get("titles", {}).get(side.value, {})
    return DueForm(
        round_id=round_id,
        point=point,
        due_on=due_on,
        title=titles.get("title", "How is your mentoring going?"),
        introduction=titles.get("introduction", f"Only the coordinator of {scheme} reads your answers."),
        questions=questions_of(forms, side),
        answers=dict(answers),
    )
