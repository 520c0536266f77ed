"""How much of a week two people have in common, on real clocks.

A week is 672 quarters of an hour, counted from Monday 00:00 UTC, as the bits of one integer: turning it by a zone's
offset gets half-hour and quarter-hour zones right, and the day before on the far side of the date line.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

QUARTERS_A_DAY = 96
WEEK = 7 * QUARTERS_A_DAY
MINUTES_A_QUARTER = 15
_ALL = (1 << WEEK) - 1

WEEKDAYS, WEEKEND = range(5), range(5, 7)
# What a person may tick in the form (form_kinds.AVAILABILITY), in their own clock: days, first hour, last hour.
WINDOWS: Mapping[str, tuple[range, int, int]] = MappingProxyType(
    {
        "weekday_morning": (WEEKDAYS, 8, 12),
        "weekday_lunch": (WEEKDAYS, 12, 14),
        "weekday_afternoon": (WEEKDAYS, 14, 18),
        "weekday_evening": (WEEKDAYS, 18, 22),
        "weekend_morning": (WEEKEND, 8, 12),
        "weekend_afternoon": (WEEKEND, 12, 18),
        "weekend_evening": (WEEKEND, 18, 22),
    }
)
WAKING = frozenset(WINDOWS)  # 8 in the morning to 10 at night, every day
WAKING_MINUTES = 14 * 60
# Two waking days of 14 hours share at least this much, wherever on earth they are.
LEAST_WAKING_MINUTES = 2 * WAKING_MINUTES - 24 * 60
CLOCKS_APART_DAYS = 91  # clocks change on different days, or not at all


def minutes_a_week(
    one: str | None, when: frozenset[str], other: str | None, other_when: frozenset[str], days: Sequence[date]
) -> int | None:
    """How long both can talk in the worst week of these days; None if a zone is unknown. `when` are of `WINDOWS`."""
    shared = []
    for on in days:
        ours, theirs = offset_minutes(one, on), offset_minutes(other, on)
        if ours is None or theirs is None:
            return None
        shared.append((_in_utc(when, ours) & _in_utc(other_when, theirs)).bit_count() * MINUTES_A_QUARTER)
    return min(shared, default=None)


def days_to_try(today: date, starts_on: date | None, ends_on: date | None) -> tuple[date, ...]:
    """Days that see every state of the clocks between now and the programme's end: once a quarter, a year at most."""
    first = max(today, starts_on) if starts_on else today
    # An ended or endless programme is looked at for a year from its first day.
    last = ends_on if ends_on and ends_on > first else first + timedelta(days=3 * CLOCKS_APART_DAYS)
    quarters = range(0, min(4 * CLOCKS_APART_DAYS, (last - first).days + 1), CLOCKS_APART_DAYS)
    return (*(first + timedelta(days=each) for each in quarters), last)


@lru_cache(maxsize=4096)
def offset_minutes(name: str | None, on: date) -> int | None:
    """Minutes ahead of UTC at noon UTC, or None if no such zone is known."""
    try:
        offset = datetime.combine(on, time(12), UTC).astimezone(ZoneInfo(name or "")).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return None if offset is None else int(offset.total_seconds() // 60)


def known(codes: frozenset[str]) -> frozenset[str]:
    """The codes that say something."""
    return codes & WAKING


@lru_cache(maxsize=4096)
def _in_utc(codes: frozenset[str], ahead_minutes: int) -> int:
    local = 0
    for code in codes:
        days, first, last = WINDOWS[code]
        for day in days:
            local |= ((1 << (last - first) * 4) - 1) << (day * QUARTERS_A_DAY + first * 4)
    turn = (ahead_minutes // MINUTES_A_QUARTER) % WEEK
    return ((local >> turn) | (local << (WEEK - turn))) & _ALL
