"""Counts the active people of a cohort by what they chose to say: the only place where answers are counted."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists, or_
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.equality import EqualityAnswers
from models.pairings import Pairing
from services import equality_opening
from services.equality_opening import Opened
from services.parity_rules import Counted

EVERYBODY = "everybody"
# By side, question and group; the groups of `EVERYBODY` have one, with the same name.
Exact = dict[Side, dict[str, dict[str, Counted]]]


@cache
def answers() -> Any:
    """What active people of a cohort gave, sealed."""
    theirs = col(EqualityAnswers.enrolment_id) == col(Enrolment.id)
    return select(EqualityAnswers.words).join(Enrolment, theirs).where(*_is_active())


def counted(session: Session, cohort_id: UUID, known: Opened) -> tuple[Exact, int]:
    """Active people by side, question and answer (KPI 5), and how many answers no key opens. One query.

    No name and no id leaves the database.
    """
    found: Exact = {side: {} for side in Side}
    unread = 0
    for side, is_matched, sealed in session.execute(_people(), {"cohort": cohort_id}):
        said = equality_opening.said(sealed, known) if sealed else {}
        unread += said is None
        for key, code in ({EVERYBODY: EVERYBODY} | dict(said or {})).items():
            groups = found[side].setdefault(key, {})
            sofar = groups.get(code, Counted())
            groups[code] = Counted(sofar.people + 1, sofar.matched + bool(is_matched))
    return found, unread


@cache
def _people() -> Any:
    """The side of each active person of a cohort, whether they are in an open pair, and what they gave, sealed."""
    in_pair = exists().where(
        or_(col(Pairing.mentor_id) == col(Enrolment.id), col(Pairing.mentee_id) == col(Enrolment.id)),
        col(Pairing.ended_at).is_(None),
    )
    statement: Any = select(Enrolment.side, in_pair, EqualityAnswers.words)
    theirs = col(EqualityAnswers.enrolment_id) == col(Enrolment.id)
    return statement.outerjoin(EqualityAnswers, theirs).where(*_is_active())


def _is_active() -> tuple[Any, ...]:
    return Enrolment.cohort_id == bindparam("cohort"), Enrolment.status == EnrolmentStatus.APPROVED
