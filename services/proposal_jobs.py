"""What time does to proposals: reminders on the scheme's days, and the end of those that nobody answered."""

from datetime import datetime

from sqlmodel import Session, col, select

from models.enrolments import Side
from models.matching import Proposal, ProposalStatus
from models.schemes import Cohort, Scheme
from services import audit, kept_apart, proposal_mail
from services.access import DESK
from services.units import writes


@writes
def expire_due(session: Session, now: datetime) -> int:
    """End every proposal whose time has run out; both are free for the next run. How many."""
    statement = select(Proposal).where(Proposal.status == ProposalStatus.SENT, col(Proposal.expires_at) <= now)
    ended = session.exec(statement.order_by(col(Proposal.id)).with_for_update()).all()
    for proposal in ended:
        proposal.status, proposal.answered_at = ProposalStatus.EXPIRED, now
        scheme = proposal_mail.scheme_of(session, proposal)
        audit.record(session, DESK, "proposal.expired", proposal.id, scheme_id=scheme.id)
        for side in who_knows(proposal):
            proposal_mail.tell(session, proposal, side, "proposal_expired")
    session.commit()
    return len(ended)


@writes
def remind_due(session: Session, now: datetime) -> int:
    """Write once to everybody whose day of reminding has come, however many days were missed. How many."""
    statement = (
        select(Proposal, Scheme)
        .join(Cohort, col(Cohort.id) == col(Proposal.cohort_id))
        .join(Scheme, col(Scheme.id) == col(Cohort.scheme_id))
        .where(Proposal.status == ProposalStatus.SENT, col(Proposal.expires_at) > now, ~kept_apart.proposal())
        .order_by(col(Proposal.id))
        .with_for_update(of=Proposal)
    )
    reminded = 0
    for proposal, scheme in session.exec(statement).all():
        due = _reminders_due(proposal, scheme.reminder_days, now)
        if due > proposal.reminders_sent:
            proposal.reminders_sent = due - 1  # one mail stands for all that were missed
            proposal_mail.remind(session, proposal)
            audit.record(session, DESK, "proposal.reminded", proposal.id, scheme_id=scheme.id, reminders=due)
            reminded += 1
    session.commit()
    return reminded


def _reminders_due(proposal: Proposal, days: list[int], now: datetime) -> int:
    """How many reminders should have gone since the person who is asked now was asked."""
    passed_on = proposal.waits_for is Side.MENTOR and proposal.mentee_answered_at
    asked_at = passed_on or proposal.sent_at or now
    return sum((now - asked_at).days >= day for day in days)


def who_knows(proposal: Proposal) -> list[Side]:
    """Those who were told of the proposal: whoever was asked, and a mentee who had said yes."""
    said_yes = [Side.MENTEE] if proposal.mentee_answered_at and proposal.waits_for is Side.MENTOR else []
    return [proposal.waits_for, *said_yes]
