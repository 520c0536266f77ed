"""Moments in words, and the way from what a clock on the wall showed to the one moment that is meant.

Everything is kept in UTC. Words are in the reader's zone, with the other person's beside it when two are concerned.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.columns import utc_now
from services import cleaning, zone_names
from services.errors import Invalid


def place_of(zone: str) -> str:
    """The town a zone is called after today: "Europe/London" is London, "Asia/Calcutta" Kolkata. UTC keeps its name."""
    return town_in(zone_names.present(zone))


def town_in(zone: str) -> str:
    """The town in this very name, for what must read the same for ever."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def is_same_place(one: str, other: str) -> bool:
    """Whether two zones are one, under its old name or its present one."""
    return one == other or zone_names.present(one) == zone_names.present(other)


def clocks(*zones: str) -> list[str]:
    """These zones in their order, each place once."""
    found: dict[str, str] = {}
    for zone in zones:
        found.setdefault(zone_names.present(zone), zone)
    return list(found.values())


def known_zone(name: object) -> str | None:
    """What a browser tells of its zone, if it is one that has clocks here: nobody typed it, so nobody is told."""
    try:
        return ZoneInfo(name).key if isinstance(name, str) and name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def local_time(moment: datetime, zone: str) -> datetime:
    """The moment as a clock in this zone shows it."""
    return moment.astimezone(ZoneInfo(zone))


def day_in(moment: datetime, zone: str) -> date:
    """The day that a calendar in this zone shows."""
    return moment.astimezone(ZoneInfo(zone)).date()


def gate_day(moment: datetime | None = None) -> date:
    """The day that gates go by: the last one that is still going on somewhere on Earth.

    People are told a day of their own calendar ("by 28 March", "from 9 December"), and a query asks about thousands of
    them at once. So a day is over when it is over for everybody: nobody is held back sooner than they were told, and
    whoever runs the scheme reads a state that is the one which counts. Twelve hours behind UTC is where days end last.
    """
    return ((moment or utc_now()) - timedelta(hours=12)).astimezone(UTC).date()


def day_in_words(day: date, *, today: date | None = None, weekday: bool = False) -> str:
    """ "2 October", with the year when it is not the year of `today`."""
    words = f"{day.day} {day:%B}"
    if weekday:
        words = f"{day:%A} {words}"
    return f"{words} {day.year}" if today is not None and today.year != day.year else words


def day_there(day: date, zone: str, mine: str | None) -> str:
    """ "Tuesday 24 November 2026", and " in Shanghai" unless the reader is there: elsewhere it may be another day."""
    there = "" if mine and is_same_place(zone, mine) else f" in {place_of(zone)}"
    return f"{day_in_words(day, weekday=True)} {day.year}{there}"


def in_words(moment: datetime, zone: str, *, today: date | None = None) -> str:
    """ "Tuesday 24 November, 19:00 in Shanghai", with the year when it is not the year of `today`."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{day_in_words(local.date(), today=today, weekday=True)}, {_clock(local)}"


def two_zones(moment: datetime, mine: str, theirs: str, *, today: date | None = None) -> str:
    """ "Tuesday 24 November, 19:00 in Shanghai · 11:00 in London": mine first, their day only where it differs.

    Where clocks show the same, the time is said once: "19:00 in London and in Lisbon".
    """
    words = in_words(moment, mine, today=today)
    if is_same_place(mine, theirs):
        return words
    my_day, local = day_in(moment, mine), moment.astimezone(ZoneInfo(theirs))
    if local.replace(tzinfo=None) == moment.astimezone(ZoneInfo(mine)).replace(tzinfo=None):
        return f"{words} and {'UTC' if theirs == 'UTC' else f'in {place_of(theirs)}'}"
    other = _clock(local) if local.date() == my_day else f"{local:%A}, {_clock(local)}"
    return f"{words} · {other}"


def moments_of(day: date, at: time, zone: str) -> tuple[datetime, ...]:
    """The moments (UTC) at which clocks in this zone showed that: one; none when they went forward past it; two when
    they went back over it, in order.
    """
    tz = ZoneInfo(cleaning.time_zone(zone))
    wall = datetime.combine(day, at.replace(tzinfo=None))
    both = (wall.replace(tzinfo=tz, fold=fold).astimezone(UTC) for fold in (0, 1))
    # A time that was skipped comes back from UTC as another one.
    real = {moment for moment in both if moment.astimezone(tz).replace(tzinfo=None, fold=0) == wall}
    return tuple(sorted(real))


def moment_of(day: date, at: time, zone: str, *, second: bool | None = None) -> datetime:
    """The one moment (UTC) that is meant; `second` chooses when the clock showed that time twice.

    Raises Invalid for a time that did not exist, and for one of two without a choice.
    """
    found = moments_of(day, at, zone)
    words = f"{at:%H:%M} on {day_in_words(day)} {day.year} in {place_of(zone)}"
    if not found:
        raise Invalid(
            f"There was no {words}: the clocks went forward past it.", remedy="Enter the time that the clock showed."
        )
    if len(found) == 1:
        return found[0]
    if second is None:
        raise Invalid(f"There were two times {words}: the clocks went back.", remedy="Choose the first or the second.")
    return found[int(second)]


def _clock(local: datetime) -> str:
    zone = str(local.tzinfo)
    return f"{local:%H:%M} UTC" if zone == "UTC" else f"{local:%H:%M} in {place_of(zone)}"
