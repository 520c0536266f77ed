"""A mentee's wishes for a mentor, dearest first: at most five, and only for mentors whom the directory lists now."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.enrolments import Wish
from services import access, audit, directory, directory_listing
from services.access import Actor
from services.directory import ListedMentor, Visit
from services.errors import Conflict, Invalid, NotAllowed
from services.units import writes

MOST = 5
# Two wishes change places by way of a rank that no wish ever has: the database allows each rank once.
_SPARE_RANK = 10


@dataclass(frozen=True)
class RankedWish:
    """One wish. `mentor` is None once the directory no longer lists that mentor: nothing about them is shown then."""

    mentor_id: UUID
    rank: int
    mentor: ListedMentor | None


@writes
def add(session: Session, actor: Actor, mentor_id: UUID, *, rank: int | None = None, today: date) -> int:
    """Wish for a listed mentor, after the wishes there are or at the rank that it had; answers the rank.

    Raises NotAllowed, Invalid, Conflict.
    """
    looking = directory.open_to(session, actor)
    if not directory_listing.still_listed(session, looking, today, [mentor_id]):
        raise NotAllowed("This mentor is not available.", remedy="Choose somebody else from the list.")
    wishes = _wishes(session, looking.enrolment_id)
    if mentor_id in {wish.mentor_id for wish in wishes}:
        raise Conflict("This mentor is among your wishes already.", remedy="You can move the wish up or down.")
    if len(wishes) >= MOST:
        raise Invalid(f"You have {MOST} wishes already.", remedy="Remove one of them first.")
    place = min(max(1, rank or MOST), len(wishes) + 1)
    for wish in reversed(wishes[place - 1 :]):
        wish.rank += 1
        session.flush()  # from the end: each rank is free before the wish before it takes it
    session.add(Wish(mentee_id=looking.enrolment_id, mentor_id=mentor_id, rank=place))
    audit.record(session, actor, "wish.added", looking.enrolment_id, rank=place)
    _commit(session)
    return place


@writes
def remove(session: Session, actor: Actor, mentor_id: UUID) -> int:
    """Take a wish back, also for a mentor who is no longer listed; later ones move up. Answers the rank it had.

    Raises NotAllowed, Conflict.
    """
    looking = directory.open_to(session, actor)
    wishes = _wishes(session, looking.enrolment_id)
    gone = _among(wishes, mentor_id)
    rank = gone.rank
    session.delete(gone)
    session.flush()
    for wish in wishes[rank:]:
        wish.rank -= 1
        session.flush()  # in order: each rank is free before the next wish takes it
    audit.record(session, actor, "wish.removed", looking.enrolment_id)
    _commit(session)
    return rank


@writes
def move_up(session: Session, actor: Actor, mentor_id: UUID) -> None:
    """Let a wish change places with the one before it. Raises NotAllowed, Conflict."""
    _move(session, actor, mentor_id, -1)


@writes
def move_down(session: Session, actor: Actor, mentor_id: UUID) -> None:
    """Let a wish change places with the one after it. Raises NotAllowed, Conflict."""
    _move(session, actor, mentor_id, +1)


def mine(session: Session, actor: Actor, *, today: date, during: Visit | None = None) -> tuple[RankedWish, ...]:
    """The actor's wishes, dearest first. Raises NotAllowed."""
    looking = directory.open_to(session, actor, during)
    wishes = _wishes(session, looking.enrolment_id)
    listed = directory.those(session, looking, today, [wish.mentor_id for wish in wishes])
    shown = {mentor.id: mentor for mentor in listed}
    return tuple(RankedWish(wish.mentor_id, wish.rank, shown.get(wish.mentor_id)) for wish in wishes)


def ids(session: Session, actor: Actor) -> tuple[UUID, ...]:
    """The ids of the mentors for whom the actor wished, dearest first. Raises NotAllowed."""
    mine = select(Wish.mentor_id).where(Wish.mentee_id == access.own_enrolment(session, actor).id)
    return tuple(session.exec(mine.order_by(col(Wish.rank))))


def _move(session: Session, actor: Actor, mentor_id: UUID, by: int) -> None:
    """Changes places, records and commits, on behalf of a unit of work above."""
    looking = directory.open_to(session, actor)
    wishes = _wishes(session, looking.enrolment_id)
    moved = _among(wishes, mentor_id)
    goal = moved.rank + by
    if not 1 <= goal <= len(wishes):
        raise Conflict("This wish cannot move further.", remedy="Reload the page to see the order.")
    other, before = wishes[goal - 1], moved.rank
    for wish, rank in ((moved, _SPARE_RANK), (other, before), (moved, goal)):
        wish.rank = rank
        session.flush()
    audit.record(session, actor, "wish.moved", looking.enrolment_id, rank=goal)
    _commit(session)


def _wishes(session: Session, mentee_id: UUID) -> list[Wish]:
    return list(session.exec(select(Wish).where(Wish.mentee_id == mentee_id).order_by(col(Wish.rank))))


def _among(wishes: list[Wish], mentor_id: UUID) -> Wish:
    found = next((wish for wish in wishes if wish.mentor_id == mentor_id), None)
    if found is None:
        raise Conflict("This wish is no longer there.", remedy="Reload the page to see your wishes.")
    return found


def _commit(session: Session) -> None:
    try:
        session.commit()
    except IntegrityError as clash:
        # Two tabs can change the order at once. The unique index on the rank decides.
        session.rollback()
        raise Conflict("Your wishes changed in another tab.", remedy="Reload the page to see their order.") from clash
