"""How far people of a cohort have come, counted by everything that a figure asks about: two queries, one a side.

A query gives cells, not people: how many share one combination of marks. Every figure is a sum of cells, so figures
of one screen can never contradict each other, and what a manager may see is decided about all of them together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, and_, func, not_, or_, select, true
from sqlmodel import Session, col

from models.agreements import Signature, TrainingCompletion
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import Proposal
from models.people import Person
from models.schemes import Scheme
from services import readiness
from services.pair_facts import AsOf, flag, pair_facts
from services.paused_days import paused_between

CONTACT_DAYS = 7
MEETING_DAYS = 30


@dataclass(frozen=True)
class Cell:
    """One combination of marks, each 0 or 1. A mentee's earlier pairs are cells of their own, with `is_latest` 0.

    Of a mentor the pair's marks say "in at least one pair"; what concerns a single pair is counted with the mentees.
    """

    approved: int
    ready: int
    proposed: int
    active: int
    paired: int
    in_touch: int
    met: int
    confirmed: int
    is_open: int
    is_latest: int = 1
    contact_due: int = 0
    contact_in_time: int = 0
    meeting_due: int = 0
    met_in_time: int = 0
    confirmed_in_time: int = 0
    state: str | None = None

    def reached(self, stage: str) -> bool:
        """Whether a person came this far, or further: nobody falls back because a document was renewed."""
        return bool(self.is_latest) and any(getattr(self, mark) for mark in REACHED_BY[stage])


_MARKS = ("approved", "ready", "proposed", "paired", "in_touch", "met", "confirmed")
REACHED_BY: dict[str, tuple[str, ...]] = {mark: _MARKS[position:] for position, mark in enumerate(_MARKS)}
# Everybody in the query has sent their form.
REACHED_BY["enrolled"] = ("is_latest",)

Cells = dict[Cell, int]
Group = tuple[str, Callable[[Cell], bool]]


def mentee_cells(session: Session, cohort_id: UUID, scheme: Scheme, as_of: AsOf) -> Cells:
    """Mentees, and their pairs, by their marks. One query."""
    facts = pair_facts(cohort_id, scheme, as_of)
    columns = [*_person_marks(cohort_id, scheme, Side.MENTEE, as_of), *_pair_marks(facts, as_of)]
    people = _people(columns, cohort_id, Side.MENTEE).outerjoin(facts, facts.c.mentee_id == col(Enrolment.id))
    enrolled = people.where(or_(_sent_by(as_of), facts.c.id.is_not(None)))
    return _counted(session, enrolled.subquery("people"))


def mentor_cells(session: Session, cohort_id: UUID, scheme: Scheme, as_of: AsOf) -> Cells:
    """Mentors by their marks. One query."""
    facts = pair_facts(cohort_id, scheme, as_of)
    reached = (
        select(
            facts.c.mentor_id,
            func.max(flag(facts.c.first_sign.is_not(None))).label("in_touch"),
            func.max(flag(facts.c.first_met.is_not(None))).label("met"),
            func.max(flag(facts.c.first_confirmed.is_not(None))).label("confirmed"),
            func.max(facts.c.is_open).label("is_open"),
        )
        .group_by(facts.c.mentor_id)
        .subquery("reached")
    )
    columns = [
        *_person_marks(cohort_id, scheme, Side.MENTOR, as_of),
        flag(reached.c.mentor_id.is_not(None)).label("paired"),
        *(func.coalesce(reached.c[name], 0).label(name) for name in ("in_touch", "met", "confirmed", "is_open")),
    ]
    people = _people(columns, cohort_id, Side.MENTOR).outerjoin(reached, reached.c.mentor_id == col(Enrolment.id))
    enrolled = people.where(or_(_sent_by(as_of), reached.c.mentor_id.is_not(None)))
    return _counted(session, enrolled.subquery("people"))


def groups_of(stages: Sequence[str]) -> list[Group]:
    """The stages as groups of cells, for `services.suppression`."""
    return [(stage, _reached(stage)) for stage in stages]


def _reached(stage: str) -> Callable[[Cell], bool]:
    return lambda cell: cell.reached(stage)


def _people(columns: Sequence[Any], cohort_id: UUID, side: Side) -> Any:
    return (
        select(*columns)
        .select_from(Enrolment)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(col(Enrolment.cohort_id) == cohort_id, col(Enrolment.side) == side)
    )


def _sent_by(as_of: AsOf) -> Any:
    """An SQL condition: the form was sent by then. Beside it, whoever has a pair is enrolled in any case."""
    sent_at = func.coalesce(Enrolment.submitted_at, Enrolment.created_at)
    return and_(col(Enrolment.status) != EnrolmentStatus.DRAFT, sent_at < as_of.until)


def _person_marks(cohort_id: UUID, scheme: Scheme, side: Side, as_of: AsOf) -> list[Any]:
    decided = col(Enrolment.decided_at) < as_of.until
    active = and_(decided, col(Enrolment.status) == EnrolmentStatus.APPROVED)
    approved = and_(decided, col(Enrolment.status).in_([EnrolmentStatus.APPROVED, EnrolmentStatus.PAUSED]))
    gates = readiness.gates_hold(scheme, cohort_id, side, as_of.day)
    own = Proposal.mentor_id if side is Side.MENTOR else Proposal.mentee_id
    sent = select(col(Proposal.id)).where(col(own) == col(Enrolment.id), col(Proposal.sent_at) < as_of.until)
    return [
        flag(approved).label("approved"),
        flag(and_(active, gates, _ready_by_then(as_of))).label("ready"),
        flag(sent.correlate(Enrolment).exists()).label("proposed"),
        flag(active).label("active"),
    ]


def _ready_by_then(as_of: AsOf) -> Any:
    """Whoever signed, trained or answered after the day that the figures speak of was not ready on it."""
    if as_of.known_until is None:
        return true()
    signed = select(col(Signature.id)).where(
        col(Signature.enrolment_id) == col(Enrolment.id), not_(as_of.known(Signature))
    )
    trained = select(col(TrainingCompletion.id)).where(
        col(TrainingCompletion.enrolment_id) == col(Enrolment.id), not_(as_of.known(TrainingCompletion))
    )
    declared = col(Enrolment.conflicts_declared_at)
    return and_(
        not_(signed.correlate(Enrolment).exists()),
        not_(trained.correlate(Enrolment).exists()),
        or_(declared.is_(None), declared < as_of.known_until),
    )


def _pair_marks(facts: Subquery, as_of: AsOf) -> list[Any]:
    """KPI 9 and 10: a rate with a deadline is about pairs that have reached it."""
    row = facts.c

    def took(day: Any) -> Any:
        return day - row.released - paused_between(row.id, row.released, day)

    is_contact_due = took(as_of.number) >= CONTACT_DAYS
    is_meeting_due = took(as_of.number) >= MEETING_DAYS
    return [
        flag(row.id.is_not(None)).label("paired"),
        flag(row.first_sign.is_not(None)).label("in_touch"),
        flag(row.first_met.is_not(None)).label("met"),
        flag(row.first_confirmed.is_not(None)).label("confirmed"),
        func.coalesce(row.is_open, 0).label("is_open"),
        func.coalesce(row.is_latest, 1).label("is_latest"),
        flag(is_contact_due).label("contact_due"),
        flag(and_(is_contact_due, took(row.first_sign) <= CONTACT_DAYS)).label("contact_in_time"),
        flag(is_meeting_due).label("meeting_due"),
        flag(and_(is_meeting_due, took(row.first_met) <= MEETING_DAYS)).label("met_in_time"),
        flag(and_(is_meeting_due, took(row.first_confirmed) <= MEETING_DAYS)).label("confirmed_in_time"),
        row.state,
    ]


def _counted(session: Session, people: Subquery) -> Cells:
    """How many rows share each combination. The marks are grouped outside, where they are plain columns."""
    names = [column.name for column in people.columns]
    statement: Any = select(*people.columns, func.count()).group_by(*people.columns)
    rows = session.exec(statement)
    return {Cell(**dict(zip(names, row[:-1], strict=True))): row[-1] for row in rows}
