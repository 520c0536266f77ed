"""A coordinator lets somebody rest (SECURITY.md b3), and takes that back. A break that somebody chose is theirs to end.

What follows is the same as of a break that somebody takes, and the person is told at once.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.pairings import Pairing, PairingStatus
from models.people import Person
from services import access, away, messages, pauses, stepping_back
from services.access import Actor
from services.errors import Conflict
from services.messages import Preview
from services.units import writes

TEMPLATE, ENDED = "pause_begun_for", "pause_ended_for"


@dataclass(frozen=True)
class Told:
    """One email that a break would send."""

    name: str
    email: str
    mail: Preview


@dataclass(frozen=True)
class Plan:
    """What a break of somebody would set off: open proposals that are withdrawn, and emails word for word.

    The first of `told` is the person; the others work with them.
    """

    name: str
    proposals: int
    told: tuple[Told, ...]


@writes
def pause(session: Session, actor: Actor, enrolment_id: UUID, *, return_on: date | None = None) -> EnrolmentStatus:
    """Let somebody rest from today, until a day or an open one. Raises NotAllowed, Invalid, Conflict."""
    enrolment = _approved(session, actor, enrolment_id)
    pauses.begin(session, actor, enrolment, return_on, template=TEMPLATE)
    session.commit()
    return EnrolmentStatus.PAUSED


@writes
def end(session: Session, actor: Actor, enrolment_id: UUID) -> EnrolmentStatus:
    """End a break that a coordinator began; pairs that waited go on from today. Raises NotAllowed, Conflict."""
    enrolment = access.enrolment_to_coordinate(session, actor, enrolment_id)
    begun = stepping_back.open_pause(session, enrolment.id) if enrolment.status is EnrolmentStatus.PAUSED else None
    if begun is None:
        raise Conflict("This person is not on a break now.", remedy="Reload the page to see how things stand.")
    if begun.begun_by_id == enrolment.person_id:
        raise Conflict("They chose this break themselves, and only they end it.", remedy="Write to them and ask.")
    pauses.end(session, actor, enrolment)
    messages.queue(
        session,
        person_id=enrolment.person_id,
        template=ENDED,
        scheme_id=stepping_back.scheme_of(session, enrolment).id,
        event=f"pause-ended-{begun.id}",
    )
    session.commit()
    return EnrolmentStatus.APPROVED


def today(session: Session, actor: Actor, enrolment_id: UUID) -> date:
    """The present day where the scheme is, in which days of return are meant. Raises NotAllowed."""
    return stepping_back.today_of(session, access.enrolment_to_coordinate(session, actor, enrolment_id))


def plan(session: Session, actor: Actor, enrolment_id: UUID, *, return_on: date | None = None) -> Plan:
    """What `pause` would do now. Raises NotAllowed, Conflict."""
    enrolment = _approved(session, actor, enrolment_id)
    person, scheme = session.get_one(Person, enrolment.person_id), stepping_back.scheme_of(session, enrolment)
    mail = messages.preview(session, person_id=person.id, template=TEMPLATE, scheme_id=scheme.id, back_on=return_on)
    told = [Told(person.full_name, person.email, mail)]
    for other in _others(session, enrolment):
        mail = messages.preview(
            session,
            person_id=other.id,
            template="pair_paused",
            scheme_id=scheme.id,
            other_name=person.full_name,
            back_on=return_on,
        )
        told.append(Told(other.full_name, other.email, mail))
    return Plan(person.full_name, away.consequences_of(session, enrolment).proposals, tuple(told))


def _others(session: Session, enrolment: Enrolment) -> list[Person]:
    """Who works with somebody now, and would be told: pairs that stand still already stay so."""
    is_mentor = enrolment.side is Side.MENTOR
    own, other = (Pairing.mentor_id, Pairing.mentee_id) if is_mentor else (Pairing.mentee_id, Pairing.mentor_id)
    statement = (
        select(Person)
        .join(Enrolment, col(Enrolment.person_id) == col(Person.id))
        .join(Pairing, col(other) == col(Enrolment.id))
        .where(own == enrolment.id, col(Pairing.status).not_in([PairingStatus.ENDED, PairingStatus.PAUSED]))
        .order_by(col(Enrolment.sort_key))
    )
    return list(session.exec(statement))


def preview_of_end(session: Session, actor: Actor, enrolment_id: UUID) -> Told:
    """The email that `end` sends to the person. Raises NotAllowed."""
    enrolment = access.enrolment_to_coordinate(session, actor, enrolment_id)
    person, scheme = session.get_one(Person, enrolment.person_id), stepping_back.scheme_of(session, enrolment)
    mail = messages.preview(session, person_id=person.id, template=ENDED, scheme_id=scheme.id)
    return Told(person.full_name, person.email, mail)


def _approved(session: Session, actor: Actor, enrolment_id: UUID) -> Enrolment:
    enrolment = access.enrolment_to_coordinate(session, actor, enrolment_id)
    if enrolment.status is not EnrolmentStatus.APPROVED:
        raise Conflict("Only somebody who is approved can rest.", remedy="Reload the page to see how things stand.")
    return enrolment
