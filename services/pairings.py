"""Two people who work together: how it begins, and how either may end it. What each sees is in `my_matches`."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import Proposal
from models.pairings import EndReason, Pairing, PairingStatus, Release
from models.pauses import PairingPause
from models.people import Person
from models.schemes import Cohort, Scheme
from services import access, audit, consents, messages, times
from services.access import Actor
from services.errors import Conflict
from services.my_matches import ContactDetail, MyMatch, mine
from services.units import writes

__all__ = [
    "ContactDetail",
    "Ended",
    "MyMatch",
    "conclude",
    "end",
    "mine",
    "open_to_change",
    "people_of",
    "release",
    "scheme_of",
]

OTHER = {Side.MENTOR: Side.MENTEE, Side.MENTEE: Side.MENTOR}


@dataclass(frozen=True)
class Ended:
    """What the person who ended a pairing is told."""

    pairing_id: UUID
    other_name: str
    ended_at: datetime


def release(session: Session, actor: Actor, proposal: Proposal) -> Pairing:
    """Adds the pairing of an accepted proposal, opens what consent allows, and writes to both; never commits.

    Raises Conflict when the mentor's places are taken, when either side is not approved any more, or (after undoing the
    caller's unit of work) when the mentee has just been paired.
    """
    _check_room(session, proposal)
    now, scheme = utc_now(), _scheme_of(session, proposal.cohort_id)
    pairing = Pairing(
        cohort_id=proposal.cohort_id,
        mentor_id=proposal.mentor_id,
        mentee_id=proposal.mentee_id,
        proposal_id=proposal.id,
        released_at=now,
    )
    session.add(pairing)
    try:
        # Before the rows that point to it; and here the unique index tells of two answers at once.
        session.flush()
    except IntegrityError as clash:
        session.rollback()
        raise Conflict("This mentee has just been paired.", remedy="Reload the page to see with whom.") from clash
    opened = {side: _release(session, pairing, side) for side in Side}
    audit.record(session, actor, "pairing.released", pairing.id, scheme_id=scheme.id, **opened)
    _write_to_both(session, pairing, scheme)
    return pairing


@writes
def end(session: Session, actor: Actor, pairing_id: UUID, *, reason: EndReason) -> Ended:
    """End it from either side, at once and without approval; the other side learns that, never why (A-SH5).

    The mentor's place is free again and the mentee's waiting time counts on. Raises NotAllowed, Conflict.
    """
    pairing, side = open_to_change(session, actor, pairing_id)
    ended = conclude(session, actor, pairing, side, reason=reason)
    session.commit()
    return ended


def conclude(
    session: Session, actor: Actor, pairing: Pairing, side: Side, *, reason: EndReason, template: str = "pairing_ended"
) -> Ended:
    """Ends a pairing that the caller holds, on behalf of one side, and writes to the other; never commits.

    A referral keeps the mentee's waiting time like every other ending, so that the next run serves them first (U-C5.2).
    """
    pairing.status, pairing.ended_at = PairingStatus.ENDED, utc_now()
    pairing.end_reason, pairing.ended_by = reason, side
    scheme = _scheme_of(session, pairing.cohort_id)
    for rest in session.exec(
        select(PairingPause).where(PairingPause.pairing_id == pairing.id, col(PairingPause.ended_on).is_(None))
    ):
        rest.ended_on = max(rest.started_on, times.day_in(pairing.ended_at, scheme.time_zone))
    # The reason stays out of the journal: those who may read the journal need not know it.
    audit.record(session, actor, "pairing.ended", pairing.id, scheme_id=scheme.id, by=side.value)
    people = _people_of(session, pairing)
    messages.queue(
        session,
        person_id=people[OTHER[side]].id,
        template=template,
        scheme_id=scheme.id,
        event=f"pairing-ended-{pairing.id}",
        other_name=people[side].full_name,
    )
    return Ended(pairing.id, people[OTHER[side]].full_name, pairing.ended_at)


def open_to_change(session: Session, actor: Actor, pairing_id: UUID) -> tuple[Pairing, Side]:
    """A pairing that the actor is half of, held until the commit so that it cannot end meanwhile, and which half.

    Raises NotAllowed; Conflict when it has ended, because its records are then closed.
    """
    pairing, side = access.pairing_to_take_part_in(session, actor, pairing_id)
    session.refresh(pairing, with_for_update=True)
    if pairing.status is PairingStatus.ENDED:
        raise Conflict("This mentoring has ended and its records are closed.", remedy="You can still read your own.")
    return pairing, side


def people_of(session: Session, pairing: Pairing) -> dict[Side, Person]:
    """The two people, by side."""
    return _people_of(session, pairing)


def scheme_of(session: Session, pairing: Pairing) -> Scheme:
    """The scheme that a pairing belongs to. Read once for a session: a screen of a pair asks for it many times over."""
    known: tuple[UUID, Scheme] | None = session.info.get("scheme")
    if known is not None and known[0] == pairing.cohort_id and known[1] in session:
        return known[1]
    scheme = _scheme_of(session, pairing.cohort_id)
    session.info["scheme"] = (pairing.cohort_id, scheme)
    return scheme


def _check_room(session: Session, proposal: Proposal) -> None:
    """Both are still approved and the mentor has a place free; the mentor's row is held, so that two cannot take it."""
    held = select(Enrolment).where(Enrolment.id == proposal.mentor_id).with_for_update()
    mentor = session.exec(held.execution_options(populate_existing=True)).one()
    mentee = session.get_one(Enrolment, proposal.mentee_id)
    if any(each.status is not EnrolmentStatus.APPROVED for each in (mentor, mentee)):
        raise Conflict(
            "One of the two does not take part at the moment.", remedy="The coordinator knows what comes next."
        )
    taken = select(func.count()).where(Pairing.mentor_id == mentor.id, Pairing.status != PairingStatus.ENDED)
    if session.exec(taken).one() >= mentor.capacity:
        raise Conflict("This mentor has no place free any more.", remedy="The coordinator will propose somebody else.")


