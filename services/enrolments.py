"""A person's own enrolment: fill in, save, send, correct, pause, leave. The coordinator's half is imported below."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort, Scheme
from services import access, audit, consents, drafting, enrolment_form
from services.access import Actor
from services.departures import withdraw
from services.drafting import NOT_SENT
from services.enrolment_decisions import Recipient, approve, decline, preview, recipients, return_, undo
from services.enrolment_form import CONFLICTS_STEP, CONSENTS_STEP, REVIEW_STEP, STEP_TITLES, Question
from services.enrolment_queue import Details, Filter, Gate, Queue, QueueRow, details, on_the_way, queue, submitted_on
from services.errors import Conflict, Invalid
from services.invitations import Invited, invite
from services.pauses import come_back as resume
from services.pauses import pause
from services.schemes import wording
from services.units import writes

__all__ = [
    "Details",
    "EnrolmentForm",
    "Filter",
    "Gate",
    "Invited",
    "Queue",
    "QueueRow",
    "Recipient",
    "Step",
    "approve",
    "decline",
    "details",
    "form",
    "invite",
    "on_the_way",
    "pause",
    "preview",
    "queue",
    "recipients",
    "resume",
    "return_",
    "save_draft",
    "submit",
    "submitted_on",
    "undo",
    "withdraw",
]

_ASKED = "Is there anybody in this scheme whom you should not be paired with?"
_SEEN_BY = "Only you and the coordinator see that you answered. We never ask what kind of relationship it is."


@dataclass(frozen=True)
class Step:
    """One step of the form. `is_done` when nothing required is missing in it."""

    number: int
    title: str
    questions: tuple[Question, ...]
    is_done: bool


@dataclass(frozen=True)
class EnrolmentForm:
    """The whole form as its owner sees it. `missing` are labels of what must be answered before it can be sent."""

    enrolment_id: UUID
    side: Side
    status: EnrolmentStatus
    version: int
    scheme: str
    cohort: str
    steps: tuple[Step, ...]
    missing: tuple[str, ...]
    given: frozenset[ConsentPurpose]
    note: str | None
    submitted_at: datetime | None
    conflicts_declared_at: datetime | None
    conflicts_question: str
    conflicts_examples: str
    conflicts_audience: str
    is_open: bool
    can_be_reached: bool
    asks_equality: bool = False

    @property
    def is_sent(self) -> bool:
        return self.status not in NOT_SENT


def form(session: Session, actor: Actor) -> EnrolmentForm:
    """The form of the place in which the actor acts. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    person, cohort, scheme = _around(session, enrolment)
    asked = _asked(session, enrolment, person)
    missing = _missing(asked, enrolment)
    given = consents.given(session, enrolment.id)
    words = scheme.other_settings.get("conflicts") or {}
    return EnrolmentForm(
        enrolment_id=enrolment.id,
        side=enrolment.side,
        status=enrolment.status,
        version=enrolment.version,
        scheme=scheme.name,
        cohort=cohort.name,
        steps=_steps(asked, enrolment, ready=not missing),
        missing=missing,
        given=given,
        note=enrolment.decision_note,
        submitted_at=enrolment.submitted_at,
        conflicts_declared_at=enrolment.conflicts_declared_at,
        conflicts_question=words.get("enrolment_question", _ASKED),
        conflicts_examples=words.get("examples", ""),
        conflicts_audience=words.get("audience", _SEEN_BY),
        is_open=enrolment.status in enrolment_form.OPEN_STATUSES,
        can_be_reached=bool(consents.opened(given, person)),
        asks_equality=bool(scheme.other_settings.get("equality")),
    )


