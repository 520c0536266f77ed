"""What a coordinator decides about enrolments: invite, approve, return with a question, decline."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from services import access, accounts, audit, cleaning, messages, people
from services.access import Actor
from services.errors import Conflict, Invalid
from services.units import writes

LONGEST_NOTE = 2000
TEMPLATES = {
    EnrolmentStatus.APPROVED: "enrolment_approved",
    EnrolmentStatus.RETURNED: "enrolment_returned",
    EnrolmentStatus.DECLINED: "enrolment_declined",
}


@dataclass(frozen=True)
class Invited:
    """Somebody who now has a place to fill in. `mail_queued` is False when they can sign in already."""

    enrolment_id: UUID
    name: str
    mail_queued: bool


@writes
def invite(session: Session, actor: Actor, cohort_id: UUID, *, side: Side, full_name: str, email: str) -> Invited:
    """Give a person a place to fill in and, if needed, a link to sign in. Raises NotAllowed, Invalid, Conflict."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    name, address = cleaning.name(full_name), cleaning.email(email)
    person = people.find_by_email(session, address.key)
    if person is None:
        person = people.add(session, actor, full_name=name, email=address.typed, email_key=address.key)
    enrolment = _place_for(session, person, cohort, side)
    session.flush()
    audit.record(session, actor, "enrolment.invited", enrolment.id, scheme_id=cohort.scheme_id, side=side.value)
    queued = accounts.ensure_invited(session, actor, person.id, scheme_id=cohort.scheme_id)
    invited = Invited(enrolment.id, person.full_name, queued)
    try:
        session.commit()
    except IntegrityError as clash:
        # Two coordinators can invite one address at once. The unique indexes decide; a check up here could not.
        session.rollback()
        raise _invited_already() from clash
    return invited


@writes
def approve(session: Session, actor: Actor, enrolment_ids: Iterable[UUID]) -> int:
    """Let submitted enrolments in, all or none; answers how many. Raises NotAllowed, Conflict."""
    found = _to_decide(session, actor, enrolment_ids)
    for enrolment, _ in found:
        # Whoever cannot sign in yet is welcomed by the invitation: two emails at once would only confuse.
        is_known = accounts.can_sign_in(session, enrolment.person_id)
        _decide(session, actor, enrolment, EnrolmentStatus.APPROVED, tell=is_known)
        enrolment.waiting_since = enrolment.waiting_since or utc_now()
        accounts.ensure_invited(session, actor, enrolment.person_id, scheme_id=_scheme_id(session, enrolment))
    session.commit()
    return len(found)


@writes
def return_(session: Session, actor: Actor, enrolment_id: UUID, note: str) -> None:
    """Give the form back with a question, to be sent again. Raises NotAllowed, Invalid, Conflict."""
    enrolment = access.enrolment_to_coordinate(session, actor, enrolment_id)
    _refuse_decided(enrolment)
    question = cleaning.text(note, field="The question", longest=LONGEST_NOTE)
    if not question:
        raise Invalid("The question is empty.", remedy="Write what the person should add or change.")
    _decide(session, actor, enrolment, EnrolmentStatus.RETURNED, note=question)
    session.commit()


@writes
def decline(session: Session, actor: Actor, enrolment_ids: Iterable[UUID]) -> int:
    """Turn submitted enrolments down, all or none; answers how many. Raises NotAllowed, Conflict."""
    found = _to_decide(session, actor, enrolment_ids)
    for enrolment, _ in found:
        _decide(session, actor, enrolment, EnrolmentStatus.DECLINED)
    session.commit()
    return len(found)


def preview(
    session: Session, actor: Actor, enrolment_id: UUID, decision: EnrolmentStatus, *, note: str = ""
) -> messages.Preview:
    """The mail that a decision (approved, returned, declined) would send to this person. Raises NotAllowed."""
    enrolment = access.enrolment_to_coordinate(session, actor, enrolment_id)
    facts: dict[str, Any] = {"note": note} if decision is EnrolmentStatus.RETURNED else {}
    scheme_id, template = _scheme_id(session, enrolment), TEMPLATES[decision]
    if decision is EnrolmentStatus.APPROVED and not accounts.can_sign_in(session, enrolment.person_id):
        template = "invitation"
    return messages.preview(session, person_id=enrolment.person_id, template=template, scheme_id=scheme_id, **facts)


def _to_decide(session: Session, actor: Actor, enrolment_ids: Iterable[UUID]) -> list[tuple[Enrolment, Person]]:
    """The enrolments with their people, each the actor's to decide and waiting for it. Raises NotAllowed, Conflict."""
    wanted = list(dict.fromkeys(enrolment_ids))
    statement = select(Enrolment, Person).join(Person, col(Person.id) == Enrolment.person_id)
    # One query brings all; as long as they are held here, whatever asks for one of them again finds it at hand.
    held = session.exec(statement.where(col(Enrolment.id).in_(wanted))).all()
    for each in wanted:
        _refuse_decided(access.enrolment_to_coordinate(session, actor, each))
    return list(held)


def _refuse_decided(enrolment: Enrolment) -> None:
    if enrolment.status is not EnrolmentStatus.SUBMITTED:
        raise Conflict(
            "An enrolment that you chose is not waiting for a decision.", remedy="Reload the page to see how it stands."
        )


def _decide(
    session: Session, actor: Actor, enrolment: Enrolment, status: EnrolmentStatus, *, tell: bool = True, **facts: Any
) -> None:
    """Adds the decision, the journal's entry and, unless another says it, the mail; `facts` are the mail's."""
    scheme_id, person_id, template = _scheme_id(session, enrolment), enrolment.person_id, TEMPLATES[status]
    # A form can go back twice: the version tells one decision from the next.
    event = f"{enrolment.id}:{enrolment.version}"
    enrolment.status, enrolment.decided_at, enrolment.decision_note = status, utc_now(), facts.get("note")
    audit.record(session, actor, f"enrolment.{status.value}", enrolment.id, scheme_id=scheme_id)
    if tell:
        messages.queue(session, person_id=person_id, template=template, scheme_id=scheme_id, event=event, **facts)


def _scheme_id(session: Session, enrolment: Enrolment) -> UUID:
    return session.get_one(Cohort, enrolment.cohort_id).scheme_id


def _place_for(session: Session, person: Person, cohort: Cohort, side: Side) -> Enrolment:
    """Adds the place. Raises Conflict when the person has it already."""
    there = select(Enrolment.id).where(
        Enrolment.person_id == person.id, Enrolment.cohort_id == cohort.id, Enrolment.side == side
    )
    if session.exec(there).first() is not None:
        raise _invited_already()
    enrolment = Enrolment(
        person_id=person.id, cohort_id=cohort.id, side=side, sort_key=person.full_name.casefold()[:200]
    )
    session.add(enrolment)
    return enrolment


def _invited_already() -> Conflict:
    return Conflict("This person has that place already.", remedy="Look for the address in the list.")
