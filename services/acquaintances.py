"""Whom a participant may see by name anyway, so that they can choose them by name in private questions.

Nobody may browse who takes part. There are two ways to know somebody here: a mentor listed for the students of one's
cohort, and the other side of a pair that was proposed to one or that one is half of. Mentors know nobody else.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, union
from sqlmodel import Session, col, select

from models.enrolments import Conflict, ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.matching import Proposal, ProposalStatus
from models.pairings import Pairing, PairingStatus
from models.people import Person
from models.schemes import Cohort, Scheme
from services import consents
from services.errors import NotAllowed

MOST_FOUND = 20
ENDED = PairingStatus.ENDED
_SHOWN_TO_BOTH = frozenset(
    {ProposalStatus.SENT, ProposalStatus.ACCEPTED, ProposalStatus.DECLINED, ProposalStatus.EXPIRED}
)


@dataclass(frozen=True)
class Acquaintance:
    """Somebody whose name the person may see; `is_paired` with them now. `person_id` never leaves the server."""

    enrolment_id: UUID
    person_id: UUID
    name: str
    is_paired: bool = False


def of(session: Session, enrolment: Enrolment, *conditions: Any) -> tuple[Acquaintance, ...]:
    """Whom the person of this enrolment may see, by name, at most 20; conditions on Enrolment and Person."""
    own, other = _sides(Pairing, enrolment.side)
    paired = select(col(Pairing.id)).where(own == enrolment.id, other == Enrolment.id, Pairing.status != ENDED)
    statement = (
        select(Enrolment.id, Person.id, Person.full_name, paired.correlate(Enrolment).exists())
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(_may_be_seen(session, enrolment), Enrolment.person_id != enrolment.person_id, *conditions)
        .order_by(col(Enrolment.sort_key), col(Enrolment.id))
        .limit(MOST_FOUND)
    )
    found = {row[1]: Acquaintance(*row[:3], bool(row[3])) for row in session.exec(statement)}
    return tuple(found.values())


def one(session: Session, enrolment: Enrolment, enrolment_id: UUID) -> Acquaintance:
    """One of them. Raises NotAllowed, also where somebody is there whom the person may not see."""
    found = of(session, enrolment, Enrolment.id == enrolment_id)
    if not found:
        raise NotAllowed("This person cannot be chosen here.", remedy="Type their full name or address instead.")
    return found[0]


def _may_be_seen(session: Session, enrolment: Enrolment) -> Any:
    known = col(Enrolment.id).in_(_met(enrolment))
    if enrolment.side is Side.MENTEE and enrolment.status is EnrolmentStatus.APPROVED and _lists(session, enrolment):
        return or_(known, _listed(enrolment))
    return known


def _listed(enrolment: Enrolment) -> Any:
    """As in the directory, but also while a mentor has no room: who was seen there once is known.

    Not those who named this person: that the directory leaves them out must not show by comparison.
    """
    against = select(Conflict.id).where(
        Conflict.declared_by_id == Enrolment.person_id, Conflict.other_id == enrolment.person_id
    )
    return and_(
        col(Enrolment.cohort_id) == enrolment.cohort_id,
        col(Enrolment.side) == Side.MENTOR,
        col(Enrolment.status) == EnrolmentStatus.APPROVED,
        consents.gives(ConsentPurpose.DIRECTORY),
        ~against.correlate(Enrolment).exists(),
    )


def _lists(session: Session, enrolment: Enrolment) -> bool:
    """Whether the scheme has a directory at all."""
    settings = session.exec(
        select(Scheme.other_settings)
        .join(Cohort, col(Cohort.scheme_id) == Scheme.id)
        .where(Cohort.id == enrolment.cohort_id)
    ).one()
    return bool(settings.get("directory"))


def _met(enrolment: Enrolment) -> Any:
    """Places of the other side in what was proposed to this one, and in its pairs.

    A proposal shows its mentor to the mentee when it is sent; the mentor sees the mentee when it waits for them.
    """
    own, other = _sides(Proposal, enrolment.side)
    proposed = select(other).where(own == enrolment.id, col(Proposal.status).in_(_SHOWN_TO_BOTH))
    if enrolment.side is Side.MENTOR:
        proposed = proposed.where(col(Proposal.waits_for) == Side.MENTOR)
    mine, theirs = _sides(Pairing, enrolment.side)
    return union(proposed, select(theirs).where(mine == enrolment.id))


def _sides(table: Any, side: Side) -> tuple[Any, Any]:
    pair = (col(table.mentor_id), col(table.mentee_id))
    return pair if side is Side.MENTOR else (pair[1], pair[0])
