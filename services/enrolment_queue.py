"""The coordinator's queue: who wants in, on which side, how far they are, and what is still missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Scheme
from services import access, enrolment_form, readiness
from services.access import Actor
from services.readiness import Readiness
from services.schemes.sectors import sectors

ROWS_A_PAGE = 50
# The coordinator's view of an answer ends where no clause gives it to them (SECURITY.md b6, 4).
HIDDEN_FROM_COORDINATOR = frozenset({"wechat_id"})


@dataclass(frozen=True)
class Filter:
    """What the queue shows. `ready`: whether every gate holds; `search` is words in any order."""

    side: Side | None = None
    status: EnrolmentStatus | None = None
    ready: bool | None = None
    search: str = ""


@dataclass(frozen=True)
class QueueRow:
    """One line of the queue. `claims` are what a spreadsheet said, in words; they never count."""

    id: UUID
    name: str
    email: str
    side: Side
    status: EnrolmentStatus
    role_title: str | None
    sector: str | None
    submitted_at: datetime | None
    claims: tuple[str, ...]
    readiness: Readiness


@dataclass(frozen=True)
class Queue:
    """One page of the queue. `counts` is of the whole cohort by side and status.

    Of what the filter shows, on every page: `total`, and `decidable`, those submitted that are not the actor's own.
    """

    rows: tuple[QueueRow, ...]
    total: int
    decidable: int
    page: int
    pages: int
    counts: Mapping[tuple[Side, EnrolmentStatus], int] = field(default_factory=dict)

    def count(self, *statuses: EnrolmentStatus, side: Side | None = None) -> int:
        """How many of the cohort have one of these statuses, on one side or both."""
        return sum(n for (of, status), n in self.counts.items() if status in statuses and side in (None, of))


@dataclass(frozen=True)
class Details:
    """What the coordinator reads before deciding: (label, answer) in the order of the form, without blanks."""

    id: UUID
    name: str
    note: str | None
    answers: tuple[tuple[str, str], ...]


def queue(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    side: Side | None = None,
    status: EnrolmentStatus | None = None,
    ready: bool | None = None,
    search: str = "",
    page: int = 1,
    today: date | None = None,
) -> Queue:
    """One page of 50, by name. A page past the end is the last one. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    chosen, day = Filter(side, status, ready, search), today or utc_now().astimezone(UTC).date()
    conditions = filtered(session, cohort_id, chosen, day)
    waiting = func.count().filter(*_decidable(actor))
    counted = select(func.count(), waiting).select_from(Enrolment)
    if chosen.search or chosen.ready is not None:
        counted = _of_people(counted)
    total, decidable = session.exec(counted.where(*conditions)).one()
    pages = max(1, ceil(total / ROWS_A_PAGE))
    page = min(max(1, page), pages)
    statement = _of_people(select(Enrolment, Person)).where(*conditions)
    ordered = statement.order_by(col(Enrolment.sort_key), col(Enrolment.id))
    found = session.exec(ordered.offset((page - 1) * ROWS_A_PAGE).limit(ROWS_A_PAGE)).all()
    lights = readiness.lights(session, [enrolment.id for enrolment, _ in found], today=day)
    rows = tuple(_row(enrolment, person, lights[enrolment.id]) for enrolment, person in found)
    return Queue(rows, total, decidable, page, pages, _counts(session, cohort_id))


def submitted_on(session: Session, actor: Actor, cohort_id: UUID, chosen: Filter, today: date) -> tuple[UUID, ...]:
    """Everything submitted that the filter shows, on every page, but never the actor's own. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    conditions = filtered(session, cohort_id, chosen, today)
    return tuple(session.exec(_of_people(select(Enrolment.id)).where(*conditions, *_decidable(actor))))


def details(session: Session, actor: Actor, enrolment_id: UUID) -> Details:
    """One enrolment's answers as the coordinator may read them. Raises NotAllowed, also for the actor's own."""
    enrolment = access.enrolment_to_coordinate(session, actor, enrolment_id)
    person = session.get_one(Person, enrolment.person_id)
    fields = enrolment_form.fields_of(session, [enrolment.cohort_id]).get(enrolment.cohort_id, ())
    asked = enrolment_form.questions(fields, enrolment.side, person, enrolment)
    answers = tuple(
        (question.label, question.shown)
        for question in asked
        if question.kind != "consent" and question.key not in HIDDEN_FROM_COORDINATOR and not question.is_blank
    )
    return Details(enrolment.id, person.full_name, enrolment.decision_note, answers)


def filtered(session: Session, cohort_id: UUID, chosen: Filter, today: date) -> list[Any]:
    """SQL conditions on Enrolment joined with Person."""
    conditions: list[Any] = [Enrolment.cohort_id == cohort_id]
    if chosen.side is not None:
        conditions.append(Enrolment.side == chosen.side)
    if chosen.status is not None:
        conditions.append(Enrolment.status == chosen.status)
    if chosen.ready is not None:
        holds = _ready(enrolment_form.scheme_of(session, cohort_id), cohort_id, today)
        conditions.append(holds if chosen.ready else ~holds)
    return conditions + [_mentions(word) for word in chosen.search.split()]


def _ready(scheme: Scheme, cohort_id: UUID, today: date) -> Any:
    return or_(
        *(and_(col(Enrolment.side) == side, readiness.gates_hold(scheme, cohort_id, side, today)) for side in Side)
    )


def _mentions(word: str) -> Any:
    """Name, address, role or sector has the word. A sector is kept as a code and found by its label."""
    folded = word.casefold()
    codes = [code for code, label in sectors().items() if folded in label.casefold()]
    return or_(
        col(Enrolment.sort_key).contains(folded, autoescape=True),
        col(Person.email_key).contains(folded, autoescape=True),
        func.lower(Enrolment.role_title).contains(folded, autoescape=True),
        func.lower(Enrolment.sector).contains(folded, autoescape=True),
        col(Enrolment.sector).in_(codes),
    )


def _of_people(statement: Any) -> Any:
    return statement.select_from(Enrolment).join(Person, col(Person.id) == Enrolment.person_id)


def _decidable(actor: Actor) -> tuple[Any, ...]:
    return (Enrolment.status == EnrolmentStatus.SUBMITTED, Enrolment.person_id != actor.person_id)


def _counts(session: Session, cohort_id: UUID) -> dict[tuple[Side, EnrolmentStatus], int]:
    statement = (
        select(Enrolment.side, Enrolment.status, func.count())
        .where(Enrolment.cohort_id == cohort_id)
        .group_by(col(Enrolment.side), col(Enrolment.status))
    )
    return {(Side(side), EnrolmentStatus(status)): number for side, status, number in session.exec(statement)}


def _row(enrolment: Enrolment, person: Person, found: Readiness) -> QueueRow:
    return QueueRow(
        id=enrolment.id,
        name=person.full_name,
        email=person.email,
        side=enrolment.side,
        status=enrolment.status,
        role_title=enrolment.role_title,
        sector=sectors().get(enrolment.sector or "", enrolment.sector),
        submitted_at=enrolment.submitted_at,
        claims=tuple(f"says: {what.replace('_', ' ')} {said}" for what, said in sorted(enrolment.claims.items())),
        readiness=found,
    )
