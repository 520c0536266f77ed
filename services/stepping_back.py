"""What follows when somebody is not there any more, for a while or for good: for their proposals and their pairs.

Pieces of the units of work in `pauses` and `departures`: nothing here commits.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.matching import Proposal, ProposalStatus
from models.pairings import EndReason, Pairing, PairingStatus, WaysOfWorking
from models.pauses import PairingPause, Pause
from models.people import Person
from models.schemes import Cohort, Scheme
from services import audit, messages, pairings, proposal_jobs, proposal_mail, times
from services.access import Actor
from services.pairings import OTHER


def scheme_of(session: Session, enrolment: Enrolment) -> Scheme:
    """The scheme in which somebody is enrolled."""
    return session.get_one(Scheme, session.get_one(Cohort, enrolment.cohort_id).scheme_id)


def today_of(session: Session, enrolment: Enrolment) -> date:
    """The present day where the scheme is."""
    return times.day_in(utc_now(), scheme_of(session, enrolment).time_zone)


def open_pairs(session: Session, enrolment: Enrolment) -> list[Pairing]:
    """The pairings that somebody is half of and that have not ended, held until the commit."""
    half = or_(col(Pairing.mentor_id) == enrolment.id, col(Pairing.mentee_id) == enrolment.id)
    statement = select(Pairing).where(half, Pairing.status != PairingStatus.ENDED).order_by(col(Pairing.id))
    return list(session.exec(statement.with_for_update().execution_options(populate_existing=True)))


def take_back_proposals(session: Session, actor: Actor, enrolment: Enrolment) -> int:
    """Withdraws every open proposal to or about somebody; how many others had heard of one, and are told calmly."""
    half = or_(col(Proposal.mentor_id) == enrolment.id, col(Proposal.mentee_id) == enrolment.id)
    found = select(Proposal).where(half, col(Proposal.status).in_([ProposalStatus.DRAFT, ProposalStatus.SENT]))
    held = found.order_by(col(Proposal.id)).with_for_update().execution_options(populate_existing=True)
    return sum(_take_back(session, actor, proposal, enrolment.side) for proposal in session.exec(held).all())


def end_pairs(session: Session, actor: Actor, enrolment: Enrolment) -> int:
    """Ends every pair of somebody who leaves, from their side and without a reason (A-SH5); how many."""
    found = open_pairs(session, enrolment)
    for pairing in found:
        pairings.conclude(session, actor, pairing, enrolment.side, reason=EndReason.NOT_GIVEN)
    return len(found)


def pause_pairs(session: Session, actor: Actor, enrolment: Enrolment, pause: Pause) -> int:
    """Stops the clock of every pair of somebody who is away from today, and asks the others; how many.

    A pair that stands still already, because the other is away, stays theirs until they are back.
    """
    found = [pairing for pairing in open_pairs(session, enrolment) if pairing.status is not PairingStatus.PAUSED]
    for pairing in found:
        rest = PairingPause(
            pairing_id=pairing.id,
            pause_id=pause.id,
            away=enrolment.side,
            was=pairing.status,
            started_on=pause.started_on,
        )
        session.add(rest)
        pairing.status = PairingStatus.PAUSED
        audit.record(session, actor, "pairing.paused", pairing.id, by=enrolment.side.value)
        tell_of_pause(session, pairing, rest, pause)
    return len(found)


def ask_pairs_again(session: Session, pause: Pause) -> None:
    """The day of return has moved: whoever chose to wait is told the new day and may choose anew."""
    for rest, pairing in _resting(session, pause):
        rest.choice = None
        tell_of_pause(session, pairing, rest, pause)


def wake_pairs(session: Session, actor: Actor, enrolment: Enrolment, pause: Pause, today: date) -> None:
    """Opens again what stood still because of this pause; where the other is away too, it waits for them instead."""
    for rest, pairing in _resting(session, pause):
        # It may have begun by a clock, or in a zone of the scheme's, that was ahead of today's.
        rest.ended_on = max(today, rest.started_on)
        # The next row of this pair may only begin when this one has ended in the database too.
        session.flush()
        others = _pause_of_other(session, pairing, enrolment.side)
        if others is not None:
            away = OTHER[enrolment.side]
            after = PairingPause(
                pairing_id=pairing.id, pause_id=others.id, away=away, was=rest.was, started_on=rest.ended_on
            )
            session.add(after)
            tell_of_pause(session, pairing, after, others)
            continue
        pairing.status = _awake(session, pairing, rest.was)
        audit.record(session, actor, "pairing.resumed", pairing.id, by=enrolment.side.value)
        _tell(session, pairing, OTHER[enrolment.side], "pair_resumed", f"pair-resumed-{rest.id}")


def tell_of_pause(session: Session, pairing: Pairing, rest: PairingPause, pause: Pause) -> None:
    """Queues the kind word to the half who is there, with the choice that is now theirs."""
    back_on = pause.planned_return_on
    event = f"pair-paused-{rest.id}-{back_on}"
    _tell(session, pairing, OTHER[rest.away], "pair_paused", event, back_on=back_on)


def _take_back(session: Session, actor: Actor, proposal: Proposal, side: Side) -> int:
    was, said_yes = proposal.status, proposal.mentee_answered_at is not None
    knows = proposal_jobs.who_knows(proposal) if was is ProposalStatus.SENT else []
    proposal.status, proposal.answered_at = ProposalStatus.WITHDRAWN, utc_now()
    audit.record(session, actor, "proposal.withdrawn", proposal.id, was=was.value)
    others = [each for each in knows if each is not side]
    for other in others:
        # Why is not said: that somebody is away is theirs to tell.
        template = "proposal_not_available" if other is Side.MENTEE and said_yes else "proposal_taken_back"
        proposal_mail.tell(session, proposal, other, template)
    return len(others)


def _resting(session: Session, pause: Pause) -> list[tuple[PairingPause, Pairing]]:
    """What stands still because of this pause, held until the commit."""
    statement = (
        select(PairingPause, Pairing)
        .join(Pairing, col(Pairing.id) == col(PairingPause.pairing_id))
        .where(
            PairingPause.pause_id == pause.id,
            col(PairingPause.ended_on).is_(None),
            Pairing.status == PairingStatus.PAUSED,
        )
        .order_by(col(Pairing.id))
        .with_for_update()
    )
    return list(session.exec(statement).all())


def _pause_of_other(session: Session, pairing: Pairing, side: Side) -> Pause | None:
    other = pairing.mentee_id if side is Side.MENTOR else pairing.mentor_id
    return open_pause(session, other)


def open_pause(session: Session, enrolment_id: UUID) -> Pause | None:
    """The break that goes on, if there is one."""
    statement = select(Pause).where(Pause.enrolment_id == enrolment_id, col(Pause.ended_on).is_(None))
    return session.exec(statement.with_for_update()).one_or_none()


def _awake(session: Session, pairing: Pairing, was: PairingStatus) -> PairingStatus:
    """What the pair is again; the two may have settled their ways of working meanwhile."""
    if was is not PairingStatus.RELEASED:
        return was
    agreed = select(WaysOfWorking.id).where(
        WaysOfWorking.pairing_id == pairing.id, col(WaysOfWorking.in_force_from).is_not(None)
    )
    return PairingStatus.RELEASED if session.exec(agreed).first() is None else PairingStatus.ACTIVE


def _tell(session: Session, pairing: Pairing, side: Side, template: str, event: str, **facts: Any) -> None:
    people: dict[Side, Person] = pairings.people_of(session, pairing)
    messages.queue(
        session,
        person_id=people[side].id,
        template=template,
        scheme_id=pairings.scheme_of(session, pairing).id,
        event=event,
        link_subject_id=pairing.id,
        other_name=people[OTHER[side]].full_name,
        **facts,
    )
