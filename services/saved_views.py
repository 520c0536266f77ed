"""Named filters of the queue, each coordinator's own in each scheme.

What somebody searched for is never kept: it is nearly always a person's name, and a view is for the whole year.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from models.enrolments import EnrolmentStatus, Side
from models.invitations import SavedView
from services import access, audit, cleaning
from services.access import Actor
from services.enrolment_queue import Filter, Gate
from services.errors import Conflict, Invalid, NotAllowed
from services.units import writes

MOST = 20
LONGEST_NAME = 60


@dataclass(frozen=True)
class View:
    """A named filter. `gate` is None or a value of `Gate`."""

    id: UUID
    name: str
    side: Side | None
    status: EnrolmentStatus | None
    gate: Gate | None


def mine(session: Session, actor: Actor, scheme_id: UUID) -> tuple[View, ...]:
    """The actor's own views of this scheme, by name. Raises NotAllowed."""
    access.scheme_to_coordinate(session, actor, scheme_id)
    found = session.exec(
        select(SavedView).where(SavedView.person_id == actor.person_id, SavedView.scheme_id == scheme_id)
    )
    return tuple(sorted(map(_view, found), key=lambda view: view.name.casefold()))


@writes
def keep(session: Session, actor: Actor, scheme_id: UUID, name: str, chosen: Filter) -> View:
    """Keep what the filter shows, without its search, under a name; the same name again replaces it.

    Raises NotAllowed, Invalid, Conflict.
    """
    access.scheme_to_coordinate(session, actor, scheme_id)
    called = cleaning.text(name, field="The name", longest=LONGEST_NAME, lines=False)
    if not called:
        raise Invalid("The view has no name.", remedy="Give it one, such as “Mentors to remind”.")
    assert actor.person_id is not None  # noqa: S101 - the desk itself coordinates nothing
    kept = session.exec(select(SavedView).where(SavedView.person_id == actor.person_id)).all()
    view = next((each for each in kept if (each.scheme_id, each.name) == (scheme_id, called)), None)
    if view is None and len(kept) >= MOST:
        raise Conflict(f"You keep {MOST} views already.", remedy="Delete one that you no longer need.")
    view = view or SavedView(person_id=actor.person_id, scheme_id=scheme_id, name=called)
    view.side, view.status, view.gate = chosen.side, chosen.status, chosen.gate
    session.add(view)
    audit.record(session, actor, "view.kept", view.id, scheme_id=scheme_id)
    answer = _view(view)
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise Conflict("A view of this name was kept a moment ago.", remedy="Reload the page to see it.") from clash
    return answer


@writes
def drop(session: Session, actor: Actor, view_id: UUID) -> None:
    """Delete one of the actor's own views. Raises NotAllowed."""
    view = session.get(SavedView, view_id)
    if view is None or view.person_id != actor.person_id or view.scheme_id not in actor.coordinates:
        raise NotAllowed("You cannot open this view.", remedy="Reload the page to see yours.")
    audit.record(session, actor, "view.dropped", view.id, scheme_id=view.scheme_id)
    session.delete(view)
    session.commit()


def _view(view: SavedView) -> View:
    return View(view.id, view.name, view.side, view.status, Gate(view.gate) if view.gate else None)
