"""What proposals say by email, and to whom. The fields that go out are named here one by one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.enrolments import Enrolment, Side
from models.matching import Proposal
from models.people import LinkPurpose, Person, Role, RoleGrant
from models.schemes import Cohort, Scheme
from services import messages
from services.schemes.sectors import sectors


@dataclass(frozen=True)
class Mail:
    """One email that a proposal sends: to whom, which template, and what stands in it."""

    person_id: UUID
    template: str
    facts: Mapping[str, Any]


def scheme_of(session: Session, proposal: Proposal) -> Scheme:
    """The scheme that a proposal belongs to."""
    return session.get_one(Scheme, session.get_one(Cohort, proposal.cohort_id).scheme_id)


def person_on(session: Session, proposal: Proposal, side: Side) -> UUID:
    """The person on one side of a proposal."""
    enrolment_id = proposal.mentee_id if side is Side.MENTEE else proposal.mentor_id
    return session.exec(select(Enrolment.person_id).where(Enrolment.id == enrolment_id)).one()


def question(session: Session, proposal: Proposal) -> Mail:
    """The email that asks whomever the proposal waits for; `expires_at` must be set."""
    write = _to_mentee if proposal.waits_for is Side.MENTEE else _to_mentor
    return write(session, proposal, person_on(session, proposal, proposal.waits_for))


def ask(session: Session, proposal: Proposal) -> None:
    """Queues the question with a link to answer it; never commits."""
    mail, scheme = question(session, proposal), scheme_of(session, proposal)
    event = f"proposal-{proposal.id}-asks-{proposal.waits_for.value}"
    _queue_with_link(session, mail, scheme, proposal, event)


def remind(session: Session, proposal: Proposal) -> None:
    """Queues one more reminder and counts it; never commits."""
    proposal.reminders_sent += 1
    person = person_on(session, proposal, proposal.waits_for)
    mail = Mail(person, "proposal_reminder", {"expires_on": proposal.expires_at})
    event = f"proposal-{proposal.id}-reminds-{proposal.waits_for.value}-{proposal.reminders_sent}"
    _queue_with_link(session, mail, scheme_of(session, proposal), proposal, event)


def confirm_recorded(session: Session, proposal: Proposal, *, accepted: bool) -> None:
    """Queues the notice of a written-down answer, whose link says "this was not me"; never commits."""
    facts = {"answer": "yes" if accepted else "no", "received_on": proposal.email_received_on}
    mail = Mail(person_on(session, proposal, Side.MENTEE), "answer_recorded", facts)
    _queue_with_link(session, mail, scheme_of(session, proposal), proposal, f"proposal-{proposal.id}-recorded")


def tell(session: Session, proposal: Proposal, side: Side, template: str) -> None:
    """Queues a notice without an answer to one side; never commits."""
    person = person_on(session, proposal, side)
    event = f"proposal-{proposal.id}-{template}"
    messages.queue(session, person_id=person, template=template, scheme_id=scheme_of(session, proposal).id, event=event)


def tell_coordinators(session: Session, proposal: Proposal, template: str) -> None:
    """Queues a notice to everybody who coordinates the scheme; never commits."""
    scheme = scheme_of(session, proposal)
    coordinators = select(RoleGrant.person_id).where(
        RoleGrant.scheme_id == scheme.id, RoleGrant.role == Role.COORDINATOR
    )
    for person in session.exec(coordinators.order_by(col(RoleGrant.person_id))).all():
        event = f"proposal-{proposal.id}-{template}"
        messages.queue(session, person_id=person, template=template, scheme_id=scheme.id, event=event)


def _queue_with_link(session: Session, mail: Mail, scheme: Scheme, proposal: Proposal, event: str) -> None:
    messages.queue(
        session,
        person_id=mail.person_id,
        template=mail.template,
        scheme_id=scheme.id,
        event=event,
        link_purpose=LinkPurpose.ANSWER_PROPOSAL,
        link_subject_id=proposal.id,
        link_hours=scheme.proposal_expiry_days * 24,
        **mail.facts,
    )


def _to_mentee(session: Session, proposal: Proposal, person_id: UUID) -> Mail:
    """The mentor's four public fields (U-1), and nothing else of the mentor."""
    statement = (
        select(Person.full_name, Enrolment.role_title, Enrolment.sector, Enrolment.summary)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(Enrolment.id == proposal.mentor_id)
    )
    name, role, sector, summary = session.exec(statement).one()
    facts = {
        "mentor_name": name,
        "mentor_role": role,
        "mentor_sector": sectors().get(sector or "", sector),
        "mentor_summary": summary,
        "reasons": proposal.reasons,
        "expires_on": proposal.expires_at,
    }
    return Mail(person_id, "proposal_to_mentee", facts)


def _to_mentor(session: Session, proposal: Proposal, person_id: UUID) -> Mail:
    """The mentee's name, summary and goals, and nothing else of the mentee."""
    statement = (
        select(Person.full_name, Enrolment.summary, Enrolment.goals)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(Enrolment.id == proposal.mentee_id)
    )
    name, summary, goals = session.exec(statement).one()
    facts = {"mentee_name": name, "mentee_summary": summary, "goals": goals, "expires_on": proposal.expires_at}
    return Mail(person_id, "proposal_to_mentor", facts)
