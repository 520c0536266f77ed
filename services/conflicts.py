"""Whom a person must not be paired with: asked in private, kept without a reason, never confirmed to anybody.

People type an email address or a full name, because a list to choose from would tell a mentee who takes part. What
they typed is compared at once and then forgotten: only a match becomes a row. We keep no hash of the rest either. A
hash of a name is quickly guessed, and it would be a note about somebody who may never join. So an entry cannot catch
a person who arrives later; for that, every proposed pair is asked again before anything is released.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Conflict, Enrolment, Side
from models.people import Person
from models.schemes import Cohort
from services import audit, cleaning, errors
from services.access import Actor
from services.enrolment_form import own_open_enrolment
from services.units import writes

MOST_ENTRIES = 50


@writes
def declare(session: Session, actor: Actor, other_person_ids: Iterable[UUID]) -> None:
    """Answer the question of enrolment: nobody, or these people. Raises NotAllowed, Conflict."""
    enrolment = own_open_enrolment(session, actor)
    _declare(session, actor, enrolment, other_person_ids)
    session.commit()


@writes
def declare_by_words(session: Session, actor: Actor, entries: Sequence[str]) -> None:
    """Answer with email addresses and exact full names. Says nothing about who was found. Raises Invalid too."""
    enrolment = own_open_enrolment(session, actor)
    words = _cleaned(entries)
    _declare(session, actor, enrolment, _people_meant(session, enrolment, words))
    session.commit()


def add(session: Session, declared_by_id: UUID, other_id: UUID) -> None:
    """Adds the pair to those that never meet, unless it is there; never commits."""
    known = select(Conflict.id).where(Conflict.declared_by_id == declared_by_id, Conflict.other_id == other_id)
    if declared_by_id != other_id and session.exec(known).first() is None:
        session.add(Conflict(declared_by_id=declared_by_id, other_id=other_id))
        session.flush()


def blocked_pairs(session: Session, cohort_id: UUID) -> frozenset[tuple[UUID, UUID]]:
    """(mentor's enrolment, mentee's enrolment) of everybody who must not meet, whichever of the two said so.

    A person who takes part on both sides is never their own mentor.
    """
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    statement = select(mentor.id, mentee.id).where(
        mentor.cohort_id == cohort_id,
        mentor.side == Side.MENTOR,
        mentee.cohort_id == cohort_id,
        mentee.side == Side.MENTEE,
    )
    one, other = col(Conflict.declared_by_id), col(Conflict.other_id)
    # Three short queries, each along an index; one with OR would compare everybody with everybody.
    found = (
        *session.exec(
            statement.select_from(Conflict)
            .join(mentor, one == mentor.person_id)
            .join(mentee, other == mentee.person_id)
        ),
        *session.exec(
            statement.select_from(Conflict)
            .join(mentor, other == mentor.person_id)
            .join(mentee, one == mentee.person_id)
        ),
        *session.exec(statement.join_from(mentor, mentee, col(mentor.person_id) == mentee.person_id)),
    )
    return frozenset((mentor_id, mentee_id) for mentor_id, mentee_id in found)


def stands_between(one_person_id: Any, other_person_id: Any) -> Any:
    """An SQL condition: somebody said that these two (columns or ids) must not be paired."""
    either = or_(
        (col(Conflict.declared_by_id) == one_person_id) & (col(Conflict.other_id) == other_person_id),
        (col(Conflict.other_id) == one_person_id) & (col(Conflict.declared_by_id) == other_person_id),
    )
    return select(Conflict.id).where(either).exists()


def _declare(session: Session, actor: Actor, enrolment: Enrolment, others: Iterable[UUID]) -> None:
    for other_id in sorted(set(others)):
        add(session, enrolment.person_id, other_id)
    enrolment.conflicts_declared_at = utc_now()
    # The journal says that the question was answered, never with whom or how many.
    audit.record(session, actor, "conflicts.declared", enrolment.id)


def _cleaned(entries: Sequence[str]) -> list[str]:
    if len(entries) > MOST_ENTRIES:
        raise errors.Invalid(
            f"These are more than {MOST_ENTRIES} lines.", remedy="Talk to the coordinator about a longer list."
        )
    lines = (cleaning.text(entry, field="Each line", longest=cleaning.LONGEST_EMAIL, lines=False) for entry in entries)
    return [cleaning.compare_key(line) for line in lines if line]


def _people_meant(session: Session, enrolment: Enrolment, keys: list[str]) -> list[UUID]:
    """Everybody of the desk with such an address, and everybody of this scheme with such a name, namesakes included."""
    if not keys:
        return []
    scheme_id = select(Cohort.scheme_id).where(Cohort.id == enrolment.cohort_id).scalar_subquery()
    in_scheme = (
        select(Enrolment.person_id)
        .join(Cohort, col(Cohort.id) == Enrolment.cohort_id)
        .where(Cohort.scheme_id == scheme_id)
    )
    named = col(Enrolment.sort_key).in_([key[:200] for key in keys])
    by_name = in_scheme.where(named)
    found = select(Person.id).where(
        or_(col(Person.email_key).in_(keys), col(Person.id).in_(by_name)), col(Person.id) != enrolment.person_id
    )
    return list(session.exec(found))
