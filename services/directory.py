"""The directory of mentors: four facts about each who agreed to be listed, for mentees who are looking for one.

The query fetches those four facts and an id, nothing else, so that no response can hold more.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from models.enrolments import ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import AnsweredBy, Scheme
from services import access, conflicts, consents, enrolment_form, readiness
from services.access import Actor
from services.errors import NotAllowed
from services.schemes.sectors import sectors

ROWS_A_PAGE = 50


class Standing(StrEnum):
    """Whether the directory is open to somebody, and if not, why."""

    OPEN = "open"
    COORDINATOR_PROPOSES = "coordinator_proposes"
    NOT_APPROVED = "not_approved"
    MATCHED = "matched"


@dataclass(frozen=True)
class ListedMentor:
    """All that a mentee who is looking may know of a mentor (U-1). `id` is the mentor's enrolment."""

    id: UUID
    full_name: str
    summary: str | None
    role_title: str | None
    sector: str | None


@dataclass(frozen=True)
class Page:
    """One page of the directory."""

    mentors: tuple[ListedMentor, ...]
    total: int
    page: int
    pages: int


def standing(session: Session, actor: Actor) -> Standing:
    """How the directory stands to the actor, who must take part as a mentee. Raises NotAllowed."""
    return _standing(session, _looking(session, actor))[0]


def listed(session: Session, actor: Actor, *, search: str = "", page: int = 1, today: date) -> Page:
    """One page of 50 mentors, by name. `search` takes words in any order. Raises NotAllowed."""
    mentee, scheme = open_to(session, actor)
    conditions = [*listing(scheme, mentee, today), *(_mentions(word) for word in search.split())]
    total = session.exec(_of_people(select(func.count())).where(*conditions)).one()
    pages = max(1, ceil(total / ROWS_A_PAGE))
    page = min(max(1, page), pages)
    statement = _of_people(select(*COLUMNS)).where(*conditions).order_by(col(Enrolment.sort_key), col(Enrolment.id))
    found = session.exec(statement.offset((page - 1) * ROWS_A_PAGE).limit(ROWS_A_PAGE))
    return Page(tuple(as_listed(*row) for row in found), total, page, pages)


def open_to(session: Session, actor: Actor) -> tuple[Enrolment, Scheme]:
    """The actor's enrolment and scheme, if they may look for a mentor now. Raises NotAllowed."""
    mentee = _looking(session, actor)
    found, scheme = _standing(session, mentee)
    if found is not Standing.OPEN:
        raise NotAllowed(
            "The directory of mentors is not open to you now.", remedy="Your Home page says what comes next."
        )
    return mentee, scheme


def listing(scheme: Scheme, mentee: Enrolment, today: date) -> list[Any]:
    """SQL conditions on Enrolment joined with Person: a mentor whom this mentee may see.

    Whoever must not meet this mentee is left out, whichever of the two said so: "not available" is all there is to see.
    """
    return [
        Enrolment.cohort_id == mentee.cohort_id,
        Enrolment.side == Side.MENTOR,
        Enrolment.status == EnrolmentStatus.APPROVED,
        Enrolment.person_id != mentee.person_id,
        consents.gives(ConsentPurpose.DIRECTORY),
        readiness.gates_hold(scheme, mentee.cohort_id, Side.MENTOR, today),
        col(Enrolment.capacity) > readiness.places_taken(),
        ~conflicts.stands_between(mentee.person_id, col(Enrolment.person_id)),
    ]


COLUMNS: tuple[Any, ...] = (
    Enrolment.id,
    Person.full_name,
    Enrolment.summary,
    Enrolment.role_title,
    Enrolment.sector,
)


def as_listed(
    mentor_id: UUID, full_name: str, summary: str | None, role_title: str | None, sector: str | None
) -> ListedMentor:
    """A row of COLUMNS, its sector in words."""
    return ListedMentor(mentor_id, full_name, summary, role_title, sectors().get(sector or "", sector))


def _looking(session: Session, actor: Actor) -> Enrolment:
    enrolment = access.own_enrolment(session, actor)
    if enrolment.side is not Side.MENTEE:
        raise NotAllowed(
            "The directory is for mentees who look for a mentor.", remedy="Your own profile is in Enrolment."
        )
    return enrolment


def _standing(session: Session, mentee: Enrolment) -> tuple[Standing, Scheme]:
    scheme = enrolment_form.scheme_of(session, mentee.cohort_id)
    if scheme.answered_by is not AnsweredBy.MENTOR_AFTER_WISH:
        return Standing.COORDINATOR_PROPOSES, scheme
    if mentee.status is not EnrolmentStatus.APPROVED:
        return Standing.NOT_APPROVED, scheme
    taken = session.exec(select(readiness.places_taken()).select_from(Enrolment).where(Enrolment.id == mentee.id)).one()
    return (Standing.MATCHED if taken else Standing.OPEN), scheme


def _mentions(word: str) -> Any:
    """One of the four listed facts has the word; no search reaches what is not shown."""
    folded = word.casefold()
    codes = [code for code, label in sectors().items() if folded in label.casefold()]
    texts = (Enrolment.summary, Enrolment.role_title, Enrolment.sector)
    return or_(
        col(Enrolment.sort_key).contains(folded, autoescape=True),
        *(func.lower(text).contains(folded, autoescape=True) for text in texts),
        col(Enrolment.sector).in_(codes),
    )


def _of_people(statement: Any) -> Any:
    return statement.select_from(Enrolment).join(Person, col(Person.id) == Enrolment.person_id)
