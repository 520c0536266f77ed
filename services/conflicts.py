"""Whom a person must not be paired with: asked in private, kept without a reason, never confirmed to anybody.

Whoever a person may see anyway (services/acquaintances.py) they choose by name. For all others they type an email
address or a full name, because a list to choose from would tell a mentee who takes part. What they typed is compared
at once and then forgotten: only a match becomes a row. We keep no hash of the rest either. A hash of a name is quickly
guessed, and it would be a note about somebody who may never join. So an entry cannot catch a person who arrives later;
for that, every proposed pair is asked again before anything is released. Taking back works the same two ways: by a
press where the name may be shown, by typing it again where showing it would tell who takes part. What was under way
between the two when somebody says so is in services/later_conflicts.py.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, union
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Conflict, Enrolment, Side
from models.people import Person
from models.schemes import Cohort
from services import access, acquaintances, audit, cleaning, errors, later_conflicts
from services.access import Actor
from services.acquaintances import Acquaintance
from services.enrolment_form import own_open_enrolment
from services.units import writes

MOST_ENTRIES = 50
# Two, because a Chinese name is often no longer.
FEWEST_LETTERS = 2


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


@writes
def add_person(session: Session, actor: Actor, enrolment_id: UUID) -> str:
    """Never pair me with somebody whom I may see; answers their name. Raises NotAllowed, Conflict."""
    enrolment = own_open_enrolment(session, actor)
    known = acquaintances.one(session, enrolment, enrolment_id)
    _declare(session, actor, enrolment, [known.person_id])
    session.commit()
    return known.name


@writes
def take_back(session: Session, actor: Actor, enrolment_id: UUID) -> str:
    """I may be paired with somebody again whom I may see; answers their name. Raises NotAllowed, Conflict.

    What the other one said, and a no at a proposal, stay as they are.
    """
    enrolment = own_open_enrolment(session, actor)
    known = acquaintances.one(session, enrolment, enrolment_id)
    _take_back(session, actor, enrolment, [known.person_id])
    session.commit()
    return known.name


@writes
def take_back_by_words(session: Session, actor: Actor, entries: Sequence[str]) -> None:
    """The same for addresses and exact full names; says nothing about who was found. Raises Invalid too."""
    enrolment = own_open_enrolment(session, actor)
    words = _cleaned(entries)
    _take_back(session, actor, enrolment, _people_meant(session, enrolment, words))
    session.commit()


def mine(session: Session, actor: Actor) -> tuple[Acquaintance, ...]:
    """Those I named whom I may see anyway, by name. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    named = select(Conflict.other_id).where(Conflict.declared_by_id == enrolment.person_id)
    return acquaintances.of(session, enrolment, col(Person.id).in_(named))


def to_choose(session: Session, actor: Actor, search: str) -> tuple[Acquaintance, ...]:
    """People I may see whose name has these words, and whom I have not named; none for less than 2 letters.

    Raises NotAllowed.
    """
    enrolment = access.own_enrolment(session, actor)
    words = search.casefold().split()
    if sum(map(len, words)) < FEWEST_LETTERS:
        return ()
    named = select(Conflict.other_id).where(Conflict.declared_by_id == enrolment.person_id)
    found = (col(Enrolment.sort_key).contains(word, autoescape=True) for word in words)
    return acquaintances.of(session, enrolment, col(Person.id).not_in(named), *found)


def add(session: Session, declared_by_id: UUID, other_id: UUID) -> None:
    """Adds the pair to those that never meet, unless it is there; never commits."""
    known = select(Conflict.id).where(Conflict.declared_by_id == declared_by_id, Conflict.other_id == other_id)
    if declared_by_id != other_id and session.exec(known).first() is None:
        session.add(Conflict(declared_by_id=declared_by_id, other_id=other_id))
        session.flush()


def blocked_pairs(session: Session, cohort_id: UUID, *, before: datetime | None = None) -> frozenset[tuple[UUID, UUID]]:
    """(mentor's enrolment, mentee's enrolment) of everybody who must not meet, whichever of the two said so.

    A person who takes part on both sides is never their own mentor. With `before`, only what was said by then.
    """
    places = _places(session, cohort_id)
    statement = (
        select(Conflict.declared_by_id, Conflict.other_id)
        .join(Enrolment, col(Enrolment.person_id) == Conflict.declared_by_id)
        .where(Enrolment.cohort_id == cohort_id)
    )
    if before is not None:
        statement = statement.where(col(Conflict.created_at) <= before)
    said = session.exec(statement)
    either_way = {pair for one, other in said for pair in ((one, other), (other, one))}
    themselves = {(person, person) for person in places}
    return frozenset(
        (places[one][Side.MENTOR], places[other][Side.MENTEE])
        for one, other in either_way | themselves
        if Side.MENTOR in places.get(one, {}) and Side.MENTEE in places.get(other, {})
    )


def _places(session: Session, cohort_id: UUID) -> dict[UUID, dict[Side, UUID]]:
    """The enrolments, by person and side, of everybody in the cohort who is in a conflict or on both sides.

    They are put together here: a join of the cohort with itself made SQLite compare everybody with everybody.
    """
    in_conflict = union(select(Conflict.declared_by_id), select(Conflict.other_id))
    twice = select(Enrolment.person_id).where(Enrolment.cohort_id == cohort_id)
    on_both_sides = twice.group_by(col(Enrolment.person_id)).having(func.count() > 1)
    person_id = col(Enrolment.person_id)
    found = session.exec(
        select(Enrolment.person_id, Enrolment.side, Enrolment.id).where(
            Enrolment.cohort_id == cohort_id, or_(person_id.in_(in_conflict), person_id.in_(on_both_sides))
        )
    )
    places: dict[UUID, dict[Side, UUID]] = {}
    for person, side, enrolment_id in found:
        places.setdefault(person, {})[Side(side)] = enrolment_id
    return places


def _declare(session: Session, actor: Actor, enrolment: Enrolment, others: Iterable[UUID]) -> None:
    named = sorted(set(others))
    for other_id in named:
        add(session, enrolment.person_id, other_id)
    enrolment.conflicts_declared_at = utc_now()
    # The journal says that the question was answered, never with whom or how many.
    audit.record(session, actor, "conflicts.declared", enrolment.id)
    if named:
        later_conflicts.take_back_proposals(session, enrolment.person_id, named)
        later_conflicts.ask_for_a_look(session, enrolment.person_id, named)


def _take_back(session: Session, actor: Actor, enrolment: Enrolment, others: Iterable[UUID]) -> None:
    said = col(Conflict.declared_by_id) == enrolment.person_id
    session.connection().execute(delete(Conflict).where(said, col(Conflict.other_id).in_(sorted(set(others)))))
    # One entry whether somebody was found or not: the journal must not tell either.
    audit.record(session, actor, "conflicts.taken_back", enrolment.id)


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
    exactly = col(Enrolment.sort_key).in_([key[:200] for key in keys])
    # Whoever has a sort name stands in lists as "müller, łukasz łukasz müller".
    behind_sort_name = and_(
        col(Person.sort_name).is_not(None),
        or_(*(col(Enrolment.sort_key).endswith(f" {key}", autoescape=True) for key in keys)),
    )
    by_name = in_scheme.join(Person, col(Person.id) == Enrolment.person_id).where(or_(exactly, behind_sort_name))
    found = select(Person.id).where(
        or_(col(Person.email_key).in_(keys), col(Person.id).in_(by_name)), col(Person.id) != enrolment.person_id
    )
    return list(session.exec(found))
