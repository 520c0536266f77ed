"""What was recorded in the last thirty days: punctuality and no-shows, both sides' records, and channels.

Two records are of one meeting when both say that it was held and they start within 30 minutes, as everywhere.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import and_, case, func, select, true, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.enrolments import Side
from models.meetings import MeetingRecord
from models.pairings import Contact, Pairing
from models.schemes import Channel
from services import days
from services.ledger.shapes import TREND_DAYS, Ask, Count
from services.pair_facts import CONFIRMED_WITHIN_SECONDS, flag

Counts = dict[str, Count]


def counts(session: Session, ask: Ask) -> Counts:
    """Records in the last thirty days and in those before. One query.

    `recorded` are all of them, `not_held` those of a meeting that did not take place; of those that did, `told` say
    whether it began on time, and `on_time` say yes.
    """
    recent, before = _starts(ask)
    happened, on_time = col(MeetingRecord.happened), col(MeetingRecord.began_on_time)
    marks: dict[str, Any] = {
        "recorded": true(),
        "not_held": happened.is_(False),
        "told": and_(happened.is_(True), on_time.is_not(None)),
        "on_time": and_(happened.is_(True), on_time.is_(True)),
    }
    is_recent = col(MeetingRecord.started_at) >= recent
    sums = (
        func.coalesce(func.sum(flag(and_(when, mark))), 0)
        for when in (is_recent, ~is_recent)
        for mark in marks.values()
    )
    statement = (
        select(*sums)
        .select_from(MeetingRecord)
        # Both answers, by name: the index of held meetings leads from each to its days.
        .where(
            col(MeetingRecord.pairing_id).in_(_of_cohort(ask)),
            happened.in_((True, False)),
            *_within(MeetingRecord, ask, before),
        )
    )
    row = session.execute(statement).one()
    return {mark: Count(row[at], row[at + len(marks)]) for at, mark in enumerate(marks)}


def agreement(session: Session, ask: Ask) -> Counts:
    """Meetings that both recorded alike, of meetings that either recorded, in the last thirty days. One query."""
    mine, theirs = aliased(MeetingRecord), aliased(MeetingRecord)
    apart = func.abs(days.seconds_of(col(mine.started_at)) - days.seconds_of(col(theirs.started_at)))
    near = timedelta(days=1)
    start = _starts(ask)[0]
    same = (
        select(col(theirs.pairing_id))
        .where(
            col(theirs.pairing_id) == col(mine.pairing_id),
            col(theirs.side) == Side.MENTEE,
            col(theirs.happened).is_(True),
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
        .where(col(mine.pairing_id).in_(_of_cohort(ask)), col(mine.happened).is_(True), *_within(mine, ask, start))
    )
    total, twice = session.execute(statement).one()
    return {"either": Count(total - twice), "both": Count(twice)}


def channels(session: Session, ask: Ask) -> Counts:
    """Contacts and held meetings that were noted in the last thirty days, by channel (U-C2.4). One query.

    `noted` are all of them, `by_<channel>` those by each, and `elsewhere` those by none of the scheme's own.
    """
    rows = session.execute(union_all(_meetings_by_channel(ask), _contacts_by_channel(ask))).all()
    noted = {channel: sum(row[place] for row in rows) for place, channel in enumerate(Channel)}
    return {
        "noted": Count(sum(noted.values())),
        "elsewhere": Count(sum(count for channel, count in noted.items() if channel not in ask.scheme.channels)),
        **{f"by_{channel}": Count(count) for channel, count in noted.items()},
    }


def _meetings_by_channel(ask: Ask) -> Any:
    return select(*_by_channel(MeetingRecord)).where(
        col(MeetingRecord.pairing_id).in_(_of_cohort(ask)),
        col(MeetingRecord.happened).is_(True),
        *_within(MeetingRecord, ask, _starts(ask)[0]),
    )


def _contacts_by_channel(ask: Ask) -> Any:
    day = col(Contact.contact_on)
    return (
        select(*_by_channel(Contact))
        .join(Pairing, col(Pairing.id) == col(Contact.pairing_id))
        .where(col(Pairing.cohort_id) == ask.cohort.id, day > ask.then.day, day <= ask.now.day, *_known(Contact, ask))
    )


def _by_channel(table: Any) -> list[Any]:
    """A count for each: to group them, the databases would sort all that was noted."""
    return [func.count().filter(col(table.channel) == channel) for channel in Channel]


def _of_cohort(ask: Ask) -> Any:
    """Its pairs. Listed, SQLite takes them in the order of the index that it then looks along."""
    return select(col(Pairing.id)).where(col(Pairing.cohort_id) == ask.cohort.id)


def _starts(ask: Ask) -> tuple[Any, Any]:
    """Where the window begins, and where the one before it does."""
    return ask.then.until, ask.then.until - timedelta(days=TREND_DAYS)


def _within(record: Any, ask: Ask, start: Any) -> tuple[Any, ...]:
    return col(record.started_at) >= start, col(record.started_at) < ask.now.until, *_known(record, ask)


def _known(table: Any, ask: Ask) -> list[Any]:
    return [] if ask.now.known_until is None else [col(table.created_at) < ask.now.known_until]
