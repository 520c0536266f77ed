"""How a proposal is taken back, whoever does it and why: closed, and off in the same words for whoever knew of it."""

from sqlmodel import Session

from models.columns import utc_now
from models.enrolments import Side
from models.matching import Proposal, ProposalStatus
from services import audit, proposal_mail
from services.access import Actor
from services.proposal_jobs import who_knows


def take_back(session: Session, actor: Actor, proposal: Proposal, *, but: Side | None = None) -> None:
    """Adds the end of an open proposal, and a kind word to whoever knows of it, except to `but`; never commits.

    The words are the same whatever the reason, so that nobody reads from them who wanted it or why.
    """
    was, knows = proposal.status, who_knows(proposal) if proposal.status is ProposalStatus.SENT else []
    if knows and proposal_mail.unask(session, proposal):
        # The question never left: nothing is to be said about it.
        knows.remove(proposal.waits_for)
    proposal.status, proposal.answered_at = ProposalStatus.WITHDRAWN, utc_now()
    scheme = proposal_mail.scheme_of(session, proposal)
    audit.record(session, actor, "proposal.withdrawn", proposal.id, scheme_id=scheme.id, was=was.value)
    for side in knows:
        if side is not but:
            proposal_mail.tell(session, proposal, side, template_for(proposal, side))


def template_for(proposal: Proposal, side: Side) -> str:
    """Which of the two kind words this side gets."""
    said_yes = side is Side.MENTEE and proposal.mentee_answered_at is not None
    return "proposal_not_available" if said_yes else "proposal_taken_back"
