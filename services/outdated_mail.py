"""Mail whose reason is gone by the time it could leave: an answered question, an ended pair, somebody who has left.

Asked by the worker at each delivery, for all that it takes at once; what its reader has done by then is looked up in
services/done_mail.py. What is not known to be outdated goes. So does what tells somebody of something done to them or
theirs (an ended pair, an ended role, a signed copy, a corrected address, an answer that was written down), whatever has
happened since: it stays true, and they must hear of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.agreements import DocumentDraft
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import Proposal, ProposalStatus
from models.messages import Message
from models.pairings import Pairing, PairingStatus
from models.people import Account, AccountStatus, Role, RoleGrant
from models.schemes import Cohort
from services import done_mail

START = "No longer needed: "
ANSWERED = START + "the proposal was answered, taken back or over before this left."
ENDED = START + "the pair had ended before this left."
LEFT = START + "this person had left the scheme before this left."
DONE = START + "it was done, or was no longer asked for, before this left."
BACK = START + "this person was back before this left."
CHECKED = START + "the draft was published, changed or thrown away before this left."
NO_ROLE = START + "this person no longer had the role when this could leave."
CLOSED = START + "the account was closed before this left."

QUESTIONS = frozenset({"proposal_to_mentee", "proposal_to_mentor", "proposal_reminder"})
# They name their pair as the message's subject.
OF_A_PAIR = frozenset(
    {"proposal_accepted_mentee", "proposal_accepted_mentor", "ways_proposed", "pair_paused", "pair_resumed"}
)
# "Are you back?"
OF_A_BREAK = "pause_return_asked"
FOR_COORDINATORS = frozenset({"proposal_declined_coordinator", "answer_disputed", "document_to_check"})
# Their link would open nothing.
TO_SIGN_IN = frozenset({"invitation", "password_reset"})
# What only somebody who takes part has to do or would want to know, or what would not be true of anybody else.
OF_TAKING_PART = frozenset(
    {
        "nudge",
        "enrolment_approved",
        "enrolment_returned",
        "enrolment_corrected",
        "proposal_expired",
        "proposal_not_available",
        "proposal_taken_back",
        "sign_documents",
        "sign_again",
        "training_asked",
        "training_soon",
        "training_due",
        "feedback_due",
        "resource_digest",
        "pause_begun",
        "pause_begun_for",
        "pause_ended_for",
        OF_A_BREAK,
        *OF_A_PAIR,
    }
)
GONE = frozenset({EnrolmentStatus.WITHDRAWN, EnrolmentStatus.DECLINED})


@dataclass(frozen=True)
class _About:
    """Mail that names a row as its subject, and goes only while there is such a row of which `still` holds."""

    why: str
    templates: frozenset[str]
    row: Any
    still: Any


_ABOUT = (
    _About(BACK, frozenset({"withdrawal_confirmed"}), Enrolment, col(Enrolment.status) == EnrolmentStatus.WITHDRAWN),
    _About(ENDED, OF_A_PAIR, Pairing, col(Pairing.status) != PairingStatus.ENDED),
    _About(CHECKED, frozenset({"document_to_check"}), DocumentDraft, col(DocumentDraft.handed_over_at).is_not(None)),
    _About(NO_ROLE, frozenset({"role_given"}), RoleGrant, true()),
)


def why(session: Session, letters: Sequence[Message], now: datetime) -> dict[UUID, str]:
    """Of these messages those that need not go any more, and why in words. A few queries for each kind among them."""
    found = dict.fromkeys(done_mail.done(session, letters, now), DONE)
    found |= _left(session, letters) | _closed(session, letters)
    for each in _ABOUT:
        found |= _over(session, letters, each)
    return found | _of_no_role(session, letters) | _answered(session, letters, now)


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


def _over(session: Session, letters: Sequence[Message], about: _About) -> dict[UUID, str]:
    named = {each.id: each.link_subject_id for each in letters if each.template in about.templates}
    ids = {subject_id for subject_id in named.values() if subject_id}
    if not ids:
        return {}
    still = set(session.exec(select(about.row.id).where(about.row.id.in_(ids), about.still)))
    return {key: about.why for key, subject_id in named.items() if subject_id in ids - still}


def _of_no_role(session: Session, letters: Sequence[Message]) -> dict[UUID, str]:
    """What only whoever runs the scheme may read, to somebody who no longer does."""
    theirs = {each.id: (each.person_id, each.scheme_id) for each in letters if each.template in FOR_COORDINATORS}
    if not theirs:
        return {}
    statement = select(RoleGrant.person_id, RoleGrant.scheme_id).where(
        col(RoleGrant.person_id).in_({person_id for person_id, _ in theirs.values()}),
        RoleGrant.role == Role.COORDINATOR,
    )
    running = {(person_id, scheme_id) for person_id, scheme_id in session.exec(statement)}
    return {key: NO_ROLE for key, place in theirs.items() if place not in running}


def _closed(session: Session, letters: Sequence[Message]) -> dict[UUID, str]:
    theirs = {each.id: each.person_id for each in letters if each.template in TO_SIGN_IN}
    if not theirs:
        return {}
    closed = select(Account.person_id).where(
        col(Account.person_id).in_(theirs.values()), Account.status == AccountStatus.LOCKED
    )
    locked = set(session.exec(closed))
    return {key: CLOSED for key, person_id in theirs.items() if person_id in locked}


def _left(session: Session, letters: Sequence[Message]) -> dict[UUID, str]:
    """Whoever has places in the scheme, and none that is open; "Are you back?": none on a break.

    Whoever has no place there at all is written to for another reason.
    """
    concerned = [each for each in letters if each.template in OF_TAKING_PART]
    if not concerned:
        return {}
    statement = (
        select(Enrolment.person_id, Cohort.scheme_id, Enrolment.status)
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .where(col(Enrolment.person_id).in_({each.person_id for each in concerned}))
    )
    places = dict[tuple[UUID, UUID | None], set[str]]()
    for person_id, scheme_id, status in session.exec(statement):
        places.setdefault((person_id, scheme_id), set()).add(status)
    found = {}
    for each in concerned:
        known = places.get((each.person_id, each.scheme_id))
        if known and known <= GONE:
            found[each.id] = LEFT
        elif known and each.template == OF_A_BREAK and EnrolmentStatus.PAUSED not in known:
            found[each.id] = BACK
    return found
