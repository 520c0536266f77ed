"""The runs of a scheme: which there are, and their names and dates. services/schemes/starting.py starts one."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from models.enrolments import Enrolment, EnrolmentStatus
from models.schemes import Cohort
from services import access, audit
from services.access import Actor
from services.errors import Conflict, NotAllowed
from services.schemes import starting
from services.units import writes

MOST = 100
_GONE = (EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN)


@dataclass(frozen=True)
class Run:
    """One cohort. `people` have a place in it; None for whoever is told nothing about those who take part."""

    id: UUID
    version: int
    name: str
    starts_on: date
    ends_on: date
    people: int | None
    is_demonstration: bool


def of_scheme(session: Session, actor: Actor, scheme_id: UUID) -> tuple[Run, ...]:
    """The scheme's cohorts, the newest first. Two queries at any size. Raises NotAllowed."""
    scheme = access.scheme_to_set_up(session, actor, scheme_id)
    counted = (
        select(func.count())
        .select_from(Enrolment)
        .where(col(Enrolment.cohort_id) == col(Cohort.id), col(Enrolment.status).not_in(_GONE))
        .correlate(Cohort)
        .scalar_subquery()
    )
    found = session.exec(
        select(Cohort, counted)
        .where(Cohort.scheme_id == scheme.id)
        .order_by(col(Cohort.starts_on).desc(), col(Cohort.name))
        .limit(MOST)
    )
    may_count = scheme.id in actor.coordinates
    return tuple(
        Run(
            cohort.id,
            cohort.version,
            cohort.name,
            cohort.starts_on,
            cohort.ends_on,
            people if may_count else None,
            cohort.is_demonstration,
        )
        for cohort, people in found
    )


@writes
def change(
    session: Session, actor: Actor, cohort_id: UUID, *, version: int, name: str, starts_on: date, ends_on: date
) -> None:
    """Another name or other dates, for the cohort as it was seen (`version`). Raises NotAllowed, Invalid, Conflict."""
    cohort = session.get(Cohort, cohort_id)
    if cohort is None:
        raise NotAllowed("You cannot open this cohort.", remedy="Ask one of the scheme's coordinators.")
    access.scheme_to_set_up(session, actor, cohort.scheme_id)
    if cohort.version != version:
        raise Conflict("Somebody changed this cohort a moment ago.", remedy="Reload the page to see how.")
    cleaned = starting.cohort_name(name)
    starting.check_dates(starts_on, ends_on)
    if (cohort.name, cohort.starts_on, cohort.ends_on) == (cleaned, starts_on, ends_on):
        return
    cohort.name, cohort.starts_on, cohort.ends_on = cleaned, starts_on, ends_on
    audit.record(
        session,
        actor,
        "cohort.changed",
        cohort.id,
        scheme_id=cohort.scheme_id,
        starts_on=starts_on.isoformat(),
        ends_on=ends_on.isoformat(),
    )
    try:
        session.commit()
    except IntegrityError as clash:
        # Names are unique in a scheme; the index decides.
        session.rollback()
        raise starting.taken(cleaned) from clash
