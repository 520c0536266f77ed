"""A mentee's wishes for a mentor, dearest first: at most five, and only for mentors whom the directory lists now."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, Wish
from models.people import Person
from services import audit, directory
from services.access import Actor
from services.directory import COLUMNS, ListedMentor
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
def add(session: Session, actor: Actor, mentor_id: UUID, *, today: date) -> int:
    """Wish for a listed mentor, after the wishes there are; answers the rank. Raises NotAllowed, Invalid, Conflict."""
    mentee, scheme = directory.open_to(session, actor)
    visible = (
        select(Enrolment.id)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(Enrolment.id == mentor_id, *directory.listing(scheme, mentee, today))
    )
    if session.exec(visible).first() is None:
        raise NotAllowed("This mentor is not available.", remedy="Choose somebody else from the list.")
    wishes = _wishes(session, mentee)
    if mentor_id in {wish.mentor_id for wish in wishes}:
        raise Conflict("This mentor is among your wishes already.", remedy="You can move the wish up or down.")
    if len(wishes) >= MOST:
        raise Invalid(f"You have {MOST} wishes already.", remedy="Remove one of them first.")
    wish = Wish(mentee_id=mentee.id, mentor_id=mentor_id, rank=len(wishes) + 1)
    session.add(wish)
    audit.record(session, actor, "wish.added", mentee.id, rank=wish.rank)
    rank = wish.rank
    _commit(session)
    return rank


@writes
def remove(session: Session, actor: Actor, mentor_id: UUID) -> None:
    """Take a wish back, also for a mentor who is no longer listed; later ones move up. Raises NotAllowed, Conflict."""
    mentee, _ = directory.open_to(session, actor)
    wishes = _wishes(session, mentee)
    gone = _among(wishes, mentor_id)
    session.delete(gone)
    session.flush()
    for wish in wishes[gone.rank :]:
        wish.rank -= 1
        session.flush()  # in order: each rank is free before the next wish takes it
    audit.record(session, actor, "wish.removed", mentee.id)
    _commit(session)


@writes
def move_up(session: Session, actor: Actor, mentor_id: UUID) -> None:
    """Let a wish change places with the one before it. Raises NotAllowed, Conflict."""
    _move(session, actor, mentor_id, -1)


@writes
def move_down(session: Session, actor: Actor, mentor_id: UUID) -> None:
    """Let a wish change places with the one after it. Raises NotAllowed, Conflict."""
    _move(session, actor, mentor_id, +1)


def mine(session: Session, actor: Actor, *, today: date) -> tuple[RankedWish, ...]:
    """The actor's wishes, dearest first. Raises NotAllowed."""
    mentee, scheme = directory.open_to(session, actor)
    wishes = _wishes(session, mentee)
    statement = (
        select(*COLUMNS)
        .select_from(Enrolment)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(col(Enrolment.id).in_([wish.mentor_id for wish in wishes]), *directory.listing(scheme, mentee, today))
    )
    listed = {row[0]: directory.as_listed(*row) for row in session.exec(statement)}
    return tuple(RankedWish(wish.mentor_id, wish.rank, listed.get(wish.mentor_id)) for wish in wishes)


def _move(session: Session, actor: Actor, mentor_id: UUID, by: int) -> None:
    """Changes places, records and commits, on behalf of a unit of work above."""
    mentee, _ = directory.open_to(session, actor)
    wishes = _wishes(session, mentee)
    moved = _among(wishes, mentor_id)
    goal = moved.rank + by
    if not 1 <= goal <= len(wishes):
        raise Conflict("This wish cannot move further.", remedy="Reload the page to see the order.")
    other, before = wishes[goal - 1], moved.rank
    for wish, rank in ((moved, _SPARE_RANK), (other, before), (moved, goal)):
        wish.rank = rank
        session.flush()
    audit.record(session, actor, "wish.moved", mentee.id, rank=goal)
    _commit(session)


def _wishes(session: Session, mentee: Enrolment) -> list[Wish]:
    return list(session.exec(select(Wish).where(Wish.mentee_id == mentee.id).order_by(col(Wish.rank))))


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
