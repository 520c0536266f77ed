"""Mail that asks for something its reader has done by the time it could leave: signed, trained, answered, agreed.

A part of services/outdated_mail.py. Only what surely waits no more is dropped: of a letter that names nothing to look
up, or where a day is close, it is not known, and it goes.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.agreements import SchemeDocument, TrainingModule
from models.enrolments import Enrolment, EnrolmentStatus
from models.feedback import FeedbackAnswer, FeedbackRound
from models.messages import Message
from models.pairings import Pairing, WaysOfWorking
from models.pauses import Pause
from models.schemes import Cohort, Scheme
from services import nudges, readiness, signatures, trained
from services.feedback import is_waiting

FEEDBACK, WAYS, QUESTION = "feedback_due", "ways_proposed", "enrolment_returned"
NUDGE, RETURN, OVERDUE = "nudge", "pause_return_asked", "training_due"
# They name what is to be signed or learnt as the message's subject; those that list several things name none.
SIGNING = frozenset({"sign_documents", "sign_again"})
LEARNING = frozenset({"training_asked", "training_soon"})
# Whether they wait is asked of the reader's places in the scheme.
OF_A_PLACE = frozenset({QUESTION, NUDGE, OVERDUE, *SIGNING, *LEARNING})
# A day more than any calendar on Earth shows by now: what waits on it waits for everybody.
A_DAY = timedelta(days=1)

# A person, in a scheme.
Who = tuple[UUID, UUID | None]


def done(session: Session, letters: Sequence[Message], now: datetime) -> set[UUID]:
    """Of these messages those whose reader has nothing left to do about them. A few queries for each kind."""
    statuses = _statuses(session, [each for each in letters if each.template in OF_A_PLACE])
    placed = [each for each in letters if _who(each) in statuses]
    return {
        *_feedback(session, _of(letters, FEEDBACK)),
        *_ways(session, _of(letters, WAYS)),
        *_back_on_another_day(session, _of(letters, RETURN), now),
        # A question waits ten minutes, and stands in the form at once: some have sent it again by then.
        *(each.id for each in _of(placed, QUESTION) if EnrolmentStatus.RETURNED not in statuses[_who(each)]),
        *_signing(session, _of(placed, *SIGNING)),
        *_training(session, _of(placed, *LEARNING, OVERDUE), now),
        *_nudges(session, _of(placed, NUDGE)),
    }


def _statuses(session: Session, letters: Sequence[Message]) -> dict[Who, set[str]]:
    """How the readers' places in the schemes stand. Of whoever has none there, nothing is known to be done."""
    found = dict[Who, set[str]]()
    if letters:
        statement = select(Enrolment.person_id, Cohort.scheme_id, Enrolment.status).join(
            Cohort, col(Cohort.id) == col(Enrolment.cohort_id)
        )
        for person_id, scheme_id, status in session.exec(statement.where(_readers(letters))):
            found.setdefault((person_id, scheme_id), set()).add(status)
    return found


def _of(letters: Iterable[Message], *templates: str) -> list[Message]:
    return [each for each in letters if each.template in templates]


def _who(letter: Message) -> Who:
    return letter.person_id, letter.scheme_id


def _readers(letters: Iterable[Message]) -> Any:
    """Whether an enrolment is of one of the readers."""
    return col(Enrolment.person_id).in_({each.person_id for each in letters})


def _feedback(session: Session, letters: Sequence[Message]) -> set[UUID]:
    """Forms that were sent, rounds that were closed, and people on a break, of whom nothing is asked (U-C5.3)."""
    named = [each for each in letters if each.link_subject_id]
    if not named:
        return set()
    statement = (
        select(FeedbackAnswer.round_id, Enrolment.person_id)
        .join(FeedbackRound, col(FeedbackRound.id) == col(FeedbackAnswer.round_id))
        .join(Enrolment, col(Enrolment.id) == col(FeedbackAnswer.enrolment_id))
        .where(
            col(FeedbackAnswer.round_id).in_({each.link_subject_id for each in named}),
            _readers(named),
            col(Enrolment.status) == EnrolmentStatus.APPROVED,
            *is_waiting(),
        )
    )
    waiting = set(session.exec(statement).all())
    return {each.id for each in named if (each.link_subject_id, each.person_id) not in waiting}


