"""Yes and no to a proposal: on screen, by a link, or written down from an email; and what follows from each.

Only the side that a proposal waits for can answer it. Where the mentor answers last, a mentee's yes passes it on.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from models.columns import utc_now
from models.enrolments import Side
from models.matching import Proposal, ProposalStatus
from models.pairings import EndReason, Pairing, PairingStatus
from models.people import Person
from models.schemes import AnsweredBy, Cohort
from services import access, audit, cleaning, conflicts, later_conflicts, messages, pairings, proposal_mail, times
from services.access import Actor
from services.errors import Conflict, Invalid
from services.matching import reading
from services.units import writes

LONGEST_REASON = 1000
NOT_MINE = "The mentee says that the answer written down was not theirs."


@dataclass(frozen=True)
class Answered:
    """Where a proposal stands after an answer; still sent means that it now waits for the mentor."""

    proposal_id: UUID
    status: ProposalStatus
    waits_for: Side


@writes
def accept(session: Session, actor: Actor, proposal_id: UUID) -> Answered:
    """Say yes. Contact details open with the last yes that is needed. Raises NotAllowed, Conflict."""
    proposal, side = _to_answer(session, actor, proposal_id)
    say_yes(session, actor, proposal, side)
    return commit(session, proposal)


@writes
def decline(session: Session, actor: Actor, proposal_id: UUID, *, reason: str | None = None) -> Answered:
    """Say no, with a reason for the coordinator or without. The pair never comes back. Raises NotAllowed, Conflict."""
    proposal, side = _to_answer(session, actor, proposal_id)
    say_no(session, actor, proposal, side, reason=reason)
    return commit(session, proposal)


@writes
def declare_relationship(session: Session, actor: Actor, proposal_id: UUID) -> Answered:
    """Say, in private, that a relationship would get in the way: only that is kept. Raises NotAllowed, Conflict."""
    proposal, side = _to_answer(session, actor, proposal_id)
    say_relationship(session, actor, proposal, side)
    return commit(session, proposal)


@writes
def record_email_answer(
    session: Session, actor: Actor, proposal_id: UUID, *, accepted: bool, received_on: date
) -> Answered:
    """Write down what a mentee answered by email. The mentee is told at once. Raises NotAllowed, Invalid, Conflict."""
    proposal = locked(session, access.proposal_to_coordinate(session, actor, proposal_id))
    if proposal.waits_for is not Side.MENTEE:
        raise Invalid(
            "Only a mentee's answer can be written down from an email.",
            remedy="Ask the mentor to use the link in the email, or to sign in.",
        )
    check_open(proposal, Side.MENTEE)
    _check_received(session, actor, proposal, received_on)
    proposal.email_received_on, proposal.recorded_by_id = received_on, actor.person_id
    if accepted:
        say_yes(session, actor, proposal, Side.MENTEE)
    else:
        say_no(session, actor, proposal, Side.MENTEE, reason=None)
    proposal_mail.confirm_recorded(session, proposal, accepted=accepted)
    return commit(session, proposal)


def say_yes(session: Session, actor: Actor, proposal: Proposal, side: Side) -> None:
    """Adds the yes of one side and what follows from it; never commits. Raises Conflict."""
    check_open(proposal, side)
    _check_still_possible(session, proposal, side)
    now, scheme = utc_now(), proposal_mail.scheme_of(session, proposal)
    if side is Side.MENTEE:
        proposal.mentee_answered_at = now
    else:
        proposal.mentor_answered_at = now
    by_email = proposal.email_received_on is not None
    if side is Side.MENTEE and scheme.answered_by is AnsweredBy.MENTOR_AFTER_WISH:
        audit.record(session, actor, "proposal.passed_on", proposal.id, scheme_id=scheme.id, by_email=by_email)
        proposal.waits_for, proposal.reminders_sent = Side.MENTOR, 0
        proposal.expires_at = now + timedelta(days=scheme.proposal_expiry_days)
        proposal_mail.ask(session, [proposal], scheme)
        return
    proposal.status, proposal.answered_at = ProposalStatus.ACCEPTED, now
    # Locks are taken in one order everywhere: proposal, mentor, journal.
    pairings.release(session, actor, proposal)
    audit.record(session, actor, "proposal.accepted", proposal.id, scheme_id=scheme.id, by_email=by_email)


def say_no(session: Session, actor: Actor, proposal: Proposal, side: Side, *, reason: str | None) -> None:
    """Adds the no of one side; never commits. The mentee's waiting time goes on. Raises Conflict, Invalid."""
    check_open(proposal, side)
    cleaned = cleaning.text(reason or "", field="Reason", longest=LONGEST_REASON)
    now, scheme = utc_now(), proposal_mail.scheme_of(session, proposal)
    if side is Side.MENTEE:
        proposal.mentee_answered_at = now
    else:
        proposal.mentor_answered_at = now
    proposal.status, proposal.answered_at = ProposalStatus.DECLINED, now
    proposal.decline_reason = cleaned or None
    by_email = proposal.email_received_on is not None
    audit.record(
        session, actor, "proposal.declined", proposal.id, scheme_id=scheme.id, side=side.value, by_email=by_email
    )
    proposal_mail.tell_coordinators(session, proposal, "proposal_declined_coordinator")
    if side is Side.MENTOR and proposal.mentee_answered_at is not None:
        proposal_mail.tell(session, proposal, Side.MENTEE, "proposal_not_available")


