"""What follows when two people turn out not to be a pair after something began between them (A-SH2, U-C4.5).

What was only proposed is taken back at once. A pair that works together goes on until one of the two ends it; its
coordinator is asked on Home to look at it (services/kept_apart.py), and is told neither who said so nor why.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.enrolments import Enrolment, Side
from models.matching import Proposal, ProposalStatus
from models.pairings import Pairing, PairingStatus
from models.schemes import Cohort
from services import audit, proposal_taking_back
from services.access import DESK


def take_back_proposals(session: Session, person_id: UUID, others: Collection[UUID]) -> None:
    """Takes back every open proposal between a person and these, in whatever cohort; never commits.

    Whoever said so gets no email about it. The journal has the desk as the one who did it: a participant there would
    tell a reader whose answer it was.
    """
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    statement = (
        select(Proposal, col(mentor.person_id))
        .join(mentor, col(mentor.id) == col(Proposal.mentor_id))
        .join(mentee, col(mentee.id) == col(Proposal.mentee_id))
        .where(
            col(Proposal.status).in_((ProposalStatus.DRAFT, ProposalStatus.SENT)),
            _between(mentor, mentee, person_id, others),
        )
        .order_by(col(Proposal.id))
        .with_for_update(of=Proposal)
        .execution_options(populate_existing=True)
    )
    for proposal, mentors_self in session.execute(statement).all():
        own = Side.MENTOR if mentors_self == person_id else Side.MENTEE
        proposal_taking_back.take_back(session, DESK, proposal, but=own)


def ask_for_a_look(session: Session, person_id: UUID, others: Collection[UUID]) -> None:
    """Notes in the journal that every open pair of a person and one of these is to be looked at; never commits.

    So that the Home of each scheme's coordinators counts anew, in whichever scheme somebody said so.
    """
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    statement = (
        select(col(Pairing.id), col(Cohort.scheme_id))
        .join(Cohort, col(Cohort.id) == col(Pairing.cohort_id))
        .join(mentor, col(mentor.id) == col(Pairing.mentor_id))
        .join(mentee, col(mentee.id) == col(Pairing.mentee_id))
        .where(col(Pairing.status) != PairingStatus.ENDED, _between(mentor, mentee, person_id, others))
        .order_by(col(Pairing.id))
    )
    for pairing_id, scheme_id in session.execute(statement).all():
        audit.record(session, DESK, "pairing.look_again", pairing_id, scheme_id=scheme_id)


def _between(mentor: Any, mentee: Any, person_id: UUID, others: Collection[UUID]) -> Any:
    """SQL: of these two enrolments one is the person's and the other one of the others'."""
    return or_(
        and_(col(mentor.person_id) == person_id, col(mentee.person_id).in_(others)),
        and_(col(mentee.person_id) == person_id, col(mentor.person_id).in_(others)),
    )
