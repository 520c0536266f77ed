"""Pairs that a coordinator decided before a run: pinned ones must stand, forbidden ones must not be.

They are rows of the cohort, so every coordinator sees and can undo them. A pin never overrules a rule.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import bindparam
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.matching import PairRule, PairRuleKind
from models.people import Person
from models.schemes import Cohort
from services import access, audit
from services.access import Actor
from services.errors import Conflict, NotAllowed, Refusal
from services.matching import reading
from services.matching.reading import Availability, Pair
from services.units import writes

REMEDY = "Undo the pin, or remove what stands against it."


@dataclass(frozen=True)
class RuleView:
    """One decision in force, with names. `version` is what `undo` must be told."""

    id: UUID
    kind: PairRuleKind
    mentor_id: UUID
    mentor: str
    mentee_id: UUID
    mentee: str
    made_by: str
    made_at: datetime
    version: int


@writes
def pin(session: Session, actor: Actor, cohort_id: UUID, mentor_id: UUID, mentee_id: UUID, *, today: date) -> UUID:
    """Make every later run keep this pair. Raises NotAllowed, and Conflict with names if a rule stands against it."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    mentor, mentee = _names(session, actor, cohort, mentor_id, mentee_id)
    why = reading.availability(session, cohort, today).why_not(mentor_id, mentee_id)
    if why:
        raise Conflict(f"{mentee} cannot be pinned to {mentor}: {_lower(why)}", remedy="Choose another pair.")
    return _decide(session, actor, cohort, PairRuleKind.PIN, mentor_id, mentee_id)


@writes
def forbid(session: Session, actor: Actor, cohort_id: UUID, mentor_id: UUID, mentee_id: UUID) -> UUID:
    """Keep this pair out of every later run. Raises NotAllowed, Conflict."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    _names(session, actor, cohort, mentor_id, mentee_id)
    return _decide(session, actor, cohort, PairRuleKind.FORBID, mentor_id, mentee_id)


@writes
def undo(session: Session, actor: Actor, rule_id: UUID, *, version: int) -> None:
    """Take a pin or a ban back. Raises NotAllowed, and Conflict when a colleague was quicker."""
    rule = session.get(PairRule, rule_id, with_for_update=True)
    if rule is None:
        raise NotAllowed("You cannot open this decision.", remedy="Ask one of the scheme's coordinators.")
    access.cohort_to_coordinate(session, actor, rule.cohort_id)
    if rule.undone_at is not None or rule.version != version:
        raise Conflict("A colleague has just undone this.", remedy="Reload the page to see how it stands.")
    rule.undone_at, rule.undone_by_id = utc_now(), actor.person_id
    audit.record(session, actor, f"matching.{rule.kind.value}_undone", rule.id)
    session.commit()


def in_force(session: Session, actor: Actor, cohort_id: UUID) -> tuple[RuleView, ...]:
    """Every pin and ban of the cohort, the newest first. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    return tuple(RuleView(*row) for row in session.exec(_in_force(), params={"cohort_id": cohort_id}))


def of_pair(session: Session, cohort_id: UUID, mentor_id: UUID, mentee_id: UUID) -> RuleView | None:
    """The pin or ban of just these two that is in force. The caller has asked whether the actor runs the cohort."""
    given = {"cohort_id": cohort_id, "mentor_id": mentor_id, "mentee_id": mentee_id}
    found = session.exec(_of_pair(), params=given).first()
    return RuleView(*found) if found else None


@cache
def _of_pair() -> Any:
    both = PairRule.mentor_id == bindparam("mentor_id"), PairRule.mentee_id == bindparam("mentee_id")
    return _in_force().where(*both)


@cache
def _in_force() -> Any:
    mentor, mentee, made_by = aliased(Person), aliased(Person), aliased(Person)
    of_mentor, of_mentee = aliased(Enrolment), aliased(Enrolment)
    columns: tuple[Any, ...] = (
        PairRule.id,
        PairRule.kind,
        PairRule.mentor_id,
        mentor.full_name,
        PairRule.mentee_id,
        mentee.full_name,
        made_by.full_name,
        PairRule.created_at,
        PairRule.version,
    )
    return (
        select(*columns)
        .select_from(PairRule)
        .join(of_mentor, col(of_mentor.id) == col(PairRule.mentor_id))
        .join(mentor, col(mentor.id) == col(of_mentor.person_id))
        .join(of_mentee, col(of_mentee.id) == col(PairRule.mentee_id))
        .join(mentee, col(mentee.id) == col(of_mentee.person_id))
        .join(made_by, col(made_by.id) == col(PairRule.made_by_id))
        .where(PairRule.cohort_id == bindparam("cohort_id"), col(PairRule.undone_at).is_(None))
        .order_by(col(PairRule.created_at).desc(), col(PairRule.id))
    )


