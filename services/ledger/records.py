"""What was recorded in the last thirty days, beside the thirty days before: punctuality, and both sides' records.

Two records are of one meeting when both say that it was held and they start within 30 minutes, as everywhere.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.enrolments import Side
from models.meetings import MeetingRecord
from models.pairings import Pairing
from services import days
from services.ledger.shapes import TREND_DAYS, Ask, Count
from services.pair_facts import CONFIRMED_WITHIN_SECONDS, flag

Counts = dict[str, Count]


def counts(session: Session, ask: Ask) -> Counts:
    """`told` are records that say whether the meeting began on time, `on_time` those that say yes. One query."""
    recent, before = _starts(ask)
    is_recent = col(MeetingRecord.started_at) >= recent
    on_time: Any = col(MeetingRecord.began_on_time)
    conditions = (
        and_(is_recent, on_time.is_not(None)),
        and_(~is_recent, on_time.is_not(None)),
        and_(is_recent, on_time),
        and_(~is_recent, on_time),
    )
    statement = (
        select(*(func.coalesce(func.sum(flag(condition)), 0) for condition in conditions))
        .select_from(MeetingRecord)
        .join(Pairing, col(Pairing.id) == col(MeetingRecord.pairing_id))
        .where(
            col(Pairing.cohort_id) == ask.cohort.id, col(MeetingRecord.happened), *_within(MeetingRecord, ask, before)
        )
    )
    told, told_before, yes, yes_before = session.execute(statement).one()
    return {"told": Count(told, told_before), "on_time": Count(yes, yes_before)}


def agreement(session: Session, ask: Ask) -> Counts:
    """Meetings that both recorded alike, of meetings that either recorded, in the last thirty days. One query."""
    mine, theirs = aliased(MeetingRecord), aliased(MeetingRecord)
    apart = func.abs(days.seconds_of(col(mine.started_at)) - days.seconds_of(col(theirs.started_at)))
    near = timedelta(days=1)
    start = _starts(ask)[0]
    same = (
        select(col(theirs.id))
        .where(
            col(theirs.pairing_id) == col(mine.pairing_id),
            col(theirs.side) == Side.MENTEE,
            col(theirs.happened),
            col(theirs.started_at) >= start - near,
            apart <= CONFIRMED_WITHIN_SECONDS,
            *_known(theirs, ask),
        )
        .correlate(mine)
        .exists()
    )
    is_mentors = col(mine.side) == Side.MENTOR
    both = func.coalesce(func.sum(case((is_mentors, flag(same)), else_=0)), 0)
    statement = (
        select(func.count(), both)
        .select_from(mine)
        .join(Pairing, col(Pairing.id) == col(mine.pairing_id))
        .where(col(Pairing.cohort_id) == ask.cohort.id, col(mine.happened), *_within(mine, ask, start))
    )
    total, twice = session.execute(statement).one()
    return {"either": Count(total - twice), "both": Count(twice)}


def _starts(ask: Ask) -> tuple[Any, Any]:
    """Where the window begins, and where the one before it does."""
    return ask.then.until, ask.then.until - timedelta(days=TREND_DAYS)


def _within(record: Any, ask: Ask, start: Any) -> tuple[Any, ...]:
    return col(record.started_at) >= start, col(record.started_at) < ask.now.until, *_known(record, ask)


def _known(table: Any, ask: Ask) -> list[Any]:
    return [] if ask.now.known_until is None else [col(table.created_at) < ask.now.known_until]
