"""Mail of a demonstration never leaves: its people are invented, and so are their addresses.

The mark is the cohort's, not the address's: an address at example.org may stand for a real person in somebody's test,
and a real person may be let into a demonstration to look around. It is decided when a message is written, so that no
worker, and no mail server that is set up later, ever finds one to deliver.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import union_all
from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.people import RoleGrant
from models.schemes import Cohort

WHY = "This belongs to the demonstration, and mail of a demonstration never leaves."


def never_leaves(session: Session, person_id: UUID, scheme_id: UUID | None) -> bool:
    """Whether a message belongs to a demonstration. One of no scheme does when its reader has no place elsewhere."""
    with session.no_autoflush:
        if scheme_id is not None:
            here = select(Cohort.id).where(Cohort.scheme_id == scheme_id, col(Cohort.is_demonstration))
            return session.exec(here.limit(1)).first() is not None
        places = session.execute(_cohorts_of(person_id)).scalars().all()
    return bool(places) and all(places)


def _cohorts_of(person_id: UUID) -> Any:
    """For every place of a person: whether it is in a demonstration. A role without a cohort is a place elsewhere."""
    enrolled: Any = (
        select(Cohort.is_demonstration)
        .join(Enrolment, col(Enrolment.cohort_id) == col(Cohort.id))
        .where(Enrolment.person_id == person_id)
    )
    granted: Any = (
        select(Cohort.is_demonstration)
        .select_from(RoleGrant)
        .outerjoin(Cohort, col(Cohort.scheme_id) == col(RoleGrant.scheme_id))
        .where(RoleGrant.person_id == person_id)
    )
    return union_all(enrolled, granted)
