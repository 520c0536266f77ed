"""Keeps one answer the moment it is given, and what stood there before once a form has been sent.

Two windows can have the same form open. An answer is only replaced if the one that the window showed is still the one
that is kept; otherwise the person is asked which of the two is right, and neither is lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, select

from models.columns import utc_now
from models.enrolments import AnswerChange, Enrolment, EnrolmentStatus
from models.people import Person
from models.schemes import FormField
from services import audit, enrolment_form, form_kinds
from services.access import Actor
from services.errors import Conflict, Invalid
from services.schemes import wording
from services.units import writes

NOT_SENT = frozenset({EnrolmentStatus.DRAFT, EnrolmentStatus.RETURNED})
WHATEVER: Final = object()


class AnsweredElsewhere(Conflict):
    """Another window has changed this answer. `value` and `shown` are what is kept now."""

    def __init__(self, label: str, value: Any, shown: str) -> None:
        super().__init__(
            f"{label} was changed in another window while this one was open.", remedy="Choose which answer is right."
        )
        self.value, self.shown = value, shown


@dataclass(frozen=True)
class Kept:
    """An answer as it is kept now."""

    key: str
    value: Any
    changed: bool
    at: datetime


@writes
def save_answer(session: Session, actor: Actor, key: str, raw: Any, *, before: Any = WHATEVER) -> Kept:
    """Keep one answer. `before` is the answer that the window showed when the person began to change it.

    A form that was sent can be corrected, but not emptied again. Raises NotAllowed, Invalid, Conflict, and
    AnsweredElsewhere when something else than `before` is kept by now.
    """
    enrolment = enrolment_form.own_open_enrolment(session, actor)
    # Where another window is saving this very moment, PostgreSQL waits here for it; SQLite has waited already.
    session.refresh(enrolment, with_for_update=True)
    person = session.get_one(Person, enrolment.person_id, with_for_update=True, populate_existing=True)
    field = _field(session, enrolment, key)
    value = enrolment_form.cleaned(field, enrolment.side, raw, person, enrolment)
    stored = enrolment_form.value_of(field, person, enrolment)
    if value != stored:
        label = wording.label(field, enrolment.side)
        if before is not WHATEVER and before != stored:
            raise AnsweredElsewhere(label, stored, form_kinds.in_words(field, stored))
        _refuse_emptying(enrolment, field, label, value)
        put(session, actor, enrolment, person, [(field, value)])
    session.commit()
    return Kept(key, value, value != stored, utc_now())


def put(
    session: Session, actor: Actor, enrolment: Enrolment, person: Person, values: Iterable[tuple[FormField, Any]]
) -> tuple[str, ...]:
    """Puts cleaned answers where they belong, with their history; answers the keys that changed. Never commits."""
    changed = []
    for field, value in values:
        stood = enrolment_form.value_of(field, person, enrolment)
        if enrolment_form.put(field, value, person, enrolment):
            changed.append(field.key)
            _remember(session, actor, enrolment, field.key, stood, value)
    if enrolment_form.NAMES & set(changed):
        _rename(session, person)
    if changed:
        # Which questions changed is enough for the journal; what was answered is the person's own.
        audit.record(session, actor, "enrolment.saved", enrolment.id, changed=sorted(changed))
    return tuple(changed)


def _remember(session: Session, actor: Actor, enrolment: Enrolment, key: str, before: Any, after: Any) -> None:
    """What is written before a form is sent for the first time is nobody's business but the writer's."""
    if enrolment.submitted_at is not None:
        session.add(
            AnswerChange(enrolment_id=enrolment.id, changed_by_id=actor.person_id, key=key, before=before, after=after)
        )


def _refuse_emptying(enrolment: Enrolment, field: FormField, label: str, value: Any) -> None:
    if field.required and value in (None, []) and enrolment.status not in NOT_SENT:
        raise Invalid(f"{label} cannot be left empty.", remedy="Your earlier answer is kept.")


def _field(session: Session, enrolment: Enrolment, key: str) -> FormField:
    fields = enrolment_form.fields_of(session, [enrolment.cohort_id]).get(enrolment.cohort_id, ())
    found = next((field for field in fields if field.key == key and enrolment.side in field.roles), None)
    if found is None:
        raise Invalid("The form has no such question.", remedy="Reload the page to see its questions.")
    return found


def _rename(session: Session, person: Person) -> None:
    """Keeps the order of every list that the person stands in."""
    for enrolment in session.exec(select(Enrolment).where(Enrolment.person_id == person.id)):
        enrolment.sort_key = enrolment_form.sort_key(person)
