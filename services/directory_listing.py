"""Which mentors a mentee who is looking may see now: asked of the rows themselves each time, whatever led to them.

Two steps, because a cohort may be large and a page is small. Approved mentors are taken in the order of their names, a
hundred or two; then those few are held against everything else. So nobody counts a whole cohort to show twenty cards.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, case, union
from sqlmodel import Session, col, select

from models.enrolments import Conflict, ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.matching import PairRule, PairRuleKind, Proposal, ProposalStatus
from models.pairings import Pairing
from models.people import Person
from services import consents, readiness, signatures, training

_GATES = frozenset({"signature", "training", "conflicts"})
# Of approved mentors most are listed: so many times more are looked at than are wanted, but not too many at once.
_SPARE, _AT_ONCE = 2, 400


@dataclass(frozen=True)
class Looking:
    """A mentee who may look for a mentor now, and the gates of their scheme's mentors."""

    enrolment_id: UUID
    person_id: UUID
    cohort_id: UUID
    gates: tuple[str, ...]


def first(
    session: Session, looking: Looking, today: date, most: int, *narrower: Any, among: Sequence[UUID] | None = None
) -> list[UUID]:
    """Up to that many listed mentors by name; `narrower` are more conditions on Enrolment, `among` a few ids."""
    if among is not None and not among:
        return []
    statement = _by_name(among is not None).where(*narrower)
    found: list[UUID] = []
    seen, size = 0, min(most * _SPARE, _AT_ONCE)
    while len(found) < most:
        asked = {"cohort_id": looking.cohort_id} | ({} if among is None else {"chosen": list(among)})
        some = session.exec(statement.offset(seen).limit(size), params=asked).all()
        listed = still_listed(session, looking, today, some)
        found += [mentor_id for mentor_id in some if mentor_id in listed]
        if len(some) < size:
            break
        seen, size = seen + size, min(size * 2, _AT_ONCE)
    return found[:most]


def still_listed(session: Session, looking: Looking, today: date, mentor_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of these few whom the mentee may see."""
    if not mentor_ids:
        return frozenset()
    asked = {
        "ids": list(mentor_ids),
        "cohort_id": looking.cohort_id,
        "mentee_id": looking.enrolment_id,
        "person_id": looking.person_id,
        "today": today,
        "moment": signatures.grace_until(today),
    }
    return frozenset(session.exec(_listed(looking.gates), params=asked))


def sectors_there(session: Session, cohort_id: UUID) -> frozenset[str]:
    """The sectors of those approved mentors who agreed to be listed, by code."""
    return frozenset(session.exec(_sectors(), params={"cohort_id": cohort_id}))


@cache
def _sectors() -> Any:
    """From one sector to the next along the index: a cohort has many mentors and few sectors."""
    of_listed = select(Enrolment.sector).where(_approved(), consents.gives(ConsentPurpose.DIRECTORY))
    in_order = of_listed.where(col(Enrolment.sector).is_not(None)).order_by(col(Enrolment.sector)).limit(1)
    found = select(in_order.scalar_subquery().label("sector")).cte("sectors_there", recursive=True)
    following = in_order.where(col(Enrolment.sector) > found.c.sector).correlate(found).scalar_subquery()
    found = found.union_all(select(following).where(found.c.sector.is_not(None)))
    return select(found.c.sector).where(found.c.sector.is_not(None))


@cache
def _by_name(of_few: bool) -> Any:
    """Approved mentors of the cohort in the order of their names, all of them or those who are `chosen`."""
    statement = select(Enrolment.id).order_by(col(Enrolment.sort_key), col(Enrolment.id))
    if of_few:
        return statement.where(col(Enrolment.id).in_(bindparam("chosen", expanding=True)), _out_of_sight(_approved()))
    return statement.where(_approved())


def _approved() -> Any:
    return and_(
        col(Enrolment.cohort_id) == bindparam("cohort_id"),
        col(Enrolment.side) == Side.MENTOR,
        col(Enrolment.status) == EnrolmentStatus.APPROVED,
    )


def _out_of_sight(condition: Any) -> Any:
    """The same condition, which no index answers: to find a few by their ids SQLite would read the whole cohort."""
    return case((condition, 1), else_=0) == 1


@cache
def _listed(gates: tuple[str, ...]) -> Any:
    """Those of `ids` who are listed.

    They agreed, can be reached, have room, passed every gate of the scheme, and may meet this mentee. Whoever must not
    is left out, whichever of the two said so: "not available" is all there is to see.
    """
    if not set(gates) <= _GATES:
        raise ValueError(f"The directory does not know how to ask about {set(gates) - _GATES}.")
    these: Any = bindparam("ids", expanding=True)
    conditions = [
        col(Enrolment.id).in_(these),
        _out_of_sight(_approved()),
        col(Enrolment.person_id).not_in(_apart()),
        col(Enrolment.id).not_in(_over_and_done()),
        consents.gives(ConsentPurpose.DIRECTORY),
        consents.reachable(),
        col(Enrolment.capacity) > readiness.places_taken(),
    ]
    if "conflicts" in gates:
        conditions.append(col(Enrolment.conflicts_declared_at).is_not(None))
    if "signature" in gates:
        unsigned = signatures.unsigned_by(None, bindparam("moment")).where(col(Enrolment.id).in_(these))
        conditions.append(col(Enrolment.id).not_in(unsigned.correlate(None)))
    if "training" in gates:
        untrained = training.untrained_enrolments(None, bindparam("today"), among=these)
        conditions.append(col(Enrolment.id).not_in(untrained.correlate(None)))
    return select(Enrolment.id).join(Person, col(Person.id) == Enrolment.person_id).where(*conditions)


def _apart() -> Any:
    """The mentee, and everybody of whom one of the two said that they must not be paired."""
    me: Any = bindparam("person_id")
    return union(
        select(Person.id).where(Person.id == me),
        select(Conflict.other_id).where(Conflict.declared_by_id == me),
        select(Conflict.declared_by_id).where(Conflict.other_id == me),
    )


def _over_and_done() -> Any:
    """Mentors whom matching would not bring together with this mentee: they declined, were paired, or may not be."""
    me: Any = bindparam("mentee_id")
    declined = select(Proposal.mentor_id).where(Proposal.mentee_id == me, Proposal.status == ProposalStatus.DECLINED)
    forbidden = select(PairRule.mentor_id).where(
        PairRule.mentee_id == me, PairRule.kind == PairRuleKind.FORBID, col(PairRule.undone_at).is_(None)
    )
    return union(declined, forbidden, select(Pairing.mentor_id).where(Pairing.mentee_id == me))
