"""What is known about each pair of a cohort on one day, as a query: first and last sign of life, meetings, rhythm.

Days are numbers of `services.days`, in the scheme's time zone. Figures are sums over these rows and never loops.
A pair may pause only by one of the two pausing. Days that it was paused do not count (services/paused_days.py).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, and_, case, func, literal, null, or_, select, union_all
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.enrolments import Side
from models.meetings import MeetingRecord
from models.pairings import Contact, Pairing, PairingStatus, WaysOfWorking
from models.schemes import Scheme
from services import days
from services.paused_days import paused_between, stands_still_on

CONFIRMED_WITHIN_SECONDS = 30 * 60
IN_RHYTHM, QUIET, SILENT = "in_rhythm", "quiet", "silent"


@dataclass(frozen=True)
class AsOf:
    """The day that figures speak of. What was entered at or after `known_until` (UTC) is left out, if that is set."""

    day: date
    zone: str
    known_until: datetime | None = None

    @property
    def number(self) -> int:
        return days.number_of(self.day)

    @property
    def until(self) -> datetime:
        """The end of the day (UTC)."""
        return days.first_moment_after(self.day, self.zone)

    def day_number(self, column: Any) -> Any:
        """An SQL expression: the day on which a moment fell."""
        return days.moment_number(column, self.zone, self.day)

    def known(self, table: Any) -> Any:
        """An SQL condition: the row was there by then."""
        return col(table.created_at) < (self.known_until or self.until)


def pair_facts(cohort_id: UUID, scheme: Scheme, as_of: AsOf) -> Subquery:
    """One row a pair that was released by then: id, sides, day numbers, days since the last sign, interval, state.

    `state` is NULL when the pair has ended or is paused; `is_latest` is 1 for a mentee's newest pair.
    """
    signs, met, confirmed = _signs(cohort_id, as_of), _met(cohort_id, as_of), _confirmed(cohort_id, as_of)
    newest_first = (col(Pairing.released_at).desc(), col(Pairing.id))
    newest = func.row_number().over(partition_by=col(Pairing.mentee_id), order_by=newest_first)
    return (
        select(
            *_rhythm(signs, scheme, as_of),
            as_of.day_number(Pairing.released_at).label("released"),
            signs.c.first_sign,
            met.c.first_met,
            confirmed.c.first_confirmed,
            flag(newest == 1).label("is_latest"),
        )
        .outerjoin(signs, signs.c.pairing_id == Pairing.id)
        .outerjoin(met, met.c.pairing_id == Pairing.id)
        .outerjoin(confirmed, confirmed.c.pairing_id == Pairing.id)
        .where(col(Pairing.cohort_id) == cohort_id, col(Pairing.released_at) < as_of.until)
        .subquery("pair_facts")
    )


def rhythm_facts(cohort_id: UUID, scheme: Scheme, as_of: AsOf) -> Subquery:
    """The same rows without what concerns meetings, for a screen that asks for the rhythm of now at every look."""
    signs = _signs(cohort_id, as_of)
    return (
        select(*_rhythm(signs, scheme, as_of))
        .outerjoin(signs, signs.c.pairing_id == Pairing.id)
        .where(col(Pairing.cohort_id) == cohort_id, col(Pairing.released_at) < as_of.until)
        .subquery("rhythm_facts")
    )


def _rhythm(signs: Subquery, scheme: Scheme, as_of: AsOf) -> tuple[Any, ...]:
    """The columns that say how a pair keeps to what it agreed."""
    last = func.coalesce(signs.c.last_sign, as_of.day_number(Pairing.released_at))
    since = as_of.number - last - paused_between(col(Pairing.id), last, as_of.number)
    interval = interval_in_force(col(Pairing.id), as_of.number, scheme)
    is_open = open_at(as_of.until)
    return (
        col(Pairing.id),
        col(Pairing.mentor_id),
        col(Pairing.mentee_id),
        since.label("days_since"),
        interval.label("interval"),
        flag(is_open).label("is_open"),
        case((and_(is_open, in_motion(as_of.number)), state_of(since, interval, scheme)), else_=null()).label("state"),
    )


def state_of(days_since: Any, interval: Any, scheme: Scheme) -> Any:
    """An SQL expression: in rhythm, quiet (over 1.5 times what was agreed, or as the scheme has it) or silent."""
    return case(
        (days_since <= interval * scheme.quiet_factor, literal(IN_RHYTHM)),
        (days_since <= interval * scheme.silent_factor, literal(QUIET)),
        else_=literal(SILENT),
    )


def interval_in_force(pairing_id: Any, number: Any, scheme: Scheme) -> Any:
    """An SQL expression: the days between meetings that the two agreed, as in force on that day."""
    agreed = (
        select(col(WaysOfWorking.interval_days))
        .where(col(WaysOfWorking.pairing_id) == pairing_id, days.date_number(WaysOfWorking.in_force_from) <= number)
        .order_by(col(WaysOfWorking.edition).desc())
        .limit(1)
        .correlate_except(WaysOfWorking)
        .scalar_subquery()
    )
    return func.coalesce(agreed, scheme.default_interval_days)


def sign_days(cohort_id: UUID, as_of: AsOf) -> Subquery:
    """Every sign of life of every pair: (pairing_id, day). A contact, or a meeting that either side says was held."""
    contacts = (
        select(col(Contact.pairing_id), days.date_number(Contact.contact_on).label("day"))
        .join(Pairing, col(Pairing.id) == col(Contact.pairing_id))
        .where(col(Pairing.cohort_id) == cohort_id, as_of.known(Contact))
    )
    held = (
        select(col(MeetingRecord.pairing_id), as_of.day_number(MeetingRecord.started_at).label("day"))
        .join(Pairing, col(Pairing.id) == col(MeetingRecord.pairing_id))
        .where(col(Pairing.cohort_id) == cohort_id, col(MeetingRecord.happened), as_of.known(MeetingRecord))
    )
    return union_all(contacts, held).subquery("signs")


def open_at(moment: Any) -> Any:
    """An SQL condition: the pairing had not ended by then."""
    return or_(col(Pairing.ended_at).is_(None), col(Pairing.ended_at) >= moment)


def in_motion(number: Any) -> Any:
    """An SQL condition: the pairing was not paused on that day, so that the day counts."""
    # A pair that was paused before there was a history of it stands still by its status.
    return ~stands_still_on(col(Pairing.id), number, col(Pairing.status) == PairingStatus.PAUSED)


def flag(condition: Any) -> Any:
    """An SQL expression: 1 where the condition holds, else 0, on both databases."""
    return case((condition, 1), else_=0)


def _signs(cohort_id: UUID, as_of: AsOf) -> Subquery:
    every = sign_days(cohort_id, as_of)
    first, last = func.min(every.c.day).label("first_sign"), func.max(every.c.day).label("last_sign")
    by_then = select(every.c.pairing_id, first, last).where(every.c.day <= as_of.number)
    return by_then.group_by(every.c.pairing_id).subquery("first_and_last")


def _met(cohort_id: UUID, as_of: AsOf) -> Subquery:
    """The first reported meeting: held according to at least one record."""
    first = as_of.day_number(func.min(MeetingRecord.started_at)).label("first_met")
    return (
        select(col(MeetingRecord.pairing_id), first)
        .join(Pairing, col(Pairing.id) == col(MeetingRecord.pairing_id))
        .where(col(Pairing.cohort_id) == cohort_id, *_held_by_then(MeetingRecord, as_of))
        .group_by(col(MeetingRecord.pairing_id))
        .subquery("met")
    )


def _confirmed(cohort_id: UUID, as_of: AsOf) -> Subquery:
    """The first confirmed meeting: both say held, and their starts lie within 30 minutes."""
    mine, theirs = aliased(MeetingRecord), aliased(MeetingRecord)
    apart = func.abs(days.seconds_of(col(mine.started_at)) - days.seconds_of(col(theirs.started_at)))
    first = as_of.day_number(func.min(mine.started_at)).label("first_confirmed")
    return (
        select(col(mine.pairing_id), first)
        .join(theirs, col(theirs.pairing_id) == col(mine.pairing_id))
        .join(Pairing, col(Pairing.id) == col(mine.pairing_id))
        .where(
            col(Pairing.cohort_id) == cohort_id,
            col(mine.side) == Side.MENTOR,
            col(theirs.side) == Side.MENTEE,
            apart <= CONFIRMED_WITHIN_SECONDS,
            *_held_by_then(mine, as_of),
            *_held_by_then(theirs, as_of),
        )
        .group_by(col(mine.pairing_id))
        .subquery("confirmed")
    )


def _held_by_then(record: Any, as_of: AsOf) -> tuple[Any, ...]:
    return col(record.happened), col(record.started_at) < as_of.until, as_of.known(record)
