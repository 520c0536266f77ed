"""A pair's usual hour, such as Tuesdays at 19:00 in Shanghai, and the same hour on the other's clock."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services import cleaning, times
from services.errors import Invalid

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MINUTES_AN_HOUR = 60


@dataclass(frozen=True)
class Usual:
    """A weekday from 0 (Monday) and a time on the wall in `zone`."""

    weekday: int
    at: time
    zone: str

    @property
    def minute(self) -> int:
        """Minutes after midnight."""
        return self.at.hour * MINUTES_AN_HOUR + self.at.minute


def from_minute(weekday: int, minute: int, zone: str) -> Usual:
    """As it is kept."""
    return Usual(weekday, time(*divmod(minute, MINUTES_AN_HOUR)), zone)


def checked(usual: Usual) -> Usual:
    """With a zone that there is. Raises Invalid."""
    if not 0 <= usual.weekday < len(WEEKDAYS):
        raise Invalid("There is no such day of the week.", remedy="Choose one from Monday to Sunday.")
    at = usual.at.replace(second=0, microsecond=0, tzinfo=None)
    return Usual(usual.weekday, at, cleaning.time_zone(usual.zone))


def next_moment(usual: Usual, today: date) -> datetime:
    """The next time that it comes round, `today` included."""
    day = today + timedelta(days=(usual.weekday - today.weekday()) % len(WEEKDAYS))
    return datetime.combine(day, usual.at, ZoneInfo(usual.zone))


def in_words(usual: Usual, mine: str, theirs: str, *, today: date) -> str:
    """ "Tuesdays, 19:00 in Shanghai · 11:00 in London": mine first, by the clocks of the next time that it comes round.

    The other clock is the one that moves in spring and autumn: the hour holds where it was agreed.
    """
    moment = next_moment(usual, today)
    here, there = times.local_time(moment, mine), times.local_time(moment, theirs)
    words = f"{here:%A}s, {here:%H:%M} in {times.place_of(mine)}"
    if times.is_same_place(mine, theirs):
        return words
    if here.replace(tzinfo=None) == there.replace(tzinfo=None):
        return f"{words} and in {times.place_of(theirs)}"
    day = f"{there:%A}s, " if there.weekday() != here.weekday() else ""
    return f"{words} · {day}{there:%H:%M} in {times.place_of(theirs)}"
