"""Where a person may act: the lines of the switcher in the sidebar."""

from uuid import UUID

from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus
from models.people import RoleGrant
from models.schemes import Cohort, Scheme
from services.access import Acting, Place

# Of these somebody only needs to be told, which Home and an email do.
CLOSED = (EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN)
# What waits for a coordinator waits for others too: that place comes first.
ORDER = (Acting.COORDINATOR, Acting.MENTEE, Acting.MENTOR, Acting.MANAGER, Acting.ADMINISTRATOR)


def of_person(session: Session, person_id: UUID) -> tuple[Place, ...]:
    """Every place of a person, the most sensible first: by role, then the newest cohort. Two queries."""
    found = [*_staff_places(session, person_id), *_participant_places(session, person_id)]
    return tuple(sorted(found, key=lambda place: ORDER.index(place.acting_as)))


def _staff_places(session: Session, person_id: UUID) -> list[Place]:
    """One place for each cohort of a scheme; a scheme without a cohort is one place by itself."""
    statement = (
        select(RoleGrant, Scheme, Cohort)
        .outerjoin(Scheme, col(Scheme.id) == col(RoleGrant.scheme_id))
        .outerjoin(Cohort, col(Cohort.scheme_id) == col(Scheme.id))
        .where(RoleGrant.person_id == person_id)
        .order_by(col(Cohort.is_demonstration), col(Cohort.starts_on).desc(), col(Scheme.name), col(Cohort.name))
    )
    return [_place(Acting(grant.role.value), scheme, cohort) for grant, scheme, cohort in session.exec(statement)]


def _participant_places(session: Session, person_id: UUID) -> list[Place]:
    statement = (
        select(Enrolment.id, Enrolment.side, Scheme, Cohort)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .join(Scheme, col(Scheme.id) == col(Cohort.scheme_id))
        .where(Enrolment.person_id == person_id, col(Enrolment.status).not_in(CLOSED))
        .order_by(col(Cohort.starts_on).desc(), col(Scheme.name), col(Cohort.name))
    )
    return [
        _place(Acting(side), scheme, cohort, enrolment_id)
        for enrolment_id, side, scheme, cohort in session.exec(statement)
    ]


def _place(acting: Acting, scheme: Scheme | None, cohort: Cohort | None, enrolment_id: UUID | None = None) -> Place:
    """An outer join finds no scheme for an administrator, and no cohort for a scheme that has none yet."""
    return Place(
        acting,
        scheme.id if scheme else None,
        scheme.name if scheme else "",
        cohort.id if cohort else None,
        cohort.name if cohort else "",
        enrolment_id,
    )
