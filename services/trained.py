"""Who has done the training that their side must do: the questions that lists and gates ask of the database.

`services/training.py` is the way in for everybody else.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.agreements import TrainingCompletion, TrainingModule
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from services import access
from services.access import Actor

PAGE = 50
CLAIM = "training"
TAKING_PART = (EnrolmentStatus.SUBMITTED, EnrolmentStatus.RETURNED, EnrolmentStatus.APPROVED, EnrolmentStatus.PAUSED)


class TrainingState(StrEnum):
    """Where somebody stands with a module."""

    OPEN = "open"
    PASSED = "passed"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Progress:
    """One person and one required module. `claimed` is what a spreadsheet said about it: no completion."""

    enrolment_id: UUID
    name: str
    side: Side
    module: str
    state: TrainingState
    completed_on: date | None
    expires_on: date | None
    claimed: str | None


@dataclass(frozen=True)
class ProgressPage:
    """One page of a cohort's training, and how many rows there are on all pages."""

    rows: tuple[Progress, ...]
    total: int


def untrained_enrolments(cohort_id: Any, today: Any, *, among: Collection[UUID] | None = None) -> Select[UUID]:
    """Ids of a cohort's enrolments, or of those `among` them, that lack a completion required of their side.

    The cohort's id and the day may be parameters of a statement that is built once.
    """
    # Of those few not by cohort as well, or SQLite reads the whole of it to find them.
    which = col(Enrolment.cohort_id) == cohort_id if among is None else col(Enrolment.id).in_(among)
    found: Select[UUID] = _required(select(col(Enrolment.id)), which).where(~_is_trained(today)).distinct()
    return found


def progress(session: Session, actor: Actor, cohort_id: UUID, *, today: date, page: int = 1) -> ProgressPage:
    """Who of a cohort has passed what is required, by name, 50 on a page. Three queries. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    among = col(Enrolment.status).in_(TAKING_PART)
    of_cohort = col(Enrolment.cohort_id) == cohort_id
    total = session.scalar(_required(select(func.count()), of_cohort).where(among)) or 0
    chosen = select(
        col(Enrolment.id),
        col(Person.full_name),
        col(Enrolment.side),
        col(TrainingModule.title),
        _newest(TrainingCompletion.completed_on),
        _newest(TrainingCompletion.expires_on),
        col(Enrolment.claims),
    )
    statement = (
        _required(chosen, of_cohort)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(among)
        .order_by(col(Enrolment.sort_key), col(Enrolment.id), col(TrainingModule.title))
        .offset((page - 1) * PAGE)
        .limit(PAGE)
    )
    return ProgressPage(tuple(_line(today, *row) for row in session.exec(statement)), total)


def state_on(expires_on: date | None, today: date) -> TrainingState:
    """Where somebody stands whose longest completion counts until that day; None for no completion."""
    if expires_on is None:
        return TrainingState.OPEN
    return TrainingState.PASSED if expires_on >= today else TrainingState.EXPIRED


def unless_never(expires_on: date | None) -> date | None:
    """The day, or None for the one that stands for "does not run out"."""
    return None if expires_on == date.max else expires_on


def is_newest() -> ColumnElement[bool]:
    """Whether the joined module is the newest edition of its key."""
    other = aliased(TrainingModule)
    newest = (
        select(func.max(col(other.edition)))
        .where(col(other.scheme_id) == col(TrainingModule.scheme_id), col(other.key) == col(TrainingModule.key))
        .correlate(TrainingModule)
        .scalar_subquery()
    )
    return col(TrainingModule.edition) == newest


def _required(chosen: Any, which: Any) -> Any:
    """The chosen columns for every enrolment on this condition and every module required of its side."""
    sides = cast(col(TrainingModule.required_for), String)
    asked = or_(*(and_(col(Enrolment.side) == side, sides.like(f'%"{side.value}"%')) for side in Side))
    return (
        chosen.select_from(Enrolment)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .join(TrainingModule, and_(col(TrainingModule.scheme_id) == col(Cohort.scheme_id), asked, is_newest()))
        .where(which)
    )


def _is_of_both() -> ColumnElement[bool]:
    return and_(
        col(TrainingCompletion.enrolment_id) == col(Enrolment.id),
        col(TrainingCompletion.module_id) == col(TrainingModule.id),
    )


def _newest(column: Any) -> Any:
    """The latest such day of the joined enrolment's completions of the joined module."""
    newest = select(func.max(column)).where(_is_of_both())
    return newest.correlate(Enrolment, TrainingModule).scalar_subquery()


def _is_trained(today: Any) -> ColumnElement[bool]:
    return (
        exists().where(_is_of_both(), col(TrainingCompletion.expires_on) >= today).correlate(Enrolment, TrainingModule)
    )


def _line(
    today: date,
    enrolment_id: UUID,
    name: str,
    side: Side,
    module: str,
    completed_on: date | None,
    expires_on: date | None,
    claims: dict[str, str],
) -> Progress:
    return Progress(
        enrolment_id=enrolment_id,
        name=name,
        side=side,
        module=module,
        state=state_on(expires_on, today),
        completed_on=completed_on,
        expires_on=unless_never(expires_on),
        claimed=claims.get(CLAIM),
    )
