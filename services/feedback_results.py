"""What came of a round: answers by person for the coordinator, numbers without people for the scheme manager."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, Side
from models.feedback import FeedbackAnswer, FeedbackRound, RoundPoint
from models.pairings import Pairing
from models.people import Person
from models.schemes import Cohort, Scheme
from models.search import SearchScope
from services import access, days, people_search
from services.access import Actor
from services.errors import NotAllowed
from services.feedback_figures import Response, Responses, responses
from services.feedback_forms import TEXT, YES_NO, Question, questions_of
from services.pair_facts import AsOf

PAGE = 50
# A mean of fewer answers says too much about each of them (SECURITY.md b2).
FEWEST_FOR_NUMBERS = 8


@dataclass(frozen=True)
class RoundLine:
    """One round with its response; in a manager's counts None is not shown."""

    id: UUID
    point: RoundPoint
    opens_on: date
    due_on: date
    closed_at: datetime | None
    response: Response


@dataclass(frozen=True)
class Answer:
    """One person's form. `answers` pairs each question with its answer; empty until it was sent."""

    name: str
    side: Side
    submitted_at: datetime | None
    rating: int | None
    answers: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Results:
    """One page of a round's forms: answered ones first, the lowest rating on top."""

    point: RoundPoint
    lines: tuple[Answer, ...]
    total: int
    pages: int


@dataclass(frozen=True)
class Number:
    """One question in numbers: a mean, or a share of yes from 0 to 1. No value where fewer than eight answered."""

    side: Side
    question: str
    kind: str
    value: float | None


def rounds(session: Session, actor: Actor, cohort_id: UUID, today: date) -> tuple[RoundLine, ...]:
    """A cohort's rounds, the newest first. Raises NotAllowed."""
    cohort, as_of = _asked(session, actor, cohort_id, today)
    found = _responses(session, actor, cohort, as_of)
    statement = (
        select(FeedbackRound).where(FeedbackRound.cohort_id == cohort_id).order_by(col(FeedbackRound.opens_on).desc())
    )
    return tuple(
        RoundLine(row.id, row.point, row.opens_on, row.due_on, row.closed_at, found.by_point[row.point])
        for row in session.exec(statement)
    )


def results(session: Session, actor: Actor, round_id: UUID, *, page: int = 1, search: str = "") -> Results:
    """Who answered what, 50 a page. For coordinators, without anybody they are paired with. Raises NotAllowed.

    `search` are words that lead to people, as in the queue of enrolments; what somebody answered leads nowhere.
    """
    opened = _round(session, round_id)
    access.cohort_to_coordinate(session, actor, opened.cohort_id)
    # Whoever is a party reads nothing about themselves here.
    mine = [
        FeedbackAnswer.round_id == opened.id,
        col(Enrolment.person_id) != actor.person_id,
        ~of_a_partner(actor, FeedbackAnswer.enrolment_id),
    ]
    if search.strip():
        mine.append(people_search.among_matching(session, opened.cohort_id, search, scope=SearchScope.QUEUE))
    counted = select(func.count()).select_from(FeedbackAnswer).join(Enrolment).where(*mine)
    total = session.exec(counted).one()
    pages = max(1, -(-total // PAGE))
    statement = (
        select(FeedbackAnswer, Person.full_name)
        .join(Enrolment, col(Enrolment.id) == FeedbackAnswer.enrolment_id)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(*mine)
        .order_by(
            col(FeedbackAnswer.submitted_at).is_(None),
            func.coalesce(FeedbackAnswer.rating, 6),
            col(Enrolment.sort_key),
            col(Enrolment.id),
        )
    )
    rows = session.exec(statement.offset((min(max(page, 1), pages) - 1) * PAGE).limit(PAGE))
    return Results(opened.point, tuple(_answer(opened, row, name) for row, name in rows), total, pages)


def numbers(session: Session, actor: Actor, round_id: UUID, today: date) -> tuple[Number, ...]:
    """Each question but the free texts as a number, if eight or more answered it. Raises NotAllowed."""
    opened = _round(session, round_id)
    cohort, as_of = _asked(session, actor, opened.cohort_id, today)
    found = _responses(session, actor, cohort, as_of).answered_by_side
    statement = select(FeedbackAnswer.side, FeedbackAnswer.answers).where(
        FeedbackAnswer.round_id == opened.id, col(FeedbackAnswer.submitted_at) < as_of.until
    )
    given: dict[Side, list[Mapping[str, Any]]] = {side: [] for side in Side}
    # Answers are JSON of a few questions, read for one round; the two databases have no common words to average it.
    for side, answers in session.exec(statement):
        given[Side(side)].append(answers)
    return tuple(
        _number(side, question, given[side], is_shown=(found[opened.point, side] or 0) >= FEWEST_FOR_NUMBERS)
        for side in Side
        for question in questions_of(opened.forms, side)
        if question.kind != TEXT
    )


def _round(session: Session, round_id: UUID) -> FeedbackRound:
    opened = session.get(FeedbackRound, round_id)
    if opened is None:
        raise NotAllowed("You cannot open this round.", remedy="Ask one of the scheme's coordinators.")
    return opened


def _asked(session: Session, actor: Actor, cohort_id: UUID, today: date) -> tuple[Cohort, AsOf]:
    cohort = access.cohort_to_see_figures_of(session, actor, cohort_id)
    zone = session.get_one(Scheme, cohort.scheme_id).time_zone
    if cohort.scheme_id in actor.coordinates:
        return cohort, AsOf(today, zone)
    yesterday = today - timedelta(days=1)
    known_until = None if cohort.is_demonstration else days.first_moment_after(yesterday, zone)
    return cohort, AsOf(yesterday, zone, known_until)


def _responses(session: Session, actor: Actor, cohort: Cohort, as_of: AsOf) -> Responses:
    return responses(session, cohort.id, as_of, protect=cohort.scheme_id not in actor.coordinates)


def of_a_partner(actor: Actor, enrolment_id: Any) -> Any:
    """An SQL condition: the enrolment is of somebody who is or was paired with the actor."""
    own = aliased(Enrolment)
    either = or_(
        (col(Pairing.mentor_id) == enrolment_id) & (col(Pairing.mentee_id) == own.id),
        (col(Pairing.mentee_id) == enrolment_id) & (col(Pairing.mentor_id) == own.id),
    )
    pairs = select(Pairing.id).join(own, either).where(own.person_id == actor.person_id)
    return pairs.correlate(enrolment_id.class_).exists()


def _answer(opened: FeedbackRound, row: FeedbackAnswer, name: str) -> Answer:
    """A form that is still being filled in is its author's alone."""
    if row.submitted_at is None:
        return Answer(name, row.side, None, None, ())
    asked = questions_of(opened.forms, row.side)
    told = tuple((question.text, row.answers[question.key]) for question in asked if question.key in row.answers)
    return Answer(name, row.side, row.submitted_at, row.rating, told)


def _number(side: Side, question: Question, given: list[Mapping[str, Any]], *, is_shown: bool) -> Number:
    told = [answers[question.key] for answers in given if question.key in answers]
    value = None
    if is_shown and len(told) >= FEWEST_FOR_NUMBERS:
        value = round(sum(told) / len(told), 2 if question.kind == YES_NO else 1)
    return Number(side, question.text, question.kind, value)
