"""Who is acting, as what, and the rows they may reach: load and check in one step.

A person acts in one place at a time (the switcher in the sidebar); rights are those of that place, never the union.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID
from weakref import ref

from sqlalchemy import bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, Side
from models.matching import Proposal
from models.pairings import Pairing
from models.schemes import Cohort, Scheme
from services.errors import NotAllowed


class Acting(StrEnum):
    """As what a person acts. The desk itself is the worker or the command line."""

    COORDINATOR = "coordinator"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    MENTOR = "mentor"
    MENTEE = "mentee"
    DESK = "desk"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Place:
    """One line of the switcher: a role in one cohort. Participants' places carry their enrolment.

    `has_directory`: mentees of this scheme look for a mentor themselves.
    """

    acting_as: Acting
    scheme_id: UUID | None = None
    scheme: str = ""
    cohort_id: UUID | None = None
    cohort: str = ""
    enrolment_id: UUID | None = None
    has_directory: bool = field(default=False, compare=False)

    @property
    def key(self) -> str:
        """What names this place in the address: no personal data."""
        return f"{self.acting_as.value}-{self.enrolment_id or self.cohort_id or self.scheme_id or 'desk'}"


@dataclass(frozen=True)
class Actor:
    """A signed-in person, or the desk itself (`person_id` None), with every place they have and the one they act in.

    `is_elsewhere_too`: they are signed in at another browser as well.
    """

    person_id: UUID | None
    name: str
    place: Place
    places: tuple[Place, ...] = field(default=())
    account_id: UUID | None = None
    session_id: UUID | None = None
    time_zone: str | None = None
    network_address: str | None = None
    is_elsewhere_too: bool = False

    @property
    def coordinates(self) -> frozenset[UUID]:
        """The scheme that the actor runs in this place."""
        return self._scheme_when(Acting.COORDINATOR)

    @property
    def manages(self) -> frozenset[UUID]:
        """The scheme whose figures the actor sees in this place."""
        return self._scheme_when(Acting.MANAGER)

    @property
    def side(self) -> Side | None:
        """Mentor or mentee, when the actor takes part in this place."""
        return Side(self.place.acting_as.value) if self.place.enrolment_id else None

    def _scheme_when(self, acting: Acting) -> frozenset[UUID]:
        if self.place.acting_as is not acting or self.place.scheme_id is None:
            return frozenset()
        return frozenset({self.place.scheme_id})


DESK = Actor(person_id=None, name="Mentoring Desk", place=Place(Acting.DESK))


def cohort_to_coordinate(session: Session, actor: Actor, cohort_id: UUID) -> Cohort:
    """The cohort, if the actor runs its scheme. Raises NotAllowed."""
    cohort = session.get(Cohort, cohort_id)
    # "Not there" and "not yours" get one answer, so that nobody can probe for ids.
    if cohort is None or cohort.scheme_id not in actor.coordinates:
        raise NotAllowed("You cannot open this cohort.", remedy="Ask one of the scheme's coordinators.")
    return cohort


def scheme_to_coordinate(session: Session, actor: Actor, scheme_id: UUID) -> Scheme:
    """The scheme, if the actor runs it. Raises NotAllowed."""
    scheme = session.get(Scheme, scheme_id)
    if scheme is None or scheme.id not in actor.coordinates:
        raise NotAllowed("You cannot open this scheme.", remedy="Ask one of its coordinators.")
    return scheme


def scheme_to_set_up(session: Session, actor: Actor, scheme_id: UUID) -> Scheme:
    """The scheme, if the actor runs it or looks after the whole desk: its name, cohorts and roles. Raises NotAllowed.

    Nothing about whoever takes part goes through here: an administrator sees none of it.
    """
    scheme = session.get(Scheme, scheme_id)
    owns = actor.place.acting_as in {Acting.ADMINISTRATOR, Acting.DESK}
    if scheme is None or not (owns or scheme.id in actor.coordinates):
        raise NotAllowed("You cannot open this scheme.", remedy="Ask one of its coordinators.")
    return scheme


def refuse_unless_run(actor: Actor, scheme_id: UUID) -> None:
    """The same question about a scheme of which only the id is needed: the place says already that it is there.

    Raises NotAllowed.
    """
    if scheme_id not in actor.coordinates:
        raise NotAllowed("You cannot open this scheme.", remedy="Ask one of its coordinators.")


def scheme_run_of(session: Session, actor: Actor, cohort_id: UUID) -> UUID:
    """The scheme of a cohort that the actor runs. Raises NotAllowed.

    Of the cohort in whose place they act nothing is asked: it was read together with them, a moment ago.
    """
    if cohort_id == actor.place.cohort_id and actor.place.scheme_id in actor.coordinates:
        return actor.place.scheme_id
    return cohort_to_coordinate(session, actor, cohort_id).scheme_id


def scheme_to_see_figures_of(session: Session, actor: Actor, cohort_id: UUID) -> UUID:
    """The scheme of a cohort that the actor runs or whose figures they see, in the same way. Raises NotAllowed."""
    if cohort_id == actor.place.cohort_id and actor.place.scheme_id in actor.coordinates | actor.manages:
        return actor.place.scheme_id
    return cohort_to_see_figures_of(session, actor, cohort_id).scheme_id


def cohort_to_see_figures_of(session: Session, actor: Actor, cohort_id: UUID) -> Cohort:
    """The cohort, if the actor runs its scheme or sees its figures. Raises NotAllowed."""
    cohort = session.get(Cohort, cohort_id)
    if cohort is None or cohort.scheme_id not in actor.coordinates | actor.manages:
        raise NotAllowed("You cannot see the figures of this cohort.", remedy="Ask one of the scheme's coordinators.")
    return cohort


def enrolment_to_coordinate(session: Session, actor: Actor, enrolment_id: UUID) -> Enrolment:
    """An enrolment in a scheme that the actor runs, but never the actor's own. Raises NotAllowed."""
    enrolment = session.get(Enrolment, enrolment_id)
    cohort = session.get(Cohort, enrolment.cohort_id) if enrolment else None
    if enrolment is None or cohort is None or cohort.scheme_id not in actor.coordinates:
        raise NotAllowed("You cannot open this enrolment.", remedy="Ask one of the scheme's coordinators.")
    if enrolment.person_id == actor.person_id:
        raise NotAllowed("You cannot decide about your own enrolment.", remedy="Ask another coordinator to do it.")
    return enrolment


