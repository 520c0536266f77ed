"""What the ledger says about the directory (U-1): mentors listed, searches, wishes. Counts only."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from sqlalchemy import func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import ConsentPurpose, Enrolment, EnrolmentStatus, Side, Wish
from models.people import Person
from models.search import DirectorySearches
from services import access, consents, directory, enrolment_form, readiness, search_words
from services.access import Actor
from services.units import writes


@dataclass(frozen=True)
class DirectoryFigures:
    """Of one cohort. `listed` counts mentors whom some mentee may see now; `wishing` counts mentees with a wish."""

    listed: int
    searches: int
    wishes: int
    wishing: int


@writes
def note_search(session: Session, actor: Actor, words: str, *, today: date) -> bool:
    """Count one search of today's; whether there was a word to search for. Raises NotAllowed.

    Neither the words nor who looked for them are kept, so it has no line in the journal either.
    """
    looking = directory.open_to(session, actor)
    if not search_words.asked_for(words):
        return False
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    one: Any = insert(DirectorySearches).values(
        id=uuid4(), created_at=utc_now(), cohort_id=looking.cohort_id, searched_on=today, searches=1
    )
    counted = one.on_conflict_do_update(
        index_elements=["cohort_id", "searched_on"], set_={"searches": col(DirectorySearches.searches) + 1}
    )
    session.execute(counted)
    session.commit()
    return True


def figures(session: Session, actor: Actor, cohort_id: Any, *, today: date) -> DirectoryFigures:
    """The figures of a cohort that the actor runs. Raises NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    searches = select(func.coalesce(func.sum(col(DirectorySearches.searches)), 0)).where(
        DirectorySearches.cohort_id == cohort.id
    )
    wishes = (
        select(func.count(), func.count(func.distinct(col(Wish.mentee_id))))
        .select_from(Wish)
        .join(Enrolment, col(Enrolment.id) == Wish.mentee_id)
        .where(Enrolment.cohort_id == cohort.id)
    )
    return DirectoryFigures(
        session.exec(_listed(session, cohort.id, today)).one(),
        session.exec(searches).one(),
        *session.exec(wishes).one(),
    )


def _listed(session: Session, cohort_id: Any, today: date) -> Any:
    scheme = enrolment_form.scheme_of(session, cohort_id)
    return (
        select(func.count())
        .select_from(Enrolment)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(
            Enrolment.cohort_id == cohort_id,
            Enrolment.side == Side.MENTOR,
            Enrolment.status == EnrolmentStatus.APPROVED,
            consents.gives(ConsentPurpose.DIRECTORY),
            readiness.gates_hold(scheme, cohort_id, Side.MENTOR, today),
            col(Enrolment.capacity) > readiness.places_taken(),
        )
    )