def check(session: Session, open_now: Availability, pins: Sequence[Pair], forbidden: Collection[Pair]) -> None:
    """Refuses a run whose pins cannot stand, with names (Conflict). A pin whose mentee is not in the run rests."""
    for mentor_id, mentee_id in pins:
        if mentee_id not in open_now.mentees:
            continue
        why = open_now.why_not(mentor_id, mentee_id)
        if (mentor_id, mentee_id) in forbidden:
            why = "The pair is forbidden as well."
        if why:
            mentor, mentee = _full_names(session, [mentor_id, mentee_id])
            raise Conflict(f"{mentee} is pinned to {mentor}, which cannot stand: {_lower(why)}", remedy=REMEDY)


def too_many(session: Session, mentees: Sequence[str], mentors: Sequence[str]) -> Refusal:
    """The refusal for pins that cannot stand together, from ids: more of them than a mentor has places."""
    theirs = _full_names(session, [UUID(one) for one in mentees])
    whose = _full_names(session, [UUID(one) for one in mentors])
    return Conflict(
        f"The pins of {_listed(theirs)} cannot stand together with {_listed(whose)}: there are not enough places.",
        remedy=REMEDY,
    )


def _decide(
    session: Session, actor: Actor, cohort: Cohort, kind: PairRuleKind, mentor_id: UUID, mentee_id: UUID
) -> UUID:
    """Adds the decision, records and commits, on behalf of a unit of work above."""
    open_rules = select(PairRule).where(PairRule.mentee_id == mentee_id, col(PairRule.undone_at).is_(None))
    for rule in session.exec(open_rules):
        if rule.mentor_id == mentor_id:
            done = "pinned" if rule.kind is PairRuleKind.PIN else "forbidden"
            raise Conflict(f"This pair is {done} already.", remedy="Undo that first.")
        if kind is rule.kind is PairRuleKind.PIN:
            raise Conflict("This mentee is pinned to another mentor.", remedy="Undo that pin first.")
    made = PairRule(
        cohort_id=cohort.id,
        mentor_id=mentor_id,
        mentee_id=mentee_id,
        kind=kind,
        made_by_id=cast("UUID", actor.person_id),  # the desk itself coordinates nothing
    )
    session.add(made)
    audit.record(session, actor, f"matching.{kind.value}", made.id)
    made_id = made.id
    try:
        session.commit()
    except IntegrityError as clash:
        # Two coordinators can decide at once. The unique indexes settle it; a check up here could not.
        session.rollback()
        raise Conflict("A colleague has just decided about this pair.", remedy="Reload the page to see how.") from clash
    return made_id


def _names(session: Session, actor: Actor, cohort: Cohort, mentor_id: UUID, mentee_id: UUID) -> tuple[str, str]:
    """Both names, if they are a mentor and a mentee of the cohort and neither is the actor. Raises NotAllowed."""
    names = []
    for side, enrolment_id in ((Side.MENTOR, mentor_id), (Side.MENTEE, mentee_id)):
        statement = (
            select(Person.id, Person.full_name)
            .join(Enrolment, col(Enrolment.person_id) == col(Person.id))
            .where(Enrolment.id == enrolment_id, Enrolment.cohort_id == cohort.id, Enrolment.side == side)
        )
        found = session.exec(statement).first()
        if found is None:
            raise NotAllowed("These two are not in this cohort.", remedy="Reload the page to see who is.")
        if found[0] == actor.person_id:
            raise NotAllowed("You are a party to this pair.", remedy="Ask another coordinator to handle it.")
        names.append(found[1])
    return names[0], names[1]


def _full_names(session: Session, enrolment_ids: Iterable[UUID]) -> list[str]:
    ids = list(enrolment_ids)
    statement = (
        select(Enrolment.id, Person.full_name)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(col(Enrolment.id).in_(ids))
    )
    names = dict(session.exec(statement).all())
    return [names[one] for one in ids]


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
