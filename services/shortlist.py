"""Mentors whom a mentee keeps for later: for their own eyes only, and shown only while they are listed."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.search import Shortlisted
from services import access, audit, directory, directory_listing
from services.access import Actor
from services.directory import ListedMentor, Visit
from services.errors import Conflict, Invalid, NotAllowed
from services.units import writes

MOST = 30


@dataclass(frozen=True)
class Kept:
    """The mentors who are kept and still listed, by name; `unlisted` are the ids of those who are not any more."""

    mentors: tuple[ListedMentor, ...]
    unlisted: tuple[UUID, ...]


@writes
def keep(session: Session, actor: Actor, mentor_id: UUID, *, today: date) -> int:
    """Keep a listed mentor for later; answers how many are kept. Raises NotAllowed, Invalid, Conflict."""
    looking = directory.open_to(session, actor)
    if not directory_listing.still_listed(session, looking, today, [mentor_id]):
        raise NotAllowed("This mentor is not available.", remedy="Choose somebody else from the list.")
    kept = ids(session, actor)
    if mentor_id in kept:
        raise Conflict("You keep this mentor already.", remedy="You find them under Kept.")
    if len(kept) >= MOST:
        raise Invalid(f"You keep {MOST} mentors already.", remedy="Let go of one of them first.")
    session.add(Shortlisted(mentee_id=looking.enrolment_id, mentor_id=mentor_id))
    # Whom is nobody's business but the mentee's, the journal's readers included.
    audit.record(session, actor, "shortlist.kept", looking.enrolment_id)
    try:
        session.commit()
    except IntegrityError as clash:
        # Two tabs can keep the same mentor at once; the unique constraint decides.
        session.rollback()
        raise Conflict("You keep this mentor already.", remedy="You find them under Kept.") from clash
    return len(kept) + 1


@writes
def drop(session: Session, actor: Actor, mentor_id: UUID) -> None:
    """Keep a mentor no longer, also one who is not listed any more. Raises NotAllowed, Conflict."""
    looking = directory.open_to(session, actor)
    statement = select(Shortlisted).where(
        Shortlisted.mentee_id == looking.enrolment_id, Shortlisted.mentor_id == mentor_id
    )
    kept = session.exec(statement).one_or_none()
    if kept is None:
        raise Conflict("You do not keep this mentor any more.", remedy="Reload the page to see whom you keep.")
    session.delete(kept)
    audit.record(session, actor, "shortlist.dropped", looking.enrolment_id)
    session.commit()


def mine(session: Session, actor: Actor, *, today: date, during: Visit | None = None) -> Kept:
    """Whom the actor keeps. Raises NotAllowed."""
    looking = directory.open_to(session, actor, during)
    kept = ids(session, actor)
    listed = directory.those(session, looking, today, kept)
    there = {mentor.id for mentor in listed}
    return Kept(listed, tuple(mentor_id for mentor_id in kept if mentor_id not in there))


def ids(session: Session, actor: Actor) -> tuple[UUID, ...]:
    """The ids of those whom the actor keeps, the first kept first. Raises NotAllowed."""
    mine = select(Shortlisted.mentor_id).where(Shortlisted.mentee_id == access.own_enrolment(session, actor).id)
    return tuple(session.exec(mine.order_by(col(Shortlisted.created_at), col(Shortlisted.id))))
