"""What was recorded in the last thirty days, beside the thirty days before: channels, punctuality, both sides' records.

Two records are of one meeting when both say that it was held and they start within 30 minutes, as everywhere.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import case, func, literal_column, select, union_all
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
    """Records and contacts of both windows, by what they say. One query."""
    found: dict[str, list[int]] = {}
    for is_recent, channel, on_time, count in session.execute(union_all(_held(ask), _contacts(ask))):
        for name in _names(ask, channel, on_time):
            found.setdefault(name, [0, 0])[0 if is_recent else 1] += count
    return {name: Count(*pair) for name, pair in found.items()}


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


def _held(ask: Ask) -> Any:
    recent, before = _starts(ask)
    columns = (
        flag(col(MeetingRecord.started_at) >= recent).label("recent"),
        col(MeetingRecord.channel),
        case((col(MeetingRecord.began_on_time).is_(None), -1), else_=flag(col(MeetingRecord.began_on_time))).label(
            "punctual"
        ),
    )
    return (
        select(*columns, func.count())
        .join(Pairing, col(Pairing.id) == col(MeetingRecord.pairing_id))
        .where(
            col(Pairing.cohort_id) == ask.cohort.id,
            col(MeetingRecord.happened),
            *_within(MeetingRecord, ask, before),
        )
        .group_by(*columns)
    )


def _contacts(ask: Ask) -> Any:
    today = ask.now.day
    recent = flag(col(Contact.contact_on) > today - timedelta(days=TREND_DAYS)).label("recent")
    return (
        select(recent, col(Contact.channel), literal_column("-1"), func.count())
        .join(Pairing, col(Pairing.id) == col(Contact.pairing_id))
        .where(
            col(Pairing.cohort_id) == ask.cohort.id,
            col(Contact.contact_on) > today - timedelta(days=2 * TREND_DAYS),
            col(Contact.contact_on) <= today,
            *_known(Contact, ask),
        )
        .group_by(recent, col(Contact.channel))
    )


def _names(ask: Ask, channel: str, on_time: int) -> list[str]:
    """The counts that a record belongs to. `on_time` is 1, 0, or -1 where it does not say."""
    kind = Channel(channel)
    names = ["recorded", f"by_{kind.value}"]
    if kind.value not in ask.scheme.channels:
        names.append("elsewhere")
    if on_time >= 0:
        names += ["told", "on_time" if on_time else "late"]
    return names


def _starts(ask: Ask) -> tuple[Any, Any]:
    """Where the window begins, and where the one before it does."""
    return ask.then.until, ask.then.until - timedelta(days=TREND_DAYS)


def _within(record: Any, ask: Ask, start: Any) -> tuple[Any, ...]:
    return col(record.started_at) >= start, col(record.started_at) < ask.now.until, *_known(record, ask)


def _known(table: Any, ask: Ask) -> list[Any]:
    return [] if ask.now.known_until is None else [col(table.created_at) < ask.now.known_until]