def enrolments_to_coordinate(session: Session, actor: Actor, enrolment_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """What `enrolment_to_coordinate` asks, of many in few queries: the cohort of each, by id. Raises NotAllowed."""
    wanted, found = list(enrolment_ids), dict[UUID, UUID]()
    statement = select(Enrolment.id, Enrolment.cohort_id).join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
    theirs = (col(Cohort.scheme_id).in_(actor.coordinates), col(Enrolment.person_id) != actor.person_id)
    for at in range(0, len(wanted), 500):
        some = col(Enrolment.id).in_(wanted[at : at + 500])
        found.update((one, cohort) for one, cohort in session.exec(statement.where(some, *theirs)))
    for each in wanted:
        if each not in found:
            found[each] = enrolment_to_coordinate(session, actor, each).cohort_id  # refuses
    return found


def own_enrolment(session: Session, actor: Actor) -> Enrolment:
    """The enrolment in whose place the actor acts. Raises NotAllowed."""
    enrolment = session.get(Enrolment, actor.place.enrolment_id) if actor.place.enrolment_id else None
    if enrolment is None or enrolment.person_id != actor.person_id:
        raise _takes_no_part()
    return enrolment


def own_place(session: Session, actor: Actor) -> tuple[UUID, Side]:
    """The id of that enrolment and its side, where no more of it is needed. Raises NotAllowed."""
    given = {"enrolment": actor.place.enrolment_id, "person": actor.person_id}
    side = _known_side(session, actor)
    if side is None and all(given.values()):
        side = session.exec(_side_of_own(), params=given).one_or_none()
    if actor.place.enrolment_id is None or side is None:
        raise _takes_no_part()
    return actor.place.enrolment_id, side


def remember_places(session: Session, person_id: UUID, theirs: Collection[Place]) -> None:
    """What was just read from the database: whose these places are. It holds for this transaction, which sees them."""
    transaction = session.get_transaction()
    if transaction is not None:
        # Weakly, since it knows its session.
        session.info["places"] = (ref(transaction), person_id, tuple(theirs))


def _known_side(session: Session, actor: Actor) -> Side | None:
    """The side of the actor's own enrolment, if their places were read in this very transaction."""
    seen_in, person_id, theirs = session.info.get("places", (lambda: None, None, ()))
    if actor.place.enrolment_id is None or actor.person_id is None or person_id != actor.person_id:
        return None
    if seen_in() is None or seen_in() is not session.get_transaction():
        return None
    acting_as = {place.enrolment_id: place.acting_as for place in theirs}.get(actor.place.enrolment_id)
    return Side(acting_as.value) if acting_as else None


@cache
def _side_of_own() -> Any:
    return select(Enrolment.side).where(
        Enrolment.id == bindparam("enrolment"), Enrolment.person_id == bindparam("person")
    )


def proposal_to_coordinate(session: Session, actor: Actor, proposal_id: UUID) -> Proposal:
    """A proposal in a scheme that the actor runs, unless they are a party to it. Raises NotAllowed."""
    proposal = session.get(Proposal, proposal_id)
    cohort = session.get(Cohort, proposal.cohort_id) if proposal else None
    if proposal is None or cohort is None or cohort.scheme_id not in actor.coordinates:
        raise NotAllowed("You cannot open this proposal.", remedy="Ask one of the scheme's coordinators.")
    if actor.person_id in _people_of(session, proposal.mentor_id, proposal.mentee_id):
        raise NotAllowed("You are a party to this proposal.", remedy="Ask another coordinator to handle it.")
    return proposal


def proposals_to_coordinate(session: Session, actor: Actor, proposal_ids: Collection[UUID]) -> list[Proposal]:
    """These proposals as they are now, held until the commit, in the order of their ids. Raises NotAllowed.

    Each is asked what `proposal_to_coordinate` asks, all of them in one query.
    """
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    statement = (
        select(Proposal, Cohort.scheme_id, mentor.person_id, mentee.person_id)
        .join(Cohort, col(Cohort.id) == col(Proposal.cohort_id))
        .join(mentor, col(mentor.id) == col(Proposal.mentor_id))
        .join(mentee, col(mentee.id) == col(Proposal.mentee_id))
        .where(col(Proposal.id).in_(proposal_ids))
        .order_by(col(Proposal.id))
        .with_for_update(of=Proposal)
        .execution_options(populate_existing=True)
    )
    found = session.exec(statement).all()
    if len(found) != len(set(proposal_ids)) or not {row[1] for row in found} <= actor.coordinates:
        raise NotAllowed("You cannot open this proposal.", remedy="Ask one of the scheme's coordinators.")
    if any(actor.person_id in {one, other} for _, _, one, other in found):
        raise NotAllowed("You are a party to this proposal.", remedy="Ask another coordinator to handle it.")
    return [row[0] for row in found]


def proposal_to_answer(session: Session, actor: Actor, proposal_id: UUID) -> tuple[Proposal, Side]:
    """A proposal that the actor is a party to, and on which side. Raises NotAllowed."""
    proposal = session.get(Proposal, proposal_id)
    side = _side_of(actor, proposal.mentor_id, proposal.mentee_id) if proposal else None
    if proposal is None or side is None:
        raise NotAllowed("You cannot open this proposal.", remedy="Open it from your own Home page.")
    return proposal, side


def pairing_to_take_part_in(session: Session, actor: Actor, pairing_id: UUID) -> tuple[Pairing, Side]:
    """A pairing that the actor is one half of, and which half. Raises NotAllowed."""
    pairing = session.get(Pairing, pairing_id)
    side = _side_of(actor, pairing.mentor_id, pairing.mentee_id) if pairing else None
    if pairing is None or side is None:
        raise NotAllowed("You cannot open this match.", remedy="Open it from your own Home page.")
    # A session forgets what nobody holds, and a screen of a pair asks for this many times over.
    session.info["pairing"] = pairing
    return pairing, side


def pairing_to_coordinate(session: Session, actor: Actor, pairing_id: UUID) -> Pairing:
    """A pairing in a scheme that the actor runs, unless they are half of it. Raises NotAllowed."""
    pairing = session.get(Pairing, pairing_id)
    cohort = session.get(Cohort, pairing.cohort_id) if pairing else None
    if pairing is None or cohort is None or cohort.scheme_id not in actor.coordinates:
        raise NotAllowed("You cannot open this match.", remedy="Ask one of the scheme's coordinators.")
    if actor.person_id in _people_of(session, pairing.mentor_id, pairing.mentee_id):
        raise NotAllowed("You are a party to this match.", remedy="Ask another coordinator to handle it.")
    return pairing


def _takes_no_part() -> NotAllowed:
    return NotAllowed(
        "This page is for people who take part as mentor or mentee.",
        remedy="Choose your place as mentor or mentee at the top of the menu.",
    )


def _side_of(actor: Actor, mentor_id: UUID, mentee_id: UUID) -> Side | None:
    """The actor's side, if the place they act in is one of the two enrolments."""
    if actor.person_id is None or actor.place.enrolment_id is None:
        return None
    sides = {mentor_id: Side.MENTOR, mentee_id: Side.MENTEE}
    return sides.get(actor.place.enrolment_id)


def _people_of(session: Session, *enrolment_ids: UUID) -> set[UUID]:
    enrolments = (session.get(Enrolment, enrolment_id) for enrolment_id in enrolment_ids)
    return {enrolment.person_id for enrolment in enrolments if enrolment is not None}
