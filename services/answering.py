"""The way in through the link of a proposal's email: what it may show, and the one decision it may make.

Looking changes nothing, because mail scanners look. A link decides once; the proposal itself decides once too.
"""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from models.enrolments import Enrolment, Side
from models.matching import Proposal
from models.people import LinkPurpose, LinkToken, Person
from models.schemes import Cohort, Scheme
from services import links, proposal_answers, proposal_mine
from services.access import Acting, Actor, Place
from services.errors import NotAllowed
from services.proposal_answers import Answered
from services.proposal_mine import MyProposal
from services.units import writes


@dataclass(frozen=True)
class AnswerView:
    """What the link's page shows. `can_dispute`: the coordinator wrote down an answer that may not be this person's.

    Times are UTC, `time_zone` is the reader's.
    """

    proposal: MyProposal
    can_dispute: bool
    reader: str
    time_zone: str
    reply_address: str | None


@writes
def answer(
    session: Session, token: str, *, accepted: bool, reason: str | None = None, relationship: bool = False
) -> Answered:
    """Decide by a link, once. A relationship is a no, whatever `accepted` says. Raises every kind of refusal."""
    link, proposal, side, actor = _opened(session, token)
    proposal_answers.locked(session, proposal)
    if relationship:
        proposal_answers.say_relationship(session, actor, proposal, side)
    elif accepted:
        proposal_answers.say_yes(session, actor, proposal, side)
    else:
        proposal_answers.say_no(session, actor, proposal, side, reason=reason)
    links.use(session, link)
    return proposal_answers.commit(session, proposal)


@writes
def dispute(session: Session, token: str) -> Answered:
    """Say "this was not me" to an answer that was written down from an email. Raises NotAllowed, Conflict."""
    link, proposal, side, actor = _opened(session, token)
    proposal_answers.locked(session, proposal)
    if not _can_dispute(proposal, side):
        raise _not_for_them()
    proposal_answers.say_not_mine(session, actor, proposal)
    links.use(session, link)
    return proposal_answers.commit(session, proposal)


def seen(session: Session, token: str) -> AnswerView:
    """What the link's reader may see now. Changes nothing. Raises NotAllowed for a used, expired or forged link."""
    _, proposal, side, actor = _opened(session, token)
    card = proposal_mine.one_of(session, proposal.id, side)
    if card is None:
        raise _not_for_them()
    scheme = session.get_one(Scheme, actor.place.scheme_id)
    return AnswerView(
        proposal=card,
        can_dispute=_can_dispute(proposal, side),
        reader=actor.name,
        time_zone=actor.time_zone or scheme.time_zone,
        reply_address=scheme.reply_address,
    )


def _opened(session: Session, token: str) -> tuple[LinkToken, Proposal, Side, Actor]:
    """The link, its proposal, and its person acting on their side of it."""
    link = links.find(session, token, LinkPurpose.ANSWER_PROPOSAL)
    proposal = session.get(Proposal, link.subject_id) if link.subject_id else None
    if proposal is None:
        raise _not_for_them()
    statement = (
        select(Enrolment, Person, Cohort)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .join(Cohort, col(Cohort.id) == col(Enrolment.cohort_id))
        .where(Enrolment.person_id == link.person_id)
        .where(col(Enrolment.id).in_((proposal.mentee_id, proposal.mentor_id)))
    )
    found = session.exec(statement).one_or_none()
    if found is None:
        raise _not_for_them()
    enrolment, person, cohort = found
    return link, proposal, enrolment.side, _actor(person, enrolment, cohort)


def _actor(person: Person, enrolment: Enrolment, cohort: Cohort) -> Actor:
    """The link's person, acting in the place that the proposal is about and in no other."""
    place = Place(
        Acting(enrolment.side.value),
        cohort.scheme_id,
        cohort_id=cohort.id,
        cohort=cohort.name,
        enrolment_id=enrolment.id,
    )
    return Actor(person.id, person.called or person.full_name, place, (place,), time_zone=person.time_zone)


def _can_dispute(proposal: Proposal, side: Side) -> bool:
    written_down = proposal.recorded_by_id is not None and proposal.mentee_answered_at is not None
    return side is Side.MENTEE and written_down


def _not_for_them() -> NotAllowed:
    return NotAllowed("This link does not open a proposal of yours.", remedy="Sign in to see where things stand.")
