"""Mail whose reason is gone by the time it could leave: an answered question, an ended pair, somebody who has left.

Asked by the worker at each delivery, for all that it takes at once. What is not known to be outdated goes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import Proposal, ProposalStatus
from models.messages import Message
from models.pairings import Pairing, PairingStatus
from models.schemes import Cohort

START = "No longer needed: "
ANSWERED = START + "the proposal was answered, taken back or over before this left."
ENDED = START + "the pair had ended before this left."
LEFT = START + "this person had left the scheme before this left."

QUESTIONS = frozenset({"proposal_to_mentee", "proposal_to_mentor", "proposal_reminder"})
# They name their pair as the message's subject.
OF_A_PAIR = frozenset({"ways_proposed", "pair_paused", "pair_resumed"})
# What only somebody who takes part has to do or would want to know.
OF_TAKING_PART = frozenset(
    {
        "nudge",
        "enrolment_approved",
        "sign_documents",
        "sign_again",
        "training_asked",
        "training_soon",
        "training_due",
        "feedback_due",
        "resource_digest",
        "pause_return_asked",
        *OF_A_PAIR,
    }
)
GONE = frozenset({EnrolmentStatus.WITHDRAWN, EnrolmentStatus.DECLINED})


def why(session: Session, letters: Sequence[Message], now: datetime) -> dict[UUID, str]:
    """Of these messages those that need not go any more, and why in words. At most three queries."""
    return {**_left(session, letters), **_ended(session, letters), **_answered(session, letters, now)}


def _answered(session: Session, letters: Sequence[Message], now: datetime) -> dict[UUID, str]:
    """Questions and reminders of proposals that no longer wait for their reader."""
    asking = {each.id: each for each in letters if each.template in QUESTIONS and each.link_subject_id}
    if not asking:
        return {}
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    columns: tuple[Any, ...] = (
        col(Proposal.id),
        col(Proposal.waits_for),
        col(mentor.person_id),
        col(mentee.person_id),
    )
    statement = (
        select(*columns)
        .join(mentor, col(mentor.id) == col(Proposal.mentor_id))
        .join(mentee, col(mentee.id) == col(Proposal.mentee_id))
        .where(
            col(Proposal.id).in_({each.link_subject_id for each in asking.values()}),
            col(Proposal.status) == ProposalStatus.SENT,
            col(Proposal.expires_at) > now,
        )
    )
    waiting = {
        proposal_id: mentors_self if waits_for is Side.MENTOR else mentees_self
        for proposal_id, waits_for, mentors_self, mentees_self in session.exec(statement)
    }
    return {key: ANSWERED for key, each in asking.items() if waiting.get(each.link_subject_id) != each.person_id}


def _ended(session: Session, letters: Sequence[Message]) -> dict[UUID, str]:
    of_pairs = {each.id: each.link_subject_id for each in letters if each.template in OF_A_PAIR}
    ids = {pairing_id for pairing_id in of_pairs.values() if pairing_id}
    if not ids:
        return {}
    over = set(session.exec(select(Pairing.id).where(col(Pairing.id).in_(ids), Pairing.status == PairingStatus.ENDED)))
    return {key: ENDED for key, pairing_id in of_pairs.items() if pairing_id in over}


def _left(session: Session, letters: Sequence[Message]) -> dict[UUID, str]:
    """Whoever has places in the scheme, and none that is open. Without any, they are written to for another reason."""
    theirs = {each.id: (each.person_id, each.scheme_id) for each in letters if each.template in OF_TAKING_PART}
    if not theirs:
        return {}
    statement = (
        select(Enrolment.person_id, Cohort.scheme_id, Enrolment.status)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .where(col(Enrolment.person_id).in_({person_id for person_id, _ in theirs.values()}))
    )
    known, here = set[tuple[UUID, UUID | None]](), set[tuple[UUID, UUID | None]]()
    for person_id, scheme_id, status in session.exec(statement):
        known.add((person_id, scheme_id))
        if status not in GONE:
            here.add((person_id, scheme_id))
    return {key: LEFT for key, place in theirs.items() if place in known - here}