def _ways(session: Session, letters: Sequence[Message]) -> set[UUID]:
    """Suggestions that were answered or replaced by a later one of the reader's own."""
    named = [each for each in letters if each.link_subject_id]
    if not named:
        return set()
    mentor, mentee, newer = aliased(Enrolment), aliased(Enrolment), aliased(WaysOfWorking)
    of_later = and_(
        col(newer.pairing_id) == col(WaysOfWorking.pairing_id), col(newer.edition) > col(WaysOfWorking.edition)
    )
    columns: tuple[Any, ...] = (
        col(Pairing.id),
        col(mentor.person_id),
        col(mentee.person_id),
        col(WaysOfWorking.mentor_confirmed_at),
        col(WaysOfWorking.mentee_confirmed_at),
    )
    statement = (
        select(*columns)
        .join(WaysOfWorking, col(WaysOfWorking.pairing_id) == col(Pairing.id))
        .join(mentor, col(mentor.id) == col(Pairing.mentor_id))
        .join(mentee, col(mentee.id) == col(Pairing.mentee_id))
        .where(
            col(Pairing.id).in_({each.link_subject_id for each in named}),
            col(WaysOfWorking.in_force_from).is_(None),
            ~exists().where(of_later),
        )
    )
    waiting = set[tuple[UUID | None, UUID]]()
    for pairing_id, mentors_self, mentees_self, mentor_said_yes, mentee_said_yes in session.exec(statement):
        waiting |= {(pairing_id, mentors_self)} if mentor_said_yes is None else set()
        waiting |= {(pairing_id, mentees_self)} if mentee_said_yes is None else set()
    return {each.id for each in named if (each.link_subject_id, each.person_id) not in waiting}


def _signing(session: Session, letters: Sequence[Message]) -> set[UUID]:
    if not letters:
        return set()
    statement = signatures.missing_by_person(None).where(_readers(letters)).order_by(None)
    kept = (col(Enrolment.person_id), col(SchemeDocument.scheme_id), col(SchemeDocument.kind))
    missing = {tuple(row) for row in session.execute(statement.with_only_columns(*kept))}
    people = {row[:2] for row in missing}
    kinds = _named(session, SchemeDocument, SchemeDocument.kind, letters)
    return {
        each.id
        for each in letters
        if _who(each) not in people
        or (each.link_subject_id in kinds and (*_who(each), kinds[each.link_subject_id]) not in missing)
    }


def _training(session: Session, letters: Sequence[Message], now: datetime) -> set[UUID]:
    if not letters:
        return set()
    rows = session.execute(trained.to_do(_readers(letters), now.date() + A_DAY)).all()
    open_to = {tuple(row[:3]) for row in rows}
    overdue = {tuple(row[:2]) for row in rows if row[3]}
    asked = [each for each in letters if each.template in LEARNING]
    keys = _named(session, TrainingModule, TrainingModule.key, asked)
    found = {each.id for each in letters if each.template == OVERDUE and _who(each) not in overdue}
    return found | {
        each.id
        for each in asked
        if each.link_subject_id in keys and (*_who(each), keys[each.link_subject_id]) not in open_to
    }


def _named(session: Session, table: Any, column: Any, letters: Iterable[Message]) -> dict[UUID | None, Any]:
    """By the id that a letter names: what stays the same from one edition to the next."""
    ids: Collection[UUID] = {each.link_subject_id for each in letters if each.link_subject_id}
    if not ids:
        return {}
    return {row[0]: row[1] for row in session.exec(select(table.id, column).where(table.id.in_(ids)))}


def _back_on_another_day(session: Session, letters: Sequence[Message], now: datetime) -> set[UUID]:
    """ "Are you back?" to somebody who has said a later day by now, or that they know of none."""
    if not letters:
        return set()
    columns: tuple[Any, ...] = (Enrolment.person_id, Cohort.scheme_id, Pause.planned_return_on)
    statement = (
        select(*columns)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .join(Pause, col(Pause.enrolment_id) == col(Enrolment.id))
        .where(_readers(letters), col(Pause.ended_on).is_(None))
    )
    rows = session.exec(statement).all()
    away = {(person_id, scheme_id) for person_id, scheme_id, _ in rows}
    last = now.date() + A_DAY
    asked = {(person_id, scheme_id) for person_id, scheme_id, day in rows if day is not None and day <= last}
    return {each.id for each in letters if _who(each) in away - asked}


def _nudges(session: Session, letters: Sequence[Message]) -> set[UUID]:
    """Of people who can sign in: whoever cannot yet has done nothing."""
    able = [each for each in letters if each.link_purpose is None and each.scheme_id]
    if not able:
        return set()
    statement = (
        select(Enrolment.id, Enrolment.cohort_id, Cohort.scheme_id)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .where(_readers(able), col(Enrolment.status).in_(nudges.OPEN))
    )
    by_cohort = dict[tuple[UUID, UUID], list[UUID]]()
    for enrolment_id, cohort_id, scheme_id in session.exec(statement):
        by_cohort.setdefault((cohort_id, scheme_id), []).append(enrolment_id)
    lacking = set[Who]()
    for (cohort_id, scheme_id), ids in by_cohort.items():
        scheme = session.get_one(Scheme, scheme_id)
        for row, lights in readiness.with_lights(session, scheme, cohort_id, ids):
            lacking |= {(row.person_id, scheme_id)} if nudges.missing(row, lights) else set()
    return {each.id for each in able if _who(each) not in lacking}
