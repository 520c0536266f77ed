"""Which mentors a mentee who is looking may see now: asked of the rows themselves each time, whatever led to them.

A cohort may be large and a page is small: approved mentors are taken in the order of their names, a hundred or two, and
only those few are held against everything else. So nobody counts a whole cohort to show twenty cards.

What is asked for is the four facts and an id, nothing else, so that no response can hold more.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import and_, bindparam, case, union
from sqlmodel import Session, col, select

from models.enrolments import Conflict, ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.matching import PairRule, PairRuleKind, Proposal, ProposalStatus
from models.pairings import Pairing
from models.people import Person
from services import consents, readiness, signatures, training

Kind = Literal["batch", "few", "given"]
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
) -> list[Any]:
    """Up to that many listed mentors by name: id, full_name, summary, role_title, sector, and no more.

    `narrower` are more conditions on Enrolment, `among` a few ids.
    """
    if among is not None and not among:
        return []
    kind: Kind = "batch" if among is None else "few"
    statement = _listed_of(looking.gates, kind, narrower) if narrower else _listed(looking.gates, kind)
    beyond = _by_name(kind, narrower) if narrower else _anybody(kind)
    asked = _asked(looking, today) | ({} if among is None else {"chosen": list(among)})
    found: list[Any] = []
    seen, size = 0, min(most * _SPARE, _AT_ONCE)
    while len(found) < most:
        found += session.exec(statement, params=asked | {"seen": seen, "size": size})
        seen, size = seen + size, min(size * 2, _AT_ONCE)
        if len(found) < most and session.exec(beyond, params=asked | {"seen": seen, "size": 1}).first() is None:
            break
    return found[:most]


def those(session: Session, looking: Looking, today: date, mentor_ids: Collection[UUID]) -> Sequence[Any]:
    """Those of these few whom the mentee may see, by name, each as `first` has it."""
    if not mentor_ids:
        return []
    asked = _asked(looking, today) | {"ids": list(mentor_ids)}
    return session.exec(_listed(looking.gates, "given"), params=asked).all()  # type: ignore[no-any-return]


def still_listed(session: Session, looking: Looking, today: date, mentor_ids: Collection[UUID]) -> frozenset[UUID]:
    """The ids of those."""
    return frozenset(row.id for row in those(session, looking, today, mentor_ids))


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


def _asked(looking: Looking, today: date) -> dict[str, Any]:
    return {
        "cohort_id": looking.cohort_id,
        "mentee_id": looking.enrolment_id,
        "person_id": looking.person_id,
        "today": today,
        "moment": signatures.grace_until(today),
    }


def _by_name(kind: Kind, narrower: Sequence[Any] = ()) -> Any:
    """Approved mentors of the cohort in the order of their names, all of them or those who are `chosen`.

    From the one after `seen`, `size` of them.
    """
    statement = select(Enrolment.id).order_by(col(Enrolment.sort_key), col(Enrolment.id)).where(*narrower)
    if kind == "few":
        these = col(Enrolment.id).in_(bindparam("chosen", expanding=True))
        statement = statement.where(these, _out_of_sight(_approved()))
    else:
        statement = statement.where(_approved())
    return statement.offset(bindparam("seen")).limit(bindparam("size"))


@cache
def _anybody(kind: Kind) -> Any:
    return _by_name(kind)


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
def _listed(gates: tuple[str, ...], kind: Kind) -> Any:
    return _listed_of(gates, kind)


def _listed_of(gates: tuple[str, ...], kind: Kind, narrower: Sequence[Any] = ()) -> Any:
    """The four facts of those who are listed: of a batch by name, of the few of them, or of the `ids` given.

    They agreed, can be reached, have room, passed every gate of the scheme, and may meet this mentee. Whoever must not
    is left out, whichever of the two said so: "not available" is all there is to see.
    """
    if not set(gates) <= _GATES:
        raise ValueError(f"The directory does not know how to ask about {set(gates) - _GATES}.")
    these: Any = bindparam("ids", expanding=True)
    if kind != "given":
        these = select(_by_name(kind, narrower).cte("batch").c.id)
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
    return (
        select(  # type: ignore[call-overload]
            Enrolment.id, Person.full_name, Enrolment.summary, Enrolment.role_title, Enrolment.sector
        )
        .select_from(Enrolment)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(*conditions)
        .order_by(col(Enrolment.sort_key), col(Enrolment.id))
    )


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
