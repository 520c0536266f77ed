"""A coordinator has looked again at a pair of two who must not be paired, and lets it go on (A-SH2, U-C4.5).

That is a note in the journal and changes nothing between the two. If something is said once more, Home asks anew.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from models.enrolments import Conflict as Said
from models.enrolments import Enrolment
from models.pairings import Pairing, PairingStatus
from models.people import Person
from services import access, audit, kept_apart
from services.access import Actor
from services.errors import Conflict
from services.units import writes


@dataclass(frozen=True)
class Pair:
    """One pair that needs another look."""

    pairing_id: UUID
    mentee: str
    mentor: str


def to_look_at(session: Session, actor: Actor, cohort_id: UUID) -> tuple[Pair, ...]:
    """The pairs that Home counts, by name; never one that the actor is half of. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    mentors_self, mentees_self = aliased(Person), aliased(Person)
    statement = (
        select(Pairing.id, col(mentees_self.full_name), col(mentors_self.full_name))
        .join(mentee, col(mentee.id) == col(Pairing.mentee_id))
        .join(mentees_self, col(mentees_self.id) == col(mentee.person_id))
        .join(mentor, col(mentor.id) == col(Pairing.mentor_id))
        .join(mentors_self, col(mentors_self.id) == col(mentor.person_id))
        .where(col(Pairing.id).in_(kept_apart.open_pairs(cohort_id, actor.person_id)))
        .order_by(col(mentees_self.full_name), col(mentors_self.full_name), col(Pairing.id))
    )
    return tuple(Pair(*row) for row in session.exec(statement))


@writes
def goes_on(session: Session, actor: Actor, pairing_id: UUID, *, seen_at: datetime) -> None:
    """Note that the actor, who saw the pair at this moment (UTC), lets it go on.

    Raises NotAllowed, and Conflict when the pair has ended or something was said since.
    """
    pairing = access.pairing_to_coordinate(session, actor, pairing_id)
    if pairing.status is PairingStatus.ENDED:
        raise Conflict("This pair has ended.", remedy="There is nothing more to look at.")
    if _was_said_since(session, pairing, seen_at):
        raise Conflict("It was said once more, a moment ago.", remedy="Look at the pair again, then decide.")
    audit.record(session, actor, kept_apart.GOES_ON, pairing.id)
    session.commit()


def _was_said_since(session: Session, pairing: Pairing, seen_at: datetime) -> bool:
    one, other = (session.get_one(Enrolment, each).person_id for each in (pairing.mentor_id, pairing.mentee_id))
    either = or_(
        (col(Said.declared_by_id) == one) & (col(Said.other_id) == other),
        (col(Said.declared_by_id) == other) & (col(Said.other_id) == one),
    )
    return session.exec(select(Said.id).where(either, col(Said.created_at) > seen_at).limit(1)).first() is not None
