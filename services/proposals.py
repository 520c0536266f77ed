"""Proposals: what a coordinator does with them. Answers are in `proposal_answers`, reads in `proposal_board`."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment
from models.matching import MatchingRun, Proposal, ProposalStatus, RunPair
from models.schemes import Cohort, Scheme
from services import access, audit, proposal_mail, times
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.matching import reading
from services.matching.sharing import SHAREABLE
from services.proposal_answers import (
    Answered,
    accept,
    declare_relationship,
    decline,
    record_email_answer,
)
from services.proposal_board import board, to_send
from services.proposal_chasing import remind
from services.proposal_jobs import expire_due, remind_due
from services.proposal_mail import PreviewedMail
from services.proposal_mine import mine
from services.proposal_outcomes import HeldBack, Outcome, held_back, people_of
from services.proposal_withdrawals import withdraw
from services.units import writes

__all__ = [
    "Answered",
    "HeldBack",
    "Outcome",
    "PreviewedMail",
    "accept",
    "board",
    "declare_relationship",
    "decline",
    "draft",
    "expire_due",
    "mine",
    "preview",
    "record_email_answer",
    "remind",
    "remind_due",
    "send",
    "to_send",
    "withdraw",
]

PARTY = "You are a party to this proposal; another coordinator handles it."


@writes
def draft(session: Session, actor: Actor, run_id: UUID, mentee_ids: Sequence[UUID]) -> Outcome:
    """Make proposals of these mentees' pairs in a run, to be looked at before they are sent.

    A pair that no longer holds is held back, and the rest goes on. Raises NotAllowed, Conflict.
    """
    run = session.get(MatchingRun, run_id)
    if run is None:
        raise NotAllowed("You cannot open this run.", remedy="Ask one of the scheme's coordinators.")
    cohort = access.cohort_to_coordinate(session, actor, run.cohort_id)
    chosen = [_as_proposal(pair, cohort.id) for pair in _pairs(session, run_id, frozenset(mentee_ids))]
    holding, held_back = _sorted_out(session, actor, cohort, chosen)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    for proposal, side in zip(holding, proposal_mail.first_asked(session, scheme, holding), strict=True):
        proposal.waits_for = side
        session.add(proposal)
        audit.record(session, actor, "proposal.drafted", proposal.id, run_id=str(run_id))
    return _committed(session, holding, held_back)


@writes
def send(session: Session, actor: Actor, proposal_ids: Collection[UUID], *, later: Collection[UUID] = ()) -> Outcome:
    """Send drafts to whoever answers first, once every gate, place and conflict has been asked again.

    What no longer holds stays a draft and is named. `later` are drafts that the same sending comes to afterwards: they
    hold no place before these, so that many can be sent in several units of work as they would be in one.
    Raises NotAllowed, Invalid, Conflict.
    """
    # Locks are taken in one order everywhere: proposal, mentor, journal.
    chosen = access.proposals_to_coordinate(session, actor, proposal_ids)
    cohorts = {proposal.cohort_id for proposal in chosen}
    if len(cohorts) != 1:
        raise Invalid("Choose proposals of one cohort.", remedy="Open the cohort's proposals and send them from there.")
    cohort = session.get_one(Cohort, cohorts.pop())
    scheme = session.get_one(Scheme, cohort.scheme_id)
    drafts = [proposal for proposal in chosen if proposal.status is ProposalStatus.DRAFT]
    holding, held_back = _sorted_out(session, actor, cohort, drafts, later)
    now = utc_now()
    for proposal, side in zip(holding, proposal_mail.first_asked(session, scheme, holding), strict=True):
        proposal.waits_for, proposal.status, proposal.sent_at = side, ProposalStatus.SENT, now
        proposal.expires_at = now + timedelta(days=scheme.proposal_expiry_days)
    proposal_mail.ask(session, holding, scheme)
    for proposal in holding:
        audit.record(session, actor, "proposal.sent", proposal.id, waits_for=proposal.waits_for.value)
    return _committed(session, holding, held_back)


def preview(session: Session, actor: Actor, proposal_ids: Sequence[UUID]) -> tuple[PreviewedMail, ...]:
    """The emails that sending these drafts would queue now. Raises NotAllowed."""
    return tuple(_previewed(session, actor, proposal_id) for proposal_id in proposal_ids)


def _pairs(session: Session, run_id: UUID, mentee_ids: frozenset[UUID]) -> list[RunPair]:
    statement = select(RunPair).where(RunPair.run_id == run_id, col(RunPair.mentor_id).is_not(None))
    ordered = statement.order_by(col(RunPair.score).desc(), col(RunPair.mentee_id))
    return [pair for pair in session.exec(ordered) if pair.mentee_id in mentee_ids]


def _as_proposal(pair: RunPair, cohort_id: UUID) -> Proposal:
    strong = [part["sentence"] for part in pair.parts if part["strong"] and part["criterion"] in SHAREABLE]
    return Proposal(
        cohort_id=cohort_id,
        run_id=pair.run_id,
        mentor_id=cast("UUID", pair.mentor_id),  # unmatched lines were left in the database
        mentee_id=pair.mentee_id,
        score=pair.score,
        reasons=strong,
    )


def _sorted_out(
    session: Session, actor: Actor, cohort: Cohort, chosen: Sequence[Proposal], later: Collection[UUID] = ()
) -> tuple[list[Proposal], tuple[HeldBack, ...]]:
    """Those of the drafts that may go on now, and the others with the reason why not."""
    _hold_mentors(session, [proposal.mentor_id for proposal in chosen])
    mine = {proposal.id for proposal in chosen} | _still_drafts(session, cohort, later)
    open_now = reading.availability(session, cohort, times.gate_day(), beside=mine)
    _, forbidden = reading.rules_in_force(session, cohort.id)
    people = people_of(session, chosen)
    holding, stopped = [], []
    for proposal in chosen:
        party = PARTY if actor.person_id in {people[proposal.mentor_id].id, people[proposal.mentee_id].id} else None
        against = reading.DECIDED_AGAINST if (proposal.mentor_id, proposal.mentee_id) in forbidden else None
        why = party or against or open_now.why_not(proposal.mentor_id, proposal.mentee_id)
        if why:
            stopped.append(held_back(people, proposal, why))
        else:
            holding.append(proposal)
            open_now = open_now.taking(proposal.mentor_id, proposal.mentee_id)
    return holding, tuple(stopped)


def _still_drafts(session: Session, cohort: Cohort, proposal_ids: Collection[UUID]) -> set[UUID]:
    """Of these, the drafts: one that a colleague has sent meanwhile holds its place."""
    drafts = select(Proposal.id).where(Proposal.cohort_id == cohort.id, Proposal.status == ProposalStatus.DRAFT)
    return set(session.exec(drafts)) & set(proposal_ids) if proposal_ids else set()


def _hold_mentors(session: Session, mentor_ids: Sequence[UUID]) -> None:
    """Lock the mentors, in one order for everybody: of two coordinators who fill a last place, one comes second."""
    statement = select(Enrolment.id).where(col(Enrolment.id).in_(mentor_ids)).order_by(col(Enrolment.id))
    session.exec(statement.with_for_update()).all()


def _previewed(session: Session, actor: Actor, proposal_id: UUID) -> PreviewedMail:
    proposal = access.proposal_to_coordinate(session, actor, proposal_id)
    scheme = proposal_mail.scheme_of(session, proposal)
    mail = proposal_mail.question(session, proposal)
    expires_on = proposal.expires_at or utc_now() + timedelta(days=scheme.proposal_expiry_days)
    return proposal_mail.previewed(session, proposal, replace(mail, facts={**mail.facts, "expires_on": expires_on}))


def _committed(session: Session, holding: Sequence[Proposal], held_back: tuple[HeldBack, ...]) -> Outcome:
    outcome = Outcome(tuple(proposal.id for proposal in holding), held_back)
    try:
        session.commit()
    except IntegrityError as clash:
        # Two coordinators can draft for one mentee at once. The unique index decides.
        session.rollback()
        raise Conflict(
            "Another coordinator proposed somebody to one of these mentees a moment ago.",
            remedy="Nothing was saved. Reload the page and choose again.",
        ) from clash
    return outcome
