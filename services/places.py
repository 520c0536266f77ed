"""Where a person may act: the lines of the switcher in the sidebar."""

from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import String, bindparam, null, type_coerce
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus
from models.people import RoleGrant
from models.schemes import AnsweredBy, Cohort, Scheme
from services.access import Acting, Place

# Of these somebody only needs to be told, which Home and an email do.
CLOSED = (EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN)
# What waits for a coordinator waits for others too: that place comes first.
ORDER = (Acting.COORDINATOR, Acting.MENTEE, Acting.MENTOR, Acting.MANAGER, Acting.ADMINISTRATOR)
# Only what a place is called and ordered by, because whole rows of a scheme cost ten times as much to read.
_NAMED: tuple[Any, ...] = (
    col(Scheme.id).label("scheme_id"),
    col(Scheme.name).label("scheme"),
    col(Cohort.id).label("cohort_id"),
    col(Cohort.name).label("cohort"),
    col(Cohort.is_demonstration),
    col(Cohort.starts_on),
    col(Scheme.answered_by),
)


def of_person(session: Session, person_id: UUID) -> tuple[Place, ...]:
    """Every place of a person, the most sensible first: by role, then the newest cohort. One query."""
    rows = list(session.exec(_of_person(), params={"person_id": person_id}))
    # From the least to the most important, since sorting keeps the order of what is alike.
    rows.sort(key=lambda row: (row.scheme or "", row.cohort or ""))
    rows.sort(key=lambda row: row.starts_on or date.min, reverse=True)
    rows.sort(key=lambda row: (ORDER.index(Acting(row.acting_as)), _demonstrates(row)))
    return tuple(map(_place, rows))


def _demonstrates(row: Any) -> int:
    """0 for a real place; of a demonstration, the year of history is seen before the next intake."""
    if not row.is_demonstration:
        return 0
    return 2 if row.starts_on > utc_now().date() else 1


@cache  # asked on every run of every screen: building it costs more than asking
def _of_person() -> Any:
    """A role is a place in each cohort of its scheme, or one by itself where there is none; an enrolment is a place."""
    enrolled = (
        select(type_coerce(col(Enrolment.side), String).label("acting_as"), Enrolment.id, *_NAMED)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .join(Scheme, col(Scheme.id) == col(Cohort.scheme_id))
        .where(Enrolment.person_id == bindparam("person_id"), col(Enrolment.status).not_in(CLOSED))
    )
    granted = (
        select(type_coerce(col(RoleGrant.role), String), null(), *_NAMED)
        .outerjoin(Scheme, col(Scheme.id) == col(RoleGrant.scheme_id))
        .outerjoin(Cohort, col(Cohort.scheme_id) == col(Scheme.id))
        .where(RoleGrant.person_id == bindparam("person_id"))
    )
    return enrolled.union_all(granted)


def _place(row: Any) -> Place:
    """An outer join finds no scheme for an administrator, and no cohort for a scheme that has none yet."""
    return Place(
        Acting(row.acting_as),
        row.scheme_id,
        row.scheme or "",
        row.cohort_id,
        row.cohort or "",
        row.id,
        has_directory=row.answered_by is AnsweredBy.MENTOR_AFTER_WISH,
    )
