"""What people read about proposals: the coordinator's board, and each side's own."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.matching import Proposal, ProposalStatus
from models.people import Person
from models.schemes import AnsweredBy, Cohort, Scheme
from services import access
from services.access import Actor
from services.schemes.sectors import sectors

PAGE_SIZE = 50
ASKED = "Is there a relationship between the two of you that would get in the way?"


@dataclass(frozen=True)
class BoardLine:
    """One proposal for the coordinator. `score` runs from 0 to 100; times are UTC."""

    id: UUID
    mentee: str
    mentor: str
    status: ProposalStatus
    waits_for: Side
    score: int
    sent_at: datetime | None
    expires_at: datetime | None
    answered_at: datetime | None
    reminders_sent: int
    decline_reason: str | None
    email_received_on: date | None


@dataclass(frozen=True)
class Board:
    """One page of a cohort's proposals in one state. `counts` has every state, `found` what was searched for."""

    lines: tuple[BoardLine, ...]
    found: int
    counts: dict[ProposalStatus, int]


@dataclass(frozen=True)
class Draft:
    """A proposal that has not left yet, and to whom its email goes."""

    id: UUID
    mentee: str
    mentor: str
    to_name: str
    to_address: str


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


def board(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    status: ProposalStatus = ProposalStatus.SENT,
    search: str = "",
    page: int = 1,
) -> Board:
    """One page of the cohort's proposals in one state, the newest first. Raises NotAllowed.

    A coordinator who takes part does not find proposals that they are a party to.
    """
    access.cohort_to_coordinate(session, actor, cohort_id)
    lines = _with_both_sides(actor, cohort_id, Proposal, *_NAMES)
    named = lines.where(Proposal.status == status, *_matching(search))
    counts = _counts(session, actor, cohort_id)
    is_narrowed = bool(search.strip())
    found = session.exec(select(func.count()).select_from(named.subquery())).one() if is_narrowed else counts[status]
    ordered = named.order_by(col(Proposal.sent_at).desc(), col(Proposal.created_at).desc(), col(Proposal.id))
    rows = session.exec(ordered.limit(PAGE_SIZE).offset((max(1, page) - 1) * PAGE_SIZE))
    return Board(tuple(_board_line(*row) for row in rows), found, counts)


def to_send(session: Session, actor: Actor, cohort_id: UUID) -> tuple[Draft, ...]:
    """The cohort's drafts, with the exact recipient of each. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    names_and_addresses = (*_NAMES, _MENTEE_PERSON.email, _MENTOR_PERSON.email)
    lines = _with_both_sides(actor, cohort_id, Proposal.id, Proposal.waits_for, *names_and_addresses)
    drafts = lines.where(Proposal.status == ProposalStatus.DRAFT)
    statement = drafts.order_by(col(_MENTEE.sort_key), col(Proposal.id))
    return tuple(_draft(*row) for row in session.exec(statement))


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


# The two sides of a proposal, joined under these names in every statement here.
_MENTEE, _MENTOR = aliased(Enrolment), aliased(Enrolment)
_MENTEE_PERSON, _MENTOR_PERSON = aliased(Person), aliased(Person)
_NAMES: tuple[Any, Any] = (_MENTEE_PERSON.full_name, _MENTOR_PERSON.full_name)


def _with_both_sides(actor: Actor, cohort_id: UUID, *columns: Any) -> Any:
    """These columns of the cohort's proposals, without those that the actor is a party to."""
    return (
        select(*columns)
        .select_from(Proposal)
        .join(_MENTEE, col(_MENTEE.id) == col(Proposal.mentee_id))
        .join(_MENTEE_PERSON, col(_MENTEE_PERSON.id) == col(_MENTEE.person_id))
        .join(_MENTOR, col(_MENTOR.id) == col(Proposal.mentor_id))
        .join(_MENTOR_PERSON, col(_MENTOR_PERSON.id) == col(_MENTOR.person_id))
        .where(*_without_own(actor, cohort_id))
    )


def _without_own(actor: Actor, cohort_id: UUID) -> tuple[Any, ...]:
    """SQL conditions: proposals of a cohort to which the actor is no party."""
    own = select(Enrolment.id).where(Enrolment.person_id == actor.person_id)
    return (
        col(Proposal.cohort_id) == cohort_id,
        col(Proposal.mentee_id).not_in(own),
        col(Proposal.mentor_id).not_in(own),
    )


def _matching(search: str) -> list[Any]:
    word = search.strip().casefold()
    either = or_(*(col(one.sort_key).contains(word, autoescape=True) for one in (_MENTEE, _MENTOR)))
    return [either] if word else []


def _counts(session: Session, actor: Actor, cohort_id: UUID) -> dict[ProposalStatus, int]:
    counts = dict.fromkeys(ProposalStatus, 0)
    lines = select(Proposal.status, func.count()).where(*_without_own(actor, cohort_id))
    statement = lines.group_by(col(Proposal.status))
    return counts | {ProposalStatus(status): number for status, number in session.exec(statement)}


def _board_line(proposal: Proposal, mentee: str, mentor: str) -> BoardLine:
    return BoardLine(
        id=proposal.id,
        mentee=mentee,
        mentor=mentor,
        status=proposal.status,
        waits_for=proposal.waits_for,
        score=round(proposal.score * 100),
        sent_at=proposal.sent_at,
        expires_at=proposal.expires_at,
        answered_at=proposal.answered_at,
        reminders_sent=proposal.reminders_sent,
        decline_reason=proposal.decline_reason,
        email_received_on=proposal.email_received_on,
    )


def _draft(proposal_id: UUID, asks: Side, mentee: str, mentor: str, mentee_mail: str, mentor_mail: str) -> Draft:
    to_name, to_address = (mentee, mentee_mail) if asks is Side.MENTEE else (mentor, mentor_mail)
    return Draft(proposal_id, mentee, mentor, to_name, to_address)


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
        .limit(PAGE_SIZE)
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