def say_relationship(session: Session, actor: Actor, proposal: Proposal, side: Side) -> None:
    """Adds a no together with the private conflict behind it; never commits. Raises Conflict."""
    other = Side.MENTOR if side is Side.MENTEE else Side.MENTEE
    say_no(session, actor, proposal, side, reason=None)
    mine, theirs = (proposal_mail.person_on(session, proposal, one) for one in (side, other))
    conflicts.add(session, mine, theirs)
    later_conflicts.take_back_proposals(session, mine, [theirs])
    own = proposal.mentee_id if side is Side.MENTEE else proposal.mentor_id
    audit.record(session, actor, "conflicts.declared", own)


def say_not_mine(session: Session, actor: Actor, proposal: Proposal) -> None:
    """Takes back an answer that was written down from an email; never commits. A pair made of it ends. Raises Conflict.

    Nobody answered, so the two may be proposed to each other again.
    """
    if proposal.recorded_by_id is None or proposal.status is ProposalStatus.WITHDRAWN:
        raise Conflict(
            "There is no written-down answer to take back.", remedy="Ask the coordinator where things stand."
        )
    proposal.status, proposal.answered_at = ProposalStatus.WITHDRAWN, utc_now()
    proposal.mentee_answered_at = None
    proposal.decline_reason = NOT_MINE
    audit.record(session, actor, "proposal.answer_disputed", proposal.id)
    proposal_mail.tell_coordinators(session, proposal, "answer_disputed")
    pairing = session.exec(select(Pairing).where(Pairing.proposal_id == proposal.id)).one_or_none()
    if pairing is not None and pairing.status is not PairingStatus.ENDED:
        _end(session, actor, proposal, pairing)


def locked(session: Session, proposal: Proposal) -> Proposal:
    """The proposal as it is now, held until the commit, so that of two answers the second sees the first."""
    session.refresh(proposal, with_for_update=True)
    return proposal


def commit(session: Session, proposal: Proposal) -> Answered:
    """Ends the unit of work of an answer. Raises Conflict when the mentee has just been paired."""
    answered = Answered(proposal.id, proposal.status, proposal.waits_for)
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise Conflict("This mentee has just been paired.", remedy="Reload the page to see with whom.") from clash
    return answered


def check_open(proposal: Proposal, side: Side) -> None:
    """Raises Conflict unless the proposal waits for this side's answer."""
    if proposal.status is not ProposalStatus.SENT or proposal.expires_at is None:
        raise Conflict(f"This proposal {_STATES[proposal.status]}.", remedy="There is nothing left to answer.")
    if proposal.expires_at <= utc_now():
        raise Conflict("This proposal has run out.", remedy="You are part of the next matching.")
    if proposal.waits_for is not side:
        raise Conflict("This proposal waits for the other side's answer.", remedy="We write to you when it is there.")


_STATES = {
    ProposalStatus.DRAFT: "has not been sent",
    ProposalStatus.SENT: "has not been answered",
    ProposalStatus.ACCEPTED: "has been accepted",
    ProposalStatus.DECLINED: "has been declined",
    ProposalStatus.EXPIRED: "has run out",
    ProposalStatus.WITHDRAWN: "is no longer available",
}


def _to_answer(session: Session, actor: Actor, proposal_id: UUID) -> tuple[Proposal, Side]:
    proposal, side = access.proposal_to_answer(session, actor, proposal_id)
    return locked(session, proposal), side


def _end(session: Session, actor: Actor, proposal: Proposal, pairing: Pairing) -> None:
    """Ends a pair that was made of an answer nobody gave; the mentor is told that it ended, not why."""
    pairing.status, pairing.ended_at = PairingStatus.ENDED, utc_now()
    pairing.end_reason, pairing.ended_by = EndReason.NOT_GIVEN, Side.MENTEE
    audit.record(session, actor, "pairing.ended", pairing.id, by=Side.MENTEE.value)
    mentee = session.get_one(Person, proposal_mail.person_on(session, proposal, Side.MENTEE))
    messages.queue(
        session,
        person_id=proposal_mail.person_on(session, proposal, Side.MENTOR),
        template="pairing_ended",
        scheme_id=proposal_mail.scheme_of(session, proposal).id,
        event=f"pairing-ended-{pairing.id}",
        other_name=mentee.full_name,
    )


def _check_still_possible(session: Session, proposal: Proposal, side: Side) -> None:
    """Raises Conflict when a gate, a place or a conflict changed since the proposal was sent.

    Each side learns what is missing on its own side only: why the other is not available is private.
    """
    cohort = session.get_one(Cohort, proposal.cohort_id)
    open_now = reading.availability(session, cohort, times.gate_day(), beside=(proposal.id,))
    if open_now.why_not(proposal.mentor_id, proposal.mentee_id) is None:
        return
    mine = proposal.mentee_id if side is Side.MENTEE else proposal.mentor_id
    if mine not in open_now.ready_mentees | open_now.ready_mentors:
        raise Conflict(
            "Something that the scheme asks of you before a match is not done, such as a signature.",
            remedy="Sign in, finish what Home shows, then answer.",
        )
    raise Conflict(
        "This pairing is not available at the moment, so your yes was not recorded.",
        remedy="The coordinator can tell you what comes next.",
    )


def _check_received(session: Session, actor: Actor, proposal: Proposal, received_on: date) -> None:
    """Whoever writes it down reads the day off their own calendar, or off the scheme's: either may be a day ahead."""
    zones = {proposal_mail.scheme_of(session, proposal).time_zone, actor.time_zone or "UTC"}
    now = utc_now()
    first = min(times.day_in(proposal.sent_at or now, zone) for zone in zones)
    if not first <= received_on <= max(times.day_in(now, zone) for zone in zones):
        raise Invalid(
            "The email cannot be older than the proposal, or from the future.",
            remedy="Enter the day on which the mentee's answer arrived.",
        )
