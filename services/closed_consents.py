"""What somebody agreed to in places that are closed: nobody is shown any of it, and it can be taken back all the same.

A place that was declined or left is in no menu, so no form is left to move its switches in.
"""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, or_
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Consent, DirectoryChoice, Enrolment, EnrolmentStatus, SharedAnswer
from models.schemes import Cohort, Scheme
from services import answer_choices, audit, equality
from services.access import Actor
from services.errors import NotAllowed
from services.units import writes

_KINDS = (Consent, DirectoryChoice, SharedAnswer)
_CLOSED = (EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN)


def schemes(session: Session, actor: Actor) -> tuple[str, ...]:
    """The schemes of closed places in which the actor still agrees to anything, by name. One query."""
    if actor.person_id is None:
        return ()
    return tuple(dict.fromkeys(name for name, _ in session.exec(_still_given(), params={"person_id": actor.person_id})))


@writes
def take_back(session: Session, actor: Actor) -> None:
    """Take all of it back, in every closed place. Raises NotAllowed for a visitor."""
    if actor.person_id is None:
        raise NotAllowed("You are not signed in.", remedy="Sign in first.")
    found = session.exec(_still_given(), params={"person_id": actor.person_id})
    for enrolment_id in dict.fromkeys(enrolment_id for _, enrolment_id in found):
        _withdraw(session, enrolment_id)
        audit.record(session, actor, "consent.withdrawn", enrolment_id, purpose="everything")
    session.commit()


def _withdraw(session: Session, enrolment_id: UUID) -> None:
    given = select(Consent).where(Consent.enrolment_id == enrolment_id, col(Consent.withdrawn_at).is_(None))
    for consent in session.exec(given):
        consent.withdrawn_at = utc_now()
    answer_choices.forget(session, (DirectoryChoice, SharedAnswer), enrolment_id)
    equality.forget(session, enrolment_id)


@cache
def _still_given() -> Any:
    of_place = (
        exists().where(col(kind.enrolment_id) == col(Enrolment.id), col(kind.withdrawn_at).is_(None)) for kind in _KINDS
    )
    return (
        select(Scheme.name, Enrolment.id)
        .join(Cohort, col(Cohort.scheme_id) == col(Scheme.id))
        .join(Enrolment, col(Enrolment.cohort_id) == col(Cohort.id))
        .where(
            col(Enrolment.person_id) == bindparam("person_id"),
            col(Enrolment.status).in_(_CLOSED),
            or_(*of_place, equality.is_answered()),
        )
        .order_by(col(Scheme.name), col(Enrolment.id))
    )
