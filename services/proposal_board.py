"""The coordinator's board of proposals: who was asked, who answered what, and which emails have not left yet."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, false, func, or_, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import Proposal, ProposalStatus
from models.messages import Message, MessageStatus
from models.pairings import Pairing, PairingStatus
from models.people import Person
from models.schemes import Cohort
from services.access import Actor
from services.errors import NotAllowed
from services.matching import reading

PAGE_SIZE = 20
# What a proposal that came to nothing leaves behind: a mentee who is free for somebody else.
CAME_TO_NOTHING = (ProposalStatus.DECLINED, ProposalStatus.EXPIRED)
QUESTIONS = ("proposal_to_mentee", "proposal_to_mentor")


@dataclass(frozen=True)
class BoardLine:
    """One proposal for the coordinator. `score` runs from 0 to 100; times are UTC.

    `is_waiting` says that it came to nothing and its mentee still has nobody else.
    """

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
    is_waiting: bool = False

    @property
    def asked(self) -> str:
        """Whose answer it waits for, or would."""
        return self.mentee if self.waits_for is Side.MENTEE else self.mentor


@dataclass(frozen=True)
class Board:
    """One page of a cohort's proposals in one state. `counts` has every state, `found` what was searched for."""

    lines: tuple[BoardLine, ...]
    found: int
    counts: dict[ProposalStatus, int]

    @property
    def pages(self) -> int:
        return max(1, -(-self.found // PAGE_SIZE))


@dataclass(frozen=True)
class Draft:
    """A proposal that has not left yet, and to whom its email goes."""

    id: UUID
    mentee: str
    mentor: str
    to_name: str
    to_address: str


@dataclass(frozen=True)
class Leaving:
    """How far the newest sending is: of `total` emails, so many still wait and so many could not be delivered."""

    total: int = 0
    waiting: int = 0
    failed: int = 0

    @property
    def left(self) -> int:
        return max(0, self.total - self.waiting - self.failed)


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

    A coordinator who takes part does not find proposals that they are a party to. A page past the end is the last.
    """
    _check(session, actor, cohort_id)
    word = search.strip().casefold()
    given: dict[str, Any] = {
        "cohort_id": cohort_id,
        "person_id": actor.person_id,
        "status": status,
        "word": _like(word),
    }
    counts = dict.fromkeys(ProposalStatus, 0)
    for each, number in session.exec(_counts(), params=given):
        counts[ProposalStatus(each)] += number
    found = session.exec(_found(), params=given).one() if word else counts[status]
    last = max(1, -(-found // PAGE_SIZE))
    given |= {"most": PAGE_SIZE, "first": (min(max(1, page), last) - 1) * PAGE_SIZE}
    rows = session.exec(_page(bool(word), status in CAME_TO_NOTHING), params=given) if found else ()
    return Board(tuple(_line(*row) for row in rows), found, counts)


def to_send(session: Session, actor: Actor, cohort_id: UUID) -> tuple[Draft, ...]:
    """The cohort's drafts, with the exact recipient of each. Raises NotAllowed."""
    _check(session, actor, cohort_id)
    rows = session.exec(_drafts(), params={"cohort_id": cohort_id, "person_id": actor.person_id})
    return tuple(_draft(*row) for row in rows)


def waiting(session: Session, actor: Actor, cohort_id: UUID) -> tuple[UUID, ...]:
    """The proposals that came to nothing and whose mentee still has nobody, one for each mentee. Raises NotAllowed."""
    _check(session, actor, cohort_id)
    return tuple(session.exec(_waiting(), params={"cohort_id": cohort_id, "person_id": actor.person_id}))


def leaving(session: Session, actor: Actor, cohort_id: UUID) -> Leaving:
    """How far the emails of the newest sending are; nothing while none waits or failed, or for whoever may not see."""
    rows = session.exec(_unsent(), params={"cohort_id": cohort_id, "schemes": list(actor.coordinates)}).all()
    if not rows:
        return Leaving()
    failed = sum(number for status, number, _ in rows if status == MessageStatus.FAILED)
    waits = sum(number for _, number, _ in rows) - failed
    since = min(first for _, _, first in rows)
    total = session.exec(_sent_since(), params={"cohort_id": cohort_id, "since": since}).one()
    return Leaving(total, waits, failed)


def without_own(actor: Actor, cohort_id: UUID) -> tuple[Any, ...]:
    """SQL conditions: proposals of a cohort to which the actor is no party."""
    return _without_own(cohort_id, actor.person_id)


# The two sides of a proposal, joined under these names in every statement here.
_MENTEE, _MENTOR = aliased(Enrolment), aliased(Enrolment)
_MENTEE_PERSON, _MENTOR_PERSON = aliased(Person), aliased(Person)
_NAMES: tuple[Any, Any] = (_MENTEE_PERSON.full_name, _MENTOR_PERSON.full_name)
# Read by column: an object for each row would cost more than the query.
_COLUMNS: tuple[Any, ...] = (
    Proposal.id,
    *_NAMES,
    Proposal.status,
    Proposal.waits_for,
    Proposal.score,
    Proposal.sent_at,
    Proposal.expires_at,
    Proposal.answered_at,
    Proposal.reminders_sent,
    Proposal.decline_reason,
    Proposal.email_received_on,
)


def _without_own(cohort_id: Any, person_id: Any) -> tuple[Any, ...]:
    own = select(Enrolment.id).where(Enrolment.person_id == person_id)
    return (
        col(Proposal.cohort_id) == cohort_id,
        col(Proposal.mentee_id).not_in(own),
        col(Proposal.mentor_id).not_in(own),
    )


def _mine() -> tuple[Any, ...]:
    return _without_own(bindparam("cohort_id"), bindparam("person_id"))


def _joined(*columns: Any) -> Any:
    """These columns of the cohort's proposals, without those that the actor is a party to."""
    return (
        select(*columns)
        .select_from(Proposal)
        .join(_MENTEE, col(_MENTEE.id) == col(Proposal.mentee_id))
        .join(_MENTEE_PERSON, col(_MENTEE_PERSON.id) == col(_MENTEE.person_id))
        .join(_MENTOR, col(_MENTOR.id) == col(Proposal.mentor_id))
        .join(_MENTOR_PERSON, col(_MENTOR_PERSON.id) == col(_MENTOR.person_id))
        .where(*_mine())
    )


# Statements are built once: building one costs more than asking it.
@cache
def _page(is_searched: bool, may_wait: bool) -> Any:
    waits = _is_waiting().label("is_waiting") if may_wait else false().label("is_waiting")
    lines = _joined(*_COLUMNS, waits).where(col(Proposal.status) == bindparam("status"))
    if is_searched:
        lines = lines.where(_named())
    # Drafts were not sent yet and decided ones were: in both, the newest first.
    ordered = lines.order_by(col(Proposal.sent_at).desc(), col(Proposal.created_at).desc(), col(Proposal.id))
    shown: Any = ordered.limit(bindparam("most")).offset(bindparam("first"))
    return shown


@cache
def _found() -> Any:
    named: Any = _joined(func.count()).where(col(Proposal.status) == bindparam("status"), _named())
    return named


@cache
def _counts() -> Any:
    """All of the cohort by an index, then less the actor's own by theirs: to ask it of every row takes far longer."""
    here = col(Proposal.cohort_id) == bindparam("cohort_id")
    own = select(Enrolment.id).where(
        Enrolment.person_id == bindparam("person_id"), Enrolment.cohort_id == bindparam("cohort_id")
    )
    columns: tuple[Any, ...] = (Proposal.status, func.count())
    less: tuple[Any, ...] = (Proposal.status, -func.count())
    as_mentee = select(*less).where(col(Proposal.mentee_id).in_(own))
    as_mentor = select(*less).where(col(Proposal.mentor_id).in_(own), col(Proposal.mentee_id).not_in(own))
    parts = (select(*columns).where(here), as_mentee, as_mentor)
    return union_all(*(part.group_by(col(Proposal.status)) for part in parts))


@cache
def _scheme_of() -> Any:
    return select(Cohort.scheme_id).where(col(Cohort.id) == bindparam("cohort_id"))


def _check(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """Raises NotAllowed unless the actor coordinates the cohort. The cohort itself is not loaded."""
    if session.exec(_scheme_of(), params={"cohort_id": cohort_id}).first() not in actor.coordinates:
        raise NotAllowed("You cannot open this cohort.", remedy="Ask one of the scheme's coordinators.")


@cache
def _drafts() -> Any:
    columns = (Proposal.id, Proposal.waits_for, *_NAMES, _MENTEE_PERSON.email, _MENTOR_PERSON.email)
    drafts = _joined(*columns).where(col(Proposal.status) == ProposalStatus.DRAFT)
    ordered: Any = drafts.order_by(col(_MENTEE.sort_key), col(Proposal.id))
    return ordered


@cache
def _waiting() -> Any:
    lines: Any = select(Proposal.id).where(*_mine(), _is_waiting())
    ordered: Any = lines.order_by(col(Proposal.answered_at), col(Proposal.id))
    return ordered


def _is_waiting() -> Any:
    """SQL: a proposal that is its mentee's last, came to nothing, and left them free for somebody else."""
    later = aliased(Proposal)
    same_moment = (col(later.created_at) == col(Proposal.created_at)) & (col(later.id) > col(Proposal.id))
    is_newer = (col(later.created_at) > col(Proposal.created_at)) | same_moment
    is_word = is_newer & col(later.status).in_((*CAME_TO_NOTHING, ProposalStatus.ACCEPTED))
    again = exists().where(
        col(later.mentee_id) == col(Proposal.mentee_id), col(later.status).in_(reading.OPEN_PROPOSAL) | is_word
    )
    is_paired = exists().where(
        col(Pairing.mentee_id) == col(Proposal.mentee_id), col(Pairing.status) != PairingStatus.ENDED
    )
    is_here = exists().where(
        col(Enrolment.id) == col(Proposal.mentee_id), col(Enrolment.status) == EnrolmentStatus.APPROVED
    )
    return col(Proposal.status).in_(CAME_TO_NOTHING) & is_here & ~again & ~is_paired


@cache
def _unsent() -> Any:
    """Questions that have not left, by state; the few waiting ones of a scheme are found by an index."""
    waits = (MessageStatus.QUEUED, MessageStatus.LEASED, MessageStatus.FAILED)
    columns: tuple[Any, ...] = (Message.status, func.count(), func.min(Proposal.sent_at))
    statement: Any = select(*columns).join(Proposal, col(Proposal.id) == col(Message.link_subject_id))
    found: Any = statement.where(
        col(Message.scheme_id).in_(bindparam("schemes", expanding=True)),
        col(Message.status).in_(waits),
        col(Message.template).in_(QUESTIONS),
        col(Proposal.cohort_id) == bindparam("cohort_id"),
        col(Proposal.status) == ProposalStatus.SENT,
    ).group_by(col(Message.status))
    return found


@cache
def _sent_since() -> Any:
    statement: Any = select(func.count()).select_from(Proposal)
    since: Any = statement.where(
        col(Proposal.cohort_id) == bindparam("cohort_id"),
        col(Proposal.status).in_(set(ProposalStatus) - {ProposalStatus.DRAFT}),
        col(Proposal.sent_at) >= bindparam("since"),
    )
    return since


def _named() -> Any:
    word: Any = bindparam("word")
    return or_(*(col(one.sort_key).like(word, escape="/") for one in (_MENTEE, _MENTOR)))


def _like(word: str) -> str:
    """A pattern that finds the word anywhere, character by character."""
    plain = word.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return f"%{plain}%"


def _line(*facts: Any) -> BoardLine:
    line = BoardLine(*facts)
    return replace(line, score=round(line.score * 100))


def _draft(proposal_id: UUID, asks: Side, mentee: str, mentor: str, mentee_mail: str, mentor_mail: str) -> Draft:
    to_name, to_address = (mentee, mentee_mail) if asks is Side.MENTEE else (mentor, mentor_mail)
    return Draft(proposal_id, mentee, mentor, to_name, to_address)
