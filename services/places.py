"""Where a person may act: the lines of the switcher in the sidebar."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus
from models.people import RoleGrant
from models.schemes import Cohort, Scheme
from services.access import Acting, Place

# Of these somebody only needs to be told, which Home and an email do.
CLOSED = (EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN)
# Only what a place is called, because whole rows of a scheme cost ten times as much to read.
_NAMES: tuple[Any, ...] = (col(Scheme.id), col(Scheme.name), col(Cohort.id), col(Cohort.name))
# What waits for a coordinator waits for others too: that place comes first.
ORDER = (Acting.COORDINATOR, Acting.MENTEE, Acting.MENTOR, Acting.MANAGER, Acting.ADMINISTRATOR)


def of_person(session: Session, person_id: UUID) -> tuple[Place, ...]:
    """Every place of a person, the most sensible first: by role, then the newest cohort. Two queries."""
    found = [*_staff_places(session, person_id), *_participant_places(session, person_id)]
    return tuple(sorted(found, key=lambda place: ORDER.index(place.acting_as)))


def _staff_places(session: Session, person_id: UUID) -> list[Place]:
    """One place for each cohort of a scheme; a scheme without a cohort is one place by itself."""
    found = session.exec(_of_staff(), params={"person_id": person_id})
    return [_place(Acting(role.value), *names) for role, *names in found]


@cache  # asked on every run of every screen: building it costs more than asking
def _of_staff() -> Any:
    return (
        select(RoleGrant.role, *_NAMES)
        .outerjoin(Scheme, col(Scheme.id) == col(RoleGrant.scheme_id))
        .outerjoin(Cohort, col(Cohort.scheme_id) == col(Scheme.id))
        .where(RoleGrant.person_id == bindparam("person_id"))
        .order_by(col(Cohort.is_demonstration), col(Cohort.starts_on).desc(), col(Scheme.name), col(Cohort.name))
    )


def _participant_places(session: Session, person_id: UUID) -> list[Place]:
    found = session.exec(_of_participant(), params={"person_id": person_id})
    return [_place(Acting(row[1]), row[2], row[3], row[4], row[5], row[0]) for row in found]


@cache
def _of_participant() -> Any:
    return (
        select(Enrolment.id, Enrolment.side, *_NAMES)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .join(Scheme, col(Scheme.id) == col(Cohort.scheme_id))
        .where(Enrolment.person_id == bindparam("person_id"), col(Enrolment.status).not_in(CLOSED))
        .order_by(col(Cohort.starts_on).desc(), col(Scheme.name), col(Cohort.name))
    )


def _place(
    acting: Acting,
    scheme_id: UUID | None,
    scheme: str | None,
    cohort_id: UUID | None,
    cohort: str | None,
    enrolment_id: UUID | None = None,
) -> Place:
    """An outer join finds no scheme for an administrator, and no cohort for a scheme that has none yet."""
    return Place(acting, scheme_id, scheme or "", cohort_id, cohort or "", enrolment_id)
