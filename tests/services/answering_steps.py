"""Links to a proposal, as the tests of answering use them."""

from datetime import UTC, datetime

from sqlmodel import Session

from models.matching import Proposal
from models.people import LinkPurpose
from services import links, proposals
from services.access import Actor
from tests.services.proposal_steps import asked


def link_to(session: Session, proposal: Proposal, reader: Actor, hours: float = 336) -> str:
    """A link as the worker mints it when the email leaves."""
    if reader.person_id is None:
        raise ValueError
    token = links.mint(session, LinkPurpose.ANSWER_PROPOSAL, reader.person_id, subject_id=proposal.id, hours=hours)
    session.commit()
    return token


def recorded(session: Session, *, accepted: bool) -> tuple[Proposal, Actor, str]:
    """A proposal with an answer that the coordinator wrote down, and the link of the notice about it."""
    proposal, coordinator, mentee, _ = asked(session)
    today = datetime.now(UTC).date()
    proposals.record_email_answer(session, coordinator, proposal.id, accepted=accepted, received_on=today)
    return proposal, coordinator, link_to(session, proposal, mentee)
