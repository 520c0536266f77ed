"""Reminders by hand: seen before they leave, and never sooner after the last email than a person can bear."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, func, select

from models.columns import utc_now
from models.matching import Proposal, ProposalStatus
from models.messages import Message
from services import access, audit, kept_apart, proposal_mail
from services.access import Actor
from services.errors import Conflict
from services.matching.reading import NOT_AVAILABLE
from services.proposal_answers import check_open, locked
from services.proposal_mail import PreviewedMail
from services.proposal_outcomes import Outcome, held_back, people_of
from services.units import writes

# Whoever was written to within this time is left in peace.
REST = timedelta(days=2)
TOO_SOON = "Their last email is less than two days old."
NOT_ASKED = "Nobody is asked any more."


@writes
def remind(session: Session, actor: Actor, proposal_id: UUID) -> None:
    """Write once more to whoever has not answered. Raises NotAllowed, Conflict."""
    proposal = locked(session, access.proposal_to_coordinate(session, actor, proposal_id))
    check_open(proposal, proposal.waits_for)
    if proposal.id in _apart(session, [proposal]):
        raise Conflict(NOT_AVAILABLE, remedy="Withdraw the proposal; both are part of the next matching.")
    if _last_written(session, proposal) > utc_now() - REST:
        raise Conflict("Their last email about this is less than two days old.", remedy="Give them a little longer.")
    _remind(session, actor, proposal)
    session.commit()


@writes
def remind_all(session: Session, actor: Actor, proposal_ids: Sequence[UUID]) -> Outcome:
    """Write once more to everybody of these who has not answered and was left in peace long enough.

    The others are held back and named. Raises NotAllowed.
    """
    chosen = [access.proposal_to_coordinate(session, actor, one) for one in sorted(set(proposal_ids))]
    people, done, stopped = people_of(session, chosen), [], []
    apart = _apart(session, chosen)
    for proposal in (locked(session, one) for one in chosen):
        why = _why_not(session, proposal, utc_now(), apart)
        if why:
            stopped.append(held_back(people, proposal, why))
        else:
            _remind(session, actor, proposal)
            done.append(proposal.id)
    session.commit()
    return Outcome(tuple(done), tuple(stopped))


def preview_reminders(session: Session, actor: Actor, proposal_ids: Sequence[UUID]) -> tuple[PreviewedMail, ...]:
    """The emails that `remind_all` would queue now. Raises NotAllowed."""
    chosen = [access.proposal_to_coordinate(session, actor, one) for one in proposal_ids]
    now, apart = utc_now(), _apart(session, chosen)
    return tuple(
        proposal_mail.previewed(session, one, proposal_mail.reminder(session, one))
        for one in chosen
        if _why_not(session, one, now, apart) is None
    )


def _apart(session: Session, chosen: Sequence[Proposal]) -> frozenset[UUID]:
    """Those of these between two of whom somebody said, maybe a moment ago, that they must not be paired."""
    ids = [one.id for one in chosen]
    return frozenset(session.exec(select(Proposal.id).where(col(Proposal.id).in_(ids), kept_apart.proposal())))


def _why_not(session: Session, proposal: Proposal, now: datetime, apart: Collection[UUID]) -> str | None:
    is_open = proposal.status is ProposalStatus.SENT and proposal.expires_at is not None and proposal.expires_at > now
    if not is_open:
        return NOT_ASKED
    if proposal.id in apart:
        return NOT_AVAILABLE
    return TOO_SOON if _last_written(session, proposal) > now - REST else None


def _last_written(session: Session, proposal: Proposal) -> datetime:
    """When whoever is asked last got an email about it: the question, or a reminder by hand or by the clock."""
    person = proposal_mail.person_on(session, proposal, proposal.waits_for)
    # By the person first, which an index knows.
    written = select(func.max(Message.created_at)).where(
        Message.person_id == person, col(Message.link_subject_id) == proposal.id
    )
    asked_at = proposal.mentee_answered_at or proposal.sent_at or proposal.created_at
    return session.exec(written).one() or asked_at


def _remind(session: Session, actor: Actor, proposal: Proposal) -> None:
    """Adds the reminder; never commits."""
    proposal_mail.remind(session, proposal)
    audit.record(session, actor, "proposal.reminded", proposal.id, reminders=proposal.reminders_sent)
