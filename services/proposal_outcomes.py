"""What came of an act on several proposals at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.matching import Proposal
from models.people import Person


@dataclass(frozen=True)
class HeldBack:
    """A pair that could not go on, and why, in the coordinator's words."""

    mentee: str
    mentor: str
    why: str


@dataclass(frozen=True)
class Outcome:
    """What came of several proposals at once: those done, and those held back."""

    done: tuple[UUID, ...]
    held_back: tuple[HeldBack, ...]


def people_of(session: Session, proposals: Sequence[Proposal]) -> dict[UUID, Person]:
    """The people on both sides of these proposals, by their enrolments."""
    ids = {one for proposal in proposals for one in (proposal.mentor_id, proposal.mentee_id)}
    statement = (
        select(Enrolment.id, Person)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(col(Enrolment.id).in_(ids))
    )
    return dict(session.exec(statement).all())


def held_back(people: dict[UUID, Person], proposal: Proposal, why: str) -> HeldBack:
    """This proposal with names, and why it could not go on."""
    return HeldBack(people[proposal.mentee_id].full_name, people[proposal.mentor_id].full_name, why)
