"""What one of the two sides may read of a proposal, and where it stands for them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.matching import Proposal, ProposalStatus
from models.people import Person
from models.schemes import AnsweredBy, Cohort, Scheme
from services import access
from services.access import Actor
from services.schemes.sectors import sectors

MOST_SHOWN = 50
ASKED = "Is there a relationship between the two of you that would get in the way?"


class MyState(StrEnum):
    """Where a proposal stands for one of its two sides. Another's no is never told apart from a withdrawal."""

    TO_ANSWER = "to_answer"
    WAITING = "waiting"
    MATCHED = "matched"
    DECLINED = "declined"
    NOT_AVAILABLE = "not_available"
    EXPIRED = "expired"


@dataclass(frozen=True)
class OtherSide:
    """What one side may read of the other before a match: of a mentor exactly four fields, of a mentee goals too."""

    name: str
    role_title: str | None = None
    sector: str | None = None
    summary: str | None = None
    goals: str | None = None


@dataclass(frozen=True)
class MyProposal:
    """A proposal as one of its sides may see it. `passes_on` says that the other side answers after a yes.

    `relationship_question` is the scheme's private question about the two, and examples of what is meant.
    """

    id: UUID
    side: Side
    state: MyState
    other: OtherSide
    scheme: str
    relationship_question: tuple[str, str]
    passes_on: bool
    reasons: tuple[str, ...]
    asked_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    recorded_from_email_on: date | None

    @property
    def after_yes(self) -> str:
        """What a yes sets off, for this side in this scheme."""
        name = self.other.name
        if self.passes_on:
            return f"If you say yes, we ask {name}. With the second yes each of you sees how to reach the other."
        if self.side is Side.MENTEE:
            return f"If you say yes, you see how to reach {name} and make the first contact. If not, we look again."
        return f"If you say yes, you and {name} see how to reach each other, as far as each agreed to that."


def mine(session: Session, actor: Actor) -> tuple[MyProposal, ...]:
    """What was proposed to the actor in this place, the newest first. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    return _of_side(session, enrolment.side, _known_to(enrolment.side), _own(enrolment.side) == enrolment.id)


def one_of(session: Session, proposal_id: UUID, side: Side) -> MyProposal | None:
    """One proposal as this side may see it; None where it is not to know. The caller has asked who is looking."""
    found = _of_side(session, side, _known_to(side), col(Proposal.id) == proposal_id)
    return found[0] if found else None


def relationship_question(scheme: Scheme) -> tuple[str, str]:
    """The scheme's private question about a pair, and its examples."""
    words = scheme.other_settings.get("conflicts") or {}
    return words.get("pair_question", ASKED), words.get("examples", "")


def _own(side: Side) -> Any:
    return col(Proposal.mentee_id) if side is Side.MENTEE else col(Proposal.mentor_id)


def _known_to(side: Side) -> Any:
    """Which proposals this side has been told of: a mentor only those that came to them for an answer.

    A mentee whose wish went straight to the mentor learns of it with the yes: a no stays between mentor and scheme.
    """
    sent = col(Proposal.sent_at).is_not(None)
    if side is Side.MENTOR:
        return sent & (col(Proposal.waits_for) == Side.MENTOR)
    asked = (col(Proposal.waits_for) == Side.MENTEE) | col(Proposal.mentee_answered_at).is_not(None)
    return sent & (asked | (col(Proposal.status) == ProposalStatus.ACCEPTED))


def _of_side(session: Session, side: Side, *conditions: Any) -> tuple[MyProposal, ...]:
    """Only the columns of the other side that this one may read are selected, so nothing else can leak."""
    shown = _MENTOR_SHOWN if side is Side.MENTEE else _MENTEE_SHOWN
    other_id = Proposal.mentor_id if side is Side.MENTEE else Proposal.mentee_id
    columns: tuple[Any, ...] = (Proposal, Scheme, Person.full_name, *shown)
    statement = (
        select(*columns)
        .select_from(Proposal)
        .join(Enrolment, col(Enrolment.id) == col(other_id))
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .join(Cohort, col(Cohort.id) == col(Proposal.cohort_id))
        .join(Scheme, col(Scheme.id) == col(Cohort.scheme_id))
        .where(*conditions)
        .order_by(col(Proposal.sent_at).desc(), col(Proposal.id))
        .limit(MOST_SHOWN)
    )
    return tuple(_my_proposal(side, *row) for row in session.exec(statement))


_MENTOR_SHOWN = (Enrolment.role_title, Enrolment.sector, Enrolment.summary)
_MENTEE_SHOWN = (Enrolment.summary, Enrolment.goals)


def _my_proposal(side: Side, proposal: Proposal, scheme: Scheme, name: str, *shown: str | None) -> MyProposal:
    state = _state(proposal, side)
    is_open = state in {MyState.TO_ANSWER, MyState.WAITING}
    other = _other_side(side, name, *shown) if is_open else OtherSide(name)
    return MyProposal(
        id=proposal.id,
        side=side,
        state=state,
        other=other,
        scheme=scheme.name,
        relationship_question=relationship_question(scheme),
        passes_on=side is Side.MENTEE and scheme.answered_by is AnsweredBy.MENTOR_AFTER_WISH,
        reasons=tuple(proposal.reasons) if side is Side.MENTEE and is_open else (),
        asked_at=_asked_at(proposal),
        expires_at=cast("datetime", proposal.expires_at),  # set with sent_at, which every statement here asks for
        answered_at=proposal.mentee_answered_at if side is Side.MENTEE else proposal.mentor_answered_at,
        recorded_from_email_on=proposal.email_received_on if side is Side.MENTEE else None,
    )


def _other_side(side: Side, name: str, *shown: str | None) -> OtherSide:
    if side is Side.MENTOR:
        summary, goals = shown
        return OtherSide(name, summary=summary, goals=goals)
    role_title, sector, summary = shown
    return OtherSide(name, role_title, sectors().get(sector or "", sector), summary)


def _state(proposal: Proposal, side: Side) -> MyState:
    my_turn = proposal.waits_for is side
    if proposal.status is ProposalStatus.SENT:
        if cast("datetime", proposal.expires_at) <= utc_now():
            return MyState.EXPIRED
        return MyState.TO_ANSWER if my_turn else MyState.WAITING
    if proposal.status is ProposalStatus.DECLINED:
        return MyState.DECLINED if my_turn else MyState.NOT_AVAILABLE
    known = {ProposalStatus.ACCEPTED: MyState.MATCHED, ProposalStatus.EXPIRED: MyState.EXPIRED}
    return known.get(proposal.status, MyState.NOT_AVAILABLE)


def _asked_at(proposal: Proposal) -> datetime:
    passed_on = proposal.waits_for is Side.MENTOR and proposal.mentee_answered_at
    return passed_on or cast("datetime", proposal.sent_at)