@writes
def save_draft(session: Session, actor: Actor, answers: Mapping[str, Any]) -> tuple[str, ...]:
    """Keep some answers, by question key; answers the keys that changed. Nothing is kept if one of them is wrong.

    A form that was sent can be corrected, but not emptied again. Raises NotAllowed, Invalid, Conflict.
    """
    enrolment = enrolment_form.own_open_enrolment(session, actor)
    person = session.get_one(Person, enrolment.person_id)
    fields = {field.key: field for field in _fields(session, enrolment) if enrolment.side in field.roles}
    if not set(answers) <= set(fields):
        raise Invalid("The form has no such question.", remedy="Reload the page to see its questions.")
    side = enrolment.side
    values = {key: enrolment_form.cleaned(fields[key], side, raw, person, enrolment) for key, raw in answers.items()}
    if enrolment.status not in NOT_SENT:
        blank = [fields[key] for key, value in values.items() if value in (None, [])]
        _refuse_missing(tuple(wording.label(field, side) for field in blank if field.required))
    changed = drafting.put(session, actor, enrolment, person, [(fields[key], value) for key, value in values.items()])
    session.commit()
    return changed


@writes
def submit(session: Session, actor: Actor) -> EnrolmentStatus:
    """Send the form to the coordinator. Raises NotAllowed, Invalid (naming what is missing), Conflict."""
    enrolment = enrolment_form.own_open_enrolment(session, actor)
    if enrolment.status not in NOT_SENT:
        raise Conflict("This form has been sent already.", remedy="You can still correct your answers.")
    person = session.get_one(Person, enrolment.person_id)
    _refuse_missing(_missing(_asked(session, enrolment, person), enrolment))
    enrolment.status, enrolment.submitted_at = EnrolmentStatus.SUBMITTED, utc_now()
    audit.record(session, actor, "enrolment.submitted", enrolment.id)
    session.commit()
    return enrolment.status


def _around(session: Session, enrolment: Enrolment) -> tuple[Person, Cohort, Scheme]:
    person, cohort, scheme = session.exec(_person_and_scheme(), params={"enrolment_id": enrolment.id}).one()
    return person, cohort, scheme


@cache  # asked at every answer that is saved: building it costs more than asking
def _person_and_scheme() -> Any:
    return (
        select(Person, Cohort, Scheme)
        .select_from(Enrolment)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .join(Cohort, col(Cohort.id) == Enrolment.cohort_id)
        .join(Scheme, col(Scheme.id) == Cohort.scheme_id)
        .where(col(Enrolment.id) == bindparam("enrolment_id"))
    )


def _fields(session: Session, enrolment: Enrolment) -> tuple[Any, ...]:
    return enrolment_form.fields_of(session, [enrolment.cohort_id]).get(enrolment.cohort_id, ())


def _asked(session: Session, enrolment: Enrolment, person: Person) -> dict[int, tuple[Question, ...]]:
    """The side's questions by step."""
    fields = _fields(session, enrolment)
    return {
        step: enrolment_form.questions(
            [field for field in fields if field.step == step], enrolment.side, person, enrolment
        )
        for step in STEP_TITLES
    }


def _missing(asked: Mapping[int, tuple[Question, ...]], enrolment: Enrolment) -> tuple[str, ...]:
    blanks = [question.label for step in asked.values() for question in step if question.required and question.is_blank]
    unasked = [] if enrolment.conflicts_declared_at else ["the question about conflicts"]
    return (*blanks, *unasked)


def _steps(asked: Mapping[int, tuple[Question, ...]], enrolment: Enrolment, *, ready: bool) -> tuple[Step, ...]:
    def is_done(number: int) -> bool:
        if number == CONFLICTS_STEP:
            return enrolment.conflicts_declared_at is not None
        if number == REVIEW_STEP:
            return ready and enrolment.status not in NOT_SENT
        return not any(question.required and question.is_blank for question in asked[number])

    return tuple(
        Step(number, title[enrolment.side], asked[number], is_done(number))
        for number, title in STEP_TITLES.items()
        if asked[number] or number in {CONFLICTS_STEP, CONSENTS_STEP, REVIEW_STEP}
    )


def _refuse_missing(labels: tuple[str, ...]) -> None:
    if labels:
        raise Invalid(f"Not answered yet: {', '.join(labels)}.", remedy="Answer that first; the rest is kept.")
