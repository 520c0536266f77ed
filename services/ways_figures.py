"""How far the pairs of a cohort are with their ways of working: done or not, and when. Not a word of what they say."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, exists, false, func, literal, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.enrolments import Enrolment
from models.meetings import MeetingRecord
from models.pairings import Expectation, Pairing, PairingStatus, WaysOfWorking
from models.people import Person
from models.schemes import Scheme
from services import access, times
from services.access import Actor

PAGE = 50


class State(StrEnum):
    """Where a pair is, the most pressing first."""

    LATE = "late"
    ASKED = "asked"
    NOT_YET = "not_yet"
    AGREED = "agreed"


@dataclass(frozen=True)
class PairWays:
    """One pair. `due_on` is set once a first meeting has opened the agreement in a scheme that sets days for it.

    `expectations` is how many of the two have written theirs.
    """

    pairing_id: UUID
    mentor: str
    mentee: str
    state: State
    first_meeting_on: date | None
    due_on: date | None
    agreed_on: date | None
    edition: int | None
    expectations: int


@dataclass(frozen=True)
class CohortWays:
    """One page of a cohort's open pairs, the most pressing first, and how many there are in each state."""

    pairs: tuple[PairWays, ...]
    counts: dict[State, int]
    total: int
    page: int
    pages: int


def of_cohort(
    session: Session,
    actor: Actor,
    cohort_id: UUID,
    *,
    today: date,
    state: State | None = None,
    search: str = "",
    page: int = 1,
) -> CohortWays:
    """The cohort's open pairs, 50 a page; `search` looks in both names. Three queries. Raises NotAllowed.

    A coordinator who is half of a pair does not see that pair here.
    """
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    rows = _rows(cohort_id, scheme, actor, today, search).subquery()
    counts = {
        State(found): number
        for found, number in session.exec(select(rows.c.state, func.count()).group_by(rows.c.state))  # type: ignore[call-overload]
    }
    total = counts.get(state, 0) if state else sum(counts.values())
    pages = max(1, -(-total // PAGE))
    page = min(max(1, page), pages)
    order = case({each.value: number for number, each in enumerate(State)}, value=rows.c.state)
    listed: Any = select(rows).order_by(order, rows.c.sort_key, rows.c.id)
    if state is not None:
        listed = listed.where(rows.c.state == state.value)
    found = session.exec(listed.offset((page - 1) * PAGE).limit(PAGE)).all()
    return CohortWays(tuple(_pair(row, scheme) for row in found), counts, total, page, pages)


def late(cohort_id: UUID, scheme: Scheme, actor: Actor, today: date) -> Any:
    """SQL: how many open pairs have let their days pass, one's own apart. None in a scheme that sets no days."""
    return select(func.count(col(Pairing.id))).where(
        col(Pairing.cohort_id) == cohort_id, *_at_work(actor), _is_late(scheme, today)
    )


def due_days(scheme: Scheme) -> int | None:
    """The days from a first meeting to an agreement, where the scheme sets any (U-C4.4)."""
    found: int | None = scheme.other_settings.get("ways_due_days")
    return found


def _is_late(scheme: Scheme, today: date) -> ColumnElement[bool]:
    days = due_days(scheme)
    if days is None:
        return false()
    # A meeting on the last day that is still in time begins at this moment or later.
    in_time = datetime.combine(today - timedelta(days=days), time(), ZoneInfo(scheme.time_zone))
    met = exists().where(
        col(MeetingRecord.pairing_id) == col(Pairing.id),
        col(MeetingRecord.happened).is_(True),
        col(MeetingRecord.started_at) < in_time,
    )
    # A break is a break: nothing is late in a pair that stands still.
    return and_(met, ~_is_agreed(), col(Pairing.status) != PairingStatus.PAUSED)


def _is_agreed() -> ColumnElement[bool]:
    return exists().where(
        col(WaysOfWorking.pairing_id) == col(Pairing.id), col(WaysOfWorking.in_force_from).is_not(None)
    )


def _at_work(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    own = select(col(Enrolment.id)).where(col(Enrolment.person_id) == actor.person_id)
    return (
        col(Pairing.status) != PairingStatus.ENDED,
        col(Pairing.mentor_id).not_in(own),
        col(Pairing.mentee_id).not_in(own),
    )


def _rows(cohort_id: UUID, scheme: Scheme, actor: Actor, today: date, search: str) -> Any:
    mentor, mentee, mentors_self, mentees_self = (
        aliased(Enrolment),
        aliased(Enrolment),
        aliased(Person),
        aliased(Person),
    )
    asked = exists().where(col(WaysOfWorking.pairing_id) == col(Pairing.id), col(WaysOfWorking.in_force_from).is_(None))
    state = case(
        (_is_agreed(), literal(State.AGREED.value)),
        (_is_late(scheme, today), literal(State.LATE.value)),
        (asked, literal(State.ASKED.value)),
        else_=literal(State.NOT_YET.value),
    )
    found = (
        select(
            col(Pairing.id),
            col(mentors_self.full_name).label("mentor"),
            col(mentees_self.full_name).label("mentee"),
            col(mentee.sort_key),
            state.label("state"),
            _of_pair(
                func.min(col(MeetingRecord.started_at)), MeetingRecord, col(MeetingRecord.happened).is_(True)
            ).label("first_meeting_at"),
            _of_pair(func.max(col(WaysOfWorking.in_force_from)), WaysOfWorking).label("agreed_on"),
            _of_pair(
                func.max(col(WaysOfWorking.edition)), WaysOfWorking, col(WaysOfWorking.in_force_from).is_not(None)
            ).label("edition"),
            _of_pair(func.count(col(Expectation.id)), Expectation, col(Expectation.done_at).is_not(None)).label(
                "expectations"
            ),
        )
        .select_from(Pairing)
        .join(mentor, col(mentor.id) == col(Pairing.mentor_id))
        .join(mentors_self, col(mentors_self.id) == col(mentor.person_id))
        .join(mentee, col(mentee.id) == col(Pairing.mentee_id))
        .join(mentees_self, col(mentees_self.id) == col(mentee.person_id))
        .where(col(Pairing.cohort_id) == cohort_id, *_at_work(actor))
    )
    if words := search.strip():
        names = (mentors_self.full_name, mentees_self.full_name)
        found = found.where(or_(*(col(name).icontains(words, autoescape=True) for name in names)))
    return found


def _of_pair(what: Any, table: Any, *conditions: Any) -> Any:
    return (
        select(what).where(col(table.pairing_id) == col(Pairing.id), *conditions).correlate(Pairing).scalar_subquery()
    )


def _pair(row: Any, scheme: Scheme) -> PairWays:
    met_on = times.day_in(row.first_meeting_at, scheme.time_zone) if row.first_meeting_at else None
    days = due_days(scheme)
    is_due = met_on is not None and days is not None and row.edition is None
    return PairWays(
        pairing_id=row.id,
        mentor=row.mentor,
        mentee=row.mentee,
        state=State(row.state),
        first_meeting_on=met_on,
        due_on=met_on + timedelta(days=days) if met_on and days and is_due else None,
        agreed_on=row.agreed_on,
        edition=row.edition,
        expectations=row.expectations,
    )