def _release(session: Session, pairing: Pairing, side: Side) -> list[str]:
    enrolment_id = pairing.mentor_id if side is Side.MENTOR else pairing.mentee_id
    channels = [channel.value for channel in consents.open_channels(session, enrolment_id)]
    session.add(Release(pairing_id=pairing.id, of_side=side, channels=channels))
    return channels


def _write_to_both(session: Session, pairing: Pairing, scheme: Scheme) -> None:
    """Each is told the other's name. How to reach them stays behind the sign-in: a mail cannot be called back."""
    people = _people_of(session, pairing)
    for side, person in people.items():
        other = OTHER[side]
        facts: dict[str, Any] = {f"{other.value}_name": people[other].full_name}
        messages.queue(
            session,
            person_id=person.id,
            template=f"proposal_accepted_{side.value}",
            scheme_id=scheme.id,
            event=f"pairing-released-{pairing.id}",
            link_subject_id=pairing.id,
            **facts,
        )


def _people_of(session: Session, pairing: Pairing) -> dict[Side, Person]:
    statement = (
        select(Enrolment.side, Person)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(col(Enrolment.id).in_([pairing.mentor_id, pairing.mentee_id]))
    )
    return {Side(side): person for side, person in session.exec(statement)}


def _scheme_of(session: Session, cohort_id: UUID) -> Scheme:
    scheme: Scheme = session.exec(_scheme_of_cohort(), params={"cohort": cohort_id}).one()
    return scheme


@cache  # every look at a pair asks for it
def _scheme_of_cohort() -> Any:
    return select(Scheme).join(Cohort, col(Cohort.scheme_id) == col(Scheme.id)).where(Cohort.id == bindparam("cohort"))
