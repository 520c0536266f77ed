"""What proposals say by email, and to whom. The fields that go out are named here one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.enrolments import Enrolment, Side, Wish
from models.matching import Proposal
from models.people import LinkPurpose, Person, Role, RoleGrant
from models.schemes import AnsweredBy, Cohort, Scheme
from services import messages
from services.messages import Addressed, Link
from services.schemes.sectors import sectors


@dataclass(frozen=True)
class Mail:
    """One email that a proposal sends: to whom, which template, and what stands in it."""

    person_id: UUID
    template: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class PreviewedMail:
    """An email exactly as it will leave, but for its personal link."""

    proposal_id: UUID
    to_name: str
    to_address: str
    subject: str
    text: str


def scheme_of(session: Session, proposal: Proposal) -> Scheme:
    """The scheme that a proposal belongs to."""
    return session.get_one(Scheme, session.get_one(Cohort, proposal.cohort_id).scheme_id)


def person_on(session: Session, proposal: Proposal, side: Side) -> UUID:
    """The person on one side of a proposal."""
    enrolment_id = proposal.mentee_id if side is Side.MENTEE else proposal.mentor_id
    return session.exec(select(Enrolment.person_id).where(Enrolment.id == enrolment_id)).one()


def first_asked(session: Session, scheme: Scheme, proposals: Sequence[Proposal]) -> list[Side]:
    """Of each the mentee; only where the mentor answers last and the mentee wished for them has the mentee said yes."""
    if scheme.answered_by is not AnsweredBy.MENTOR_AFTER_WISH:
        return [Side.MENTEE] * len(proposals)
    mentees = [proposal.mentee_id for proposal in proposals]
    asked = select(Wish.mentee_id, Wish.mentor_id).where(col(Wish.mentee_id).in_(mentees))
    wished = {(mentee, mentor) for mentee, mentor in session.exec(asked)}
    pairs = ((proposal.mentee_id, proposal.mentor_id) for proposal in proposals)
    return [Side.MENTOR if pair in wished else Side.MENTEE for pair in pairs]


def question(session: Session, proposal: Proposal) -> Mail:
    """The email that asks whomever the proposal waits for; `expires_at` must be set."""
    return _question(proposal, _parties(session, [proposal]))


def ask(session: Session, proposals: Sequence[Proposal], scheme: Scheme) -> None:
    """Queues the questions of a scheme's proposals, each with a link to answer it; never commits."""
    parties = _parties(session, proposals)
    letters: dict[str, list[Addressed]] = {}
    for proposal in proposals:
        mail = _question(proposal, parties)
        link = Link(LinkPurpose.ANSWER_PROPOSAL, proposal.id, scheme.proposal_expiry_days * 24)
        reader = Addressed(mail.person_id, mail.facts, _asking(proposal), link)
        letters.setdefault(mail.template, []).append(reader)
    for template, readers in letters.items():
        messages.queue_many(session, readers, template=template, scheme_id=scheme.id)


def unask(session: Session, proposal: Proposal) -> bool:
    """Cancels the question while it waits to leave; never commits. False when it has left."""
    person = person_on(session, proposal, proposal.waits_for)
    template = "proposal_to_mentee" if proposal.waits_for is Side.MENTEE else "proposal_to_mentor"
    return messages.take_back(session, person_id=person, template=template, event=_asking(proposal))


def reminder(session: Session, proposal: Proposal) -> Mail:
    """The email that asks once more."""
    person = person_on(session, proposal, proposal.waits_for)
    return Mail(person, "proposal_reminder", {"expires_on": proposal.expires_at})


def remind(session: Session, proposal: Proposal) -> None:
    """Queues one more reminder and counts it; never commits."""
    proposal.reminders_sent += 1
    mail = reminder(session, proposal)
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


def previewed(session: Session, proposal: Proposal, mail: Mail) -> PreviewedMail:
    """The mail with its text; the caller has asked whether the actor may see it."""
    scheme = scheme_of(session, proposal)
    letter = messages.preview(
        session, person_id=mail.person_id, template=mail.template, scheme_id=scheme.id, **mail.facts
    )
    name, address = session.exec(select(Person.full_name, Person.email).where(Person.id == mail.person_id)).one()
    return PreviewedMail(proposal.id, name, address, letter.subject, letter.text)


def _asking(proposal: Proposal) -> str:
    return f"proposal-{proposal.id}-asks-{proposal.waits_for.value}"


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


@dataclass(frozen=True)
class _Party:
    """One side of a proposal: the person, and what of them may stand in a question."""

    person_id: UUID
    name: str
    role: str | None
    sector: str | None
    summary: str | None
    goals: str | None


def _parties(session: Session, proposals: Sequence[Proposal]) -> dict[UUID, _Party]:
    """Both sides of these proposals by their enrolments."""
    ids = {one for proposal in proposals for one in (proposal.mentor_id, proposal.mentee_id)}
    columns: tuple[Any, ...] = (
        Enrolment.id,
        Enrolment.person_id,
        Person.full_name,
        Enrolment.role_title,
        Enrolment.sector,
        Enrolment.summary,
        Enrolment.goals,
    )
    asked: Any = select(*columns).join(Person, col(Person.id) == col(Enrolment.person_id))
    return {row[0]: _Party(*row[1:]) for row in session.exec(asked.where(col(Enrolment.id).in_(ids)))}


def _question(proposal: Proposal, parties: Mapping[UUID, _Party]) -> Mail:
    mentor, mentee = parties[proposal.mentor_id], parties[proposal.mentee_id]
    if proposal.waits_for is Side.MENTEE:
        return Mail(mentee.person_id, "proposal_to_mentee", _of_mentor(mentor, proposal))
    return Mail(mentor.person_id, "proposal_to_mentor", _of_mentee(mentee, proposal))


def _of_mentor(mentor: _Party, proposal: Proposal) -> dict[str, Any]:
    """The mentor's four public fields (U-1), and nothing else of the mentor."""
    return {
        "mentor_name": mentor.name,
        "mentor_role": mentor.role,
        "mentor_sector": sectors().get(mentor.sector or "", mentor.sector),
        "mentor_summary": mentor.summary,
        "reasons": proposal.reasons,
        "expires_on": proposal.expires_at,
    }


def _of_mentee(mentee: _Party, proposal: Proposal) -> dict[str, Any]:
    """The mentee's name, summary and goals, and nothing else of the mentee."""
    return {
        "mentee_name": mentee.name,
        "mentee_summary": mentee.summary,
        "goals": mentee.goals,
        "expires_on": proposal.expires_at,
    }
