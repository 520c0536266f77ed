"""Before a round of feedback writes to anybody: exactly to whom, and what they would read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.enrolments import Enrolment
from models.people import Person
from models.schemes import Cohort
from services import feedback, feedback_results, messages
from services.access import Actor
from services.messages import Preview

NAMES_SHOWN = 50


@dataclass(frozen=True)
class Plan:
    """Whom an email would reach. `names` are the first of `count` people, by name; None to read when it is nobody.

    Whom the reader is paired with is counted and not named: that they have not answered is not for the other half.
    """

    count: int
    names: tuple[str, ...]
    preview: Preview | None


def opening(session: Session, actor: Actor, cohort_id: UUID, *, due_on: date) -> Plan:
    """What a round that begins now would send. Raises NotAllowed."""
    count = feedback.would_ask(session, actor, cohort_id)
    first = session.exec(_named(*feedback.in_an_open_pair(cohort_id))).all()
    scheme_id = session.get_one(Cohort, cohort_id).scheme_id
    return _plan(session, actor, count, first, scheme_id=scheme_id, due_on=due_on)


def reminding(session: Session, actor: Actor, round_id: UUID, *, today: date) -> Plan:
    """What `feedback.remind` would send now. Raises NotAllowed."""
    opened, scheme = feedback.round_to_coordinate(session, actor, round_id)
    found = feedback.silent(session, opened, today)
    some = col(Enrolment.id).in_([enrolment_id for enrolment_id, _ in found[:NAMES_SHOWN]])
    first = session.exec(_named(some, ~feedback_results.of_a_partner(actor, Enrolment.id))).all()
    return _plan(session, actor, len(found), first, scheme_id=scheme.id, due_on=opened.due_on)


def _named(*which: Any) -> Any:
    return (
        select(Person.id, Person.full_name)
        .join(Enrolment, col(Enrolment.person_id) == Person.id)
        .where(*which)
        .order_by(col(Enrolment.sort_key), col(Enrolment.id))
        .limit(NAMES_SHOWN)
    )


def _plan(session: Session, actor: Actor, count: int, first: Sequence[Any], *, scheme_id: UUID, due_on: date) -> Plan:
    if not count:
        return Plan(0, (), None)
    # With nobody to name, the email is shown as the reader would get it.
    person_id = first[0][0] if first else actor.person_id
    facts: dict[str, Any] = {"template": feedback.TEMPLATE, "scheme_id": scheme_id, "due_on": due_on}
    preview = messages.preview(session, person_id=person_id, is_personal=False, **facts) if person_id else None
    return Plan(count, tuple(name for _, name in first), preview)
