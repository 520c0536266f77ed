"""Taking proposals back: what was never sent can be put back; whoever knew of one hears that it is off."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from models.matching import Proposal, ProposalStatus
from models.schemes import Cohort
from services import access, audit, proposal_mail, times
from services.access import Actor
from services.errors import Conflict
from services.matching import reading
from services.matching.reading import Availability, Pair
from services.proposal_answers import locked
from services.proposal_jobs import who_knows
from services.proposal_mail import Mail, PreviewedMail
from services.proposal_outcomes import Outcome, held_back, people_of
from services.proposal_taking_back import take_back, template_for
from services.units import writes

DECIDED = "It has been decided already."
WAS_SENT = "It was sent, so it cannot be put back."


@writes
def withdraw(session: Session, actor: Actor, proposal_id: UUID) -> None:
    """Take a proposal back; its links then say that it is no longer available. Raises NotAllowed, Conflict."""
    proposal = locked(session, access.proposal_to_coordinate(session, actor, proposal_id))
    if proposal.status not in reading.OPEN_PROPOSAL:
        raise Conflict("This proposal has been decided already.", remedy="Reload the page to see how.")
    take_back(session, actor, proposal)
    session.commit()


@writes
def withdraw_all(session: Session, actor: Actor, proposal_ids: Sequence[UUID]) -> Outcome:
    """Take these back; those that were decided meanwhile are held back and named. Raises NotAllowed."""
    chosen = [access.proposal_to_coordinate(session, actor, one) for one in sorted(set(proposal_ids))]
    people, done, stopped = people_of(session, chosen), [], []
    for proposal in (locked(session, one) for one in chosen):
        if proposal.status in reading.OPEN_PROPOSAL:
            take_back(session, actor, proposal)
            done.append(proposal.id)
        else:
            stopped.append(held_back(people, proposal, DECIDED))
    session.commit()
    return Outcome(tuple(done), tuple(stopped))


@writes
def put_back(session: Session, actor: Actor, proposal_ids: Sequence[UUID]) -> Outcome:
    """Undo the withdrawal of drafts, as far as they still can be; the others are held back and named.

    Raises NotAllowed, Conflict.
    """
    chosen = [locked(session, access.proposal_to_coordinate(session, actor, one)) for one in sorted(set(proposal_ids))]
    people, done, stopped = people_of(session, chosen), [], []
    rooms = _rooms(session, chosen)
    try:
        for proposal in chosen:
            room = rooms[proposal.cohort_id]
            if why := _why_not_back(proposal, room):
                stopped.append(held_back(people, proposal, why))
                continue
            proposal.status, proposal.answered_at = ProposalStatus.DRAFT, None
            audit.record(session, actor, "proposal.put_back", proposal.id)
            # The next one of the list must find this place taken.
            room.open_now = room.open_now.taking(proposal.mentor_id, proposal.mentee_id)
            done.append(proposal.id)
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise Conflict(
            "Another coordinator proposed somebody to one of these mentees a moment ago.",
            remedy="Nothing was put back. Reload the page and look again.",
        ) from clash
    return Outcome(tuple(done), tuple(stopped))


def preview_withdrawals(session: Session, actor: Actor, proposal_ids: Sequence[UUID]) -> tuple[PreviewedMail, ...]:
    """The emails that withdrawing these would queue, if their questions have left by then. Raises NotAllowed."""
    chosen = [access.proposal_to_coordinate(session, actor, one) for one in proposal_ids]
    sent = [one for one in chosen if one.status is ProposalStatus.SENT]
    return tuple(
        proposal_mail.previewed(
            session, one, Mail(proposal_mail.person_on(session, one, side), template_for(one, side), {})
        )
        for one in sent
        for side in who_knows(one)
    )


def never_sent(session: Session, actor: Actor, proposal_ids: Sequence[UUID]) -> tuple[UUID, ...]:
    """Those of these that were drafts when they were withdrawn, so that they can be put back. Raises NotAllowed."""
    chosen = [access.proposal_to_coordinate(session, actor, one) for one in proposal_ids]
    return tuple(one.id for one in chosen if one.sent_at is None)


@dataclass
class _Room:
    """Who may be paired in a cohort while drafts are put back one by one, and what coordinators decided against."""

    open_now: Availability
    forbidden: frozenset[Pair]


def _rooms(session: Session, chosen: Sequence[Proposal]) -> dict[UUID, _Room]:
    """By cohort, each read once, however many are put back."""
    cohorts = [session.get_one(Cohort, cohort_id) for cohort_id in {one.cohort_id for one in chosen}]
    today = times.gate_day()
    return {
        cohort.id: _Room(reading.availability(session, cohort, today), reading.rules_in_force(session, cohort.id)[1])
        for cohort in cohorts
    }


def _why_not_back(proposal: Proposal, room: _Room) -> str | None:
    if proposal.status is not ProposalStatus.WITHDRAWN:
        return DECIDED
    if proposal.sent_at is not None:
        return WAS_SENT
    if (proposal.mentor_id, proposal.mentee_id) in room.forbidden:
        return reading.DECIDED_AGAINST
    return room.open_now.why_not(proposal.mentor_id, proposal.mentee_id)
