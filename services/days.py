"""Days as both databases count them: whole numbers since 1 January 1970, in a scheme's own time zone.

SQLite knows no time zones and the two disagree about date arithmetic, so a moment's day is its seconds, moved by the
zone's offset of that season, divided by a day. Everything after that is subtraction.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, case, cast, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

EPOCH = date(1970, 1, 1)
SECONDS_A_DAY = 86_400


class seconds_of(FunctionElement[int]):  # noqa: N801 - it reads as an SQL function
    """Whole seconds since 1970 of a moment or a date column."""

    type = BigInteger()
    inherit_cache = True


@compiles(seconds_of, "sqlite")
def _seconds_on_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    return f"CAST(strftime('%s', {compiler.process(element.clauses, **how)}) AS INTEGER)"


@compiles(seconds_of, "postgresql")
def _seconds_on_postgresql(element: Any, compiler: Any, **how: Any) -> str:
    # Floor, because a cast would round half a second up into the next day. `date_part` counts in floating point, exact
    # to a microsecond for our centuries, and several times as fast as the decimal numbers of EXTRACT.
    return f"CAST(FLOOR(date_part('epoch', {compiler.process(element.clauses, **how)})) AS BIGINT)"


class date_number(FunctionElement[int]):  # noqa: N801 - it reads as an SQL function
    """The day number of a date column."""

    type = BigInteger()
    inherit_cache = True


@compiles(date_number, "sqlite")
def _date_on_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    # A date begins at midnight, which is half a day in what julianday counts: the difference is whole.
    return f"CAST(julianday({compiler.process(element.clauses, **how)}) - 2440587.5 AS INTEGER)"


@compiles(date_number, "postgresql")
def _date_on_postgresql(element: Any, compiler: Any, **how: Any) -> str:
    return f"CAST(CAST({compiler.process(element.clauses, **how)} AS DATE) - DATE '1970-01-01' AS BIGINT)"


def number_of(day: date) -> int:
    """A day as the number that the queries use."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The day behind a number of `number_of`."""
    return EPOCH + timedelta(days=number)


def moment_number(column: Any, zone: str, near: date) -> Any:
    """An SQL expression: the day number of a moment in this zone, exact for the ten years around `near`."""
    return cast((seconds_of(column) + _offset(column, zone, near)) // SECONDS_A_DAY, BigInteger)


def first_moment_after(day: date, zone: str) -> datetime:
    """When the day is over there (UTC)."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)


def _offset(column: Any, zone: str, near: date) -> Any:
    """The zone's seconds ahead of UTC at each row's own moment."""
    first, changes = _changes(zone, near.year)
    if not changes:
        return literal(first, BigInteger)
    newest_first = [(column >= since, literal(seconds, BigInteger)) for since, seconds in reversed(changes)]
    return case(*newest_first, else_=literal(first, BigInteger))


@lru_cache(maxsize=64)
def _changes(zone: str, year: int) -> tuple[int, tuple[tuple[datetime, int], ...]]:
    """The zone's offset five years before, and the moments at which it changed until five years after."""
    tz, at = ZoneInfo(zone), datetime(year - 5, 1, 1, tzinfo=UTC)
    first = before = _seconds_ahead(tz, at)
    changes = []
    while at.year < year + 6:
        after = _seconds_ahead(tz, at + timedelta(days=1))
        if after != before:
            changes.append((_moment_of_change(tz, at), after))
        before, at = after, at + timedelta(days=1)
    return first, tuple(changes)


def _moment_of_change(tz: ZoneInfo, at: datetime) -> datetime:
    """The minute within a day at which the offset changes."""
    before = _seconds_ahead(tz, at)
    low, high = 0, 24 * 60
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _seconds_ahead(tz, at + timedelta(minutes=middle)) != before else (middle, high)
    return at + timedelta(minutes=high)


def _seconds_ahead(tz: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(tz).utcoffset()
    return round(offset.total_seconds()) if offset else 0
