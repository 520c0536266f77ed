"""Proposals on their way, for the tests of what becomes of them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import Conflict, ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.matching import Proposal
from models.messages import Message
from models.schemes import AnsweredBy, Cohort
from services import proposals
from services.access import Actor
from services.matching import pins, runs
from tests.factories import (
    make_actor,
    make_cohort,
    make_consent,
    make_coordinator,
    make_enrolment,
    make_pairing,
    make_participant,
    make_person,
    make_scheme,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOON.date()
SECRETS = ("bo.secret@example.org", "+44 20 7946 0999", "bo_wechat_99")


def make_mentor(session: Session, cohort: Cohort, name: str = "Bo Mentor", **facts: Any) -> Enrolment:
    """A mentor with every contact detail, of which the email address is shared."""
    email, telephone, wechat_id = SECRETS
    person = make_person(session, name, email=facts.pop("email", email), telephone=telephone, wechat_id=wechat_id)
    made = make_enrolment(session, cohort, Side.MENTOR, person=person, **facts)
    make_consent(session, made, ConsentPurpose.SHARE_EMAIL)
    return made


def coordinator_of(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def drafted(session: Session, cohort: Cohort, actor: Actor) -> tuple[Proposal, ...]:
    """Drafts of everything that a run of the cohort found."""
    run = runs.run(session, actor, cohort.id, today=TODAY)
    mentees = session.exec(select(Enrolment.id).where(Enrolment.side == Side.MENTEE)).all()
    outcome = proposals.draft(session, actor, run.id, mentees)
    return tuple(session.get_one(Proposal, proposal_id) for proposal_id in outcome.done)


def asked(session: Session, **scheme: Any) -> tuple[Proposal, Actor, Actor, Actor]:
    """A proposal sent for real, with its coordinator, mentee and mentor as actors."""
    cohort = make_cohort(session, make_scheme(session, **scheme))
    mentor = make_mentor(session, cohort)
    mentee = make_enrolment(session, cohort, Side.MENTEE, name="Ama Mentee", goals="To understand tariffs.")
    actor = coordinator_of(session, cohort)
    (proposal,) = drafted(session, cohort, actor)
    proposals.send(session, actor, [proposal.id])
    return proposal, actor, make_participant(session, mentee), make_participant(session, mentor)


def mails(session: Session) -> list[str]:
    return sorted(message.template for message in session.exec(select(Message)))


def actions(session: Session) -> list[str]:
    entries = session.exec(select(AuditEntry).order_by(AuditEntry.sequence))  # type: ignore[arg-type]
    return [entry.action for entry in entries]


Spoil = Callable[[Session, Proposal, Enrolment, Enrolment], None]
UNNC: dict[str, Any] = {"answered_by": AnsweredBy.MENTOR_AFTER_WISH}


def pause_mentor(session: Session, _: Proposal, mentor: Enrolment, __: Enrolment) -> None:
    mentor.status = EnrolmentStatus.PAUSED


def fill_place(session: Session, proposal: Proposal, mentor: Enrolment, _: Enrolment) -> None:
    make_pairing(session, session.get_one(Cohort, proposal.cohort_id), mentor=mentor)


def declare_conflict(session: Session, _: Proposal, mentor: Enrolment, mentee: Enrolment) -> None:
    session.add(Conflict(declared_by_id=mentee.person_id, other_id=mentor.person_id))


def pair_mentee(session: Session, proposal: Proposal, _: Enrolment, mentee: Enrolment) -> None:
    make_pairing(session, session.get_one(Cohort, proposal.cohort_id), mentee=mentee)


def forbid_pair(session: Session, proposal: Proposal, mentor: Enrolment, mentee: Enrolment) -> None:
    cohort = session.get_one(Cohort, proposal.cohort_id)
    pins.forbid(session, coordinator_of(session, cohort), cohort.id, mentor.id, mentee.id)
