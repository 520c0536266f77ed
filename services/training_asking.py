"""Asks people to do a further module by email: when it is published, and once more some days before its day.

Whoever takes part is asked, and nobody who is paused. What goes out to whom can be read before publishing. (U-C5.1)
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import distinct, func
from sqlmodel import Session, col, select

from models.agreements import PublishedState, TrainingCompletion, TrainingModule
from models.enrolments import Enrolment, EnrolmentStatus
from models.people import Person
from models.schemes import Cohort, Scheme
from services import access, audit, messages, times, trained
from services.access import DESK, Actor
from services.errors import NotAllowed
from services.messages import Addressed, Preview
from services.training_content import Content, columns_of
from services.units import writes

ASKED, SOON = "training_asked", "training_soon"
DAYS_BEFORE = 7
# Whoever was asked so few days ago is not written to again.
QUIET_DAYS = 3
SHOWN = 20
_TAKING_PART = tuple(status for status in trained.TAKING_PART if status is not EnrolmentStatus.PAUSED)


@dataclass(frozen=True)
class Asking:
    """Whom publishing would write to: how many, the first of them by name, and one of the emails to read."""

    people: int
    names: tuple[str, ...]
    preview: Preview | None


def asking(
    session: Session, actor: Actor, module_id: UUID, content: Content, *, ask_again: bool, today: date
) -> Asking:
    """What publishing this draft with this content would send. Raises NotAllowed."""
    row = session.get(TrainingModule, module_id)
    if row is None or row.scheme_id not in actor.coordinates:
        raise NotAllowed("You cannot open this module.", remedy="Ask one of the scheme's coordinators.")
    scheme = access.scheme_to_coordinate(session, actor, row.scheme_id)
    sides = columns_of(content)["required_for"]
    counts_from = row.edition if ask_again else min(row.counts_from, row.edition)
    concerned = _concerned(scheme, row.key, counts_from, sides, today)
    people = session.exec(_people(concerned, func.count(distinct(col(Enrolment.person_id))))).one()
    if not people:
        return Asking(0, (), None)
    first = _people(concerned, col(Person.id), col(Person.full_name)).distinct()
    shown = session.exec(first.order_by(col(Person.full_name), col(Person.id)).limit(SHOWN)).all()
    preview = messages.preview(
        session,
        person_id=shown[0][0],
        template=ASKED,
        scheme_id=scheme.id,
        is_personal=False,
        **_facts(scheme, content.title, content.minutes, content.due_on),
    )
    return Asking(people, tuple(name for _, name in shown), preview)


def ask_for(session: Session, scheme: Scheme, module: TrainingModule, *, today: date) -> int:
    """Adds an email to everybody who is asked to do a module just published; never commits. How many."""
    return _write(session, scheme, module, template=ASKED, event=f"published {module.id}", today=today)


def remind_due(session: Session, now: datetime) -> int:
    """Write once to everybody who has not done a module whose day is at most a week away; how many."""
    found = session.exec(
        select(TrainingModule.id, Scheme.time_zone)
        .join(Scheme, col(Scheme.id) == col(TrainingModule.scheme_id))
        .where(
            TrainingModule.state == PublishedState.PUBLISHED,
            # A day of margin on either side, for the zones.
            col(TrainingModule.due_on).between(now.date() - timedelta(days=1), now.date() + _days(DAYS_BEFORE + 1)),
            col(TrainingModule.published_at) <= now - _days(QUIET_DAYS),
        )
        .order_by(col(TrainingModule.id))
    ).all()
    due = [(module_id, times.day_in(now, zone)) for module_id, zone in found]
    return sum(_remind(session, module_id, today) for module_id, today in due)


@writes
def _remind(session: Session, module_id: UUID, today: date) -> int:
    """Remind of one module, in a unit of work of its own. Who has been reminded of it is not reminded again."""
    module = session.get_one(TrainingModule, module_id)
    if module.due_on is None or not today <= module.due_on <= today + _days(DAYS_BEFORE):
        return 0
    scheme = session.get_one(Scheme, module.scheme_id)
    written = _write(session, scheme, module, template=SOON, event=f"soon {module.id}", today=today)
    if written:
        audit.record(session, DESK, "training.reminded", module.id, scheme_id=scheme.id, people=written)
    session.commit()
    return written


def _write(session: Session, scheme: Scheme, module: TrainingModule, *, template: str, event: str, today: date) -> int:
    """Adds the email to whoever still has to do the module, unless this event has written to them; how many."""
    concerned = _concerned(scheme, module.key, module.counts_from, module.required_for, today)
    readers = session.exec(_people(concerned, col(Enrolment.person_id)).distinct()).all()
    return messages.queue_many(
        session,
        [Addressed(person_id) for person_id in readers],
        template=template,
        scheme_id=scheme.id,
        event=event,
        about=module.id,
        **_facts(scheme, module.title, module.minutes, module.due_on),
    )


def _people(concerned: tuple[Any, ...], *columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(Enrolment)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(*concerned)
    )


def _concerned(scheme: Scheme, key: str, counts_from: int, sides: Collection[str], today: date) -> tuple[Any, ...]:
    """Places of these sides in cohorts that are not over, without a pass of this module that counts today."""
    passed = (
        select(TrainingCompletion.id)
        .join(TrainingModule, col(TrainingModule.id) == col(TrainingCompletion.module_id))
        .where(
            TrainingCompletion.enrolment_id == Enrolment.id,
            TrainingModule.scheme_id == scheme.id,
            TrainingModule.key == key,
            col(TrainingModule.edition) >= counts_from,
            col(TrainingCompletion.expires_on) >= today,
        )
        .correlate(Enrolment)
    )
    return (
        col(Cohort.scheme_id) == scheme.id,
        col(Cohort.ends_on) >= today,
        col(Enrolment.side).in_(list(sides)),
        col(Enrolment.status).in_(_TAKING_PART),
        ~passed.exists(),
    )


def _facts(scheme: Scheme, title: str, minutes: int, due_on: date | None) -> dict[str, Any]:
    is_a_gate = "training" in {*scheme.mentor_gates, *scheme.mentee_gates}
    return {"module": title, "minutes": minutes, "due_on": due_on, "is_a_gate": is_a_gate}


def _days(number: int) -> timedelta:
    return timedelta(days=number)
